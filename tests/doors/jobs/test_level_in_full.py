"""One level with its course and its bad records, read from a state that counted them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.contracts.model import LogicalType
from observer.jobs.level_in_full import level_in_full, levels_by_day
from observer.runs.leading import Term
from observer.runs.ticks import Tick
from observer.slo.budget import Counts
from observer.slo.counting import Sample
from observer.slo.model import CheckHolds, Slo, TimeToFill
from observer.slo.verdicts import State
from observer.store import Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.ledger_steps import DEADLINE, MINUTE, START, a_step, apply, decided, known_level, opened
from tests.fakes.small_runs import HOUR, NOON

LEADS = replace(
    table("leads", prop("id", LogicalType.STRING, primary_key_position=1), prop("email", required=True)),
    record_url="https://crm.example.com/leads/{id}",
)
PLANS = {"crm": plan_contract(contract(LEADS), ())}
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('state')}/state.db") as opened_store:
        yield opened_store


@pytest.fixture
def term(store: Store) -> Term:
    taken = store.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def emails() -> Slo:
    found = known_level()
    assert isinstance(found.indicator, TimeToFill)
    indicator = replace(found.indicator, contract="crm", object="leads", property="email")
    return replace(found, indicator=indicator)


def glances() -> Slo:
    return replace(known_level("fresh"), indicator=CheckHolds(contract="crm", check="crm.leads.fresh"))


def test_what_nobody_has_counted_has_no_course(store: Store) -> None:
    found = level_in_full(store, emails(), PLANS, at=NOON)

    assert (found.level.standing, found.stretches, found.records) == (None, (), ())


def test_a_level_of_minutes_is_drawn_by_minutes_with_its_bad_records(store: Store, term: Term) -> None:
    ledger = opened(store, term, emails())
    rows = [decided("1", 0), decided("2", 1, State.BAD), decided("3", 2, State.UNKNOWN), decided("4", 3)]
    assert apply(store, ledger, a_step(START, decided=rows, to=NOON + 10 * MINUTE), term)
    at = NOON + 10 * MINUTE

    found = level_in_full(store, emails(), PLANS, at=at)

    assert found.grain == MINUTE
    assert [stretch.begins for stretch in found.stretches] == [NOON + DEADLINE + n * MINUTE for n in range(5)]
    assert [(s.counts.good, s.counts.bad, s.counts.unknown) for s in found.stretches] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
        (1, 0, 0),
        (0, 0, 0),
    ]
    standing = found.level.standing
    assert standing is not None
    assert found.stretches[-1].budget.counts == standing.budget.counts
    assert [(each.record.key, each.state, each.url) for each in found.records] == [
        ("3", State.UNKNOWN, "https://crm.example.com/leads/3"),
        ("2", State.BAD, "https://crm.example.com/leads/2"),
    ]


def glance(minute: int, outcome: Outcome) -> Tick:
    fields = {"check_id": "crm.leads.fresh", "contract": "crm", "object": "leads", "at": NOON + minute * MINUTE}
    return Tick(**fields, outcome=outcome, value=9.0, observed="9 s old", expected="at most 5 s old")


def test_glances_of_the_last_day_are_told_with_what_they_saw(store: Store, term: Term) -> None:
    slo = glances()
    ledger = store.ledgers.open(slo, now=NOON, term=term)
    store.ticks.record([glance(1, Outcome.PASSED), glance(2, Outcome.FAILED)], term=term)
    samples = store.ledgers.samples(slo.indicator, NOON).samples
    assert store.ledgers.count(ledger, samples, now=NOON + HOUR, term=term) == 2

    found = level_in_full(store, slo, PLANS, at=NOON + HOUR)

    assert [(each.sample.at, each.why) for each in found.samples] == [
        (NOON + 2 * MINUTE, "9 s old; expected: at most 5 s old")
    ]
    assert found.looked_back == DAY
    assert level_in_full(store, slo, PLANS, at=NOON + 3 * DAY).samples == ()


def counted_at(at: datetime, bad: int) -> Sample:
    return Sample(key=at.isoformat(), at=at, counts=Counts(good=9, bad=bad))


def test_a_list_of_levels_has_their_days(store: Store, term: Term) -> None:
    slo = glances()
    ledger = store.ledgers.open(slo, now=NOON, term=term)
    samples = [counted_at(NOON, 1), counted_at(NOON + 2 * HOUR, 1), counted_at(NOON + DAY, 3)]
    store.ledgers.count(ledger, samples, now=NOON, term=term)

    found, unknown = levels_by_day(store, [slo, emails()], at=NOON + DAY)

    assert [(day.begins, day.counts.bad) for day in found.days] == [
        (NOON.replace(hour=0), 2),
        (NOON.replace(hour=0) + DAY, 3),
    ]
    assert unknown.standing is None
