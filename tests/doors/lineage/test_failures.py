"""Whatever a receiver answers and whatever breaks on the way is a success, or a Failure with a reason."""

from __future__ import annotations

from datetime import timedelta

import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from observer.lineage.failures import answered, explained
from observer.runs.deliveries import Reason

DATES = st.datetimes().map(lambda t: f"{t:%a, %d %b %Y %H:%M:%S} GMT")
ODD_DATES = st.builds("{} {}".format, DATES.map(lambda d: d[:-4]), st.from_regex(r"[+-][0-9]{1,6}", fullmatch=True))
WISHES = st.text() | DATES | ODD_DATES | st.integers().map(str) | st.integers(1, 9_000).map(lambda n: "9" * n)


@given(status=st.integers(200, 999), wish=st.none() | WISHES)
def test_every_answer_is_a_success_or_has_a_reason_and_a_bearable_wish(status: int, wish: str | None) -> None:
    response = requests.Response()
    response.status_code = status
    response.headers = CaseInsensitiveDict({} if wish is None else {"Retry-After": wish})
    failure = answered(response, "http to http://marquez:5000")
    assert (failure is None) == (status < 300)
    if failure is not None:
        assert str(status) in failure.detail
        assert failure.retry_after is None or timedelta() <= failure.retry_after <= timedelta(hours=1)


class Strange(Exception):
    """An exception of a transport that nobody here knows, with a secret in it."""


def test_what_nobody_knows_is_unexpected_and_keeps_its_words_for_itself() -> None:
    failure = explained(Strange("token canary-9b1c refused"), "pigeon")
    assert (failure.reason, failure.can_retry) == (Reason.UNEXPECTED, True)
    assert failure.detail == "pigeon: Strange"


def test_the_cause_of_an_error_tells_its_reason() -> None:
    error = RuntimeError("Failed to fetch token")
    error.__cause__ = requests.ReadTimeout("canary-9b1c")
    failure = explained(error, "http")
    assert (failure.reason, failure.detail) == (Reason.TIMEOUT, "http did not answer in time")


def test_an_error_that_goes_in_circles_is_explained_all_the_same() -> None:
    one, other = Strange("one"), Strange("other")
    one.__cause__, other.__cause__ = other, one
    assert explained(one, "pigeon").reason is Reason.UNEXPECTED
