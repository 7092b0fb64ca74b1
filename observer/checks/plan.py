"""Contract → ContractPlan: the tables to read and the one ordered list of checks. Pure and deterministic.

Order: file order; within a property its type, presence, uniqueness, allowed values, options, quality rules,
relationships; then the checks of the whole object; then the service levels that speak of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from observer.checks import property_rules, rules
from observer.checks.drafts import Draft
from observer.checks.judge import meets
from observer.checks.restricted import restricted_columns
from observer.checks.spec import CheckSpec, ContractPlan, LiveRows, TablePlan
from observer.checks.words import duration_text, list_text
from observer.contracts.dialects import dialect_of
from observer.contracts.model import (
    Comparison,
    Contract,
    Dimension,
    Metric,
    MetricRule,
    Operator,
    Property,
    QualityRule,
    Relationship,
    SchemaObject,
    Severity,
    Sla,
    SlaKind,
)
from observer.contracts.schedules import Calendar


def plan_contract(contract: Contract, others: Sequence[Contract] = ()) -> ContractPlan:
    """Plan one contract. `others` are the contracts its relationships may point into.

    Raises:
        KeyError: a relationship names a contract or object that is not there; lint reports it first.
    """
    known = {c.id: c for c in (*others, contract)}
    checks: list[CheckSpec] = []
    for obj in contract.objects:
        checks += _specs(contract, obj, known)
    return ContractPlan(
        contract=contract.id,
        contract_version=contract.version,
        tables=(*(_own_table(contract, o, known) for o in contract.objects), *_target_tables(contract, known)),
        checks=tuple(checks),
    )


# --- checks ---------------------------------------------------------------------------------------------------


def _specs(contract: Contract, obj: SchemaObject, known: dict[str, Contract]) -> Iterator[CheckSpec]:
    taken: set[str] = set()
    hidden = restricted_columns(contract, obj, known)
    hidden_somewhere = frozenset().union(*(restricted_columns(contract, o, known) for o in contract.objects))
    for prop, draft in _drafts(contract, obj, known):
        base = ".".join(part for part in (contract.id, obj.id, prop.id if prop else None) if part)
        check_id, n = f"{base}.{draft.name}", 2
        while check_id in taken:
            check_id, n = f"{base}.{draft.name}-{n}", n + 1
        taken.add(check_id)
        reads = {*rules.columns_of(draft.rule), *(c.column for c in draft.when)}
        said = f"{draft.rule.query} {draft.rule.column}" if isinstance(draft.rule, rules.SqlValue) else ""
        yield CheckSpec(
            id=check_id,
            contract=contract.id,
            contract_version=contract.version,
            object=obj.name,
            property=prop.name if prop else None,
            rule_name=draft.name,
            statement=draft.statement,
            dimension=draft.dimension,
            severity=draft.severity,
            rule=draft.rule,
            threshold=draft.threshold,
            when=draft.when,
            owner=contract.owner_of(prop),
            steward=(prop.steward if prop else None) or contract.steward,
            consumers=prop.consumers if prop else (),
            critical=bool(prop and prop.critical),
            restricted=not hidden.isdisjoint(reads) or _names_any(said, hidden_somewhere),
        )


def _names_any(query: str, columns: frozenset[str]) -> bool:
    """Whether one of the columns' names stands in the query, be it only in a comment: rather once too often."""
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", query, re.IGNORECASE) for name in columns)


def _drafts(
    contract: Contract, obj: SchemaObject, known: dict[str, Contract]
) -> Iterator[tuple[Property | None, Draft]]:
    for prop in obj.properties:
        for draft in property_rules.drafts(obj, prop, dialect_of(contract)):
            yield prop, draft
        for link in prop.relationships:
            yield prop, replace(_reference(obj, link, known), when=property_rules.entered(prop))
    for draft in _object_drafts(contract, obj):
        yield None, draft
    for link in obj.relationships:
        yield (obj.property(link.columns[0]) if len(link.columns) == 1 else None), _reference(obj, link, known)
    for sla in contract.slas:
        if sla.object == obj.name:
            yield (
                (obj.property(sla.columns[0]) if len(sla.columns) == 1 else None),
                _service_level(obj, sla, obj.calendar or contract.calendar),
            )


def _object_drafts(contract: Contract, obj: SchemaObject) -> Iterator[Draft]:
    key = obj.primary_key
    if len(key) > 1:
        yield Draft(
            name="primary_key",
            rule=rules.Unique(columns=tuple(p.physical_name for p in key)),
            dimension=Dimension.UNIQUENESS,
            statement=f"{list_text([p.name for p in key], word='and')} together are unique",
        )
    counted = False
    for rule in obj.quality:
        counted = counted or _speaks_of_no_rows(rule)
        yield property_rules.quality_draft(obj, None, rule, dialect_of(contract))
    if not counted:
        yield Draft(
            name="rows",
            rule=rules.RowCount(),
            dimension=Dimension.VOLUME,
            severity=Severity.WARNING,
            statement=f"{obj.name} has rows",
            threshold=Comparison(operator=Operator.MUST_BE_GREATER_THAN, operands=(0,)),
        )


def _speaks_of_no_rows(rule: QualityRule) -> bool:
    """The contract says itself what an empty table amounts to: it refuses one, or asks for one."""
    if not isinstance(rule, MetricRule) or rule.metric is not Metric.ROW_COUNT or rule.when:
        return False
    wanted = rule.comparison
    return not meets(wanted, 0) or (wanted.operator is Operator.MUST_BE and wanted.operands == (0,))


