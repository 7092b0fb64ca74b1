"""What the checks say, in each database's own words: SQLAlchemy expressions in, SQLAlchemy expressions out.

`dialect` is SQLAlchemy's name (`duckdb`, `postgresql`, `mysql`, `mariadb`, `sqlite`, …). Where a database lacks the
words, CannotSay says so; the check that needs them is errored and costs no other check anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from observer.contracts.model import LogicalType
from observer.contracts.patterns import pattern_for
from observer.gx.kinds import NUMERIC, Kind

Sql = sa.ColumnElement[Any]
MYSQL = ("mysql", "mariadb")
_FULL = ("duckdb", "postgresql", "sqlite", *MYSQL)


def _up_to(digits: str) -> str:
    """A pattern of the whole numbers from 0 to that one: a cast of more overflows where nothing can be tried."""
    ways = [
        f"{digits[:i]}[0-{int(digit) - 1}][0-9]{{{len(digits) - i - 1}}}"
        for i, digit in enumerate(digits)
        if digit != "0"
    ]
    return "|".join((f"[0-9]{{1,{len(digits) - 1}}}", *ways, digits))


_INTEGER = rf"^([+]?0*({_up_to(str(2**63 - 1))})|-0*({_up_to(str(2**63))}))$"
_NUMBER = (
    r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?([iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])$"
)
_BOOLEAN = r"^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[tTfF01])$"
_YEAR = r"([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
#: Days that exist: what matches can be cast where nothing can be tried.
_DAY = (
    rf"({_YEAR}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
_ZONE = r"( ?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?))"
_DATE = rf"^{_DAY}([ T]00:00(:00(\.0+)?)?)?$"
_TIME = rf"^{_CLOCK}$"
PATTERNS = {
    LogicalType.INTEGER: _INTEGER,
    LogicalType.NUMBER: _NUMBER,
    LogicalType.BOOLEAN: _BOOLEAN,
    LogicalType.DATE: _DATE,
    LogicalType.TIME: _TIME,
}
TIMESTAMPS = {
    None: rf"^{_DAY}([ T]{_CLOCK}{_ZONE}?)?$",
    True: rf"^{_DAY}[ T]{_CLOCK}{_ZONE}$",
    False: rf"^{_DAY}([ T]{_CLOCK})?$",
}
#: SQLAlchemy leaves a cast out for MySQL, with a warning, unless it knows the type.
_MYSQL_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.INTEGER: sa.BigInteger(),
    Kind.DATE: sa.Date(),
    Kind.TIME: mysql.TIME(fsp=6),
    Kind.TIMESTAMP: mysql.DATETIME(fsp=6),
}
_TYPES: dict[Kind, dict[str, str]] = {
    Kind.FLOAT: {"postgresql": "DOUBLE PRECISION", "sqlite": "REAL"},
    Kind.TIMESTAMP_TZ: {"postgresql": "TIMESTAMP WITH TIME ZONE"},
}
_NAMES = {
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMP_TZ: "TIMESTAMP WITH TIME ZONE",
}


def spoken(engine: sa.Engine) -> str:
    """The dialect, once connected: what answers as `mysql` may be MariaDB."""
    return "mariadb" if getattr(engine.dialect, "is_mariadb", False) else str(engine.dialect.name)


def column(name: str) -> Sql:
    """A column by its name, of no particular table."""
    return sa.column(sa.quoted_name(name, quote=True))


class CannotSay(ValueError):
    """This database has no words for it; the message says for what."""


#: Texts that are read as true, in lower case.
TRUE_WORDS = ("1", "t", "true")


class _Named(sa.types.UserDefinedType[Any]):
    """A type by the name the database gives it."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name


def cast(expression: Sql, kind: Kind, dialect: str) -> Sql:
    """CAST to the kind. Fails in the database where a value does not fit."""
    if dialect in MYSQL and kind is Kind.FLOAT:
        # SQLAlchemy leaves such a cast out.
        return sa.type_coerce(expression, sa.Double()) * sa.literal_column("1e0", sa.Double())
    if dialect in MYSQL and kind is Kind.BOOLEAN:
        return sa.case((expression.is_(None), sa.null()), else_=sa.func.lower(expression).in_(TRUE_WORDS))
    if dialect in MYSQL and kind is Kind.TIMESTAMP_TZ:
        raise CannotSay(f"{dialect} has no times with a zone; run on a snapshot")
    if dialect in MYSQL:
        return sa.cast(expression, _MYSQL_TYPES[kind])
    return sa.cast(expression, _Named(_TYPES.get(kind, {}).get(dialect, _NAMES[kind])))


