"""A data contract (ODCS 3.1 / 3.2) as frozen values. `config/` builds it from YAML; everything else reads it.

Every element carries `path`, its place in the file (`("schema", 0, "properties", 2)`), so that whoever
finds a problem with it can say where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from observer.contracts.people import SupportChannel as SupportChannel
from observer.contracts.people import TeamMember as TeamMember
from observer.contracts.schedules import Calendar, Schedule
from observer.contracts.states import Path as Path
from observer.contracts.states import StateMachine as StateMachine
from observer.contracts.states import Transition as Transition

if TYPE_CHECKING:
    from observer.contracts.change_limits import ChangeLimit

Scalar = str | int | float | bool | None


class LogicalType(StrEnum):
    """ODCS logical types. `UNSET` is a property that declares none."""

    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    MAP = "map"
    VECTOR = "vector"
    UNSET = ""

    @property
    def one(self) -> str:
        """ "an integer", "a date": the word with its article."""
        return f"{'an' if self[:1] in 'aio' else 'a'} {self}"


class Severity(StrEnum):
    """What a broken check amounts to: `error` fails, `warning` and `info` warn."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Dimension(StrEnum):
    """The words of the field for what a check looks at."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    FRESHNESS = "freshness"
    UNIQUENESS = "uniqueness"
    CONSISTENCY = "consistency"
    VOLUME = "volume"


#: Classifications whose values never leave the machine that reads them (compared in lower case).
RESTRICTED_CLASSIFICATIONS = frozenset({"restricted", "confidential"})


class Operator(StrEnum):
    """The eight ODCS comparison operators. Both `Between`s include their ends."""

    MUST_BE = "mustBe"
    MUST_NOT_BE = "mustNotBe"
    MUST_BE_GREATER_THAN = "mustBeGreaterThan"
    MUST_BE_GREATER_OR_EQUAL_TO = "mustBeGreaterOrEqualTo"
    MUST_BE_LESS_THAN = "mustBeLessThan"
    MUST_BE_LESS_OR_EQUAL_TO = "mustBeLessOrEqualTo"
    MUST_BE_BETWEEN = "mustBeBetween"
    MUST_NOT_BE_BETWEEN = "mustNotBeBetween"


class Unit(StrEnum):
    """What a threshold counts: rows, or the share of the rows tested in percent."""

    ROWS = "rows"
    PERCENT = "percent"


class Metric(StrEnum):
    """The ODCS library metrics."""

    NULL_VALUES = "nullValues"
    MISSING_VALUES = "missingValues"
    INVALID_VALUES = "invalidValues"
    DUPLICATE_VALUES = "duplicateValues"
    ROW_COUNT = "rowCount"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Restricts a rule to some rows: `column` is (or, negated, is not) one of `values`. None in `values` means null."""

    column: str
    values: tuple[Scalar, ...]
    negated: bool = False


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """An operator with its operand(s), as written in the contract."""

    operator: Operator
    #: One operand, or two for the `Between`s.
    operands: tuple[Scalar, ...]
    unit: Unit = Unit.ROWS


@dataclass(frozen=True, kw_only=True)
class TypeOptions:
    """ODCS `logicalTypeOptions`. Bounds stay text or numbers as written; None is "not given"."""

    pattern: str | None = None
    format: str | None = None
    minimum: Scalar = None
    maximum: Scalar = None
    exclusive_minimum: Scalar = None
    exclusive_maximum: Scalar = None
    min_length: int | None = None
    max_length: int | None = None
    multiple_of: float | int | None = None
    #: True: the column carries a zone. False: it is naive. None: not said.
    timezone: bool | None = None
    #: IANA name of the zone in which naive values are to be read.
    default_timezone: str | None = None
    path: Path = ()


@dataclass(frozen=True, kw_only=True)
class QualityRule:
    """What the three kinds of executable ODCS quality rules share."""

    #: ODCS `id`, else its `name` as a slug, else its position ("quality-3").
    id: str
    description: str = ""
    dimension: Dimension | None = None
    severity: Severity = Severity.ERROR
    schedule: str | None = None
    path: Path = ()


@dataclass(frozen=True, kw_only=True)
class MetricRule(QualityRule):
    """`type: library`: one of the predefined metrics, compared with a threshold."""

    metric: Metric
    comparison: Comparison
    #: `missingValues`: what counts as missing beside null.
    missing_values: tuple[Scalar, ...] = ()
    #: `invalidValues`: the allowed values, or None.
    valid_values: tuple[Scalar, ...] | None = None
    #: `invalidValues`: the pattern of a valid value, or None.
    pattern: str | None = None
    #: `duplicateValues` on an object: the properties (names) that identify a row.
    properties: tuple[str, ...] = ()
    #: `arguments.when`: only rows that meet all of these are tested.
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SqlRule(QualityRule):
    """`type: sql`: one read-only SELECT that gives one value, compared with a threshold."""

    query: str
    comparison: Comparison


@dataclass(frozen=True, kw_only=True)
class CustomRule(QualityRule):
    """`type: custom`, `engine: greatExpectations`: an expectation of GX itself."""

    #: snake_case as in suites: `expect_column_values_to_be_between`.
    expectation: str
    #: Keyword arguments as written; plain JSON values.
    kwargs: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Relationship:
    """A foreign key: `columns` of this object must exist as `to_columns` in `to_object`. All are property names."""

    id: str
    columns: tuple[str, ...]
    #: Id of the contract that holds the target; the own id when it is in this file.
    to_contract: str
    to_object: str
    to_columns: tuple[str, ...]
    path: Path = ()


