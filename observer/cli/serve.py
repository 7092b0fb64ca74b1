"""`observer serve`: watch for ever. `observer run`: one contract now."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import click

from observer.cli.inputs import config_option
from observer.config.settings import load_settings


@click.command()
@config_option
def serve(config: Path | None) -> int:
    """Watch the contracts until stopped: run their suites on schedule, glance at freshness, tell lineage and metrics.

    SIGHUP, or a change of a file, reads settings and contracts anew; SIGTERM lets runs end and exits 0.
    """
    from observer.daemon.logs import configure_logs
    from observer.daemon.serve import serve as serve_until

    settings = load_settings(config)
    configure_logs(settings.log, sys.stderr)
    stop, reload = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: reload.set())
    return serve_until(settings, stop=stop, reload=reload, reread=lambda: load_settings(config))
