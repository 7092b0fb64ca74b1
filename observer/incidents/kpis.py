"""What incidents of a span amount to, per contract, per owner and in all: `kpis_of(…)`. Pure.

Flows in: logs of incidents, contracts, service levels, and what runs kept of trust and of writes. Flows out: Kpis.
Counts and times are of incidents that were opened in the span, with all that is known of them by now; an incident that
tells of a broken promise alone is in none of them. None is not known, and never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from observer.checks.score import ScorePart, score_of
from observer.contracts.model import Contract, ResponseSla, properties_of
from observer.incidents.events import EventKind, Group, IncidentEvent, Resolution
from observer.incidents.findings import Grade
from observer.incidents.response import Clause, Kept, Verdict, clause_of, verdicts_of, without_promises
from observer.incidents.spans import Span
from observer.incidents.times import ANSWERS, Pace, Times, pace_of, times_of
from observer.slo.model import Slo


@dataclass(frozen=True, kw_only=True)
class Case:
    """One incident that was open at some time of a span."""

    times: Times
    #: The gravest that was found.
    grade: Grade
    #: What it was opened for.
    reason: str
    #: None while it is open.
    ended_at: datetime | None
    resolution: Resolution | None
    #: Who acknowledged, snoozed, judged or mended it first; "": nobody.
    answered_by: str
    verdicts: tuple[Verdict, ...]

    @property
    def incident(self) -> str:
        return self.times.incident

    @property
    def group(self) -> Group:
        return self.times.group

    @property
    def opened_at(self) -> datetime:
        return self.times.opened_at

    @property
    def broken(self) -> tuple[Verdict, ...]:
        """Promises that it breaks."""
        return tuple(verdict for verdict in self.verdicts if verdict.kept is Kept.BROKEN)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Incidents of a group over a span."""

    #: Of those that were opened in it.
    pace: Pace
    #: Of those, how many came back after their end at least once.
    reopened: int
    #: Opened before it, and open in it.
    carried: int


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The score of the last full run of a span, and what it is made of."""

    run_id: str
    at: datetime
    #: As it was recorded; None: nothing could be looked at.
    score: int | None
    #: With what is critical by the contract as it is now.
    parts: tuple[ScorePart, ...]

    @property
    def of_parts(self) -> int | None:
        """What the parts give: another score where the contract has changed since."""
        return score_of(self.parts)


@dataclass(frozen=True, kw_only=True)
class Element:
    """A critical element (`criticalDataElement`)."""

    contract: str
    table: str
    property: str
    owner: str | None
    #: Names of the service levels that are about it.
    levels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Elements:
    """The critical elements of a contract, or of all."""

    elements: tuple[Element, ...]

    @property
    def with_owner(self) -> int:
        return sum(element.owner is not None for element in self.elements)

    @property
    def with_level(self) -> int:
        return sum(bool(element.levels) for element in self.elements)

    @property
    def with_both(self) -> int:
        return sum(element.owner is not None and bool(element.levels) for element in self.elements)

    @property
    def share(self) -> Fraction | None:
        """Of those with an owner and a level; None when nothing is called critical."""
        return Fraction(self.with_both, len(self.elements)) if self.elements else None

    @property
    def missing(self) -> tuple[Element, ...]:
        """Those without an owner or without a level."""
        return tuple(each for each in self.elements if each.owner is None or not each.levels)


@dataclass(frozen=True, kw_only=True)
class Writes:
    """Rows of a table that were written in a span, as snapshots show."""

    contract: str
    table: str
    #: Written between two snapshots; None: no two could be compared.
    written: int | None = None
    #: Of those, rows that fail a check.
    invalid: int | None = None
    #: Runs that compared two snapshots.
    looks: int = 0
    #: Runs that could not tell.
    blind: int = 0

    @property
    def rate(self) -> Fraction | None:
        """None where nothing was written, or nobody knows."""
        return Fraction(self.invalid, self.written) if self.written and self.invalid is not None else None


@dataclass(frozen=True, kw_only=True)
class ContractKpis:
    """One contract over a span."""

    contract: str
    figures: Figures
    clauses: tuple[Clause, ...] = ()
    #: None: no full run ended in the span.
    trust: Trust | None = None
    elements: Elements = Elements(elements=())
    writes: tuple[Writes, ...] = ()
    #: It has incidents, and is watched no more.
    is_gone: bool = False


@dataclass(frozen=True, kw_only=True)
class Kpis:
    """A span as a whole, and in its parts."""

    span: Span
    #: Now; what is known is known by then.
    at: datetime
    #: Since when anything is known; None: nothing is.
    known_since: datetime | None
    whole: Figures
    #: In the order of the contracts; then those that are gone, then "" for what is of no contract.
    contracts: tuple[ContractKpis, ...]
    #: Username → their incidents; "" is nobody's. By name.
    owners: Mapping[str, Figures]
    #: Newest first.
    cases: tuple[Case, ...] = field(repr=False)
    #: Incidents that tell of broken promises alone; counted nowhere else.
    promises_alone: int = 0

    @property
    def is_known(self) -> bool:
        """Whether any of the span is known at all."""
        return self.known_since is not None and self.known_since < self.span.ends and self.span.begins < self.at

    @property
    def is_whole(self) -> bool:
        """Whether it is known from its first moment to its last."""
        return self.known_since is not None and self.known_since <= self.span.begins and self.span.ends <= self.at

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Of all contracts."""
        return tuple(clause for contract in self.contracts for clause in contract.clauses)

    @property
    def elements(self) -> Elements:
        """Of all contracts."""
        return Elements(elements=tuple(each for contract in self.contracts for each in contract.elements.elements))


