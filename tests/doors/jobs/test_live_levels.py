"""What a living demo tells of its levels: burn alerts once when they begin and once when they end; keys called bad."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from observer.jobs.live_levels import LiveLevels
from observer.runs.leading import Term
from observer.slo.alerts import Alert, AlertKind
from observer.slo.burn import RULES, Urgency
from observer.slo.verdicts import State
from observer.store import Store
from tests.fakes.ledger_steps import MINUTE, START, a_step, apply, decided, known_level, opened
from tests.fakes.small_runs import HOUR, NOON

EMAILS = known_level()
FAST, SLOW = (
    Alert(
        slo=EMAILS.name,
        kind=AlertKind.BURN,
        urgency=rule.urgency,
        rule=rule,
        burn=Fraction(40),
        bad=2,
        eligible=10,
        left=-2,
    )
    for rule in RULES[:2]
)
SPENT = Alert(slo=EMAILS.name, kind=AlertKind.SPENT, urgency=Urgency.TICKET, bad=2, eligible=10, left=-2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/state.db") as opened_store:
        yield opened_store


@pytest.fixture
def term(store: Store) -> Term:
    taken = store.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


@pytest.fixture
def levels(store: Store, term: Term) -> LiveLevels:
    ledger = opened(store, term, EMAILS)
    rows = [decided(str(number), state=State.BAD if number < 2 else State.GOOD) for number in range(10)]
    assert apply(store, ledger, a_step(START, decided=rows), term)
    return LiveLevels(store, [EMAILS, known_level("others")])


def test_it_knows_which_records_are_called_bad_and_whether_the_budget_burns(
    levels: LiveLevels, store: Store, term: Term
) -> None:
    assert list(levels.seen({"crm.some.check"}, at=NOON)) == []

    for alerts in ([SPENT], [SPENT, FAST]):
        store.slo_alerts.set_alerts(EMAILS.name, "r1", alerts, now=NOON, term=term)
        (level,) = levels.seen({EMAILS.name, "others", "crm.some.check"}, at=NOON)
        assert (level.slo, level.bad, level.burns) == (EMAILS.name, frozenset({("0",), ("1",)}), FAST in alerts)


def test_a_burn_alert_is_told_when_it_begins_and_when_it_ends_with_burn_records_and_budget(
    levels: LiveLevels, store: Store, term: Term
) -> None:
    told = []
    for minute, alerts in enumerate([[], [SPENT, FAST, SLOW], [replace(FAST, bad=9), SLOW], [SLOW], []]):
        at = NOON + (6 + minute) * MINUTE
        store.slo_alerts.set_alerts(EMAILS.name, "r1", alerts, now=at, term=term)
        told.append([(news.ended, news.text) for news in levels.news(at=at)])
        assert list(levels.news(at=at)) == []

    left = "bad leads: 2 too many (0 allowed)"
    fast = "page: burns 40.0× over 1 h and 5 min, 2 of 10 leads bad; over 6 h and 30 min as well"
    burns = "burns too fast no longer over"
    assert told == [
        [],
        [
            (
                False,
                f"emails: {fast}; {left}",
            )
        ],
        [],
        [(True, f"emails: {burns} 1 h and 5 min: 40.0× over 5 min, 2 of 10 leads bad; {left}")],
        [(True, f"emails: {burns} 6 h and 30 min: 40.0× over 30 min, 2 of 10 leads bad; {left}")],
    ]
