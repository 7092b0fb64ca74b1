"""How fast incidents were detected, told, acknowledged and resolved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.incidents.acting import Act, delivered
from observer.incidents.findings import Answerable, Finding, Grade, Hides, Look, Source
from observer.incidents.looks import last_well
from observer.incidents.stepping import NOTHING_NEW
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


def test_what_had_nothing_to_tell_at_first_is_told_in_time_from_when_it_had() -> None:
    field = broken("phone", hides=Hides.SUMS, answerable=Answerable(owner="phil@example.com"))
    total = broken("writes", property=None, sums=True)
    world = World()
    world.at("09:00").sees(field, total)
    world.at("12:00").sees(field, total, broken())
    told = next(notice for notice in world.notices if notice.told.to == "ana@example.com")
    assert told.told.loud_since == clock("12:00")
    ana = next(incident for incident in world.incidents if incident.id == told.line)
    world.log.append(delivered(ana, told.key, clock("12:01")))
    found = times_of([event for event in world.log if event.incident == ana.id])
    assert found is not None and (found.opened_at, found.notify) == (clock("09:00"), minutes(1))


def test_what_waited_for_a_daemon_is_told_late() -> None:
    world = World()
    world.at("09:00").sees(broken())
    world.at("12:00").takes(NOTHING_NEW)
    world.log.append(delivered(world.only, world.notices[0].key, clock("12:01")))
    assert times(world).notify == minutes(181)


def test_what_is_not_known_is_none_and_never_zero() -> None:
    world = World()
    world.at("09:00").sees(broken())
    seen = times(world)
    assert (seen.detect, seen.notify, seen.acknowledge, seen.resolve) == (None, None, None, None)
    assert times_of([]) is None
    with pytest.raises(ValueError, match="does not begin"):
        times_of(day().log[1:])


BLIND = broken("fax", source=Source.BLIND)
RUNG = broken("email", source=Source.LEVEL, since=clock("08:59"))


def test_the_last_look_that_found_all_well_says_how_long_it_took_at_most() -> None:
    seen = times(seen_at_nine(broken(good_at=clock("08:45")), broken("phone", good_at=clock("08:30")), BLIND))
    assert (seen.detect, seen.detect_is_bound) == (minutes(30), True)
    seen = times(seen_at_nine(broken(good_at=clock("08:45")), broken("phone", since=clock("08:40"))))
    assert (seen.detect, seen.detect_is_bound) == (minutes(20), False)


def test_what_only_sums_up_fields_has_no_bad_records_of_its_own() -> None:
    sums = broken("writes", sums=True)
    seen = times(seen_at_nine(broken(good_at=clock("08:45")), sums))
    assert (seen.detect, seen.detect_is_bound) == (minutes(15), True)
    assert times(seen_at_nine(sums)).detect is None


def test_an_alert_rings_after_the_bad_records_that_it_counts() -> None:
    seen = times(seen_at_nine(replace(RUNG, good_at=clock("08:55"))))
    assert (seen.detect, seen.detect_is_bound) == (minutes(5), True)


@pytest.mark.parametrize("findings", [(broken(good_at=clock("08:45")), broken("phone")), (BLIND,), (RUNG,)])
def test_what_was_never_found_well_may_have_been_bad_for_ever(findings: tuple[Finding, ...]) -> None:
    seen = times(seen_at_nine(*findings))
    assert (seen.detect, seen.detect_is_bound) == (None, False)


def seen_at_nine(*findings: Finding) -> World:
    world = World()
    world.at("09:00").sees(*findings)
    return world


def test_when_it_was_last_well_makes_no_other_finding_of_it() -> None:
    world = seen_at_nine(broken(good_at=clock("08:45")))
    world.at("09:15").sees(broken())
    assert [event.found for event in world.log if event.looked_at] == [(broken(),), ()]
    assert times(world).detect == minutes(15)


def test_only_a_check_that_was_looked_at_before_was_ever_found_well() -> None:
    found = (broken(), broken("phone"), replace(RUNG, fingerprint="level:emails:spent"), BLIND)
    well = {finding.fingerprint: clock("08:45") for finding in found if finding.property != "phone"}
    look = Look(at=clock("09:00"), findings=found)
    assert [each.good_at for each in last_well(look, well).findings] == [clock("08:45"), None, None, None]
    later = dict.fromkeys(well, clock("09:01"))
    assert not any(each.good_at for each in last_well(look, later).findings), "the clock was set back"


@st.composite
def went_wrong(draw: st.DrawFn) -> tuple[Finding, int | None]:
    """A finding, and how many minutes before nine it went wrong; None: nothing could be looked at."""
    finding = broken(str(draw(st.integers(0, 10**6))))
    if draw(st.integers(0, 4)) == 0:
        return replace(finding, source=Source.BLIND), None
    ago = draw(st.integers(0, 60))
    known = draw(st.sampled_from(["since", "good_at", ""]))
    earlier = draw(st.integers(0, 30)) if known == "good_at" else 0
    when = clock("09:00") - minutes(ago + earlier)
    since, good_at = (when if known == name else None for name in ("since", "good_at"))
    return replace(finding, since=since, good_at=good_at), ago


@given(st.lists(went_wrong(), min_size=1, max_size=4, unique_by=lambda each: each[0].fingerprint))
def test_a_bound_is_never_shorter_than_it_took_and_what_is_no_bound_is_what_it_took(
    cases: list[tuple[Finding, int | None]],
) -> None:
    seen = times(seen_at_nine(*(finding for finding, _ in cases)))
    took = max((minutes(ago) for _, ago in cases if ago is not None), default=None)
    if seen.detect is None:
        unknown = any(ago is not None and not (each.since or each.good_at) for each, ago in cases)
        assert unknown or took is None
    elif seen.detect_is_bound:
        assert took is not None and seen.detect >= took
    else:
        assert seen.detect == took


def test_a_reopened_incident_is_not_resolved_until_it_is_over_again() -> None:
    world = day()
    world.at("11:00").sees(of=[broken()])
    world.at("12:00").sees(broken())
    assert times(world).resolve is None
    world.at("13:00").sees(of=[broken()])
    assert times(world).resolve == minutes(180)
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


def test_a_percentile_in_which_there_is_a_bound_is_one_itself() -> None:
    exact, bound = (
        times(seen_at_nine(finding)) for finding in (broken(since=clock("08:45")), broken(good_at=clock("08:45")))
    )
    assert not pace_of([exact]).detect.is_bound
    assert pace_of([exact, bound]).detect.is_bound
