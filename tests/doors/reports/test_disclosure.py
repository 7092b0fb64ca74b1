"""No value of a restricted column reaches any report, even when somebody gathered it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from observer.checks.audit import Audit
from observer.checks.measure import Evidence, FieldProfile, Offender, Segment, ValueCount
from observer.reports.disclosure import showable
from observer.reports.write import write_reports
from tests.fakes import audits

SECRET = "secret.person@victim.example"
CHECK = "sales-crm.sales_pipeline.contact_email.format"


def with_evidence(evidence: Evidence, *, record_url: str | None = None) -> Audit:
    audit = audits.sales_audit()
    part = audit.contracts[0]
    objects = tuple(replace(o, record_url=record_url) for o in part.contract.objects)
    profile = FieldProfile(
        object="sales_pipeline",
        property="contact_email",
        rows=8800,
        filled=8794,
        values=(ValueCount(value=SECRET, rows=9, allowed=False),),
    )
    return replace(
        audit,
        contracts=(
            replace(
                part,
                contract=replace(part.contract, objects=objects),
                evidence=(evidence,),
                profiles=(profile,),
            ),
        ),
    )


LEAKS = {
    "offender": with_evidence(Evidence(check_id=CHECK, offenders=(Offender(value=SECRET, rows=3),))),
    "segment": with_evidence(
        Evidence(
            check_id="sales-crm.sales_pipeline.account.required",
            segments=(
                Segment(column="contact_email", value=SECRET, rows_tested=9, rows_failed=9, share=1.0, lift=2.0),
            ),
        )
    ),
    "key": with_evidence(Evidence(check_id=CHECK, key_columns=("contact_email",), keys=((SECRET,),))),
    "link": with_evidence(
        Evidence(
            check_id=CHECK,
            key_columns=("opportunity_id",),
            keys=((1,),),
            urls=(f"https://crm.example.com/{SECRET}",),
        ),
        record_url="https://crm.example.com/{contact_email}",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_restricted_value_reaches_no_file(leak: str, tmp_path: Path) -> None:
    write_reports(LEAKS[leak], tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or SECRET not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("leak", "note"), [("offender", "values"), ("key", "keys"), ("link", "links")])
def test_what_is_withheld_is_said(leak: str, note: str) -> None:
    assert any(text.startswith(f"{note} not shown") for text in showable(LEAKS[leak]).contracts[0].evidence[0].notes)


@pytest.mark.parametrize("leak", LEAKS)
def test_showing_what_is_showable_changes_nothing(leak: str) -> None:
    assert showable(showable(LEAKS[leak])) == showable(LEAKS[leak])


def test_an_audit_without_leaks_is_shown_whole() -> None:
    assert showable(audits.sales_audit()) == audits.sales_audit()
