"""What a daemon watches: its settings, contracts with their plans and times, service levels. Replaced as a whole.

In: settings and the files that they name. Out: a Watch, or an InputError with every problem.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from observer.checks.changes import plan_changes
from observer.checks.plan import plan_contract
from observer.checks.spec import CheckSpec, ContractPlan
from observer.contracts.model import Contract
from observer.daemon.triggers import next_slot
from observer.errors import InputError
from observer.jobs.evaluate_slos import Counter, counter_of
from observer.jobs.lint_contracts import load_for_run
from observer.jobs.load_slos import slos_for_run
from observer.jobs.tick import Glancer
from observer.runs.slots import NextAfter
from observer.settings import Settings
from observer.slo.model import Slo


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One contract under watch."""

    contract: Contract
    plan: ContractPlan
    next_after: NextAfter
    jitter: timedelta
    catch_up: int
    glancer: Glancer

    @property
    def checks(self) -> tuple[CheckSpec, ...]:
        """Every check of a full run, those of what changed among them."""
        return (*self.plan.checks, *plan_changes(self.contract, self.plan))


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Everything that a reload replaces."""

    settings: Settings
    #: By contract id.
    contracts: Mapping[str, Watched]
    #: Tells one configuration from another: settings, the bytes of every contract, service levels.
    digest: str
    slos: tuple[Slo, ...] = ()
    #: SLO → what counts it.
    counters: Mapping[str, Counter] = field(default_factory=dict)


def watch(settings: Settings) -> Watch:
    """Read and plan every contract and service level.

    Raises:
        InputError: a contract, service level or setting is wrong, or there is none; `problems` holds every finding.
    """
    if settings.source is None:
        raise InputError("no source is given", fix="set OBSERVER_SOURCE, or `source` in observer.toml")
    contracts = load_for_run(settings.contracts)
    watched = {}
    for contract in contracts:
        plan = plan_contract(contract, [other for other in contracts if other is not contract])
        own, default = contract.schedule, settings.schedule
        watched[contract.id] = Watched(
            contract=contract,
            plan=plan,
            next_after=next_slot(own, default),
            jitter=default.jitter if own.jitter is None else own.jitter,
            catch_up=default.catch_up if own.catch_up is None else own.catch_up,
            glancer=Glancer(plan),
        )
    _refuse_keeping_without_key(settings, [w.plan for w in watched.values()])
    slos = slos_for_run(settings.slos, contracts)
    plans = {name: each.plan for name, each in watched.items()}
    return Watch(
        settings=settings,
        contracts=watched,
        slos=slos,
        counters={slo.name: counter_of(slo, plans, key_secret=settings.token_key) for slo in slos},
        digest=_digest(settings, contracts, slos),
    )


def _digest(settings: Settings, contracts: Sequence[Contract], slos: Sequence[Slo]) -> str:
    lines = [settings.digest, *sorted(f"{c.id} {c.digest}" for c in contracts), *map(repr, slos)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _refuse_keeping_without_key(settings: Settings, plans: Sequence[ContractPlan]) -> None:
    if settings.snapshots.keep == 0 or settings.token_key is not None:
        return
    hidden = next((plan for plan in plans if any(table.restricted for table in plan.tables)), None)
    if hidden is not None:
        raise InputError(
            f"contract {hidden.contract} has restricted fields, which are only kept as tokens, and these need a secret",
            fix="set OBSERVER_TOKEN_KEY (or OBSERVER_TOKEN_KEY_FILE) to at least 32 random characters, or [snapshots] "
            "keep = 0 to keep none",
        )
