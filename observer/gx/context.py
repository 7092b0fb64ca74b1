"""The one ephemeral GX context of this process, made on first use and kept; GX is imported here, not before.

GX draws progress bars, logs whole tracebacks with values in them, and reroutes warnings into logging:
all of that is off or undone.
"""

from __future__ import annotations

import importlib.util
import itertools
import logging
import sys
import threading
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext

_lock = threading.Lock()
_context: EphemeralDataContext | None = None
_numbers = itertools.count(1)


def context() -> EphemeralDataContext:
    """The context. The first call takes seconds: it imports GX."""
    global _context
    with _lock:
        if _context is None:
            with warnings.catch_warnings(action="ignore"):
                _import_when_used("scipy.stats")
                from tqdm import tqdm

                # Its own lock is a semaphore of the system's, which a process that is killed leaves behind.
                tqdm.set_lock(threading.RLock())
                import great_expectations as gx

                import observer.gx.expectations  # noqa: F401  # registers our expectations and metrics with GX

                made = gx.get_context(mode="ephemeral")
                logging.captureWarnings(False)
                made.variables.progress_bars = {"globally": False, "metric_calculations": False}
            # Its messages quote SQL and values; whatever matters comes back as a result.
            logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
            _context = made
    return _context


def _import_when_used(name: str) -> None:
    """Put a module off until somebody looks into it.

    GX imports scipy.stats for three statistical expectations that few contracts use: a third of its import time and
    50 MB in every process.
    """
    if name in sys.modules:
        return
    parent, _, child = name.rpartition(".")
    package = importlib.import_module(parent)
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    setattr(package, child, module)


def warm_up() -> None:
    """Start importing GX beside whatever comes first (reading tables waits for the source anyway); returns at once."""

    def ahead() -> None:
        # Whoever needs it asks again and hears the error; here it would be a traceback on somebody's terminal. Warning
        # filters belong to the whole process, so this import may even fail on a warning that the next one ignores.
        with suppress(Exception):
            context()

    threading.Thread(target=ahead, name="import-gx", daemon=True).start()


def add_datasource(engine: Any) -> Any:
    """A datasource that hands out `engine` (a BenchEngine), under a name nobody else has."""
    from observer.gx.bench_datasource import BenchDatasource

    owner = context()
    datasource = BenchDatasource(name=f"bench-{next(_numbers)}")
    datasource.hand_out(engine)
    with _lock:
        owner._add_fluent_datasource(datasource=datasource, save_changes=False)
    return datasource


def remove_datasource(name: str) -> None:
    """Forget it, so that a long-lived process does not grow."""
    with _lock:
        context_ = _context
        if context_ is not None:
            context_._delete_fluent_datasource(name, _call_store=False)
