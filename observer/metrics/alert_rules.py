"""What Prometheus alerts on of one SLO. Pure.

In: an SLO. Out: alert rules with the factors, spans and minimums by which the ledger's own alerts are told
(`slo/burn.py`, `slo/alerts.py`), and rules for a level that cannot be seen: blind, stale or absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from observer.metrics.promql import AlertRule, number_text, plain, series
from observer.metrics.recording_rules import bad_within, error_name, sloth_labels
from observer.slo.alerts import NEARLY_SPENT
from observer.slo.burn import LEAST_BAD, RELEASE, BurnRule, Urgency, short_span
from observer.slo.model import CheckHolds, CheckRows, Method, Slo, TimeToFill, ValidWrites

#: Where each alert is spoken of.
GUIDE = "docs/metrics.md"
#: A level whose runs or glances are counted lags behind them by less than this.
LAG = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_BURNING = "SloBurning"
#: How a template writes a number of records.
_WHOLE = 'printf "%.0f"'


def alert_rules(slo: Slo) -> Iterator[AlertRule]:
    """The alerts of one SLO, the most urgent first."""
    for rule in slo.burn_rules:
        yield _burning(slo, rule)
    if slo.burn_rules:
        yield _nearly_spent(slo)
    yield _unknown(slo)
    yield _blind(slo)
    yield _stale(slo)
    yield _absent(slo)


def nobody_counts(slos: Sequence[Slo]) -> AlertRule:
    """Not one level has figures: the alerts on all of them are silent. As urgent as the most urgent of them."""
    pages = any(rule.urgency is Urgency.PAGE for slo in slos for rule in slo.burn_rules)
    return AlertRule(
        alert="SlosNotCounted",
        expr="absent(observer_slo_records_total)",
        holds=5 * _MINUTE,
        labels={"severity": (Urgency.PAGE if pages else Urgency.TICKET).value},
        annotations={
            "summary": "No service level is counted",
            "description": "No daemon that Prometheus reaches shows the figures of any service level: "
            "no other alert on them can fire.",
            "runbook": f"{GUIDE}#levels-not-counted",
        },
    )


def _burning(slo: Slo, rule: BurnRule) -> AlertRule:
    """Begins and ends as `slo/burn.py` says; what was firing is known from Prometheus' own ALERTS."""
    budget, factor = 1 - slo.target, rule.factor(slo.window.span)
    long, short = (series(error_name(span), **sloth_labels(slo)) for span in (rule.long, rule.short))
    slow, fast = (f"{each} / {number_text(budget)}" for each in (long, short))
    fires, ends = number_text(factor), number_text(factor * RELEASE)
    bad = bad_within(slo, rule.long)
    was = series("ALERTS", alertname=_BURNING, alertstate="firing", slo=slo.name, window=rule.name)
    return _alert(
        slo,
        _BURNING,
        f"(\n{slow} >= {fires}\nand on ()\n{fast} >= {fires}\nand on ()\n{bad} >= {LEAST_BAD}\n)\n"
        f"or\n(\n{slow} >= {ends}\nand on ()\n({fast} >= {ends} or absent({short}))\nand on ()\n{was}\n)",
        holds=2 * _MINUTE,
        urgency=rule.urgency,
        window=rule.name,
        summary='the budget burns {{ $value | printf "%.1f" }} times too fast',
        description=f"Bad {_unit(slo)} within {short_span(rule.long)}: {_asked(bad, _WHOLE)}. {_left(slo)} "
        f"It is told from {float(factor):.4g} times on, over {rule.name}.",
        anchor="a-level-burns",
    )


def _nearly_spent(slo: Slo) -> AlertRule:
    remaining, bad = _gauge("budget_remaining_ratio", slo), _gauge("bad", slo)
    return _alert(
        slo,
        "SloNearlySpent",
        f"({remaining} <= {number_text(1 - NEARLY_SPENT)})\nand on ()\n({bad} >= {LEAST_BAD})",
        holds=5 * _MINUTE,
        summary="the budget is nearly spent, however slowly",
        description=f"{_left(slo)} Bad {_unit(slo)} in the window: {_asked(bad, _WHOLE)}.",
        anchor="a-budget-is-nearly-spent",
    )


def _unknown(slo: Slo) -> AlertRule:
    unknown, eligible = _gauge("unknown", slo), _gauge("eligible", slo)
    return _alert(
        slo,
        "SloUnknown",
        f"({unknown} / ({eligible} + {unknown}) > {number_text(slo.unknown_limit)})\nand on ()\n"
        f"({unknown} >= {LEAST_BAD})",
        holds=10 * _MINUTE,
        summary="{{ $value | humanizePercentage }} of it could not be judged",
        description=f"Records that nothing tells of: {_asked(unknown, _WHOLE)}. They count neither as good nor as bad. "
        f"More than {float(slo.unknown_limit * 100):.4g} % of what was to be judged is told.",
        anchor="too-much-is-unknown",
    )


