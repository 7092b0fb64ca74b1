"""What a service level would have said of a range → words and a small picture on a console."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rich.console import Console
from rich.table import Table
from rich.text import Text

from observer.checks.words import duration_text, number_text, percent_text
from observer.reports import slo_words as words
from observer.reports.slo_status import bad_per_stretch
from observer.reports.sparkline import bar, sparkline
from observer.reports.visible import visible
from observer.slo.alerts import AlertKind
from observer.slo.backtest import DAY, Backtest
from observer.slo.burn import Urgency
from observer.slo.model import Method, Slo, TimeToFill
from observer.slo.walk import Fired
from observer.slo.windows import MINUTE

#: Alerts that are listed; JSON has all of them.
MOST_ALERTS = 20


def render_backtest(found: Backtest, console: Console, *, notes: Sequence[str] = ()) -> None:
    """The share of unknown comes first where it is large: then every other number says little. `notes` come last."""
    slo = found.slo
    console.print(Text.assemble((visible(slo.display_name), "bold"), f"  {slo.name}"), soft_wrap=True)
    console.print(Text(words.sentence_of(slo)), soft_wrap=True)
    begins, ends = words.moment_text(found.begins), words.moment_text(found.ends)
    said = f"From {begins} to {ends}, by the evidence that is there now."
    console.print(Text(said, "dim"), soft_wrap=True)
    console.print()
    share = found.records.unknown_share
    is_large = share is not None and share > slo.unknown_limit
    if is_large:
        console.print(Text(_unknown_text(found), "magenta"), soft_wrap=True)
        console.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(found):
        facts.add_row(name, value)
    console.print(facts)
    if found.records.eligible:
        _print_course(found, console)
    console.print()
    for text in _alerts(found):
        console.print(Text(text), soft_wrap=True)
    for note in ([] if is_large or not found.records.unknown else [_unknown_text(found)]) + list(notes):
        console.print(Text(visible(note), "dim"), soft_wrap=True)


def _unknown_text(found: Backtest) -> str:
    """How much could not be judged, and why."""
    slo, records = found.slo, found.records
    noun = words.record_noun(slo)
    total = int(records.eligible) + records.unknown
    said = f"{percent_text(records.unknown, total)} unknown: "
    of = f"{records.unknown:,} of {total:,} {noun}"
    if not isinstance(slo.indicator, TimeToFill):
        return f"{said}{of} could not be looked at."
    if slo.indicator.history is not None:
        return f"{said}{of} were written after their deadline, and their history does not reach back to it."
    return (
        f"{said}{of} were written after their deadline, or do not say when, and nothing tells what they held at it. "
        "A daemon that watches knows it, and so does a `history` in slo.yaml."
    )


def _facts(found: Backtest) -> Iterator[tuple[str, str]]:
    slo, records = found.slo, found.records
    noun = words.record_noun(slo)
    total = records.eligible + records.unknown
    parts = [(records.good, "good"), (records.bad, "bad"), (records.unknown, "unknown")]
    each = ", ".join(f"{number_text(count)} {name}{_of(count, total)}" for count, name in parts)
    yield "Judged", f"{number_text(total)} {noun}: {each}"
    sli = words.level_text(found.counted.sli, slo.target)
    if found.counted.sli is None:
        sli = "no data: nothing could be judged"
    elif slo.method is not Method.OCCURRENCES:
        sli += f" of {number_text(found.counted.eligible)} {words.counted_noun(slo)}"
    if records.unknown and found.sli.least is not None:
        least, most = (words.level_text(end, slo.target) for end in (found.sli.least, found.sli.most))
        sli += f"; from {least}, if all unknown {noun} were bad, to {most}, if all were good"
    yield "SLI", sli
    yield "Objective", f"{words.objective_text(slo.target)} over {words.window_text(slo)}"
    share = words.left_share(found.budget)
    drawn = f"{bar(share)} {words.share_text(share)}, " if share is not None else ""
    over = "" if found.window_is_whole else f", over these {_range_text(found)} only"
    yield "Budget", f"{drawn}{words.budget_text(found.budget, words.counted_noun(slo))}{over}"
    yield "Attainable", _objective_text(found)


def _range_text(found: Backtest) -> str:
    """In whole minutes: it begins with one."""
    return duration_text((found.ends - found.begins) // MINUTE * MINUTE)


def _of(count: int | Fraction, total: int | Fraction) -> str:
    return f" ({percent_text(int(count), int(total))})" if total else ""


def _objective_text(found: Backtest) -> str:
    if found.budget.counts.sli is None:
        return "no objective can be told without data"
    if found.objective is None:
        return "no objective would have left 20 % of its budget"
    return f"{words.objective_text(found.objective)} would have left 20 % of the budget"


def _print_course(found: Backtest, console: Console) -> None:
    bad = bad_per_stretch(found.stretches)
    most = max((number for number in bad if number is not None), default=0)
    days, form = found.grain // DAY, "%Y-%m-%d" if found.grain >= DAY else "%Y-%m-%d %H:%M"
    stretch = "hour" if not days else "day" if days == 1 else f"{days} days"
    ends = f"{found.stretches[0].begins:{form}} to {found.stretches[-1].begins:{form}}"
    console.print()
    said = f"Bad {words.record_noun(found.slo)} per {stretch} (UTC) from {ends}, {most:,} at most"
    console.print(Text(said, "dim"), soft_wrap=True)
    console.print(Text(sparkline(bad)))


def _alerts(found: Backtest) -> Iterator[str]:
    if not found.slo.burn_rules:
        yield _no_alerts(found.slo)
        return
    pages = sum(alert.urgency is Urgency.PAGE for alert in found.alerts)
    tickets = len(found.alerts) - pages
    count = f"{_counted(pages, 'page')}, {_counted(tickets, 'ticket')}"
    yield f"Had counting begun then, these alerts would have been told: {count}."
    for alert in found.alerts[-MOST_ALERTS:]:
        yield f"  {_alert_text(alert)}"
    if (more := len(found.alerts) - MOST_ALERTS) > 0:
        yield f"  … and {more:,} earlier ones"


def _no_alerts(slo: Slo) -> str:
    if slo.target == 1:
        return "No alerts: an objective of 100 % has no budget that could burn."
    if slo.alerts:
        return "No alerts: under this objective no pair of windows could ever fire."
    return "No alerts: no alert policy is attached."


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _alert_text(alert: Fired) -> str:
    """ "page from 2026-11-20 10:06 UTC for 34 min: 1 h and 5 min burned 20.1×"."""
    lasted = "and open still" if alert.until is None else f"for {duration_text(alert.until - alert.since)}"
    when = f"{alert.urgency:<6} from {alert.since:%Y-%m-%d %H:%M} UTC {lasted}"
    if alert.kind is AlertKind.BURN and alert.rule is not None:
        return f"{when}: {words.rule_text(alert.rule)} burned {words.factor_text(alert.level)}"
    return f"{when}: {words.share_text(alert.level)} of the budget was spent"
