"""The outbox: at least once, in order within a line, one key once, and nobody twice at the same time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing.pool import Pool
from pathlib import Path

import pytest
from sqlalchemy import select, update

from observer.errors import NotLeading
from observer.runs.deliveries import (
    LONGEST_WAIT,
    MOST_PATIENCE,
    Delivery,
    Failure,
    NewDelivery,
    Reason,
    ReceiverCondition,
    Verdict,
    after_failure,
)
from observer.runs.leading import Term
from observer.store import tables as t
from observer.store.store import Store
from tests.fakes.small_runs import delivery, small_run

LEASE = timedelta(seconds=30)
#: So short that a test can wait for its end.
SHORT = timedelta(milliseconds=50)
DOWN = Failure(reason=Reason.UNREACHABLE, detail="connection refused")


def write(state: Store, *deliveries: NewDelivery) -> None:
    """As everything comes into the outbox: with a run."""
    state.record_audit(small_run(f"run-{time.monotonic_ns()}"), deliveries=deliveries)


def take(state: Store, limit: int = 99, lease: timedelta = LEASE, receiver: str = "lineage") -> list[str]:
    return [taken.key for taken in state.outbox.take(receiver, limit, lease)]


def take_one(state: Store, lease: timedelta = LEASE) -> Delivery:
    (taken,) = state.outbox.take("lineage", 1, lease)
    return taken


def in_seconds(state: Store, seconds: float) -> datetime:
    return state.outbox.now() + timedelta(seconds=seconds)


def clock_of_what_waits_stands(state: Store, at: datetime) -> None:
    """What waits was written by a clock that showed `at`."""
    with state._database.transaction(writes=True) as connection:
        connection.execute(update(t.outbox).values(created_at=at, available_at=at, leased_until=at))


def test_what_no_database_holds_is_written_out_so_that_it_holds_up_nobody(state: Store) -> None:
    """A contract may say NUL or half a surrogate pair in its description; PostgreSQL refuses both in a document."""
    payload = {"job": {"documentation": "a\x00b\ud800", "owners": [{"name\x00": "ana"}]}, "rows": 3, "share": 0.5}
    write(state, NewDelivery(receiver="lineage", key="k", line="l", payload=payload))
    assert take_one(state).payload == {
        "job": {"documentation": "a\\x00b\\ud800", "owners": [{"name\\x00": "ana"}]},
        "rows": 3,
        "share": 0.5,
    }


def test_where_nothing_is_to_be_taken_no_writer_is_waited_for(tmp_path: Path) -> None:
    """Whatever waits for a receiver that is down must not hold up runs every second, nor wait for them."""
    with Store.open(f"sqlite:///{tmp_path}/state.db", lock_timeout=0.05) as state:
        write(state, delivery("k"))
        state.outbox.failed(take_one(state), DOWN, Verdict(retry_at=in_seconds(state, 60)))
        with state._database.transaction(writes=True):
            assert take(state) == []


def test_what_landed_leaves_its_key_and_nothing_large(state: Store) -> None:
    write(state, delivery("k"))
    state.outbox.delivered(take_one(state))
    write(state, delivery("k"))
    with state._database.transaction() as connection:
        assert connection.execute(select(t.outbox.c.key, t.outbox.c.payload)).all() == [("k", {})]


def test_what_is_written_with_a_run_is_taken_as_it_was_written(state: Store) -> None:
    payload = {"eventType": "START", "rows": [1, 2.5, None, {"deep": "ü"}]}
    write(state, NewDelivery(receiver="lineage", key="k", line="l", payload=payload))

    taken = take_one(state)

    assert (taken.receiver, taken.key, taken.line, taken.payload, taken.attempts) == ("lineage", "k", "l", payload, 0)
    assert taken.created_at.utcoffset() == timedelta(0)


def test_a_key_is_kept_once_and_the_first_wording_stays(state: Store) -> None:
    write(state, delivery("k", line="first"), delivery("k", line="second"))
    write(state, delivery("k", line="third"), delivery("k", receiver="slack"))

    taken = take_one(state)
    state.outbox.delivered(taken)
    write(state, delivery("k", line="fourth"))

    assert taken.line == "first"
    assert take(state) == [], "a key that landed stays known"
    assert take(state, receiver="slack") == ["k"], "keys are per receiver"


def test_a_run_that_is_not_recorded_tells_nobody(state: Store) -> None:
    state.record_audit(small_run("r1"))

    with pytest.raises(Exception, match="recorded already"):
        state.record_audit(small_run("r1"), deliveries=[delivery("k")])

    assert take(state) == []


def test_one_line_gives_one_at_a_time_in_the_order_of_writing(state: Store) -> None:
    write(state, delivery("a1", line="a"), delivery("b1", line="b"), delivery("a2", line="a"))
    write(state, delivery("a3", line="a"))

    first = {d.key: d for d in state.outbox.take("lineage", 9, LEASE)}
    assert sorted(first) == ["a1", "b1"]
    assert take(state) == [], "a2 waits for a1"

    state.outbox.delivered(first["a1"])
    assert take(state) == ["a2"]


def test_a_line_waits_with_its_failed_one_and_others_go_on(state: Store) -> None:
    write(state, delivery("a1", line="a"), delivery("a2", line="a"), delivery("b1", line="b"), delivery("b2", line="b"))
    a1, b1 = state.outbox.take("lineage", 9, LEASE)

    state.outbox.failed(a1, DOWN, Verdict(retry_at=in_seconds(state, 60)))
    state.outbox.delivered(b1)

    assert take(state) == ["b2"]


def test_a_failed_one_is_tried_again_when_its_time_has_come(state: Store) -> None:
    write(state, delivery("k"))

    state.outbox.failed(take_one(state), DOWN, Verdict(retry_at=in_seconds(state, 60)))
    assert take(state) == []

    clock_of_what_waits_stands(state, in_seconds(state, -0.001))
    assert take_one(state).attempts == 1


def test_a_dead_one_holds_up_nobody_is_visible_and_is_redriven_by_hand(state: Store) -> None:
    write(state, delivery("a1"), delivery("a2"), delivery("x", receiver="slack"))
    state.outbox.failed(take_one(state), DOWN, Verdict(retry_at=None))

    assert take(state) == ["a2"]
    depth = {d.receiver: d for d in state.outbox.depths()}
    assert (depth["lineage"].waiting, depth["lineage"].dead, depth["slack"].waiting) == (1, 1, 1)

    assert state.outbox.redrive("slack") == 0
    assert state.outbox.redrive() == 1
    again = take_one(state)
    assert (again.key, again.attempts) == ("a1", 0)


def test_the_lease_of_a_taker_that_died_ends_and_another_gets_it(state: Store) -> None:
    write(state, delivery("k"))
    assert take(state) == ["k"]
    assert take(state) == []

    clock_of_what_waits_stands(state, in_seconds(state, -0.001))
    assert take(state) == ["k"]


def test_who_lost_the_lease_cannot_put_back_what_another_has(state: Store) -> None:
    write(state, delivery("k"))
    slow = take_one(state, lease=SHORT)
    time.sleep(0.06)
    take_one(state)

    state.outbox.failed(slow, DOWN, Verdict(retry_at=None))
    state.outbox.release(slow)

    assert take(state) == [], "it is still in the hands of the second"
    assert state.outbox.depths()[0].dead == 0


def test_what_landed_has_landed_whoever_says_so_and_whatever_another_thought(state: Store) -> None:
    write(state, delivery("k"))
    slow = take_one(state, lease=SHORT)
    time.sleep(0.06)
    state.outbox.failed(take_one(state), DOWN, Verdict(retry_at=None))

    state.outbox.delivered(slow)

    assert (state.outbox.redrive(), take(state), state.outbox.depths()) == (0, [], ())


def test_one_that_is_released_untried_is_taken_again_at_once(state: Store) -> None:
    write(state, delivery("k"))
    state.outbox.release(take_one(state))

    assert take_one(state).attempts == 0


def test_the_oldest_are_taken_first_and_no_more_than_asked_for(state: Store) -> None:
    write(state, *(delivery(f"k{n}", line=f"l{n}") for n in range(5)))

    assert [take(state, limit=2) for _ in range(4)] == [["k0", "k1"], ["k2", "k3"], ["k4"], []]


def test_many_takers_never_hold_the_same_one_and_none_is_left(state: Store) -> None:
    write(state, *(delivery(f"{line}-{n}", line=f"line-{line}") for n in range(5) for line in range(8)))

    def empty(_: int) -> list[str]:
        landed = []
        while state.outbox.depths():
            for taken in state.outbox.take("lineage", 3, LEASE):
                landed.append(taken.key)
                state.outbox.delivered(taken)
        return landed

    with ThreadPoolExecutor(4) as pool:
        landed = [key for keys in pool.map(empty, range(4)) for key in keys]

    assert len(landed) == len(set(landed)) == 40


def test_takers_in_other_processes_share_the_work(state_url: str, state: Store, processes: Pool) -> None:
    write(state, *(delivery(f"k{n}", line=f"l{n}") for n in range(40)))

    taken = [key for keys in processes.map(_take_all, [state_url] * 2, chunksize=1) for key in keys]

    assert sorted(taken) == sorted(f"k{n}" for n in range(40))


def _take_all(url: str) -> list[str]:
    keys = []
    with Store.open(url) as opened:
        while taken := opened.outbox.take("lineage", 2, LEASE):
            keys += [each.key for each in taken]
    return keys


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_a_clock_that_stepped_back_delays_nothing_for_long(state: Store, hours: int) -> None:
    write(state, delivery("k"))
    clock_of_what_waits_stands(state, in_seconds(state, hours * 3600))

    assert take(state) == ["k"]


def test_a_clock_that_stepped_forward_ends_leases_early_and_loses_nothing(state: Store) -> None:
    write(state, delivery("k"))
    held = take_one(state)
    clock_of_what_waits_stands(state, in_seconds(state, -3600))

    assert take(state) == ["k"]
    state.outbox.delivered(held)
    assert state.outbox.depths() == ()


def test_a_receivers_own_wish_is_within_what_the_outbox_takes_for_a_true_time(state: Store) -> None:
    write(state, delivery("k"))
    taken = take_one(state)
    busy = Failure(reason=Reason.RATE_LIMITED, detail="429", retry_after=timedelta(days=1))

    verdict = after_failure(taken, busy, now=state.outbox.now(), spread=0.9)
    state.outbox.failed(taken, busy, verdict)

    assert take(state) == [], "a day of patience must not pass for a clock that stepped"
    assert verdict.retry_at is not None
    assert LONGEST_WAIT < verdict.retry_at - state.outbox.now() <= MOST_PATIENCE


def test_depths_say_how_many_wait_and_since_when(state: Store) -> None:
    assert state.outbox.depths() == ()
    write(state, delivery("a"), delivery("b"))
    before = state.outbox.now()
    write(state, delivery("c"))

    (depth,) = state.outbox.depths()
    assert (depth.receiver, depth.waiting, depth.dead) == ("lineage", 3, 0)
    assert depth.oldest is not None
    assert depth.oldest < before

    state.outbox.delivered(take_one(state))
    assert state.outbox.depths()[0].waiting == 2


def test_a_reason_with_characters_that_no_database_takes_is_written_out(state: Store) -> None:
    write(state, delivery("k"))

    garbage = Failure(reason=Reason.SERVER_ERROR, detail="\x00\ud800 garbage")
    state.outbox.failed(take_one(state), garbage, Verdict(retry_at=None))

    assert state.outbox.depths()[0].dead == 1


def lead(state: Store, holder: str) -> Term:
    term = state.leadership.campaign(holder, LEASE, alone=True)
    assert term is not None
    return term


def test_what_a_leader_left_behind_is_taken_at_once_by_itself_and_by_the_next(state: Store) -> None:
    write(state, delivery("k"))
    first = lead(state, "a")
    (left,) = state.outbox.take("lineage", 1, LEASE, term=first)

    assert take(state) == [], "a hand waits for the end of the lease"
    assert [d.key for d in state.outbox.take("lineage", 1, LEASE, term=first)] == ["k"]
    (again,) = state.outbox.take("lineage", 1, LEASE, term=lead(state, "b"))

    state.outbox.failed(left, DOWN, Verdict(retry_at=None))
    assert state.outbox.depths()[0].dead == 0, "it is in the hands of the second"
    state.outbox.delivered(again)
    assert state.outbox.depths() == ()


def test_what_a_hand_delivers_is_left_to_it(state: Store) -> None:
    write(state, delivery("k"))
    term = lead(state, "a")
    state.outbox.release(state.outbox.take("lineage", 1, LEASE, term=term)[0])
    held = take_one(state)

    assert state.outbox.take("lineage", 1, LEASE, term=term) == ()
    state.outbox.delivered(held)
    assert state.outbox.depths() == ()


def fail(state: Store, failed: Delivery, *, failures: int, seconds: float = 600) -> None:
    """It failed, as the receiver did so often before it."""
    waits = ReceiverCondition(failures=failures, waits_until=in_seconds(state, seconds))
    state.outbox.failed(failed, DOWN, Verdict(retry_at=in_seconds(state, seconds)), waits)


def test_a_receiver_that_waits_is_given_nothing_but_by_who_cannot_wait(state: Store) -> None:
    write(state, delivery("a", line="a"), delivery("b", line="b"), delivery("c", line="c", receiver="slack"))
    a, b = state.outbox.take("lineage", 9, LEASE)
    fail(state, a, failures=1)
    state.outbox.release(b)

    assert take(state) == []
    assert take(state, receiver="slack") == ["c"]
    assert [d.key for d in state.outbox.take("lineage", 9, LEASE, impatient=True)] == ["b", "a"], "longest due first"
    assert take(state) == []


def test_a_receivers_wait_that_a_clock_made_endless_is_none(state: Store) -> None:
    write(state, delivery("a", line="a"), delivery("b", line="b"))
    a, b = state.outbox.take("lineage", 9, LEASE)
    fail(state, a, failures=1, seconds=365 * 24 * 3600)
    state.outbox.release(b)

    assert take(state) == ["b", "a"]


def test_what_failed_with_its_receiver_is_due_when_that_is_well_again(state: Store) -> None:
    write(state, *(delivery(name, line=name) for name in "abcd"), delivery("x", receiver="slack"))
    a, b, c, d = state.outbox.take("lineage", 9, LEASE)
    (x,) = state.outbox.take("slack", 1, LEASE)
    fail(state, x, failures=1)
    fail(state, a, failures=1)
    fail(state, replace(b, attempts=1), failures=2)
    fail(state, replace(c, attempts=2), failures=2)

    state.outbox.delivered(d)

    assert state.outbox.condition("lineage") == ReceiverCondition()
    assert take(state) == ["a", "b"], "c failed more often than its receiver: it waits for its own time"
    assert (state.outbox.condition("slack").failures, take(state, receiver="slack")) == (1, [])


def test_driving_again_by_hand_waits_for_no_receiver(state: Store) -> None:
    write(state, delivery("a", line="a"), delivery("b", line="b"))
    a, b = state.outbox.take("lineage", 9, LEASE)
    fail(state, a, failures=1)
    state.outbox.failed(b, DOWN, Verdict(retry_at=None))

    assert state.outbox.redrive("slack") == 0
    assert take(state) == []
    assert state.outbox.redrive("lineage") == 1
    assert take(state) == ["b"]


def test_a_former_leader_takes_nothing(state: Store) -> None:
    write(state, delivery("k"))
    old = state.leadership.campaign("a", LEASE)
    assert old is not None
    state.leadership.resign(old)

    with pytest.raises(NotLeading):
        state.outbox.take("lineage", 1, LEASE, term=old)

    assert take(state) == ["k"]


def test_what_waits_for_a_receiver_that_is_gone_is_given_up_as_late_as_anything_is(state: Store) -> None:
    write(state, *(delivery(key, receiver=name) for key in ("old", "new") for name in ("slack", "webhook")))
    with state._database.transaction(writes=True) as connection:
        long_ago = state.outbox.now() - timedelta(days=4)
        old = {"created_at": long_ago, "available_at": long_ago}
        connection.execute(update(t.outbox).where(t.outbox.c.key == "old").values(old))

    assert state.outbox.give_up_on_others(["slack"], term=lead(state, "a")) == 1

    (dead,) = state.outbox.dead()
    assert (dead.receiver, dead.key, dead.last_reason) == ("webhook", "old", Reason.NOT_CONFIGURED)
    assert state.outbox.receivers_of("line") == ("slack", "webhook")
