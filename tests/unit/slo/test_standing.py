"""How an SLO stands: its state in one word, and that every span is counted from its own begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from observer.slo.budget import Counts
from observer.slo.standing import BURN_SPANS, Condition, LedgerStanding, standing_of
from observer.slo.windows import span_begins
from tests.fakes.levels import level, stands

NOW = datetime(2026, 11, 22, 9, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("good", "bad", "alerts", "condition"),
    [
        (0, 0, 0, Condition.NO_DATA),
        (0, 0, 1, Condition.NO_DATA),
        (1000, 5, 0, Condition.MET),
        (1000, 5, 1, Condition.BURNING),
        (1000, 6, 1, Condition.MISSED),
    ],
)
def test_the_state_of_a_level_in_one_word(good: int, bad: int, alerts: int, condition: Condition) -> None:
    assert stands(level(), good=good, bad=bad, open_alerts=alerts).condition is condition


def test_unknown_alone_is_no_data_and_never_met() -> None:
    assert stands(level(), unknown=50).condition is Condition.NO_DATA


def test_every_span_is_counted_from_its_own_begin() -> None:
    minutes = {NOW - age: 1 for age in (timedelta(minutes=4), timedelta(hours=5), 2 * DAY, 20 * DAY, 30 * DAY)}

    def since(begins: datetime) -> Counts:
        return Counts(good=99, bad=sum(bad for at, bad in minutes.items() if at >= begins))

    ledger = LedgerStanding(id=1, revision_since=NOW, counts_since=NOW, looked_at=NOW)
    found = standing_of(level(), ledger, since, at=NOW)
    assert found.budget.counts.bad == 4
    assert found.window_begins == span_begins(28 * DAY, NOW)
    assert [found.spans[span].bad for span in BURN_SPANS] == [1, 1, 1, 1, 2, 2, 3]
    assert found.burns[DAY] == Fraction(2, 101) / Fraction(5, 1000)
    assert found.exhausted_in == timedelta()


def test_burn_rates_end_with_the_last_look_and_the_window_does_not() -> None:
    """A copy of two hours ago is no hour of calm."""
    shown = NOW - timedelta(hours=2)
    ledger = LedgerStanding(id=1, revision_since=NOW, counts_since=NOW, looked_at=shown)

    def since(begins: datetime) -> Counts:
        return Counts(bad=1) if begins <= shown - timedelta(minutes=4) else Counts()

    found = standing_of(level(), ledger, since, at=NOW)
    assert found.spans[BURN_SPANS[0]].bad == 1
    assert found.window_begins == span_begins(28 * DAY, NOW)
