"""Service levels in the words that every report uses. SLOs, budgets and spans in, text out. No rounding makes a level
look better than it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from observer.checks.words import duration_text, list_text, number_text
from observer.reports.visible import visible
from observer.slo.alerts import Alert, AlertKind
from observer.slo.budget import Budget
from observer.slo.burn import BurnRule
from observer.slo.model import (
    CheckHolds,
    CheckRows,
    Method,
    RollingWindow,
    RunSuccess,
    Slo,
    TimeToFill,
    ValidWrites,
)

_UNITS = {"d": "day", "w": "week", "M": "month", "Q": "quarter", "Y": "year"}
_DAY = timedelta(days=1)


def objective_text(target: Fraction) -> str:
    """Exactly as written: "99.5 %"; a target that no decimal number says is rounded up to six digits."""
    percent = target * 100
    for digits in range(7):
        if (percent * 10**digits).denominator == 1:
            return f"{float(percent):.{digits}f} %"
    return f"{-(-percent.numerator * 10**6 // percent.denominator) / 10**6:.6f} %"


def level_text(sli: Fraction | None, target: Fraction) -> str:
    """An SLI with one digit more than its objective, two at least, cut off: 99.499 % is never "99.50 %"."""
    if sli is None:
        return "–"
    digits = max(2, len(objective_text(target).removesuffix(" %").partition(".")[2]) + 1)
    cut = sli * 100 * 10**digits // 1
    return f"{cut // 10**digits}.{cut % 10**digits:0{digits}d} %"


def share_text(share: Fraction | None) -> str:
    """ "44 %", "-48 %", cut towards less; "–" for None."""
    if share is None:
        return "–"
    percent = share * 100
    return "<1 %" if 0 < percent < 1 else f"{percent // 1:,} %"


def factor_text(burn: Fraction | None) -> str:
    """A burn rate: "0.4×", "13.4×", "200×"; "–" where nothing counted."""
    if burn is None:
        return "–"
    return f"{float(burn):,.1f}×" if burn < 100 else f"{float(burn):,.0f}×"


def counted_noun(slo: Slo) -> str:
    """What the budget is counted in: "leads", "glances", "slots", "slices of 1 h"."""
    if slo.method is not Method.OCCURRENCES and slo.slice_span is not None:
        return f"slices of {duration_text(slo.slice_span)}"
    return record_noun(slo)


def record_noun(slo: Slo) -> str:
    """What is good or bad in the first place: "leads", "glances", "slots"."""
    indicator = slo.indicator
    if isinstance(indicator, CheckHolds):
        return "glances"
    if isinstance(indicator, RunSuccess):
        return "slots"
    if isinstance(indicator, TimeToFill | ValidWrites):
        return visible(indicator.object)
    return visible(slo.object or "records")


def budget_text(budget: Budget, noun: str) -> str:
    """ "11 of 25 bad leads left"; "bad leads: 12 too many (25 allowed)"."""
    if budget.counts.sli is None:
        return "no data"
    if budget.left < 0:
        return f"bad {noun}: {-budget.left:,} too many ({budget.allowed:,} allowed)"
    return f"{budget.left:,} of {budget.allowed:,} bad {noun} left"


def left_share(budget: Budget) -> Fraction | None:
    """Part of the budget that is left, negative when overspent; None for no data or no budget."""
    return None if budget.spent_share is None else 1 - budget.spent_share


def window_text(slo: Slo) -> str:
    """ "the last 28 days"; "2 months of the calendar (Europe/Berlin)"."""
    window = slo.window
    if isinstance(window, RollingWindow):
        return f"the last {span_words(window.span)}"
    unit = _UNITS[window.unit]
    return f"{window.count} {unit}{'' if window.count == 1 else 's'} of the calendar ({window.zone})"


def span_words(span: timedelta) -> str:
    """ "28 days", "6 h"."""
    days, rest = divmod(span, _DAY)
    return duration_text(span) if rest or not days else f"{days:,} day{'' if days == 1 else 's'}"


def sentence_of(slo: Slo) -> str:
    """What is counted, in one sentence."""
    indicator, noun = slo.indicator, record_noun(slo)
    if isinstance(indicator, TimeToFill):
        held, deadline = held_text(indicator, holds=True), duration_text(indicator.deadline)
        said = f"Of {noun}, those are good whose {held} at their deadline, {deadline} after their event time"
    elif isinstance(indicator, CheckRows):
        said = f"Of {noun} that check {visible(indicator.check)} tested, those are good that did not fail it"
    elif isinstance(indicator, CheckHolds):
        said = f"Of {noun}, those are good that found check {visible(indicator.check)} kept"
    elif isinstance(indicator, ValidWrites):
        said = f"Of {noun} that were written between two snapshots, those are good that failed no check"
    else:
        said = f"Of slots of contract {visible(indicator.contract)}, those are good whose run could look at everything"
    return f"{said}{_slices(slo)}."


def held_text(indicator: TimeToFill, *, holds: bool) -> str:
    """ "email was filled", "email broke format or required"."""
    rules = sorted({visible(check.rpartition(".")[2]) for check in indicator.checks})
    name = visible(indicator.property)
    if rules == ["required"]:
        return f"{name} was {'filled' if holds else 'empty'}"
    return f"{name} {'kept' if holds else 'broke'} {list_text(rules, word='and' if holds else 'or')}"


def _slices(slo: Slo) -> str:
    if slo.slice_span is None:
        return ""
    span = duration_text(slo.slice_span)
    if slo.method is Method.RATIO_TIMESLICES:
        return f"; each slice of {span} counts by its share of them"
    return f"; a slice of {span} is good when {objective_text(slo.slice_target or Fraction(1))} of them are"


def rule_text(rule: BurnRule) -> str:
    """ "1 h and 5 min"."""
    return f"{duration_text(rule.long)} and {duration_text(rule.short)}"


def alert_text(alert: Alert, noun: str) -> str:
    """ "page: burns 14.2× over 1 h and 5 min, 31 of 120 leads bad"."""
    of = f"{number_text(alert.bad)} of {number_text(alert.eligible)} {noun}"
    if alert.kind is AlertKind.BURN and alert.rule is not None:
        return f"{alert.urgency}: burns {factor_text(alert.burn)} over {rule_text(alert.rule)}, {of} bad"
    if alert.kind is AlertKind.SPENT:
        return f"{alert.urgency}: the budget is nearly spent, or overspent, {of} bad"
    return f"{alert.urgency}: too much is unknown, {of}"


def moment_text(moment: datetime) -> str:
    """ "2026-11-22 10:06:12 UTC"."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


#: What a rough time is told in, else seconds.
_ROUGHLY = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))


def ago_text(moment: datetime | None, at: datetime, *, roughly: bool = False) -> str:
    """ "2 min 5 s ago", or roughly "2 min ago"; "never"; what lies ahead of `at`, by another clock, is "now"."""
    if moment is None:
        return "never"
    span = at - moment
    if span < timedelta(seconds=1):
        return "now"
    if roughly:
        span -= span % next((unit for unit in _ROUGHLY if unit <= span), timedelta(seconds=1))
    return f"{duration_text(span)} ago"


def undatable_text(rows: int) -> str:
    """Rows that no level can count."""
    return f"{rows:,} {'row has' if rows == 1 else 'rows have'} no usable event time, and so no deadline"
