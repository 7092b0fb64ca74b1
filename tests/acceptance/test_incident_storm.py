"""Five thousand findings in a minute: a bounded number of messages, and nothing lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import time_machine

from observer.incidents.events import EventKind, NoticeKind
from observer.incidents.findings import Look
from observer.store import Store
from tests.fakes.incident_day import DAY, Day, clock
from tests.unit.incidents.timeline import ANA, broken

LOOKS, TABLES, FIELDS = 10, 20, 25


def test_a_storm_is_told_in_few_messages_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    """Ten contracts of twenty tables of twenty-five fields, each contract with an owner of its own."""
    with time_machine.travel(DAY, tick=False) as travel, Store.open(f"sqlite:///{tmp_path}/state.db") as store:
        day = Day(store, travel, reopen_within=timedelta(hours=1))
        day.withdraws = False
        day.at("9:00")
        for number in range(LOOKS):
            found = [
                broken(
                    f"f{field}",
                    table=f"t{table}",
                    contract=f"c{number}",
                    fingerprint=f"check:c{number}.t{table}.f{field}",
                    answerable=replace(ANA, owner=f"owner{number}@example.com"),
                )
                for table in range(TABLES)
                for field in range(FIELDS)
            ]
            store.incidents.add_look(Look(at=day.now, findings=tuple(found)), origin="a run", term=day.term)
            day.at(f"9:00:{6 * number:02}")
        said = day.heard("9:02")

        assert sum(len(one.kinds) for one in said) == LOOKS * TABLES, "each table of an owner is told"
        assert {kind for one in said for kind in one.kinds} == {NoticeKind.OPENED}
        assert len(said) <= 10, "what comes together is told together"
        assert sum(incident.is_open * len(incident.held) for incident in store.incidents.live()) == 5_000
        rows = store.incidents.rows(limit=1_000)
        assert (len(rows), {row.going_on for row in rows}, {row.told for row in rows}) == (200, {FIELDS}, {True})
        delivered = [e for row in rows for e in store.incidents.log(row.id) if e.kind is EventKind.DELIVERED]
        assert len(delivered) == LOOKS * TABLES
        assert day.heard("9:59") == [], "and is not told again"
        assert day.now == clock("9:59")
