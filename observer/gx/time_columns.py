"""Columns of times as they are stored: which rows lie between two instants, and what instant a stored value is.

In: a column, how it is declared, in which zone its naive values are read. Out: SQL over the bare column, so that an
index over it is used, and values read one by one. SQL may take a few rows too many (where clocks change, or texts
carry zones); `instant` tells them exactly. What cannot be read is None, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from observer.gx import dialect_words as words
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.kinds import TIMES, Kind

_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
#: What is cut off at most, and the rest of which is not seen.
_OF_A_SECOND, _OF_A_MILLISECOND = timedelta(seconds=1) - _INSTANT, timedelta(milliseconds=1) - _INSTANT
_READS = re.compile(words.TIMESTAMPS[None])
#: Times that Python can say; databases know earlier and later ones, and `infinity`.
_EARLIEST, _LATEST = datetime.fromisoformat("0001-01-03"), datetime.fromisoformat("9999-12-29")


@dataclass(frozen=True, kw_only=True)
class TimeColumn:
    """One column of times. `slot` tells its parameters from those of other columns in one statement."""

    name: str
    slot: str
    #: As stored.
    column: Sql
    kind: Kind
    dialect: str
    #: Naive values are read in it; UTC when None.
    zone: str | None = None
    #: The contract asks for a zone: values without one cannot be read.
    carries_zone: bool = False
    #: How text is to be read, as strptime directives.
    form: str | None = None
    #: Texts that mean "nothing was entered".
    placeholders: tuple[str, ...] = ()

    # --- what kind of column it is

    @cached_property
    def is_text(self) -> bool:
        """Its values are read from text, one by one. SQLite types values, not columns."""
        return self.form is None and (self.dialect == "sqlite" or self.kind not in TIMES)

    @cached_property
    def moment(self) -> Sql:
        """The column as a time, unless it is text."""
        if self.form is None:
            return self.column
        if self.dialect != "duckdb":
            raise CannotSay(f"the declared format of {self.name} cannot be read in {self.dialect}")
        return words.cast(sa.func.try_strptime(self.column, self.form), Kind.TIMESTAMP, self.dialect)

    @cached_property
    def ordered(self) -> bool:
        """Rows come in the order of their times when they are ordered by the column."""
        return not self.is_text and self.form is None

    @cached_property
    def _local(self) -> bool:
        """Its values are of a clock on the wall."""
        return self.kind is not Kind.TIMESTAMP_TZ or self.form is not None

    # --- SQL

    def is_empty(self) -> Sql:
        """Nothing was entered."""
        if self.placeholders and self.is_text:
            return sa.or_(self.column.is_(None), self.column.in_(self.placeholders))
        return self.column.is_(None)

    def shown(self) -> Sql:
        """The column to select: null where Python could not say the time."""
        if self.is_text or self.dialect not in ("postgresql", "duckdb"):
            return self.column
        sane = sa.and_(self.moment > self._literal(_EARLIEST), self.moment < self._literal(_LATEST))
        return sa.case((sane, self.moment))

    def newest(self) -> sa.Select[Any]:
        """Its largest value, as `instant` reads it; null when there is none. Texts are compared as they are written."""
        sane = [] if self.is_text else [self.moment < self._literal(_LATEST)]
        return sa.select(sa.func.max(self.moment)).where(*sane)

    def within(self) -> Sql:
        """After one instant and up to another: see `bounds` for the parameters."""
        low, high = self._parameter("after"), self._parameter("upto")
        if not self.is_text:
            return sa.and_(self.moment > low, self.moment < high)
        days = (self.column >= self._text("from_day"), self.column < self._text("to_day"))
        if self.dialect == "sqlite":
            said = words.sqlite_time(self.column, kind=Kind.TIMESTAMP_TZ)
            return sa.and_(*days, said >= self._text("after"), said <= self._text("upto"))
        tail = sa.func.substr(self.column, 12)
        with_offset = sa.and_(sa.or_(tail.like("%+%"), tail.like("%-%")), tail.not_like("%+00:00"))
        in_time = self._minute().between(self._text("after"), self._text("upto"))
        return sa.and_(*days, sa.or_(with_offset, words.length(self.column, self.dialect) == 10, in_time))

    def bounds(self, after: datetime, upto: datetime) -> Mapping[str, Any]:
        """The parameters of `within` for rows after `after`, up to and with `upto` (aware)."""
        low, high = _naive(after), _naive(upto)
        if self._local or self.is_text:
            # A text may carry a zone, which is then its own; what carries none is of this one.
            none = [timedelta()] if self.is_text else []
            low += min([*none, *self._offsets(after)])
            high += max([*none, *self._offsets(upto)])
        if not self.is_text:
            return {self._name("after"): self._value(low), self._name("upto"): self._value(high + _INSTANT)}
        days = {
            self._name("from_day"): (low - _DAY).date().isoformat(),
            self._name("to_day"): (high + 2 * _DAY).date().isoformat(),
        }
        if self.dialect == "sqlite":
            # It rounds to milliseconds.
            slack = timedelta(milliseconds=1)
            return days | {
                self._name("after"): (low - slack).isoformat(sep=" ", timespec="milliseconds") + "Z",
                self._name("upto"): (high + slack).isoformat(sep=" ", timespec="milliseconds") + "Z",
            }
        return days | {
            self._name("after"): low.isoformat(sep=" ", timespec="minutes"),
            self._name("upto"): high.isoformat(sep=" ", timespec="minutes"),
        }

    def undated(self, now: datetime) -> Sql:
        """True of a value that is there and no time of the past: not read, without its zone, or after `now`."""
        if not self.is_text:
            if self.carries_zone and self._local:
                return self.column.is_not(None)
            local = _naive(now) + (self._offset(now) if self._local else timedelta())
            wrong = [self.moment > self._literal(local), self.moment < self._literal(_EARLIEST)]
            return sa.or_(*wrong, *([] if self.form is None else [self.moment.is_(None)]))
        # As `_parsed` reads it: DuckDB's own cast knows fewer zones.
        reads = words.matches(self.column, words.TIMESTAMPS[True if self.carries_zone else None], self.dialect)
        zoned = words.matches(self.column, words.TIMESTAMPS[True], self.dialect)
        local = _naive(now) + self._offset(now)
        if self.dialect == "sqlite":
            reads = sa.and_(sa.func.typeof(self.column) == "text", reads)
            said = words.sqlite_time(self.column, kind=Kind.TIMESTAMP_TZ)
            later: Sql = sa.case((zoned, said > _utc_text(_naive(now))), else_=said > _utc_text(local))
        else:
            # One minute is as near as it gets; with a zone, one day.
            sure = (_naive(now) + _DAY).isoformat(sep=" ", timespec="minutes")
            later = self._minute() > sa.case((zoned, sure), else_=local.isoformat(sep=" ", timespec="minutes"))
        return sa.or_(sa.not_(reads), later)

    def _minute(self) -> Sql:
        return sa.func.replace(sa.func.substr(self.column, 1, 16), "T", " ", type_=sa.Text())

    def _name(self, which: str) -> str:
        return f"{self.slot}_{which}"

    def _text(self, which: str) -> Sql:
        return sa.bindparam(self._name(which), type_=sa.Text())

    def _parameter(self, which: str) -> Sql:
        return sa.bindparam(self._name(which), type_=self._type)

    @property
    def _type(self) -> sa.DateTime:
        return sa.DateTime(timezone=not self._local and self.dialect not in words.MYSQL)

    def _literal(self, naive: datetime) -> Sql:
        return sa.literal(self._value(naive), self._type)

    def _value(self, naive: datetime) -> datetime:
        """A time in UTC (or on the wall) as a parameter that compares with the column."""
        return naive.replace(tzinfo=UTC) if self._type.timezone else naive

    # --- values

    def instant(self, stored: Any) -> datetime | None:
        """The instant of a stored value (not null); UTC. None when it cannot be read."""
        if type(stored) is datetime and stored.tzinfo is not None:
            # Most values are read here.
            return stored if stored.tzinfo is UTC else stored.astimezone(UTC)
        value = self._read(stored)
        if value is None or value.tzinfo is not None:
            return value
        return self._in_utc(value.replace(tzinfo=self._zone))

    def instant_at_most(self, stored: Any) -> datetime | None:
        """The latest instant that a stored value can stand for, if it was cut to days, seconds or milliseconds."""
        if type(stored) is datetime and stored.tzinfo is UTC:
            # Most values are read here.
            cut = stored.microsecond
            return stored if cut % 1000 else stored + (_OF_A_MILLISECOND if cut else _OF_A_SECOND)
        value = self._read(stored)
        if value is None:
            return None
        if isinstance(stored, str):
            # `YYYY-MM-DD` and `HH:MM`, or more.
            coarse = _DAY if len(stored) <= 10 else timedelta(minutes=0 if stored[16:17] == ":" else 1)
        else:
            coarse = timedelta() if isinstance(stored, datetime) else _DAY
        if coarse:
            last = value + coarse - _INSTANT
        elif value.microsecond % 1000:
            last = value
        else:
            last = value + (_OF_A_MILLISECOND if value.microsecond else _OF_A_SECOND)
        if last.tzinfo is not None:
            return last
        # An hour that the wall clock shows twice is the second one, at most.
        ways = [self._in_utc(last.replace(tzinfo=self._zone, fold=fold)) for fold in (0, 1)]
        known = [way for way in ways if way is not None]
        return max(known, default=None)

    def first_after(self, stored: Any) -> datetime | None:
        """No row with a later value in the column (or the same) has an earlier instant."""
        value = self._read(stored)
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC) - max(self._offsets(value.replace(tzinfo=UTC)))

    def _read(self, stored: Any) -> datetime | None:
        """With its zone where it carries one; None when it cannot be read, or lacks the zone that is asked for."""
        value = stored
        if isinstance(stored, str):
            value = _parsed(stored) if self.is_text and stored not in self.placeholders else None
        elif self.is_text:
            return None
        elif isinstance(stored, date) and not isinstance(stored, datetime):
            value = datetime.combine(stored, time())
        if not isinstance(value, datetime):
            return None
        if value.tzinfo is not None:
            return self._in_utc(value)
        if not self._local:
            return value.replace(tzinfo=UTC)
        return None if self.carries_zone else value

    @staticmethod
    def _in_utc(value: datetime) -> datetime | None:
        try:
            return value.astimezone(UTC)
        except OverflowError:
            return None

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone or "UTC")

    def _offset(self, at: datetime) -> timedelta:
        return at.astimezone(self._zone).utcoffset() or timedelta()

    def _offsets(self, at: datetime) -> list[timedelta]:
        """How far the wall clock is from UTC about then: two where the clocks change."""
        if self.zone in (None, "UTC"):
            return [timedelta()]
        return [self._offset(at + shift) for shift in (-_DAY, timedelta(), _DAY)]


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _utc_text(naive: datetime) -> str:
    return naive.isoformat(sep=" ", timespec="milliseconds") + "Z"


def _parsed(text: str) -> datetime | None:
    if _READS.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text[:11] + text[11:].replace(" ", "").upper())
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class FirstOf:
    """The time of a row: of these columns, the first that is not null counts."""

    columns: tuple[TimeColumn, ...]

    def shown(self) -> Iterator[Sql]:
        """One expression per column: null behind the one that counts."""
        for place, column in enumerate(self.columns):
            earlier = [known.is_empty() for known in self.columns[:place]]
            yield sa.case((sa.and_(*earlier), column.shown())) if earlier else column.shown()

    def within(self) -> Sql:
        """After one instant and up to another: see `bounds` for the parameters."""
        ways = [
            sa.and_(*(known.is_empty() for known in self.columns[:place]), column.within())
            for place, column in enumerate(self.columns)
        ]
        return sa.or_(*ways) if len(ways) > 1 else ways[0]

    def bounds(self, after: datetime, upto: datetime) -> dict[str, Any]:
        """The parameters of `within`."""
        return {name: value for column in self.columns for name, value in column.bounds(after, upto).items()}

    def undated(self, now: datetime) -> Sql:
        """True of a row without a time in the past."""
        ways = [
            sa.and_(
                *(known.is_empty() for known in self.columns[:place]), sa.not_(column.is_empty()), column.undated(now)
            )
            for place, column in enumerate(self.columns)
        ]
        if len(ways) == 1:
            ways = [self.columns[0].undated(now)]
        return sa.or_(sa.and_(*(column.is_empty() for column in self.columns)), *ways)

    @property
    def ordered_by(self) -> TimeColumn | None:
        """The column whose order is that of the rows, if there is one."""
        return self.columns[0] if len(self.columns) == 1 and self.columns[0].ordered else None

    def reader(self, place: int) -> Callable[[Sequence[Any]], datetime | None]:
        """Gives the row's time, from what `shown` gave at this place of a row; None when there is none to be read."""
        return _reader(place, self.columns, [column.instant for column in self.columns])

    def latest_reader(self, place: int) -> Callable[[Sequence[Any]], datetime | None]:
        """Gives the latest instant that the row's time can stand for."""
        return _reader(place, self.columns, [column.instant_at_most for column in self.columns])


def _reader(
    place: int, columns: Sequence[TimeColumn], reads: Sequence[Callable[[Any], datetime | None]]
) -> Callable[[Sequence[Any]], datetime | None]:
    if len(columns) == 1:
        # A placeholder cannot be read either.
        (only,) = reads
        return lambda row: None if (value := row[place]) is None else only(value)

    def first(row: Sequence[Any]) -> datetime | None:
        for at, (column, read) in enumerate(zip(columns, reads, strict=True), place):
            if row[at] is not None and row[at] not in column.placeholders:
                return read(row[at])
        return None

    return first
