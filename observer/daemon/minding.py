"""Incidents by the clock. In: looks that wait in the state, doors that do not work, time that passes. Out: incidents
that moved on, and what is told of them in the outbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from observer.daemon.troubles import Troubles
from observer.daemon.watching import Watch
from observer.incidents.events import EventKind, IncidentEvent
from observer.incidents.policy import Policy
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.jobs.looked_for import LookedFor, looked_for
from observer.jobs.looks import look_of_doors
from observer.jobs.receivers import LINEAGE, deliveries_to, receivers_of
from observer.jobs.response_levels import ResponseLevels
from observer.runs.leading import Term
from observer.store import Store

#: A door that does not work for less is nobody's business: receivers are tried again after seconds.
_LASTING_SECONDS = 30.0
#: How often promises about incidents are held against them.
_PROMISES_EVERY = timedelta(minutes=1)
#: Events that a line of the log tells of; people and messages have pages and metrics of their own.
_LOGGED = {
    EventKind.OPENED: "incident_opened",
    EventKind.REOPENED: "incident_reopened",
    EventKind.RESOLVED: "incident_resolved",
}

log = structlog.get_logger("observer")


class Minding:
    """Moves incidents on. For one thread at a time."""

    def __init__(
        self,
        store: Store,
        current: Callable[[], Watch],
        policy: Callable[[], Policy],
        troubles: Troubles,
        looks: LooksHandedOver,
        opened: Callable[[str], None] = lambda contract: None,
        *,
        tells_of_runs: bool = False,
    ) -> None:
        """`opened` hears of every incident that is opened, by its contract. `tells_of_runs`: lineage is configured."""
        self._store = store
        self._current = current
        self._policy = policy
        self._troubles = troubles
        self._looks = looks
        self._opened = opened
        self._of_runs = (LINEAGE,) if tells_of_runs else ()
        self._promises = ResponseLevels(store)
        #: When promises were last held against incidents.
        self._promises_at: datetime | None = None
        self._looked_for: tuple[Watch, LookedFor] | None = None

    def mind(self, term: Term) -> None:
        """Take in what was seen since the last time, and tell what is due. Raises StoreError, NotLeading."""
        watch = self._current()
        looked_for_now = self._what_is_looked_for(watch)
        troubles = self._troubles.doors(lasting=_LASTING_SECONDS)
        doors = {door: reason for door, reason in troubles.items() if looked_for_now.tells_of(door)}
        self._hold_promises(watch, term)
        self._looks.hand_over("doors", look_of_doors(doors, watch.contracts, at=datetime.now(UTC)), term)
        moved = self._store.incidents.advance(
            self._policy(),
            deliveries_to(receivers_of(watch.settings)),
            withdrawn=looked_for_now.withdrawn,
            term=term,
        )
        for event in moved.events:
            _log(event)
            if event.kind is EventKind.OPENED and event.group is not None:
                self._opened(event.group.contract)
        if moved.too_old:
            log.warning("looks_passed_over", count=moved.too_old, reason="they waited too long")
        if moved.set_aside:
            log.error("looks_set_aside", count=moved.set_aside, reason="they could not be taken; please report it")

    def _hold_promises(self, watch: Watch, term: Term) -> None:
        """What contracts promise of incidents, against those that are open."""
        now = datetime.now(UTC)
        # A clock that was set back makes nobody wait.
        if self._promises_at is not None and timedelta() <= now - self._promises_at < _PROMISES_EVERY:
            return
        self._promises_at = now
        contracts = [watched.contract for watched in watch.contracts.values()]
        for name, look in self._promises.looks(contracts, at=now):
            self._looks.hand_over(name, look, term)

    def _what_is_looked_for(self, watch: Watch) -> LookedFor:
        if self._looked_for is None or self._looked_for[0] is not watch:
            contracts = {name: watched.contract for name, watched in watch.contracts.items()}
            checks = [spec for watched in watch.contracts.values() for spec in watched.checks]
            receivers = (*receivers_of(watch.settings), *self._of_runs)
            policy = self._policy()
            channels = {*policy.channels.values(), policy.default_channel or "", policy.platform_channel or ""}
            self._looked_for = watch, looked_for(contracts, checks, watch.slos, receivers, channels)
        return self._looked_for[1]


def _log(event: IncidentEvent) -> None:
    name = _LOGGED.get(event.kind)
    if name is None:
        return
    said: dict[str, object] = {"incident": event.incident}
    if event.group is not None:
        said |= {"contract": event.group.contract, "table": event.group.table}
    if event.resolution is not None:
        said["resolution"] = event.resolution.value
    else:
        said["findings"] = len(event.found) + len(event.again)
    log.info(name, **said)
