"""A Watch over contracts built by hand, so that tests of the daemon need no files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from observer.checks.plan import plan_contract
from observer.contracts.model import Contract
from observer.contracts.schedules import Schedule
from observer.daemon.triggers import next_slot
from observer.daemon.watching import Watch, Watched
from observer.jobs.evaluate_slos import counter_of
from observer.jobs.tick import Glancer
from observer.settings import ScheduleSettings, Settings
from observer.slo.model import Slo


def watch_of(
    *contracts: Contract,
    every: timedelta = timedelta(minutes=5),
    jitter: timedelta = timedelta(),
    catch_up: int = 0,
    source: str = "sqlite:///nowhere.db",
    digest: str = "one",
    slos: Sequence[Slo] = (),
) -> Watch:
    watched = {}
    for contract in contracts:
        plan = plan_contract(contract, [c for c in contracts if c is not contract])
        watched[contract.id] = Watched(
            contract=contract,
            plan=plan,
            next_after=next_slot(Schedule(every=every), ScheduleSettings()),
            jitter=jitter,
            catch_up=catch_up,
            glancer=Glancer(plan),
        )
    plans = {name: each.plan for name, each in watched.items()}
    return Watch(
        settings=Settings(source=source),
        contracts=watched,
        slos=tuple(slos),
        counters={slo.name: counter_of(slo, plans, key_secret=None) for slo in slos},
        digest=digest,
    )
