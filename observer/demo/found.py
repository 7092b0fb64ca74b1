"""Injected faults × what the daemon saw → which check found which fault, when, in how many rows. Pure.

A check found a fault when it did not pass and names every row of it; where it names only some of its failing rows, when
as many rows more fail than did before the fault. Of a fault that is in no row it must say the fault's words (a column),
or not pass at a look that began after the fault (events stopped coming). A service level found a fault when it has
judged every record of it bad, burns, and calls no record bad that is not: what it counts is true, to the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.checks.measure import Outcome
from observer.contracts.model import Scalar
from observer.demo.injected import Injected

_BAD = frozenset({Outcome.FAILED, Outcome.WARNED})


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one run or tick said of one check."""

    check_id: str
    outcome: Outcome
    #: When it began to look, and when its word was kept; aware.
    began_at: datetime
    told_at: datetime
    rows_failed: int | None
    #: Keys of failing rows, as the evidence names them.
    keys: frozenset[tuple[str, ...]] = frozenset()
    #: Everything it said in words.
    words: str = ""
    #: "run 0199a2b4", "tick".
    by: str


@dataclass(frozen=True, kw_only=True)
class LevelSeen:
    """What is known of one service level."""

    slo: str
    #: When it was looked up; aware.
    at: datetime
    #: Keys of the records that were judged bad.
    bad: frozenset[tuple[str, ...]]
    #: A burn alert is open.
    burns: bool


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The first time a check found a fault."""

    injected: Injected
    #: Or the name of a service level.
    check_id: str
    at: datetime
    #: Rows of the fault that it names; the fault's own number where it is in no row.
    rows: int
    by: str

    @property
    def took(self) -> timedelta:
        return self.at - self.injected.at


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One injected fault and who found it."""

    injected: Injected
    #: In order of time, one per check.
    findings: tuple[Finding, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Expected checks that have not found it."""
        found = {finding.check_id for finding in self.findings}
        return tuple(check for check in self.injected.expected_checks if check not in found)

    @property
    def found(self) -> bool:
        return not self.missing


def key_texts(keys: Iterable[Sequence[Scalar]]) -> frozenset[tuple[str, ...]]:
    """Keys as text, so that a number from JSON and one from the database are the same."""
    return frozenset(tuple(str(part) for part in key) for key in keys)


class Ledger:
    """What was injected and what was found of it, as both come in; looks in the order in which they were told."""

    def __init__(self) -> None:
        self._faults: list[Injected] = []
        self._found: dict[int, list[Finding]] = {}
        self._open: set[int] = set()
        #: (fault, check) → rows that failed at the last look before it.
        self._before: dict[tuple[int, str], int] = {}
        self._latest: dict[str, int] = {}

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """One per fault, in the order in which they were injected."""
        return tuple(
            Tally(injected=fault, findings=tuple(self._found[place])) for place, fault in enumerate(self._faults)
        )

    @property
    def all_found(self) -> bool:
        return not self._open

    @property
    def sought(self) -> frozenset[str]:
        """Checks and service levels that have not found a fault yet that they must find."""
        return frozenset(
            check
            for place in self._open
            for check in Tally(injected=self._faults[place], findings=tuple(self._found[place])).missing
        )

    def inject(self, fault: Injected) -> None:
        """A fault happened."""
        place = len(self._faults)
        self._faults.append(fault)
        self._found[place] = []
        self._open.add(place)
        for check in fault.expected_checks:
            if check in self._latest:
                self._before[place, check] = self._latest[check]

    def see(self, look: Seen) -> tuple[Finding, ...]:
        """A check was looked at. Returns the faults that it found, each for the first time by this check."""
        found: list[Finding] = []
        for place in sorted(self._open):
            fault = self._faults[place]
            if look.check_id not in Tally(injected=fault, findings=tuple(self._found[place])).missing:
                continue
            if look.told_at < fault.at:
                self._before[place, look.check_id] = look.rows_failed or 0
            elif shows(look, fault, failed_before=self._before.get((place, look.check_id))):
                found.append(self._find(place, look.check_id, at=look.told_at, by=look.by))
        self._latest[look.check_id] = look.rows_failed or 0
        self._open = {place for place in self._open if self._is_open(place)}
        return tuple(found)

    def see_level(self, level: LevelSeen, *, unmet: frozenset[str]) -> tuple[Finding, ...]:
        """A service level was looked at. `unmet`: keys of further records that are bad in truth."""
        if not level.burns:
            return ()
        of_level = [place for place, fault in enumerate(self._faults) if level.slo in fault.expected_checks]
        keys = {place: key_texts(self._faults[place].keys) for place in of_level}
        if not level.bad <= key_texts((key,) for key in unmet).union(*keys.values()):
            return ()
        found = [
            self._find(place, level.slo, at=level.at, by="its ledger")
            for place in of_level
            if place in self._open and keys[place] <= level.bad
        ]
        self._open = {place for place in self._open if self._is_open(place)}
        return tuple(found)

    def _find(self, place: int, check: str, *, at: datetime, by: str) -> Finding:
        fault = self._faults[place]
        finding = Finding(injected=fault, check_id=check, at=at, rows=fault.rows, by=by)
        self._found[place].append(finding)
        return finding

    def _is_open(self, place: int) -> bool:
        return not Tally(injected=self._faults[place], findings=tuple(self._found[place])).found


def shows(look: Seen, fault: Injected, *, failed_before: int | None = None) -> bool:
    """Whether this look at an expected check, told after the fault, tells of it.

    `failed_before` is how many rows failed at the last look before; None when there was none.
    """
    if fault.trace is not None:
        return fault.trace in look.words
    if look.outcome not in _BAD:
        return False
    if not fault.keys:
        return look.began_at >= fault.at
    if key_texts(fault.keys) <= look.keys:
        return True
    capped = look.rows_failed is not None and look.rows_failed > len(look.keys)
    return capped and failed_before is not None and (look.rows_failed or 0) >= failed_before + fault.rows
