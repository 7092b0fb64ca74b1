"""Audit → tables and one summary line on a console. Colour only where the console has it; signs say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import CheckResult, Evidence, Outcome, TableShape
from observer.checks.score import FieldScore, field_scores, is_broken
from observer.checks.words import percent_text
from observer.reports.disclosure import showable
from observer.reports.sentences import (
    SIGNS,
    count_text,
    failed_rows_text,
    field_text,
    reason_text,
    segment_text,
    summary_line,
)
from observer.reports.visible import shown_value, visible

#: Fields shown in the scorecard; the page has all of them.
SCORECARD_FIELDS = 15
#: From this many columns on, owners are shown whole.
_WIDE = 110
#: From this many columns on, the scorecard has its less telling columns.
_ROOMY = 90
_STYLES = {
    Outcome.PASSED: "green",
    Outcome.WARNED: "yellow",
    Outcome.FAILED: "red",
    Outcome.ERRORED: "magenta",
    Outcome.SKIPPED: "dim",
}


def render_terminal(audit: Audit, console: Console, *, show_passed: bool = False) -> None:
    """Print a table per object, the field scorecard and, last, the summary line (never broken by us)."""
    audit = showable(audit)
    for part in audit.contracts:
        evidence = {e.check_id: e for e in part.evidence}
        for name in dict.fromkeys([*(t.object for t in part.tables), *(r.spec.object for r in part.results)]):
            _print_object(console, part, name, evidence, show_passed=show_passed)
    _print_scorecard(console, field_scores(audit))
    console.print(Text(summary_line(audit), style="bold"), soft_wrap=True)


def _print_object(
    console: Console, part: ContractAudit, name: str, evidence: dict[str, Evidence], *, show_passed: bool
) -> None:
    results = [r for r in part.results if r.spec.object == name]
    shape = next((t for t in part.tables if t.object == name), None)
    console.print(_heading(part, name, shape))
    if shape is not None and shape.error is not None:
        console.print(Text(f"{SIGNS[Outcome.ERRORED]} could not be read: {visible(shape.error)}", style="magenta"))
    for note in shape.notes if shape is not None else ():
        console.print(Text(f"  assumed: {visible(note)}", "dim"))
    passed = [r for r in results if r.outcome is Outcome.PASSED]
    shown = [r for r in results if show_passed or r.outcome is not Outcome.PASSED]
    if shown:
        console.print(_checks_table(console, shown))
    for line in _notes(shown, evidence, shape.error if shape else None):
        console.print(Text(f"  {line}", "dim"))
    if passed and not show_passed:
        console.print(Text(f"{SIGNS[Outcome.PASSED]} {count_text(len(passed), 'check')} passed", style="green"))
    if not results:
        console.print(Text("no checks", style="dim"))
    console.print()


def _heading(part: ContractAudit, name: str, shape: TableShape | None) -> Text:
    rows = count_text(shape.rows, "row") if shape is not None and shape.rows is not None else "rows not counted"
    heading = Text(visible(name), style="bold")
    return heading.append(f"  {rows}, contract {visible(part.contract.id)} {visible(part.contract.version)}", "dim")


def _grid(*columns: str) -> Table:
    """A table whose columns ending in "#" hold numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for name in columns:
        table.add_column(
            name.removesuffix("#"), justify="right" if name.endswith("#") else "left", overflow="fold", vertical="top"
        )
    return table


def _checks_table(console: Console, results: Iterable[CheckResult]) -> Table:
    table = _grid("", "Check", "Field", "Observed", "Expected", "Failed\nrows#", "Owner")
    for result in results:
        style = _STYLES[result.outcome]
        table.add_row(
            Text(SIGNS[result.outcome], style),
            Text(visible(result.spec.rule_name), style),
            Text(field_text(result)),
            Text(visible(result.observed).replace(" rows (", " (").replace(" %", "%")),
            Text(visible(result.expected)),
            Text(failed_rows_text(result), style if is_broken(result) else ""),
            Text(_owner(console, result.spec.owner)),
        )
    return table


def _owner(console: Console, owner: str | None) -> str:
    """Where room is short, an address loses its domain; the page has it whole."""
    text = visible(owner or "nobody")
    return text if console.width >= _WIDE else text.split("@")[0] or text


def _notes(shown: Iterable[CheckResult], evidence: dict[str, Evidence], table_error: str | None) -> Iterator[str]:
    """What the columns have no room for: why a check was not judged, and what helps most to mend a broken one."""
    reasons: dict[tuple[Outcome, str], list[str]] = {}
    hints: list[str] = []
    for result in shown:
        name = f"{field_text(result)} {visible(result.spec.rule_name)}"
        reason = reason_text(result)
        if reason and (table_error is None or result.measurement.error != table_error):
            reasons.setdefault((result.outcome, reason), []).append(name)
        hint = _hint(result, evidence[result.spec.id]) if result.spec.id in evidence else ""
        if hint:
            hints.append(f"{SIGNS[result.outcome]} {name}: {hint}")
    for (outcome, reason), names in reasons.items():
        yield f"{SIGNS[outcome]} {names[0] if len(names) == 1 else count_text(len(names), 'check')}: {reason}"
    yield from hints


def _hint(result: CheckResult, evidence: Evidence) -> str:
    """The one thing that helps most: the commonest wrong value, else where the failures lie."""
    if evidence.offenders:
        first = evidence.offenders[0]
        more = (evidence.offenders_total or len(evidence.offenders)) - 1
        near = f" → {visible(first.suggestion)}?" if first.suggestion else ""
        return f"{shown_value(first.value)} {first.rows:,}×{near}" + (f", {more:,} more" if more > 0 else "")
    return segment_text(evidence.segments[0], result.measurement.rows_failed) if evidence.segments else ""


def _print_scorecard(console: Console, scores: tuple[FieldScore, ...]) -> None:
    worst = [s for s in scores if s.broken or s.errored]
    if not worst:
        return
    console.print(Text("Fields, most damage first", style="bold"))
    roomy = console.width >= _ROOMY
    table = _grid(
        "Field", "Score#", *(("Filled#",) if roomy else ()), "Broken#", "Errored#", "Failed\nrows#", "Damage#", "Owner"
    )
    for score in worst[:SCORECARD_FIELDS]:
        name = f"{score.object}.{score.property}" if score.property else f"{score.object} (whole table)"
        filled = "–" if score.completeness is None else percent_text(*score.completeness.as_integer_ratio())
        table.add_row(
            Text(visible(name)),
            "–" if score.score is None else str(score.score),
            *((filled,) if roomy else ()),
            f"{score.broken} of {score.checks}",
            str(score.errored),
            "–" if score.rows_failed is None else f"{score.rows_failed:,}",
            f"{score.damage:,}",
            Text(_owner(console, score.owner)),
        )
    console.print(table)
    rest = len(worst) - SCORECARD_FIELDS
    if rest > 0:
        console.print(Text(f"… and {count_text(rest, 'more field', 'more fields')} in the report", style="dim"))
    console.print()
