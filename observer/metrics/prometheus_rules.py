"""SLOs → rules for Prometheus. In: the SLOs of a `slo.yaml`. Out: groups of rules, and the document they make.

Deterministic: the same SLOs, in whatever order, give the same document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from observer.metrics.alert_rules import alert_rules, nobody_counts
from observer.metrics.promql import AlertRule, RecordingRule, RuleGroup
from observer.metrics.recording_rules import ERROR_SPANS, error_rule, standing_rules
from observer.slo.burn import short_span
from observer.slo.model import Slo

#: Alerts hold two minutes before they are told, at least.
INTERVAL = timedelta(minutes=1)
#: Days move slowly, and cost much to add up; a series that is older than five minutes is none.
SLOW_INTERVAL = timedelta(minutes=4)
SLOW = timedelta(days=1)

#: As PyYAML writes it, and nothing else.
Document = Mapping[str, Sequence[Mapping[str, object]]]


def rule_groups(slos: Sequence[Slo]) -> tuple[RuleGroup, ...]:
    """Two groups for each SLO, and one for all: what an alert compares is recorded before it."""
    return tuple(_groups(sorted(slos, key=lambda slo: slo.name)))


def _groups(slos: Sequence[Slo]) -> Iterator[RuleGroup]:
    if slos:
        yield RuleGroup(name="slos", interval=INTERVAL, rules=(nobody_counts(slos),))
    for slo in slos:
        slow = tuple(error_rule(slo, span) for span in ERROR_SPANS if span >= SLOW)
        fast = tuple(error_rule(slo, span) for span in ERROR_SPANS if span < SLOW)
        yield RuleGroup(name=f"slo-{slo.name}-days", interval=SLOW_INTERVAL, rules=slow)
        yield RuleGroup(
            name=f"slo-{slo.name}", interval=INTERVAL, rules=(*fast, *standing_rules(slo), *alert_rules(slo))
        )


def document(groups: Sequence[RuleGroup]) -> Document:
    """As a rule file of Prometheus holds them."""
    return {
        "groups": [
            {
                "name": group.name,
                "interval": short_span(group.interval),
                "rules": [_rule(rule) for rule in group.rules],
            }
            for group in groups
        ]
    }


def _rule(rule: RecordingRule | AlertRule) -> Mapping[str, object]:
    if isinstance(rule, RecordingRule):
        return {"record": rule.record, "expr": rule.expr, "labels": dict(rule.labels)}
    return {
        "alert": rule.alert,
        "expr": rule.expr,
        "for": short_span(rule.holds),
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
    }
