"""What Prometheus records of one SLO, under the names of Sloth, so that its dashboards work. Pure.

In: an SLO. Out: recording rules over `/metrics`. Error ratios come from increases of the ledger's totals. The figures
of the whole window come from the ledger itself, which knows calendars and what was before Prometheus began.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from observer.metrics.levels import PERIOD
from observer.metrics.promql import RecordingRule, number_text, series
from observer.slo.burn import short_span
from observer.slo.model import Method, Slo
from observer.slo.standing import BURN_SPANS

#: Beside those of the burn rules.
MONTH = timedelta(days=30)
ERROR_SPANS = (*BURN_SPANS, MONTH)
#: Grows when what is recorded changes.
VERSION = "1"


def sloth_labels(slo: Slo) -> dict[str, str]:
    """By which Sloth knows an SLO."""
    return {"sloth_id": f"{slo.service}-{slo.name}", "sloth_service": slo.service, "sloth_slo": slo.name}


def error_name(span: timedelta) -> str:
    """Under which the error ratio of the last `span` is recorded."""
    return f"slo:sli_error:ratio_rate{short_span(span)}"


def error_rule(slo: Slo, span: timedelta) -> RecordingRule:
    """Share of bad ones in the last `span`: of records, of slices, or the mean of the slices' shares."""
    labels = {**sloth_labels(slo), "sloth_window": short_span(span)}
    return RecordingRule(record=error_name(span), expr=_error_ratio(slo, span), labels=labels)


def bad_within(slo: Slo, span: timedelta) -> str:
    """How many bad ones the last `span` had: records or slices."""
    if slo.method is Method.OCCURRENCES:
        return _increase(slo, "bad", span)
    return _over_slices("sum_over_time", slo, span)


def standing_rules(slo: Slo) -> Iterator[RecordingRule]:
    """The objective, its budget and how it is spent."""
    labels = sloth_labels(slo)
    error, budget = series(error_name(BURN_SPANS[0]), **labels), series("slo:error_budget:ratio", **labels)
    period = series("slo:period_burn_rate:ratio", **labels)
    recorded = [
        ("slo:objective:ratio", f"vector({number_text(slo.target)})"),
        ("slo:error_budget:ratio", f"vector({number_text(1 - slo.target)})"),
        ("slo:time_period:days", f"vector({slo.window.span.days})"),
    ]
    if slo.target < 1:
        recorded += [
            ("slo:current_burn_rate:ratio", f"{error}\n/ on (sloth_id, sloth_slo, sloth_service) group_left\n{budget}"),
            ("slo:period_burn_rate:ratio", f"max({series('observer_slo_burn_rate', slo=slo.name, window=PERIOD)})"),
            ("slo:period_error_budget_remaining:ratio", f"1 - {period}"),
        ]
    for record, expr in recorded:
        yield RecordingRule(record=record, expr=expr, labels=labels)
    told = {"sloth_mode": "crm-observer", "sloth_spec": "openslo/v1", "sloth_version": VERSION}
    objective = {"sloth_objective": number_text(slo.target * 100)}
    yield RecordingRule(record="sloth_slo_info", expr="vector(1)", labels={**labels, **told, **objective})


def _error_ratio(slo: Slo, span: timedelta) -> str:
    return _share(slo, span) if slo.method is Method.OCCURRENCES else _over_slices("avg_over_time", slo, span)


def _over_slices(function: str, slo: Slo, span: timedelta) -> str:
    """Steps of a subquery are whole slices since 1970, as the ledger's are. What is shorter is taken as one slice."""
    assert slo.slice_span is not None
    if span <= slo.slice_span:
        return _bad_slice(slo, span)
    return f"{function}((\n{_bad_slice(slo, slo.slice_span)}\n)[{short_span(span)}:{short_span(slo.slice_span)}])"


def _bad_slice(slo: Slo, span: timedelta) -> str:
    """How bad the last `span` is as a slice, 0 to 1; no data for an empty one."""
    share = _share(slo, span)
    if slo.method is Method.RATIO_TIMESLICES:
        return share
    return f"({share}) > bool {number_text(1 - (slo.slice_target or 1))}"


def _share(slo: Slo, span: timedelta) -> str:
    """No record at all is no data, and not 0 / 0."""
    total = f"sum(max by (state) ({_raw_increase(slo, 'good|bad', span)})) > 0"
    return f"{_increase(slo, 'bad', span)}\n/\n({total})"


def _increase(slo: Slo, state: str, span: timedelta) -> str:
    return f"max({_raw_increase(slo, state, span)})"


def _raw_increase(slo: Slo, state: str, span: timedelta) -> str:
    matches = "=~" if "|" in state else "="
    return f'increase(observer_slo_records_total{{slo="{slo.name}",state{matches}"{state}"}}[{short_span(span)}])'
