"""A client of the app, that holds every answer against the app's own OpenAPI document."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema
from starlette.testclient import TestClient

from observer.settings import WebSettings
from observer.web.app import create_app
from observer.web.desk import Desk
from tests.fakes.incidents_desk import HALF_PAST_ELEVEN

TOKEN = "s3cret-töken"
HEADERS = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "cache-control")


class _WhicheverDesk:
    """Stands before the desk of the test that runs: an app takes longer to build than a test."""

    def __init__(self) -> None:
        self.desk: Desk | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.desk, name)


@functools.cache
def _app(token: str | None) -> tuple[_WhicheverDesk, TestClient, dict[str, Any]]:
    desk = _WhicheverDesk()
    app = create_app(desk, WebSettings(token=token), clock=lambda: HALF_PAST_ELEVEN)
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    return desk, client, app.openapi()


class Client:
    """Calls the app as somebody on the same machine does."""

    def __init__(self, desk: Desk, *, token: str | None = TOKEN) -> None:
        before, self._client, self._document = _app(token)
        before.desk = desk

    def call(self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, **more: Any) -> Any:
        """The answer, which has its security headers, and a body that its documentation knows."""
        answer = self._client.request(method, path, headers=headers, **more)
        for name in HEADERS:
            assert name in answer.headers, (path, name)
        assert "server" not in answer.headers
        assert "Traceback" not in answer.text
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if answer.status_code >= 400 and path != "/readyz":
            assert kind == "application/problem+json"
            assert set(answer.json()) == {"type", "title", "status", "detail", "fix"}
            assert answer.json()["status"] == answer.status_code
        return answer

    def documented(self, route: str, path: str, *, method: str = "GET", **more: Any) -> Any:
        """Its JSON, valid by what the document says of this route and status; `route` as it stands in the document."""
        answer = self.call(path, method=method, **more)
        told = self._document["paths"][route][method.lower()]["responses"][str(answer.status_code)]
        kind = answer.headers["content-type"].partition(";")[0]
        schema = told["content"][kind]["schema"] | {"components": self._document["components"]}
        jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)
        return answer.json()
