"""Daemons and people that write to the same incidents at the same time."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from observer.incidents.acting import Act, Action
from observer.incidents.events import EventKind, IncidentEvent, NoticeKind
from observer.incidents.incident import fold
from observer.store.store import Store
from tests.fakes.incident_steps import advance, look, to_slack
from tests.fakes.small_runs import HOUR
from tests.unit.incidents.timeline import broken

TABLES = [f"t{number}" for number in range(5)]
LOOKS = 10


def works(state_url: str, worker: int, began: datetime) -> Counter[str]:
    """A daemon: queues every other look, each with a finding of its own in every table; steps and delivers."""
    done: Counter[str] = Counter()
    with Store.open(state_url) as mine:
        for turn in range(worker, LOOKS, 2):
            found = [broken(f"f{turn}", table=table) for table in TABLES]
            mine.incidents.add_look(look(*found, at=began + turn * timedelta(seconds=1)), origin=f"turn {turn}")
            done["looks"] += advance(mine).looks
            deliver(mine)
    return done


def presses(state_url: str, person: int) -> Counter[str]:
    """Presses every button there is, now and again."""
    done: Counter[str] = Counter()
    with Store.open(state_url) as mine:
        while done[Act.ACKNOWLEDGE] + done[Act.FIXED] < 2 * len(TABLES) and done["rounds"] < 60:
            done["rounds"] += 1
            act = Act.FIXED if done["rounds"] % 2 else Act.ACKNOWLEDGE
            for row in mine.incidents.rows():
                done[act] += mine.incidents.act(row.id, Action(act=act, by=f"p{person}@example.com"), to_slack).done
    return done


def deliver(state: Store) -> bool:
    taken = state.outbox.take("slack", 99, HOUR)
    for delivery in taken:
        state.outbox.delivered(delivery)
    return bool(taken)


def count(log: tuple[IncidentEvent, ...], kind: EventKind) -> int:
    return sum(event.kind is kind for event in log)


def test_two_daemons_and_a_person_at_once_lose_and_double_nothing(state: Store, state_url: str) -> None:
    began = state.outbox.now() - timedelta(minutes=10)
    with ThreadPoolExecutor(3) as pool:
        all_at_once = [pool.submit(works, state_url, worker, began) for worker in range(2)]
        all_at_once.append(pool.submit(presses, state_url, 1))
        done = sum((each.result() for each in all_at_once), Counter[str]())
    done["looks"] += advance(state).looks
    while deliver(state):
        pass

    logs = {log[0].group.table: log for log in state.incidents.logs(began) if log[0].group}
    assert (sorted(logs), done["looks"]) == (TABLES, LOOKS)
    assert len(state.incidents.rows()) == len(TABLES), "one incident each"
    for log in logs.values():
        incident = fold(log)
        assert incident is not None
        assert len(incident.held) == LOOKS
        assert incident == state.incidents.get(incident.id)
        assert sum(event.told is not None and event.told.kind is NoticeKind.OPENED for event in log) == 1
        told = [event.key for event in log if event.told is not None]
        assert sorted(event.notice for event in log if event.kind is EventKind.DELIVERED) == sorted(told)
    for act, kind in ((Act.ACKNOWLEDGE, EventKind.ACKNOWLEDGED), (Act.FIXED, EventKind.SAID_FIXED)):
        assert done[act] == sum(count(log, kind) for log in logs.values())
