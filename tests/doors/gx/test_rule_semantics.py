"""What each rule means, as rows and counts: the same cases on a snapshot and in every database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from observer.checks import rules
from observer.checks.measure import Measurement
from tests.doors.gx.crm import database, on_snapshot, on_source, plan_of
from tests.doors.gx.rule_cases import EVERYWHERE, Want
from tests.doors.gx.table_cases import TABLE_CASES
from tests.doors.gx.text_cases import TEXT_CASES
from tests.doors.gx.time_cases import TIME_CASES
from tests.doors.gx.value_cases import VALUE_CASES

CASES = (*VALUE_CASES, *TIME_CASES, *TEXT_CASES, *TABLE_CASES)
PAIRS = [pytest.param(w, case.name, id=f"{case.name}-{w}") for w in EVERYWHERE for case in CASES if w in case.where]


def measured(where: str, folder: Path, address: Callable[[str], str], *, empty: bool = False) -> dict[str, Measurement]:
    """Every case of that place in one run, by check id without the contract."""
    cases = [case for case in CASES if where in case.where]
    plan = plan_of([case.table for case in cases], [spec for case in cases for spec in case.checks()])
    tables = {case.name: case.rows.slice(0, 0) if empty else case.rows for case in cases}
    if where == "snapshot":
        with on_snapshot(folder, plan, tables) as runner:
            seen = runner.run()
    else:
        with database(where, folder, address) as engine, on_source(engine, plan, tables) as runner:
            seen = runner.run()
    return {m.check_id.removeprefix("crm."): m for m in seen}


@pytest.fixture(scope="module")
def seen(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Measurement]]:
    """Place → what was measured there; each place runs once."""
    known: dict[str, dict[str, Measurement]] = {}

    def at(where: str) -> dict[str, Measurement]:
        if where not in known:
            known[where] = measured(where, tmp_path_factory.mktemp(where), request.getfixturevalue)
        return known[where]

    return at


def _said(want: Want, seen: Measurement) -> Want:
    """What was seen in the form of what is wanted."""
    if isinstance(want, str):
        return want if want in (seen.error or "") else f"{seen}"
    if seen.error is not None:
        return seen.error
    if isinstance(want, bool) or (seen.holds is not None and not isinstance(want, tuple)):
        # A type that the column has by nature needs no look at values.
        return seen.holds if seen.holds is not None else seen.rows_failed == 0
    if isinstance(want, tuple):
        if seen.holds is True:
            return (want[0], 0)
        return (seen.rows_tested or 0, seen.rows_failed or 0) if seen.rows_tested is not None else f"{seen}"
    return seen.value


@pytest.mark.parametrize(("where", "name"), PAIRS)
def test_a_rule_means_the_same_wherever_it_runs(
    where: str, name: str, seen: Callable[[str], dict[str, Measurement]]
) -> None:
    (case,) = (case for case in CASES if case.name == name)
    here = seen(where)
    wanted = {f"{name}.{check_name}": want for check_name, _, want in case.says}
    assert {key: _said(want, here[key]) for key, want in wanted.items()} == wanted


@pytest.mark.parametrize("where", EVERYWHERE)
def test_no_check_of_an_empty_table_is_measured_as_good(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    compares = (rules.RowCount, rules.SqlValue)
    specs = {spec.id.removeprefix("crm."): spec for case in CASES for spec in case.checks()}
    for key, m in measured(where, tmp_path, request.getfixturevalue, empty=True).items():
        if isinstance(specs[key].rule, compares):
            assert m.error is not None or m.value == 0 or key == "queries.text", m
        elif m.holds is None:
            assert (m.error, m.rows_tested, m.rows_failed) == (None, 0, 0), m
        else:
            assert isinstance(specs[key].rule, rules.HasType), m
