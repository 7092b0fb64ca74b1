"""Looks in the queue that are late, or cannot be taken: counted, set aside, and no burden to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from observer.store.records import Advanced
from observer.store.store import Store
from tests.fakes.incident_steps import AT_ONCE, Clock, advance, damage, look, opened, to_slack
from tests.fakes.small_runs import HOUR, NOON
from tests.unit.incidents.timeline import broken

MINUTE = timedelta(minutes=1)


def test_a_look_that_waited_too_long_is_passed_over_and_counted(state: Store, clock: Clock) -> None:
    state.incidents.add_look(look(broken()), origin="test")
    clock.now += 25 * HOUR
    assert advance(state) == Advanced(looks=1, too_old=1)
    assert advance(state) == Advanced()


def test_a_look_that_would_open_what_was_open_once_is_passed_over(state: Store, clock: Clock) -> None:
    """Its incident is over for good; with a longer window the same look would open it a second time."""
    opened(state)
    clock.now += MINUTE
    state.incidents.add_look(look(at=clock.now, of=[broken()]), origin="test")
    advance(state)
    clock.now += 30 * HOUR
    state.incidents.add_look(look(broken()), origin="test")
    patient = replace(AT_ONCE, waits=replace(AT_ONCE.waits, reopen_within=48 * HOUR))
    assert state.incidents.advance(patient, to_slack) == Advanced(looks=1, too_old=1)


@pytest.mark.parametrize(
    ("document", "because"),
    [
        ('{"at": 5, "findings": []}', "no Look: TypeError"),
        ('{"findings": []}', "no Look: TypeError"),
        ('{"at": "2026-03-01T12:00:00+00:00", "findings": [{"grade": "dire"}]}', "no Look: ValueError"),
        ('["ana@example.com"]', "no Look: list instead of dict"),
    ],
)
def test_a_look_that_cannot_be_read_is_set_aside_and_holds_up_no_other(
    state: Store, clock: Clock, document: str, because: str
) -> None:
    for name in ("email", "phone"):
        state.incidents.add_look(look(broken(name)), origin=name)
    damage(state, "incident_looks", document, "origin = 'email'")

    done = advance(state)

    assert (done.looks, done.set_aside, len(done.events)) == (1, 1, 2)
    (aside,) = state.incidents.set_aside()
    assert (aside.origin, aside.set_aside_at, aside.because) == ("email", NOON, because)
    assert advance(state) == Advanced()


def test_a_look_that_is_no_json_is_set_aside_too(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/state.db") as state:
        state.incidents.add_look(look(broken()), origin="test")
        damage(state, "incident_looks", "{", "true")
        assert advance(state).set_aside == 1
        assert state.incidents.set_aside()[0].because == "no JSON"