@dataclass(frozen=True, kw_only=True)
class Review:
    """A span, beside the one before it."""

    now: Kpis
    before: Kpis


def kpis_of(
    logs: Iterable[Sequence[IncidentEvent]],
    contracts: Sequence[Contract],
    span: Span,
    at: datetime,
    *,
    known_since: datetime | None,
    slos: Iterable[Slo] = (),
    trusts: Mapping[str, Trust] | None = None,
    writes: Iterable[Writes] = (),
) -> Kpis:
    """Everything that is known by `at`. `logs`: at least of all incidents that were open in the span.

    `trusts`: by contract. Raises ValueError: a log does not begin with an opening.
    """
    promised = {contract.id: contract.responses for contract in contracts}
    alone, cases = 0, list[Case]()
    for log in logs:
        case = _case(log, promised, at)
        if case is not None and _is_of(case, span):
            cases.append(case)
        alone += case is None and any(span.holds(event.at) for event in log if event.kind is EventKind.OPENED)
    cases.sort(key=lambda case: (case.opened_at, case.incident), reverse=True)
    slos, written = tuple(slos), tuple(writes)
    known = {contract.id for contract in contracts}
    others = sorted({case.group.contract for case in cases} - known, key=lambda name: (not name, name))
    of_contract = _by(cases, lambda case: case.group.contract)
    return Kpis(
        span=span,
        at=at,
        known_since=known_since,
        whole=figures_of(cases, span),
        contracts=(
            *(
                ContractKpis(
                    contract=contract.id,
                    figures=figures_of(of_contract.get(contract.id, ()), span),
                    clauses=_clauses(contract, of_contract.get(contract.id, ())),
                    trust=(trusts or {}).get(contract.id),
                    elements=critical_elements(contract, slos),
                    writes=tuple(each for each in written if each.contract == contract.id),
                )
                for contract in contracts
            ),
            *(
                ContractKpis(contract=name, figures=figures_of(of_contract[name], span), is_gone=bool(name))
                for name in others
            ),
        ),
        owners={name: figures_of(mine, span) for name, mine in sorted(_by(cases, lambda c: c.group.owner).items())},
        cases=tuple(cases),
        promises_alone=alone,
    )


def figures_of(cases: Iterable[Case], span: Span) -> Figures:
    """Of these cases, all of them of the span."""
    cases = tuple(cases)
    opened = [case.times for case in cases if span.holds(case.opened_at)]
    return Figures(
        pace=pace_of(opened),
        reopened=sum(times.reopenings > 0 for times in opened),
        carried=len(cases) - len(opened),
    )


def critical_elements(contract: Contract, slos: Iterable[Slo]) -> Elements:
    """Those of one contract, in the order of its file."""
    levels: dict[tuple[str, str], list[str]] = {}
    for slo in slos:
        if slo.indicator.contract == contract.id and slo.object is not None and slo.property is not None:
            levels.setdefault((slo.object, slo.property), []).append(slo.name)
    return Elements(
        elements=tuple(
            Element(
                contract=contract.id,
                table=obj.name,
                property=prop.name,
                owner=contract.owner_of(prop),
                levels=tuple(levels.get((obj.name, prop.name), ())),
            )
            for obj, prop in properties_of(contract)
            if prop.critical
        )
    )


def _case(log: Sequence[IncidentEvent], promised: Mapping[str, tuple[ResponseSla, ...]], at: datetime) -> Case | None:
    """None when it tells of broken promises alone."""
    events = without_promises(log)
    times = times_of(events)
    if times is None:
        return None
    ends = [event for event in events if event.kind in (EventKind.RESOLVED, EventKind.REOPENED)]
    end = ends[-1] if ends and ends[-1].kind is EventKind.RESOLVED else None
    grades = [finding.grade for event in events for finding in event.found]
    return Case(
        times=times,
        grade=max(grades, key=lambda grade: grade.weight, default=Grade.INFO),
        reason=events[0].reason,
        ended_at=end.at if end else None,
        resolution=end.resolution if end else None,
        answered_by=next((event.actor for event in events if event.actor and event.kind in ANSWERS), ""),
        verdicts=verdicts_of(events, promised.get(times.group.contract, ()), at),
    )


def _is_of(case: Case, span: Span) -> bool:
    return case.opened_at < span.ends and (case.ended_at is None or case.ended_at >= span.begins)


def _by(cases: Iterable[Case], key: Callable[[Case], str]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(key(case), []).append(case)
    return groups


def _clauses(contract: Contract, cases: Iterable[Case]) -> tuple[Clause, ...]:
    verdicts = [verdict for case in cases for verdict in case.verdicts]
    return tuple(clause_of(contract.id, response, verdicts) for response in contract.responses)
