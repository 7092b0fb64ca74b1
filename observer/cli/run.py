"""`observer run CONTRACT`: a full run now, as the daemon does it: recorded, compared with the last, told to lineage."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observer.checks.measure import Outcome
from observer.cli.inputs import config_option
from observer.config.settings import load_settings
from observer.errors import ExitCode, InputError
from observer.runs.slots import Slot, SlotState
from observer.store import RecordedRun, Store
from observer.wiring import opened_source, opened_store

if TYPE_CHECKING:
    from observer.daemon.watching import Watch
    from observer.lineage.sender import LineageSender

_CODES = {
    Outcome.PASSED: ExitCode.OK,
    Outcome.SKIPPED: ExitCode.COULD_NOT_RUN,
    Outcome.WARNED: ExitCode.WARNINGS_ONLY,
    Outcome.FAILED: ExitCode.CHECKS_FAILED,
    Outcome.ERRORED: ExitCode.COULD_NOT_RUN,
}
_POLL_SECONDS = 0.5


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
        led = _is_led(store)
        if no_wait and not led:
            raise InputError(
                "no daemon leads that could be asked", fix="start `observer serve`, or leave out --no-wait"
            )
        slot = ask_for_run(store, contract)
        if no_wait:
            click.echo(f"Asked for a run of {contract}; see `observer runs --contract {contract}`.")
            return ExitCode.OK
        if led:
            click.echo("Waiting for the daemon …", err=True)
            slot = _awaited(store, slot)
        else:
            _here(store, slot, watched)
        recorded = _run_of(store, slot)
        print_run(recorded, all_checks=all_checks)
    return _CODES[recorded.run.outcome]


def _is_led(store: Store) -> bool:
    leader = store.standing().leader
    return leader is not None and leader.until > datetime.now(UTC)


def _awaited(store: Store, slot: Slot) -> Slot:
    while True:
        now = store.slots.get(slot.contract, slot.scheduled_for)
        if now is None or now.state is SlotState.MISSED:
            why = now.reason if now is not None else "it is gone"
            raise InputError(f"the run was not made: {why}", fix="ask again; see the log of the daemon")
        if now.state is SlotState.DONE:
            return now
        if not _is_led(store):
            raise InputError("the daemon ended before the run did", fix="ask again, or start `observer serve`")
        time.sleep(_POLL_SECONDS)


def _here(store: Store, slot: Slot, watched: Watch) -> None:
    """In this process, under the same slot."""
    from observer.lineage.sender import LineageSender

    with closing(LineageSender()) as sender:
        _run_and_tell(store, slot, watched, sender)


def _run_and_tell(store: Store, slot: Slot, watched: Watch, sender: LineageSender) -> None:
    from observer.jobs.deliver import deliver
    from observer.jobs.run_contract import run_contract
    from observer.jobs.run_orders import RunOrder, started_events
    from observer.lineage.ids import new_run_id

    settings = watched.settings
    with opened_source(settings.source or "", settings) as source:
        order = RunOrder(
            slot=replace(slot, run_id=new_run_id(), started_at=datetime.now(UTC)),
            contract=watched.contracts[slot.contract].contract,
            neighbours=watched.neighbours(slot.contract),
            settings=settings,
            source=source.display_url,
            source_kind=source.kind,
            lineage=sender.configured,
        )
    events = started_events(order, at=datetime.now(UTC))
    claimed = store.slots.claim(slot, order.run_id, deliveries=events)
    run_contract(replace(order, slot=claimed), store, lambda: opened_source(settings.source or "", settings))
    if sender.configured:
        while any(attempt.failure is None for attempt in deliver(store, {"lineage": sender})):
            pass


def _run_of(store: Store, slot: Slot) -> RecordedRun:
    done = store.slots.get(slot.contract, slot.scheduled_for)
    assert done is not None and done.run_id is not None, "the slot is done"
    return store.run(done.run_id)
