"""What pages ask beside how things stand now: contracts with their plans, service levels in full, how things went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from observer.checks.spec import CheckSpec, ContractPlan
from observer.contracts.model import Contract
from observer.slo.model import Slo
from observer.store import KeptSnapshot
from observer.store.histories import PastRun, Span, TableHistory

if TYPE_CHECKING:
    # Only where a level is shown: what draws tables on consoles comes with it.
    from observer.jobs.level_in_full import LevelInFull
    from observer.reports.slo_status import Level


@dataclass(frozen=True, kw_only=True)
class WatchedContract:
    """A contract as it is watched now."""

    contract: Contract
    plan: ContractPlan
    #: Every check of a full run, those of what changed among them.
    checks: tuple[CheckSpec, ...]
    #: When it is due next; aware, UTC. None: never.
    next_slot: datetime | None = None
    #: When it is due, in words: "every 15 min".
    schedule: str = ""


class Archive(Protocol):
    """Every answer but the first three may raise StoreError. None holds a value of a restricted column."""

    def contracts(self) -> tuple[WatchedContract, ...]:
        """By id. From memory."""

    def contract(self, id: str) -> WatchedContract | None:
        """None: no such contract is watched. From memory."""

    def slos(self) -> tuple[Slo, ...]:
        """From memory."""

    def levels(self) -> Sequence[Level]:
        """Every service level with the last days of its window."""

    def level(self, name: str) -> LevelInFull | None:
        """None: there is no such level."""

    def begins(self, contract: str) -> datetime | None:
        """When the oldest run that is remembered was due."""

    def past_runs(self, contract: str, span: Span) -> tuple[PastRun, ...]:
        """Of each stretch the last run, oldest first."""

    def past_table(
        self, contract: str, table: str, span: Span, *, checks: Sequence[str], glanced: Sequence[str]
    ) -> TableHistory:
        """The course of a table in those runs, and of `glanced` the last glance of each stretch."""

    def kept_snapshots(self) -> tuple[KeptSnapshot, ...]:
        """Of every contract, newest first."""
