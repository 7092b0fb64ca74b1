"""What pages ask beside how things stand: contracts as they are watched, levels by name, and what is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from observer.contracts.schedules import Schedule
from observer.daemon.archive import DaemonArchive
from observer.store import Store
from observer.store.histories import Span
from tests.fakes.levels import level
from tests.fakes.small_runs import small_contract
from tests.fakes.watching import watch_of


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('state')}/state.db") as opened:
        yield opened


def test_contracts_stand_by_id_with_when_they_are_due(store: Store) -> None:
    by_hour = replace(small_contract("b"), schedule=Schedule(every=timedelta(minutes=15)))
    by_cron = replace(small_contract("c"), schedule=Schedule(crons=("0 6 * * *",), zone="Europe/Berlin"))
    archive = DaemonArchive(store, lambda: watch_of(by_cron, by_hour, small_contract("a")))

    assert [each.contract.id for each in archive.contracts()] == ["a", "b", "c"]
    assert [each.schedule for each in archive.contracts()] == [
        "every 1 h",
        "every 15 min",
        "at `0 6 * * *` (Europe/Berlin)",
    ]
    found = archive.contract("b")
    assert found is not None and found.next_slot is not None
    assert found.next_slot > datetime.now(UTC) - timedelta(minutes=1)
    assert archive.contract("other") is None


def test_levels_are_found_by_name_though_nobody_has_counted_them(store: Store) -> None:
    slo = level("emails")
    contract = small_contract(slo.indicator.contract)
    watch = replace(watch_of(contract), slos=(slo,))
    archive = DaemonArchive(store, lambda: watch)

    found = archive.level("emails")
    assert found is not None and found.level.standing is None
    assert [each.slo.name for each in archive.levels()] == ["emails"]
    assert archive.slos() == (slo,)
    assert archive.level("other") is None


def test_what_never_ran_has_no_past(store: Store) -> None:
    archive = DaemonArchive(store, lambda: watch_of(small_contract("a")))
    now = datetime.now(UTC)
    span = Span(begins=now - timedelta(days=1), ends=now, stretches=10)

    assert archive.begins("a") is None
    assert archive.past_runs("a", span) == ()
    assert archive.past_table("a", "leads", span, checks=["x"], glanced=[]).tables == ()
    assert archive.kept_snapshots() == ()
