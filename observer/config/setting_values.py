"""One setting: a value of TOML or a text of the environment in, the value that `Settings` holds out, or BadSetting.

What is a secret is never quoted, not even when it is wrong.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

from observer.config.open_hours import BadHours, calendar_of
from observer.contracts.channels import is_slack_channel
from observer.contracts.durations import BadDuration, parse_span
from observer.contracts.schedules import Calendar

Read = Callable[[object], object]

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class BadSetting(ValueError):
    """The text of the exception says what is wrong; `fix` what to write instead."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def span(low: timedelta, high: timedelta) -> Read:
    """ "90s", "15min", "1h", "7d" or a number of seconds, within limits."""
    fix = f'write a time span like "90s", "15min", "1h" or "7d", or seconds, from {_said(low)} to {_said(high)}'

    def read(value: object) -> timedelta:
        try:
            seconds = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
        except (ValueError, OverflowError):
            seconds = None
        if seconds is not None:
            found = timedelta(seconds=seconds) if math.isfinite(seconds) and abs(seconds) < 1e12 else None
        else:
            try:
                found = parse_span(value) if isinstance(value, str) else None
            except BadDuration as bad:
                raise BadSetting(f"it is {quoted(value)}: {bad}", fix=fix) from None
        if found is None or not low <= found <= high:
            raise BadSetting(f"it is {quoted(value)}", fix=fix)
        return found

    return read


def whole(low: int, high: int, *, remedy: str = "") -> Read:
    """A whole number within limits; `remedy` is added where there is more to say than the limits."""
    fix = f"write a whole number from {low} to {high}" + (f"; {remedy}" if remedy else "")

    def read(value: object) -> int:
        try:
            found = int(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
        except ValueError:
            found = None
        if found is None or not low <= found <= high:
            raise BadSetting(f"it is {quoted(value)}", fix=fix)
        return found

    return read


def text(value: object) -> str:
    """One text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise BadSetting(f"it is {quoted(value)}", fix="write a text that is not empty")
    return value.strip()


def choice(*names: str) -> Read:
    """One of these words, in any case."""

    def read(value: object) -> str:
        word = value.strip().lower() if isinstance(value, str) else ""
        if word not in names:
            raise BadSetting(f"it is {quoted(value)}", fix=f"write {' or '.join(names)}")
        return word

    return read


def zone(value: object) -> str:
    """The name of an IANA time zone that this machine knows."""
    if not isinstance(value, str) or not known_zone(value):
        near = get_close_matches(str(value), _zones(), 1)
        raise BadSetting(
            f"it is {quoted(value)}, which is no time zone",
            fix=f"write `{near[0]}`" if near else "write an IANA name like `Europe/Berlin`",
        )
    return value


def known_zone(name: str) -> bool:
    """True for an IANA name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def path(value: object) -> Path:
    """A path, `~` for the home folder; relative ones start at the working directory."""
    return Path(text(value)).expanduser()


def flag(value: object) -> bool:
    """true or false; in the environment as a word."""
    word = value.strip().lower() if isinstance(value, str) else value
    if word in ("true", "false"):
        return word == "true"
    if isinstance(word, bool):
        return word
    raise BadSetting(f"it is {quoted(value)}", fix="write true or false")


def clock(value: object) -> time:
    """ "09:00"."""
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise BadSetting(f"it is {quoted(value)}", fix='write a time of the day like "09:00"')
    return time(int(found[1]), int(found[2]))


def hours(value: object) -> Calendar:
    """ "Mon-Fri 09:00-18:00 Europe/Berlin"."""
    try:
        found = calendar_of(text(value))
    except BadHours as bad:
        raise BadSetting(f"it is {quoted(value)}: {bad}", fix=bad.fix) from None
    zone(found.zone)
    return found


def patterns(value: object) -> tuple[str, ...]:
    """A list of patterns like `*@example.com`; in the environment one text, with commas between them."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts or not all(isinstance(p, str) and p.strip() for p in parts):
        fix = 'write a list like ["ana@example.com", "*@ops.example.com"], in the environment with commas between them'
        raise BadSetting(f"it is {quoted(value)}", fix=fix)
    return tuple(part.strip() for part in parts)


def slack_channel(value: object) -> str:
    """ "#crm-quality" or an id of Slack."""
    found = text(value)
    if not is_slack_channel(found):
        fix = 'write its name like "#crm-quality" (lower case, no spaces) or its id like "C0123456789"'
        raise BadSetting(f"it is {quoted(value)}, which is no channel of Slack", fix=fix)
    return found


def token(prefix: str, remedy: str) -> Read:
    """A token of Slack, told by how it begins; no message shows more of it."""

    def read(value: object) -> str:
        found = str(secret()(value))
        if not found.startswith(prefix) or len(found) == len(prefix) or re.search(r"\s", found):
            raise BadSetting(f"it does not begin with `{prefix}`, or is cut short", fix=remedy)
        return found

    return read


def paths(value: object) -> tuple[Path, ...]:
    """A list of paths; in the environment one text, with the separator of PATH between them."""
    parts = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts or not all(isinstance(p, str) and p.strip() for p in parts):
        raise BadSetting(
            f"it is {quoted(value)}", fix=f'write a list of paths, in the environment with "{os.pathsep}" between them'
        )
    return tuple(path(part) for part in parts)


def secret(shortest: int = 1) -> Read:
    """A text of at least so many characters, which no message shows."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise BadSetting("it is no text", fix="write it in quotes, or name a file that holds it")
        if len(value.strip()) < shortest:
            raise BadSetting("it is too short to protect anything", fix=f"use at least {shortest} random characters")
        return value.strip()

    return read


def key(value: object) -> bytes:
    """The secret from which tokens are made."""
    return str(secret(32)(value)).encode()


def quoted(value: object) -> str:
    """A value that is no secret, short."""
    if isinstance(value, (dict, list)):
        return "a list" if isinstance(value, list) else "a table"
    if isinstance(value, int) and abs(value) > 1 << 64:  # Python shows no number of thousands of digits
        return "beyond measure"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown[:39]}…`" if len(shown) > 40 else f"`{shown}`"


def _zones() -> set[str]:
    from zoneinfo import available_timezones

    return available_timezones()


def _said(limit: timedelta) -> str:
    seconds = limit.total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"
