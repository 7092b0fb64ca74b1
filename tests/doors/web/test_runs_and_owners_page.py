"""The pages of runs, owners and lineage: evidence without values that may not be shown, and who owns what."""

from __future__ import annotations

from dataclasses import replace

from observer.checks.measure import Outcome
from observer.web.views.lineage import flow
from observer.web.views.owners import Asked, owners_page
from observer.web.views.runs import MOST_CARDS, run_page
from tests.doors.web.browsing import Browser
from tests.fakes.web_desk import RUN_ID, FakeDesk, recorded_check, recorded_run, run_row
from tests.fakes.web_pages import full_desk


def test_a_run_tells_what_did_not_pass_gravest_first_with_its_evidence() -> None:
    page = run_page(
        recorded_run(
            recorded_check(outcome=Outcome.WARNED, evidence=None),
            recorded_check(outcome=Outcome.PASSED, evidence=None),
            recorded_check(),
            recorded_check(outcome=Outcome.ERRORED, rows_tested=None, rows_failed=None, evidence=None, error="gone"),
        )
    )

    assert [card.check.outcome.value for card in page.cards] == ["failed", "errored", "warned"]
    card = page.cards[0]
    assert [(each.key, each.url) for each in card.records] == [
        ("7", "https://crm.example.com/leads/7"),
        ("8", "https://crm.example.com/leads/8"),
    ]
    assert [(each.value, each.rows, each.suggestion) for each in card.offences] == [("wno", 2, "won")]
    assert card.segments == ("2 of 2 failures have source = (null) (111.1 × the usual rate)",)
    assert page.cards[1].part is None, "what was not counted is no share"
    assert len(page.passed) == 1


def test_a_link_of_a_record_is_followed_only_into_the_web() -> None:
    check = recorded_check(evidence={"key_columns": ["id"], "keys": [[7]], "urls": ["javascript:alert(1)"]})

    (card,) = run_page(recorded_run(check)).cards

    assert card.records[0].url is None


def test_thousands_of_broken_checks_are_listed_not_drawn() -> None:
    page = run_page(recorded_run(*(recorded_check(check_id=f"crm.leads.f{n}.enum") for n in range(200))))

    assert (len(page.cards), len(page.listed)) == (MOST_CARDS, 200 - MOST_CARDS)


def test_a_run_that_could_not_be_done_says_why_and_shows_no_green() -> None:
    desk = FakeDesk()
    row = replace(run_row(), error="the source is down", outcome=Outcome.ERRORED, passed=0, failed=0, trust_score=None)
    desk.ran = {RUN_ID: replace(recorded_run(), run=row, results=())}
    text = Browser(desk).get(f"/runs/{RUN_ID}").text

    assert "The run as a whole could not be done: the source is down" in text
    assert "Nothing was looked at." in text
    assert "badge passed" not in text


def test_runs_are_asked_for_by_contract() -> None:
    text = Browser(FakeDesk()).get("/runs?contract=other").text

    assert "Nothing ran yet of other." in text


def test_fields_without_an_owner_come_first_then_the_gravest() -> None:
    desk = full_desk()
    page = owners_page(desk.archive.contracts(), desk.archive.slos(), desk.standing(), Asked())

    assert [(field.property, field.owner, field.state) for field in page.fields[:2]] == [
        ("email", None, Outcome.FAILED),
        ("source", None, Outcome.ERRORED),
    ]
    assert page.fields[-1].owner == "maya@example.com"
    assert (page.total, page.unowned) == (5, 4)
    assert [(line.owner, line.fields) for line in page.owners] == [(None, 4), ("maya@example.com", 1)]
    assert page.fields[0].levels == 1


def test_the_matrix_shows_what_was_asked_for() -> None:
    desk = full_desk()

    def asked(**which: str) -> list[str]:
        page = owners_page(desk.archive.contracts(), (), desk.standing(), Asked(**which))
        return [field.property for field in page.fields]

    assert asked(owner="maya@example.com") == ["id"]
    assert asked(owner="theo@example.com") == ["email"], "stewards are found too"
    assert asked(owner="nobody", state="failed") == ["email"]
    assert asked(contract="other") == []
    assert asked(state="unknown") == ["id"], "of the table that nobody ever looked at"


def test_lineage_leads_from_the_source_to_those_who_use_it() -> None:
    desk = full_desk()
    watched = desk.archive.watched["crm"]
    found = flow(watched, desk.standing(), desk.levels_now, source="postgresql://crm", kept=desk.archive.kept)

    lane, other = found.lanes
    assert (lane.suite, lane.outcome, len(lane.levels)) == ("crm.leads", Outcome.FAILED, 2)
    assert [(each.name, each.fields, each.outcome) for each in lane.consumers] == [
        ("lead-routing", ("email",), Outcome.FAILED)
    ]
    assert (other.outcome, other.consumers) == (None, ())
    assert 'aria-label="Way of leads"' in Browser(desk).get("/lineage").text
