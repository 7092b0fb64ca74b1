"""Who may ask, by which name, and how much they may send."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from observer.web.guard import Guard, hosts_served


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of the body, or breaks halfway."""
    request = Request(scope, receive)
    answer: Response = PlainTextResponse(str(len(await request.body())))
    if request.url.path == "/half":
        answer = StreamingResponse(_half())
    await answer(scope, receive, send)


async def _half() -> AsyncIterator[bytes]:
    yield b"half"
    raise RuntimeError("canary-of-a-row")


def _client(hosts: frozenset[str] | None = None) -> TestClient:
    guarded = Guard(_app, hosts=hosts, most_body=100)
    return TestClient(guarded, base_url="http://127.0.0.1:8484", raise_server_exceptions=False)


LOOPBACK = hosts_served("127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8484", "localhost", "LocalHost:8484", "[::1]:8484", "[::1]"])
def test_on_loopback_it_is_called_by_its_own_names(host: str) -> None:
    assert _client(LOOPBACK).get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "evil.example.com:8484",
        "localhost.evil.example.com",
        "127.0.0.1.evil.example.com",
        "",
        "::2",
    ],
)
def test_and_by_no_other(host: str) -> None:
    answer = _client(LOOPBACK).get("/", headers={"Host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json")
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "evil" not in answer.text


@pytest.mark.parametrize("bound_to", ["0.0.0.0", "::", "10.1.2.3", "observer.internal"])
def test_whoever_binds_to_a_network_is_called_by_its_names(bound_to: str) -> None:
    assert hosts_served(bound_to) is None
    assert _client(hosts_served(bound_to)).get("/", headers={"Host": "observer.example.com"}).status_code == 200


@pytest.mark.parametrize("bound_to", ["127.0.0.1", "127.0.0.2", "::1", "localhost", "0.0.0.0"])
def test_further_names_may_be_given(bound_to: str) -> None:
    served = hosts_served(bound_to, ["Observer.example.com"])
    client = _client(served)
    assert client.get("/", headers={"Host": "observer.example.com"}).status_code == 200
    assert client.get("/", headers={"Host": "evil.example.com"}).status_code == 421


def test_a_small_body_is_read() -> None:
    assert _client().post("/", content=b"x" * 100).text == "100"


def test_a_large_body_is_refused_before_it_is_read() -> None:
    answer = _client().post("/", content=b"x" * 101)
    assert (answer.status_code, answer.json()["detail"]) == (413, "the body is larger than 100 bytes")


def test_a_large_body_of_no_told_length_is_refused_while_it_is_read() -> None:
    answer = _client().post("/", content=iter([b"x" * 60, b"x" * 60]))
    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 50])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    assert _client().post("/", content=b"", headers={"Content-Length": length}).status_code == 413


def test_an_answer_that_breaks_halfway_ends_there_and_its_fault_is_logged_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = _client().get("/half")
    assert answer.text == "half"
    logged = "".join(capsys.readouterr())
    assert "request_broke" in logged
    assert "canary" not in logged
