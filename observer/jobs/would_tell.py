"""Who would be told of a check, in and out of working hours, and why. In: a check and a policy. Out: the cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from observer.checks.measure import Outcome
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract
from observer.incidents.findings import Finding
from observer.incidents.looks import finding_if
from observer.incidents.policy import Policy, Silence
from observer.incidents.routing import Route, route

#: Within so long the other hours come, or they never do.
_LONGEST_HOLIDAYS = timedelta(days=30)
_STEP = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One finding told at one time."""

    #: FAILED: the rows are bad. ERRORED: we could not look.
    outcome: Outcome
    finding: Finding
    at: datetime
    #: Whether people work then.
    in_hours: bool
    is_now: bool
    route: Route
    #: That cover it then: nobody would be told at all.
    silences: tuple[Silence, ...]


def would_tell(spec: CheckSpec, contract: Contract, policy: Policy, *, at: datetime) -> tuple[Case, ...]:
    """Now and, where working hours make a difference to come, in the other hours: for FAILED, then for ERRORED."""
    times = (at, *_other_hours(policy, contract.id, at))
    return tuple(
        _case(finding, outcome, policy, time, is_now=time == at)
        for outcome in (Outcome.FAILED, Outcome.ERRORED)
        if (finding := finding_if(spec, contract, outcome)) is not None
        for time in times
    )


def _case(finding: Finding, outcome: Outcome, policy: Policy, time: datetime, *, is_now: bool) -> Case:
    return Case(
        outcome=outcome,
        finding=finding,
        at=time,
        in_hours=policy.is_open(finding.contract, time),
        is_now=is_now,
        route=route(finding, policy, time),
        silences=tuple(silence for silence in policy.silences if silence.covers(finding, time)),
    )


def _other_hours(policy: Policy, contract: str, at: datetime) -> tuple[datetime, ...]:
    """The first quarter of an hour that is closed when it is open now, or the other way round; none: that never is."""
    if policy.contract_hours.get(contract, policy.hours) is None:
        return ()
    now_open = policy.is_open(contract, at)
    quarter = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    steps = (quarter + number * _STEP for number in range(1, _LONGEST_HOLIDAYS // _STEP))
    return tuple(islice((time for time in steps if policy.is_open(contract, time) is not now_open), 1))
