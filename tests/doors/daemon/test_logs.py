"""What the daemon writes about itself: one line per event, and neither a secret nor a value of a row in any of them."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from observer.daemon.logs import configure_logs
from observer.settings import LogSettings

CANARY = "canary-4711@example.com"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("observer").setLevel(logging.NOTSET)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def configured(form: str | None = None, level: str = "info", stream: io.StringIO | None = None) -> io.StringIO:
    stream = io.StringIO() if stream is None else stream
    configure_logs(LogSettings(format=form, level=level), stream)
    return stream


def fail(value: str) -> None:
    secret = value
    raise ValueError(f"cannot read {secret}")


def test_an_event_is_one_line_of_json_with_time_level_and_name_first():
    stream = configured()
    log = structlog.get_logger("observer")
    with structlog.contextvars.bound_contextvars(run_id="r-1", contract="leads"):
        log.info("run_ended", rows=3, at=datetime(2026, 11, 22, tzinfo=UTC), folder=Path("x"), why="zwei\nZeilen ü")
    log.info("stopped")
    first, second = lines(stream)
    assert list(first)[:3] == ["timestamp", "level", "event"]
    assert datetime.fromisoformat(str(first.pop("timestamp"))).utcoffset() == timedelta()
    assert first == {
        "level": "info",
        "event": "run_ended",
        "run_id": "r-1",
        "contract": "leads",
        "rows": 3,
        "at": "2026-11-22T00:00:00+00:00",
        "folder": "x",
        "why": "zwei\nZeilen ü",
    }
    assert "run_id" not in second


def test_events_below_the_level_are_not_written():
    stream = configured(level="warning")
    structlog.get_logger("observer").info("run_started")
    structlog.get_logger("observer").warning("slot_missed")
    assert [line["event"] for line in lines(stream)] == ["slot_missed"]


def test_warnings_of_libraries_take_the_same_way_and_their_chatter_does_not():
    stream = configured(level="debug")
    logging.getLogger("apscheduler.scheduler").info("Added job")
    with structlog.contextvars.bound_contextvars(run_id="r-1"):
        logging.getLogger("apscheduler.scheduler").warning("Run time of job %s was missed", "beat")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old ways", stacklevel=1)
    first, second = lines(stream)
    assert (first["event"], first["library"]) == ("library_said", "apscheduler.scheduler")
    assert (first["message"], first["run_id"]) == ("Run time of job beat was missed", "r-1")
    assert (second["event"], second["library"]) == ("library_said", "py.warnings")


def test_a_library_that_sets_its_own_level_chatters_no_more():
    stream = io.StringIO()
    configure_logs(LogSettings(format="json"), stream)
    talkative = logging.getLogger("talkative")
    talkative.setLevel(logging.INFO)
    talkative.info("Created temporary directory")
    talkative.warning("it is full")
    assert [line["message"] for line in lines(stream)] == ["it is full"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_is_told_by_kind_and_place_without_its_text_or_values(form: str):
    stream = configured(form)
    log = structlog.get_logger("observer")
    try:
        fail(CANARY)
    except ValueError as fault:
        log.exception("duty_broke")
        log.error("duty_broke", exc_info=fault, reason=fault)
        logging.getLogger("library").exception("it broke")
        logging.getLogger("library").error("it broke", exc_info=fault, stack_info=True)
    text = stream.getvalue()
    assert CANARY not in text and "Traceback" not in text and "Stack (most" not in text
    assert len(text.splitlines()) == 4
    assert text.count("ValueError") == 5
    assert text.count("test_logs.py:") == 8


def test_passwords_of_urls_are_masked_wherever_they_stand():
    stream = configured()
    url = "postgresql://ada:p@ss/w:rd@db:5432/crm"
    structlog.get_logger("observer").info("serving", source=url, all=[url, {"state": (url,)}], count=1, none=None)
    logging.getLogger("library").warning("cannot reach %s", url)
    text = stream.getvalue()
    assert "rd@" not in text and "p@ss" not in text
    assert text.count("postgresql://ada:***@db:5432/crm") == 4
    assert "http://127.0.0.1:8484/x" in _said(structlog, stream, "http://127.0.0.1:8484/x")


def _said(_structlog: object, stream: io.StringIO, url: str) -> str:
    structlog.get_logger("observer").info("serving", url=url)
    return stream.getvalue().splitlines()[-1]


@pytest.mark.parametrize(
    ("form", "stream", "is_json"),
    [
        (None, io.StringIO(), True),
        (None, Terminal(), False),
        ("json", Terminal(), True),
        ("console", io.StringIO(), False),
    ],
)
def test_a_terminal_gets_lines_for_people_unless_told_otherwise(form: str | None, stream: io.StringIO, is_json: bool):
    configured(form, stream=stream)
    structlog.get_logger("observer").info("stopped")
    assert stream.getvalue().startswith("{") == is_json
    assert stream.getvalue().endswith("\n")


def test_nothing_in_a_line_for_people_ends_it_or_steers_the_terminal():
    stream = configured("console")
    structlog.get_logger("observer").info("stopped", why="one\ntwo\x1b[31m")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_configuring_again_replaces_what_was():
    first, second = configured(), configured(level="error")
    structlog.get_logger("observer").error("stopped")
    logging.getLogger("library").warning("not this")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1


def test_a_stream_that_is_gone_stops_no_work(capsys: pytest.CaptureFixture[str]):
    stream = configured()
    stream.close()
    structlog.get_logger("observer").error("duty_broke", reason=CANARY)
    assert capsys.readouterr().err == ""
