"""The queries of the dashboards, asked of a Prometheus as Grafana would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.doors.deploy.dashboards import asked_values, names, queries, substituted, variables
from tests.real_prometheus import Prometheus

_NO_TIME = "no incident of the contract has this time yet"
#: (dashboard, panel with the letter of its query) → why no number may rightly stand there.
MAY_BE_EMPTY = {("slo-overview", f"Incidents by contract [{ref}]"): _NO_TIME for ref in "DEFGH"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a panel or a variable sends, with the variables put in."""

    dashboard: str
    #: Title of a panel with the letter of its query, or name of a variable.
    asker: str
    sent: str
    #: As of now; else over time.
    instant: bool = True
    #: Of a variable: the label whose values are asked for, and one that has to be there.
    label: str | None = None
    wanted: str = ""

    def is_answered(self, stored: Prometheus, *, since: float) -> bool:
        """By at least one finite number, or by the wanted value."""
        if self.label is None:
            return bool(stored.numbers(self.sent, since=None if self.instant else since))
        return self.wanted in stored.ask(f"label/{self.label}/values", **{"match[]": self.sent})

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.asker}\n    {self.sent}"


def everything(picked: Mapping[str, str]) -> Iterator[Asked]:
    """Of every dashboard, each question once. What is picked as `.*` may have any value."""
    sent: set[tuple[str, bool]] = set()
    for name in names():
        for query in queries(name):
            asked = Asked(
                dashboard=name,
                asker=f"{query.asker} [{query.ref}]",
                sent=substituted(query.expr, picked),
                instant=query.instant,
            )
            if (asked.sent, asked.instant) not in sent and (name, asked.asker) not in MAY_BE_EMPTY:
                sent.add((asked.sent, asked.instant))
                yield asked
        for variable in variables(name):
            if variable["type"] == "query" and picked[variable["name"]] != ".*":
                selector, label = asked_values(variable["query"])
                yield Asked(
                    dashboard=name,
                    asker=f"${variable['name']}",
                    sent=substituted(selector, picked),
                    label=label,
                    wanted=picked[variable["name"]],
                )


def unanswered(stored: Prometheus, asked: Sequence[Asked], *, since: float) -> list[Asked]:
    """Those of them without an answer. `since`: how far those over time look back (Unix time)."""
    return [each for each in asked if not each.is_answered(stored, since=since)]
