"""Only what Slack signed, lately, and once."""

from __future__ import annotations

import pytest

from observer.slack.signatures import WINDOW_SECONDS, Signatures, Standing
from tests.fakes.slack_payloads import SIGNING_SECRET, form, pressed, signed

NOW = 1_700_000_000
BODY = form(pressed())
OURS = signed(BODY, NOW)["X-Slack-Signature"]


def signatures(at: float = NOW) -> Signatures:
    return Signatures(SIGNING_SECRET, now=lambda: at)


@pytest.mark.parametrize("seconds", [-WINDOW_SECONDS, 0, WINDOW_SECONDS])
def test_what_slack_signed_within_five_minutes_is_new(seconds: int) -> None:
    assert signatures(NOW + seconds).judge(BODY, str(NOW), OURS) is Standing.NEW


@pytest.mark.parametrize(
    ("body", "timestamp", "signature"),
    [
        (BODY, None, None),
        (BODY, str(NOW), None),
        (BODY, None, OURS),
        (BODY, str(NOW), ""),
        (BODY, str(NOW), "v0=ü"),
        (BODY, str(NOW), OURS.upper()),
        (BODY, str(NOW), OURS[3:]),
        (BODY, str(NOW), signed(BODY, NOW, "another-secret")["X-Slack-Signature"]),
        (BODY + b" ", str(NOW), OURS),
        (b"", str(NOW), OURS),
        (b"\xff\xfe", str(NOW), OURS),
        (BODY, str(NOW + 1), OURS),
        (BODY, "now", OURS),
        (BODY, "", OURS),
        (BODY, "-1", OURS),
        (BODY, "٣", OURS),
        (BODY, "9" * 5_000, OURS),
        (BODY, f" {NOW}", OURS),
    ],
)
def test_everything_else_is_foreign(body: bytes, timestamp: str | None, signature: str | None) -> None:
    assert signatures().judge(body, timestamp, signature) is Standing.FOREIGN


@pytest.mark.parametrize("seconds", [-WINDOW_SECONDS - 1, WINDOW_SECONDS + 1])
def test_what_is_older_than_five_minutes_or_of_the_future_is_foreign(seconds: int) -> None:
    assert signatures(NOW + seconds).judge(BODY, str(NOW), OURS) is Standing.FOREIGN


def test_a_request_is_taken_once_as_long_as_its_signature_holds() -> None:
    now = [NOW - WINDOW_SECONDS]
    signatures = Signatures(SIGNING_SECRET, now=lambda: now[0])
    assert signatures.take(OURS) and not signatures.take(OURS)
    now[0] = NOW + WINDOW_SECONDS
    assert signatures.take("v0=another")
    assert signatures.judge(BODY, str(NOW), OURS) is Standing.TAKEN


def test_one_that_could_not_be_taken_may_come_again() -> None:
    judged = signatures()
    assert judged.take(OURS)
    judged.give_back(OURS)
    assert judged.judge(BODY, str(NOW), OURS) is Standing.NEW


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        Signatures(" ")
