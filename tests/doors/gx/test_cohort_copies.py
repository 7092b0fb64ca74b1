"""A table that a pipeline copies is true as of its last copy, and nothing is judged beyond that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from observer.errors import EngineError
from tests.doors.gx.cohort_desk import PLACES, Desk, crm, desk_at, leads, level, minutes, when

TABLE = "id bigint PRIMARY KEY, email {text}, created {tz}, written {tz}, synced {tz}"
UNDER = crm(leads(when("synced")))
COPIED = replace(level(), as_of="synced")


@pytest.fixture(params=PLACES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return desk_at(request.param, request, tmp_path)


def test_a_look_is_of_the_newest_copy(desk: Desk) -> None:
    desk.make(TABLE, [(1, None, minutes(1), minutes(1), minutes(3)), (2, None, minutes(2), minutes(2), minutes(9))])
    with desk.glass(UNDER, COPIED) as glass:
        assert (glass.at, glass.until, glass.lag) == (minutes(9), minutes(9), timedelta())
    assert set(desk.rows(UNDER, COPIED)) == {"1", "2"}


def test_a_copy_from_the_future_is_of_now(desk: Desk) -> None:
    desk.make(TABLE, [(1, None, minutes(1), minutes(1), minutes(60 * 24 * 365 * 5))])
    with desk.glass(UNDER) as plain, desk.glass(UNDER, COPIED) as glass:
        assert plain.at <= glass.at < minutes(60 * 24 * 365 * 5)


def test_a_copy_that_says_nothing_of_its_time_cannot_be_judged(desk: Desk) -> None:
    desk.make(TABLE, [(1, None, minutes(1), minutes(1), None)])
    with pytest.raises(EngineError, match="no value of `synced` says as of when"), desk.glass(UNDER, COPIED):
        pass
