"""An SLI → the Indicator that it describes, its names resolved against the contracts; everything wrong is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from observer.checks import change_rules as changes
from observer.checks import rules
from observer.checks.spec import CheckSpec
from observer.config.odcs_schema import nearest, shown
from observer.config.openslo.contract_names import ContractNames
from observer.config.openslo.kinds import INDICATORS, SOURCE_TYPE
from observer.config.openslo.objects import Objects
from observer.config.openslo.page import Element
from observer.config.openslo.shapes import check
from observer.config.openslo.time_to_fill import time_to_fill
from observer.contracts.model import Contract
from observer.slo.model import CheckHolds, CheckRows, Indicator, Kind, RunSuccess, TimeToFill, ValidWrites

UNKNOWN_LIMIT = Fraction(1, 10)
#: They compare one value of the whole table: no row of it is good or bad.
_NOT_BY_ROWS = (
    rules.RowCount
    | rules.SqlValue
    | rules.Fresh
    | rules.HasPhysicalType
    | changes.SchemaDrift
    | changes.RowCountChange
    | changes.DeletedRows
    | changes.ChangedRows
)
#: Expectations of Great Expectations that look at rows, by how their names begin.
_BY_ROWS = ("expect_column_values_", "expect_column_pair_values_", "expect_multicolumn_", "expect_compound_columns_")


@dataclass(frozen=True, kw_only=True)
class ReadIndicator:
    """An indicator, and what else its spec says."""

    indicator: Indicator
    #: What the contract asks of it: a change of these changes what is counted.
    checks: tuple[CheckSpec, ...] = ()
    unknown_limit: Fraction = UNKNOWN_LIMIT
    #: Where it stands.
    spec: Element


def read_indicator(sli: Element, objects: Objects, names: ContractNames) -> ReadIndicator | None:
    """What the `spec` of an SLI describes, or None when it cannot be counted."""
    if sli.has("thresholdMetric"):
        at = sli.at("thresholdMetric")
        if sli.has("ratioMetric"):
            at.error("ratio-metric", "an SLI has one metric, here are two", "remove `thresholdMetric`")
        else:
            message = "a thresholdMetric compares a measured value, and this observer counts records"
            at.error("threshold-metric", message, "write a ratioMetric with `good` and `total`")
        return None
    if not isinstance(sli.value, dict):
        return None
    if not sli.has("ratioMetric"):
        sli.error("missing-key", "`ratioMetric` is missing", "add a ratioMetric with `good` and `total`")
        return None
    ratio = sli.at("ratioMetric")
    spec = _counted(ratio, objects)
    return _indicator(spec, names) if spec is not None else None


def _counted(ratio: Element, objects: Objects) -> Element | None:
    """The spec of `good`, once the rest of the ratio agrees with it."""
    for key, message in (
        ("raw", "`raw` is a ratio that something else has measured, and this observer counts records"),
        ("bad", "`bad` cannot be counted alone: the indicator says itself which records are good"),
    ):
        if ratio.has(key):
            ratio.at(key).error("ratio-metric", message, "write `good` and `total`")
            return None
    if ratio.value is not None and ratio.at("counter").value is True:
        message = "`counter: true` means numbers that only grow; this observer counts the records of each window"
        ratio.at("counter").error("ratio-metric", message, "write `counter: false`")
    missing = [key for key in ("good", "total") if not ratio.has(key)]
    for key in missing if isinstance(ratio.value, dict) else ():
        fix = "add `total: {metricSource: {type: crm-observer, spec: {of: good}}}`"
        if key == "good":
            fix = "add `good: {metricSource: {type: crm-observer, spec: {kind: …, contract: …}}}`"
        ratio.error("missing-key", f"`{key}` is missing", fix)
    sources = [ratio.at(key).at("metricSource") for key in ("good", "total")]
    known = [_is_ours(source, objects) for source in sources if isinstance(source.value, dict)]
    if missing or len(known) < 2 or not all(known):
        return None
    good, total = (source.at("spec") for source in sources)
    if total.value not in ({"of": "good"}, good.value):
        message = "`total` counts something else than `good`"
        total.error("total-differs", message, "write `spec: {of: good}`, or repeat the spec of `good` with an anchor")
        return None
    return good


def _is_ours(source: Element, objects: Objects) -> bool:
    """Whether the observer counts it itself, by its own type or by that of its data source."""
    kind = source.at("type").text
    if kind is not None and kind != SOURCE_TYPE:
        refuse_source(source.at("type"), kind)
        return False
    if source.has("metricSourceRef"):
        found = objects.find("DataSource", source.at("metricSourceRef"))
        return found is not None and not found.is_broken
    if not source.has("type"):
        source.error("missing-key", "`type` is missing", f"add `type: {SOURCE_TYPE}`")
    return kind == SOURCE_TYPE


def refuse_source(at: Element, kind: str) -> None:
    """Say why a source of another kind is of no use here."""
    message = f"a source of type {shown(kind)} is not asked: this observer counts the records of the CRM itself"
    at.error("metric-source", message, f"write `type: {SOURCE_TYPE}`, or keep this object in a file of its own")


def _indicator(spec: Element, names: ContractNames) -> ReadIndicator | None:
    if not isinstance(spec.value, dict):
        spec.error("wrong-type", "the spec is no mapping", "write {kind: …, contract: …}")
        return None
    said = spec.at("kind").text
    if said not in INDICATORS:
        near = nearest(said or "", INDICATORS)
        at = spec.at("kind") if spec.has("kind") else spec
        fix = f"write `kind: {near}`" if near else f"write one of {', '.join(INDICATORS)}"
        at.error("indicator-kind", f"{shown(said)} is no kind of indicator" if said else "`kind` is missing", fix)
        return None
    kind = Kind(said)
    check(spec, INDICATORS[kind])
    contract = names.contract(spec.at("contract"))
    return _of_kind(kind, spec, contract, names) if contract is not None else None


def _of_kind(kind: Kind, spec: Element, contract: Contract, names: ContractNames) -> ReadIndicator | None:
    match kind:
        case Kind.RUN_SUCCESS:
            return ReadIndicator(indicator=RunSuccess(contract=contract.id), spec=spec)
        case Kind.INVALID_WRITE_RATE:
            return _writes(spec, contract, names)
        case Kind.TIME_TO_FILL:
            found = time_to_fill(spec, contract, names)
            limit = _unknown_limit(spec.at("unknownLimit"))
            if found is None:
                return None
            return ReadIndicator(indicator=found[0], checks=found[1], unknown_limit=limit, spec=spec)
    found_check = names.check(spec, contract)
    if found_check is None or not _fits(kind, spec, found_check):
        return None
    indicator: Indicator = (
        CheckHolds(contract=contract.id, check=found_check.id)
        if kind is Kind.FRESHNESS
        else CheckRows(kind=kind, contract=contract.id, check=found_check.id)
    )
    return ReadIndicator(indicator=indicator, checks=(found_check,), spec=spec)


def _fits(kind: Kind, spec: Element, found: CheckSpec) -> bool:
    """Whether the check is of the sort that the indicator counts."""
    at = next((spec.at(key) for key in ("check", "rule", "field") if spec.has(key)), spec)
    fresh, present = isinstance(found.rule, rules.Fresh), isinstance(found.rule, rules.Present)
    aggregate = isinstance(found.rule, rules.Expectation) and not found.rule.type.startswith(_BY_ROWS)
    problem = None
    if kind is Kind.FRESHNESS:
        problem = None if fresh else ("tells no age", "name a freshness or frequency of the contract's slaProperties")
    elif fresh:
        problem = ("tells an age", "write `kind: freshness`")
    elif isinstance(found.rule, _NOT_BY_ROWS) or aggregate:
        problem = ("looks at the whole table: no row of it is good or bad", "name a check that tests each row")
    elif isinstance(found.rule, changes.InvalidWrites):
        problem = ("is about writes", "write `kind: invalid-write-rate` and `object`")
    elif kind is Kind.COMPLETENESS and not present:
        problem = ("does not tell whether something is missing", "write `kind: validity`")
    elif kind is Kind.VALIDITY and present:
        problem = ("tells whether something is missing", "write `kind: completeness`")
    if problem:
        at.error("check-kind", f"`{found.id}` {problem[0]}", problem[1])
    return problem is None


def _writes(spec: Element, contract: Contract, names: ContractNames) -> ReadIndicator | None:
    obj = names.object(spec.at("object"), contract)
    if obj is None:
        return None
    if not obj.primary_key:
        message = f"{obj.name} has no primary key: its writes cannot be told apart"
        spec.at("object").error("no-primary-key", message, "mark the key with `primaryKey: true` in the contract")
        return None
    return ReadIndicator(indicator=ValidWrites(contract=contract.id, object=obj.name), spec=spec)


def _unknown_limit(element: Element) -> Fraction:
    number = element.number
    if number is None:
        return UNKNOWN_LIMIT
    if not 0 <= number <= 1:
        element.error("unknown-limit", f"{number} is no share", "write a number from 0 to 1: 0.1 is 10 %")
    return Fraction(str(number))


def deadline_of(indicator: Indicator) -> timedelta | None:
    """After how long a record is decided; None where that is at once."""
    return indicator.deadline if isinstance(indicator, TimeToFill) else None
