"""Laws of incidents, over random courses of looks, buttons and time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.incidents.acting import Act, Action, act
from observer.incidents.events import IncidentEvent, NoticeKind
from observer.incidents.findings import Answerable, Finding, Grade, Hides, Look, Source
from observer.incidents.incident import Incident, after, fold
from observer.incidents.muting import Mute, mutes_of
from observer.incidents.policy import Waits
from observer.incidents.stepping import NOTHING_NEW, Step, step
from tests.unit.incidents.timeline import DAY, POLICY, broken

SHORT = replace(
    POLICY,
    waits=Waits(
        group=timedelta(seconds=30),
        group_interval=timedelta(minutes=3),
        repeat_interval=timedelta(minutes=40),
        reopen_within=timedelta(minutes=30),
        escalate_after={Grade.ERROR: timedelta(minutes=15)},
        calm=timedelta(minutes=10),
    ),
)
OWNERS = tuple(Answerable(owner=f"{name}@example.com", steward="stu@example.com") for name in ("ana", "bo"))


def world_of_findings() -> tuple[Finding, ...]:
    """Two tables with three fields each, their staleness, a field nobody could look at, an alert."""
    found = []
    for table in ("leads", "accounts"):
        fields = (("email", 0), ("phone", 0), ("stage", 1))
        found += [broken(name, table=table, answerable=OWNERS[owner]) for name, owner in fields]
        found.append(broken("fresh", table=table, property=None, hides=Hides.FIELDS))
    found.append(broken("fax", fingerprint="blind:fax", source=Source.BLIND))
    found.append(broken("budget", fingerprint="level:emails:spent", source=Source.LEVEL, grade=Grade.WARNING))
    return tuple(found)


ALL = world_of_findings()
EVERYTHING = frozenset(finding.fingerprint for finding in ALL)


@dataclass(frozen=True)
class Move:
    """One thing that happens: time passes, then perhaps a look, or a button on some incident."""

    seconds: int
    look: tuple[Finding, ...] | None = None
    covered: frozenset[str] = frozenset()
    act: Act | None = None
    which: int = 0


def course_of(seed: int, length: int = 20) -> list[Move]:
    """Fields break and mend, are looked at in parts, change hands and numbers; people press buttons."""
    dice = Random(seed)
    wrong: dict[str, Finding] = {}
    moves = []
    for _ in range(length):
        seconds = dice.choice([1, 20, 45, 200, 700, 2_500])
        for finding in ALL:
            if dice.random() < 0.2:
                if finding.fingerprint in wrong and dice.random() < 0.6:
                    del wrong[finding.fingerprint]
                else:
                    grade = dice.choice([finding.grade, finding.grade, Grade.URGENT])
                    hands = dice.choice([finding.answerable] * 6 + list(OWNERS))
                    wrong[finding.fingerprint] = replace(
                        finding, rows_failed=dice.randint(1, 50), grade=grade, answerable=hands
                    )
        kind = dice.random()
        if kind < 0.55:
            covered = frozenset(f for f in sorted(EVERYTHING) if dice.random() < 0.8)
            look = tuple(wrong[f] for f in sorted(covered & wrong.keys()))
            moves.append(Move(seconds, look=look, covered=covered))
        elif kind < 0.75:
            moves.append(Move(seconds, act=dice.choice(list(Act)), which=dice.randint(0, 9)))
        else:
            moves.append(Move(seconds))
    return moves


class Store:
    """What a database does: keeps each key once, in the order written."""

    def __init__(self) -> None:
        self.events: dict[str, IncidentEvent] = {}
        self.states: dict[str, Incident] = {}
        self.now = DAY

    def write(self, events: Sequence[IncidentEvent]) -> None:
        for event in events:
            assert event.key not in self.events, "one writer writes nothing twice"
            self.events[event.key] = event
            self.states[event.incident] = after(self.states.get(event.incident), event)

    def incidents(self) -> list[Incident]:
        return list(self.states.values())

    def after_first(self, events: int) -> list[Incident]:
        """As a restart finds it that has only so many events."""
        logs: dict[str, list[IncidentEvent]] = {}
        for event in list(self.events.values())[:events]:
            logs.setdefault(event.incident, []).append(event)
        return [state for log in logs.values() if (state := fold(log))]

    def live(self) -> list[Incident]:
        return [incident for incident in self.incidents() if incident.is_live(self.now, SHORT.waits)]

    def step(self, look: Look) -> Step:
        result = step(self.live(), look, self.now, SHORT)
        self.write(result.events)
        return result

    def moves(self, move: Move) -> tuple[Look, Step | None]:
        """One move; the look that was taken, and what followed."""
        self.now += timedelta(seconds=move.seconds)
        if move.act is not None:
            some = self.incidents()
            if some:
                until = self.now + timedelta(minutes=20)
                wish = Action(act=move.act, by="ana@example.com", reason="because", until=until)
                self.write(act(some[move.which % len(some)], wish, self.now).events)
            return NOTHING_NEW, None
        look = NOTHING_NEW if move.look is None else Look(at=self.now, findings=move.look, covered=move.covered)
        return look, self.step(look)


COURSES = st.integers(min_value=0, max_value=10**9)
FEW = settings(max_examples=15)


@FEW
@given(COURSES)
def test_never_are_two_incidents_of_one_group_open_nor_is_a_finding_in_two(seed: int) -> None:
    store = Store()
    for move in course_of(seed):
        store.moves(move)
        states = store.incidents()
        groups = Counter(state.group for state in states if state.is_open)
        assert all(count == 1 for count in groups.values())
        going_on = Counter(f for state in states for f, held in state.held.items() if held.ended is None)
        assert all(count == 1 for count in going_on.values())


@FEW
@given(COURSES)
def test_the_state_has_what_the_newest_looks_found(seed: int) -> None:
    store, truth = Store(), dict[str, Finding]()
    for move in course_of(seed):
        store.moves(move)
        if move.look is not None:
            truth = {f: finding for f, finding in truth.items() if f not in move.covered}
            truth |= {finding.fingerprint: finding for finding in move.look}
        held = {f: h.finding for i in store.incidents() for f, h in i.held.items() if h.ended is None}
        assert held.keys() == truth.keys()
        assert all(finding.is_as(truth[f]) for f, finding in held.items()), "but for counts of levels"


@FEW
@given(COURSES)
def test_a_look_that_is_taken_again_changes_nothing(seed: int) -> None:
    store, looks = Store(), []
    for move in course_of(seed):
        look, result = store.moves(move)
        looks.append(look)
        if result is None:
            continue
        again = store.step(look)
        assert again.events == () and again.notices == ()
    # Nor does any look of the past, nor those of another daemon that saw the same: only what is due is told.
    store.step(NOTHING_NEW)
    for look in looks:
        assert store.step(look).events == ()


@FEW
@given(COURSES, st.randoms(use_true_random=False))
def test_the_order_and_the_number_of_equal_findings_in_a_look_do_not_matter(seed: int, dice: Random) -> None:
    plain, shuffled = Store(), Store()
    for move in course_of(seed):
        plain.moves(move)
        if move.look is not None:
            look = [
                *move.look,
                *move.look[::2],
                *(replace(f, rows_failed=0, grade=Grade.INFO) for f in move.look[1::2]),
            ]
            dice.shuffle(look)
            shuffled.moves(replace(move, look=tuple(look)))
        else:
            shuffled.moves(move)
    assert list(plain.events.values()) == list(shuffled.events.values())


@settings(max_examples=8)
@given(COURSES)
def test_a_log_that_broke_off_anywhere_is_gone_on_with(seed: int) -> None:
    store = Store()
    for move in course_of(seed, 15):
        before = len(store.events)
        look, result = store.moves(move)
        if result is None:
            continue
        for cut in range(before, len(store.events)):
            rest = step(store.after_first(cut), look, store.now, SHORT)
            assert rest.events == result.events[cut - before :]
            keys = {event.key for event in rest.events if event.told is not None}
            assert {notice.key for notice in rest.notices} == keys


@FEW
@given(COURSES)
def test_of_two_daemons_that_step_at_once_the_second_finds_it_done(seed: int) -> None:
    store = Store()
    for move in course_of(seed):
        rival_view = store.live()
        look, result = store.moves(move)
        if result is None:
            continue
        rival = step([i for i in rival_view if i.is_live(store.now, SHORT.waits)], look, store.now, SHORT)
        refused = [event for event in rival.events if event.key in store.events]
        assert refused == list(rival.events), "every event of the loser collides: none slips in beside the winner's"
        assert step(store.live(), look, store.now, SHORT).events == ()


@FEW
@given(COURSES)
def test_every_opening_that_lasts_is_told_exactly_once(seed: int) -> None:
    store, told = Store(), Counter[str]()
    for move in course_of(seed):
        _, result = store.moves(move)
        for notice in result.notices if result else ():
            told[notice.line] += notice.kind is NoticeKind.OPENED
    # At the end, everything that is open, not muted and old enough was told.
    store.now += timedelta(hours=1)
    for notice in store.step(NOTHING_NEW).notices:
        told[notice.line] += notice.kind is NoticeKind.OPENED
    mutes = mutes_of(store.live(), SHORT, store.now)
    for incident in store.incidents():
        assert told[incident.id] <= 1
        if incident.is_open and mutes.loud(incident, SHORT, store.now):
            assert incident.is_told and incident.first_told_at is not None
            assert told[incident.id] == 1
        if not incident.is_open:
            assert not incident.is_told, "whoever was told of it was told of its end"


@FEW
@given(COURSES)
def test_notices_of_an_incident_make_sense_in_their_order(seed: int) -> None:
    store, last = Store(), dict[str, NoticeKind]()
    for move in course_of(seed):
        store.moves(move)
    for event in store.events.values():
        if event.told is None:
            continue
        kind, before = event.told.kind, last.get(event.incident)
        if before is None:
            assert kind is NoticeKind.OPENED
        elif before is NoticeKind.RESOLVED:
            assert kind is NoticeKind.REOPENED
        else:
            assert kind is not NoticeKind.OPENED
        last[event.incident] = kind


@FEW
@given(COURSES)
def test_what_is_hidden_is_counted_by_what_hides_it(seed: int) -> None:
    store = Store()
    for move in course_of(seed):
        store.moves(move)
        states = store.live()
        mutes = mutes_of(states, SHORT, store.now)
        hidden = sum(why is Mute.HIDDEN for muted in mutes.reasons.values() for why in muted.values())
        # In this world nothing is hidden by two.
        assert hidden == mutes.hidden_by.total()


@FEW
@given(COURSES, st.randoms(use_true_random=False))
def test_a_log_gives_the_same_state_in_any_order_and_with_doubles(seed: int, dice: Random) -> None:
    store = Store()
    for move in course_of(seed):
        store.moves(move)
    for incident in store.incidents():
        log = [event for event in store.events.values() if event.incident == incident.id]
        mixed = [*log, *log[::3]]
        dice.shuffle(mixed)
        assert fold(mixed) == fold(log) == incident
        if len(log) > 2:
            with pytest.raises(ValueError, match="missing"):
                fold([*log[:1], *log[2:]])


@FEW
@given(COURSES)
def test_incidents_that_are_not_live_decide_nothing(seed: int) -> None:
    store = Store()
    for move in course_of(seed):
        store.now += timedelta(seconds=move.seconds)
        if move.look is not None:
            look = Look(at=store.now, findings=move.look, covered=move.covered)
            assert (
                step(store.incidents(), look, store.now, SHORT).events
                == step(store.live(), look, store.now, SHORT).events
            )
        store.now -= timedelta(seconds=move.seconds)
        store.moves(move)
