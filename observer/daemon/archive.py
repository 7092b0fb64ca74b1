"""What pages ask beside how things stand now, answered from the state and from what the daemon watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from observer.checks.words import duration_text
from observer.contracts.schedules import Schedule
from observer.daemon.watching import Watch, Watched
from observer.slo.model import Slo
from observer.store import KeptSnapshot, Store
from observer.store.histories import PastRun, Span, TableHistory
from observer.web.archive import WatchedContract

if TYPE_CHECKING:
    from observer.jobs.level_in_full import LevelInFull
    from observer.reports.slo_status import Level
    from observer.settings import ScheduleSettings


class DaemonArchive:
    """A `web.archive.Archive` over the daemon's own parts."""

    def __init__(self, store: Store, current: Callable[[], Watch]) -> None:
        self._store = store
        self._current = current

    def contracts(self) -> tuple[WatchedContract, ...]:
        watch, now = self._current(), datetime.now(UTC)
        return tuple(_shown(watch.contracts[id], watch, now) for id in sorted(watch.contracts))

    def contract(self, id: str) -> WatchedContract | None:
        watch = self._current()
        found = watch.contracts.get(id)
        return None if found is None else _shown(found, watch, datetime.now(UTC))

    def slos(self) -> tuple[Slo, ...]:
        return self._current().slos

    def levels(self) -> Sequence[Level]:
        from observer.jobs.level_in_full import levels_by_day

        return levels_by_day(self._store, self._current().slos, at=datetime.now(UTC))

    def level(self, name: str) -> LevelInFull | None:
        from observer.jobs.level_in_full import level_in_full

        watch = self._current()
        slo = next((slo for slo in watch.slos if slo.name == name), None)
        if slo is None:
            return None
        plans = {id: watched.plan for id, watched in watch.contracts.items()}
        return level_in_full(self._store, slo, plans, at=datetime.now(UTC))

    def begins(self, contract: str) -> datetime | None:
        return self._store.histories.begins(contract)

    def past_runs(self, contract: str, span: Span) -> tuple[PastRun, ...]:
        return self._store.histories.runs(contract, span)

    def past_table(
        self, contract: str, table: str, span: Span, *, checks: Sequence[str], glanced: Sequence[str]
    ) -> TableHistory:
        return self._store.histories.table(contract, table, span, checks=checks, glanced=glanced)

    def kept_snapshots(self) -> tuple[KeptSnapshot, ...]:
        return self._store.kept_snapshots()


def _shown(watched: Watched, watch: Watch, now: datetime) -> WatchedContract:
    return WatchedContract(
        contract=watched.contract,
        plan=watched.plan,
        checks=watched.checks,
        next_slot=watched.next_after(now),
        schedule=_in_words(watched.contract.schedule, watch.settings.schedule),
    )


def _in_words(own: Schedule, default: ScheduleSettings) -> str:
    """ "every 15 min", "at `0 6 * * *` (Europe/Berlin)"."""
    if own.crons:
        return f"at {' and '.join(f'`{cron}`' for cron in own.crons)} ({own.zone})"
    return f"every {duration_text(default.every if own.every is None else own.every)}"
