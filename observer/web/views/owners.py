"""Who owns which field of which table, what is known of it now, and what nobody owns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from observer.checks.measure import Outcome
from observer.incidents.routing import Ownership, ownership
from observer.runs.standing import Standing
from observer.slo.model import Slo
from observer.web.archive import WatchedContract
from observer.web.views.checks import WORST

#: Words of the filter for a field that nobody owns.
NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a reader wants to see; empty is everything."""

    contract: str = ""
    owner: str = ""
    state: str = ""


@dataclass(frozen=True, kw_only=True)
class OwnerLine:
    """One owner with what is theirs."""

    #: None: nobody.
    owner: str | None
    fields: int
    checks: int
    #: Fields by the state of their checks; None: never looked at.
    states: Mapping[Outcome | None, int]


@dataclass(frozen=True, kw_only=True)
class OwnersPage:
    """What the page of owners shows."""

    asked: Asked
    contracts: tuple[str, ...]
    owners: tuple[OwnerLine, ...]
    #: Without an owner first, then the gravest.
    fields: tuple[Ownership, ...]
    #: All there are, whatever was asked for.
    total: int
    unowned: int


def owners_page(
    contracts: Iterable[WatchedContract], slos: Iterable[Slo], standing: Standing, asked: Asked
) -> OwnersPage:
    """The matrix, as far as it was asked for."""
    watched = tuple(contracts)
    levels: dict[str, list[tuple[str | None, str | None]]] = {}
    for slo in slos:
        levels.setdefault(slo.indicator.contract, []).append((slo.object, slo.property))
    outcomes = [(check.check_id, check.outcome) for check in standing.checks]
    matrix = [
        field
        for each in watched
        for field in ownership(each.contract, each.checks, levels.get(each.contract.id, ()), outcomes)
    ]
    return OwnersPage(
        asked=asked,
        contracts=tuple(each.contract.id for each in watched),
        owners=_owners(matrix),
        fields=tuple(sorted((field for field in matrix if _is_asked(field, asked)), key=_gravity)),
        total=len(matrix),
        unowned=sum(field.owner is None for field in matrix),
    )


def _gravity(field: Ownership) -> tuple[bool, int]:
    return field.owner is not None, len(WORST) if field.state is None else WORST.index(field.state)


def _is_asked(field: Ownership, asked: Asked) -> bool:
    if asked.contract and field.contract != asked.contract:
        return False
    if asked.owner == NOBODY and field.owner is not None:
        return False
    if asked.owner not in ("", NOBODY) and asked.owner not in (field.owner, field.steward):
        return False
    return not asked.state or asked.state == ("unknown" if field.state is None else field.state.value)


def _owners(matrix: Iterable[Ownership]) -> tuple[OwnerLine, ...]:
    grouped: dict[str | None, list[Ownership]] = {}
    for field in matrix:
        grouped.setdefault(field.owner, []).append(field)
    lines = [
        OwnerLine(
            owner=owner,
            fields=len(fields),
            checks=sum(field.checks for field in fields),
            states={
                state: number for state in (*WORST, None) if (number := sum(field.state == state for field in fields))
            },
        )
        for owner, fields in grouped.items()
    ]
    return tuple(sorted(lines, key=lambda each: (each.owner is not None, -each.fields, each.owner or "")))
