"""What a person sees at the end of `observer audit`."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from observer.reports.progress import AuditProgress, ProgressEvents, SilentProgress
from observer.reports.sentences import count_text, seconds_text, summary_line
from observer.reports.terminal import render_terminal
from tests.fakes import audits
from tests.golden_files import Golden


def printed(audit: audits.Audit, width: int = 100, *, show_passed: bool = False, terminal: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
        legacy_windows=False,
    )
    render_terminal(audit, console, show_passed=show_passed)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_printed_audit_is_what_was_agreed(golden: Golden, width: int) -> None:
    golden(f"reports/terminal-{width}.txt", printed(audits.sales_audit(), width))


def test_passed_checks_are_listed_when_asked_for(golden: Golden) -> None:
    golden("reports/terminal-passed.txt", printed(audits.sales_audit(), show_passed=True))


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_but_the_summary_is_wider_than_the_console(width: int) -> None:
    *lines, last = printed(audits.sales_audit(), width).splitlines()
    assert max(map(len, lines)) <= width
    assert last == summary_line(audits.sales_audit())


def test_the_summary_is_one_line_in_the_agreed_words() -> None:
    assert summary_line(audits.sales_audit()) == (
        "Audited 4 tables (1 could not be read), 8,892 rows, 37 checks in 3.9 s: "
        "21 passed, 3 warned, 8 failed, 4 errored, 1 skipped. Trust score 73."
    )


def test_skipped_checks_are_mentioned_only_when_there_are_some() -> None:
    assert summary_line(audits.green_audit()) == (
        "Audited 1 table, 12 rows, 2 checks in 0.2 s: 2 passed, 0 warned, 0 failed, 0 errored. Trust score 100."
    )


def test_a_run_that_judged_nothing_claims_no_score() -> None:
    text = printed(audits.empty_audit())
    assert "No trust score: nothing could be judged." in text
    assert "the table has no rows" in text
    assert "100" not in text


def test_there_is_colour_on_a_terminal_and_none_in_a_pipe() -> None:
    assert "\x1b[" in printed(audits.sales_audit(), terminal=True)
    assert "\x1b" not in printed(audits.sales_audit())


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", printed(audits.sales_audit(), terminal=True))


def test_text_of_the_data_cannot_drive_the_terminal() -> None:
    text = printed(audits.sales_audit(), show_passed=True)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert "**won**\\n" in text


def test_names_that_look_like_markup_are_printed_as_they_are() -> None:
    assert "<script>alert(1)</script> pattern" in printed(audits.sales_audit(), 140)


def test_an_unreadable_table_says_why_once() -> None:
    assert printed(audits.sales_audit()).count("permission denied") == 1


def test_every_check_that_was_not_judged_says_why() -> None:
    text = " ".join(printed(audits.sales_audit()).split())
    assert "the pattern is not a valid regular expression: missing closing ]" in text
    assert "no row is in the scope of this check" in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (3.9, "3.9 s"), (119.96, "120.0 s"), (125, "2 min 5 s"), (7300, "2 h 1 min")]
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_one_is_singular() -> None:
    assert [count_text(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]


def tell(progress: ProgressEvents) -> None:
    progress.phase("reading")
    progress.table_started("leads", 10)
    progress.rows_read("leads", 4)
    progress.rows_read("leads", 40)
    progress.rows_read("unknown", 1)
    progress.table_started("no estimate", None)
    progress.rows_read("no estimate", 7)
    progress.check_done("before it was planned")
    progress.phase("checking")
    progress.checks_planned(3)
    progress.checks_planned(2)
    progress.check_done("a")


def test_progress_shows_tables_rows_and_checks_on_a_terminal() -> None:
    out = io.StringIO()
    with AuditProgress(Console(file=out, force_terminal=True, width=120, legacy_windows=False)) as progress:
        tell(progress)
    text = out.getvalue()
    assert "1 of 5 checks" in text
    assert "2 tables read" in text


def test_progress_is_silent_in_a_pipe() -> None:
    out = io.StringIO()
    with AuditProgress(Console(file=out)) as progress:
        tell(progress)
    assert out.getvalue().strip() == ""
    tell(SilentProgress())
