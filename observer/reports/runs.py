"""Runs of the past, as the store gives them back → tables on a console.

The store is a room of its own; what is needed of its records is said here as protocols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Console
from rich.text import Text

from observer.checks.measure import Outcome
from observer.reports.sentences import SIGNS, count_text, outcomes_text, score_text, seconds_text
from observer.reports.terminal import STYLES, grid, owner_text
from observer.reports.visible import shown_value, visible

#: Characters of a run id that are shown in the list; `observer show` takes them.
ID_LENGTH = 8


class PastRun(Protocol):
    """One run, counted."""

    @property
    def id(self) -> str: ...
    @property
    def contracts(self) -> tuple[str, ...]: ...
    @property
    def source(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def passed(self) -> int: ...
    @property
    def warned(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def errored(self) -> int: ...
    @property
    def skipped(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def trust_score(self) -> int | None: ...
    @property
    def error(self) -> str | None: ...


class PastCheck(Protocol):
    """One check of a past run, in the words of its day."""

    @property
    def object(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def rows_failed(self) -> int | None: ...
    @property
    def observed(self) -> str: ...
    @property
    def expected(self) -> str: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def error(self) -> str | None: ...
    @property
    def evidence(self) -> Mapping[str, Any] | None: ...
    @property  # the last one: from here on the name means the field
    def property(self) -> str | None: ...


class PastRunInFull(Protocol):
    """One run with its checks."""

    @property
    def run(self) -> PastRun: ...
    @property
    def results(self) -> Sequence[PastCheck]: ...


def render_runs(runs: Sequence[PastRun], console: Console) -> None:
    """Print one line per run, in the order given."""
    table = grid(
        "", "Run", "Started (UTC)", "Contracts", "Passed#", "Warned#", "Failed#", "Errored#", "Rows#", "Score#"
    )
    for run in runs:
        style = STYLES[run.outcome]
        table.add_row(
            Text(SIGNS[run.outcome], style),
            Text(visible(run.id[:ID_LENGTH])),
            f"{run.started_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            Text(visible(", ".join(run.contracts))),
            f"{run.passed:,}",
            f"{run.warned:,}",
            f"{run.failed:,}",
            f"{run.errored:,}",
            f"{run.rows:,}",
            "–" if run.trust_score is None else str(run.trust_score),
        )
    console.print(table)


def render_run(past: PastRunInFull, console: Console, *, show_passed: bool = False) -> None:
    """Print the checks of one run, table by table, and one summary line."""
    run, checks = past.run, past.results
    console.print(Text(f"Run {visible(run.id)}", "bold"))
    console.print(Text(f"{run.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {visible(run.source)}", "dim"))
    if run.error is not None:
        console.print(Text(f"{SIGNS[Outcome.ERRORED]} {visible(run.error)}", STYLES[Outcome.ERRORED]))
    console.print()
    for name in dict.fromkeys(check.object for check in checks):
        _print_object(console, name, [check for check in checks if check.object == name], show_passed=show_passed)
    counts = {outcome: int(getattr(run, outcome.value)) for outcome in Outcome}
    line = (
        f"{count_text(sum(counts.values()), 'check')}, {count_text(run.rows, 'row')} in {seconds_text(run.seconds)}: "
        f"{outcomes_text(counts)}. {score_text(run.trust_score)}."
    )
    console.print(Text(line, style="bold"), soft_wrap=True)


def _print_object(console: Console, name: str, checks: Sequence[PastCheck], *, show_passed: bool) -> None:
    console.print(Text(visible(name), "bold"))
    shown = [c for c in checks if show_passed or c.outcome is not Outcome.PASSED]
    table = grid("", "Check", "Field", "Observed", "Expected", "Failed\nrows#", "Owner")
    for check in shown:
        failed = check.rows_failed if check.outcome not in {Outcome.ERRORED, Outcome.SKIPPED} else None
        table.add_row(
            Text(SIGNS[check.outcome], STYLES[check.outcome]),
            Text(visible(check.rule), STYLES[check.outcome]),
            Text(visible(check.property) if check.property else "(whole table)"),
            Text(visible(check.observed).replace(" rows (", " (").replace(" %", "%")),
            Text(visible(check.expected)),
            "–" if failed is None else f"{failed:,}",
            Text(owner_text(console, check.owner)),
        )
    if shown:
        console.print(table)
    for check in shown:
        for note in filter(None, (check.error, _wrong_value(check.evidence))):
            where = f"{check.property} {check.rule}" if check.property else check.rule
            console.print(Text(f"  {SIGNS[check.outcome]} {visible(where)}: {visible(note)}", "dim"))
    passed = sum(c.outcome is Outcome.PASSED for c in checks)
    if passed and not show_passed:
        console.print(Text(f"{SIGNS[Outcome.PASSED]} {count_text(passed, 'check')} passed", STYLES[Outcome.PASSED]))
    console.print()


def _wrong_value(evidence: Mapping[str, Any] | None) -> str:
    """The commonest wrong value, when one was kept."""
    offenders = evidence.get("offenders") if evidence else None
    if not offenders:
        return ""
    first = offenders[0]
    near = f" → {first['suggestion']}?" if first.get("suggestion") else ""
    return f"{shown_value(first['value'])} {first['rows']:,}×{near}"
