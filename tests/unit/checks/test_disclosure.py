"""Evidence that may be shown: no value of a restricted column, nor of one that refers to such, however it came in."""

from __future__ import annotations

from dataclasses import replace

from observer.checks.disclosure import showable_evidence
from observer.checks.measure import Evidence, MonthCount, Offender, Segment
from observer.checks.plan import plan_contract
from observer.contracts.model import LogicalType, Relationship
from tests.fakes.contracts import contract, prop, table

LINK = Relationship(id="known", columns=("person",), to_contract="crm", to_object="people", to_columns=("name",))
LEADS = replace(
    table(
        "leads",
        prop("id", primary_key_position=1),
        prop("person", physical_name="person_name", required=True, relationships=(LINK,)),
        prop("born", LogicalType.TIMESTAMP, classification="restricted"),
        event_time=("born",),
    ),
    record_url="https://crm.example.com/{person}",
)
CRM = contract(LEADS, table("people", prop("name", classification="restricted")))
FULL = Evidence(
    check_id="crm.leads.person.known",
    key_columns=("id",),
    keys=((1,),),
    urls=("https://crm.example.com/Xanthippe",),
    offenders=(Offender(value="Xanthippe", rows=1),),
    segments=(Segment(column="person_name", value="Xanthippe", rows_tested=9, rows_failed=9, share=1.0, lift=2.0),),
    months=(MonthCount(month="1931-07", rows_tested=9, rows_failed=9),),
)
SPEC = next(c for c in plan_contract(CRM).checks if c.rule_name == "known")


def test_nothing_that_is_made_of_a_restricted_value_is_shown_and_that_is_said():
    shown = showable_evidence(FULL, SPEC, CRM)
    assert shown == replace(
        FULL,
        urls=(),
        offenders=(),
        segments=(),
        months=(),
        notes=(
            "values not shown: the field is restricted",
            "links not shown: they are made of a restricted field",
            "months not shown: the event time is restricted",
        ),
    )
    assert showable_evidence(shown, SPEC, CRM) == shown


def test_a_restricted_key_gives_up_keys_and_links():
    shown = showable_evidence(replace(FULL, key_columns=("person_name",)), SPEC, CRM)
    assert (shown.keys, shown.urls) == ((), ())
