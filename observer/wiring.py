"""Settings → doors, in one straight line. Whoever opens a door here closes it: everything is a context manager."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from observer.errors import InputError

if TYPE_CHECKING:
    from observer.sources.source import Source
    from observer.store import Store

DEFAULT_STATE = "sqlite:///.observer/state.db"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says; options of a command come before it."""

    source: str | None = None
    state: str = DEFAULT_STATE
    #: Secret from which the tokens of restricted values are made.
    token_key: bytes | None = None
    statement_timeout: timedelta = timedelta(minutes=10)
    connect_timeout: timedelta = timedelta(seconds=10)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """`OBSERVER_SOURCE`, `OBSERVER_STATE`, `OBSERVER_TOKEN_KEY`, each also as `…_FILE` that names a file holding it;
    `OBSERVER_STATEMENT_TIMEOUT` and `OBSERVER_CONNECT_TIMEOUT` in seconds.

    Raises:
        InputError: a file cannot be read, a number is none, a key is too short.
    """
    key = _secret(environment, "OBSERVER_TOKEN_KEY")
    if key is not None and len(key) < 32:
        raise InputError("OBSERVER_TOKEN_KEY is too short to protect anything", fix="use at least 32 random characters")
    return Settings(
        source=_secret(environment, "OBSERVER_SOURCE"),
        state=_secret(environment, "OBSERVER_STATE") or DEFAULT_STATE,
        token_key=key.encode() if key else None,
        statement_timeout=_seconds(environment, "OBSERVER_STATEMENT_TIMEOUT", Settings.statement_timeout),
        connect_timeout=_seconds(environment, "OBSERVER_CONNECT_TIMEOUT", Settings.connect_timeout),
    )


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    if file := environment.get(f"{name}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{name}_FILE names {file}, which cannot be read", fix="name a readable file") from error
    return environment.get(name) or None


def _seconds(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    text = environment.get(name)
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 86_400:
        raise InputError(f"{name} is `{text}`", fix="give a number of seconds above 0 and below 86400")
    return timedelta(seconds=seconds)


@contextmanager
def opened_source(url: str, settings: Settings) -> Iterator[Source]:
    """The source behind the URL, closed at the end."""
    from observer.sources.opening import open_source

    source = open_source(url, statement_timeout=settings.statement_timeout, connect_timeout=settings.connect_timeout)
    try:
        yield source
    finally:
        source.close()


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The state, migrated, closed at the end."""
    from observer.store import Store

    with Store.open(settings.state) as store:
        yield store
