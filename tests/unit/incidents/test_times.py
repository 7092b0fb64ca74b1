"""How fast incidents were detected, told, acknowledged and resolved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from observer.incidents.acting import Act, delivered
from observer.incidents.findings import Grade
from observer.incidents.times import Times, pace_of, spread_of, times_of
from tests.unit.incidents.timeline import World, broken, clock


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def day() -> World:
    """Wrong since 08:50, seen 09:00, told 09:01, heard 09:02, acknowledged 09:10."""
    world = World()
    world.at("09:00").sees(broken(since=clock("08:50")))
    world.waits_until("09:01")
    world.log.append(delivered(world.only, world.notices[0].key, clock("09:02")))
    world.at("09:10").acts(Act.ACKNOWLEDGE)
    return world


def times(world: World) -> Times:
    found = times_of(world.log)
    assert found is not None
    return found


def test_each_time_is_counted_from_the_opening_and_detection_from_the_first_bad_record() -> None:
    world = day()
    world.at("11:00").sees(of=[broken()])
    seen = times(world)
    assert (seen.detect, seen.notify, seen.acknowledge, seen.resolve) == tuple(map(minutes, (10, 2, 10, 120)))


def test_what_is_not_known_is_none_and_never_zero() -> None:
    world = World()
    world.at("09:00").sees(broken())
    seen = times(world)
    assert (seen.detect, seen.notify, seen.acknowledge, seen.resolve) == (None, None, None, None)
    assert times_of([]) is None
    with pytest.raises(ValueError, match="does not begin"):
        times_of(day().log[1:])


def test_a_reopened_incident_is_not_resolved_until_it_is_over_again() -> None:
    world = day()
    world.at("11:00").sees(of=[broken()])
    world.at("12:00").sees(broken())
    assert times(world).resolve is None
    world.at("13:00").sees(of=[broken()])
    assert times(world).resolve == minutes(240)
    assert times(world).reopenings == 1


def test_a_false_positive_was_neither_detected_nor_repaired() -> None:
    world = day()
    world.acts(Act.FALSE_POSITIVE, reason="the rule is wrong")
    seen = times(world)
    assert seen.is_false_positive
    assert (seen.detect, seen.resolve) == (None, None)
    pace = pace_of([seen])
    assert (pace.incidents, pace.false_positives, pace.still_open, pace.resolve.of) == (1, 1, 0, 0)
    assert pace.notify.median == minutes(2)


def test_a_false_positive_that_came_back_is_open_and_none_any_more() -> None:
    world = day()
    world.acts(Act.FALSE_POSITIVE, reason="the rule is wrong")
    world.at("10:00").sees(broken(grade=Grade.URGENT))
    assert not times(world).is_false_positive
    assert pace_of([times(world)]).still_open == 1


def test_a_pace_says_how_many_times_it_knows() -> None:
    still_open = World()
    still_open.at("09:00").sees(broken())
    ended = day()
    ended.at("11:00").sees(of=[broken()])
    pace = pace_of([times(still_open), times(ended)])
    assert (pace.incidents, pace.still_open) == (2, 1)
    assert (pace.resolve.known, pace.resolve.of, pace.resolve.mean) == (1, 2, minutes(120))


def test_a_percentile_is_a_time_that_was() -> None:
    spread = spread_of([minutes(n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 100)] + [None])
    assert (spread.known, spread.of) == (10, 11)
    assert (spread.median, spread.p90, spread.mean) == (minutes(5), minutes(9), minutes(14.5))
    assert spread_of([]).p90 is None
