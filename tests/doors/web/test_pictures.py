"""Numbers become lines and columns: what is not known is a gap and a band, and nothing is drawn outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from observer.web.views.pictures import HEIGHT, WIDTH, Point, line, pillars

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hour: float, value: float | None, *, keeps: bool | None = None) -> Point:
    return Point(at=NOON + hour * HOUR, value=value, text=str(value), keeps=keeps)


def test_what_is_not_known_breaks_the_line_and_stands_as_a_band() -> None:
    points = [at(0, 1.0), at(1, 2.0), at(2, None), at(3, 2.0), at(4, 1.0, keeps=False)]

    drawn = line(points, begins=NOON, ends=NOON + 4 * HOUR, limit=1.5)

    assert len(drawn.strokes) == 2
    (band,) = drawn.unknown
    assert (band.x, band.width) == (112.5, 75.0)
    assert len(drawn.broken) == 1
    assert drawn.limit == HEIGHT / 2
    assert drawn.known == 4


def test_one_point_alone_is_a_dot() -> None:
    drawn = line([at(0, None), at(1, 5.0), at(2, None)], begins=NOON, ends=NOON + 2 * HOUR)

    assert (drawn.strokes, len(drawn.dots), len(drawn.unknown)) == ((), 1, 2)


def test_nothing_at_all_is_an_empty_picture() -> None:
    drawn = line([], begins=NOON, ends=NOON)

    assert (drawn.strokes, drawn.dots, drawn.unknown, drawn.limit) == ((), (), (), None)


numbers = st.none() | st.floats(-1e12, 1e12)


@given(st.lists(st.tuples(st.floats(-5, 30), numbers), max_size=12), numbers, numbers, numbers)
def test_nothing_is_drawn_outside_of_the_picture(
    seen: list[tuple[float, float | None]], limit: float | None, low: float | None, high: float | None
) -> None:
    points = [at(hour, value) for hour, value in sorted(seen, key=lambda pair: pair[0])]

    drawn = line(points, begins=NOON, ends=NOON + 24 * HOUR, limit=limit, low=low, high=high)

    pairs = [pair.split(",") for stroke in drawn.strokes for pair in stroke.split(" ")]
    spots = [(float(x), float(y)) for x, y in pairs] + list(drawn.dots)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in spots)
    assert all(band.x >= 0 and band.width > 0 and band.x + band.width <= WIDTH + 0.02 for band in drawn.unknown)
    assert len(spots) == sum(value is not None for _, value in seen)


def test_columns_stand_in_order_and_few_of_them_at_the_right() -> None:
    drawn = pillars(
        [(NOON, "a", 0, 0, 5, "5"), (NOON + HOUR, "b", 4, 4, 9, "1"), (NOON, "c", 0, 0, 0, "0")], room_for=6
    )

    assert [pillar.x for pillar in drawn] == [155.0, 205.0, 255.0]
    assert drawn[0].bad_height == 0
    assert drawn[1].bad_height + drawn[1].unknown_height <= HEIGHT
    assert [pillar.is_empty for pillar in drawn] == [False, False, True]
    assert pillars([]) == ()
