"""What the API answers, as frozen values: their fields are its JSON, their docstrings its OpenAPI.

Times are ISO 8601 in UTC. Null is "not measured" or "not there", never zero; so are the numbers that JSON lacks.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from observer.checks.measure import Outcome
from observer.contracts.model import Dimension, Scalar, Severity
from observer.runs.readiness import Readiness, Role
from observer.runs.slots import Slot, SlotState, Trigger
from observer.runs.standing import CheckStanding, ContractStanding, Standing, TableStanding
from observer.runs.ticks import Tick
from observer.store import ContractVersion, RecordedCheck, RecordedRun, RunRow, SnapshotRecord

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Answer = TypeVar("_Answer", bound="DataclassInstance")


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
        return cls(**_fields(found), checks={outcome: checks[outcome] for outcome in Outcome})


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
        return cls(**_fields(found, "contract"))


@dataclass(frozen=True, kw_only=True)
class TableAnswer:
    """The latest of a table; `freshness_seconds` is the age of its newest row at `at`, in open time."""

    object: str
    rows: int | None
    freshness_seconds: float | None
    at: datetime | None

    @classmethod
    def of(cls, found: TableStanding) -> TableAnswer:
        return cls(**_fields(found, "contract"))


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
        return cls(**_fields(found))


@dataclass(frozen=True, kw_only=True)
class RunAnswer:
    """One run, with how many checks came out how."""

    id: str
    kind: str
    contracts: tuple[str, ...]
    source: str
    started_at: datetime
    finished_at: datetime
    seconds: float
    outcome: Outcome
    checks: int
    passed: int
    warned: int
    failed: int
    errored: int
    skipped: int
    rows: int
    trust_score: int | None
    execution: str
    version: str
    error: str | None

    @classmethod
    def of(cls, found: RunRow) -> RunAnswer:
        return cls(**{field.name: getattr(found, field.name) for field in dataclasses.fields(cls)})


@dataclass(frozen=True, kw_only=True)
class VersionAnswer:
    """The wording of a contract that a run used."""

    contract: str
    version: str
    digest: str
    file: str
    first_seen: datetime

    @classmethod
    def of(cls, found: ContractVersion) -> VersionAnswer:
        return cls(**_fields(found))


@dataclass(frozen=True, kw_only=True)
class SnapshotAnswer:
    """The snapshot that a run was made on."""

    contract: str
    taken_at: datetime
    source_time: datetime | None
    rows: int
    bytes: int
    seconds: float | None
    one_instant: bool
    #: Whether a copy, values of restricted columns as tokens, was kept.
    kept: bool

    @classmethod
    def of(cls, found: SnapshotRecord) -> SnapshotAnswer:
        return cls(
            contract=found.contract,
            taken_at=found.taken_at,
            source_time=found.source_time,
            rows=found.rows,
            bytes=found.bytes,
            seconds=found.seconds,
            one_instant=found.one_instant,
            kept=found.folder is not None,
        )


@dataclass(frozen=True, kw_only=True)
class OffenderAnswer:
    """A value that breaks a rule, with how often it occurs."""

    value: Scalar
    rows: int
    suggestion: str | None = None


@dataclass(frozen=True, kw_only=True)
class SegmentAnswer:
    """A part of the rows that explains failures."""

    column: str
    value: Scalar
    rows_tested: int
    rows_failed: int
    share: float | str
    lift: float | str


@dataclass(frozen=True, kw_only=True)
class MonthAnswer:
    """Rows tested and failed among those created in one month."""

    month: str
    rows_tested: int
    rows_failed: int


@dataclass(frozen=True, kw_only=True)
class EvidenceAnswer:
    """Why a check did not pass and which rows; holds no value of a restricted column."""

    key_columns: list[str] = dataclasses.field(default_factory=list)
    keys: list[list[Scalar]] = dataclasses.field(default_factory=list)
    urls: list[str] = dataclasses.field(default_factory=list)
    offenders: list[OffenderAnswer] = dataclasses.field(default_factory=list)
    offenders_total: int | None = None
    segments: list[SegmentAnswer] = dataclasses.field(default_factory=list)
    months: list[MonthAnswer] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ResultAnswer:
    """A check result as it was on the day of the run."""

    check_id: str
    contract: str
    object: str
    property: str | None
    rule: str
    statement: str
    dimension: Dimension
    severity: Severity
    outcome: Outcome
    rows_tested: int | None
    rows_failed: int | None
    value: float | None
    seen: str | None
    observed: str
    expected: str
    owner: str | None
    error: str | None
    evidence: EvidenceAnswer | None

    @classmethod
    def of(cls, found: RecordedCheck) -> ResultAnswer:
        return cls(**_fields(found, "evidence"), evidence=_evidence(found.evidence))


@dataclass(frozen=True, kw_only=True)
class RunInFull:
    """A run with everything that was kept of it."""

    run: RunAnswer
    contracts: list[VersionAnswer]
    snapshots: list[SnapshotAnswer]
    results: list[ResultAnswer]

    @classmethod
    def of(cls, found: RecordedRun) -> RunInFull:
        return cls(
            run=RunAnswer.of(found.run),
            contracts=[VersionAnswer.of(version) for version in found.contracts],
            snapshots=[SnapshotAnswer.of(snapshot) for snapshot in found.snapshots],
            results=[ResultAnswer.of(result) for result in found.results],
        )


def _fields(found: Any, *without: str) -> dict[str, Any]:
    """The fields of a value that an answer shows under the same names."""
    return {field.name: getattr(found, field.name) for field in dataclasses.fields(found) if field.name not in without}


def _evidence(document: Mapping[str, Any] | None) -> EvidenceAnswer | None:
    if document is None:
        return None
    parts = {
        "offenders": [_built(OffenderAnswer, part) for part in document.get("offenders", ())],
        "segments": [_built(SegmentAnswer, part) for part in document.get("segments", ())],
        "months": [_built(MonthAnswer, part) for part in document.get("months", ())],
    }
    return _built(EvidenceAnswer, {**document, **parts})


def _built(kind: type[_Answer], document: Mapping[str, Any]) -> _Answer:
    """What the state kept; what another version of the program kept beside it is passed over."""
    known = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in document.items() if name in known})
