"""The whole of one run, as reports, store and (later) alerts read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from observer.checks.measure import CheckResult, Evidence, FieldProfile, Outcome, TableShape
from observer.contracts.model import Contract


@dataclass(frozen=True, kw_only=True)
class TableCopy:
    """A table as it was copied: every row, soft-deleted ones too."""

    #: Id of the contract that the table belongs to.
    contract: str
    object: str
    rows: int
    #: On disk.
    bytes: int


@dataclass(frozen=True, kw_only=True)
class SnapshotTaken:
    """The copy that a run was made on."""

    #: By the clock of the machine that took it; aware, UTC.
    taken_at: datetime
    source_time: datetime
    #: On disk, before it was removed.
    bytes: int
    #: From the first row read to the last.
    seconds: float = 0.0
    #: Where a tokenised copy is kept; None when none is.
    folder: str | None = None
    #: Why the copy that was asked for is not kept.
    not_kept: str | None = None
    #: Of every table that could be read, in the order of the plan.
    tables: tuple[TableCopy, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ContractAudit:
    """One contract's part of a run."""

    contract: Contract
    #: In the order of the contract.
    tables: tuple[TableShape, ...]
    #: In the order of the plan.
    results: tuple[CheckResult, ...]
    #: Keyed by check id; only for checks that did not pass.
    evidence: tuple[Evidence, ...] = ()
    profiles: tuple[FieldProfile, ...] = ()
    #: False when the source could not give one instant for all tables (files, MySQL without a snapshot).
    one_instant: bool = True
    execution: str = "snapshot"
    #: None when the suites ran in the source.
    snapshot: SnapshotTaken | None = None

    def evidence_for(self, check_id: str) -> Evidence | None:
        return next((e for e in self.evidence if e.check_id == check_id), None)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What `observer audit` found."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    #: The source as it may be shown: without password.
    source: str
    contracts: tuple[ContractAudit, ...]
    version: str

    @property
    def results(self) -> tuple[CheckResult, ...]:
        return tuple(r for c in self.contracts for r in c.results)

    @property
    def rows(self) -> int:
        """Rows of all contracted tables, each counted once per contract."""
        return sum(t.rows or 0 for c in self.contracts for t in c.tables)

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds()


def count_outcomes(results: Iterable[CheckResult]) -> dict[Outcome, int]:
    """How many results there are of each outcome; every outcome is present."""
    counts = dict.fromkeys(Outcome, 0)
    for result in results:
        counts[result.outcome] += 1
    return counts


#: Worst first: a failed check outranks an errored one, an errored one a warning.
_WORST_FIRST = (Outcome.FAILED, Outcome.ERRORED, Outcome.WARNED, Outcome.PASSED, Outcome.SKIPPED)


def run_outcome(results: Sequence[CheckResult], *, error: str | None) -> Outcome:
    """The worst outcome of a run. A run that looked at nothing, or broke off, is never green."""
    counts = count_outcomes(results)
    worst = next((outcome for outcome in _WORST_FIRST if counts[outcome]), Outcome.ERRORED)
    if error is not None and worst is not Outcome.FAILED:
        return Outcome.ERRORED
    return worst
