"""`/`: every contract with what is known of it now. What is not known is said to be unknown, never green."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.checks.measure import Outcome
from observer.contracts.model import Contract
from observer.runs.standing import ContractStanding, Standing
from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.shell import Shell

if TYPE_CHECKING:
    from observer.reports.slo_status import Level

#: The first of these that any check has is how a contract stands.
WORST = (Outcome.FAILED, Outcome.ERRORED, Outcome.WARNED, Outcome.PASSED, Outcome.SKIPPED)


@dataclass(frozen=True, kw_only=True)
class ContractCard:
    """One contract on the overview."""

    contract: Contract
    standing: ContractStanding
    #: Worst of the latest results of its checks; None: none ever ran.
    worst: Outcome | None
    checks: Mapping[Outcome, int]
    levels: tuple[Level, ...]


def router(desk: Desk, shell: Shell) -> APIRouter:
    """The overview."""
    found = APIRouter()

    @found.get(addresses.OVERVIEW)
    def overview(request: Request) -> Response:
        cards = cards_of(desk.watched().values(), desk.standing(), desk.service_levels())
        return shell.page(request, "overview.html", section=addresses.OVERVIEW, cards=cards)

    return found


def cards_of(contracts: Iterable[Contract], standing: Standing, levels: Iterable[Level]) -> tuple[ContractCard, ...]:
    """One card per contract, by id."""
    stands = {each.contract: each for each in standing.contracts}
    counts: dict[str, Counter[Outcome]] = {}
    for check in standing.checks:
        counts.setdefault(check.contract, Counter())[check.outcome] += 1
    of_contract: dict[str, list[Level]] = {}
    for level in levels:
        of_contract.setdefault(level.slo.indicator.contract, []).append(level)
    none: Counter[Outcome] = Counter()
    return tuple(
        ContractCard(
            contract=contract,
            standing=stands.get(contract.id) or ContractStanding(contract=contract.id),
            worst=next((outcome for outcome in WORST if counts.get(contract.id, none)[outcome]), None),
            checks=counts.get(contract.id, none),
            levels=tuple(of_contract.get(contract.id, ())),
        )
        for contract in sorted(contracts, key=lambda each: each.id)
    )
