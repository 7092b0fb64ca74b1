"""What a check asks for, in a few words: CheckSpec in, text out. Pure.

Allowed values and bounds are the contract's own, so they may be shown of a restricted field too; no value of a row is
ever here. Long ones are counted or left to the check's statement: this stands in a column of a table.
"""

from __future__ import annotations

from observer.checks import change_rules as changes
from observer.checks import rules
from observer.checks.spec import NO_ROW_FAILS, CheckSpec
from observer.checks.words import comparison_text, duration_text, list_text, number_text, threshold_text, value_text
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
    by_itself = isinstance(spec.rule, rules.HasPhysicalType | rules.Expectation)
    return asked if asked is not None and (by_itself or spec.threshold == NO_ROW_FAILS) else allowed_text(spec)


def allowed_text(spec: CheckSpec) -> str:
    """What the threshold allows: failed rows ("exactly 0 rows"), an age ("at most 15 min old") or a value."""
    match spec.rule:
        case rules.Fresh():
            return _age_text(spec.rule)
        case rules.SqlValue():
            return comparison_text(spec.threshold)
        case changes.SchemaDrift() if spec.threshold.unit is Unit.ROWS:
            return f"{comparison_text(spec.threshold)} columns"
    return threshold_text(spec.threshold)


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
            if len(shown) <= LONGEST:
                return shown
            return f"one of {len(values):,} values" if len(values) > 1 else "its one allowed value"
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
        case rules.Fresh():
            return _age_text(rule)
        case rules.Kept(limit=limit):
            return f"at most {duration_text(limit)} old"
        case rules.Lag(since=since, limit=limit):
            return f"at most {duration_text(limit)} after {since}"
        case changes.Transitions():
            return "only legal moves"
        case changes.SchemaDrift():
            return "no column removed or changed"
        case changes.NewValues():
            return "no new illegal value"
        case changes.DeletedRows() | changes.ChangedRows() | changes.InvalidWrites():
            return "no row"
        case rules.RowCount() | rules.SqlValue() | changes.RowCountChange():
            return None


def _age_text(rule: rules.Fresh) -> str:
    return f"at most {duration_text(rule.limit)} old{' in open hours' if rule.calendar else ''}"


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
