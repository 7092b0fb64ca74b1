"""What a button says is read as it was written, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from observer.incidents.acting import Act
from observer.slack.action_ids import LINK_PREFIX, Pressed, SnoozeFor, decode, encode

INCIDENT = "0123456789abcdef"


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("arg", ["", *SnoozeFor])
def test_what_was_written_is_read(act: Act, arg: str) -> None:
    action_id, value = encode(act, INCIDENT, arg)
    assert decode(action_id, value) == Pressed(act=act, incident=INCIDENT, arg=arg)
    assert len(action_id) <= 255 and len(value) <= 150 and " " not in action_id


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("acknowledge", INCIDENT),
        ("observer.incident.delete", INCIDENT),
        (f"{LINK_PREFIX}run", ""),
        ("observer.incident.snooze", ""),
        ("observer.incident.snooze", INCIDENT[:8]),
        ("observer.incident.snooze", f"{INCIDENT} 4h 4h"),
        ("observer.incident.snooze", f"{INCIDENT}\n"),
    ],
)
def test_what_is_none_of_ours_is_no_press(action_id: str, value: str) -> None:
    assert decode(action_id, value) is None


def test_nothing_strange_is_written() -> None:
    with pytest.raises(ValueError, match="16 hex digits"):
        encode(Act.SNOOZE, "<!channel>")


def test_tomorrow_is_a_morning_where_people_are() -> None:
    late = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    until = SnoozeFor.TOMORROW.until(late, zone="Europe/Berlin", morning=time(9))
    # Clocks go forward in the night of the 28th.
    assert until == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    assert SnoozeFor.TOMORROW.until(late, zone="Asia/Tokyo", morning=time(9)) == datetime(2026, 3, 30, tzinfo=UTC)
