"""What a worker process does with an order. What is heavy is imported here: the daemon itself stays small."""

from __future__ import annotations

import sys
import traceback
from functools import cache

from structlog.contextvars import bound_contextvars

from observer.daemon.logs import configure_logs
from observer.errors import ObserverError, SlotTaken
from observer.jobs.run_orders import Broke, RunEnded, RunOrder
from observer.settings import LogSettings
from observer.store import Store
from observer.wiring import opened_source


def run_in_worker(order: RunOrder) -> RunEnded | Broke:
    """Never raises: what breaks the run is said in the answer, without any value of a row."""
    from observer.jobs.run_contract import run_contract

    settings = order.settings
    _speak(settings.log)
    try:
        with bound_contextvars(run_id=order.run_id, contract=order.contract.id):
            return run_contract(order, _state(settings.state), lambda: opened_source(settings.source or "", settings))
    except SlotTaken as error:
        return Broke(reason=str(error), taken=True)
    except ObserverError as error:
        return Broke(reason=str(error))
    except Exception as error:  # noqa: BLE001  # a fault of ours costs this run, not the worker
        # The text of an unexpected error may hold a value of a row; where it was raised does not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Broke(reason=f"unexpected {type(error).__name__} in {place.name} ({place.lineno}); please report it")


@cache
def _speak(settings: LogSettings) -> None:
    """Libraries say in a worker what they say in the daemon: as events, without values."""
    configure_logs(settings, sys.stderr)


@cache
def _state(url: str) -> Store:
    """Open for the life of the worker."""
    return Store.open(url)