@dataclass(frozen=True, kw_only=True)
class Property:
    """A column under contract."""

    #: ODCS `id`, else `name`: the stable half of every check id.
    id: str
    name: str
    #: The column's name in the database; `name` when the contract gives none.
    physical_name: str
    logical_type: LogicalType = LogicalType.UNSET
    physical_type: str | None = None
    options: TypeOptions = field(default_factory=TypeOptions)
    description: str = ""
    required: bool = False
    unique: bool = False
    #: 1-based position in the primary key; None when it is not part of it.
    primary_key_position: int | None = None
    #: Allowed values (ODCS 3.2 `enum`), or None.
    enum: tuple[Scalar, ...] | None = None
    classification: str | None = None
    critical: bool = False
    tags: tuple[str, ...] = ()
    quality: tuple[QualityRule, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    owner: str | None = None
    steward: str | None = None
    consumers: tuple[str, ...] = ()
    #: Values that mean "nothing was entered" (`Select`, `n/a`, `?`).
    placeholders: tuple[str, ...] = ()
    state_machine: StateMachine | None = None
    path: Path = ()

    @property
    def restricted(self) -> bool:
        """True when no value of this column may reach a log, message, label, report, event or kept snapshot."""
        return (self.classification or "").strip().lower() in RESTRICTED_CLASSIFICATIONS


@dataclass(frozen=True, kw_only=True)
class DeletedFlag:
    """How a soft-deleted row is told: `column` holds one of `values`; with no values, it is not null.

    A soft-deleted row does not exist: it is tested by no check and is no target of a relationship.
    """

    column: str
    values: tuple[Scalar, ...] = (True,)


@dataclass(frozen=True, kw_only=True)
class SchemaObject:
    """A table (or view, or file) under contract."""

    id: str
    name: str
    #: May be qualified (`sales.leads`) as written in the contract.
    physical_name: str
    properties: tuple[Property, ...]
    description: str = ""
    quality: tuple[QualityRule, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    #: Names of the properties that say when the row came to be; the first that is not null counts.
    event_time: tuple[str, ...] = ()
    #: Names of the properties that say when the row was last written; the first that is not null counts.
    update_time: tuple[str, ...] = ()
    deleted_flag: DeletedFlag | None = None
    #: `https://crm.example.com/leads/{id}`; placeholders are property names.
    record_url: str | None = None
    #: Open hours of this table; the contract's own when None.
    calendar: Calendar | None = None
    #: How much may change between two snapshots, where it is not the default.
    change_limits: tuple[ChangeLimit, ...] = ()
    path: Path = ()

    @property
    def primary_key(self) -> tuple[Property, ...]:
        """Its primary key in order; empty when the contract declares none."""
        key = [p for p in self.properties if p.primary_key_position is not None]
        return tuple(sorted(key, key=lambda p: p.primary_key_position or 0))

    def property(self, name: str) -> Property | None:
        """The property with this name (not physical name), or None."""
        return next((p for p in self.properties if p.name == name), None)


class SlaKind(StrEnum):
    """The service-level properties that are executed on a table."""

    FRESHNESS = "freshness"
    LATENCY = "latency"
    RETENTION = "retention"
    FREQUENCY = "frequency"


@dataclass(frozen=True, kw_only=True)
class Sla:
    """One entry of `slaProperties`, its elements resolved to property names of one object."""

    id: str
    kind: SlaKind
    limit: timedelta
    #: Name of the object it speaks of.
    object: str
    #: Property names: the first that is not null counts (freshness, frequency, retention), or (from, to) for latency.
    columns: tuple[str, ...]
    severity: Severity = Severity.ERROR
    path: Path = ()


class ResponseKind(StrEnum):
    """What a contract promises of incidents; each counts from the kept log of incidents, not from a table."""

    #: From the first bad record to the incident.
    DETECT = "timeToDetect"
    #: From the incident to the first message that reached its receiver.
    NOTIFY = "timeToNotify"
    #: From the incident to its end.
    REPAIR = "timeToRepair"


@dataclass(frozen=True, kw_only=True)
class ResponseSla:
    """One entry of `slaProperties` about how fast incidents are dealt with."""

    id: str
    kind: ResponseKind
    limit: timedelta
    path: Path = ()


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the contract says the data lives; passwords are never part of a contract."""

    name: str
    type: str
    environment: str = ""
    schema: str | None = None
    path: Path = ()


@dataclass(frozen=True, kw_only=True)
class Contract:
    """One ODCS file."""

    id: str
    name: str
    version: str
    api_version: str
    status: str
    objects: tuple[SchemaObject, ...]
    description: str = ""
    servers: tuple[Server, ...] = ()
    team: tuple[TeamMember, ...] = ()
    support: tuple[SupportChannel, ...] = ()
    slas: tuple[Sla, ...] = ()
    responses: tuple[ResponseSla, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)
    calendar: Calendar | None = None
    #: The file it was read from, as the user named it.
    file: str = ""
    #: SHA-256 of that file's bytes, in hex.
    digest: str = ""

    @property
    def owner(self) -> str | None:
        """The team member whose role is `owner`, if there is one."""
        return self._member("owner")

    @property
    def steward(self) -> str | None:
        return self._member("steward", "data steward")

    def _member(self, *roles: str) -> str | None:
        return next((m.username for m in self.team if m.role.strip().lower() in roles), None)

    def object(self, name: str) -> SchemaObject | None:
        """The object with this name, or None."""
        return next((o for o in self.objects if o.name == name), None)

    def owner_of(self, prop: Property | None) -> str | None:
        """Property owner → contract owner."""
        return (prop.owner if prop else None) or self.owner


def properties_of(contract: Contract) -> Iterator[tuple[SchemaObject, Property]]:
    """Every property of the contract with the object it belongs to, in file order."""
    for obj in contract.objects:
        for prop in obj.properties:
            yield obj, prop
