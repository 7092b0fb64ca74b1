"""The living demo, on the terminal: build, audit once, start people and daemon, tell what happens, and sum it up."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from filelock import FileLock, Timeout

from observer.cli.inputs import read_contracts
from observer.cli.output import console
from observer.config.settings import load_settings
from observer.demo import build_demo_crm, demo_contracts
from observer.demo.enrichment import FLAGSHIP
from observer.demo.live_folder import LiveFolder, free_port
from observer.demo.simulate import SimulatedCrm
from observer.errors import ExitCode, InputError, ObserverError, WebError
from observer.jobs.live_demo import LiveDemo, Told
from observer.jobs.load_slos import slos_for_run
from observer.lineage.configuration import is_configured
from observer.settings import Settings
from observer.wiring import opened_store

if TYPE_CHECKING:
    from observer.daemon.serve import Served
    from observer.demo.found import Tally

#: More lines than that are not read.
_MOST_LINES = 24
#: Variables of the environment that a demo heeds.
_RECEIVERS = ("OBSERVER_SLACK_", "OBSERVER_WEBHOOK_", "OBSERVER_ALERTMANAGER_", "OBSERVER_INCIDENTS_CHANNEL")
_AUDIT = "from observer.cli.main import main; main()"


def live_demo(url: str, *, leads: int, seed: int, out: Path, lasts: timedelta | None) -> int:
    """Until Ctrl-C, or as long as `lasts`. Returns 0, or 1 when it lasted and not everything was found."""
    from observer.cli.demo import build
    from observer.daemon.logs import configure_logs

    folder = LiveFolder(path=out)
    stop = threading.Event()
    with ExitStack() as stack:
        _alone(folder, stack)
        folder.renew()
        build(url, leads=leads, seed=seed, out=out)
        settings = _with_receivers(folder.settings(url))
        folder.write_settings(url)
        _audit_apart(settings, out)
        _mend(url, leads=leads, seed=seed)
        own_lineage = not is_configured() and "OPENLINEAGE_DISABLED" not in os.environ
        if own_lineage:
            folder.send_lineage_to_file(os.environ)
        log = stack.enter_context(folder.log.open("w", encoding="utf-8"))
        configure_logs(settings.log, log)
        crm = SimulatedCrm(url, seed=seed)
        stack.callback(crm.stop)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        crm.start()
        return _watched(folder, settings, crm, stop, lasts, own_lineage=own_lineage)


def _watched(
    folder: LiveFolder,
    settings: Settings,
    crm: SimulatedCrm,
    stop: threading.Event,
    lasts: timedelta | None,
    *,
    own_lineage: bool,
) -> int:
    """The daemon in this thread, its director in another."""
    director: _Director | None = None
    contracts = read_contracts(settings.contracts)
    slos = slos_for_run(settings.slos, contracts)
    with opened_store(settings) as store:
        demo = LiveDemo(crm, store, frozenset(c.id for c in contracts), slos, lasts=lasts, tell=_tell)

        def on_ready(served: Served) -> None:
            nonlocal director
            _introduce(folder, served.url, lasts, own_lineage=own_lineage)
            director = _Director(demo, stop)
            director.start()

        try:
            code = _serve(settings, stop, on_ready)
        finally:
            stop.set()
            if director is not None:
                director.join()
    if director is not None and director.error is not None:
        raise director.error
    lasted = director is not None and director.lasted
    _sum_up(demo.tallies, over=lasted)
    if not lasted or code is not ExitCode.OK:
        return code
    return ExitCode.OK if demo.tallies and all(t.found for t in demo.tallies) else ExitCode.CHECKS_FAILED


def _serve(settings: Settings, stop: threading.Event, on_ready: Callable[[Served], None]) -> ExitCode:
    """At the usual port, or the next one that is free; one that another program takes just then is passed over."""
    from observer.daemon.serve import serve

    for tries_left in (2, 1, 0):
        try:
            here = replace(settings, web=replace(settings.web, port=free_port()))
            return serve(here, stop=stop, on_ready=on_ready)
        except WebError:
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


class _Director(threading.Thread):
    """Runs `LiveDemo.direct`, and stops the daemon when it ends, in whatever way."""

    def __init__(self, demo: LiveDemo, stop: threading.Event) -> None:
        super().__init__(name="demo director")
        self._demo = demo
        self._stop_daemon = stop
        self.error: Exception | None = None
        #: It came to its end by itself.
        self.lasted = False

    def run(self) -> None:
        try:
            self.lasted = self._demo.direct(self._stop_daemon)
        except Exception as error:  # noqa: BLE001 - raised again by the main thread
            self.error = error
        finally:
            self._stop_daemon.set()


def _alone(folder: LiveFolder, stack: ExitStack) -> None:
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        stack.enter_context(FileLock(folder.lock).acquire(timeout=0))
    except Timeout:
        raise InputError(
            f"another demo lives in {folder.path}", fix="stop it first, or name another folder with --out"
        ) from None


def _audit_apart(settings: Settings, out: Path) -> None:
    """One audit in a process of its own: this one becomes the daemon, which never loads Great Expectations.

    Raises ObserverError when there is no report.
    """
    click.echo("Auditing it once, before anybody works in it …")
    assert settings.source is not None
    # The URL may hold a password, which the list of processes would show.
    environment = os.environ | {"OBSERVER_SOURCE": settings.source, "OBSERVER_STATE": settings.state}
    command = [sys.executable, "-c", _AUDIT, "audit", "-c", str(demo_contracts()), "-o", str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode not in (ExitCode.OK, ExitCode.CHECKS_FAILED, ExitCode.WARNINGS_ONLY):
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("observer: ")
        raise ObserverError(f"the demo CRM could not be audited: {last}", fix="mend that, and begin again")


def _with_receivers(settings: Settings) -> Settings:
    """Slack and other receivers as the environment says; without any, incidents are told on pages and here only."""
    named = {name: value for name, value in os.environ.items() if name.startswith(_RECEIVERS)}
    # Not what an `observer.toml` of this folder says: people would be told of a CRM that never existed.
    own = load_settings(Path(os.devnull), named)
    channel = own.incidents.channel or settings.incidents.channel
    return replace(
        settings,
        slack=own.slack,
        webhook=own.webhook,
        alertmanager=own.alertmanager,
        incidents=replace(settings.incidents, channel=channel),
    )


def _mend(url: str, *, leads: int, seed: int) -> None:
    """The CRM as if somebody had mended all that the audit found: what is told from now on happened just now."""
    build_demo_crm(url, leads=leads, seed=seed, now=datetime.now(UTC), clean=True)
    click.echo("What it found is mended; from now on people work in a clean CRM.\n")


def _introduce(folder: LiveFolder, url: str, lasts: timedelta | None, *, own_lineage: bool) -> None:
    beside = f"--config {shlex.quote(str(folder.settings_file))}"
    for name, place in (
        ("Pages", f"{url}/"),
        ("Sign in", f"with the token in {folder.web_token_file}"),
        ("Report", folder.path / "report.html"),
        ("Metrics", f"{url}/metrics"),
        ("Runs", f"{url}/api/runs"),
        ("Ready", f"{url}/readyz"),
        ("Lineage", folder.lineage if own_lineage else "to where your configuration of OpenLineage says"),
        ("Log", folder.log),
        ("Contracts", f"{folder.contracts} (change one: it is read again)"),
        ("Levels", f"{folder.slos} (so is this)"),
        ("", f"observer slo status {beside}"),
        ("", f"observer slo explain {FLAGSHIP} {beside}"),
    ):
        click.echo(f"{name + ':' if name else '':11}{place}")
    click.echo(f"\nIt lives {'until Ctrl-C' if lasts is None else f'for {lasts.total_seconds():.0f} s'}.\n")


def _tell(told: Told) -> None:
    click.echo(f"{told.at.astimezone():%H:%M:%S}  {told.what:9}{told.text}")


def _sum_up(tallies: Sequence[Tally], *, over: bool) -> None:
    """`over`: there was time to find everything; else somebody stopped it in between."""
    from rich import box
    from rich.table import Table

    if not tallies:
        click.echo("\nNothing was injected.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Injected", "Rows", "At", "Found by", "After", "In"):
        table.add_column(name, overflow="fold", justify="right" if name in ("Rows", "After") else "left")
    for tally in tallies[-_MOST_LINES:]:
        fault = tally.injected
        first = [str(fault.kind), str(fault.rows or "–"), f"{fault.at.astimezone():%H:%M:%S}"]
        for found in tally.findings:
            table.add_row(*first, found.check_id, f"{found.took.total_seconds():.0f} s", found.by)
            first = ["", "", ""]
        for check in tally.missing:
            table.add_row(*first, f"{'NOT' if over else 'not yet'} by {check}", "", "")
            first = ["", "", ""]
    out = console()
    out.print()
    out.print(table)
    found_all = sum(tally.found for tally in tallies)
    click.echo(f"{found_all} of {len(tallies)} injected faults were found.")
