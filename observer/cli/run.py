"""`observer run CONTRACT`: a full run now, as the daemon does it: recorded, compared with the last, told to lineage."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observer.checks.measure import Outcome
from observer.cli.inputs import config_option
from observer.config.settings import load_settings
from observer.errors import ExitCode, InputError, ObserverError, SlotTaken, StoreError
from observer.runs.slots import Slot, SlotState
from observer.store import RecordedRun, Store
from observer.wiring import opened_source, opened_store

if TYPE_CHECKING:
    from observer.daemon.watching import Watch
    from observer.jobs.run_orders import RunOrder

_CODES = {
    Outcome.PASSED: ExitCode.OK,
    Outcome.SKIPPED: ExitCode.COULD_NOT_RUN,
    Outcome.WARNED: ExitCode.WARNINGS_ONLY,
    Outcome.FAILED: ExitCode.CHECKS_FAILED,
    Outcome.ERRORED: ExitCode.COULD_NOT_RUN,
}
_POLL_SECONDS = 0.5
#: How long a run by hand goes on telling of itself, and of what else waits; a daemon tells the rest.
_FLUSH_FOR = timedelta(seconds=30)
#: Where several daemons share a state, another one leads within so many seconds of the end of one.
_TAKEOVER_SECONDS = 30.0


@click.command()
@click.argument("contract")
@config_option
@click.option("--no-wait", is_flag=True, help="Ask the daemon for it and return at once.")
@click.option("--all-checks", is_flag=True, help="Print passed checks too.")
def run(contract: str, config: Path | None, no_wait: bool, all_checks: bool) -> int:
    """Run the contract with the id CONTRACT now: by the daemon that leads, or here when none does."""
    from observer.cli.runs import print_run
    from observer.daemon.desk import ask_for_run
    from observer.daemon.watching import watch

    settings = load_settings(config)
    watched = watch(settings)
    if contract not in watched.contracts:
        known = ", ".join(sorted(watched.contracts))
        raise InputError(f"there is no contract `{contract}`", fix=f"choose from {known}")
    with opened_store(settings) as store:
        led = store.leadership.is_led()
        if no_wait and not led:
            raise InputError(
                "no daemon leads that could be asked", fix="start `observer serve`, or leave out --no-wait"
            )
        slot = ask_for_run(store, contract) if led else _run_here(store, contract, watched)
        if no_wait:
            click.echo(f"Asked for a run of {contract}; see `observer runs --contract {contract}`.")
            return ExitCode.OK
        recorded = _awaited(store, slot)
        print_run(recorded, all_checks=all_checks)
    return _CODES[recorded.run.outcome]


def _awaited(store: Store, slot: Slot) -> RecordedRun:
    """The run of the slot, once it is there: at once when it was made here."""
    led_at, told = time.monotonic(), False
    while True:
        now = store.slots.get(slot.contract, slot.scheduled_for)
        if now is None or now.state is SlotState.MISSED:
            why = now.reason if now is not None else "it is gone"
            raise InputError(f"the run was not made: {why}", fix="ask again; see the log of the daemon")
        if now.state is SlotState.DONE:
            assert now.run_id is not None, "the slot is done"
            return store.run(now.run_id)
        if not told:
            click.echo("Waiting for the daemon …", err=True)
            told = True
        if store.leadership.is_led():
            led_at = time.monotonic()
        elif time.monotonic() - led_at > _TAKEOVER_SECONDS:
            raise InputError("no daemon leads any more", fix="start `observer serve`: it makes the run that waits")
        time.sleep(_POLL_SECONDS)


def _run_here(store: Store, contract: str, watched: Watch) -> Slot:
    """The slot of a run in this process; or of one that a daemon took over which began to lead meanwhile."""
    from observer.daemon.desk import ask_for_run
    from observer.jobs.deliver import flush
    from observer.jobs.run_orders import RunOrder, started_events
    from observer.lineage.ids import new_run_id
    from observer.lineage.sender import LineageSender

    settings = watched.settings
    with closing(LineageSender()) as sender:
        with opened_source(settings.source or "", settings) as source:
            shown, kind = source.display_url, source.kind
        slot = ask_for_run(store, contract)
        order = RunOrder(
            slot=replace(slot, run_id=new_run_id(), started_at=datetime.now(UTC)),
            contract=watched.contracts[contract].contract,
            plan=watched.contracts[contract].plan,
            settings=settings,
            source=shown,
            source_kind=kind,
            lineage=sender.configured,
        )
        with suppress(SlotTaken):
            claimed = store.slots.claim(slot, order.run_id, deliveries=started_events(order, at=datetime.now(UTC)))
            _run_whole(replace(order, slot=claimed), store)
        if sender.configured:
            for _ in flush(store, {"lineage": sender}, within=_FLUSH_FOR, impatient=True):
                pass
    return slot


def _run_whole(order: RunOrder, store: Store) -> None:
    """The run is recorded, whatever becomes of it: a slot that is left behind is run anew by the next daemon."""
    from observer.jobs.run_contract import run_contract
    from observer.jobs.run_orders import record_lost

    settings = order.settings
    try:
        run_contract(order, store, lambda: opened_source(settings.source or "", settings))
    except SlotTaken:
        raise
    except BaseException as fault:
        reason = "it was interrupted by hand" if isinstance(fault, KeyboardInterrupt) else _reason(fault)
        with suppress(StoreError):  # the state is what failed, and the fault says so
            record_lost(order, store, reason)
        raise


def _reason(fault: BaseException) -> str:
    """The text of an unexpected one may hold a value of a row."""
    return str(fault) if isinstance(fault, ObserverError) else f"unexpected {type(fault).__name__}"
