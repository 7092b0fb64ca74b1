"""`serve`: everything is opened in order, lives until it is told to stop, and is closed in reverse.

In: settings. Out: an exit code. Signals are the caller's: SIGTERM and SIGINT set `stop`, SIGHUP sets `reload`.
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from filelock import FileLock, Timeout

from observer import __version__
from observer.daemon.daemon import Daemon
from observer.daemon.desk import DaemonDesk
from observer.daemon.following_files import FileWatch
from observer.daemon.watching import watch
from observer.errors import ExitCode, StoreError
from observer.jobs.briefs import Briefs
from observer.jobs.deliver import Sender
from observer.lineage.sender import LineageSender
from observer.settings import Settings
from observer.store import Store
from observer.web.app import create_app
from observer.web.serve import WebServer
from observer.wiring import opened_source, opened_store, people_directory, receivers_of_incidents, slack_buttons

log = structlog.get_logger("observer")

#: Glances wait for a source no longer than this, or one that hangs would hold up all of them.
GLANCE_TIMEOUT = timedelta(seconds=10)
#: One attempt to deliver takes no longer: a stop may have to wait for one under way, and for one of its own.
SEND_SECONDS = 10.0
#: A wall clock that moves otherwise than time passes by more than this was set.
CLOCK_STEP_SECONDS = 2.0
_RUN_SECONDS, _COUNT_SECONDS, _DELIVER_SECONDS = 1.0, 1.0, 2.0
#: Glances are due on a beat, so that one comes late by a small part of its interval.
_GLANCE_PART, _GLANCE_MOST_SECONDS = 20, 5.0
_MIND_SECONDS, _PEOPLE_SECONDS, _RESEND_SECONDS = 2.0, 5.0, 60.0
_RECOVER_SECONDS, _RETAIN_SECONDS = 60.0, 600.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """A daemon that is up."""

    #: `http://127.0.0.1:8484`
    url: str


def serve(
    settings: Settings,
    *,
    stop: threading.Event,
    reload: threading.Event | None = None,
    reread: Callable[[], Settings] | None = None,
    on_ready: Callable[[Served], None] = lambda served: None,
) -> ExitCode:
    """Watch until `stop` is set. `reread` reads the settings anew for a reload; without it they stay as they are.

    Raises:
        InputError: settings or contracts are wrong.
        StoreError: the state cannot be used, or another daemon uses it (SQLite).
        ObserverError: the web port cannot be had.
    """
    again = reload or threading.Event()
    with ExitStack() as stack:
        first = watch(settings)
        store = stack.enter_context(opened_store(settings))
        alone = _alone(store, stack)
        glances = _impatient(settings)
        source = stack.enter_context(opened_source(settings.source or "", glances))
        # What is put together here asks each other only when it is up.
        briefs = Briefs(
            store,
            lambda: daemon.policy(),
            levels=lambda: daemon.levels(),
            page=lambda: settings.web.public_url or web.url,
        )

        def on_trouble(door: str, reason: str | None) -> None:
            daemon.troubles.report(door, reason)

        told = receivers_of_incidents(settings, store, briefs, on_trouble=on_trouble, patience=SEND_SECONDS)
        log.info("incidents_told", receivers=list(told))
        senders = _senders(settings, stack) | told
        daemon = Daemon(
            first,
            reread=reread or (lambda: settings),
            store=store,
            source=source,
            senders=senders,
            holder=_holder(settings),
            alone=alone,
            directory=people_directory(settings, store),
        )
        desk = DaemonDesk(store, daemon.metrics, daemon.current, daemon.readiness, briefs)
        app = create_app(desk, settings.web)
        buttons = slack_buttons(settings, store, lambda: daemon.current().settings, on_trouble=on_trouble)
        if buttons is not None and buttons.signatures is not None:
            from observer.web.slack_presses import slack_presses

            app.include_router(slack_presses(buttons.signatures, buttons.take))
        web = WebServer(app, settings.web.host, settings.web.port)
        web.start()
        stack.callback(web.stop)
        if buttons is not None:
            buttons.start()
            stack.callback(buttons.stop)
        scheduler = _scheduler(daemon, settings)
        files = FileWatch(lambda: daemon.current().settings.files, again.set)
        files.start()
        stack.callback(files.stop)
        scheduler.start()
        stack.callback(scheduler.shutdown, wait=False)
        # First of all: the lease is renewed and questions are answered until the last run has ended.
        stack.callback(daemon.stop)
        log.info("serving", url=web.url, version=__version__, source=source.display_url, state=store.place)
        # What is there now stays to the end: it is left out of every collection, the last one among them.
        gc.collect()
        gc.freeze()
        on_ready(Served(url=web.url))
        _until_stopped(daemon, scheduler, stop, again)
    return ExitCode.OK


def _until_stopped(
    daemon: Daemon, scheduler: BackgroundScheduler, stop: threading.Event, again: threading.Event
) -> None:
    """Wait, reload when asked to, and set the beats right when the wall clock was set."""
    offset = time.time() - time.monotonic()
    while not stop.wait(1.0):
        if again.is_set():
            again.clear()
            daemon.reload()
        now = time.time() - time.monotonic()
        if abs(now - offset) > CLOCK_STEP_SECONDS:
            log.warning("clock_stepped", seconds=round(now - offset, 1))
            daemon.metrics.clock_stepped(now - offset)
            # The scheduler waits for times of the old clock.
            for job in scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))
            scheduler.wakeup()
        offset = now


def _scheduler(daemon: Daemon, settings: Settings) -> BackgroundScheduler:
    glances = min(settings.ticks.freshness.total_seconds() / _GLANCE_PART, _GLANCE_MOST_SECONDS)
    beats: dict[str, tuple[Callable[[], None], float]] = {
        "lead": (daemon.lead, settings.daemon.lease.total_seconds() / 3),
        "run": (daemon.run, _RUN_SECONDS),
        "glance": (daemon.glance, glances),
        "count": (daemon.count, _COUNT_SECONDS),
        "mind": (daemon.mind, _MIND_SECONDS),
        **{f"deliver to {name}": (partial(daemon.deliver, name), _DELIVER_SECONDS) for name in daemon.receivers},
        "resend": (daemon.resend, _RESEND_SECONDS),
        "people": (daemon.know_people, _PEOPLE_SECONDS),
        "recover": (daemon.recover, _RECOVER_SECONDS),
        "retain": (daemon.retain, _RETAIN_SECONDS),
    }
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(beats))},
        # A beat that is late is beaten once, however late; one that still goes on is not begun again.
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    # A beat that is left out because the one before it still goes on is nothing to tell of.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    for place, (name, (duty, seconds)) in enumerate(beats.items()):
        # The lease comes first: nothing else is done without it.
        begin = datetime.now(UTC) + timedelta(milliseconds=50 * place)
        scheduler.add_job(duty, "interval", seconds=seconds, id=name, name=name, next_run_time=begin)
    return scheduler


def _alone(store: Store, stack: ExitStack) -> bool:
    """A file cannot be led by lease from several machines: with SQLite one daemon holds a lock as long as it lives."""
    if store.shared:
        return False
    if store.file is None:
        raise StoreError(
            "a daemon cannot keep its state in memory: its workers would not see it",
            fix="name a file (OBSERVER_STATE=sqlite:///path/to/state.db)",
        )
    # By whatever links they came to it, daemons on one file meet at one lock.
    file = store.file.resolve()
    lock = FileLock(file.with_name(file.name + ".daemon"), mode=0o600)
    try:
        stack.enter_context(lock.acquire(timeout=0))
    except Timeout:
        raise StoreError(
            f"another daemon uses the state {store.place}",
            fix="stop it first, or let several daemons share a PostgreSQL state (OBSERVER_STATE=postgresql://…)",
        ) from None
    return True


def _impatient(settings: Settings) -> Settings:
    return replace(
        settings,
        statement_timeout=min(settings.statement_timeout, GLANCE_TIMEOUT),
        connect_timeout=min(settings.connect_timeout, GLANCE_TIMEOUT),
    )


def _senders(settings: Settings, stack: ExitStack) -> dict[str, Sender]:
    sender = LineageSender(patience=SEND_SECONDS)
    stack.callback(sender.close)
    if not sender.configured:
        log.info("lineage_off", fix="set OPENLINEAGE_URL or OPENLINEAGE_CONFIG to tell an OpenLineage receiver of runs")
        return {}
    log.info("lineage_on", transport=sender.describe())
    return {"lineage": sender}


def _holder(settings: Settings) -> str:
    """A name that no other process ever has, even one that is called the same."""
    name = settings.daemon.name or f"{socket.gethostname()}:{os.getpid()}"
    return f"{name}/{secrets.token_hex(4)}"
