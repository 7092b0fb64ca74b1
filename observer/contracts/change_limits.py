"""How much may change between two snapshots of a table: `customProperties.changeLimits` of a schema object."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from observer.contracts.model import Comparison, Path, Severity


class ChangeKind(StrEnum):
    """What two consecutive snapshots show, by the names that contracts use."""

    DELETED_ROWS = "deletedRows"
    CHANGED_ROWS = "changedRows"
    INVALID_WRITES = "invalidWrites"
    ROW_COUNT_CHANGE = "rowCountChange"
    TRANSITIONS = "transitions"
    SCHEMA_DRIFT = "schemaDrift"
    NEW_VALUES = "newValues"


@dataclass(frozen=True, kw_only=True)
class ChangeLimit:
    """What the contract says of one kind of change; None leaves the default as it is."""

    kind: ChangeKind
    comparison: Comparison | None = None
    severity: Severity | None = None
    path: Path = ()
