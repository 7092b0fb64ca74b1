"""Judged checks of a small sales CRM: every outcome, a restricted field, hostile names. The judge is the real one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from observer.checks import rules
from observer.checks.judge import judge
from observer.checks.measure import (
    CheckResult,
    Measurement,
)
from observer.checks.spec import NO_ROW_FAILS, CheckSpec
from observer.contracts.model import (
    Comparison,
    Dimension,
    LogicalType,
    Operator,
    Severity,
    Unit,
)

HOSTILE = "<script>alert(1)</script>"
ANA, SAM, RAY, ZOE = "ana@example.com", "sam.ops@example.com", "ray.finance@example.com", "zoë.müller@example.com"
STARTED = datetime(2026, 11, 22, 5, 54, 0, tzinfo=UTC)
SECTORS = ("medical", "retail", "software", "technology", "finance", "marketing", "telecommunications")
STAGES = ("Prospecting", "Engaging", "Won", "Lost")
PRODUCTS = ("GTX Basic", "GTX Pro", "MG Special", "MG Advanced", "GTX Plus Pro", "GTX Plus Basic", "GTK 500")


def check(
    object_: str,
    property_: str | None,
    name: str,
    rule: rules.Rule,
    statement: str,
    tested: int | None = None,
    failed: int | None = None,
    *,
    dimension: Dimension = Dimension.VALIDITY,
    owner: str | None = ANA,
    severity: Severity = Severity.ERROR,
    critical: bool = False,
    restricted: bool = False,
    threshold: Comparison = NO_ROW_FAILS,
    contract: str = "sales-crm",
    **seen: object,
) -> CheckResult:
    """One judged check; `seen` are further fields of its Measurement (`value`, `holds`, `error`, …)."""
    check_id = ".".join(part for part in (contract, object_, property_, name) if part)
    spec = CheckSpec(
        id=check_id,
        contract=contract,
        contract_version="1.2.0",
        object=object_,
        property=property_,
        rule_name=name,
        statement=statement,
        dimension=dimension,
        severity=severity,
        rule=rule,
        threshold=threshold,
        owner=owner,
        critical=critical,
        restricted=restricted,
    )
    measured = Measurement(check_id=check_id, rows_tested=tested, rows_failed=failed, **seen)  # type: ignore[arg-type]  # a test builder
    return judge(spec, measured)


def required(object_: str, name: str, rows: int, failed: int = 0, **more: object) -> CheckResult:
    more.setdefault("dimension", Dimension.COMPLETENESS)
    return check(object_, name, "required", rules.Present(column=name), f"{name} is present", rows, failed, **more)  # type: ignore[arg-type]  # a test builder


def typed(object_: str, name: str, kind: LogicalType, rows: int, failed: int = 0, **more: object) -> CheckResult:
    rule = rules.HasType(column=name, logical_type=kind)
    return check(object_, name, "type", rule, f"{name} is {kind.one}", rows, failed, **more)  # type: ignore[arg-type]  # a test builder


def pipeline_results() -> list[CheckResult]:
    t = "sales_pipeline"
    stage = {"owner": SAM, "critical": True}
    return [
        check(
            t,
            "opportunity_id",
            "primary-key",
            rules.Unique(columns=("opportunity_id",)),
            "opportunity_id is unique",
            8800,
            0,
            dimension=Dimension.UNIQUENESS,
            proven_by="the primary key of the source",
        ),
        required(t, "opportunity_id", 8800),
        check(
            t,
            "product",
            "products.product",
            rules.References(columns=("product",), to_table="products", to_columns=("product",)),
            "product exists as products.product",
            8800,
            1480,
            dimension=Dimension.CONSISTENCY,
            owner=SAM,
            critical=True,
        ),
        required(t, "product", 8800, owner=SAM, critical=True),
        required(t, "account", 8800, 1425, owner=ANA),
        check(
            t,
            "account",
            "accounts.account",
            rules.References(columns=("account",), to_table="accounts", to_columns=("account",)),
            "account exists as accounts.account",
            7375,
            0,
            dimension=Dimension.CONSISTENCY,
        ),
        typed(t, "deal_stage", LogicalType.STRING, 8800, **stage),
        check(
            t,
            "deal_stage",
            "enum",
            rules.InSet(column="deal_stage", values=STAGES),
            "deal_stage is one of Prospecting, Engaging, Won or Lost",
            8800,
            3,
            **stage,  # type: ignore[arg-type]  # a test builder
        ),
        required(t, "engage_date", 8800, 500, owner=SAM, severity=Severity.WARNING),
        typed(t, "engage_date", LogicalType.DATE, 8300, owner=SAM),
        required(t, "close_date", 6711, 0, owner=RAY, critical=True),
        check(
            t,
            "close_date",
            "after_engage",
            rules.SqlValue(query="SELECT count(*) …"),
            "close_date is not before engage_date",
            owner=RAY,
            value=0,
            dimension=Dimension.CONSISTENCY,
        ),
        check(
            t,
            "close_value",
            "range",
            rules.InRange(column="close_value", minimum=0),
            "close_value is at least 0",
            6711,
            0,
            owner=RAY,
        ),
        check(
            t,
            "close_value",
            "missing_share",
            rules.Present(column="close_value"),
            "close_value is present",
            8800,
            2089,
            owner=RAY,
            dimension=Dimension.COMPLETENESS,
            threshold=Comparison(operator=Operator.MUST_BE_LESS_OR_EQUAL_TO, operands=(30,), unit=Unit.PERCENT),
        ),
        check(
            t,
            "sales_agent",
            "sales_teams.sales_agent",
            rules.References(columns=("sales_agent",), to_table="sales_teams", to_columns=("sales_agent",)),
            "sales_agent exists as sales_teams.sales_agent",
            8800,
            0,
            dimension=Dimension.CONSISTENCY,
            owner=SAM,
        ),
        check(
            t,
            "contact_email",
            "format",
            rules.MatchesPattern(column="contact_email", pattern="^[^@]+@[^@]+$", format="email"),
            "contact_email is an email address",
            8794,
            212,
            owner=ZOE,
            restricted=True,
        ),
        required(t, "contact_email", 8800, 6, owner=ZOE, restricted=True),
        check(
            t,
            HOSTILE,
            "pattern",
            rules.MatchesPattern(column=HOSTILE, pattern="^[a-z"),
            f"{HOSTILE} matches ^[a-z",
            owner=None,
            error="the pattern is not a valid regular expression: missing closing ]",
        ),
        check(
            t,
            "note",
            "length",
            rules.LengthInRange(column="note", maximum=200),
            "note has at most 200 characters",
            8800,
            17,
            owner=None,
            severity=Severity.INFO,
        ),
        check(
            t,
            None,
            "freshness",
            rules.Fresh(columns=("engage_date",), limit=timedelta(hours=24)),
            "the newest engage_date is at most 1 d old",
            owner=SAM,
            value=3.2 * 86_400,
            seen="2026-11-19T01:06:00Z",
            dimension=Dimension.FRESHNESS,
        ),
        check(
            t,
            None,
            "rows",
            rules.RowCount(),
            "the table has more than 0 rows",
            value=8800,
            dimension=Dimension.VOLUME,
            threshold=Comparison(operator=Operator.MUST_BE_GREATER_THAN, operands=(0,)),
        ),
    ]


def account_results() -> list[CheckResult]:
    t = "accounts"
    return [
        required(t, "account", 85, critical=True),
        check(
            t,
            "account",
            "primary-key",
            rules.Unique(columns=("account",)),
            "account is unique",
            85,
            0,
            dimension=Dimension.UNIQUENESS,
        ),
        check(
            t,
            "sector",
            "enum",
            rules.InSet(column="sector", values=SECTORS),
            "sector is one of medical, retail, software, technology, finance, marketing or telecommunications",
            85,
            12,
        ),
        check(
            t,
            "office_location",
            "enum",
            rules.InSet(column="office_location", values=("United States", "Philippines", "Kenya", "Köln")),
            "office_location is one of United States, Philippines, Kenya or Köln",
            85,
            1,
            severity=Severity.WARNING,
        ),
        check(
            t,
            "revenue",
            "range",
            rules.InRange(column="revenue", minimum=0),
            "revenue is at least 0",
            85,
            0,
            owner=RAY,
        ),
        typed(t, "employees", LogicalType.INTEGER, 85, owner=RAY),
        check(
            t,
            "year_established",
            "range",
            rules.InRange(column="year_established", minimum=1800, maximum=2026),
            "year_established is between 1800 and 2026",
            85,
            0,
        ),
        check(
            t,
            "subsidiary_of",
            "accounts.account",
            rules.References(columns=("subsidiary_of",), to_table="accounts", to_columns=("account",)),
            "subsidiary_of exists as accounts.account",
            0,
            0,
            dimension=Dimension.CONSISTENCY,
        ),
    ]


def product_results() -> list[CheckResult]:
    t = "products"
    return [
        required(t, "product", 7),
        check(
            t,
            "product",
            "primary-key",
            rules.Unique(columns=("product",)),
            "product is unique",
            7,
            0,
            dimension=Dimension.UNIQUENESS,
        ),
        check(
            t,
            "sales_price",
            "range",
            rules.InRange(column="sales_price", minimum=0, exclusive_minimum=True),
            "sales_price is more than 0",
            7,
            0,
            owner=RAY,
        ),
        check(
            t,
            "sales_price",
            "physical-type",
            rules.HasPhysicalType(column="sales_price", physical_type="numeric(12,2)"),
            "sales_price is stored as numeric(12,2)",
            owner=RAY,
            holds=False,
            seen="bigint",
        ),
        check(
            t,
            "series",
            "enum",
            rules.InSet(column="series", values=("GTX", "MG", "GTK")),
            "series is one of GTX, MG or GTK",
            7,
            0,
        ),
    ]


def team_results() -> list[CheckResult]:
    t = "sales_teams"
    denied = "permission denied for table sales_teams"
    return [_unreadable(t, name, denied) for name in ("sales_agent", "manager", "regional_office")]


def _unreadable(table: str, name: str, reason: str) -> CheckResult:
    return check(
        table,
        name,
        "required",
        rules.Present(column=name),
        f"{name} is present",
        dimension=Dimension.COMPLETENESS,
        owner=SAM,
        error=reason,
    )
