"""What a check asks for, in a few words: CheckSpec in, text out. Pure.

Allowed values and bounds are the contract's own, so they may be shown of a restricted field too; no value of a row is
ever here. Long ones are counted or left to the check's statement: this stands in a column of a table.
"""

from __future__ import annotations

from observer.checks import rules
from observer.checks.spec import NO_ROW_FAILS, CheckSpec
from observer.checks.words import comparison_text, duration_text, list_text, number_text, value_text
from observer.contracts.model import Unit

#: Longest list of values, or pattern, that is shown in full.
LONGEST = 30
_FORMATS = {
    "email": "an e-mail address",
    "uuid": "a UUID",
    "uri": "a URI",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "byte": "Base64",
    "date": "a date (ISO 8601)",
    "date-time": "a date and time (ISO 8601)",
    "time": "a time of day (ISO 8601)",
}


def expected_text(spec: CheckSpec) -> str:
    """ "present", "0 to 100", "exists in users.id"; with a threshold of its own, that: "at most 0.5 %"."""
    asked = _asked(spec.rule)
    by_itself = isinstance(spec.rule, rules.Fresh | rules.HasPhysicalType | rules.Expectation)
    if asked is not None and (by_itself or spec.threshold == NO_ROW_FAILS):
        return asked
    text = comparison_text(spec.threshold)
    return text if spec.threshold.unit is Unit.PERCENT or isinstance(spec.rule, rules.SqlValue) else f"{text} rows"


def _asked(rule: rules.Rule) -> str | None:
    """What the rule asks of every row that it tests; None when only the threshold says."""
    match rule:
        case rules.HasType(logical_type=kind):
            return f"type {kind}" if kind else "the column exists"
        case rules.HasPhysicalType(physical_type=name) | rules.Expectation(type=name):
            return name
        case rules.Present():
            return "present"
        case rules.InSet(values=values):
            shown = list_text(values)
            return shown if len(shown) <= LONGEST else f"one of {len(values):,} values"
        case rules.MatchesPattern(pattern=pattern, format=form):
            matches = f"matches {pattern}" if len(pattern) <= LONGEST else "matches its pattern"
            return _FORMATS.get(form or "", matches)
        case rules.InRange():
            return _range_text(rule)
        case rules.LengthInRange(minimum=low, maximum=high):
            return _length_text(low, high)
        case rules.MultipleOf(factor=factor):
            return f"a multiple of {number_text(factor)}"
        case rules.Unique(columns=columns):
            return "unique" if len(columns) == 1 else "unique together"
        case rules.References(to_table=table, to_columns=(column,)):
            return f"exists in {table}.{column}"
        case rules.References(to_table=table, to_columns=columns):
            return f"exists in {table} ({', '.join(columns)})"
        case rules.Fresh(limit=limit, calendar=calendar):
            return f"at most {duration_text(limit)} old{' in open hours' if calendar else ''}"
        case rules.Kept(limit=limit):
            return f"at most {duration_text(limit)} old"
        case rules.Lag(since=since, limit=limit):
            return f"at most {duration_text(limit)} after {since}"
        case rules.RowCount() | rules.SqlValue():
            return None


def _range_text(rule: rules.InRange) -> str:
    low = None if rule.minimum is None else value_text(rule.minimum)
    high = None if rule.maximum is None else value_text(rule.maximum)
    if low is not None and high is not None and not rule.exclusive_minimum and not rule.exclusive_maximum:
        return f"{low} to {high}"
    above = None if low is None else f"{'more than' if rule.exclusive_minimum else 'at least'} {low}"
    below = None if high is None else f"{'less than' if rule.exclusive_maximum else 'at most'} {high}"
    return " and ".join(part for part in (above, below) if part) or "any value"


def _length_text(low: int | None, high: int | None) -> str:
    if high is None:
        return _characters("at least", low) if low is not None else "any length"
    if not low:
        return _characters("at most", high)
    return _characters("exactly", high) if low == high else _characters(f"{low:,} to", high)


def _characters(words: str, count: int) -> str:
    return f"{words} {count:,} character{'' if count == 1 else 's'}"
