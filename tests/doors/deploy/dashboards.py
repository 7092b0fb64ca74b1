"""The dashboards of deploy/grafana, read as Grafana would: panels, queries, and what their variables stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser

from tests.doors.deploy.files import DEPLOY

FOLDER = DEPLOY / "grafana" / "dashboards"
#: Grafana's own: as long as four scrapes.
BUILT_IN = {"__rate_interval": "1m"}


@dataclass(frozen=True, kw_only=True)
class Query:
    """What a panel, or a variable, asks Prometheus."""

    dashboard: str
    #: Title of the panel, or `$name` of the variable.
    asker: str
    ref: str
    expr: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.asker} [{self.ref}]"


@cache
def dashboard(name: str) -> dict[str, Any]:
    """By the name of its file without `.json`; read once, so not to be changed."""
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read


def names() -> list[str]:
    """Every dashboard that is committed."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def panels(name: str) -> list[dict[str, Any]]:
    """Rows and panels."""
    found: list[dict[str, Any]] = dashboard(name)["panels"]
    return found


def queries(name: str) -> Iterator[Query]:
    """Of its panels, in order."""
    for panel in panels(name):
        for target in panel.get("targets", ()):
            yield Query(
                dashboard=name,
                asker=panel["title"],
                ref=target["refId"],
                expr=target["expr"],
                instant=target.get("instant", False),
            )


def variables(name: str) -> list[dict[str, Any]]:
    """In their order; each asks with those before it."""
    found: list[dict[str, Any]] = dashboard(name)["templating"]["list"]
    return found


def asked_values(query: str) -> tuple[str, str]:
    """The selector and the label of `label_values(selector, label)`."""
    read = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    assert read is not None, query
    return read[1], read[2]


def substituted(expr: str, picked: Mapping[str, str]) -> str:
    """As Grafana sends it; every variable has to be known."""
    known = {**BUILT_IN, **picked}
    return re.sub(r"\$(\w+)", lambda name: known[name[1]], expr)


def selectors(expr: str) -> Iterator[promql_parser.VectorSelector]:
    """Every `name{…}` in the expression. Raises ValueError when it is not PromQL."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expr), visit)
    yield from found


def texts(panel: Mapping[str, Any]) -> list[str]:
    """Every text of a value mapping in the panel, of all fields and of single ones."""
    fields = panel["fieldConfig"]
    mappings = [*fields["defaults"].get("mappings", ())]
    for override in fields["overrides"]:
        mappings += [m for p in override["properties"] if p["id"] == "mappings" for m in p["value"]]
    found: list[str] = []
    for mapping in mappings:
        results = [mapping["options"]["result"]] if "result" in mapping["options"] else mapping["options"].values()
        found += [result["text"] for result in results]
    return found


def schema_file() -> Path:
    """The JSON Schema of Grafana's dashboards; it is not part of the project."""
    return DEPLOY.parents[1] / "shared" / "spec" / "grafana" / "dashboard-11.6.jsonschema.json"
