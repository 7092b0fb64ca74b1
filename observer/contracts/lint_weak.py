"""Lint of weakness: what can be executed, but will not tell anybody enough. Warnings only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from observer.contracts.channels import is_slack_channel, is_slack_person, slack_channels
from observer.contracts.model import (
    Contract,
    LogicalType,
    Metric,
    MetricRule,
    Path,
    Property,
    SlaKind,
    properties_of,
)
from observer.contracts.problems import Level, Problem

_CHOICE = {
    "status", "stage", "type", "source", "category", "priority", "industry", "sector", "channel", "tier", "reason",
    "rating", "segment", "role",
}  # fmt: skip
_PERSONAL = {
    "email", "mail", "phone", "mobile", "fax", "birthdate", "birthday", "birth", "dob", "address", "street", "ssn",
    "passport", "iban", "ip", "firstname", "lastname", "fullname", "surname", "forename",
}  # fmt: skip
_PERSONAL_PAIRS = {
    ("first", "name"),
    ("last", "name"),
    ("full", "name"),
    ("middle", "name"),
    ("given", "name"),
    ("family", "name"),
}
#: `email_status`, `address_id`: about the thing, not the thing.
_ABOUT = _CHOICE | {"id", "count", "flag", "valid", "verified", "in", "out", "consent", "domain", "bounces"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def weaknesses(contract: Contract) -> Iterator[Problem]:
    """What makes this contract weak."""
    for _, prop in properties_of(contract):
        if prop.critical and contract.owner_of(prop) is None:
            message = f"critical element {prop.name} has no owner: nobody is told when it breaks"
            fix = "add customProperties: [{property: fieldOwner, value: …}], or a team member with role: owner"
            yield _warning("critical-without-owner", (*prop.path, "criticalDataElement"), message, fix)
        if _looks_like_choice(prop):
            message = f"{prop.name} looks like a choice, but nothing says which values are allowed"
            yield _warning(
                "enum-without-rule", prop.path, message, "add `enum` (ODCS 3.2), validValues or a stateMachine"
            )
        if _looks_personal(prop):
            message = f"{prop.name} looks personal, but has no classification: its values may be shown"
            fix = "add classification: restricted (or public, if it may be shown)"
            yield _warning("personal-without-classification", prop.path, message, fix)
    for obj in contract.objects:
        if obj.properties and not obj.primary_key:
            message = f"object `{obj.name}` has no primary key: failing rows cannot be named"
            yield _warning(
                "no-primary-key", obj.path, message, "add primaryKey: true to the property that identifies a row"
            )
    if contract.objects and not any(sla.kind is SlaKind.FRESHNESS for sla in contract.slas):
        message = "the contract has no freshness: a table that stopped being written stays green"
        fix = "add slaProperties: [{property: freshness, value: 1, unit: h, element: object.updated_at}]"
        yield _warning("no-freshness", (), message, fix)
    for place, entry in slack_channels(contract):
        if not is_slack_channel(entry.channel):
            message = f"support channel `{entry.channel}` is no channel of Slack: nobody is told there"
            fix = "write its name like '#crm-quality' (lower case, no spaces), or its id like C0123456789"
            yield _warning("support-channel", ("support", place, "channel"), message, fix)
    if slack_channels(contract):
        yield from _people_unknown_to_slack(contract)


def _people_unknown_to_slack(contract: Contract) -> Iterator[Problem]:
    """Each once, where it stands first: whoever is named otherwise is never mentioned in a message."""
    named: list[tuple[str | None, Path]] = [(contract.owner, ("team",)), (contract.steward, ("team",))]
    named += [(name, prop.path) for _, prop in properties_of(contract) for name in (prop.owner, prop.steward)]
    first = {name: path for name, path in reversed(named) if name is not None and not is_slack_person(name)}
    for name, path in first.items():
        message = f"this contract is told in Slack, where `{name}` is no email address, group or id"
        yield _warning("person-for-slack", path, message, "write an email address, a user group (@revops) or an id")


#: A warning that something is missing → the keys below its place that would have said it.
_SAID_BY: dict[str, tuple[str, ...]] = {
    "no-freshness": ("slaProperties",),
    "enum-without-rule": ("enum", "quality", "customProperties", "logicalTypeOptions", "relationships"),
    "personal-without-classification": ("classification",),
}


def is_echo(warning: Problem, errors: Iterable[Problem]) -> bool:
    """Whether what the warning misses is there, and could only not be read: that is told already."""
    places = [(*warning.path, key) for key in _SAID_BY.get(warning.rule, ())]
    return any(error.file == warning.file and error.path[: len(p)] == p for error in errors for p in places)


def words_of(name: str) -> list[str]:
    """`emailAddress`, `EMAIL_ADDRESS` → ["email", "address"]."""
    return [word.lower() for word in _WORD.findall(name)]


def _looks_like_choice(prop: Property) -> bool:
    words = words_of(prop.name)
    if prop.logical_type is not LogicalType.STRING or not words or words[-1] not in _CHOICE:
        return False
    ruled = any(not isinstance(r, MetricRule) or r.metric is Metric.INVALID_VALUES for r in prop.quality)
    options = prop.options.pattern is not None or prop.options.format is not None
    return not (ruled or options or prop.enum or prop.state_machine or prop.relationships)


def _looks_personal(prop: Property) -> bool:
    words = words_of(prop.name)
    if prop.classification or not words or words[-1] in _ABOUT or words[0] in ("is", "has"):
        return False
    if prop.logical_type is LogicalType.BOOLEAN:
        return False
    pairs = set(pairwise(words))
    return bool(_PERSONAL & set(words)) or bool(_PERSONAL_PAIRS & pairs)


def _warning(rule: str, path: Path, message: str, fix: str) -> Problem:
    return Problem(rule=rule, message=message, fix=fix, path=path, level=Level.WARNING)
