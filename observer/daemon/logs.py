"""How the daemon tells of itself: events with a stable snake_case name, as JSON lines or as lines for a person.

Flows in: `structlog.get_logger("observer").info("run_ended", run_id=…)` and what libraries log as a warning or worse
(event `library_said`). Flows out: one line per event on a stream, with a UTC timestamp and whatever is bound to the
context (`structlog.contextvars.bound_contextvars(run_id=…, contract=…)`).

Guarantee: no traceback, no text of an exception (it may quote a row) and no password of a URL is ever written. An
exception is told by its kind and the places it came through. A library's own message is written as it says it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from observer.reports.visible import visible
from observer.settings import LogSettings

#: `://user:password@`; a password may hold an @ of its own.
_LOGIN = re.compile(r"(://[^\s/:@]*:)\S*@")
#: The innermost places that an exception came through.
_MOST_PLACES = 5


def configure_logs(settings: LogSettings, stream: TextIO) -> None:
    """Send every event of this process to `stream`. Without a format: lines for a person on a terminal, JSON else.

    May be called again, e.g. after a reload: the last call holds.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    console = settings.format == "console" or (settings.format is None and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    safe: list[Processor] = [_without_exception_text, _without_passwords]
    handler = _Handler(stream)
    handler.addFilter(_is_told)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _of_library],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *safe,
                *(_for_people(colors=stream.isatty()) if console else (_for_programs,)),
            ],
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(logging.WARNING, level))
    logging.getLogger("observer").setLevel(level)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that it can be told from others."""

    def handleError(self, record: logging.LogRecord) -> None:
        """A stream that is gone (a closed pipe, a full disk) stops no work; the default prints what is being logged."""


def _is_told(record: logging.LogRecord) -> bool:
    """Libraries set levels of their own when they are imported: what they only remark upon is left out."""
    return record.name.partition(".")[0] == "observer" or record.levelno >= logging.WARNING


def _of_library(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A library's own words are no stable name of an event."""
    record = event["_record"]
    return {**event, "event": "library_said", "library": record.name, "message": event["event"]}


def _without_exception_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    event.pop("stack", None)
    event.pop("stack_info", None)
    if given is True:
        # Formatting happens in the thread of the call, inside the `except` block that logs.
        given = sys.exc_info()
    fault = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if fault is not None:
        event["fault"] = type(fault).__name__
        event["places"] = [
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(fault.__traceback__)[-_MOST_PLACES:]
        ]
    return event


def _without_passwords(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _masked(value) for key, value in event.items()}


def _masked(value: object) -> object:
    if isinstance(value, str):
        return _LOGIN.sub(r"\1***@", value)
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    # An exception as a value: its text may quote a row.
    return type(value).__name__ if isinstance(value, BaseException) else _masked(str(value))


def _for_programs(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One JSON object per line, what and when first."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return json.dumps({**first, **event}, ensure_ascii=False)


def _for_people(*, colors: bool) -> tuple[Processor, ...]:
    return (_on_one_line, structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False))


def _on_one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What comes from outside can neither end a line nor steer a terminal."""

    return {key: visible(value) if isinstance(value, str) else value for key, value in event.items()}
