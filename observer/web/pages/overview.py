"""`/`: every contract with what is known of it now. What is not known is said to be unknown, never green."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.checks.measure import Outcome
from observer.contracts.model import Contract
from observer.reports.sentences import count_text
from observer.runs.standing import ContractStanding, Standing
from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.shell import Shell

if TYPE_CHECKING:
    from observer.reports.slo_status import Level
    from observer.store import IncidentRow

#: The first of these that any check has is how a contract stands.
WORST = (Outcome.FAILED, Outcome.ERRORED, Outcome.WARNED, Outcome.PASSED, Outcome.SKIPPED)
#: Open incidents that are counted on the overview.
_MOST_INCIDENTS = 1_000


@dataclass(frozen=True, kw_only=True)
class ContractCard:
    """One contract on the overview."""

    contract: Contract
    standing: ContractStanding
    #: Latest results of its checks by outcome.
    checks: Mapping[Outcome, int]
    levels: tuple[Level, ...]
    #: Open ones.
    incidents: int

    @property
    def worst(self) -> Outcome | None:
        """None: none of its checks ever had a result."""
        return next((outcome for outcome in WORST if self.checks.get(outcome)), None)

    @property
    def looked_at(self) -> bool:
        """Whether any check has a result."""
        return any(self.checks.values())


def router(desk: Desk, shell: Shell) -> APIRouter:
    """The overview."""
    found = APIRouter()

    @found.get(addresses.OVERVIEW)
    def overview(request: Request) -> Response:
        contracts = desk.watched()
        open_ones = desk.incidents(limit=_MOST_INCIDENTS, open_only=True, contract=None, table=None, owner=None)
        cards = cards_of(contracts.values(), desk.standing(), desk.service_levels(), open_ones)
        return shell.page(
            request,
            "overview.html",
            section=addresses.OVERVIEW,
            cards=cards,
            others=[row for row in open_ones if row.group.contract not in contracts],
            answer=answer_of(cards),
        )

    return found


def cards_of(
    contracts: Iterable[Contract], standing: Standing, levels: Iterable[Level], open_ones: Iterable[IncidentRow]
) -> tuple[ContractCard, ...]:
    """One card per contract, by id."""
    stands = {each.contract: each for each in standing.contracts}
    checks: dict[str, Counter[Outcome]] = {}
    for check in standing.checks:
        checks.setdefault(check.contract, Counter())[check.outcome] += 1
    of_contract: dict[str, list[Level]] = {}
    for level in levels:
        of_contract.setdefault(level.slo.indicator.contract, []).append(level)
    incidents = Counter(row.group.contract for row in open_ones)
    return tuple(
        ContractCard(
            contract=contract,
            standing=stands.get(contract.id) or ContractStanding(contract=contract.id),
            checks=checks.get(contract.id, Counter()),
            levels=tuple(of_contract.get(contract.id, ())),
            incidents=incidents[contract.id],
        )
        for contract in sorted(contracts, key=lambda each: each.id)
    )


def answer_of(cards: Sequence[ContractCard]) -> str:
    """In one sentence, the worst first; unknown is said as such."""
    worst = Counter(card.worst for card in cards)
    parts = [
        f"{count_text(count, 'contract')} {words[count != 1]}"
        for outcome, words in _WORDS.items()
        if (count := worst[outcome])
    ]
    return f"{'; '.join(parts)}." if parts else ""


_WORDS: Mapping[Outcome | None, tuple[str, str]] = {
    Outcome.FAILED: ("is broken", "are broken"),
    Outcome.ERRORED: ("could not be looked at", "could not be looked at"),
    Outcome.WARNED: ("has warnings", "have warnings"),
    None: ("was never looked at", "were never looked at"),
    Outcome.SKIPPED: ("was skipped", "were skipped"),
    Outcome.PASSED: ("is as promised", "are as promised"),
}
