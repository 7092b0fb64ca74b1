"""Draw docs/images/incident.png and the pictures of pages: `python -m docs.pictures`, about three minutes.

A living demo tells a Slack of our own of its incidents; the message is drawn from the blocks that were sent, the pages
are photographed in Debian's chromium.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from docs.pictures.slack_message import page
from tests.fakes.slack_payloads import SIGNING_SECRET
from tests.fakes.slack_server import SlackServer, slack_server
from tests.fakes.slack_workspace import TOKEN, Standing

IMAGES = Path(__file__).resolve().parents[1] / "images"
CHROMIUM = "/usr/bin/chromium"
OWNERS = {
    "ana.moreau@example.com": "Ana Moreau",
    "noor.haddad@example.com": "Noor Haddad",
    "maya.lindqvist@example.com": "Maya Lindqvist",
    "viktor.berg@example.com": "Viktor Berg",
    "liam.walsh@example.com": "Liam Walsh",
}
#: Page of the demo → its picture.
PAGES = {
    "/": "page-overview.png",
    "/contracts/crm-opportunities/tables/opportunities": "page-table.png",
    "/slos/leads-email-30s": "page-slo.png",
    "/owners": "page-owners.png",
    "/lineage": "page-lineage.png",
}
#: Of these the beginning is enough.
LONG = ("/owners",)
BESIDE = """<!doctype html><meta charset=utf-8><style>
body { margin: 0; padding: 28px; background: #e9edf2; display: flex; gap: 28px; align-items: flex-start; }
img { border-radius: 10px; box-shadow: 0 6px 24px #1d1c1d33; display: block; }
</style>"""
_PATIENCE_SECONDS = 240


def main() -> None:
    """Everything in one life of a demo."""
    with slack_server() as slack, tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        names = {slack.has_user(email): name for email, name in OWNERS.items()}
        for channel in ("#crm-data-quality", "#data-platform"):
            slack.has_channel(channel)
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with demo(Path(folder), slack) as url:
            message = renamed(slack)
            incident = str(message.metadata["event_payload"]["incident"])
            visitor = browser.new_context(viewport={"width": 1180, "height": 1000}, device_scale_factor=1.5)
            log_in(visitor, url, Path(folder) / "demo" / "web.token")
            photograph(visitor, f"{url}/incidents/{incident}", Path(folder) / "page.png", whole=False)
            anybody = browser.new_context(viewport={"width": 1280, "height": 860})
            for path, name in PAGES.items():
                photograph(anybody, url + path, IMAGES / name, whole=path not in LONG)
        draw(browser, message, slack.replies(message), names, Path(folder))
        browser.close()


@contextmanager
def demo(folder: Path, slack: SlackServer) -> Iterator[str]:
    """A living demo that tells this Slack; the address of its pages."""
    environment = {
        **os.environ,
        "OBSERVER_SLACK_TOKEN": TOKEN,
        "OBSERVER_SLACK_API_URL": slack.url,
        # So that the message has its buttons.
        "OBSERVER_SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "OPENLINEAGE_DISABLED": "true",
    }
    command = [
        sys.executable,
        "-c",
        "from observer.cli.main import main; main()",
        "demo",
        "--out",
        "demo",
    ]
    said: list[str] = []
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as living:  # noqa: S603 - no shell
        assert living.stdout is not None
        out = living.stdout
        reader = threading.Thread(target=lambda: said.extend(out))
        reader.start()
        try:
            yield until(lambda: next((found[1] for line in said if (found := re.match(r"Pages: +(\S+)/", line))), None))
        finally:
            living.terminate()
            reader.join()


def renamed(slack: SlackServer) -> Standing:
    """The message of the stage that was renamed."""
    return until(
        lambda: next((m for m in slack.parents if "opportunities" in m.text and "stage" in str(m.blocks)), None)
    )


def until(look: Any) -> Any:
    """The first answer that is something."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise SystemExit("the demo did not get so far. Fix: run `observer demo` and look at its log")
        time.sleep(0.2)
    return found


def log_in(visitor: BrowserContext, url: str, token: Path) -> None:
    """As the owner of the deals."""
    view = visitor.new_page()
    view.goto(f"{url}/login")
    view.fill("[name=person]", "noor.haddad@example.com")
    view.fill("[name=token]", token.read_text(encoding="ascii"))
    view.press("[name=token]", "Enter")
    view.wait_for_url(f"{url}/")
    view.close()


def photograph(visitor: BrowserContext, url: str, to: Path, *, whole: bool = True) -> None:
    """The page as it looks."""
    view = visitor.new_page()
    view.goto(url)
    view.screenshot(path=to, full_page=whole)
    view.close()


def draw(browser: Browser, message: Standing, replies: list[Standing], names: Mapping[str, str], folder: Path) -> None:
    """The message beside the page."""
    told = {"ts": message.ts, "text": message.text, "blocks": message.blocks, "edited": bool(message.before)}
    thread = [{"text": reply.text, "blocks": reply.blocks} for reply in replies]
    (folder / "message.html").write_text(page("#crm-data-quality", told, thread, people=names), encoding="utf-8")
    view = browser.new_page(viewport={"width": 620, "height": 400}, device_scale_factor=1.5)
    view.goto((folder / "message.html").as_uri())
    view.screenshot(path=folder / "message.png", full_page=True)
    beside = f'{BESIDE}<img src="message.png" width="620"><img src="page.png" width="1180">'
    (folder / "beside.html").write_text(beside, encoding="utf-8")
    view.set_viewport_size({"width": 620 + 1180 + 3 * 28, "height": 400})
    view.goto((folder / "beside.html").as_uri())
    view.screenshot(path=IMAGES / "incident.png", full_page=True)
    view.close()


if __name__ == "__main__":
    main()
