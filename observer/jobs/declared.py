"""What a source says of its tables, asked now and then only, and after every trouble.

In: a plan and a source. Out: the shapes of its tables, and how they are read. In between, time passes there as here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy import Engine

from observer.checks.measure import TableShape
from observer.checks.spec import ContractPlan
from observer.sources.source import Source

#: How long what a source declared of its tables, and its clock, are taken as known.
DECLARED_FOR = timedelta(minutes=10)

#: How the tables are read, as the room that reads them wants to know it.
Views = TypeVar("Views")


@dataclass(frozen=True, kw_only=True)
class Declared(Generic[Views]):
    """What a source said of itself at one moment."""

    shapes: tuple[TableShape, ...]
    views: Views
    source_time: datetime
    #: By the monotonic clock, in seconds.
    asked: float

    @property
    def is_broken(self) -> bool:
        """A table of it cannot be read."""
        return any(shape.error for shape in self.shapes)

    def now(self) -> datetime:
        """The source's clock now."""
        return self.source_time + timedelta(seconds=time.monotonic() - self.asked)


class Declarations(Generic[Views]):
    """The declared tables of one plan. For one thread at a time."""

    def __init__(self, plan: ContractPlan, views_of: Callable[[Engine, Sequence[TableShape]], Views]) -> None:
        self._plan = plan
        self._views_of = views_of
        self._known: Declared[Views] | None = None

    def of(self, source: Source, engine: Engine) -> Declared[Views]:
        """What is known, asked anew when it is old. Raises SourceError, EngineError."""
        if self._known is None or time.monotonic() - self._known.asked >= DECLARED_FOR.total_seconds():
            self._known = None
            with source.session() as session:
                asked = time.monotonic()
                shapes = tuple(session.shape(table) for table in self._plan.tables)
                source_time = session.source_time
            views = self._views_of(engine, shapes)
            self._known = Declared(shapes=shapes, views=views, source_time=source_time, asked=asked)
        return self._known

    def forget(self) -> None:
        """After trouble: the next one asks anew."""
        self._known = None
