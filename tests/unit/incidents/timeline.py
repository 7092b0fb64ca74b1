"""A world of incidents on a fake clock: what a store and a daemon do with the rules, in memory.

`at("09:05")` sets the clock, `sees(…)` takes a look, `acts(…)` presses a button, `waits_until("10:00")` lets time pass
minute by minute. Everything is kept as a log; each step begins from what the log says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from observer.incidents.acting import Act, Action, Answer, act
from observer.incidents.events import IncidentEvent, NoticeKind
from observer.incidents.findings import Answerable, Finding, Grade, Hides, Look, Source
from observer.incidents.incident import Incident, fold
from observer.incidents.policy import Policy
from observer.incidents.stepping import NOTHING_NEW, step
from observer.incidents.telling import Notice

DAY = datetime(2026, 11, 23, tzinfo=UTC)
POLICY = Policy(platform="pat@example.com", default="desk@example.com", default_channel="#crm-dq")
ANA = Answerable(owner="ana@example.com", steward="stu@example.com", contract_owner="rev@example.com")


def clock(text: str) -> datetime:
    """ "09:05" of the first day, "2d 09:05" of the second after it."""
    day, _, hour = text.rpartition(" ")
    hours, minutes = hour.split(":")
    return DAY + timedelta(days=int(day.rstrip("d") or 0), hours=int(hours), minutes=int(minutes))


def broken(name: str = "email", *, rows: int | None = 12, table: str = "leads", **said: object) -> Finding:
    """A field that breaks its rule."""
    base = Finding(
        fingerprint=f"check:crm.{table}.{name}.required",
        source=Source.CHECK,
        grade=Grade.ERROR,
        contract="crm",
        table=table,
        property=name,
        subject=f"crm.{table}.{name}.required",
        statement=f"{name} is present",
        rows_failed=rows,
        rows_tested=100,
        answerable=ANA,
    )
    return replace(base, **said)  # type: ignore[arg-type]  # fields of a finding, by name


def stale(table: str = "leads") -> Finding:
    """A table whose newest row is too old."""
    return broken("fresh", table=table, rows=None, property=None, hides=Hides.FIELDS)


class World:
    """The log, the clock, and what was told."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.now = DAY
        self.log: list[IncidentEvent] = []
        self.notices: list[Notice] = []

    def at(self, text: str) -> World:
        """Sets the clock."""
        self.now = clock(text)
        return self

    @property
    def incidents(self) -> list[Incident]:
        """All of the log, oldest first."""
        logs: dict[str, list[IncidentEvent]] = {}
        for event in self.log:
            logs.setdefault(event.incident, []).append(event)
        return [state for log in logs.values() if (state := fold(log)) is not None]

    @property
    def only(self) -> Incident:
        """The one incident there is."""
        (incident,) = self.incidents
        return incident

    def live(self) -> list[Incident]:
        """Those that a step is given."""
        return [i for i in self.incidents if i.is_live(self.now, self.policy.waits)]

    def takes(self, look: Look) -> list[NoticeKind]:
        """Steps with a look; what was told."""
        result = step(self.live(), look, self.now, self.policy)
        return self._keep(result.events, result.notices)

    def sees(self, *findings: Finding, of: Iterable[Finding] = (), at: datetime | None = None) -> list[NoticeKind]:
        """A look that found these, and could have found all of `of`."""
        covered = frozenset(finding.fingerprint for finding in (*findings, *of))
        return self.takes(Look(at=at or self.now, findings=findings, covered=covered))

    def acts(self, kind: Act, by: str = "ana@example.com", **said: object) -> Answer:
        """Somebody presses a button of the one incident."""
        answer = act(self.only, Action(act=kind, by=by, **said), self.now)  # type: ignore[arg-type]  # by name
        self._keep(answer.events, answer.notices)
        return answer

    def waits_until(self, text: str) -> list[NoticeKind]:
        """Minute by minute; everything that was told on the way."""
        told = []
        while self.now < clock(text):
            self.now += timedelta(minutes=1)
            told += self.takes(NOTHING_NEW)
        return told

    def _keep(self, events: Iterable[IncidentEvent], notices: Iterable[Notice]) -> list[NoticeKind]:
        new = list(notices)
        self.log += events
        self.notices += new
        keys = [event.key for event in self.log]
        assert len(set(keys)) == len(keys), "the store would refuse this"
        return [notice.kind for notice in new]
