"""What the API answers about runs, as frozen values; see `answers`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from observer.checks.measure import Outcome
from observer.contracts.model import Dimension, Scalar, Severity
from observer.store import ContractVersion, RecordedCheck, RecordedRun, RunRow, SnapshotRecord
from observer.web.answers import fields_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Answer = TypeVar("_Answer", bound="DataclassInstance")


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
        return cls(**fields_of(found))


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
        return cls(**fields_of(found, "evidence"), evidence=_evidence(found.evidence))


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
