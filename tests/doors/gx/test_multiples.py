"""Multiples, against exact arithmetic."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.checks import rules
from observer.gx.kinds import Kind
from observer.gx.multiples import no_multiple
from tests.doors.gx.crm import check, counts, on_snapshot, on_source, plan_of, sqlite, table_plan

FACTORS = st.one_of(
    st.integers(1, 10**6),
    st.sampled_from([0.1, 0.01, 0.001, 0.05, 0.25, 2.5, 1e-6, 123.456, 7.0, 1e15]),
)


@pytest.fixture(scope="module")
def database() -> Any:
    with duckdb.connect() as connection:
        yield connection


def multiple(database: Any, value: object, type_name: str, kind: Kind, factor: float) -> bool:
    failed = no_multiple(sa.literal_column("v"), kind, factor, "duckdb")
    engine = sa.create_engine("duckdb:///:memory:")
    text = str(failed.compile(engine, compile_kwargs={"literal_binds": True}))
    (row,) = database.execute(f"SELECT {text} FROM (SELECT ?::{type_name} AS v)", [str(value)]).fetchall()
    return row[0] is False


@settings(max_examples=60, deadline=None)
@given(number=st.integers(-(2**63), 2**63 - 1), times=st.integers(-(10**6), 10**6), factor=FACTORS)
def test_whole_numbers_are_multiples_exactly_when_fractions_say_so(
    database: Any, number: int, times: int, factor: float
) -> None:
    step = Fraction(str(factor))
    for value in (number, math.floor(times * step)):
        if -(2**63) <= value < 2**63:
            assert multiple(database, value, "BIGINT", Kind.INTEGER, factor) == (Fraction(value) % step == 0)


@settings(max_examples=60, deadline=None)
@given(number=st.decimals(-(10**20), 10**20, places=6), times=st.integers(-(10**9), 10**9), factor=FACTORS)
def test_decimals_are_multiples_exactly_when_fractions_say_so(
    database: Any, number: Decimal, times: int, factor: float
) -> None:
    for value in (number, round(Decimal(str(factor)) * times, 6)):
        expected = Fraction(value) % Fraction(str(factor)) == 0
        assert multiple(database, value, "DECIMAL(30,6)", Kind.DECIMAL, factor) == expected


@settings(max_examples=80, deadline=None)
@given(times=st.integers(-(2**50), 2**50), off=st.fractions(Fraction(1, 1000), Fraction(1, 2)), factor=FACTORS)
def test_the_double_next_to_a_multiple_is_one_and_no_other_is(
    database: Any, times: int, off: Fraction, factor: float
) -> None:
    step = Fraction(str(factor))
    assert multiple(database, repr(float(times * step)), "DOUBLE", Kind.FLOAT, factor)
    beside = float((times + off) * step)
    if abs(Fraction(beside) - times * step) > 16 * Fraction(math.ulp(beside)):
        assert not multiple(database, repr(beside), "DOUBLE", Kind.FLOAT, factor)


def test_an_odd_half_cent_in_a_large_amount_is_no_whole_cent(tmp_path: Path) -> None:
    amounts = [20000000.005, 100000.0001, 20000000.01, 0.1 + 0.2, 1e300, 2.0**60 + 2**10, 1e-12, 0.0]
    rows = pa.table(
        {
            "f": amounts,
            "d": pa.array([Decimal(f"{a:.4f}") if a < 1e9 else None for a in amounts], pa.decimal128(18, 4)),
        }
    )
    checks = [check(name, rules.MultipleOf(column=name, factor=0.01)) for name in ("f", "d")]
    plan = plan_of([table_plan(["f", "d"])], checks)
    with on_snapshot(tmp_path, plan, {"leads": rows}) as runner:
        assert counts(runner.run()) == {"f": (8, 5), "d": (6, 2)}
    doubles = rows.select(["f"])
    plan = plan_of([table_plan(["f"])], checks[:1])
    with sqlite(tmp_path) as engine, on_source(engine, plan, {"leads": doubles}) as runner:
        assert counts(runner.run()) == {"f": (8, 5)}


def test_decimals_too_wide_to_divide_are_not_guessed_at(tmp_path: Path) -> None:
    rows = pa.table({"d": pa.array([Decimal(10) ** 37], pa.decimal128(38, 0))})
    checks = [check("d", rules.MultipleOf(column="d", factor=0.03)), check("p", rules.Present(column="d"))]
    with on_snapshot(tmp_path, plan_of([table_plan(["d"])], checks), {"leads": rows}) as runner:
        wide, present = runner.run()
    assert "too wide to be divided exactly" in (wide.error or "")
    assert (present.rows_tested, present.rows_failed) == (1, 0)
