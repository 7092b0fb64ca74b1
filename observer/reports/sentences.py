"""The sentences that several reports share. Audit in, text out."""

from __future__ import annotations

from collections.abc import Mapping

from observer.checks.audit import Audit, count_outcomes
from observer.checks.measure import CheckResult, Outcome, Segment
from observer.checks.score import trust_score
from observer.checks.words import duration_text
from observer.reports.visible import shown_value, visible

#: Sign and word of an outcome: it is never told by colour alone.
SIGNS = {
    Outcome.PASSED: "✓",
    Outcome.WARNED: "!",
    Outcome.FAILED: "✗",
    Outcome.ERRORED: "?",
    Outcome.SKIPPED: "–",
}


def count_text(count: int, one: str, many: str = "") -> str:
    """ "1 table", "8,800 rows"."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def seconds_text(seconds: float) -> str:
    """ "3.9 s"; from two minutes on "2 min 5 s"."""
    return f"{seconds:.1f} s" if seconds < 120 else duration_text(seconds)


def summary_line(audit: Audit) -> str:
    """The one line that says it all. What is unknown is said: unread tables, no score."""
    tables = [t for part in audit.contracts for t in part.tables]
    unread = sum(t.error is not None for t in tables)
    counts = count_outcomes(audit.results)
    unread_text = f" ({unread} could not be read)" if unread else ""
    return (
        f"Audited {count_text(len(tables), 'table')}{unread_text}, {count_text(audit.rows, 'row')}, "
        f"{count_text(len(audit.results), 'check')} in {seconds_text(audit.seconds)}: {outcomes_text(counts)}. "
        f"{score_text(trust_score(audit.results))}."
    )


def outcomes_text(counts: Mapping[Outcome, int]) -> str:
    """ "71 passed, 3 warned, 12 failed, 1 errored"; skipped ones only when there are some."""
    return ", ".join(f"{counts[o]:,} {o}" for o in Outcome if o is not Outcome.SKIPPED or counts[o])


def score_text(score: int | None) -> str:
    return "No trust score: nothing could be judged" if score is None else f"Trust score {score}"


def field_text(result: CheckResult) -> str:
    """Name of the field, or "(whole table)"."""
    return visible(result.spec.property) if result.spec.property else "(whole table)"


def failed_rows_text(result: CheckResult) -> str:
    """ "1,480"; "–" when rows were not counted. Never 0 for "not measured"."""
    failed = result.measurement.rows_failed
    return "–" if failed is None or result.outcome in {Outcome.ERRORED, Outcome.SKIPPED} else f"{failed:,}"


def reason_text(result: CheckResult) -> str:
    """Why a check was not judged; empty when it was."""
    if result.outcome is Outcome.ERRORED:
        return visible(result.measurement.error or "no reason was given")
    return visible(result.measurement.skipped or "") if result.outcome is Outcome.SKIPPED else ""


def segment_text(segment: Segment, rows_failed: int | None) -> str:
    """ "1,480 of 1,480 failures have product = GTXPro (5.9 × the usual rate)"."""
    total = f" of {rows_failed:,}" if rows_failed else ""
    lift = f" ({segment.lift:.1f} × the usual rate)" if segment.lift >= 1.05 else ""
    return (
        f"{segment.rows_failed:,}{total} failures have {visible(segment.column)} = {shown_value(segment.value)}{lift}"
    )
