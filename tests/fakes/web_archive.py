"""An archive for content pages: answers what a test gave it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from observer.checks.plan import plan_contract
from observer.contracts.model import Contract
from observer.jobs.level_in_full import LevelInFull
from observer.reports.slo_status import Level
from observer.slo.model import Slo
from observer.store import KeptSnapshot
from observer.store.histories import PastRun, Span, TableHistory
from observer.web.archive import WatchedContract


def watched(contract: Contract, next_slot: datetime | None = None) -> WatchedContract:
    """A contract as it is watched."""
    plan = plan_contract(contract)
    return WatchedContract(
        contract=contract, plan=plan, checks=plan.checks, next_slot=next_slot, schedule="every 15 min"
    )


class FakeArchive:
    """An `Archive`."""

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        self.watched = {contract.id: watched(contract) for contract in contracts}
        self.levels_in_full: dict[str, LevelInFull] = {}
        self.oldest: datetime | None = None
        self.runs: tuple[PastRun, ...] = ()
        self.history = TableHistory()
        self.kept: tuple[KeptSnapshot, ...] = ()

    def change(self, contract: str, **fields: object) -> None:
        """Let the contract be like that."""
        self.watched[contract] = replace(self.watched[contract], **fields)  # type: ignore[arg-type]  # a test's own words

    def contracts(self) -> tuple[WatchedContract, ...]:
        return tuple(self.watched[id] for id in sorted(self.watched))

    def contract(self, id: str) -> WatchedContract | None:
        return self.watched.get(id)

    def slos(self) -> tuple[Slo, ...]:
        return tuple(each.level.slo for each in self.levels_in_full.values())

    def levels(self) -> Sequence[Level]:
        return [each.level for each in self.levels_in_full.values()]

    def level(self, name: str) -> LevelInFull | None:
        return self.levels_in_full.get(name)

    def begins(self, contract: str) -> datetime | None:
        return self.oldest

    def past_runs(self, contract: str, span: Span) -> tuple[PastRun, ...]:
        return self.runs

    def past_table(
        self, contract: str, table: str, span: Span, *, checks: Sequence[str], glanced: Sequence[str]
    ) -> TableHistory:
        return self.history

    def kept_snapshots(self) -> tuple[KeptSnapshot, ...]:
        return self.kept
