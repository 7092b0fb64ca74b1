"""Who may look, who is who, and whose forms are believed."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from observer.errors import InputError
from observer.settings import WebSettings
from observer.web.app import create_app
from observer.web.login_tries import FREE_TRIES, LoginTries
from observer.web.sessions import Sessions
from tests.doors.web.browsing import TOKEN, Browser
from tests.fakes.incidents_desk import HALF_PAST_ELEVEN
from tests.fakes.web_desk import NINE, FakeDesk

OPEN = WebSettings(token=TOKEN)
CLOSED = WebSettings(token=TOKEN, host="0.0.0.0")
PROXIED = WebSettings(
    token=TOKEN, public_url="https://observer.example.com", user_header="X-User", trusted_proxies=("10.1.0.0/16",)
)
PROXY = "10.1.2.3"
FORM = {"person": "ana@example.com", "token": TOKEN}


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


# --- looking ----------------------------------------------------------------------------------------------------------


def test_where_everybody_may_look_no_foreign_site_looks_through_a_name_of_its_own(desk: FakeDesk) -> None:
    public = "http://127.0.0.1:8484"
    web = WebSettings(token=TOKEN, host="0.0.0.0", open_reading=True, public_url=public)
    statuses = {
        host: [
            Browser(desk, web).client.get(path, headers={"Host": host}).status_code for path in ("/runs", "/metrics")
        ]
        for host in ("127.0.0.1:8485", "evil.example.com:8484")
    }
    assert statuses == {"127.0.0.1:8485": [200, 200], "evil.example.com:8484": [421, 200]}


def test_on_loopback_everybody_may_look(desk: FakeDesk) -> None:
    browser = Browser(desk, OPEN)
    assert browser.get("/").status_code == 200
    assert browser.client.get("/api/contracts").status_code == 200


@pytest.mark.parametrize(
    ("web", "is_open"),
    [
        (WebSettings(token=TOKEN, host="0.0.0.0"), False),
        (WebSettings(token=TOKEN, host="0.0.0.0", open_reading=True), True),
        (WebSettings(token=TOKEN, open_reading=False), False),
        (WebSettings(token=TOKEN, public_url="https://observer.example.com"), False),
        (WebSettings(token=TOKEN, public_url="http://localhost:8484"), True),
        (WebSettings(token=TOKEN, user_header="X-User", trusted_proxies=("127.0.0.1",)), False),
    ],
)
def test_what_is_reached_from_elsewhere_is_open_only_where_the_settings_say_so(
    desk: FakeDesk, web: WebSettings, is_open: bool
) -> None:
    browser = Browser(desk, web)
    page = browser.client.get("/incidents?show=all", headers={"Accept": "text/html"})
    api = browser.client.get("/api/contracts")
    assert (page.status_code, api.status_code) == ((200, 200) if is_open else (303, 401))
    if not is_open:
        assert page.headers["location"] == "/login?then=%2Fincidents%3Fshow%3Dall"
        assert api.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/login", "/static/observer.svg"])
def test_probes_figures_and_the_login_are_for_everybody(desk: FakeDesk, path: str) -> None:
    assert Browser(desk, CLOSED).client.get(path, headers={"Accept": "text/html"}).status_code == 200


def test_a_program_reads_with_the_bearer_token_and_a_person_after_login(desk: FakeDesk) -> None:
    browser = Browser(desk, CLOSED)
    bearer = {"Authorization": f"Bearer {TOKEN}".encode()}
    assert browser.client.get("/api/contracts", headers=bearer).status_code == 200
    assert browser.log_in().status_code == 303
    assert browser.get("/").status_code == 200
    assert browser.client.get("/api/contracts").status_code == 200


def test_without_a_token_nobody_can_log_in_and_the_page_says_how_to_set_one(desk: FakeDesk) -> None:
    browser = Browser(desk, WebSettings(host="0.0.0.0"))
    refused = browser.get("/")
    assert refused.status_code == 403
    assert "OBSERVER_WEB_TOKEN_FILE" in refused.text
    assert "OBSERVER_WEB_TOKEN_FILE" in browser.get("/login").text
    assert browser.log_in(token="").status_code == 403


# --- logging in -------------------------------------------------------------------------------------------------------


def test_whoever_knows_the_token_is_logged_in_and_led_back(desk: FakeDesk) -> None:
    browser = Browser(desk, OPEN)
    answer = browser.log_in(then="/incidents?show=all")
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents?show=all")
    cookie = next(text for text in answer.headers.get_list("set-cookie") if text.startswith("observer="))
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    page = browser.get("/")
    assert "Logged in as ana@example.com." in page.text
    assert "Logged in as" not in browser.get("/").text


def test_behind_https_cookies_are_for_https_alone(desk: FakeDesk) -> None:
    browser = Browser(desk, PROXIED, url="https://observer.example.com")
    for cookie in browser.log_in().headers.get_list("set-cookie"):
        assert "Secure" in cookie
    assert "__Host-observer" in browser.client.cookies


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example.com",
        "//evil.example.com",
        "/\\evil.example.com",
        "evil",
        "",
        "/login",
        "/a\r\nX: y",
        f"/{'a' * 2_000}",
    ],
)
def test_nobody_is_led_to_another_site(desk: FakeDesk, then: str) -> None:
    assert Browser(desk, OPEN).log_in(then=then).headers["location"] == "/"


def test_whoever_logs_in_comes_back_to_the_very_address_they_asked_for(desk: FakeDesk) -> None:
    browser = Browser(desk, CLOSED)
    asked = browser.client.get("/contracts/a%3Fb%2Fc?days=30", headers={"Accept": "text/html"})
    then = parse_qs(urlsplit(asked.headers["location"]).query)["then"][0]
    assert then == "/contracts/a%3Fb%2Fc?days=30"
    assert browser.log_in(then=then).headers["location"] == then


@pytest.mark.parametrize("token", ["", "wrong", "s3cret-token", "\udcff".encode("utf-8", "replace").decode()])
def test_a_wrong_token_is_told_and_forgets_no_name(desk: FakeDesk, token: str) -> None:
    browser = Browser(desk, OPEN, peer="192.0.2.1")
    answer = browser.log_in(token=token)
    assert answer.status_code == 403
    assert 'value="ana@example.com"' in answer.text
    assert "That is not the token." in answer.text
    assert "observer" not in browser.client.cookies


@pytest.mark.parametrize("person", ["", "  ", "a" * 201, "ana\x1b[31m@example.com", "ana\u202e@example.com"])
def test_somebody_without_a_name_is_asked_for_one(desk: FakeDesk, person: str) -> None:
    answer = Browser(desk, OPEN).log_in(person=person)
    assert answer.status_code == 422
    assert "Say who you are" in answer.text


def test_guessing_is_slowed_down_for_the_address_that_guesses(desk: FakeDesk) -> None:
    guesser, other = Browser(desk, OPEN, peer="192.0.2.66"), Browser(desk, OPEN, peer="192.0.2.67")
    for _ in range(FREE_TRIES):
        assert guesser.log_in(token="guess").status_code == 403
    refused = guesser.log_in()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert other.log_in().status_code == 303


def test_who_has_many_addresses_waits_with_all_of_them() -> None:
    tries = LoginTries(lambda: NINE)
    for last in range(FREE_TRIES + 1):
        tries.failed(f"2001:db8:0:7::{last}")
        tries.failed(f"::ffff:192.0.2.{last}")
    assert tries.wait("2001:db8:0:7:ffff::1") > timedelta()
    assert tries.wait("2001:db8:0:8::1") == tries.wait("::ffff:192.0.2.0") == timedelta()


def test_waits_double_up_to_five_minutes_and_end() -> None:
    now = [NINE]
    tries = LoginTries(lambda: now[0])
    waits = []
    for _ in range(16):
        tries.failed("a")
        waits.append(tries.wait("a").total_seconds())
    assert waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    now[0] += timedelta(minutes=5)
    assert tries.wait("a") == tries.wait("b") == timedelta()
    tries.succeeded("a")
    tries.failed("a")
    assert tries.wait("a") == timedelta()


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_ends_after_twelve_hours(desk: FakeDesk) -> None:
    browser = Browser(desk, OPEN)
    browser.log_in()
    browser.at(HALF_PAST_ELEVEN + timedelta(hours=11, minutes=59))
    assert "ana@example.com" in browser.get("/").text
    browser.at(HALF_PAST_ELEVEN + timedelta(hours=12))
    assert "ana@example.com" not in browser.get("/").text


def test_a_session_of_another_token_or_a_changed_one_is_none() -> None:
    sessions = Sessions("one", lambda: NINE)
    cookie = sessions.begin("ana@example.com")
    found = sessions.read(cookie)
    assert found is not None
    assert found.person == "ana@example.com"
    assert Sessions("two", lambda: NINE).read(cookie) is None
    assert Sessions(None, lambda: NINE).read(cookie) is None
    for changed in ("", "x", cookie[:-1], "A" + cookie[1:], sessions.say("hello", done=True)):
        assert sessions.read(changed) is None
    assert sessions.said(cookie) is None


def test_a_daemon_with_the_same_token_knows_the_session_and_its_forms() -> None:
    one, other = Sessions("token", lambda: NINE), Sessions("token", lambda: NINE)
    assert other.read(one.begin("ana@example.com")) is not None
    assert other.is_form_token(one.form_token("id"), "id")
    assert not other.is_form_token(one.form_token("id"), "other id")


def test_logging_out_needs_the_form_and_ends_the_session(desk: FakeDesk) -> None:
    browser = Browser(desk, OPEN)
    browser.log_in()
    assert browser.post("/logout", {"form_token": ""}).status_code == 403
    assert browser.post("/logout", {"form_token": browser.form_token("/")}).status_code == 303
    assert "Log in" in browser.get("/").text
    assert "observer" not in browser.client.cookies


# --- a proxy in front -------------------------------------------------------------------------------------------------


def test_a_trusted_proxy_says_who_somebody_is(desk: FakeDesk) -> None:
    page = Browser(desk, PROXIED, peer=PROXY).get("/", **{"X-User": "bea@example.com"})
    assert "bea@example.com" in page.text
    assert "Log out" not in page.text


def test_through_ipv6_it_is_the_same_proxy(desk: FakeDesk) -> None:
    page = Browser(desk, PROXIED, peer=f"::ffff:{PROXY}").get("/", **{"X-User": "bea@example.com"})
    assert "bea@example.com" in page.text


@pytest.mark.parametrize("peer", ["10.2.0.1", "127.0.0.1", "testclient", "::1"])
def test_nobody_else_may_say_so(desk: FakeDesk, peer: str) -> None:
    answer = Browser(desk, PROXIED, peer=peer).client.get("/", headers={"Accept": "text/html", "X-User": "bea"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_a_header_that_is_there_twice_or_holds_no_name_is_not_believed(desk: FakeDesk) -> None:
    client = Browser(desk, PROXIED, peer=PROXY).client
    for named in (["bea", "root"], [""], ["a" * 201]):
        answer = client.get("/", headers=[("Accept", "text/html"), *(("X-User", name) for name in named)])
        assert answer.status_code == 303, named


def test_without_a_token_forms_hold_for_whom_the_proxy_names(desk: FakeDesk) -> None:
    web = WebSettings(user_header="X-User", trusted_proxies=(PROXY,))
    browser = Browser(desk, web, peer=PROXY)
    path = f"/incidents/{desk.morning.world.incidents[-1].id}"
    page = browser.get(path, **{"X-User": "bea@example.com"})
    token = page.text.partition('name="form_token" value="')[2].partition('"')[0]
    sent = {"form_token": token, "act": "acknowledge"}
    assert browser.post(f"{path}/acts", sent, **{"X-User": "eve@example.com"}).status_code == 403
    assert browser.post(f"{path}/acts", sent, **{"X-User": "bea@example.com"}).status_code == 303


def test_an_address_of_a_proxy_that_is_none_is_an_error_of_the_settings(desk: FakeDesk) -> None:
    with pytest.raises(InputError, match="`proxy` in `trusted_proxies`"):
        create_app(desk, WebSettings(trusted_proxies=("proxy",)))


# --- forms of other sites ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": "http://evil.example.com"},
        {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1.evil.example.com"},
        {"Sec-Fetch-Site": "", "Origin": "http://[::1"},
    ],
)
def test_a_form_that_another_site_sends_is_refused_even_with_the_right_token(
    desk: FakeDesk, headers: dict[str, str]
) -> None:
    browser = Browser(desk, OPEN)
    browser.log_in()
    path = f"/incidents/{desk.morning.world.incidents[-1].id}"
    sent = {"form_token": browser.form_token(path), "act": "acknowledge"}
    assert browser.post(f"{path}/acts", sent, **headers).status_code == 403
    assert browser.post("/login", FORM, **headers).status_code == 403
    assert desk.morning.world.incidents[-1].acknowledged_by == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1:80"},
    ],
)
def test_one_of_our_own_is_believed(desk: FakeDesk, headers: dict[str, str]) -> None:
    assert Browser(desk, OPEN).post("/login", FORM, **headers).status_code == 303


def test_behind_a_proxy_the_public_address_is_our_own_too(desk: FakeDesk) -> None:
    browser = Browser(desk, PROXIED, peer=PROXY, url="http://127.0.0.1:8484")
    sent = {"Sec-Fetch-Site": "", "Origin": "https://observer.example.com"}
    assert browser.post("/login", FORM, **sent).status_code == 303


def test_a_form_of_another_login_is_refused(desk: FakeDesk) -> None:
    ana, eve = Browser(desk, OPEN), Browser(desk, OPEN)
    ana.log_in()
    eve.log_in("eve@example.com")
    path = f"/incidents/{desk.morning.world.incidents[-1].id}"
    stolen = eve.form_token(path)
    for token in (stolen, "", "x"):
        answer = ana.post(f"{path}/acts", {"form_token": token, "act": "acknowledge"})
        assert answer.status_code == 403
        assert "load the page again" in answer.text.lower()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_what_is_no_form_is_refused(desk: FakeDesk, kind: str) -> None:
    sent = {"Accept": "text/html", "Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
    assert Browser(desk, OPEN).client.post("/login", content=b"x=1", headers=sent).status_code == 415


# --- links from elsewhere ---------------------------------------------------------------------------------------------


def test_whoever_follows_a_link_of_another_site_is_asked_once_more_who_they_are(desk: FakeDesk) -> None:
    browser = Browser(desk, CLOSED)
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    again = browser.get("/incidents", **elsewhere)
    assert (again.status_code, '<meta http-equiv="refresh" content="0">' in again.text) == (200, True)
    assert browser.client.get("/incidents", headers={"Accept": "text/html"} | elsewhere).status_code == 303
