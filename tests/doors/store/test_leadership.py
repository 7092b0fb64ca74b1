"""Who leads: one at a time, by a lease; and whoever led before cannot write."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing.pool import Pool

import pytest
from sqlalchemy import select, update

from observer.errors import NotLeading
from observer.runs.leading import Term
from observer.store import tables as t
from observer.store.store import Store
from tests.fakes.small_runs import LEADS, delivery, slot, small_run

LONG = timedelta(seconds=30)
#: So short that a test can wait for its end.
SHORT = timedelta(milliseconds=150)


def lead(state: Store, holder: str, lease: timedelta = LONG) -> Term:
    term = state.leadership.campaign(holder, lease)
    assert term is not None
    return term


def test_nobody_leads_at_first(state: Store) -> None:
    assert state.standing().leader is None


def test_the_first_who_asks_leads_and_the_second_does_not(state: Store) -> None:
    term = lead(state, "a")

    assert state.leadership.campaign("b", LONG) is None
    leader = state.standing().leader
    assert leader is not None
    assert (leader.holder, leader.epoch, leader.until) == ("a", term.epoch, term.until)


def test_a_renewal_keeps_the_epoch_and_moves_the_end(state: Store) -> None:
    first = lead(state, "a")
    second = lead(state, "a")

    assert second.epoch == first.epoch
    assert second.until > first.until


def test_one_of_many_that_ask_at_once_leads(state: Store) -> None:
    start = threading.Barrier(8)

    def ask(n: int) -> Term | None:
        start.wait()
        return state.leadership.campaign(f"daemon-{n}", LONG)

    with ThreadPoolExecutor(8) as pool:
        terms = [term for term in pool.map(ask, range(8)) if term is not None]

    assert len(terms) == 1


def test_one_of_several_processes_that_ask_at_once_leads(state_url: str, state: Store, processes: Pool) -> None:
    epochs = processes.map(_ask, [(state_url, n) for n in range(3)], chunksize=1)

    assert len([epoch for epoch in epochs if epoch is not None]) == 1


def _ask(order: tuple[str, int]) -> int | None:
    url, n = order
    with Store.open(url) as opened:
        term = opened.leadership.campaign(f"process-{n}", LONG)
        return None if term is None else term.epoch


def test_a_takeover_waits_for_the_end_of_the_lease_and_then_has_a_larger_epoch(state: Store) -> None:
    old = lead(state, "a", SHORT)
    assert state.leadership.campaign("b", SHORT) is None

    new = next(term for _ in range(500) if (term := _ask_after(state, 0.01)) is not None)

    assert new.epoch > old.epoch
    assert new.until - SHORT >= old.until, "nobody led before the old lease was over"
    assert state.leadership.campaign("a", LONG) is None


def _ask_after(state: Store, seconds: float) -> Term | None:
    time.sleep(seconds)
    return state.leadership.campaign("b", SHORT)


def test_a_leader_whose_lease_ran_out_goes_on_when_nobody_took_it(state: Store) -> None:
    old = lead(state, "a", timedelta(microseconds=1))

    assert lead(state, "a").epoch == old.epoch
    state.slots.add([slot()], old)


def test_a_daemon_that_is_alone_takes_what_a_dead_one_held(state: Store) -> None:
    old = lead(state, "a")

    new = state.leadership.campaign("b", LONG, alone=True)

    assert new is not None
    assert new.epoch == old.epoch + 1


def test_a_lease_written_by_a_clock_of_the_far_future_is_taken(state: Store) -> None:
    old = lead(state, "a")
    with state._database.transaction(writes=True) as connection:
        connection.execute(update(t.leases).values(until=datetime(2099, 1, 1, tzinfo=UTC)))

    assert lead(state, "b").epoch == old.epoch + 1


def test_a_daemon_with_a_shorter_lease_waits_for_one_with_a_longer(state: Store) -> None:
    lead(state, "a", timedelta(seconds=60))

    assert state.leadership.campaign("b", timedelta(seconds=1)) is None


def test_who_resigns_makes_room_at_once_and_can_write_no_more(state: Store) -> None:
    old = lead(state, "a")

    state.leadership.resign(old)

    assert state.standing().leader is None
    with pytest.raises(NotLeading, match="another daemon leads by now"):
        state.slots.add([slot()], old)
    assert lead(state, "b").epoch > old.epoch


def test_who_does_not_lead_cannot_resign_for_another(state: Store) -> None:
    old = lead(state, "a")
    state.leadership.resign(old)
    new = lead(state, "b")

    state.leadership.resign(old)

    assert lead(state, "b").epoch == new.epoch


def test_nothing_is_written_under_a_term_that_is_over(state: Store) -> None:
    old = lead(state, "a")
    state.leadership.campaign("b", LONG, alone=True)
    state.record_audit(small_run("r"), deliveries=[delivery("k")])

    for write in (
        lambda: state.slots.add([slot()], old),
        lambda: state.outbox.take("lineage", 1, LONG, term=old),
        lambda: state.ticks.forget(datetime(2030, 1, 1, tzinfo=UTC), term=old),
        lambda: state.forget_runs(datetime(2030, 1, 1, tzinfo=UTC), term=old),
    ):
        with pytest.raises(NotLeading):
            write()

    assert state.slots.of_contract(LEADS) == ()


def test_a_term_of_a_state_that_never_had_a_leader_is_no_term(state: Store) -> None:
    with pytest.raises(NotLeading):
        state.slots.add([slot()], Term(holder="a", epoch=1, until=datetime(2030, 1, 1, tzinfo=UTC)))


def test_a_takeover_waits_for_a_transaction_of_the_old_leader_and_sees_what_it_wrote(state: Store) -> None:
    old = lead(state, "a")
    asked, took = threading.Event(), threading.Event()

    def take_over() -> Term | None:
        asked.set()
        term = state.leadership.campaign("b", LONG, alone=True)
        took.set()
        return term

    with ThreadPoolExecutor(1) as pool:
        with state._database.transaction(writes=True, term=old) as connection:
            answer = pool.submit(take_over)
            assert asked.wait(5)
            assert not took.wait(0.2), "the lease is held as long as somebody writes under it"
            connection.execute(t.leases.insert().values(name="x", holder="", epoch=0, until=old.until))
        new = answer.result()

    assert new is not None
    assert new.epoch == old.epoch + 1
    with state._database.transaction() as connection:
        assert connection.execute(select(t.leases.c.name).where(t.leases.c.name == "x")).first()


def test_a_daemon_that_waited_for_the_lease_does_not_take_it_from_one_that_renewed_meanwhile(state: Store) -> None:
    lead(state, "a", SHORT)
    asked = threading.Event()

    def take_over() -> Term | None:
        asked.set()
        return state.leadership.campaign("b", SHORT)

    with ThreadPoolExecutor(1) as pool:
        with state._database.transaction(writes=True) as connection:
            connection.execute(update(t.leases).values(holder="a"))
            answer = pool.submit(take_over)
            assert asked.wait(5)
            time.sleep(0.5)  # more than the lease: by the clock it read before, b would find the renewal absurd
            now = state._database.now(connection)
            connection.execute(update(t.leases).values(until=now + SHORT * 30))
        assert answer.result() is None
