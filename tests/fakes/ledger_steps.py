"""Rows, steps and a level for tests of how ledgers are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from observer.runs.leading import Term
from observer.slo.budget import Counts
from observer.slo.ledger import Decided, Pending, Position, Step
from observer.slo.model import Slo
from observer.slo.standing import LedgerStanding
from observer.slo.verdicts import EvidenceKind, Observation, State
from observer.store.store import Store
from tests.fakes.levels import level
from tests.fakes.small_runs import NOON

MINUTE = timedelta(minutes=1)
DEADLINE = 5 * MINUTE
START = Position(since=NOON, seen_to=NOON, swept_to=NOON)
ALL = tuple(state for state in State if state is not State.PENDING)


def known_level(name: str = "emails", *, revision: str = "r1", counted: str = "k1", target: str = "0.995") -> Slo:
    return replace(level(name, target=Fraction(target)), revision=revision, counted=counted)


def opened(state: Store, term: Term, slo: Slo | None = None) -> int:
    """A ledger that begins at noon."""
    ledger = state.ledgers.open(slo or known_level(), now=NOON, term=term)
    state.ledgers.begin(ledger, START, term=term)
    return ledger


def pending(key: str, minute: float = 0, *, seen: bool | None = True, written: datetime | None = None) -> Pending:
    at = NOON + minute * MINUTE
    looked = None if seen is None else Observation(at=at + timedelta(microseconds=1), holds=seen, written_at=written)
    return Pending(key=key, event_at=at, before=looked)


def decided(key: str, minute: float = 0, state: State = State.GOOD) -> Decided:
    at = NOON + minute * MINUTE
    tells = EvidenceKind.BRACKETED if state in {State.GOOD, State.BAD} else None
    return Decided(key=key, event_at=at, state=state, evidence=tells, decided_at=at + DEADLINE)


def a_step(
    was: Position, *, pending: Iterable[Pending] = (), decided: Iterable[Decided] = (), to: datetime | None = None
) -> Step:
    """A step a minute on, or to that time."""
    seen_to = to or was.seen_to + MINUTE
    now = replace(was, seen_to=seen_to, swept_to=was.swept_to + timedelta(microseconds=7), looked_at=seen_to)
    return Step(was=was, now=now, pending=tuple(pending), decided=tuple(decided))


def apply(state: Store, ledger: int, step: Step, term: Term) -> bool:
    return state.ledgers.apply(ledger, step, deadline=DEADLINE, term=term)


def stands(state: Store, slo: Slo | None = None) -> LedgerStanding:
    slo = slo or known_level()
    return state.ledgers.standings([slo])[slo.name]


def recounted(state: Store, ledger: int) -> Counts:
    """What the records say."""
    found = state.ledgers.records(ledger, states=ALL, limit=1_000_000)
    return Counts(**{each.value: sum(record.state is each for record in found) for each in ALL})


def of_buckets(state: Store, ledger: int, since: datetime = NOON - timedelta(days=400)) -> Counts:
    """What the buckets say, one by one."""
    return sum((bucket.counts for bucket in state.ledgers.course(ledger, since)), Counts())
