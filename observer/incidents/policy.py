"""What an installation wants of incidents: waits, hours, silences, and who stands in. Frozen; built from settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from observer.contracts.schedules import Calendar
from observer.incidents.findings import Finding, Grade

_INSTANT = timedelta(seconds=1)
#: A look comes no later than that: a run looks from its beginning on, and is told of at its end.
_LATEST_LOOK = timedelta(hours=24)


class Way(StrEnum):
    """How somebody is told."""

    #: Now, with a mention, whatever the hour.
    PAGE = "page"
    #: Now, in the channel.
    CHANNEL = "channel"
    #: With all the others, once a day.
    DIGEST = "digest"


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Timings; the first three have the names and defaults of Alertmanager."""

    #: From the first finding of an incident to its first notice, so that what breaks together is told together.
    group: timedelta = timedelta(seconds=30)
    #: Between two notices of changes of one incident.
    group_interval: timedelta = timedelta(minutes=5)
    #: An incident that nobody acknowledges is told again so often.
    repeat_interval: timedelta = timedelta(hours=4)
    #: What comes back so soon is the same incident, reopened.
    reopen_within: timedelta = timedelta(hours=24)
    #: What nobody acknowledged for so long goes to the steward too, by grade; a grade that is missing never does.
    escalate_after: Mapping[Grade, timedelta] = field(
        default_factory=lambda: {Grade.URGENT: timedelta(minutes=30), Grade.ERROR: timedelta(hours=4)}
    )
    #: An incident that came back so often within `flap_within` flaps: it is over only after `calm` without findings.
    flaps: int = 3
    flap_within: timedelta = timedelta(hours=24)
    calm: timedelta = timedelta(hours=1)

    @property
    def remembered(self) -> timedelta:
        """What is over is remembered for so long, for looks that come late; what waited longer is passed over."""
        return max(self.reopen_within, _LATEST_LOOK)


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """One condition of a silence: a field of the finding is like a pattern (`*` stands for anything)."""

    #: `contract`, `table`, `property`, `subject`, `source`, `grade` or `owner`.
    field: str
    pattern: str
    negated: bool = False

    def matches(self, finding: Finding) -> bool:
        """A field that the finding has not is an empty text."""
        text = str(_FIELDS[self.field](finding) or "")
        return fnmatchcase(text, self.pattern) is not self.negated

    def __post_init__(self) -> None:
        if self.field not in _FIELDS:
            raise ValueError(f"`{self.field}` is no field of a finding: write one of {', '.join(sorted(_FIELDS))}")


_FIELDS = {
    "contract": lambda f: f.contract,
    "table": lambda f: f.table,
    "property": lambda f: f.property,
    "subject": lambda f: f.subject,
    "source": lambda f: f.source.value,
    "grade": lambda f: f.grade.value,
    "owner": lambda f: f.answerable.owner or f.answerable.contract_owner,
}


@dataclass(frozen=True, kw_only=True)
class Silence:
    """For a time, findings that meet all matchers are recorded and nobody is told."""

    id: str
    matchers: tuple[Matcher, ...]
    begins: datetime
    ends: datetime
    by: str
    reason: str

    def covers(self, finding: Finding, now: datetime) -> bool:
        """A silence without matchers covers nothing: nobody means to silence everything."""
        if not self.matchers or not self.begins <= now < self.ends:
            return False
        return all(matcher.matches(finding) for matcher in self.matchers)


_IN_HOURS = {Grade.URGENT: Way.PAGE, Grade.ERROR: Way.CHANNEL, Grade.WARNING: Way.CHANNEL, Grade.INFO: Way.DIGEST}
_OUT_OF_HOURS = {**_IN_HOURS, Grade.WARNING: Way.DIGEST}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Everything that decides who is told, how and when, beside the findings themselves."""

    waits: Waits = field(default_factory=Waits)
    #: Who is told of what we could not see or do: the platform engineer.
    platform: str | None = None
    #: Who is told where a contract names nobody.
    default: str | None = None
    #: Where messages go by contract id (`support` of the contract), else `default_channel`.
    channels: Mapping[str, str] = field(default_factory=dict)
    default_channel: str | None = None
    platform_channel: str | None = None
    #: People who cannot be told, as the receiver knows (no such user), with the reason; the next in line is told.
    unknown_people: Mapping[str, str] = field(default_factory=dict)
    #: Working hours by contract id, else `hours`; None: every hour.
    contract_hours: Mapping[str, Calendar] = field(default_factory=dict)
    hours: Calendar | None = None
    in_hours: Mapping[Grade, Way] = field(default_factory=lambda: dict(_IN_HOURS))
    out_of_hours: Mapping[Grade, Way] = field(default_factory=lambda: dict(_OUT_OF_HOURS))
    #: When the daily digest leaves, in `zone` (IANA name).
    digest_at: time = time(9)
    zone: str = "UTC"
    silences: tuple[Silence, ...] = ()
    #: What a person called expected is told again when it fails this many times the rows it failed then.
    growth: float = 1.5

    def is_open(self, contract: str | None, at: datetime) -> bool:
        """Whether people work at this time."""
        hours = self.contract_hours.get(contract or "", self.hours)
        return hours is None or hours.age(at, at + _INSTANT) > timedelta()

    def next_digest(self, at: datetime) -> datetime:
        """The first digest after `at`; in the zone of `at`."""
        local = at.astimezone(ZoneInfo(self.zone))
        for days in (0, 1):
            day = local.date() + timedelta(days=days)
            leaves = datetime.combine(day, self.digest_at, ZoneInfo(self.zone)).astimezone(at.tzinfo)
            if leaves > at:
                return leaves
        raise AssertionError("tomorrow's digest is after now")
