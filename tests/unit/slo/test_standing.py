"""How an SLO stands: its state in one word, and that every span is counted from its own begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.slo.alerts import Alert, AlertKind
from observer.slo.budget import Counts
from observer.slo.burn import RULES, BurnRule, Urgency
from observer.slo.model import Slo
from observer.slo.standing import BURN_SPANS, Condition, LedgerStanding, OpenAlert, standing_of
from observer.slo.windows import span_begins
from tests.fakes.levels import level, sliced, stands

NOW = datetime(2026, 11, 22, 9, 7, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


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


def bad_after(
    *bad_ago: timedelta,
    slo: Slo = level(),  # noqa: B008  # it is frozen
    rule: BurnRule | None = RULES[0],
    kind: AlertKind = AlertKind.BURN,
    since: datetime = NOW,
) -> timedelta | None:
    """How long ago the bound is, of an alert that counts records which went bad so long ago."""

    def counted(begins: datetime) -> Counts:
        return Counts(good=9, bad=sum(NOW - ago >= begins for ago in bad_ago))

    ledger = LedgerStanding(id=1, revision_since=NOW, counts_since=NOW, looked_at=NOW)
    alert = Alert(slo="emails", kind=kind, urgency=Urgency.PAGE, rule=rule, bad=1, eligible=9, left=0)
    found = standing_of(slo, ledger, counted, at=NOW).bad_after(OpenAlert(alert=alert, since=since))
    return None if found is None else NOW - found


@given(st.lists(st.integers(0, 59), min_size=1, max_size=4), st.sampled_from(RULES))
def test_no_bad_record_that_a_burning_alert_counts_is_older_than_its_bound(ago: list[int], rule: BurnRule) -> None:
    bound = bad_after(*(timedelta(minutes=each) for each in ago), rule=rule)
    assert bound is not None
    assert timedelta(minutes=max(ago)) <= bound <= timedelta(minutes=61)


def test_where_the_spans_do_not_tell_nothing_bounds_when_records_went_bad() -> None:
    spent, unknown = AlertKind.SPENT, AlertKind.UNKNOWN
    assert bad_after(MINUTE, 2 * DAY, rule=None, kind=spent) == timedelta(days=3, seconds=30)
    assert bad_after(MINUTE, 4 * DAY, rule=None, kind=spent) is None, "that was before every span"
    assert bad_after(MINUTE, rule=None, kind=unknown) is None, "what is unknown is not bad"
    assert bad_after() is None
    assert bad_after(MINUTE, since=NOW - DAY) is None, "it rang for others, which the spans have left behind"
    assert bad_after(MINUTE, slo=sliced()) is None, "a slice goes bad later than its records"


def test_burn_rates_end_with_the_last_look_and_the_window_does_not() -> None:
    """A copy of two hours ago is no hour of calm."""
    shown = NOW - timedelta(hours=2)
    ledger = LedgerStanding(id=1, revision_since=NOW, counts_since=NOW, looked_at=shown)

    def since(begins: datetime) -> Counts:
        return Counts(bad=1) if begins <= shown - timedelta(minutes=4) else Counts()

    found = standing_of(level(), ledger, since, at=NOW)
    assert found.spans[BURN_SPANS[0]].bad == 1
    assert found.window_begins == span_begins(28 * DAY, NOW)