def try_cast(expression: Sql, kind: Kind, dialect: str) -> Sql:
    """The value as the kind, or null where it does not fit (DuckDB)."""
    return sa.try_cast(expression, _Named(_TYPES.get(kind, {}).get(dialect, _NAMES[kind])))


def as_text(expression: Sql, dialect: str) -> Sql:
    """The value as text, for comparing text with what is none."""
    if dialect in MYSQL:
        return sa.cast(expression, sa.CHAR())
    return sa.cast(expression, _Named("TEXT" if dialect == "sqlite" else "VARCHAR"))


def matches(expression: Sql, pattern: str, dialect: str) -> Sql:
    """The pattern is found somewhere in the text."""
    pattern = pattern_for(pattern, dialect)
    if dialect == "duckdb":
        return sa.func.regexp_matches(expression, sa.literal(pattern), type_=sa.Boolean())
    if dialect in MYSQL:
        # Without a binary collation MySQL ignores case.
        return expression.op("REGEXP BINARY" if dialect == "mariadb" else "REGEXP", is_comparison=True)(pattern)
    if dialect == "postgresql":
        return expression.op("~", is_comparison=True)(sa.literal(pattern, sa.Text()))
    if dialect == "sqlite":
        # Its REGEXP is Python's, which raises on what is no text; a column of text may hold anything.
        expression = as_text(expression, dialect)
    return expression.regexp_match(pattern)


def length(expression: Sql, dialect: str) -> Sql:
    """Length in characters (MySQL's `length` counts bytes)."""
    return sa.func.char_length(expression) if dialect in MYSQL else sa.func.length(expression)


def is_finite_time(expression: Sql, kind: Kind, dialect: str) -> Sql | None:
    """Not `infinity`, which stands for "for ever" and is no time; None where the database has no such value."""
    if dialect == "postgresql" or (dialect == "duckdb" and kind in (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)):
        return sa.func.isfinite(expression)
    return None


def is_number(expression: Sql, kind: Kind, dialect: str) -> Sql | None:
    """Not NaN; None where the kind cannot hold NaN."""
    if dialect == "duckdb" and kind is Kind.FLOAT:
        return sa.not_(sa.func.isnan(expression))
    if dialect == "postgresql" and kind in (Kind.FLOAT, Kind.DECIMAL):
        return expression != sa.cast(
            sa.literal("NaN", sa.Text()), _Named("FLOAT8" if kind is Kind.FLOAT else "NUMERIC")
        )
    return None


def as_utc(expression: Sql, kind: Kind, zone: str | None, dialect: str) -> Sql:
    """The instant as a timestamp with zone, so that times of different columns compare."""
    if kind is Kind.TIMESTAMP_TZ:
        return expression
    if dialect == "sqlite" and zone in (None, "UTC"):
        return sqlite_time(expression, kind=Kind.TIMESTAMP_TZ)
    if dialect not in ("duckdb", "postgresql"):
        raise CannotSay(f"times of different kinds cannot be compared in {dialect}")
    naive = cast(expression, Kind.TIMESTAMP, dialect)
    return sa.func.timezone(sa.literal(zone or "UTC", sa.Text()), naive)


def sqlite_time(expression: Sql, *, kind: Kind) -> Sql:
    """Text as SQLite's own spelling of a time, so that times compare as text; with a zone, it is UTC and ends in Z."""
    digits = "[0-9][0-9]"
    size = sa.func.length(expression)
    # SQLite reads no offset but ±HH:MM.
    spelled = sa.case(
        (expression.op("GLOB")(f"*:*[-+]{digits}"), expression.concat(":00")),
        (
            expression.op("GLOB")(f"*:*[-+]{digits}{digits}"),
            sa.func.substr(expression, 1, size - 2).concat(":").concat(sa.func.substr(expression, -2)),
        ),
        else_=expression,
    )
    return sa.func.strftime("%Y-%m-%d %H:%M:%f" + ("Z" if kind is Kind.TIMESTAMP_TZ else ""), spelled)


