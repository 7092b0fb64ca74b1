"""What a Prometheus answers to the queries of a panel. In: its address, and what is picked. Out: series and numbers."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series that a query gave."""

    #: The query, as Grafana names it.
    ref: str
    labels: Mapping[str, str]
    called: str
    #: (Unix time, number) pairs; one for what is asked as of now.
    points: Sequence[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Asks as Grafana would at that moment, with that time range and these variables."""

    url: str
    picked: Mapping[str, str]
    now: datetime
    span: timedelta

    def panel(self, panel: Mapping[str, Any], *, points: int = 700) -> list[Series]:
        """Every series of every query of the panel."""
        return [series for target in panel.get("targets", ()) for series in self._target(target, points)]

    def _target(self, target: Mapping[str, Any], points: int) -> Iterator[Series]:
        picked = {"__rate_interval": "1m", **self.picked}
        expr = re.sub(r"\$(\w+)", lambda name: picked[name[1]], target["expr"])
        end = self.now.timestamp()
        if target.get("instant"):
            found = self._ask("query", query=expr, time=end)
        else:
            span = self.span.total_seconds()
            step = max(1.0, span / points)
            found = self._ask("query_range", query=expr, start=end - span, end=end, step=step)
        for series in found:
            labels = {name: value for name, value in series["metric"].items() if name != "__name__"}
            called = _called(target.get("legendFormat", ""), labels)
            values = series["values"] if "values" in series else [series["value"]]
            numbers = [(float(at), float(text)) for at, text in values]
            yield Series(ref=target["refId"], labels=labels, called=called, points=numbers)

    def _ask(self, path: str, **parameters: object) -> Sequence[Mapping[str, Any]]:
        asked = urllib.parse.urlencode(parameters)
        with closing(urllib.request.urlopen(f"{self.url}/api/v1/{path}?{asked}", timeout=60)) as answer:  # noqa: S310 - http, on this machine
            found: Sequence[Mapping[str, Any]] = json.load(answer)["data"]["result"]
        return found


def _called(legend: str, labels: Mapping[str, str]) -> str:
    """`{{label}}` stands for its value."""
    return re.sub(r"\{\{(\w+)\}\}", lambda label: labels.get(label[1], ""), legend)
