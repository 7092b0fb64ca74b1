"""What was gathered about the broken checks of `sales_checks`: keys, links, offenders, segments, months, profiles."""

from __future__ import annotations

from observer.checks.measure import (
    Evidence,
    FieldProfile,
    MonthCount,
    Offender,
    Segment,
    ValueCount,
)
from tests.fakes.sales_checks import HOSTILE


def months(*failed: int) -> tuple[MonthCount, ...]:
    names = [f"2016-{m:02}" for m in range(10, 13)] + [f"2017-{m:02}" for m in range(1, 13)]
    return tuple(
        MonthCount(month=name, rows_tested=420 + 37 * (n % 5), rows_failed=count)
        for n, (name, count) in enumerate(zip(names, failed, strict=False))
    )


def keys(count: int, prefix: str = "OP") -> tuple[tuple[str], ...]:
    return tuple((f"{prefix}{n:06X}",) for n in range(4096, 4096 + count))


def urls(keys: tuple[tuple[str], ...]) -> tuple[str, ...]:
    return tuple(f"https://crm.example.com/opportunity/{key}?a=1&b=2" for (key,) in keys)


def pipeline_evidence() -> tuple[Evidence, ...]:
    t, key = "sales-crm.sales_pipeline", ("opportunity_id",)
    many, some = keys(1000), keys(3, "=HYPERLINK")
    return (
        Evidence(
            check_id=f"{t}.product.products.product",
            key_columns=key,
            keys=many,
            urls=urls(many),
            offenders=(Offender(value="GTXPro", rows=1480, suggestion="GTX Pro"),),
            offenders_total=1,
            segments=(
                Segment(column="product", value="GTXPro", rows_tested=1480, rows_failed=1480, share=1.0, lift=5.95),
                Segment(
                    column="sales_agent",
                    value="Darcel Schlecht",
                    rows_tested=747,
                    rows_failed=301,
                    share=0.203,
                    lift=2.4,
                ),
            ),
            months=months(4, 9, 30, 61, 92, 144, 120, 133, 128, 140, 149, 155, 121, 110, 84),
        ),
        Evidence(
            check_id=f"{t}.account.required",
            key_columns=key,
            keys=many,
            urls=urls(many),
            segments=(
                Segment(
                    column="deal_stage", value="Engaging", rows_tested=1589, rows_failed=1088, share=0.7635, lift=4.23
                ),
            ),
            months=months(0, 0, 2, 11, 20, 33, 45, 80, 122, 161, 190, 214, 232, 201, 114),
        ),
        Evidence(
            check_id=f"{t}.deal_stage.enum",
            key_columns=key,
            keys=some,
            urls=("javascript:alert(1)", "https://crm.example.com/2", "https://crm.example.com/3"),
            offenders=(
                Offender(value="**won**\n", rows=1, suggestion="Won"),
                Offender(value=HOSTILE, rows=1),
                Offender(value="Выиграно 🏆 \x1b[31m\u202e", rows=1),
            ),
            offenders_total=3,
            months=months(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2),
        ),
        Evidence(check_id=f"{t}.engage_date.required", key_columns=key, keys=keys(500), urls=urls(keys(500))),
        Evidence(
            check_id=f"{t}.contact_email.format",
            key_columns=key,
            keys=keys(212),
            notes=("values not shown: the field is restricted",),
            segments=(
                Segment(column="sales_agent", value=None, rows_tested=300, rows_failed=151, share=0.7123, lift=20.9),
            ),
        ),
        Evidence(check_id=f"{t}.contact_email.required", key_columns=key, keys=keys(6)),
        Evidence(check_id=f"{t}.note.length", key_columns=key, keys=keys(17)),
    )


def account_evidence() -> tuple[Evidence, ...]:
    return (
        Evidence(
            check_id="sales-crm.accounts.sector.enum",
            key_columns=("account", "region_id"),
            keys=(("Acme Corporation", 7), ("=1+1", -3), ('Müller, "Söhne" & Co', None)),
            offenders=(Offender(value="technolgy", rows=12, suggestion="technology"),),
            offenders_total=1,
            notes=("the keys are only a part: 3 of 12",),
        ),
        Evidence(
            check_id="sales-crm.accounts.office_location.enum",
            key_columns=("account", "region_id"),
            keys=(("Bioholding", 1),),
            offenders=(Offender(value="Philipines", rows=1, suggestion="Philippines"),),
            offenders_total=1,
        ),
    )


def profiles() -> tuple[FieldProfile, ...]:
    def of(object_: str, rows: int, *fields: tuple[str, int]) -> list[FieldProfile]:
        return [FieldProfile(object=object_, property=name, rows=rows, filled=filled) for name, filled in fields]

    return (
        *of("sales_pipeline", 8800, ("opportunity_id", 8800), ("sales_agent", 8800), ("product", 8800)),
        *of("sales_pipeline", 8800, ("account", 7375), ("engage_date", 8300)),
        FieldProfile(
            object="sales_pipeline",
            property="deal_stage",
            rows=8800,
            filled=8800,
            values=(
                ValueCount(value="Won", rows=4237, allowed=True),
                ValueCount(value="Lost", rows=2472, allowed=True),
                ValueCount(value="Engaging", rows=1588, allowed=True),
                ValueCount(value="Prospecting", rows=500, allowed=True),
                ValueCount(value="**won**\n", rows=1, allowed=False),
                ValueCount(value=HOSTILE, rows=1, allowed=False),
                ValueCount(value="Выиграно 🏆 \x1b[31m\u202e", rows=1, allowed=False),
            ),
        ),
        *of("sales_pipeline", 8800, ("close_date", 6711), ("close_value", 6711), ("contact_email", 8794)),
        *of("sales_pipeline", 8800, (HOSTILE, 0), ("note", 3)),
        *of("accounts", 85, ("account", 85)),
        FieldProfile(
            object="accounts",
            property="sector",
            rows=85,
            filled=85,
            values=(
                ValueCount(value="retail", rows=17, allowed=True),
                ValueCount(value="technolgy", rows=12, allowed=False),
                ValueCount(value="medical", rows=12, allowed=True),
                ValueCount(value="finance", rows=8, allowed=True),
                ValueCount(value="marketing", rows=8, allowed=True),
                ValueCount(value="software", rows=7, allowed=True),
                ValueCount(value="telecommunications", rows=6, allowed=True),
                ValueCount(value="technology", rows=0, allowed=True),
            ),
        ),
        *of("accounts", 85, ("revenue", 85), ("employees", 85), ("subsidiary_of", 15)),
        *of("products", 7, ("product", 7), ("series", 7), ("sales_price", 7)),
    )
