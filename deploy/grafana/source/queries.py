"""PromQL that several panels share. In: names of series. Out: expressions over the variables of a dashboard.

Every daemon on one state shows the same figures of the state, so `max` takes one of them whatever else a scrape labels.
A count of nothing is 0 only where something is known: `count(…)` of an absent series has no value, and says so.
"""

from __future__ import annotations

#: The service levels that were picked, with what is told of them.
SLO_LABELS = "slo, contract, object, property, owner, kind, method, window"
_PICKED = 'job="$job",slo=~"$slo",contract=~"$contract",object=~"$table",owner=~"$owner"'
SLO_INFO = f"max by ({SLO_LABELS}) (observer_slo_info{{{_PICKED}}})"

#: The table that was picked.
TABLE = 'job="$job",contract="$contract",object="$table"'
CHECK_INFO = f'max by (check) (observer_check_info{{{TABLE},owner=~"$owner"}})'


def of_slos(name: str, *labels: str) -> str:
    """A gauge of each picked service level, by `slo` alone. `labels` are more matchers."""
    matchers = ",".join(('job="$job"', 'slo=~"$slo"', *labels))
    return f"max by (slo) ({name}{{{matchers}}}) and on (slo) {SLO_INFO}"


def of_slo(name: str, *labels: str, by: str = "") -> str:
    """A gauge of the one picked service level, by nothing or by other labels."""
    matchers = ",".join(('job="$job"', 'slo="$slo"', *labels))
    return f"max{f' by ({by})' if by else ''} ({name}{{{matchers}}})"


def count_slos(found: str) -> str:
    """How many service levels the expression finds, of those whose condition is known."""
    return f"count({found}) or 0 * count({of_slos('observer_slo_condition')})"


def of_checks(name: str) -> str:
    """A gauge of each check of the picked table and owners, by `check` alone."""
    return f"max by (check) ({name}{{{TABLE}}}) and on (check) {CHECK_INFO}"


#: The outcome of each check; 2.5 where none is known.
OUTCOME_OR_NOT_KNOWN = f"({of_checks('observer_check_outcome')}) or on (check) ({CHECK_INFO} * 0 + 2.5)"


def count_checks(outcome: int) -> str:
    """How many checks of the picked table came out so, of those whose outcome is known."""
    known = of_checks("observer_check_outcome")
    return f"count(({known}) == {outcome}) or 0 * count({known})"


def of_table(name: str) -> str:
    """A gauge of the picked table."""
    return f"max({name}{{{TABLE}}})"


def of_contract(name: str) -> str:
    """A gauge of the contract of the picked table."""
    return f'max({name}{{job="$job",contract="$contract"}})'


def age(expr: str) -> str:
    """Seconds since a time."""
    return f"time() - {expr}"


def quantile(of: float, histogram: str, over: str) -> str:
    """A quantile of what all daemons counted over the time; no number when there was nothing."""
    return f'histogram_quantile({of}, sum by (le) (rate({histogram}_bucket{{job="$job"}}[{over}])))'