def _blind(slo: Slo) -> AlertRule:
    return _alert(
        slo,
        "SloBlind",
        f"{_gauge('blind', slo)} == 1",
        holds=10 * _MINUTE,
        summary="it cannot be counted now",
        description="A column or the table is gone or cannot be read; `observer slo status` says why. "
        "Its budget stays as it was.",
        anchor="a-level-is-blind",
    )


def _stale(slo: Slo) -> AlertRule:
    """Rows are polled by the clock. Runs and glances have schedules of their own, which the level follows."""
    looked = _gauge("last_evaluation_timestamp_seconds", slo)
    if isinstance(slo.indicator, TimeToFill):
        most = max(5 * slo.indicator.poll + slo.indicator.grace, 5 * _MINUTE)
        expr = f"time() - {looked} > {round(most.total_seconds())}"
        what = "Its rows were last looked at {{ $value | humanizeDuration }} ago"
    else:
        most = LAG
        expr = f"max({_recorded(slo)}) - {looked} > {round(most.total_seconds())}"
        what = "What it counts is {{ $value | humanizeDuration }} newer than what it counted last"
    if tested := _tested(slo):
        # A run in which no row was there to be tested counts nothing.
        expr = f"({expr})\nand on ()\n(max({tested}) > 0)"
    return _alert(
        slo,
        "SloStale",
        expr,
        holds=5 * _MINUTE,
        summary="its figures are old",
        description=f"{what}; more than {round(most / _MINUTE)} minutes are told.",
        anchor="a-level-is-stale",
    )


def _recorded(slo: Slo) -> str:
    """When what the level counts was last recorded."""
    if isinstance(slo.indicator, CheckHolds) and slo.object is not None:
        about = {"contract": slo.indicator.contract, "object": slo.object}
        return series("observer_table_last_look_timestamp_seconds", **about)
    return series("observer_contract_last_run_timestamp_seconds", contract=slo.indicator.contract)


def _tested(slo: Slo) -> str | None:
    """How many rows the latest run gave it; None where rows are not what is counted."""
    name, contract = "observer_check_rows_tested", slo.indicator.contract
    match slo.indicator:
        case CheckRows(check=check):
            return series(name, contract=contract, check=check)
        case ValidWrites(object=obj):
            return series(name, contract=contract, object=obj)[:-1] + ',check=~".+[.]invalid_writes(-[0-9]+)?"}'
        case _:
            return None


def _absent(slo: Slo) -> AlertRule:
    mine = series("observer_slo_records_total", slo=slo.name)
    return _alert(
        slo,
        "SloAbsent",
        f"absent({mine})\nand on ()\ncount(observer_slo_records_total)",
        holds=10 * _MINUTE,
        summary="no daemon counts it",
        description="Other levels have figures and this one has none: it is not in the `slo.yaml` of the daemons, "
        "or they refused that file.",
        anchor="a-level-is-absent",
    )


def _alert(
    slo: Slo,
    name: str,
    expr: str,
    *,
    holds: timedelta,
    summary: str,
    description: str,
    anchor: str,
    urgency: Urgency = Urgency.TICKET,
    window: str | None = None,
) -> AlertRule:
    about = {"object": slo.object, "property": slo.property, "owner": slo.owner, "window": window}
    labels = {
        "severity": urgency.value,
        "sloth_severity": urgency.value,
        **sloth_labels(slo),
        "slo": slo.name,
        "contract": slo.indicator.contract,
        **{label: value for label, value in about.items() if value is not None},
    }
    annotations = {
        "summary": f"{plain(slo.display_name)}: {summary}",
        "description": description,
        "runbook": f"{GUIDE}#{anchor}",
    }
    return AlertRule(
        alert=name,
        expr=expr,
        holds=holds,
        labels={label: plain(value) for label, value in labels.items()},
        annotations=annotations,
    )


def _gauge(name: str, slo: Slo) -> str:
    return f"max({series(f'observer_slo_{name}', slo=slo.name)})"


def _unit(slo: Slo) -> str:
    return "records" if slo.method is Method.OCCURRENCES else "slices"


def _left(slo: Slo) -> str:
    ratio, records = _gauge("budget_remaining_ratio", slo), _gauge("budget_remaining_records", slo)
    return f"Left of the budget: {_asked(ratio, 'humanizePercentage')}, {_asked(records, _WHOLE)} {_unit(slo)}."


def _asked(expr: str, form: str) -> str:
    """A template that asks Prometheus when the alert is told."""
    query = " ".join(expr.split())
    return f"{{{{ with query `{query}` }}}}{{{{ . | first | value | {form} }}}}{{{{ else }}}}?{{{{ end }}}}"
