"""The overview, the list of incidents and one incident, in each state, and what can be done there."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from observer.incidents.brief import Proof, RecordKey
from observer.incidents.incident import Status
from observer.runs.readiness import Readiness, Role
from observer.runs.standing import Standing
from observer.settings import WebSettings
from observer.web.pages.shell import stylesheet, stylesheet_address
from tests.doors.web.browsing import PAGE, Browser
from tests.fakes.incidents_desk import STRANGER, IncidentsOfAWorld, of_the_finding
from tests.fakes.slo_levels import all_levels
from tests.fakes.web_desk import FakeDesk
from tests.unit.incidents.timeline import ANA, World, broken

#: Every place in which somebody could put markup.
MARKUP = '"><img src=x onerror=alert(1)>{{ 7 * 7 }}<blink>'


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk("crm-leads", "crm-opportunities")


@pytest.fixture
def browser(desk: FakeDesk) -> Browser:
    return Browser(desk)


def path_of(desk: FakeDesk, table: str) -> str:
    """The page of the incident of that table."""
    return next(f"/incidents/{each.id}" for each in desk.morning.world.incidents if each.group.table == table)


def text_of(page: str) -> str:
    """What somebody reads."""
    return re.sub(r" ([.,)])", r"\1", " ".join(re.sub(r"<[^>]+>", " ", page).split())).replace("( ", "(")


# --- overview ---------------------------------------------------------------------------------------------------------


def test_the_overview_shows_each_contract_with_its_score_its_run_its_budgets_and_incidents(
    desk: FakeDesk, browser: Browser
) -> None:
    desk.levels_now = all_levels()
    page = text_of(browser.get("/").text)
    for said in (
        "2 contracts are broken.",
        "Trust score of crm-leads: 98 of 100",
        "failed",
        "53 of 140 bad leads left",
        "bad leads: 83 too many",
        "blind, was met",
        "nobody has counted it yet",
        "no open incident",
        "What belongs to no contract",
    ):
        assert said in page, said


def test_what_nobody_looked_at_is_unknown_and_never_green(desk: FakeDesk, browser: Browser) -> None:
    desk.stands = Standing(contracts=(), tables=(), checks=(), outbox=(), leader=None)
    desk.morning = IncidentsOfAWorld(World())
    answer = browser.get("/")
    page = text_of(answer.text)
    assert "2 contracts were never looked at." in page
    assert page.count("never looked at") == 3
    assert "Trust score of crm-leads: unknown" in page
    assert 'class="badge passed"' not in answer.text
    assert "Last run never" in page


def test_open_incidents_are_counted_at_their_contract(desk: FakeDesk, browser: Browser) -> None:
    desk.morning = of_the_finding(broken(contract="crm-leads"))
    page = browser.get("/").text
    assert "1 open incident" in page
    assert 'href="/incidents?contract=crm-leads"' in page


def test_a_daemon_that_cannot_work_says_so_on_every_page(desk: FakeDesk, browser: Browser) -> None:
    desk.ready = Readiness(role=Role.FOLLOWER, reasons=("nobody leads",))
    for path in ("/", "/incidents", "/login"):
        page = text_of(browser.get(path).text)
        assert "Daemon not ready" in page
        assert "Nobody leads" in page


def test_a_state_that_cannot_be_read_is_a_page_that_says_what_to_do(desk: FakeDesk, browser: Browser) -> None:
    desk.down()
    for path in ("/", "/incidents", path_of(desk, "leads")):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "The state observer.db cannot be opened" in answer.text
        assert "Check that it is a file." in answer.text


# --- list -------------------------------------------------------------------------------------------------------------


def test_open_incidents_come_first_and_all_when_asked_for(browser: Browser) -> None:
    now, ever = browser.get("/incidents").text, browser.get("/incidents?show=all").text
    assert ("crm.tasks" in now, "crm.tasks" in ever) == (False, True)
    assert "resolved" in text_of(ever)
    assert "3 h 30 min ago" not in text_of(now)


def test_they_are_found_by_contract_table_and_owner(browser: Browser) -> None:
    def found(asked: str) -> list[str]:
        return re.findall(r"<a href=\"/incidents/\w+\">(.*?)</a>", browser.get(f"/incidents?{asked}").text)

    assert found("contract=crm&table=deals") == ["crm.deals"]
    assert found("owner=ben@example.com") == ["crm.deals"]
    assert found("contract=other") == found("table=%00") == []
    assert "No open incident is like that." in browser.get("/incidents?owner=nobody").text


def test_a_list_that_is_too_long_says_so(desk: FakeDesk, browser: Browser) -> None:
    row = desk.incidents(limit=1, open_only=True, contract=None, table=None, owner=None)[0]
    desk.morning.rows = lambda **_: tuple(replace(row, id=f"{n:016x}") for n in range(201))  # type: ignore[method-assign]
    page = browser.get("/incidents").text
    assert page.count("/incidents/0000") == 200
    assert "These are the newest 200" in page


def test_where_nothing_is_open_it_says_where_to_see_what_is_unknown(desk: FakeDesk, browser: Browser) -> None:
    desk.morning = IncidentsOfAWorld(World())
    assert "see the overview for what is unknown" in text_of(browser.get("/incidents").text)
    assert "There never was an incident" in browser.get("/incidents?show=all").text


# --- one incident -----------------------------------------------------------------------------------------------------


def test_an_incident_tells_what_broke_who_was_told_and_what_happened(desk: FakeDesk, browser: Browser) -> None:
    page = text_of(browser.get(path_of(desk, "leads")).text)
    for said in (
        "crm.leads: email is present (312 of 8,800)",
        "Open for 2 h 30 min, since 2026-11-23 09:00 UTC.",
        "312 of 8,800 rows (3.5 %)",
        "Expected no row",
        "Since 2026-11-23 09:00 UTC (2 h 30 min ago)",
        "289 of 312 failures have source = webform",
        "id 4711",
        "Leads have an email within 5 minutes: 11 of 25 left",
        "Person ana@example.com",
        "Channel #crm-dq",
        "ana@example.com is the owner of the field",
        "Told (opened): ana@example.com in #crm-dq",
        "over",
        "Log in to act",
    ):
        assert said in page, said


def test_one_that_nobody_was_told_of_and_one_that_is_hidden_say_so(desk: FakeDesk, browser: Browser) -> None:
    page = text_of(browser.get(path_of(desk, "accounts")).text)
    assert "Nobody is called: it follows from another finding." in page
    assert "other finding says nothing while this goes on." in page
    world = World()
    world.at("09:00").sees(broken())
    desk.morning = IncidentsOfAWorld(world)
    assert "Nobody was told yet." in text_of(browser.get(path_of(desk, "leads")).text)


def test_one_that_is_over_leaves_nothing_to_do(desk: FakeDesk, browser: Browser) -> None:
    browser.log_in()
    page = browser.get(path_of(desk, "tasks")).text
    assert "This incident is over: there is nothing left to do." in page
    assert "Resolved (mended)" in text_of(page)
    assert "/acts" not in page


def test_the_first_characters_of_an_id_lead_to_its_page(desk: FakeDesk, browser: Browser) -> None:
    path = path_of(desk, "leads")
    assert browser.get(path[:-6]).headers["location"] == path
    assert browser.get("/incidents/zzz").status_code == 404


def test_a_link_that_is_none_of_the_web_is_shown_as_text(desk: FakeDesk, browser: Browser) -> None:
    finding = broken()
    desk.morning = of_the_finding(finding)
    keys = (RecordKey(text="id 1", url="javascript:alert(1)"), RecordKey(text="id 2", url="https://crm.example.com/2"))
    desk.morning.proofs = {finding.fingerprint: Proof(keys=keys)}
    page = browser.get(path_of(desk, "leads")).text
    assert "javascript:" not in page
    assert '<a href="https://crm.example.com/2" rel="noreferrer">id 2</a>' in page


# --- acting -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said", "status"),
    [
        ({"act": "acknowledge"}, "ana@example.com acknowledged it.", Status.ACKNOWLEDGED),
        ({"act": "snooze", "for": "4 hours"}, "ana@example.com snoozed it for 4 h.", Status.OPEN),
        ({"act": "fixed"}, "ana@example.com says that it is fixed; the next look decides.", Status.ACKNOWLEDGED),
        ({"act": "expected", "reason": "a migration"}, "says that it is expected: a migration.", Status.RESOLVED),
        ({"act": "false positive", "reason": "no rule"}, "says that it is a false positive: no rule.", Status.RESOLVED),
    ],
)
def test_whoever_is_logged_in_acts_and_the_page_says_so_once(
    desk: FakeDesk, browser: Browser, fields: dict[str, str], said: str, status: Status
) -> None:
    browser.log_in()
    path = path_of(desk, "deals")
    answer = browser.act(path, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    page = text_of(browser.get(path).text)
    assert said in page
    assert 'role="status"' not in browser.get(path).text
    assert next(i for i in desk.morning.world.incidents if i.group.table == "deals").status is status


def test_what_was_done_already_says_that_nothing_changed(desk: FakeDesk, browser: Browser) -> None:
    browser.log_in()
    path = path_of(desk, "deals")
    token = browser.form_token(path)
    for said in ("ana@example.com acknowledged it.", "Nothing changed: ana@example.com acknowledged it already."):
        browser.post(f"{path}/acts", {"form_token": token, "act": "acknowledge"})
        assert said in text_of(browser.get(path).text)
    browser.post(f"{path}/acts", {"form_token": token, "act": "expected", "reason": "  "})
    assert "Nothing changed: say why it is expected." in text_of(browser.get(path).text)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"act": "delete"},
        {"act": "snooze"},
        {"act": "snooze", "for": "1 year"},
        {"act": "fixed", "reason": "x" * 1_001},
    ],
)
def test_what_no_form_of_ours_sends_is_refused(desk: FakeDesk, browser: Browser, fields: dict[str, str]) -> None:
    browser.log_in()
    before = len(desk.morning.world.log)
    assert browser.act(path_of(desk, "deals"), **fields).status_code == 422
    assert len(desk.morning.world.log) == before


def test_who_may_not_act_sees_why_and_a_form_of_theirs_does_nothing(desk: FakeDesk, browser: Browser) -> None:
    browser.log_in(STRANGER)
    path = path_of(desk, "deals")
    page = browser.get(path).text
    assert f"{STRANGER} may not act on incidents." in text_of(page)
    assert "/acts" not in page
    before = len(desk.morning.world.log)
    answer = browser.post(f"{path}/acts", {"form_token": browser.form_token(path), "act": "acknowledge"})
    assert answer.status_code == 403
    assert len(desk.morning.world.log) == before


def test_without_login_a_form_leads_to_the_login(desk: FakeDesk, browser: Browser) -> None:
    answer = browser.post(f"{path_of(desk, 'deals')}/acts", {"form_token": "", "act": "acknowledge"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_where_nobody_can_log_in_the_page_says_what_to_set(desk: FakeDesk) -> None:
    page = text_of(Browser(desk, WebSettings()).get(path_of(desk, "deals")).text)
    assert "Nobody can act here: no token is set to log in with. Set OBSERVER_WEB_TOKEN_FILE" in page


# --- what every page keeps --------------------------------------------------------------------------------------------


def test_markup_in_names_values_and_comments_is_shown_as_text(desk: FakeDesk, browser: Browser) -> None:
    finding = broken(
        table=MARKUP,
        contract="crm-leads",
        property=MARKUP,
        statement=MARKUP,
        observed=MARKUP,
        expected=MARKUP,
        subject=MARKUP,
        answerable=replace(ANA, owner=f"{MARKUP}@example.com", consumers=(MARKUP,)),
    )
    desk.morning = of_the_finding(finding)
    desk.morning.budgets = (MARKUP,)
    desk.morning.proofs = {finding.fingerprint: Proof(keys=(RecordKey(text=MARKUP, url=MARKUP),), segment=MARKUP)}
    desk.ready = Readiness(role=Role.FOLLOWER, reasons=(MARKUP,))
    desk.levels_now = tuple(replace(each, slo=replace(each.slo, display_name=MARKUP)) for each in all_levels())
    browser.log_in(f"{MARKUP}@example.com")
    path = f"/incidents/{desk.morning.world.only.id}"
    browser.act(path, act="acknowledge", reason=MARKUP)
    for page in ("/", "/incidents", path, path, f"/incidents?owner={MARKUP}", f"/login?then=/{MARKUP}"):
        text = browser.get(page).text
        assert "<img" not in text, page
        assert "<blink>" not in text, page
        assert "49" not in re.sub(r"[0-9a-f]{16,}", "", text), page


def test_text_that_would_reorder_or_hide_what_is_read_is_made_visible(desk: FakeDesk, browser: Browser) -> None:
    desk.morning = of_the_finding(broken(statement="email \u202eis gone\x1b[31m"))
    page = browser.get(path_of(desk, "leads")).text
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_what_is_nowhere_is_a_page_for_people_and_a_problem_for_programs(browser: Browser) -> None:
    page = browser.get("/nowhere")
    assert page.status_code == 404
    assert "There is nothing at this address" in page.text
    for path in ("/nowhere", "/api/nowhere"):
        told = browser.client.get(path, headers={"Accept": "*/*"} if path == "/nowhere" else PAGE)
        assert told.headers["content-type"] == "application/problem+json"


def test_a_fault_of_the_program_is_a_page_without_its_text(
    desk: FakeDesk, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.fault = RuntimeError("canary-of-a-row")
    answer = browser.get("/")
    assert answer.status_code == 500
    assert "This request met a fault of the program" in answer.text
    assert "canary" not in answer.text + "".join(capsys.readouterr())


def test_the_style_sheet_may_be_kept_for_ever_and_its_address_changes_with_it(browser: Browser) -> None:
    address = stylesheet_address()
    assert f'href="{address}"' in browser.get("/").text
    answer = browser.client.get(address)
    assert answer.text == stylesheet()
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert "url(" not in answer.text
    assert browser.client.get("/static/observer.000000000000.css").status_code == 404


def test_pages_have_the_colours_of_the_audit_report() -> None:
    from observer.reports import html

    report = (html._TEMPLATES / "report.css").read_text(encoding="utf-8")
    tokens = re.compile(r"--[a-z-]+: [^;]+;")
    screen = report.partition("@media print")[0]
    ours = tokens.findall(stylesheet())
    assert [token for token in tokens.findall(screen) if token not in ours] == []


def test_a_page_is_none_of_the_documented_addresses(browser: Browser) -> None:
    assert all(path.startswith(("/api/", "/healthz", "/readyz", "/metrics")) for path in _documented(browser))


def _documented(browser: Browser) -> list[str]:
    return list(browser.client.get("/api/openapi.json").json()["paths"])
