"""Alerts in the state: begun once, kept up to date, ended once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from observer.errors import NotLeading
from observer.runs.leading import Term
from observer.slo.alerts import Alert, AlertKind
from observer.slo.burn import RULES, Urgency
from observer.slo.standing import OpenAlert
from observer.store.store import Store
from tests.fakes.ledger_steps import known_level, opened, stands
from tests.fakes.small_runs import HOUR, NOON

FAST = Alert(
    slo="emails",
    kind=AlertKind.BURN,
    urgency=Urgency.PAGE,
    rule=RULES[0],
    burn=Fraction(173, 9),
    bad=Fraction(7, 3),
    eligible=2**40,
    left=-3,
)
SPENT = Alert(slo="emails", kind=AlertKind.SPENT, urgency=Urgency.TICKET, bad=19, eligible=4_000, left=1)


@pytest.fixture
def term(state: Store) -> Term:
    taken = state.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def test_an_alert_begins_goes_on_with_new_numbers_and_ends(state: Store, term: Term) -> None:
    alerts = state.slo_alerts
    began = (OpenAlert(alert=FAST, since=NOON),)
    assert alerts.set_alerts("emails", "r1", [FAST], now=NOON, term=term) == (began, ())
    assert alerts.open_alerts("emails") == began

    worse = replace(FAST, bad=8, left=-9, burn=Fraction(20))
    second = OpenAlert(alert=SPENT, since=NOON + HOUR)
    assert alerts.set_alerts("emails", "r1", [worse, SPENT], now=NOON + HOUR, term=term) == ((second,), ())
    assert alerts.open_alerts("emails") == (OpenAlert(alert=worse, since=NOON), second)

    ended = (OpenAlert(alert=worse, since=NOON),)
    assert alerts.set_alerts("emails", "r2", [SPENT], now=NOON + 2 * HOUR, term=term) == ((), ended)
    assert alerts.set_alerts("emails", "r2", [], now=NOON + 3 * HOUR, term=term) == ((), (second,))
    assert alerts.open_alerts("emails") == ()


def test_the_same_alerts_said_twice_change_nothing(state: Store, term: Term) -> None:
    for hour in range(3):
        begun, ended = state.slo_alerts.set_alerts("emails", "r1", [FAST, SPENT], now=NOON + hour * HOUR, term=term)
        assert (len(begun), ended) == (2 if hour == 0 else 0, ())

    assert [each.since for each in state.slo_alerts.open_alerts("emails")] == [NOON, NOON]


def test_an_alert_that_comes_back_is_another_one(state: Store, term: Term) -> None:
    for hour, alerts in enumerate([[SPENT], [], [SPENT]]):
        state.slo_alerts.set_alerts("emails", "r1", alerts, now=NOON + hour * HOUR, term=term)

    assert state.slo_alerts.open_alerts("emails") == (OpenAlert(alert=SPENT, since=NOON + 2 * HOUR),)


def test_open_alerts_stand_with_their_level_and_no_other(state: Store, term: Term) -> None:
    for name in ("emails", "other"):
        opened(state, term, known_level(name))
    state.slo_alerts.set_alerts("emails", "r1", [FAST], now=NOON, term=term)
    state.slo_alerts.set_alerts("gone", "r1", [replace(SPENT, slo="gone")], now=NOON, term=term)

    assert stands(state).alerts == (OpenAlert(alert=FAST, since=NOON),)
    assert stands(state, known_level("other")).alerts == ()
    assert {slo: len(alerts) for slo, alerts in state.slo_alerts.all_open().items()} == {"emails": 1, "gone": 1}


def test_a_former_leader_tells_and_ends_nothing(state: Store, term: Term) -> None:
    state.slo_alerts.set_alerts("emails", "r1", [FAST], now=NOON, term=term)
    state.leadership.resign(term)

    assert state.slo_alerts.set_alerts("emails", "r1", [FAST], now=NOON, term=term) == ((), ())
    for alerts in ([], [FAST, SPENT], [replace(FAST, left=0)]):
        with pytest.raises(NotLeading):
            state.slo_alerts.set_alerts("emails", "r1", alerts, now=NOON, term=term)
    assert state.slo_alerts.open_alerts("emails") == (OpenAlert(alert=FAST, since=NOON),)
