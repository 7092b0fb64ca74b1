"""Long random courses in a state end as they do in memory, whoever steps them."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from observer.incidents.acting import Action
from observer.incidents.events import IncidentEvent
from observer.incidents.findings import Look
from observer.incidents.incident import fold
from observer.store.store import Store
from tests.fakes.incident_steps import Clock, to_slack
from tests.unit.incidents import test_laws as laws
from tests.unit.incidents.timeline import DAY


@pytest.mark.parametrize("seed", range(3))
def test_a_course_is_stepped_by_whoever_comes_as_it_is_in_memory(state: Store, clock: Clock, seed: int) -> None:
    memory = laws.Store()
    other = Store(state._database.engine, clock=clock)
    dice = Random(seed)
    told: list[str] = []
    for move in laws.course_of(seed, length=30):
        daemon = dice.choice([state, other, Store(state._database.engine, clock=clock)])
        memory.moves(move)
        clock.now = memory.now
        if move.act is not None:
            _press(daemon, memory, move)
            continue
        if move.look is not None:
            look = Look(at=clock.now, findings=move.look, covered=move.covered)
            dice.choice([state, other]).incidents.add_look(look, origin="course")
        told += [notice.key for notice in daemon.incidents.advance(laws.SHORT, to_slack).notices]

    for each in (state, other):
        logs = {log[0].incident: log for log in each.incidents.logs(DAY)}
        assert logs == _logs(memory)
        assert {incident.id: incident for incident in each.incidents.live()} == {i.id: i for i in memory.live()}
        for incident, log in logs.items():
            assert each.incidents.get(incident) == fold(log)
    assert len(told) == len(set(told))


def _press(daemon: Store, memory: laws.Store, move: laws.Move) -> None:
    some = memory.incidents()
    if some:
        until = memory.now + timedelta(minutes=20)
        assert move.act is not None
        wish = Action(act=move.act, by="ana@example.com", reason="because", until=until)
        daemon.incidents.act(some[move.which % len(some)].id, wish, to_slack)


def _logs(memory: laws.Store) -> dict[str, tuple[IncidentEvent, ...]]:
    logs: dict[str, tuple[IncidentEvent, ...]] = {}
    for event in memory.events.values():
        logs[event.incident] = (*logs.get(event.incident, ()), event)
    return logs
