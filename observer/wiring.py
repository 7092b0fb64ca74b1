"""Settings → doors, in one straight line. Whoever opens a door here closes it: everything is a context manager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from observer.settings import Settings

if TYPE_CHECKING:
    from observer.sources.source import Source
    from observer.store import Store


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