def _reference(obj: SchemaObject, link: Relationship, known: dict[str, Contract]) -> Draft:
    target = known[link.to_contract].object(link.to_object)
    if target is None:
        raise KeyError(link.to_object)
    return Draft(
        name=link.id,
        rule=rules.References(
            columns=_physical(obj, link.columns),
            to_table=target.physical_name,
            to_columns=_physical(target, link.to_columns),
        ),
        dimension=Dimension.CONSISTENCY,
        statement=f"{list_text(link.columns, word='and')} exists in {target.name}.{', '.join(link.to_columns)}",
    )


def _service_level(obj: SchemaObject, sla: Sla, calendar: Calendar | None) -> Draft:
    columns, limit = _physical(obj, sla.columns), duration_text(sla.limit)
    named = list_text(sla.columns)
    zones = tuple(_zone(obj, name) for name in sla.columns)
    per_column = zones if len(set(zones)) > 1 else ()
    draft = Draft(
        name=sla.id,
        severity=sla.severity,
        dimension=Dimension.FRESHNESS,
        rule=rules.Kept(columns=columns, limit=sla.limit, timezone=zones[0], timezones=per_column),
        statement=f"no row of {obj.name} is older than {limit} by {named}",
    )
    match sla.kind:
        case SlaKind.RETENTION:
            return replace(draft, dimension=Dimension.VALIDITY)
        case SlaKind.LATENCY:
            since, until = sla.columns
            return replace(
                draft,
                rule=rules.Lag(
                    since=columns[0],
                    until=columns[1],
                    limit=sla.limit,
                    since_timezone=_zone(obj, since),
                    until_timezone=_zone(obj, until),
                ),
                statement=f"{until} follows {since} within {limit}",
            )
        case SlaKind.FRESHNESS | SlaKind.FREQUENCY:
            return replace(
                draft,
                rule=rules.Fresh(
                    columns=columns,
                    limit=sla.limit,
                    timezone=zones[0],
                    timezones=per_column,
                    calendar=calendar,
                ),
                threshold=Comparison(operator=Operator.MUST_BE_LESS_OR_EQUAL_TO, operands=(sla.limit.total_seconds(),)),
                statement=f"{obj.name} is at most {limit} old{' in open hours' if calendar else ''} by {named}",
            )


# --- tables ---------------------------------------------------------------------------------------------------


def _own_table(contract: Contract, obj: SchemaObject, known: dict[str, Contract]) -> TablePlan:
    return _table(contract, obj, obj.properties, known, target_only=False)


def _table(
    contract: Contract, obj: SchemaObject, props: Sequence[Property], known: dict[str, Contract], *, target_only: bool
) -> TablePlan:
    flag = obj.deleted_flag
    event = obj.event_time[0] if obj.event_time else None
    columns = tuple(dict.fromkeys(p.physical_name for p in props))
    return TablePlan(
        contract=contract.id,
        object=obj.name,
        physical_name=obj.physical_name,
        columns=columns,
        key=tuple(p.physical_name for p in obj.primary_key if p.physical_name in columns),
        restricted=restricted_columns(contract, obj, known).intersection(columns),
        live_rows=LiveRows(column=_physical(obj, [flag.column])[0], deleted_values=flag.values) if flag else None,
        logical_types=tuple((p.physical_name, p.logical_type.value) for p in props),
        placeholders=tuple((p.physical_name, p.placeholders) for p in props if p.placeholders),
        record_url=None if target_only else obj.record_url,
        url_columns=tuple((p.name, p.physical_name) for p in props),
        event_time=_physical(obj, [event])[0] if event and not target_only else None,
        update_time=None if target_only else next(iter(_physical(obj, (*obj.update_time, *obj.event_time))), None),
        event_times=() if target_only else _physical(obj, obj.event_time),
        update_times=() if target_only else _physical(obj, obj.update_time),
        timezones=tuple((p.physical_name, zone) for p in props if (zone := property_rules.zone_of(p))),
        target_only=target_only,
    )


@dataclass
class _Target:
    contract: Contract
    object: SchemaObject
    names: dict[str, None]


def _target_tables(contract: Contract, known: dict[str, Contract]) -> Iterator[TablePlan]:
    """Tables of other contracts that relationships point into: only the columns that are looked up."""
    own = {o.physical_name for o in contract.objects}
    targets: dict[str, _Target] = {}
    for obj in contract.objects:
        for link in (*obj.relationships, *(r for p in obj.properties for r in p.relationships)):
            home = known[link.to_contract]
            target = home.object(link.to_object)
            if target is None or target.physical_name in own:
                continue
            wanted = targets.setdefault(target.physical_name, _Target(home, target, {}))
            wanted.names |= dict.fromkeys(link.to_columns)
            if target.deleted_flag:
                wanted.names[target.deleted_flag.column] = None
    for wanted in targets.values():
        props = [p for p in wanted.object.properties if p.name in wanted.names]
        yield _table(wanted.contract, wanted.object, props, known, target_only=True)


def _physical(obj: SchemaObject, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(prop.physical_name if (prop := obj.property(name)) else name for name in names)


def _zone(obj: SchemaObject, name: str) -> str | None:
    prop = obj.property(name)
    return property_rules.zone_of(prop) if prop else None
