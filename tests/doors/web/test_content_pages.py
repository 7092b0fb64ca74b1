"""What every page of content has in common: it is served, escapes what it shows, and says where nothing is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.doors.web.browsing import Browser
from tests.fakes.slo_levels import NOON
from tests.fakes.web_desk import RUN_ID, FakeDesk
from tests.fakes.web_pages import EVIL, full_desk

PATHS = (
    "/contracts/crm",
    "/contracts/crm?days=90",
    "/contracts/crm/tables/leads",
    "/contracts/crm/tables/leads?days=1",
    "/contracts/crm/tables/a%20b%2Fc",
    "/slos",
    "/slos/leads-email-5m",
    "/slos/sources",
    "/runs",
    "/runs?contract=crm&limit=200",
    f"/runs/{RUN_ID}",
    "/owners",
    "/owners?contract=crm&owner=nobody&state=failed",
    "/lineage",
)


@pytest.fixture(scope="module")
def browser() -> Browser:
    found = Browser(full_desk(EVIL))
    found.at(NOON)
    return found


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_served_and_nothing_in_it_is_markup_of_somebody_elses(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    assert "<img" not in answer.text
    assert "javascript:" not in re.sub(r"&lt;.*?&gt;", "", answer.text)
    assert "\u202e" not in answer.text
    ids = re.findall(r'\bid="([^"]+)"', answer.text)
    assert len(ids) == len(set(ids)), "an id stands twice"
    for wanted in re.findall(r'href="#([^"]+)"', answer.text):
        assert wanted in ids, f"nothing is at #{wanted}"
    for named in re.findall(r'aria-labelledby="([^"]+)"', answer.text):
        assert set(named.split()) <= set(ids)


@pytest.mark.parametrize("path", PATHS)
def test_links_within_the_pages_lead_somewhere(browser: Browser, path: str) -> None:
    links = set(re.findall(r'href="(/(?:contracts|slos|runs|owners|lineage)[^"#]*)"', browser.get(path).text))
    for link in sorted(links):
        assert browser.get(link.replace("&amp;", "&")).status_code == 200, link


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/contracts/other", 404),
        ("/contracts/crm/tables/other", 404),
        ("/contracts/crm?days=8", 422),
        ("/contracts/%00", 422),
        ("/slos/other", 404),
        ("/runs/other", 404),
        ("/runs?limit=0", 422),
    ],
)
def test_what_is_not_there_is_said(browser: Browser, path: str, status: int) -> None:
    answer = browser.get(path)

    assert answer.status_code == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith("/slos")])
def test_a_state_that_cannot_be_read_is_told_as_such(path: str) -> None:
    desk = full_desk()
    desk.down()
    answer = Browser(desk).get(path)

    assert answer.status_code == 503


def test_of_very_many_open_incidents_some_are_listed_and_the_rest_is_not_hidden() -> None:
    desk = FakeDesk("crm")
    row = desk.incidents(limit=1, open_only=True, contract=None, table=None, owner=None)[0]
    desk.morning.rows = lambda *, limit, **_: tuple(replace(row, id=f"{n:016x}") for n in range(30))[:limit]  # type: ignore[method-assign]
    for path in ("/contracts/crm", "/contracts/crm/tables/leads"):
        page = Browser(desk).get(path).text
        assert "More than 20 open incidents" in page, path
        assert page.count("/incidents/0000") == 20, path
        assert '<a href="/incidents?contract=crm' in page, path


def test_a_contract_that_never_ran_shows_nothing_green() -> None:
    desk = FakeDesk("young")
    desk.stands = desk.stands.__class__(contracts=(), tables=(), checks=(), outbox=(), leader=None)
    desk.ran = {}
    browser = Browser(desk)
    for path in ("/contracts/young", "/contracts/young/tables/leads", "/owners", "/lineage", "/runs", "/slos"):
        text = browser.get(path).text
        assert 'class="badge passed"' not in text, path
        assert 'class="chip passed"' not in text, path
        if "tables" in path:
            assert "never ran" in text
