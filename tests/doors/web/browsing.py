"""A person's browser, as far as pages need one: it keeps cookies and says where its forms come from."""

from __future__ import annotations

import functools
import html
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from httpx import Response
from starlette.testclient import TestClient

from observer.settings import WebSettings
from observer.web.app import create_app
from observer.web.desk import Desk
from tests.fakes.incidents_desk import HALF_PAST_ELEVEN

TOKEN = "s3cret-töken"
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclass
class _Stage:
    """The desk and the clock of the test that runs, behind an app: that takes longer to build than a test."""

    desk: Desk | None = None
    now: datetime = field(default=HALF_PAST_ELEVEN)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.desk, name)


@functools.cache
def _app(web: WebSettings) -> tuple[_Stage, Any]:
    stage = _Stage()
    return stage, create_app(stage, web, clock=lambda: stage.now)  # type: ignore[arg-type]  # it answers as its desk


class Browser:
    """Whoever opens a browser; each has its own cookies."""

    def __init__(
        self, desk: Desk, web: WebSettings | None = None, *, peer: str = "127.0.0.1", url: str = "http://127.0.0.1"
    ) -> None:
        self._stage, app = _app(web or WebSettings(token=TOKEN))
        self._stage.desk = desk
        self._stage.now = HALF_PAST_ELEVEN
        self.client = TestClient(
            app, base_url=url, raise_server_exceptions=False, follow_redirects=False, client=(peer, 50_000)
        )

    def at(self, now: datetime) -> None:
        """From now on it is so late."""
        self._stage.now = now

    def get(self, path: str, **headers: str) -> Response:
        """A page, which is one, and says so."""
        answer = self.client.get(path, headers=PAGE | headers)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["cache-control"] == "no-store"
        assert "script" not in re.sub(r"&lt;.*?&gt;", "", answer.text)
        assert " style=" not in answer.text
        return answer

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Response:
        """A form, sent from a page of the same server unless `headers` say otherwise."""
        sent = PAGE | {"Sec-Fetch-Site": "same-origin"} | headers
        return self.client.post(path, data=fields, headers={name: value for name, value in sent.items() if value})

    def log_in(self, person: str = "ana@example.com", token: str = TOKEN, **fields: str) -> Response:
        """By the form."""
        return self.post("/login", {"person": person, "token": token} | fields)

    def form_token(self, path: str) -> str:
        """That of the forms on a page."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(path).text)
        assert found is not None, f"there is no form on {path}"
        return html.unescape(found[1])

    def act(self, path: str, **fields: str) -> Response:
        """The form of an incident, with the token that its page holds."""
        return self.post(f"{path}/acts", {"form_token": self.form_token(path)} | fields)
