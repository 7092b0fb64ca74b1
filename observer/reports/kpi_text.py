"""How a span went → tables and sentences on a console. Numbers and names, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from observer.checks.score import SCORE_FORMULA
from observer.incidents.kpis import ContractKpis, Figures, Review
from observer.incidents.times import Spread
from observer.reports import kpi_words as words
from observer.reports.kpi_tiles import tiles
from observer.reports.visible import visible

#: Columns from which tables have a column for every time.
_WIDE = 100
#: Broken promises and elements that are listed; JSON has all.
MOST_LISTED = 20


def render_review(review: Review, console: Console) -> None:
    """The answer first, then figures beside those of the span before, then what needs somebody."""
    now = review.now
    _say(console, words.headline(review), "bold")
    for limit in words.limits(now):
        _say(console, limit, "magenta")
    if not now.is_known:
        return
    console.print()
    console.print(_figures(review))
    for title, table in (("By contract", _contracts(review, console)), ("By owner", _owners(review, console))):
        if table.row_count:
            _say(console, f"\n{title}", "bold")
            console.print(table)
    for title, lines in _sections(review):
        if lines:
            _say(console, f"\n{title}", "bold")
            for line in lines[:MOST_LISTED]:
                _say(console, f"  {line}")
            if (more := len(lines) - MOST_LISTED) > 0:
                _say(console, f"  … and {more:,} more", "dim")


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text("\n".join(visible(line) for line in text.split("\n")), style), soft_wrap=True)


def _figures(review: Review) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("")
    table.add_column(review.now.span.name, justify="right", overflow="fold")
    table.add_column(review.now.span.before_name.removeprefix("the "), justify="right", overflow="fold")
    table.add_column("", overflow="fold", style="dim")
    for tile in tiles(review):
        colour = {"failed": "red", "errored": "magenta"}.get(tile.tone, "")
        before = words.NOT_KNOWN if tile.before is None else tile.before
        table.add_row(tile.name, Text(visible(tile.value), colour), visible(before), Text(visible(tile.note)))
    return table


def _contracts(review: Review, console: Console) -> Table:
    table = _table("Contract", console)
    table.add_column("Trust", justify="right", no_wrap=True)
    table.add_column("Promises", overflow="fold")
    for each in review.now.contracts:
        promises = "\n".join(f"{words.promise_text(clause)}: {words.clause_text(clause)}" for clause in each.clauses)
        table.add_row(*_cells(_name(each), each.figures, console), _trust(each), promises or "–")
    return table


def _name(contract: ContractKpis) -> str:
    return f"{words.contract_text(contract.contract)}{' (watched no more)' if contract.is_gone else ''}"


def _trust(contract: ContractKpis) -> str:
    return "–" if contract.trust is None or contract.trust.score is None else str(contract.trust.score)


def _owners(review: Review, console: Console) -> Table:
    table = _table("Owner", console)
    for name, figures in review.now.owners.items():
        table.add_row(*_cells(name or words.NOBODY, figures, console))
    return table


def _table(first: str, console: Console) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(first, overflow="fold")
    table.add_column("Opened,\nopen still", justify="right", no_wrap=True)
    names = ("Detect", "Notify", "Acknowledge", "Resolve") if console.width >= _WIDE else ("Acknowledge", "Resolve")
    for name in names:
        table.add_column(f"{name}:\nhalf, 9 of 10", no_wrap=True)
    return table


def _cells(name: str, figures: Figures, console: Console) -> list[Text | str]:
    pace = figures.pace
    spreads = [pace.acknowledge, pace.resolve]
    if console.width >= _WIDE:
        spreads = [pace.detect, pace.notify, *spreads]
    return [Text(visible(name)), f"{pace.incidents:,}\n{pace.still_open:,}", *(_spread(each) for each in spreads)]


def _spread(spread: Spread) -> str:
    if not spread.known:
        return words.NOT_KNOWN if spread.of else "–"
    partly = f"\n{spread.known:,} of {spread.of:,} known" if spread.known < spread.of else ""
    bound = "at most\n" if spread.is_bound else ""
    return f"{bound}{words.time_text(spread.median)}, {words.time_text(spread.p90)}{partly}"


def _sections(review: Review) -> Iterator[tuple[str, Sequence[str]]]:
    now = review.now
    yield "Broken promises", tuple(_broken(review))
    trusts = [words.trust_text(each) for each in now.contracts if each.trust is not None]
    yield "Trust, after the last full run", [*trusts, SCORE_FORMULA] if trusts else []
    missing = now.elements.missing
    yield (
        f"Critical elements without owner or SLO ({len(missing):,} of {len(now.elements.elements):,})",
        [
            f"{each.contract}.{each.table}.{each.property}: "
            + " and ".join(["no owner"] * (each.owner is None) + ["no SLO"] * (not each.levels))
            for each in missing
        ],
    )
    yield "What changed", tuple(words.changes(review))


def _broken(review: Review) -> Iterator[str]:
    for clause in review.now.clauses:
        if clause.broken:
            counts = words.clause_text(clause)
            worst = words.worst_text(clause)
            yield f"{clause.contract}: {words.promise_text(clause)}: {counts}; longest {worst}"
