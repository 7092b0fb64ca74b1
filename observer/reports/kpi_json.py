"""Kpis as programs read them (docs/kpis.schema.json). Times are seconds; null is "not known" or "there is none"."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from observer.incidents.kpis import Case, ContractKpis, Element, Figures, Kpis, Review, Trust, Writes
from observer.incidents.response import Clause, Verdict
from observer.incidents.times import Spread
from observer.reports.slo_json import exact_json, time_json

Json = dict[str, object]

#: Grows when a program that reads the document would have to change.
FORMAT = 1


def review_json(review: Review) -> Json:
    """The document of `observer kpi --format json`."""
    return {"format": FORMAT, "at": time_json(review.now.at)} | {
        "span": kpis_json(review.now),
        "before": kpis_json(review.before),
    }


def kpis_json(kpis: Kpis) -> Json:
    """One span; figures of a span of which nothing is known are null."""
    head: Json = {
        "name": kpis.span.name,
        "begins": time_json(kpis.span.begins),
        "ends": time_json(kpis.span.ends),
        "known_since": time_json(kpis.known_since),
        "is_known": kpis.is_known,
        "is_whole": kpis.is_whole,
    }
    if not kpis.is_known:
        return head | {"all": None, "contracts": [], "owners": [], "incidents": [], "promises_alone": None}
    return head | {
        "all": _figures(kpis.whole) | {"critical_elements": _counts(kpis)},
        "contracts": [_contract(contract) for contract in kpis.contracts],
        "owners": [{"owner": name or None} | _figures(figures) for name, figures in kpis.owners.items()],
        "incidents": [_case(case) for case in kpis.cases],
        "promises_alone": kpis.promises_alone,
    }


def _counts(kpis: Kpis | ContractKpis) -> Json:
    elements = kpis.elements
    return {
        "all": len(elements.elements),
        "with_owner": elements.with_owner,
        "with_slo": elements.with_level,
        "with_both": elements.with_both,
        "share": exact_json(elements.share),
        "missing": [_element(each) for each in elements.missing],
    }


def _element(element: Element) -> Json:
    return {
        "contract": element.contract,
        "table": element.table,
        "property": element.property,
        "owner": element.owner,
        "slos": list(element.levels),
    }


def _figures(figures: Figures) -> Json:
    pace = figures.pace
    return {
        "opened": pace.incidents,
        "still_open": pace.still_open,
        "reopened": figures.reopened,
        "false_positives": pace.false_positives,
        "from_before": figures.carried,
        "time_to_detect": _spread(pace.detect),
        "time_to_notify": _spread(pace.notify),
        "time_to_acknowledge": _spread(pace.acknowledge),
        "time_to_resolve": _spread(pace.resolve),
    }


def _spread(spread: Spread) -> Json:
    return {
        "known": spread.known,
        "of": spread.of,
        "mean_seconds": _seconds(spread.mean),
        "median_seconds": _seconds(spread.median),
        "p90_seconds": _seconds(spread.p90),
        "is_bound": spread.is_bound,
    }


def _contract(contract: ContractKpis) -> Json:
    return (
        {"contract": contract.contract or None, "is_gone": contract.is_gone}
        | _figures(contract.figures)
        | {
            "promises": [_clause(clause) for clause in contract.clauses],
            "trust": None if contract.trust is None else _trust(contract.trust),
            "critical_elements": _counts(contract),
            "writes": [_writes(each) for each in contract.writes],
        }
    )


def _clause(clause: Clause) -> Json:
    return {
        "property": clause.kind.value,
        "limit_seconds": _seconds(clause.limit),
        "met": clause.met,
        "broken": clause.broken,
        "broken_by_open": clause.broken_open,
        "not_yet": clause.not_yet,
        "unknown": clause.unknown,
        "not_meant": clause.not_meant,
        "share_met": exact_json(Fraction(clause.met, clause.decided) if clause.decided else None),
        "worst": None if clause.worst is None else _verdict(clause.worst) | {"incident": clause.worst.incident},
    }


def _verdict(verdict: Verdict) -> Json:
    return {
        "property": verdict.kind.value,
        "verdict": verdict.kept.value,
        "took_seconds": _seconds(verdict.took),
        "took_is_bound": verdict.is_bound,
        "goes_on": verdict.goes_on,
        "reason": verdict.reason or None,
    }


def _trust(trust: Trust) -> Json:
    return {
        "run": trust.run_id,
        "at": time_json(trust.at),
        "score": trust.score,
        "parts": [
            {
                "outcome": part.outcome.value,
                "checks": part.checks,
                "weight": part.weight,
                "counts": exact_json(part.counts),
            }
            for part in trust.parts
        ],
    }


def _writes(writes: Writes) -> Json:
    return {
        "table": writes.table,
        "written": writes.written,
        "invalid": writes.invalid,
        "rate": exact_json(writes.rate),
        "runs": writes.looks,
        "runs_that_could_not_tell": writes.blind,
    }


def _case(case: Case) -> Json:
    times = case.times
    return {
        "incident": case.incident,
        "contract": case.group.contract or None,
        "table": case.group.table or None,
        "owner": case.group.owner or None,
        "grade": case.grade.value,
        "reason": case.reason,
        "opened_at": time_json(case.opened_at),
        "ended_at": time_json(case.ended_at),
        "resolution": None if case.resolution is None else case.resolution.value,
        "answered_by": case.answered_by or None,
        "reopenings": times.reopenings,
        "is_false_positive": times.is_false_positive,
        "detect_seconds": _seconds(times.detect),
        "detect_is_bound": times.detect_is_bound,
        "notify_seconds": _seconds(times.notify),
        "acknowledge_seconds": _seconds(times.acknowledge),
        "resolve_seconds": _seconds(times.resolve),
        "promises": [_verdict(verdict) for verdict in case.verdicts],
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
