"""What a person sees of how service levels stand: every state, in words, and never green without data."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from rich.console import Console

from observer.reports.slo_json import level_json, status_json
from observer.reports.slo_level import render_level
from observer.reports.slo_status import Level, is_known, render_status, state_text, summary_text
from observer.reports.slo_words import budget_text, level_text, objective_text, share_text, window_text
from observer.reports.sparkline import bar, sparkline
from observer.slo.budget import Budget, Counts
from tests.fakes import slo_levels
from tests.fakes.slo_levels import EMAILS, FRESH, NOON, RUNS, each_day, level
from tests.golden_files import Golden


def console(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)


def printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in out.file.getvalue().splitlines())


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_is_what_was_agreed(golden: Golden, width: int) -> None:
    out = console(width)
    render_status(slo_levels.all_levels(), out, at=NOON)
    golden(f"reports/slo-status-{width}.txt", printed(out))


def test_one_level_at_length_is_what_was_agreed(golden: Golden) -> None:
    out = console(100)
    for shown in slo_levels.all_levels():
        render_level(shown, out)
        out.print()
    golden("reports/slo-level.txt", printed(out))


def test_programs_read_what_was_agreed(golden: Golden) -> None:
    levels = slo_levels.all_levels()
    document = status_json([levels[0], levels[-1]], at=NOON)
    golden("reports/slo-status.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def test_every_level_has_the_same_keys_for_programs() -> None:
    first, *others = map(level_json, slo_levels.all_levels())
    assert all(set(other) == set(first) for other in others)


@pytest.mark.parametrize("width", [80, 100, 138, 140, 200])
def test_a_name_stands_in_one_piece_to_be_copied(width: int) -> None:
    out = console(width)
    longest = replace(
        EMAILS, name="opportunities-valid-writes", display_name="What is written to opportunities is valid"
    )
    looked_at = NOON - timedelta(hours=3, minutes=59, seconds=59)
    seen = level(longest, each_day(100, lambda _: 1), looked_at=looked_at)
    render_status([seen], out, at=NOON)
    assert "opportunities-valid-writes" in printed(out).split()
    assert max(map(len, printed(out).splitlines()[:6])) <= width  # what follows the table is never broken
    if width >= 100:
        assert " 3 h ago" in printed(out)


def test_what_nobody_sees_is_never_green() -> None:
    levels = {
        "? blind": Level(slo=RUNS, standing=None),
        "– no data": level(RUNS, looked_at=None),
        "? blind, was met": level(EMAILS, each_day(100), trouble="the source does not answer"),
        "✗ missed": level(EMAILS, each_day(1, lambda day: 1), trouble="the source does not answer"),
    }
    for said, shown in levels.items():
        text = state_text(shown)
        assert text.plain == said
        assert text.style != "green" and not is_known(shown)
    assert state_text(level(EMAILS, each_day(100))).style == "green"


def test_what_nobody_looked_at_lately_is_not_known() -> None:
    late = level(EMAILS, each_day(100), looked_at=NOON - timedelta(hours=3))
    assert late.blind == "nobody has looked for 3 h: see the log of `observer serve`"
    # A run a day is looked at when it has run; unless nobody is there who runs it.
    daily = level(RUNS, each_day(1), looked_at=NOON - timedelta(hours=20))
    assert daily.blind is None
    left = "no daemon leads, and the last look was 20 h ago: start `observer serve`"
    assert replace(daily, led=False).blind == left
    # A daemon that is being restarted has just looked.
    assert replace(level(EMAILS, each_day(100)), led=False).blind is None


def test_the_last_line_counts_every_level_once() -> None:
    assert summary_text(slo_levels.all_levels()) == "6 SLOs: 1 missed, 1 burning, 3 not known, 1 met"
    assert summary_text([level(EMAILS, each_day(100))]) == "1 SLO: 1 met"


@pytest.mark.parametrize(
    ("target", "text"), [("0.995", "99.5 %"), ("1", "100 %"), ("0.99999", "99.999 %"), ("0.9", "90 %")]
)
def test_an_objective_is_told_exactly(target: str, text: str) -> None:
    assert objective_text(Fraction(target)) == text


@pytest.mark.parametrize(
    ("sli", "text"),
    [("199/200", "99.50 %"), ("99499/100000", "99.49 %"), ("99999999/100000000", "99.99 %"), ("1", "100.00 %")],
)
def test_no_rounding_makes_a_level_look_better(sli: str, text: str) -> None:
    assert level_text(Fraction(sli), Fraction(199, 200)) == text
    assert level_text(None, Fraction(199, 200)) == "–"


def test_budgets_are_told_in_records() -> None:
    def of(good: int, bad: int) -> str:
        return budget_text(Budget(counts=Counts(good=good, bad=bad), target=Fraction(199, 200)), "leads")

    assert of(4_986, 14) == "11 of 25 bad leads left"
    assert of(4_963, 37) == "bad leads: 12 too many (25 allowed)"
    assert of(0, 0) == "no data"


def test_shares_are_cut_towards_less() -> None:
    shares = [Fraction(999, 1000), Fraction(1, 1000), Fraction(-1, 1000), Fraction(0), None]
    assert [share_text(share) for share in shares] == ["99 %", "<1 %", "-1 %", "0 %", "–"]


def test_small_pictures_hide_nothing() -> None:
    assert sparkline([0, None, 1, 1_000]) == "▁·▂█"
    assert sparkline([]) == ""
    assert [bar(Fraction(n, 100), 5) for n in (-20, 0, 1, 99, 100, 140)] == [
        "░░░░░",
        "░░░░░",
        "▏░░░░",
        "████░",
        "█████",
        "█████",
    ]


def test_windows_are_told_in_words() -> None:
    assert window_text(EMAILS) == "the last 28 days"
    assert window_text(FRESH) == "1 month of the calendar (Europe/Berlin)"


def test_names_cannot_move_the_cursor() -> None:
    out = console(140)
    evil = replace(EMAILS, display_name="\x1b[2Jgone", description="\x1b[31m", owner="\x1b[0m")
    render_status([level(evil, trouble="\x1b[5m")], out, at=NOON)
    render_level(level(evil), out)
    assert "\x1b" not in printed(out)
