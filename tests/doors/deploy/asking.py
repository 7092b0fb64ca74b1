"""The queries of the dashboards, asked of a Prometheus as Grafana would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.doors.deploy.dashboards import Query, asked_values, names, queries, substituted, variables
from tests.real_prometheus import Prometheus

#: (dashboard, panel, query) → why it may rightly have no number.
MAY_BE_EMPTY: dict[tuple[str, str, str], str] = {}


@dataclass(frozen=True)
class Unanswered:
    """A query without any number."""

    query: Query
    sent: str

    def __str__(self) -> str:
        return f"{self.query}\n    {self.sent}"


def unanswered(stored: Prometheus, picked: Mapping[str, str], *, since: float) -> list[Unanswered]:
    """Queries of panels and variables that give no finite number, or no value, and should."""
    return [*_panels(stored, picked, since), *_variables(stored, picked)]


def _panels(stored: Prometheus, picked: Mapping[str, str], since: float) -> Iterator[Unanswered]:
    for name in names():
        for query in queries(name):
            if (name, query.asker, query.ref) in MAY_BE_EMPTY:
                continue
            sent = substituted(query.expr, picked)
            if not stored.numbers(sent, since=None if query.instant else since):
                yield Unanswered(query, sent)


def _variables(stored: Prometheus, picked: Mapping[str, str]) -> Iterator[Unanswered]:
    for name in names():
        for variable in variables(name):
            if variable["type"] != "query":
                continue
            selector, label = asked_values(variable["query"])
            sent = substituted(selector, picked)
            values = stored.ask(f"label/{label}/values", **{"match[]": sent})
            if picked[variable["name"]] not in [*values, ".*"]:
                asked = Query(dashboard=name, asker=f"${variable['name']}", ref=label, expr=sent, instant=True)
                yield Unanswered(asked, f"{sent}: {values}")
