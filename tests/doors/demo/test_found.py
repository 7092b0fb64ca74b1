"""Which check found which fault: every row of it is named, or the check says its word; nothing else counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.checks.measure import Outcome
from observer.demo.faults import FAULTS, HURRIED, QUICKEST, TIME_TO_FIND, UNHURRIED, FaultPlan, plan_faults
from observer.demo.found import Ledger, LevelSeen, Seen, key_texts
from observer.demo.injected import FaultKind, Injected

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
STAGE, VALUES, FRESH, DRIFT = (
    "crm.deals.stage.enum",
    "crm.deals.stage.new_values",
    "crm.events.fresh",
    "crm.deals.drift",
)

RENAMED = Injected(
    kind=FaultKind.STAGE_RENAMED,
    object="deals",
    property="stage",
    rows=2,
    keys=((7,), (9,)),
    at=NOW,
    expected_checks=(STAGE, VALUES),
    story="a seller renames a stage",
)
SILENT = replace(RENAMED, kind=FaultKind.INTEGRATION_STALE, rows=0, keys=(), expected_checks=(FRESH,))
ADDED = replace(RENAMED, kind=FaultKind.COLUMN_ADDED, rows=0, keys=(), expected_checks=(DRIFT,), trace="utm")


def seen(
    check: str = STAGE,
    *keys: int,
    at: int = 5,
    began: int = 1,
    outcome: Outcome = Outcome.FAILED,
    rows_failed: int | None = None,
    words: str = "",
) -> Seen:
    return Seen(
        check_id=check,
        outcome=outcome,
        began_at=NOW + began * SECOND,
        told_at=NOW + at * SECOND,
        rows_failed=len(keys) if rows_failed is None else rows_failed,
        keys=key_texts((key,) for key in keys),
        words=words,
        by="run 1",
    )


def ledger(fault: Injected, *looks: Seen) -> Ledger:
    kept = Ledger()
    kept.inject(fault)
    for look in looks:
        kept.see(look)
    return kept


def test_a_fault_is_found_when_every_expected_check_names_all_of_its_rows() -> None:
    kept = ledger(RENAMED, seen(STAGE, 1, 7, 9, at=4), seen(VALUES, 7, 9, at=6))

    (tally,) = kept.tallies
    assert kept.all_found
    assert [(f.check_id, f.took, f.rows) for f in tally.findings] == [(STAGE, 4 * SECOND, 2), (VALUES, 6 * SECOND, 2)]


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(seen(STAGE, 7), id="it names only one of two rows"),
        pytest.param(seen(STAGE, 1, 2, 3), id="it names other rows"),
        pytest.param(seen(STAGE, 7, 9, outcome=Outcome.PASSED), id="it passed"),
        pytest.param(seen(STAGE, outcome=Outcome.ERRORED, rows_failed=0), id="it could not look"),
        pytest.param(seen(STAGE, 7, 9, at=-1), id="it spoke before the fault"),
        pytest.param(seen("crm.deals.owner.required", 7, 9), id="it is another check"),
    ],
)
def test_it_is_not_found_when(look: Seen) -> None:
    kept = ledger(replace(RENAMED, expected_checks=(STAGE,)), look)

    assert not kept.all_found
    assert kept.tallies[0].missing == (STAGE,)


def test_a_check_that_names_only_some_rows_must_count_as_many_more_as_before() -> None:
    fault = replace(RENAMED, expected_checks=(STAGE,))
    before, one_more, two_more = (seen(STAGE, 1, 2, at=t, rows_failed=n) for t, n in ((-3, 200), (3, 201), (6, 202)))

    assert ledger(fault, two_more).all_found is False, "nobody knows how many there were"
    assert ledger(fault, before, one_more).all_found is False
    assert ledger(fault, before, one_more, two_more).all_found
    kept = Ledger()
    kept.see(before)
    kept.inject(fault)
    kept.see(two_more)
    assert kept.all_found


def test_a_fault_in_no_row_is_found_by_a_look_that_began_after_it() -> None:
    assert not ledger(SILENT, seen(FRESH, began=-2, at=3)).all_found
    assert not ledger(SILENT, seen(FRESH, outcome=Outcome.PASSED)).all_found
    assert ledger(SILENT, seen(FRESH)).all_found


def test_a_change_of_columns_is_found_by_its_word_even_where_it_breaks_nothing() -> None:
    assert not ledger(ADDED, seen(DRIFT, outcome=Outcome.FAILED, words="`age` removed")).all_found
    assert not ledger(ADDED, seen(DRIFT, at=-1, words="`utm` added")).all_found
    assert ledger(ADDED, seen(DRIFT, outcome=Outcome.PASSED, words="`utm` added")).all_found


def test_one_look_may_find_several_faults_and_each_is_found_once() -> None:
    kept = Ledger()
    kept.inject(replace(RENAMED, expected_checks=(STAGE,)))
    kept.inject(replace(RENAMED, keys=((8,),), rows=1, expected_checks=(STAGE,)))

    assert len(kept.see(seen(STAGE, 7, 8, 9))) == 2
    assert kept.see(seen(STAGE, 7, 8, 9, at=9)) == ()
    assert [t.findings[0].at for t in kept.tallies] == [NOW + 5 * SECOND] * 2


LEVEL = "deals-filled"
EMPTY = replace(RENAMED, kind=FaultKind.EMAILS_LATE, expected_checks=(LEVEL,))


def level(*bad: int, burns: bool = True, slo: str = LEVEL) -> LevelSeen:
    return LevelSeen(slo=slo, at=NOW + 5 * SECOND, bad=key_texts((key,) for key in bad), burns=burns)


def test_a_level_finds_a_fault_when_it_burns_and_calls_just_those_bad_that_are() -> None:
    kept = ledger(EMPTY)
    assert kept.sought == {LEVEL}

    (finding,) = kept.see_level(level(7, 9, 100), unmet=frozenset({"100", "101"}))

    assert (finding.check_id, finding.rows, finding.took, finding.by) == (LEVEL, 2, 5 * SECOND, "its ledger")
    assert kept.all_found
    assert kept.sought == frozenset()
    assert kept.see_level(level(7, 9), unmet=frozenset()) == ()


@pytest.mark.parametrize(
    "seen_level",
    [
        pytest.param(level(7), id="it calls only one of two bad"),
        pytest.param(level(7, 9, burns=False), id="it does not burn"),
        pytest.param(level(7, 8, 9), id="it calls one bad that is good"),
        pytest.param(level(7, 9, slo="others"), id="it is another level"),
    ],
)
def test_a_level_does_not_find_it_when(seen_level: LevelSeen) -> None:
    kept = ledger(EMPTY)

    assert kept.see_level(seen_level, unmet=frozenset({"100"})) == ()
    assert kept.sought == {LEVEL}


def test_records_of_another_fault_of_the_level_are_bad_in_truth() -> None:
    kept = ledger(EMPTY)
    kept.inject(replace(EMPTY, keys=((1,), (2,))))

    assert [finding.injected.keys for finding in kept.see_level(level(1, 7, 9), unmet=frozenset())] == [EMPTY.keys]
    assert kept.sought == {LEVEL}
    assert len(kept.see_level(level(1, 2, 7, 9), unmet=frozenset())) == 1


@given(st.lists(st.tuples(st.sets(st.integers(6, 10)), st.integers(-3, 9)), max_size=6))
def test_more_looks_never_make_a_fault_less_found(looks: list[tuple[set[int], int]]) -> None:
    kept = ledger(replace(RENAMED, expected_checks=(STAGE,)))
    found = False
    for keys, at in sorted(looks, key=lambda look: look[1]):
        kept.see(seen(STAGE, *keys, at=at))
        assert kept.all_found >= found
        found = kept.all_found


@given(st.integers(0, 3_600))
def test_faults_of_a_demo_that_ends_leave_time_to_be_found(seconds: int) -> None:
    ends = NOW + seconds * SECOND
    plan = plan_faults(NOW, ends)

    assert plan.rounds is not None
    assert plan.rounds >= 1
    assert QUICKEST <= plan.every <= UNHURRIED
    assert plan.ends is not None
    assert plan.ends <= max(ends - TIME_TO_FIND, NOW + QUICKEST * len(FAULTS))


def test_ninety_seconds_are_one_hurried_round_and_without_end_it_is_unhurried() -> None:
    assert plan_faults(NOW, NOW + 90 * SECOND) == FaultPlan(first=NOW, every=HURRIED, rounds=1)
    assert plan_faults(NOW, None) == FaultPlan(first=NOW, every=UNHURRIED)
    assert plan_faults(NOW, None).ends is None


@given(st.lists(st.floats(0, 400), max_size=30), st.integers(1, 3))
def test_every_fault_of_a_plan_is_due_once_whatever_the_steps(moments: list[float], rounds: int) -> None:
    plan = FaultPlan(first=NOW + SECOND, every=2 * SECOND, rounds=rounds)
    due: list[int] = []
    for moment in [*sorted(moments), 1_000.0]:
        due += plan.due(len(due), NOW + moment * SECOND)

    assert due == list(range(rounds * len(FAULTS)))
