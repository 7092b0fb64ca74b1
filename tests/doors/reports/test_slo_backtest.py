"""What a person reads of a backtest: what is unknown first where it is much, and nothing made to look better."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from rich.console import Console

from observer.reports.slo_backtest import render_backtest
from observer.reports.slo_json import backtest_json
from observer.slo.backtest import Backtest, backtest, with_objective
from observer.slo.budget import Counts
from observer.slo.course import Course
from observer.slo.model import FillColumn, RollingWindow, Slo
from tests.fakes.slo_levels import DAY, EMAILS, FILL, FRESH, NOON, SOURCES
from tests.golden_files import Golden


def backtested(slo: Slo, *, unknown: int = 0, days: int = 30, bad_hour: int = 0) -> Backtest:
    """Fifty leads at every noon; some of them unknown. One hour of one day is all bad."""
    course = Course(NOON - days * DAY, NOON)
    for day in range(1, days + 1):
        at = NOON - day * DAY
        course.add(at, Counts(good=50 - unknown, bad=day % 2, unknown=unknown))
    for minute in range(bad_hour):
        course.add(NOON - timedelta(hours=20) + timedelta(minutes=minute), Counts(bad=1))
    return backtest(slo, course, at=NOON)


def printed(found: Backtest, *notes: str) -> str:
    out = Console(file=io.StringIO(), width=100, color_system=None, legacy_windows=False)
    render_backtest(found, out, notes=notes)
    assert isinstance(out.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in out.file.getvalue().splitlines())


def test_the_printed_backtest_is_what_was_agreed(golden: Golden) -> None:
    texts = (
        printed(backtested(EMAILS, bad_hour=60), "Rows that are gone by now are not seen."),
        printed(backtested(EMAILS, unknown=40)),
        printed(backtested(FRESH, days=90)),
        printed(backtest(SOURCES, Course(NOON - DAY, NOON), at=NOON)),
    )
    golden("reports/slo-backtest.txt", "\n".join(texts))


def test_programs_read_what_was_agreed(golden: Golden) -> None:
    document = backtest_json(backtested(EMAILS, unknown=3, bad_hour=60, days=3))
    golden("reports/slo-backtest.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def test_what_is_unknown_comes_first_only_where_it_is_much() -> None:
    much, some = printed(backtested(EMAILS, unknown=40)), printed(backtested(EMAILS, unknown=1))
    assert much.index("79.2 % unknown") < much.index("Judged")
    assert some.index("Judged") < some.index("2.0 % unknown")
    assert "unknown:" not in printed(backtested(EMAILS))
    # Where it comes from depends on what could have told.
    told = printed(
        backtested(replace(EMAILS, indicator=replace(FILL, history=FillColumn(property="filled"))), unknown=40)
    )
    assert "their history does not reach back to it" in told
    assert "could not be looked at" in printed(backtested(SOURCES, unknown=40))


def test_why_there_are_no_alerts_is_said() -> None:
    assert "no alert policy is attached" in printed(backtested(SOURCES))
    assert "has no budget that could burn" in printed(backtested(with_objective(EMAILS, Fraction(1))))
    long = replace(EMAILS, window=RollingWindow(span=90 * DAY))
    assert "no pair of windows could ever fire" in printed(backtested(with_objective(long, Fraction(1, 100))))


def test_of_very_many_alerts_the_newest_are_listed() -> None:
    found = backtested(EMAILS, bad_hour=60)
    many = replace(found, alerts=found.alerts * 30)
    assert "earlier ones" in printed(many)
    assert "earlier ones" not in printed(found)
