"""The ledger against an oracle that knows the truth: see `tests.fakes.ledger_oracle` for what is excepted."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.crm_courses import lived, watch_of
from tests.fakes.ledger_oracle import check


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_no_verdict_is_ever_wrong_and_no_record_is_lost(seed: int) -> None:
    check(lived(*watch_of(seed)))
