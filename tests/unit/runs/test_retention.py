"""Which kept snapshots go: laws over any set of them, and the cases by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from observer.runs.retention import Kept, to_remove

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TIMES = st.integers(-20 * 24 * 60, 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@st.composite
def snapshots(draw: st.DrawFn) -> tuple[Kept, ...]:
    given_ = draw(st.lists(st.tuples(st.sampled_from("ab"), TIMES, st.integers(0, 100)), max_size=25))
    return tuple(Kept(id=n, contract=c, taken_at=at, bytes=size) for n, (c, at, size) in enumerate(given_))


KEEP, DAYS, BUDGET = st.integers(1, 4), st.integers(0, 10), st.none() | st.integers(0, 800)


def kept(*hours: float, contract: str = "a", size: int = 10) -> tuple[Kept, ...]:
    """Snapshots taken so many hours before now."""
    return tuple(
        Kept(id=n, contract=contract, taken_at=NOW - timedelta(hours=h), bytes=size) for n, h in enumerate(hours)
    )


def removed(given_: tuple[Kept, ...], *, keep: int = 1, daily: int = 0, max_bytes: int | None = None) -> list[int]:
    return [s.id for s in to_remove(given_, keep=keep, daily=daily, max_bytes=max_bytes, now=NOW)]


def test_the_newest_stay_and_the_others_go_oldest_first() -> None:
    assert removed(kept(1, 2, 3, 4), keep=2) == [3, 2]


def test_the_last_of_each_day_stays_for_so_many_days() -> None:
    hours = (0, 1, 13, 20, 37, 40, 61)  # today twice, yesterday twice, the day before twice, three days ago
    assert removed(kept(*hours), daily=3) == [6, 5, 3, 1]


def test_a_budget_takes_the_oldest_daily_ones_first_and_never_the_newest() -> None:
    hours = (0, 1, 13, 37)
    assert removed(kept(*hours), keep=2, daily=5, max_bytes=30) == [3]
    assert removed(kept(*hours), keep=2, daily=5, max_bytes=10) == [3, 2, 1]
    assert removed(kept(*hours), keep=2, daily=5, max_bytes=0) == [3, 2, 1]


def test_keeping_none_removes_all() -> None:
    assert removed(kept(0, 1), keep=0, daily=5) == [1, 0]


@given(snapshots(), KEEP, DAYS, BUDGET)
def test_the_newest_of_each_contract_always_stays(
    all_: tuple[Kept, ...], keep: int, daily: int, budget: int | None
) -> None:
    gone = set(to_remove(all_, keep=keep, daily=daily, max_bytes=budget, now=NOW))
    for contract in {s.contract for s in all_}:
        assert max((s for s in all_ if s.contract == contract), key=lambda s: (s.taken_at, s.id)) not in gone


@given(snapshots(), KEEP, DAYS, BUDGET)
def test_what_stays_stays_the_next_time_too(all_: tuple[Kept, ...], keep: int, daily: int, budget: int | None) -> None:
    gone = set(to_remove(all_, keep=keep, daily=daily, max_bytes=budget, now=NOW))
    rest = tuple(s for s in all_ if s not in gone)
    assert to_remove(rest, keep=keep, daily=daily, max_bytes=budget, now=NOW) == ()


@given(snapshots(), KEEP, DAYS, st.integers(0, 800))
def test_a_budget_is_kept_or_only_the_newest_are_left(
    all_: tuple[Kept, ...], keep: int, daily: int, budget: int
) -> None:
    gone = set(to_remove(all_, keep=keep, daily=daily, max_bytes=budget, now=NOW))
    rest = [s for s in all_ if s not in gone]
    assert sum(s.bytes for s in rest) <= budget or len(rest) == len({s.contract for s in rest})


@given(snapshots(), KEEP, DAYS, BUDGET)
def test_wanting_to_keep_more_without_a_budget_never_removes_more(
    all_: tuple[Kept, ...], keep: int, daily: int, budget: int | None
) -> None:
    def gone(keep: int, daily: int, budget: int | None) -> set[Kept]:
        return set(to_remove(all_, keep=keep, daily=daily, max_bytes=budget, now=NOW))

    assert gone(keep + 1, daily + 1, None) <= gone(keep, daily, None) <= gone(keep, daily, budget)


@given(snapshots(), KEEP, DAYS)
def test_without_a_budget_contracts_do_not_touch_each_other(all_: tuple[Kept, ...], keep: int, daily: int) -> None:
    together = to_remove(all_, keep=keep, daily=daily, max_bytes=None, now=NOW)
    for contract in "ab":
        own = tuple(s for s in all_ if s.contract == contract)
        alone = to_remove(own, keep=keep, daily=daily, max_bytes=None, now=NOW)
        assert alone == tuple(s for s in together if s.contract == contract)
