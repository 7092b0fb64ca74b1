"""How one service level stands → the same at length, on a console."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from observer.checks.words import duration_text, number_text
from observer.reports import slo_words as words
from observer.reports.slo_status import Level, bad_per_stretch, notes_of, state_text
from observer.reports.sparkline import bar, sparkline
from observer.reports.visible import visible
from observer.slo.model import Slo
from observer.slo.standing import BURN_SPANS, SloStanding


def render_level(level: Level, console: Console) -> None:
    """What is counted, what came of it, since when, and whose it is."""
    slo = level.slo
    heading = Text.assemble((visible(slo.display_name), "bold"), f"  {slo.name}, service {slo.service}")
    console.print(heading, soft_wrap=True)
    console.print(state_text(level))
    console.print(Text(words.sentence_of(slo)), soft_wrap=True)
    if slo.description:
        console.print(Text(visible(slo.description), "dim"), soft_wrap=True)
    console.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, said in _facts(slo, level.standing):
        facts.add_row(name, said)
    console.print(facts)
    for note in notes_of(level):
        console.print(Text(note[:1].upper() + note[1:] + "."), soft_wrap=True)
    if any(day.counts.eligible for day in level.days):
        _print_course(level, console)


def _facts(slo: Slo, standing: SloStanding | None) -> Iterator[tuple[str, str]]:
    yield "Objective", f"{words.objective_text(slo.target)} over {words.window_text(slo)}"
    yield "Owner", visible(slo.owner or "nobody")
    if standing is None:
        return
    ledger, budget = standing.ledger, standing.budget
    noun = words.counted_noun(slo)
    yield "Window", f"since {words.moment_text(standing.window_begins)}"
    yield "SLI", words.level_text(budget.counts.sli, slo.target)
    counts = budget.counts
    yield "Counted", f"{number_text(counts.good)} good, {number_text(counts.bad)} bad {noun}"
    beside = f"{counts.unknown:,} unknown, {counts.withdrawn:,} withdrawn in the window"
    yield "Beside", f"{beside}; {ledger.pending:,} pending now"
    share = words.left_share(budget)
    drawn = f"{bar(share)} {words.share_text(share)}, " if share is not None else ""
    yield "Budget", f"{drawn}{words.budget_text(budget, noun)}"
    burns = [f"{duration_text(span)} {words.factor_text(standing.burns.get(span))}" for span in BURN_SPANS]
    yield "Burn", f"{', '.join(burns)}, window {words.factor_text(standing.burn)}"
    yield "Counts since", words.moment_text(ledger.counts_since)
    revision = f" ({slo.revision[:8]})" if slo.revision else ""
    yield "Revision since", f"{words.moment_text(ledger.revision_since)}{revision}"
    looked = "" if ledger.looked_at is None else f", {words.moment_text(ledger.looked_at)}"
    yield "Looked at", f"{words.ago_text(ledger.looked_at, standing.at)}{looked}"


def _print_course(level: Level, console: Console) -> None:
    bad = bad_per_stretch(level.days)
    most = max((number for number in bad if number is not None), default=0)
    first, last = level.days[0].begins, level.days[-1].begins
    said = (
        f"Bad {words.record_noun(level.slo)} per day (UTC) from {first:%Y-%m-%d} to {last:%Y-%m-%d}, {most:,} at most"
    )
    console.print()
    console.print(Text(said, "dim"), soft_wrap=True)
    console.print(Text(sparkline(bad)))
