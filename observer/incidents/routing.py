"""Who is told of a finding, how, and why: `route(finding, policy, at)`. Pure.

Owner of the property → steward of the property → owner of the contract → default; what we could not see or do
ourselves goes to the platform owner. Somebody who cannot be told is passed over, and the reason says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from observer.checks.measure import Outcome
from observer.checks.spec import CheckSpec
from observer.checks.words import duration_text
from observer.contracts.model import Contract, properties_of
from observer.incidents.findings import Finding
from observer.incidents.policy import Policy, Way


class Role(StrEnum):
    """As what somebody is told."""

    OWNER = "owner of the field"
    STEWARD = "steward of the field"
    CONTRACT_OWNER = "owner of the contract"
    DEFAULT = "default owner"
    PLATFORM = "platform owner"
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where a finding goes."""

    #: A username; None: only the channel is told.
    to: str | None
    role: Role
    channel: str | None
    way: Way
    #: Who is told as well when nobody acknowledged for `escalates_after`; None: nobody else.
    escalates_to: str | None
    escalates_after: timedelta | None
    #: Why, in sentences, in the order in which it was decided.
    reasons: tuple[str, ...]

    @property
    def reaches_nobody(self) -> bool:
        """Neither a person nor a channel is named."""
        return self.to is None and self.channel is None


def line_of(finding: Finding, policy: Policy) -> Iterator[tuple[Role, str | None]]:
    """Who is asked, one after the other; None where nobody has the role."""
    who = finding.answerable
    if finding.is_blind:
        yield Role.PLATFORM, policy.platform
    else:
        yield Role.OWNER, who.owner
        yield Role.STEWARD, who.steward
        yield Role.CONTRACT_OWNER, who.contract_owner
    yield Role.DEFAULT, policy.default


def owner_of(finding: Finding, policy: Policy) -> str:
    """Whose incident it is: the first in line by the contract, whether or not they can be told; "" is nobody's."""
    return next((person for _, person in line_of(finding, policy) if person), "")


def route(finding: Finding, policy: Policy, at: datetime) -> Route:
    """Who is told of the finding when it is told at this time."""
    reasons = ["we could not look: that is nothing the owner of a field can mend"] if finding.is_blind else []
    to, role = None, Role.NOBODY
    for candidate, person in line_of(finding, policy):
        if person is None:
            reasons.append(f"there is no {candidate}")
        elif person in policy.unknown_people:
            reasons.append(f"{person}, the {candidate}, cannot be told: {policy.unknown_people[person]}")
        else:
            to, role = person, candidate
            reasons.append(f"{person} is the {candidate}")
            break
    channel = _channel(finding, policy, reasons)
    if to is None:
        reasons.append(f"nobody can be named: only {channel} is told" if channel else "nobody is told: name a default")
    way = _way(finding, policy, at, reasons)
    second, after = _second(finding, policy, to, reasons)
    return Route(
        to=to,
        role=role,
        channel=channel,
        way=way,
        escalates_to=second,
        escalates_after=after,
        reasons=tuple(reasons),
    )


def _channel(finding: Finding, policy: Policy, reasons: list[str]) -> str | None:
    if finding.is_blind and policy.platform_channel:
        reasons.append(f"{policy.platform_channel} is the channel of the platform")
        return policy.platform_channel
    own = policy.channels.get(finding.contract or "")
    if own:
        reasons.append(f"{own} is the channel of {finding.contract}")
        return own
    reasons.append(
        f"{policy.default_channel} is the default channel" if policy.default_channel else "there is no channel"
    )
    return policy.default_channel


def _way(finding: Finding, policy: Policy, at: datetime, reasons: list[str]) -> Way:
    works = policy.is_open(finding.contract, at)
    way = (policy.in_hours if works else policy.out_of_hours).get(finding.grade, Way.CHANNEL)
    reasons.append(f"{finding.grade} {'in' if works else 'out of'} working hours: {way}")
    return way


def _second(
    finding: Finding, policy: Policy, to: str | None, reasons: list[str]
) -> tuple[str | None, timedelta | None]:
    after = policy.waits.escalate_after.get(finding.grade)
    second = policy.default if finding.is_blind else finding.answerable.second
    if after is None or second is None or second == to or second in policy.unknown_people:
        reasons.append("nobody else is told when it is not acknowledged")
        return None, None
    reasons.append(f"{second} is told too when it is not acknowledged within {duration_text(after)}")
    return second, after


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """One field of the matrix of `observer owners`."""

    contract: str
    table: str
    property: str
    owner: str | None
    #: Whose ownership it is: the field's own, or the contract's; None when there is none.
    role: Role | None
    steward: str | None
    consumers: tuple[str, ...]
    checks: int
    levels: int
    #: Worst of the last outcomes; None when none of its checks ever ran.
    state: Outcome | None


_WORST = (Outcome.FAILED, Outcome.ERRORED, Outcome.WARNED, Outcome.PASSED, Outcome.SKIPPED)


def ownership(
    contract: Contract,
    specs: Iterable[CheckSpec],
    levels: Iterable[tuple[str | None, str | None]],
    outcomes: Iterable[tuple[str, Outcome]],
) -> tuple[Ownership, ...]:
    """Every field with who owns it. `levels`: (table, property) of each level; `outcomes`: check id, last outcome."""
    last = dict(outcomes)
    checks: dict[tuple[str, str | None], list[str]] = {}
    for spec in specs:
        checks.setdefault((spec.object, spec.property), []).append(spec.id)
    counted = list(levels)
    matrix = []
    for obj, prop in properties_of(contract):
        own = checks.get((obj.name, prop.name), [])
        seen = {last[check] for check in own if check in last}
        owner = contract.owner_of(prop)
        role = Role.OWNER if prop.owner else Role.CONTRACT_OWNER if owner else None
        matrix.append(
            Ownership(
                contract=contract.id,
                table=obj.name,
                property=prop.name,
                owner=owner,
                role=role,
                steward=prop.steward or contract.steward,
                consumers=prop.consumers,
                checks=len(own),
                levels=counted.count((obj.name, prop.name)),
                state=next((outcome for outcome in _WORST if outcome in seen), None),
            )
        )
    return tuple(matrix)
