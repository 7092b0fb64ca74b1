"""Incidents as series. In: what is watched now, incidents that are open, and those of the last days. Out: families.

Labels come from what is watched and from closed lists; people are in no label. Times are over the last `LATELY` days:
each is of a whole incident, and there are too few in a minute for a rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from observer.contracts.model import Contract, ResponseKind
from observer.incidents.findings import Grade
from observer.incidents.incident import Status
from observer.incidents.kpis import ContractKpis, Kpis, critical_elements
from observer.incidents.response import Clause, Kept
from observer.incidents.times import Pace, Spread
from observer.metrics.families import Family, labels_text
from observer.slo.model import Slo

#: Days over which times and promises are told.
LATELY = 28
#: A resolved incident is open no more.
OPEN = (Status.OPEN, Status.ACKNOWLEDGED)
TIMES = ("detect", "notify", "acknowledge", "resolve")
_LIMITS = {"detect": ", and at most so long where only the last look that found all well is known"}
STATISTICS = ("mean", "median", "p90")
ELEMENTS = ("any", "owner", "slo", "owner_and_slo")
#: Of one contract at most, the counter of the process among them.
SERIES = len(Grade) * len(OPEN) + 1 + len(TIMES) * (len(STATISTICS) + 1) + len(ResponseKind) * (1 + len(Kept)) + 4 + 1


@dataclass(frozen=True, kw_only=True)
class IncidentFigures:
    """How incidents stand."""

    #: Contract ("" for what is of none), grade, status → open incidents.
    open: Mapping[tuple[str, Grade, Status], int]
    #: Of the last LATELY days.
    lately: Kpis


def element_families(contracts: Iterable[Contract], slos: Sequence[Slo]) -> Iterator[Family]:
    """What is called critical, as contracts and SLOs are now."""
    family = Family("observer_critical_elements", "Critical elements under contract, and those that have so much.")
    for contract in contracts:
        found = critical_elements(contract, slos)
        counts = (len(found.elements), found.with_owner, found.with_level, found.with_both)
        for name, count in zip(ELEMENTS, counts, strict=True):
            family.add(labels_text(contract=contract.id, **{"with": name}), count)
    yield family


def incident_families(contracts: Iterable[Contract], figures: IncidentFigures | None) -> Iterator[Family]:
    """Of the watched contracts and of what is of no contract; without figures, families without samples."""
    names = [contract.id for contract in contracts]
    yield _open(names, figures)
    known = {each.contract: each for each in figures.lately.contracts} if figures else {}
    each = [(name, known.get(name)) for name in (*names, "")] if figures else []
    paces = [(labels_text(contract=name), found.figures.pace if found else None) for name, found in each]
    yield _opened(paces)
    yield from _times(each)
    yield from _promises([found for _, found in each if found is not None])


def _open(contracts: Sequence[str], figures: IncidentFigures | None) -> Family:
    family = Family("observer_incidents_open", "Incidents that are open now.")
    for contract in (*contracts, "") if figures else ():
        for grade in Grade:
            for status in OPEN:
                labels = labels_text(contract=contract, grade=grade.value, status=status.value)
                family.add(labels, figures.open.get((contract, grade, status), 0) if figures else None)
    return family


def _opened(paces: Iterable[tuple[str, Pace | None]]) -> Family:
    family = Family("observer_incidents_opened_lately", f"Incidents opened in the last {LATELY} days.")
    for labels, pace in paces:
        family.add(labels, pace.incidents if pace else 0)
    return family


def _times(each: Sequence[tuple[str, ContractKpis | None]]) -> Iterator[Family]:
    known = Family("observer_incident_times_known", "How many of them have this time.")
    for time in TIMES:
        family = Family(
            f"observer_incident_time_to_{time}_seconds",
            f"Of incidents opened in the last {LATELY} days; absent when none has this time{_LIMITS.get(time, '')}.",
        )
        for contract, found in each:
            spread = getattr(found.figures.pace, time) if found else None
            known.add(labels_text(contract=contract, time=time), spread.known if spread else 0)
            for name, value in _statistics(spread) if spread else ():
                family.add(labels_text(contract=contract, statistic=name), value)
        yield family
    yield known


def _statistics(spread: Spread) -> Iterator[tuple[str, float | None]]:
    for name in STATISTICS:
        value: timedelta | None = getattr(spread, name)
        yield name, None if value is None else value.total_seconds()


def _promises(contracts: Iterable[ContractKpis]) -> Iterator[Family]:
    broken = Family("observer_response_sla_broken", "Open incidents that break a promise of their contract.")
    verdicts = Family(
        "observer_response_sla_incidents", f"Incidents open in the last {LATELY} days, by what a promise says of them."
    )
    for clause in (clause for contract in contracts for clause in contract.clauses):
        labels = {"contract": clause.contract, "kind": clause.kind.value}
        broken.add(labels_text(**labels), clause.broken_open)
        for kept, count in _counts(clause):
            verdicts.add(labels_text(**labels, verdict=kept.value), count)
    yield from (broken, verdicts)


def _counts(clause: Clause) -> Iterator[tuple[Kept, int]]:
    counts = {
        Kept.MET: clause.met,
        Kept.BROKEN: clause.broken,
        Kept.NOT_YET: clause.not_yet,
        Kept.UNKNOWN: clause.unknown,
        Kept.NOT_MEANT: clause.not_meant,
    }
    yield from counts.items()
