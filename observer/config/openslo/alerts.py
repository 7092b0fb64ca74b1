"""AlertPolicy, AlertCondition and AlertNotificationTarget → which burn rules are told, and to whom.

A policy has exactly one condition, and the workbook's alerts are pairs of windows, so the pairs are built in
(slo/burn.py). The condition states one of them in OpenSLO's words: that pair and every less urgent one are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from observer.config.odcs_schema import shown
from observer.config.openslo.objectives import Objective
from observer.config.openslo.objects import Objects
from observer.config.openslo.page import Element
from observer.config.openslo.spans import BadSpan, span_of
from observer.slo.burn import LEAST_BAD, RULES, BurnRule, short_span

#: A threshold is written with two decimals.
_ROUNDING = Fraction(1, 100)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What an alert policy says."""

    #: Most urgent first.
    rules: tuple[BurnRule, ...]
    #: States the first of them.
    condition: Element
    targets: tuple[str, ...]
    #: Every object that it is made of.
    parts: tuple[Element, ...]


class Policies:
    """Reads each policy once, however many SLOs have it."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._read: dict[Element, Policy | None] = {}
        self._conditions: dict[Element, BurnRule | None] = {}

    def policy(self, element: Element) -> Policy | None:
        """The policy, which may stand inside an SLO; None when it cannot be executed, which is then said."""
        if element not in self._read:
            self._read[element] = self._policy(element)
        return self._read[element]

    def condition(self, element: Element) -> BurnRule | None:
        """The pair that a condition states."""
        if element not in self._conditions:
            self._conditions[element] = _rule(element.at("spec"))
        return self._conditions[element]

    def _policy(self, element: Element) -> Policy | None:
        spec = element.at("spec")
        conditions, targets = spec.at("conditions"), spec.at("notificationTargets")
        for key, at in (("conditions", conditions), ("notificationTargets", targets)):
            if at.value == []:
                at.error("missing-key", f"`{key}` names nothing", "add an entry to the list")
        if len(conditions.items) > 1:
            fix = "keep the most urgent one: the less urgent pairs follow by themselves"
            message = f"OpenSLO allows one condition per policy, here are {len(conditions.items)}"
            conditions.error("several-conditions", message, fix)
        _flags(spec)
        found = [self._resolved(item, "conditionRef", "AlertCondition") for item in conditions.items]
        told = [self._resolved(item, "targetRef", "AlertNotificationTarget") for item in targets.items]
        rules = [self.condition(condition) for condition in found if condition is not None]
        if len(found) != 1 or found[0] is None or rules[0] is None:
            return None
        return Policy(
            rules=RULES[RULES.index(rules[0]) :],
            condition=found[0],
            targets=tuple(dict.fromkeys(target.name for target in told if target is not None)),
            parts=(element, found[0], *(target for target in told if target is not None)),
        )

    def _resolved(self, item: Element, reference: str, kind: str) -> Element | None:
        return self._objects.find(kind, item.at(reference)) if item.has(reference) else item


def _flags(spec: Element) -> None:
    breaching = spec.at("alertWhenBreaching")
    if breaching.value is not True and isinstance(spec.value, dict):
        at = breaching if spec.has("alertWhenBreaching") else spec
        at.error("alert-never", "the policy tells nothing: `alertWhenBreaching` is not true", "write it as true")
    if spec.at("alertWhenNoData").value is True:
        message = "no data is a state that `slo status` and the metrics show, no alert of a policy"
        spec.at("alertWhenNoData").error("alert-flag", message, "remove it")
    if spec.at("alertWhenResolved").value is False:
        message = "that an alert has ended is always told"
        spec.at("alertWhenResolved").error("alert-flag", message, "write true, or remove it")


def _rule(spec: Element) -> BurnRule | None:
    """The built-in pair that the condition states."""
    condition = spec.at("condition")
    kind, op = condition.at("kind"), condition.at("op")
    if kind.text is not None and kind.text != "burnrate":
        kind.error("condition-kind", f"a condition of kind {shown(kind.text)} is unknown", "write `kind: burnrate`")
        return None
    if op.text in ("gt", "lt", "lte"):
        op.error("burn-rule", f"`op: {op.text}`: an alert fires when the burn rate is at least so high", "write `gte`")
    long, short = _span(condition.at("lookbackWindow")), _span(condition.at("alertAfter"))
    if long is None or (short is None and condition.has("alertAfter")):
        return None
    rule = next((rule for rule in RULES if (rule.long, rule.short) == (long, short)), None)
    pairs = ", ".join(f"{_pair(rule)} ({rule.urgency})" for rule in RULES)
    if rule is None:
        same = next((rule for rule in RULES if rule.long == long), None)
        if same is not None:
            at = condition.at("alertAfter") if short else condition
            message = f"a window of {short_span(long)} is paired with one of {short_span(same.short)}"
            at.error("burn-rule", message, f"write `alertAfter: {short_span(same.short)}`")
        else:
            message = f"no burn rule looks back {short_span(long)}"
            condition.at("lookbackWindow").error("burn-rule", message, f"write one of {pairs}")
        return None
    severity = spec.at("severity")
    if severity.text is not None and severity.text != rule.urgency:
        message = f"severity {shown(severity.text)}: the pair {_pair(rule)} is a {rule.urgency}"
        severity.error("burn-rule", message, f"write `severity: {rule.urgency}`, or another pair of {pairs}")
        return None
    return rule if op.text == "gte" else None


def attached(slo: Element, policies: Policies, objects: Objects) -> Policy | None:
    """The policy of an SLO, or None when it has none, or none that can be executed."""
    at = slo.at("spec").at("alertPolicies")
    if len(at.items) > 1:
        fix = "keep one, with every notification target"
        at.error("several-policies", f"the SLO has {len(at.items)} policies, and one tells every burn rule", fix)
        return None
    for item in at.items:
        found = objects.find("AlertPolicy", item.at("alertPolicyRef")) if item.has("alertPolicyRef") else item
        return policies.policy(found) if found is not None else None
    return None


def check_burning(slo: Element, policy: Policy, *, period: timedelta, objective: Objective) -> None:
    """Hold the policy against the objective that it watches: each of its rules can fire, at the rate it states."""
    target, slices = objective.target, objective.slice_span
    at = slo.at("spec").at("alertPolicies")
    if target == 1:
        message = "an objective of 100 % has no budget that could burn"
        at.error("no-budget", message, "lower the target, or remove alertPolicies")
        return
    first, window = policy.rules[0], short_span(period)
    for rule in policy.rules:
        if rule.long >= period:
            message = f"burn alerts look back up to {short_span(rule.long)}, and the window of the SLO is {window}"
            at.error("window-too-short", message, "write a longer timeWindow, or remove alertPolicies")
            return
        if not rule.can_fire(period, target, slices):
            needs = f"it needs a burn rate of {_decimal(rule.factor(period))}"
            most = f"with every record bad it is {_decimal(1 / (1 - target))}"
            if rule.can_fire(period, target) and slices is not None:
                needs = f"it needs {LEAST_BAD} bad slices"
                most = f"{short_span(rule.long)} holds {rule.long // slices or 'not one'} of {short_span(slices)}"
            message = f"the pair {_pair(rule)} can never fire: {needs}, and {most}"
            possible = next((r for r in RULES if r.can_fire(period, target, slices)), None)
            fix = (
                f"state the pair {_pair(possible)} instead" if possible else "remove alertPolicies, or raise the target"
            )
            at.error("burn-never-fires", message, fix)
            return
    said = policy.condition.at("spec").at("condition").at("threshold").number
    wanted = first.factor(period)
    if said is not None and abs(Fraction(str(said)) - wanted) >= _ROUNDING:
        message = (
            f"condition `{policy.condition.name}` says {said}, and over {window} the pair {_pair(first)} "
            f"fires at {_decimal(wanted)}"
        )
        fix = f"write `threshold: {_decimal(wanted)}`; SLOs of different windows need conditions of their own"
        at.error("burn-threshold", message, fix)


def _pair(rule: BurnRule) -> str:
    return f"{short_span(rule.long)}/{short_span(rule.short)}"


def _decimal(number: Fraction) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def _span(element: Element) -> timedelta | None:
    try:
        return span_of(element.text) if element.text else None
    except BadSpan:
        return None
