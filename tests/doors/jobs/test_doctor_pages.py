"""What the doctor says of the pages."""

from __future__ import annotations

import pytest

from observer.jobs.doctor.findings import Health
from observer.jobs.doctor.pages import look_at_pages
from observer.settings import Settings, SlackSettings, WebSettings

TOKEN, NETWORK = "a-token-of-the-pages", "0.0.0.0"
HTTPS = "https://observer.example.com"


@pytest.mark.parametrize(
    ("web", "mark", "says"),
    [
        (WebSettings(), Health.NONE, "everybody may look on this machine, nobody may act"),
        (WebSettings(token=TOKEN), Health.GOOD, "everybody may look on this machine"),
        (WebSettings(host=NETWORK), Health.BAD, "nobody can log in, and nobody may look without"),
        (WebSettings(host=NETWORK, token=TOKEN), Health.WARNING, "lead to the machine of whoever follows them"),
        (WebSettings(host=NETWORK, open_reading=True), Health.WARNING, "foreign sites too"),
        (WebSettings(token=TOKEN, public_url="http://observer.example.com"), Health.WARNING, "sent for all to read"),
        (WebSettings(host=NETWORK, token=TOKEN, public_url=HTTPS), Health.GOOD, f"logged in may look at {HTTPS}"),
        (
            WebSettings(host=NETWORK, public_url=HTTPS, user_header="X-User", trusted_proxies=("10.0.0.1",)),
            Health.GOOD,
            f"whoever is logged in may look at {HTTPS}",
        ),
    ],
)
def test_who_may_look_and_act_is_told(web: WebSettings, mark: Health, says: str) -> None:
    found = look_at_pages(Settings(web=web, slack=SlackSettings(token="xoxb-1")))
    assert (found.health, says in found.found) == (mark, True), found
    assert (found.remedy is not None) is (mark in (Health.WARNING, Health.BAD))
    assert TOKEN not in str(found)
