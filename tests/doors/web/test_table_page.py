"""The pages of a contract and of a table: what is known of each field, how it went, and whose it is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from observer.checks.measure import Outcome
from observer.checks.spec import NO_ROW_FAILS
from observer.contracts.model import Comparison, Operator, Unit
from observer.runs.slots import SlotState
from observer.web.views.checks import limit_share, worst
from observer.web.views.contracts import contract_page
from observer.web.views.spans import sampled_text, span_of
from observer.web.views.tables import TablePage, table_page
from tests.doors.web.browsing import Browser
from tests.fakes.slo_levels import NOON
from tests.fakes.standings import crm
from tests.fakes.web_desk import FakeDesk, slot
from tests.fakes.web_pages import full_desk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def page_of(desk: FakeDesk, days: int = 7) -> TablePage:
    watched = desk.archive.watched["crm"]
    table = watched.contract.object("leads")
    assert table is not None
    return table_page(desk.archive, watched, table, desk.standing(), days=days, now=NOON)


def test_fields_stand_in_the_order_of_the_contract_after_the_whole_table() -> None:
    page = page_of(full_desk())

    assert [row.name for row in page.fields] == ["whole table", "id", "email", "source", "created_at"]
    assert page.columns == ("Completeness", "Validity", "Uniqueness, consistency, time")
    email = page.fields[2]
    assert [[state.spec.rule_name for state in cell] for cell in email.cells] == [["required"], ["type"], []]
    assert email.outcome is Outcome.FAILED
    assert (email.owner, email.steward, email.consumers) == (None, "theo@example.com", ("lead-routing",))


def test_what_does_not_hold_comes_first_and_what_could_not_be_seen_is_among_it() -> None:
    page = page_of(full_desk())

    assert [state.spec.id for state in page.open] == ["crm.leads.email.required", "crm.leads.source.enum"]
    assert page.open[0].observed == "20 of 100 rows (20.0 %)"
    assert page.open[1].observed == "could not be looked at"
    assert page.outcome is Outcome.FAILED


def test_completeness_is_drawn_with_its_limit_and_with_what_nobody_saw() -> None:
    (email, *_) = page_of(full_desk()).completeness

    assert (email.name, email.now, email.limit) == ("email", "80.0 %", "missing: exactly 0 rows")
    assert email.says == "4 runs, 1 of which could not tell, 1 outside of the limit, 80.0 % at least; now 80.0 %"
    assert len(email.picture.unknown) == 1
    assert email.picture.limit is not None


def test_freshness_is_drawn_from_glances_and_its_limit_is_that_of_the_contract() -> None:
    (fresh,) = page_of(full_desk()).freshness

    assert (fresh.now, fresh.limit) == ("1 min 30 s", "at most 1 h old")
    assert fresh.says.startswith("4 glances, 1 of which could not tell, 1 min 30 s at most")


def test_where_nobody_glances_freshness_is_drawn_from_runs() -> None:
    desk = full_desk()
    desk.archive.history = replace(desk.archive.history, glances={})

    (fresh,) = page_of(desk).freshness

    assert (fresh.now, fresh.says) == ("–", "0 runs; now not known")


def test_a_page_looks_no_further_back_than_the_state_remembers() -> None:
    assert span_of(7, NOON - HOUR, NOON).begins == NOON - HOUR
    assert span_of(7, NOON - 90 * DAY, NOON).begins == NOON - 7 * DAY
    assert span_of(7, None, NOON).begins == NOON - 7 * DAY
    assert sampled_text(span_of(7, None, NOON), "run") == "drawn is the last run of each 2 h 48 min"


@pytest.mark.parametrize(
    ("operator", "operands", "unit", "share"),
    [
        (Operator.MUST_BE, (0,), Unit.ROWS, 1.0),
        (Operator.MUST_BE_LESS_THAN, (2,), Unit.PERCENT, 0.98),
        (Operator.MUST_BE_LESS_OR_EQUAL_TO, (5,), Unit.ROWS, 0.95),
        (Operator.MUST_BE_GREATER_THAN, (5,), Unit.ROWS, None),
        (Operator.MUST_BE_BETWEEN, (0, 5), Unit.ROWS, None),
    ],
)
def test_a_limit_of_missing_rows_is_a_share_of_filled_ones(
    operator: Operator, operands: tuple[int, ...], unit: Unit, share: float | None
) -> None:
    _, (spec, *_) = crm()
    limit = Comparison(operator=operator, operands=operands, unit=unit)

    assert limit_share(replace(spec, threshold=limit), 100) == share
    assert limit_share(replace(spec, threshold=NO_ROW_FAILS), None) == 1.0


def test_what_never_ran_is_not_green_beside_what_passed() -> None:
    assert worst([]) is None
    assert worst([None, None]) is None
    assert worst([Outcome.PASSED, None]) is Outcome.ERRORED
    assert worst([Outcome.PASSED, Outcome.SKIPPED]) is Outcome.PASSED


def test_the_page_says_every_state_in_words_and_each_chart_has_a_title() -> None:
    browser = Browser(full_desk())
    browser.at(NOON)
    text = browser.get("/contracts/crm/tables/leads").text

    assert re.search(r'class="chip failed" href="#check-1"><span aria-hidden="true">✗</span> required', text)
    assert '<span class="hidden">: errored</span>' in text
    assert text.count('role="img"') == text.count("<title id=")
    assert "could not be looked at" in text
    assert re.search(r'<time datetime="[^"]+" title="[^"]+ UTC">', text)


def test_a_contract_tells_its_tables_promises_people_and_how_its_runs_went() -> None:
    desk = full_desk()
    watched = desk.archive.watched["crm"]
    missed = replace(slot(), state=SlotState.MISSED, reason="no daemon was there to run it")
    page = contract_page(
        desk.archive, watched, desk.standing(), runs=desk.runs(10, "crm"), slots=[missed], days=7, now=NOON
    )

    assert [(line.table.name, line.unowned) for line in page.tables] == [("leads", 3), ("a b/c", 1)]
    assert [promise.sentence for promise in page.promises] == [
        "the newest created_at of leads is at most 1 h old",
        "what breaks is repaired within 4 h",
    ]
    assert page.promises[0].state is not None
    assert page.trust_says == "87 to 90, 87 last"
    assert cast(object, page.tables[1].outcome) is None, "nobody ever looked at it"


def test_open_incidents_stand_on_the_pages_of_their_table_and_contract() -> None:
    browser = Browser(full_desk())

    assert "1 open incident" in browser.get("/contracts/crm/tables/leads").text
    assert "3 open incidents" in browser.get("/contracts/crm").text
    assert "open incident" not in browser.get("/contracts/crm/tables/a%20b%2Fc").text
