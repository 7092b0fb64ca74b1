"""When a contract is looked at and which hours count, as written in its file."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.config.odcs import load_contracts
from observer.config.schedules import wrong_with_cron
from observer.contracts.model import Contract
from observer.contracts.schedules import Calendar, Schedule
from observer.daemon.triggers import next_slot
from observer.settings import ScheduleSettings

TEMPLATE = """
apiVersion: v3.2.0
kind: DataContract
id: crm
version: 1.0.0
status: active
customProperties: [{custom}]
schema:
  - name: leads
    customProperties: [{on_object}]
    quality: [{on_table}]
    properties:
      - {{name: id, logicalType: integer, primaryKey: true}}
      - name: at
        logicalType: timestamp
        logicalTypeOptions: {{timezone: true}}
        quality: [{on_column}]
slaProperties: [{slas}]
"""
FREQUENCY = "{property: frequency, value: 4, unit: h, element: leads.at}"


@pytest.fixture
def read(tmp_path: Path):
    def read(custom="", on_object="", on_table="", on_column="", slas="") -> Contract:
        file = tmp_path / "crm.odcs.yaml"
        file.write_text(
            TEMPLATE.format(custom=custom, on_object=on_object, on_table=on_table, on_column=on_column, slas=slas)
        )
        loaded = load_contracts([file])
        assert [str(problem) for problem in loaded.problems] == []
        return loaded.contracts[0]

    return read


def rule(line: str) -> str:
    return f"{{metric: rowCount, mustBeGreaterThan: 0, schedule: '{line}', scheduler: cron}}"


def test_a_contract_that_says_nothing_leaves_it_to_the_daemon(read):
    assert read().schedule == Schedule()
    assert read().calendar is None


def test_its_own_schedule_comes_first(read):
    own = (
        "{property: schedule, value: {cron: ['0 6 * * mon-fri', 0 12 * * 0], zone: Europe/Berlin, jitter: 0s, "
        "catchUp: 2}}"
    )
    assert read(own, on_table=rule("0 1 * * *"), slas=FREQUENCY).schedule == Schedule(
        crons=("0 6 * * mon-fri", "0 12 * * 0"), zone="Europe/Berlin", jitter=timedelta(), catch_up=2
    )
    assert read("{property: schedule, value: {every: 15min}}", slas=FREQUENCY).schedule.every == timedelta(minutes=15)


def test_else_the_cron_lines_of_all_its_rules_are_slots(read):
    of_column = "{{metric: nullValues, mustBe: 0, id: r{0}, schedule: '0 {0} * * *'}}"
    column = ", ".join(of_column.format(hour) for hour in (2, 1))
    found = read(on_table=rule("0 1 * * *"), on_column=column, slas=FREQUENCY).schedule
    assert found == Schedule(crons=("0 1 * * *", "0 2 * * *"))


def test_else_its_shortest_frequency_counts(read):
    daily = "{property: frequency, id: daily, value: 1, unit: d, element: leads.at}"
    assert read(slas=f"{daily}, {FREQUENCY}").schedule == Schedule(every=timedelta(hours=4))


def test_zone_and_jitter_hold_for_times_that_come_from_elsewhere(read):
    found = read(
        "{property: schedule, value: {zone: Europe/Berlin, jitter: 1min}}", on_table=rule("0 1 * * *")
    ).schedule
    assert found == Schedule(crons=("0 1 * * *",), zone="Europe/Berlin", jitter=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("written", "calendar"),
    [
        (
            "{zone: Europe/Berlin, weekdays: mon-fri, hours: '08:00-18:00', holidays: [2026-12-25, 2026-12-26]}",
            Calendar(
                zone="Europe/Berlin",
                weekdays=frozenset(range(5)),
                opens=time(8),
                closes=time(18),
                holidays=frozenset({date(2026, 12, 25), date(2026, 12, 26)}),
            ),
        ),
        ("{zone: UTC}", Calendar(zone="UTC", weekdays=frozenset(range(7)))),
        (
            "{zone: UTC, weekdays: [Monday, fri-sun], hours: 22:00 - 06:30}",
            Calendar(zone="UTC", weekdays=frozenset({0, 4, 5, 6}), opens=time(22), closes=time(6, 30)),
        ),
        (
            "{zone: UTC, weekdays: 'sat-mon,wed', hours: '12:00-24:00', holidays: 2026-01-01}",
            Calendar(
                zone="UTC", weekdays=frozenset({5, 6, 0, 2}), opens=time(12), holidays=frozenset({date(2026, 1, 1)})
            ),
        ),
    ],
)
def test_a_calendar_says_which_hours_count(read, written: str, calendar: Calendar):
    assert read(f"{{property: calendar, value: {written}}}").calendar == calendar


def test_a_table_may_have_a_calendar_of_its_own(read):
    found = read(
        "{property: calendar, value: {zone: UTC}}", on_object="{property: calendar, value: {zone: Asia/Tokyo}}"
    )
    assert found.calendar is not None and found.calendar.zone == "UTC"
    assert found.objects[0].calendar is not None and found.objects[0].calendar.zone == "Asia/Tokyo"


@given(
    st.tuples(
        st.sampled_from(["*", "0", "59", "60", "*/15", "5-1", "x"]),
        st.sampled_from(["*", "6", "23", "24", "8-18", "8-18/2", ""]),
        st.sampled_from(["*", "1", "30", "31", "last", "0", "*/2"]),
        st.sampled_from(["*", "2", "feb", "13", "4,6", "jan-mar"]),
        st.sampled_from(["*", "0", "7", "8", "mon-fri", "5-7", "*/2", "mo"]),
    )
)
def test_the_daemon_can_follow_what_is_accepted_and_nothing_else(fields: tuple[str, ...]):
    line, noon = " ".join(fields), datetime(2026, 11, 22, 12, tzinfo=UTC)
    wrong, schedule = wrong_with_cron(line), Schedule(crons=(line,))
    if not wrong:
        first = next_slot(schedule, ScheduleSettings())(noon)
        assert first is not None and first > noon
    elif wrong == "no such day ever comes":
        assert next_slot(schedule, ScheduleSettings())(noon) is None
    else:
        with pytest.raises(ValueError):  # each part has words of its own
            next_slot(schedule, ScheduleSettings())
