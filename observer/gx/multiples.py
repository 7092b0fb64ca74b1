"""Is a number a whole multiple of a factor? In each dialect's SQL, in exact arithmetic wherever the numbers are exact.

The factor is the decimal number that the contract wrote: 0.01 is a hundredth, not the double next to it.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import sqlalchemy as sa

from observer.gx import dialect_words as words
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.kinds import Kind

#: What a sum of a few doubles may be off by, as part of its size: four units in the last place.
_OFF = 4 * 2.0**-52
#: Beyond so many steps every double is next to some multiple: nothing can be told.
_STEPS = 2.0**51
#: Digits that decimals can have.
_DIGITS = 38


def no_multiple(column: Sql, kind: Kind, factor: int | float, dialect: str) -> Sql:
    """True of a value (not null) that is no multiple. What cannot be told is none.

    Raises:
        CannotSay: the factor is too small or too long to count with.
    """
    step = abs(Fraction(str(factor)))
    if kind is Kind.INTEGER:
        return _of_whole(column, step, dialect)
    # SQLite keeps decimals as doubles.
    if kind is Kind.DECIMAL and dialect != "sqlite":
        return _of_decimal(column, step, dialect)
    return sa.not_(_of_double(words.cast(column, Kind.FLOAT, dialect), step))


def _of_whole(column: Sql, step: Fraction, dialect: str) -> Sql:
    """A whole number is a multiple of p/q in lowest terms if it is one of p."""
    divisor = step.numerator
    if divisor.bit_length() > 63:
        return column != 0
    failed: Sql = column % sa.literal(divisor, sa.BigInteger()) != 0
    # SQLite's column of whole numbers may hold others, whose fraction its % forgets.
    return sa.or_(failed, column != sa.cast(column, sa.Integer)) if dialect == "sqlite" else failed


def _of_decimal(column: Sql, step: Fraction, dialect: str) -> Sql:
    number = Decimal(step.numerator) / Decimal(step.denominator)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    scale = max(0, -exponent)
    width = max(len(str(int(number))) + scale, scale, 1)
    if width > _DIGITS:
        raise CannotSay("the factor has too many digits")
    # MariaDB tells the -0.00 that is left of -1.50 from 0.
    rest = sa.func.abs(column) % sa.cast(sa.literal(format(number, "f"), sa.Text()), sa.Numeric(width, scale))
    failed: Sql = rest != 0
    if dialect != "duckdb":
        return failed
    # Where a common decimal of both would be too wide, DuckDB falls back to doubles.
    too_wide = sa.func.error("the decimals are too wide to be divided exactly", type_=sa.Boolean())
    return sa.case(
        (sa.func.typeof(rest, type_=sa.Text()).like("DECIMAL%"), failed), else_=sa.cast(too_wide, sa.Boolean())
    )


def _of_double(value: Sql, step: Fraction) -> Sql:
    """A double is a multiple if a multiple is next to it."""
    try:
        up, down, size = float(step.numerator), float(step.denominator), float(step)
    except OverflowError:
        raise CannotSay("the factor is too small to count with") from None
    distance = sa.func.abs(value)
    nearest = sa.func.round(value / _double(size)) * _double(up) / _double(down)
    off = sa.func.abs(value - nearest)
    # In this order: nothing overflows where some databases would raise.
    return sa.case(
        (distance < _double(size / 2), value == _double(0.0)),
        (distance < _double(size * _STEPS), sa.and_(off <= _double(_OFF) * distance, off <= _double(size / 8))),
        else_=sa.false(),
    )


def _double(number: float) -> Sql:
    return sa.literal(number, sa.Double())
