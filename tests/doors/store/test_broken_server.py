"""PostgreSQL that goes away, hangs, or is held by others: each call ends with a StoreError, and the next recovers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from observer.errors import StoreError
from observer.runs.slots import SlotState
from observer.store.store import Store
from tests import real_parts
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.small_runs import HOUR, LEADS, NOON, delivery, slot, small_run

#: Waits for locks end after it, statements after twice as long, silence a little later.
LIMIT = 0.4
LEASE = timedelta(seconds=30)


@pytest.fixture(scope="module")
def url(postgres_server_url: str) -> str:
    made = real_parts.new_postgres_database(postgres_server_url)
    Store.open(made).close()
    return made


@pytest.fixture
def admin(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def proxy(url: str) -> Iterator[FaultProxy]:
    with FaultProxy(int(url.rsplit(":", 1)[1].partition("/")[0])) as opened:
        yield opened


@pytest.fixture
def store(url: str, proxy: FaultProxy, admin: psycopg.Connection) -> Iterator[Store]:
    admin.execute("TRUNCATE slots, leases, outbox, runs CASCADE")
    host, _, database = url.rpartition("/")
    with Store.open(f"{host.rpartition(':')[0]}:{proxy.port}/{database}", lock_timeout=LIMIT) as opened:
        yield opened


def end_all(admin: psycopg.Connection) -> None:
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_connections_that_were_ended_while_idle_cost_nothing(store: Store, admin: psycopg.Connection) -> None:
    store.slots.add([slot()])

    end_all(admin)

    assert len(store.slots.in_state(SlotState.DUE)) == 1


def test_a_connection_that_is_ended_in_the_middle_loses_its_transaction_and_only_that(
    store: Store, admin: psycopg.Connection
) -> None:
    with (
        pytest.raises(StoreError, match=r"could not be reached: the server ended.*Fix: nothing to do"),
        store._database.transaction(writes=True) as connection,
    ):
        connection.execute(text("INSERT INTO leases VALUES ('x', '', 0, now())"))
        end_all(admin)
        connection.execute(text("SELECT 1"))

    assert store.standing().leader is None
    store.record_audit(small_run("r1"), deliveries=[delivery("k")])
    assert [run.id for run in store.runs()] == ["r1"]


def test_a_connection_that_is_cut_in_the_middle_of_a_write_leaves_all_or_nothing(
    store: Store, proxy: FaultProxy
) -> None:
    store.slots.add([slot()])
    (due,) = store.slots.in_state(SlotState.DUE)
    held = store.slots.claim(due, "r1")
    for after in range(0, 1_200, 150):
        proxy.cut(after=after)
        try:
            store.record_audit(small_run("r1"), finishes=held, deliveries=[delivery("k")])
        except StoreError:
            recorded = False
        else:
            recorded = True
        proxy.pass_through()
        if store.runs():
            break
        assert not recorded
        assert store.slots.in_state(SlotState.RUNNING) == (held,)
        assert store.outbox.depths() == ()
    else:
        store.record_audit(small_run("r1"), finishes=held, deliveries=[delivery("k")])

    (done,) = store.slots.of_contract(LEADS)
    assert (done.state, [run.id for run in store.runs()]) == (SlotState.DONE, ["r1"])
    assert store.outbox.depths()[0].waiting == 1


def test_a_server_that_is_down_is_told_without_the_password_and_found_again_when_it_is_up(
    store: Store, proxy: FaultProxy
) -> None:
    store.ping()
    proxy.refuse()
    for call in (store.ping, store.standing, store.outbox.now, lambda: store.leadership.campaign("a", LEASE)):
        with pytest.raises(StoreError, match="could not be reached") as caught:
            call()
        assert real_parts.PASSWORD not in str(caught.value)
        assert real_parts.QUOTED_PASSWORD not in str(caught.value)

    proxy.pass_through()

    assert store.leadership.campaign("a", LEASE) is not None


def test_a_server_that_falls_silent_in_the_middle_is_given_up(store: Store, proxy: FaultProxy) -> None:
    began = time.monotonic()
    with (
        pytest.raises(StoreError, match="did not answer within"),
        store._database.transaction() as connection,
    ):
        connection.execute(text("SELECT 1"))
        proxy.hang()
        connection.execute(text("SELECT 2"))
    assert time.monotonic() - began < 30 * LIMIT

    proxy.pass_through()

    store.ping()


def test_a_state_that_hangs_as_a_whole_hangs_nobody_for_ever(store: Store, proxy: FaultProxy) -> None:
    """Idle connections and new ones alike: `connect_timeout` of the URL bounds the second."""
    url = store._database.engine.url.update_query_dict({"connect_timeout": "2"}).render_as_string(hide_password=False)
    with Store.open(url, lock_timeout=LIMIT) as impatient:
        impatient.ping()
        proxy.hang()
        with pytest.raises(StoreError, match="could not be reached"):
            impatient.ping()
        proxy.pass_through()
        impatient.ping()


def test_a_slow_server_is_slow_and_no_fault(store: Store, proxy: FaultProxy) -> None:
    store.record_audit(small_run("r1"))
    proxy.slow(bytes_per_second=20_000)

    assert [run.id for run in store.runs()] == ["r1"]


def test_a_table_that_somebody_locks_is_waited_for_and_then_given_up(store: Store, url: str) -> None:
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE slots IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreError, match=r"another process holds the state.*Fix: wait"):
            store.slots.add([slot()])

    assert store.slots.add([slot()]) == 1


def test_a_statement_that_does_not_end_is_ended(store: Store) -> None:
    with pytest.raises(StoreError, match=r"too slow.*Fix: look for"), store._database.transaction() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))

    store.ping()


def test_a_leader_that_falls_asleep_in_a_transaction_cannot_keep_the_lease(store: Store, url: str) -> None:
    """As a process does that is paused: its transaction holds the lease, and its lease has run out."""
    old = store.leadership.campaign("a", timedelta(milliseconds=100))
    assert old is not None
    awake = threading.Event()

    def sleeper() -> str:
        with Store.open(url, lock_timeout=LIMIT) as asleep:
            try:
                with asleep._database.transaction(writes=True, term=old) as connection:
                    awake.wait(20)
                    connection.execute(text("INSERT INTO leases VALUES ('x', '', 0, now())"))
            except StoreError as error:
                return str(error)
        return "it wrote"

    with ThreadPoolExecutor(1) as pool:
        slept = pool.submit(sleeper)
        new = None
        deadline = time.monotonic() + 20
        while new is None and time.monotonic() < deadline:
            try:
                new = store.leadership.campaign("b", LEASE)
            except StoreError:
                continue  # the lease is held by the transaction that sleeps
            time.sleep(0.02)
        awake.set()
        said = slept.result()

    assert new is not None
    assert new.epoch == old.epoch + 1
    assert "it wrote" not in said


def test_more_threads_than_connections_wait_for_their_turn(store: Store) -> None:
    with ThreadPoolExecutor(24) as pool:
        added = sum(pool.map(lambda n: store.slots.add([slot(at=NOON + n * HOUR)]), range(48)))

    assert added == 48


def test_settings_that_the_url_makes_itself_stay(url: str) -> None:
    with (
        Store.open(f"{url}?options=-cstatement_timeout%3D12345&application_name=mine") as opened,
        opened._database.transaction() as connection,
    ):
        shown = {
            name: connection.execute(text(f"SHOW {name}")).scalar()
            for name in ("statement_timeout", "lock_timeout", "application_name")
        }

    assert shown == {"statement_timeout": "12345ms", "lock_timeout": "10s", "application_name": "mine"}
