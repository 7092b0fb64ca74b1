"""The one ephemeral GX context of this process, made on first use and kept; GX is imported here, not before.

GX draws progress bars, logs whole tracebacks with values in them, and reroutes warnings into logging:
all of that is off or undone.
"""

from __future__ import annotations

import itertools
import logging
import threading
import warnings
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
                import great_expectations as gx

                import observer.gx.expectations  # noqa: F401  # registers our expectations and metrics with GX

                made = gx.get_context(mode="ephemeral")
                logging.captureWarnings(False)
                made.variables.progress_bars = {"globally": False, "metric_calculations": False}
            # Its messages quote SQL and values; whatever matters comes back as a result.
            logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
            _context = made
    return _context


def warm_up() -> None:
    """Start importing GX beside whatever comes first (reading tables waits for the source anyway); returns at once."""
    threading.Thread(target=context, name="import-gx", daemon=True).start()


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
