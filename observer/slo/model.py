"""Service levels as frozen values. `config/openslo/` builds them from `slo.yaml`; everything else reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from observer.contracts.model import Path
from observer.slo.burn import BurnRule


class Kind(StrEnum):
    """What an indicator looks at."""

    TIME_TO_FILL = "time-to-fill"
    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    FRESHNESS = "freshness"
    INVALID_WRITE_RATE = "invalid-write-rate"
    RUN_SUCCESS = "run-success"


@dataclass(frozen=True, kw_only=True)
class FillColumn:
    """A column that says when the field was first filled (a property name)."""

    property: str


@dataclass(frozen=True, kw_only=True)
class HistoryTable:
    """A schema object that holds one row per change of a field, as Salesforce's LeadHistory. All are property names."""

    object: str
    #: Points to the record.
    key: str
    #: Names the field that changed, and how this field is called there.
    field: str
    field_name: str
    #: What the field held after the change.
    value: str
    changed_at: str


@dataclass(frozen=True, kw_only=True)
class TimeToFill:
    """P within D of E: P are rules of the contract on the field, E is the object's event time."""

    contract: str
    object: str
    property: str
    #: Ids of the checks that must all hold.
    checks: tuple[str, ...]
    deadline: timedelta
    #: How often rows near their deadline are looked at.
    poll: timedelta
    history: FillColumn | HistoryTable | None = None
    #: Rows that become visible so late after their event time are still found.
    look_back: timedelta = timedelta(days=1)
    #: Judgement waits while what the table shows is older than this.
    grace: timedelta = timedelta(minutes=5)
    #: A property whose newest value says as of when a copied table is true; None: it is true as of the source's clock.
    as_of: str | None = None
    kind: Kind = Kind.TIME_TO_FILL


@dataclass(frozen=True, kw_only=True)
class CheckRows:
    """Rows that one check of a contract tests, good when they do not fail it: completeness and validity."""

    kind: Kind
    contract: str
    check: str


@dataclass(frozen=True, kw_only=True)
class CheckHolds:
    """One check of a contract that holds or does not: freshness, told by every glance."""

    contract: str
    check: str
    kind: Kind = Kind.FRESHNESS


@dataclass(frozen=True, kw_only=True)
class ValidWrites:
    """Rows written since the last snapshot, good when they fail no check."""

    contract: str
    object: str
    kind: Kind = Kind.INVALID_WRITE_RATE


@dataclass(frozen=True, kw_only=True)
class RunSuccess:
    """Slots of a contract, good when their run could look at everything."""

    contract: str
    kind: Kind = Kind.RUN_SUCCESS


Indicator = TimeToFill | CheckRows | CheckHolds | ValidWrites | RunSuccess


class Method(StrEnum):
    """How a budget is counted: in records, in slices of time that are good or not, or by the mean share of slices."""

    OCCURRENCES = "Occurrences"
    TIMESLICES = "Timeslices"
    RATIO_TIMESLICES = "RatioTimeslices"


@dataclass(frozen=True, kw_only=True)
class RollingWindow:
    """The last `span`, at any time."""

    span: timedelta


@dataclass(frozen=True, kw_only=True)
class CalendarWindow:
    """`count` units after another, counted from `begins` (naive) in `zone`."""

    count: int
    #: `d`, `w`, `M`, `Q` or `Y`.
    unit: str
    begins: datetime
    #: IANA name.
    zone: str

    @property
    def span(self) -> timedelta:
        """About how long it is (a month 30 days, a quarter 90, a year 365): for burn rates, not for where it ends."""
        return timedelta(days=self.count * {"d": 1, "w": 7, "M": 30, "Q": 90, "Y": 365}[self.unit])


@dataclass(frozen=True, kw_only=True)
class Slo:
    """One objective on one indicator over one window."""

    name: str
    display_name: str
    service: str
    description: str
    indicator: Indicator
    window: RollingWindow | CalendarWindow
    method: Method
    #: 0 < target ≤ 1, exact as written.
    target: Fraction
    #: Timeslices: the share from which a slice is good.
    slice_target: Fraction | None = None
    slice_span: timedelta | None = None
    #: Burn alerts are told when a policy is attached; the multi-window rules themselves are built in.
    alerts: bool = False
    #: Those of `burn.RULES` that are told, most urgent first; empty without a policy.
    burn_rules: tuple[BurnRule, ...] = ()
    #: Where alerts go, by the names of the notification targets.
    targets: tuple[str, ...] = ()
    #: Unknown above this share of what was to be judged is told too.
    unknown_limit: Fraction = Fraction(1, 10)
    #: Tells one revision from another: over everything that changes what is counted or allowed.
    revision: str = ""
    #: Tells one ledger from another: over what is counted, and what is good. A new target goes on with its ledger.
    counted: str = ""
    #: Who is told: the owner of the field, else of the contract; a steward stands in.
    owner: str | None = None
    #: The schema object that it is about; None for runs of a whole contract.
    object: str | None = None
    #: What it is about there: a property name; None for a whole object.
    property: str | None = None
    path: Path = ()
