"""A Slack and a desk for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.slack_desk import Desk, desk_at
from tests.fakes.slack_server import SlackServer, slack_server


@pytest.fixture(autouse=True)
def no_proxy_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reads the proxies of the environment."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as slack:
        yield slack


@pytest.fixture
def desk(slack: SlackServer) -> Desk:
    return desk_at(slack)
