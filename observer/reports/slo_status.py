"""How service levels stand → a table on a console. Numbers and names, never a value.

A level is never told by colour alone, and never green when nobody looked or nothing counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from observer.checks.words import duration_text
from observer.reports import slo_words as words
from observer.reports.sparkline import bar, sparkline
from observer.reports.visible import visible
from observer.slo.alerts import AlertKind
from observer.slo.budget import Budget
from observer.slo.counting import Bucket
from observer.slo.model import Slo, TimeToFill
from observer.slo.standing import Condition, SloStanding

#: Burn rates that the table shows; JSON has all of them.
SHOWN_BURNS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=3))
#: From so many columns on, the table has its course and its burn rates, and when each level was looked at.
_WIDE, _ROOMY = 138, 90
#: More only where there is plenty of room: rich would take it from columns that cannot be broken.
_NAME_WIDTH, _BUDGET_WIDTH = 26, 22
#: A level that nobody looked at for so long is not known any more, when no daemon leads. When one does, runs may be
#: rarer than that; but not looks at rows, unless four of their poll intervals are longer.
LONGEST_PAUSE = timedelta(minutes=10)
_SIGNS = {
    Condition.MET: ("✓", "green"),
    Condition.BURNING: ("!", "yellow"),
    Condition.MISSED: ("✗", "red"),
    Condition.NO_DATA: ("–", "dim"),
}
_BLIND = ("?", "magenta")


@dataclass(frozen=True, kw_only=True)
class Level:
    """One SLO as it is shown."""

    slo: Slo
    #: None when nobody has counted it yet.
    standing: SloStanding | None
    #: Records per day of the window, oldest first.
    days: tuple[Bucket, ...] = ()
    #: Whether a daemon leads now, which counts.
    led: bool = True

    @property
    def condition(self) -> Condition:
        """As it was when it was last looked at."""
        return Condition.NO_DATA if self.standing is None else self.standing.condition

    @property
    def blind(self) -> str | None:
        """Why nothing is known of it now; None when it is."""
        if self.standing is None:
            return "nobody has counted it yet: `observer serve` does"
        ledger, indicator = self.standing.ledger, self.slo.indicator
        if ledger.trouble is not None:
            return ledger.trouble
        if ledger.looked_at is None:
            return "nothing was looked at yet" if isinstance(indicator, TimeToFill) else None
        pause = self.standing.at - ledger.looked_at
        if not self.led and pause > LONGEST_PAUSE:
            return f"no daemon leads, and the last look was {duration_text(pause)} ago: start `observer serve`"
        if isinstance(indicator, TimeToFill) and pause > max(LONGEST_PAUSE, 4 * indicator.poll):
            return f"nobody has looked for {duration_text(pause)}: see the log of `observer serve`"
        return None


def is_known(level: Level) -> bool:
    """Whether something counted, and somebody looked lately."""
    return level.blind is None and level.condition is not Condition.NO_DATA


def state_text(level: Level, gap: str = " ") -> Text:
    """Sign and words; `gap` stands where they may be broken."""
    sign, style = _SIGNS[level.condition]
    said = str(level.condition)
    if level.blind is not None and level.condition in {Condition.MET, Condition.NO_DATA}:
        sign, style = _BLIND
        said = "blind" if level.condition is Condition.NO_DATA else f"blind,{gap}was met"
    return Text(f"{sign} {said}", style)


def render_status(levels: Sequence[Level], console: Console, *, at: datetime) -> None:
    """A table, then what it has no room for: alerts, what nobody can see, budgets that run out."""
    wide = console.width >= _WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("State", no_wrap=True)
    more = max(0, console.width - _WIDE) // 2
    table.add_column("SLO", overflow="fold", width=_name_width(levels, _NAME_WIDTH + more))
    table.add_column("SLI,\nobjective", justify="right", no_wrap=True)
    table.add_column("Budget left", overflow="fold", max_width=_BUDGET_WIDTH + more)
    if wide:
        table.add_column("Burn\n1 h, 6 h, 3 d", no_wrap=True, justify="right")
        table.add_column("Bad per day", no_wrap=True)
    table.add_column("Unknown,\npending", justify="right", no_wrap=True)
    if console.width >= _ROOMY:
        table.add_column("Looked at", no_wrap=True)
    for level in levels:
        table.add_row(*_cells(level, at=at, wide=wide)[: len(table.columns)])
    console.print(table)
    for level in levels:
        for note in notes_of(level):
            console.print(Text(f"  {level.slo.name}: {note}", "dim"), soft_wrap=True)
    console.print(Text(summary_text(levels), style="bold"), soft_wrap=True)


def _name_width(levels: Sequence[Level], most: int) -> int:
    """As wide as the longest text in it; fixed, so that what room is short of is not taken from names to be copied."""
    return min(most, max((len(text) for each in levels for text in (each.slo.display_name, each.slo.name)), default=3))


def _cells(level: Level, *, at: datetime, wide: bool) -> list[Text | Group | str]:
    """From left to right; the last ones are left out where there is no room."""
    slo, standing = level.slo, level.standing
    name = Group(Text(visible(slo.display_name)), Text(slo.name, "dim"))
    head: list[Text | Group | str] = [state_text(level, gap="\n  "), name]
    objective = words.objective_text(slo.target)
    if standing is None:
        return [*head, f"–\n{objective}", Text("no data", "dim"), *(["–", ""] if wide else []), "–", "never"]
    sli = words.level_text(standing.budget.counts.sli, slo.target)
    middle: list[Text | Group | str] = [f"{sli}\n{objective}", _budget_cell(standing.budget, slo)]
    if wide:
        middle.append(" ".join(words.factor_text(standing.burns.get(span)) for span in SHOWN_BURNS))
        middle.append(sparkline(bad_per_stretch(level.days)))
    beside = f"{standing.budget.counts.unknown:,}\n{standing.ledger.pending:,}"
    return [*head, *middle, beside, words.ago_text(standing.ledger.looked_at, at, roughly=True)]


def _budget_cell(budget: Budget, slo: Slo) -> Text | Group:
    said = words.budget_text(budget, words.counted_noun(slo))
    share = words.left_share(budget)
    if share is None:
        return Text(said, "dim" if budget.counts.sli is None else "")
    return Group(Text(f"{bar(share)} {words.share_text(share)}"), Text(said, "dim"))


def bad_per_stretch(stretches: Sequence[Bucket]) -> list[int | None]:
    """Bad records of each; None where none counted."""
    return [int(each.counts.bad) if each.counts.eligible else None for each in stretches]


def notes_of(level: Level) -> list[str]:
    """What numbers do not tell: why nobody can see it, its alerts, when its budget runs out."""
    found: list[str] = []
    if level.blind is not None:
        found.append(f"cannot be seen: {visible(level.blind)}")
    if level.standing is not None:
        for each in level.standing.ledger.alerts:
            is_unknown = each.alert.kind is AlertKind.UNKNOWN
            noun = words.record_noun(level.slo) if is_unknown else words.counted_noun(level.slo)
            since = words.moment_text(each.since)
            found.append(f"{words.alert_text(each.alert, noun)}, since {since}")
        lasts = level.standing.exhausted_in
        if lasts is not None and timedelta() < lasts < level.slo.window.span:
            found.append(f"at the rate of the last day the budget lasts {duration_text(lasts)} more")
        if level.standing.ledger.undatable:
            found.append(words.undatable_text(level.standing.ledger.undatable))
    return found


def summary_text(levels: Sequence[Level]) -> str:
    """ "6 SLOs: 1 missed, 1 burning, 1 not known, 3 met"."""
    told = {Condition.MISSED, Condition.BURNING}
    names = [str(level.condition) if level.condition in told or is_known(level) else "not known" for level in levels]
    said = ", ".join(
        f"{names.count(name)} {name}" for name in ("missed", "burning", "not known", "met") if name in names
    )
    return f"{len(levels)} SLO{'' if len(levels) == 1 else 's'}: {said}"
