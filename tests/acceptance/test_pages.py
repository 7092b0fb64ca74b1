"""Pages in a real browser, as people meet them: readable by everybody, usable without a mouse, quiet on the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from observer.settings import WebSettings
from observer.web.app import create_app
from observer.web.pages import addresses
from observer.web.serve import WebServer
from tests import real_parts
from tests.fakes.furnished_state import furnished_desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from observer.daemon.desk import DaemonDesk

CHROMIUM = Path("/usr/bin/chromium")
TOKEN = "s3cret-token"
PHONE, DESK = 390, 1_280
#: What axe knows of WCAG 2.2, with its advice; in the dark only what colours decide is another question.
RULES = {
    "light": {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]},
    "dark": {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}},
}


@dataclass
class Site:
    """A server with pages, and where they are."""

    url: str
    desk: DaemonDesk
    incident: str
    paths: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests here."""
    if not CHROMIUM.exists():
        real_parts.missing("chromium is not installed (Debian: chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with (
        furnished_desk(tmp_path_factory.mktemp("state")) as desk,
        WebServer(create_app(desk, WebSettings(token=TOKEN)), "127.0.0.1", 0) as server,
    ):
        rows = desk.incidents(limit=50, open_only=True, contract=None, table=None, owner=None)
        # One that tells of records and of who is told.
        incident = next(row.id for row in rows if row.group.owner and not row.acknowledged_by)
        contract = desk.watched()["crm-leads"]
        paths = {
            "overview": "/",
            "incidents": "/incidents?show=all",
            "incident": addresses.incident(incident),
            "contract": addresses.contract(contract.id),
            "table": addresses.table(contract.id, contract.objects[0].name),
            "levels": addresses.LEVELS,
            "level": addresses.level(desk.archive.slos()[0].name),
            "runs": addresses.RUNS,
            "run": addresses.run(desk.runs(1, contract.id)[0].id),
            "owners": addresses.owners(contract="crm-users"),
            "lineage": addresses.LINEAGE,
            "login": addresses.LOGIN,
            "nowhere": "/nowhere",
        }
        yield Site(url=server.url, desk=desk, incident=incident, paths=paths)


@contextmanager
def page_of(browser: Browser, site: Site, *, width: int = DESK, scheme: str = "light") -> Iterator[Page]:
    """A page that may complain of nothing, and ask nobody else."""
    with browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        base_url=site.url,
    ) as context:
        complaints: list[str] = []
        asked: list[str] = []
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.on("request", lambda request: asked.append(request.url))
        yield page
        # That nothing is at an address is what one of the pages says.
        assert [said for said in complaints if "404" not in said] == []
        assert [url for url in asked if not url.startswith(site.url)] == []


def log_in(page: Page, then: str) -> None:
    """By the form, with the keyboard."""
    page.goto(addresses.login(then))
    page.get_by_label("Your email address").fill("bea@example.com")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{then}")


def too_narrow_for(page: Page) -> Iterator[str]:
    """Widths out of which the page runs, as it is and with long names; 320 is a desk at four times the size."""
    named = "document.querySelectorAll('h1, h2, h3, .text, .about, .reason, dd')"
    for width, names in ((320, "as they are"), (768, "as they are"), (768, "long"), (320, "long")):
        if names == "long":
            page.evaluate(f"{named}.forEach(one => one.textContent = 'x'.repeat(300))")
        page.set_viewport_size({"width": width, "height": 900})
        widest = page.evaluate("document.documentElement.scrollWidth")
        if widest > width:
            yield f"is {widest} wide on {width}, its names {names}"
    page.set_viewport_size({"width": PHONE, "height": 900})


@pytest.mark.parametrize(("scheme", "width"), [("light", PHONE), ("light", DESK), ("dark", DESK)])
def test_every_page_fits_is_readable_for_everybody_and_complains_of_nothing(
    browser: Browser, site: Site, scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe, found = Axe(), []
    with page_of(browser, site, width=width, scheme=scheme) as page:
        log_in(page, site.paths["incident"])
        for name, path in site.paths.items():
            page.goto(path)
            results = axe.run(page, options=RULES[scheme])
            found += [f"{name}: {results.generate_report()}"] if results.violations_count else []
            widest = page.evaluate("document.documentElement.scrollWidth")
            found += [f"{name} is {widest} wide"] if widest > width else []
            assert page.locator("h1").count() == 1, name
            assert page.evaluate("document.scripts.length") == 0, name
            if (scheme, width) == ("light", PHONE):
                found += [f"{name} {narrow}" for narrow in too_narrow_for(page)]
    assert not found, "\n".join(found)


def test_an_incident_is_acknowledged_with_the_keyboard_alone(browser: Browser, site: Site) -> None:
    with page_of(browser, site) as page:
        log_in(page, addresses.incident(site.incident))
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        page.keyboard.press("Enter")
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "Acknowledge":
                break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert (page.evaluate("document.activeElement.textContent"), outline) == ("Acknowledge", "solid")
        page.keyboard.press("Enter")
        page.get_by_role("status").wait_for()
        assert page.get_by_role("status").inner_text() == "bea@example.com acknowledged it."
        assert page.get_by_role("button", name="Acknowledge").count() == 0
        page.reload()
        assert page.get_by_role("status").count() == 0
    assert site.desk.brief(site.incident).acknowledged_by == "bea@example.com"


def test_whoever_follows_a_link_of_another_site_is_still_logged_in(browser: Browser, site: Site) -> None:
    path = addresses.incident(site.incident)
    message = f'<a href="{site.url}{path}">look</a>'
    with page_of(browser, site) as page:
        log_in(page, path)
        elsewhere = page.context.new_page()
        elsewhere.route("http://slack.test/", lambda asked: asked.fulfill(body=message, content_type="text/html"))
        elsewhere.goto("http://slack.test/")
        elsewhere.get_by_text("look").click()
        elsewhere.get_by_role("button", name="Log out").wait_for()
        assert elsewhere.url == f"{site.url}{path}"