def later_by_more(until: Sql, since: Sql, seconds: float, dialect: str) -> Sql:
    """`until` comes more than `seconds` after `since`."""
    if dialect == "duckdb":
        return until > since + sa.func.to_microseconds(sa.literal(round(seconds * 1e6), sa.BigInteger()))
    if dialect == "postgresql":
        return until > since + sa.func.make_interval(0, 0, 0, 0, 0, 0, sa.literal(seconds, sa.Double()))
    if dialect in MYSQL:
        return sa.func.timestampdiff(sa.text("MICROSECOND"), since, until) > round(seconds * 1e6)
    if dialect == "sqlite":
        # A Julian day in a double is good to some 50 µs.
        return (sa.func.julianday(until) - sa.func.julianday(since)) * 86400.0 > seconds + 0.0005
    raise CannotSay(f"the distance of two times cannot be measured in {dialect}")


def month(expression: Sql) -> Sql:
    """201703 for March 2017; `month_text` reads it."""
    return sa.extract("year", expression) * 100 + sa.extract("month", expression)


def month_text(number: Any) -> str | None:
    """`2017-03`; None for no month, and for times without end."""
    if number is None or not math.isfinite(number):
        return None
    year, of_year = divmod(int(number), 100)
    return f"{year:04}-{of_year:02}"


def time_literal(moment: datetime | date | time, kind: Kind, dialect: str) -> Sql:
    """A time as a value that compares with a column of the kind."""
    if dialect == "sqlite" and isinstance(moment, datetime):
        utc = moment.astimezone(UTC) if moment.tzinfo else moment
        text = utc.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
        return sa.literal(text + ("Z" if kind is Kind.TIMESTAMP_TZ else ""))
    if dialect == "sqlite":
        return sa.literal(moment.isoformat())
    text = moment.isoformat(sep=" ") if isinstance(moment, datetime) else moment.isoformat()
    if dialect in ("duckdb", "postgresql"):
        # A day compared with noon must not lose the noon.
        exact = Kind.TIMESTAMP if kind is Kind.DATE and isinstance(moment, datetime) else kind
        return cast(sa.literal(text, sa.Text()), exact, dialect)
    if isinstance(moment, datetime) and moment.tzinfo:
        # The driver leaves the zone out; sessions are in UTC.
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return sa.literal(moment)


def parse_bound(text: str, kind: Kind) -> datetime | date | time:
    """A bound as the contract wrote it (ISO 8601) → a value of the column's kind.

    A zoned bound on a naive column, or a naive one on a zoned column, is read in UTC. Raises ValueError.
    """
    if kind is Kind.TIME:
        return time.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    if kind is Kind.TIMESTAMP_TZ:
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return naive.date() if kind is Kind.DATE and naive.time() == time() else naive


def oldest_of_kind(instant: datetime, kind: Kind, zone: str | None) -> datetime | date:
    """The oldest value of a column of that kind that is not before `instant` (aware)."""
    if kind is Kind.TIMESTAMP_TZ:
        return instant.astimezone(UTC)
    local = instant.astimezone(ZoneInfo(zone or "UTC")).replace(tzinfo=None)
    if kind is not Kind.DATE:
        return local
    day = local.date()
    return day if local.time() == time() else date.fromordinal(day.toordinal() + 1)


def among(expression: Sql, values: Iterable[object]) -> Sql:
    """One of the values. Each is bound by itself: in one list PostgreSQL would take all for the type of the first."""
    return expression.in_([sa.literal(value) for value in values])


def value_literal(value: object, kind: Kind) -> object | None:
    """An allowed value as one that compares with the column's kind; None when no such column can hold it."""
    if kind in NUMERIC:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float | Decimal):
            return value
        try:
            return float(str(value)) if any(c in str(value) for c in ".eE") else int(str(value))
        except ValueError:
            return None
    if kind is Kind.BOOLEAN:
        return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    return str(value).lower() if isinstance(value, bool) else str(value)
