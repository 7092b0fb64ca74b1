"""Whole runs, built by hand: a believable one, an all-green one, an empty one, a wide one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from observer.checks import change_rules as changes
from observer.checks import rules
from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import (
    CheckResult,
    Evidence,
    FieldProfile,
    Offender,
    SourceColumn,
    TableShape,
    ValueCount,
)
from observer.contracts.model import (
    Contract,
    Property,
    SchemaObject,
)
from observer.contracts.states import StateMachine
from tests.fakes.sales_checks import (
    HOSTILE,
    STARTED,
    account_results,
    check,
    pipeline_results,
    product_results,
    required,
    team_results,
)
from tests.fakes.sales_evidence import account_evidence, keys, months, pipeline_evidence, profiles, urls


def _object(name: str, *properties: str, restricted: frozenset[str] = frozenset()) -> SchemaObject:
    return SchemaObject(
        id=name,
        name=name,
        physical_name=name,
        properties=tuple(
            Property(id=p, name=p, physical_name=p, classification="restricted" if p in restricted else None)
            for p in properties
        ),
    )


def sales_contract() -> Contract:
    return Contract(
        id="sales-crm",
        name="Sales CRM",
        version="1.2.0",
        api_version="v3.2.0",
        status="active",
        file="expectations/contracts/sales-crm.odcs.yaml",
        digest="9f2c" * 16,
        objects=(
            _object("accounts", "account", "region_id", "sector", "office_location", "revenue", "employees"),
            _object("products", "product", "series", "sales_price"),
            _object(
                "sales_pipeline",
                "opportunity_id",
                "product",
                "deal_stage",
                "contact_email",
                HOSTILE,
                restricted=frozenset({"contact_email"}),
            ),
            _object("sales_teams", "sales_agent", "manager", "regional_office"),
        ),
    )


def _shape(name: str, rows: int | None, *columns: str, error: str | None = None) -> TableShape:
    return TableShape(
        object=name,
        physical_name=name,
        columns=tuple(SourceColumn(name=c, type="text") for c in columns),
        rows=rows,
        source_time=STARTED + timedelta(seconds=1) if error is None else None,
        error=error,
    )


def sales_audit() -> Audit:
    """Four tables (one of them unreadable), 37 checks, every outcome."""
    return Audit(
        run_id="20261122T055400Z-7f3a",
        started_at=STARTED,
        finished_at=STARTED + timedelta(seconds=3.9),
        source="postgresql://observer@crm-db:5432/crm",
        version="0.1.0",
        contracts=(
            ContractAudit(
                contract=sales_contract(),
                tables=(
                    _shape("accounts", 85, "account", "sector"),
                    _shape("products", 7, "product", "series", "sales_price"),
                    _shape("sales_pipeline", 8800, "opportunity_id", "product"),
                    _shape("sales_teams", None, error="permission denied for table sales_teams"),
                ),
                results=(*account_results(), *product_results(), *pipeline_results(), *team_results()),
                evidence=(*account_evidence(), *pipeline_evidence()),
                profiles=profiles(),
            ),
        ),
    )


def green_audit() -> Audit:
    """One small table in which everything holds."""
    return _single("green", [required("leads", "id", 12), required("leads", "email", 12)])


def empty_audit() -> Audit:
    """One table without rows: nothing could be judged."""
    return _single("empty", [required("leads", "id", 0), required("leads", "email", 0)], rows=0)


def changes_audit() -> Audit:
    """One table compared with an earlier snapshot: every kind of change, one of which had nothing to compare."""
    t, machine = "leads", StateMachine(initial=("new",), terminal=("won",), transitions=())
    first: dict[str, Any] = {"skipped": "there is no earlier snapshot to compare with"}
    results: list[CheckResult] = [
        check(t, None, "deleted_rows", changes.DeletedRows(), "few rows of leads were deleted", 95, 7),
        check(t, None, "changed_rows", changes.ChangedRows(), "few rows of leads were changed", 88, 0),
        check(t, None, "invalid_writes", changes.InvalidWrites(checks=("a",)), "what was written is valid", 1, 1),
        check(
            t, None, "row_count_change", changes.RowCountChange(), "leads is about as long", value=-7.4, seen="-7.4 %"
        ),
        check(t, None, "schema_drift", changes.SchemaDrift(), "no column was removed", value=1, seen="removed: phone"),
        check(t, "id", "new_values", changes.NewValues(column="id", checks=("a",)), "id has no new value", 88, 2),
        check(t, "id", "transitions", changes.Transitions(column="id", machine=machine), "id moves legally", 88, 4),
        check(t, "name", "transitions", changes.Transitions(column="name", machine=machine), "name moves", **first),
    ]
    found = [
        Evidence(check_id=results[2].spec.id, offenders=(Offender(value="email format", rows=1),), offenders_total=1),
        Evidence(check_id=results[6].spec.id, offenders=(Offender(value="won → new", rows=1),), offenders_total=3),
    ]
    return _single("changes", results, rows=88, evidence=tuple(found))


def wide_audit(columns: int = 300, checks_per_column: int = 10) -> Audit:
    """One table of many columns; every third column breaks one check, with evidence."""
    results: list[CheckResult] = []
    evidence: list[Evidence] = []
    some = keys(100)
    for n in range(columns):
        name = f"custom_field_{n:03}__c"
        for k in range(checks_per_column):
            broken = n % 3 == 0 and k == 0
            rule = rules.InSet(column=name, values=("a", "b"))
            results.append(check("wide", name, f"rule-{k}", rule, f"{name} is one of a or b", 100_000, 100 * broken))
            if broken:
                evidence.append(
                    Evidence(
                        check_id=results[-1].spec.id,
                        key_columns=("id",),
                        keys=some,
                        urls=urls(some),
                        offenders=tuple(Offender(value=f"value {v}", rows=v, suggestion="a") for v in range(20, 0, -1)),
                        offenders_total=55,
                        months=months(*range(15)),
                    )
                )
    filled = tuple(
        FieldProfile(
            object="wide",
            property=f"custom_field_{n:03}__c",
            rows=100_000,
            filled=100_000 - 97 * n,
            values=tuple(ValueCount(value=f"v{v}", rows=1000 - v, allowed=v < 10) for v in range(12)),
        )
        for n in range(columns)
    )
    return _single("wide", results, rows=100_000, evidence=tuple(evidence), profiles=filled)


def _single(
    name: str,
    results: list[CheckResult],
    *,
    rows: int = 12,
    evidence: tuple[Evidence, ...] = (),
    profiles: tuple[FieldProfile, ...] = (),
) -> Audit:
    table = results[0].spec.object
    return Audit(
        run_id=f"run-{name}",
        started_at=STARTED,
        finished_at=STARTED + timedelta(seconds=0.25),
        source="file:dump",
        version="0.1.0",
        contracts=(
            ContractAudit(
                contract=Contract(
                    id="sales-crm",
                    name=name,
                    version="1.2.0",
                    api_version="v3.1.0",
                    status="active",
                    objects=(_object(table, "id"),),
                ),
                tables=(_shape(table, rows, "id"),),
                results=tuple(results),
                evidence=evidence,
                profiles=profiles,
                one_instant=False,
            ),
        ),
    )
