"""What a living demo tells of its incidents. In: the state. Out: who was told what, who acted, and what is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from observer.checks.words import duration_text
from observer.incidents.events import EventKind, IncidentEvent, NoticeKind
from observer.incidents.findings import Finding
from observer.incidents.incident import Incident, fold
from observer.incidents.words import place_text
from observer.store import Store

_ACTS = {
    EventKind.ACKNOWLEDGED: "acknowledged it",
    EventKind.SNOOZED: "snoozed it",
    EventKind.WOKEN: "ended the snooze",
    EventKind.SAID_FIXED: "says that it is fixed",
    EventKind.JUDGED: "says that it is no fault",
}


@dataclass(frozen=True, kw_only=True)
class IncidentNews:
    """One thing that happened to an incident."""

    at: datetime
    #: "told", "acted", "resolved".
    what: str
    text: str


class LiveIncidents:
    """Watches incidents come and go. For one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        #: Incident → the last event of it that was told of.
        self._heard: dict[str, int] = {}

    def news(self) -> Iterator[IncidentNews]:
        """What happened since the last call, by incident. Raises StoreError."""
        for incident in self._store.incidents.live():
            heard = self._heard.get(incident.id, 0)
            if incident.seq == heard:
                continue
            log = self._store.incidents.log(incident.id)
            for event in log:
                if event.seq > heard:
                    state = fold(each for each in log if each.seq <= event.seq)
                    assert state is not None, "a log begins with an opening"
                    yield from _news(event, state)
            self._heard[incident.id] = log[-1].seq


def _news(event: IncidentEvent, state: Incident) -> Iterator[IncidentNews]:
    place = place_text(state.group)
    told = event.told
    if told is not None and told.kind.calls:
        whom = f"{told.to or 'nobody by name'}{f' in {told.channel}' if told.channel else ''}"
        again = "" if told.kind is NoticeKind.OPENED else f", {told.kind}"
        yield IncidentNews(at=event.at, what="told", text=f"{whom}{again}: {place}: {_broken(state)} [{state.id}]")
    elif event.kind in _ACTS:
        yield IncidentNews(at=event.at, what="acted", text=f"{event.actor} {_ACTS[event.kind]}: {place} [{state.id}]")
    elif event.kind is EventKind.RESOLVED and state.first_told_at is not None:
        lasted = duration_text(event.at - state.begins)
        yield IncidentNews(
            at=event.at, what="resolved", text=f"{place}: {event.resolution} after {lasted} [{state.id}]"
        )


def _broken(state: Incident) -> str:
    found = [held.finding for held in state.held.values() if held.ended is None]
    gravest = max(found, key=lambda finding: (finding.grade.weight, finding.rows_failed or 0), default=None)
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return "" if gravest is None else f"{gravest.statement}{_counts(gravest)}{more}"


def _counts(finding: Finding) -> str:
    if finding.rows_failed is None or not finding.rows_tested:
        return ""
    return f" ({finding.rows_failed:,} of {finding.rows_tested:,})"
