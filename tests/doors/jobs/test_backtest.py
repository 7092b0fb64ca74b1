"""A backtest of rows in a real database: the same counts as one by one, histories minded, nothing of a row kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from observer.checks.plan import plan_contract
from observer.contracts.model import Contract
from observer.errors import EngineError, InputError
from observer.jobs.backtest import Backtested, backtest_rows
from observer.slo.budget import Counts
from observer.slo.model import FillColumn, Slo, TimeToFill
from observer.sources.opening import open_source
from tests.doors.gx.cohort_desk import Desk, crm, desk_at, leads, level, when
from tests.fakes.slo_levels import DAY, EMAILS

MINUTE = timedelta(minutes=1)
COLUMNS = "id integer primary key, email {text}, created {tz}, written {tz}, filled {tz}"
WITH_FILL = level(history=FillColumn(property="filled"))
FILLED = crm(leads(when("filled")))


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    yield desk_at(request.param, request, tmp_path)


def backtested(
    desk: Desk, under: Contract = FILLED, indicator: TimeToFill | None = None, seen: list[float] | None = None
) -> Backtested:
    """The last three days; `seen` gets what is told of the progress."""
    slo: Slo = replace(EMAILS, indicator=indicator or level())
    patience = timedelta(seconds=10)
    parts: list[float] = [] if seen is None else seen
    with closing(open_source(desk.url, statement_timeout=patience, connect_timeout=patience)) as source:
        return backtest_rows(
            slo,
            indicator or level(),
            plan_contract(under),
            source,
            since=3 * DAY,
            progress=lambda rows, part: parts.append(part),
        )


def made(desk: Desk) -> datetime:
    """Rows of the last days, in every state that is known in hindsight; some outside of the range."""
    now = datetime.now(UTC).replace(microsecond=0)
    old, fresh = now - 2 * DAY, now - timedelta(hours=2)
    late, soon = 9 * MINUTE, 2 * MINUTE
    rows = [
        # Left alone since before the deadline: filled, empty.
        (1, "a", old, old + soon, old + soon),
        (2, None, old, old, None),
        # Written after it: nothing tells, but when it was filled.
        (3, "a", fresh, fresh + late, fresh + soon),
        (4, "a", fresh, fresh + late, fresh + late),
        (5, None, fresh, fresh + late, None),
        # Its deadline is still to come; before the range; in the future; never.
        (6, None, now - MINUTE, now - MINUTE, None),
        (7, None, now - 4 * DAY, now - 4 * DAY, None),
        (8, None, now + DAY, now + DAY, None),
        (9, None, None, now, None),
    ]
    desk.make(COLUMNS, rows)
    return now


def test_rows_are_judged_by_what_can_be_known_in_hindsight(desk: Desk) -> None:
    made(desk)
    seen: list[float] = []
    tested = backtested(desk, seen=seen)
    assert tested.found.records == Counts(good=1, bad=1, unknown=3)
    assert tested.undatable == 2
    assert (tested.found.sli.least, tested.found.sli.most) == (Fraction(1, 5), Fraction(4, 5))
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_a_history_tells_what_nothing_else_does(desk: Desk) -> None:
    made(desk)
    tested = backtested(desk, indicator=WITH_FILL)
    assert tested.found.records == Counts(good=2, bad=3)


def test_a_restricted_key_needs_no_secret_for_nothing_of_it_is_kept(desk: Desk) -> None:
    made(desk)
    (obj,) = FILLED.objects
    hidden = tuple(replace(p, classification="restricted") if p.name == "id" else p for p in obj.properties)
    tested = backtested(desk, under=replace(FILLED, objects=(replace(obj, properties=hidden),)))
    assert tested.found.records == Counts(good=1, bad=1, unknown=3)


def test_a_table_that_is_gone_is_told_as_such(desk: Desk) -> None:
    made(desk)
    desk.run("DROP TABLE leads")
    with pytest.raises(EngineError, match="leads"):
        backtested(desk)


def test_files_cannot_be_asked_for_some_of_their_rows(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,email,created,written\n", encoding="utf-8")
    with pytest.raises(InputError, match="files cannot be asked"):
        backtested(Desk("file", f"file:{tmp_path}"))
