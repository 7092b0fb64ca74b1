"""What the API answers, as frozen values: their fields are its JSON, their docstrings its OpenAPI.

Times are ISO 8601 in UTC. Null is "not measured" or "not there", never zero; so are the numbers that JSON lacks.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from observer.checks.measure import Outcome
from observer.contracts.model import Dimension, Severity
from observer.runs.readiness import Readiness, Role
from observer.runs.slots import Slot, SlotState, Trigger
from observer.runs.standing import CheckStanding, ContractStanding, Standing, TableStanding
from observer.runs.ticks import Tick


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What went wrong and what to do about it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Health:
    """The process lives."""

    role: Role


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Whether this daemon can do its work now, and if not, why."""

    ready: bool
    role: Role
    reasons: list[str]
    last_beat_seconds: float | None

    @classmethod
    def of(cls, found: Readiness) -> Ready:
        return cls(
            ready=found.ready,
            role=found.role,
            reasons=list(found.reasons),
            last_beat_seconds=found.last_beat_seconds,
        )


@dataclass(frozen=True, kw_only=True)
class ContractAnswer:
    """How a contract stands by its latest full run; `checks` counts that run's checks by outcome."""

    contract: str
    last_run_id: str | None
    last_outcome: Outcome | None
    last_finished_at: datetime | None
    last_success_at: datetime | None
    trust_score: int | None
    rows: int | None
    snapshot_bytes: int | None
    snapshot_seconds: float | None
    missed_slots: int
    due_slots: int
    checks: dict[Outcome, int]

    @classmethod
    def of(cls, found: ContractStanding, checks: Counter[Outcome]) -> ContractAnswer:
        return cls(**fields_of(found), checks={outcome: checks[outcome] for outcome in Outcome})


@dataclass(frozen=True, kw_only=True)
class CheckAnswer:
    """The latest result of a check."""

    check_id: str
    object: str
    property: str | None
    dimension: Dimension
    severity: Severity
    owner: str | None
    outcome: Outcome
    rows_tested: int | None
    rows_failed: int | None
    value: float | None
    at: datetime

    @classmethod
    def of(cls, found: CheckStanding) -> CheckAnswer:
        return cls(**fields_of(found, "contract"))


@dataclass(frozen=True, kw_only=True)
class TableAnswer:
    """The latest of a table; `freshness_seconds` is the age of its newest row at `at`, in open time."""

    object: str
    rows: int | None
    freshness_seconds: float | None
    at: datetime | None

    @classmethod
    def of(cls, found: TableStanding) -> TableAnswer:
        return cls(**fields_of(found, "contract"))


@dataclass(frozen=True, kw_only=True)
class ContractInFull:
    """A contract with its tables and checks."""

    contract: ContractAnswer
    tables: list[TableAnswer]
    checks: list[CheckAnswer]


def contracts_of(ids: tuple[str, ...], standing: Standing) -> list[ContractAnswer]:
    """These contracts, in this order; one that never ran has nothing to tell yet."""
    known = {contract.contract: contract for contract in standing.contracts}
    counts: dict[str, Counter[Outcome]] = {}
    for check in standing.checks:
        counts.setdefault(check.contract, Counter())[check.outcome] += 1
    return [
        ContractAnswer.of(known.get(name) or ContractStanding(contract=name), counts.get(name, Counter()))
        for name in ids
    ]


def contract_in_full(name: str, standing: Standing) -> ContractInFull:
    """One contract with everything that is known of it."""
    return ContractInFull(
        contract=contracts_of((name,), standing)[0],
        tables=[TableAnswer.of(table) for table in standing.tables if table.contract == name],
        checks=[CheckAnswer.of(check) for check in standing.checks if check.contract == name],
    )


@dataclass(frozen=True, kw_only=True)
class SlotAnswer:
    """One due time of a contract."""

    contract: str
    scheduled_for: datetime
    trigger: Trigger
    state: SlotState
    due_at: datetime
    attempt: int
    run_id: str | None
    started_at: datetime | None
    finished_at: datetime | None
    reason: str | None

    @classmethod
    def of(cls, found: Slot) -> SlotAnswer:
        return cls(**{field.name: getattr(found, field.name) for field in dataclasses.fields(cls)})


@dataclass(frozen=True, kw_only=True)
class TickAnswer:
    """What the latest glance at a table showed for one check."""

    check_id: str
    contract: str
    object: str
    at: datetime
    outcome: Outcome
    value: float | None
    observed: str
    expected: str
    error: str | None

    @classmethod
    def of(cls, found: Tick) -> TickAnswer:
        return cls(**fields_of(found))


def fields_of(found: Any, *without: str) -> dict[str, Any]:
    """The fields of a value that an answer shows under the same names."""
    return {field.name: getattr(found, field.name) for field in dataclasses.fields(found) if field.name not in without}
