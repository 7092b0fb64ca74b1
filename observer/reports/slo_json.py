"""Service levels as programs read them. Exact numbers are told twice: `{"exact": "199/200", "value": 0.995}`.

In: levels and backtests. Out: plain JSON values. Null is "not known" or "there is none", never zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from observer.reports import slo_words as words
from observer.reports.slo_status import Level
from observer.slo.backtest import Backtest
from observer.slo.budget import Budget, Counts
from observer.slo.burn import short_span
from observer.slo.counting import Bucket
from observer.slo.model import Slo
from observer.slo.standing import OpenAlert

Json = dict[str, object]


def status_json(levels: Sequence[Level], *, at: datetime) -> Json:
    """The document of `observer slo status --format json`."""
    return {"at": time_json(at), "slos": [level_json(level) for level in levels]}


def level_json(level: Level) -> Json:
    """One level; what the state alone knows is null as long as nobody has counted it."""
    standing = level.standing
    found = _slo_json(level.slo) | {"condition": str(level.condition), "blind": level.blind}
    if standing is None:
        names = ("at", "window_begins", "counted", "sli", "budget", "pending", "undatable", "totals", "burn")
        later = ("exhausted_in_seconds", "looked_at", "counts_since", "revision_since")
        return found | dict.fromkeys((*names, *later)) | {"alerts": [], "days": []}
    ledger = standing.ledger
    burns = {short_span(span): exact_json(burn) for span, burn in standing.burns.items()}
    return found | {
        "at": time_json(standing.at),
        "window_begins": time_json(standing.window_begins),
        "counted": counts_json(standing.budget.counts),
        "sli": exact_json(standing.budget.counts.sli),
        "budget": budget_json(standing.budget),
        "pending": ledger.pending,
        "undatable": ledger.undatable,
        "totals": counts_json(ledger.totals),
        "burn": burns | {"window": exact_json(standing.burn)},
        "exhausted_in_seconds": None if standing.exhausted_in is None else standing.exhausted_in.total_seconds(),
        "looked_at": time_json(ledger.looked_at),
        "counts_since": time_json(ledger.counts_since),
        "revision_since": time_json(ledger.revision_since),
        "alerts": [_alert_json(each) for each in ledger.alerts],
        "days": [stretch_json(each) for each in level.days],
    }


def _slo_json(slo: Slo) -> Json:
    return {
        "name": slo.name,
        "display_name": slo.display_name,
        "service": slo.service,
        "owner": slo.owner,
        "kind": str(slo.indicator.kind),
        "contract": slo.indicator.contract,
        "object": slo.object,
        "property": slo.property,
        "objective": exact_json(slo.target),
        "method": str(slo.method),
        "window": words.window_text(slo),
        "revision": slo.revision,
    }


def _alert_json(each: OpenAlert) -> Json:
    alert = each.alert
    return {
        "name": alert.name,
        "kind": str(alert.kind),
        "urgency": str(alert.urgency),
        "since": time_json(each.since),
        "burn": exact_json(alert.burn),
        "bad": number_json(alert.bad),
        "eligible": number_json(alert.eligible),
        "left": alert.left,
    }


def backtest_json(found: Backtest) -> Json:
    """The document of `observer slo backtest --format json`."""
    return _slo_json(found.slo) | {
        "begins": time_json(found.begins),
        "ends": time_json(found.ends),
        "records": counts_json(found.records),
        "unknown_share": exact_json(found.records.unknown_share),
        "counted": counts_json(found.counted),
        "sli": exact_json(found.counted.sli),
        "sli_if_unknown_are_bad": exact_json(found.sli.least),
        "sli_if_unknown_are_good": exact_json(found.sli.most),
        "window_begins": time_json(found.window_begins),
        "window_is_whole": found.window_is_whole,
        "budget": budget_json(found.budget),
        "objective_with_a_fifth_left": exact_json(found.objective),
        "alerts": [
            {
                "kind": str(alert.kind),
                "rule": alert.rule.name if alert.rule else None,
                "urgency": str(alert.urgency),
                "since": time_json(alert.since),
                "until": time_json(alert.until),
                "level": exact_json(alert.level),
            }
            for alert in found.alerts
        ],
        "stretch_seconds": found.grain.total_seconds(),
        "stretches": [stretch_json(each) for each in found.stretches],
    }


def budget_json(budget: Budget) -> Json:
    """What is allowed and left, in whole records; the share that is spent, above 1 when overspent."""
    known = budget.counts.sli is not None
    return {
        "allowed": budget.allowed if known else None,
        "left": budget.left if known else None,
        "spent": exact_json(budget.spent_share),
    }


def counts_json(counts: Counts) -> Json:
    return {
        "good": number_json(counts.good),
        "bad": number_json(counts.bad),
        "unknown": counts.unknown,
        "withdrawn": counts.withdrawn,
    }


def stretch_json(stretch: Bucket) -> Json:
    return {"begins": time_json(stretch.begins)} | counts_json(stretch.counts)


def exact_json(value: Fraction | None) -> Json | None:
    return None if value is None else {"exact": str(value), "value": float(value)}


def number_json(value: int | Fraction) -> int | float:
    """Records as they are; slices that count by their share as decimal numbers."""
    return int(value) if value.denominator == 1 else float(value)


def time_json(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
