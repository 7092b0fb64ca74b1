"""A tick: freshness, and now and then volume, of one contract's tables, asked of the source between full runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from observer.checks.judge import judge
from observer.checks.measure import CheckResult, Measurement, TableShape
from observer.checks.rules import Fresh, RowCount
from observer.checks.spec import CheckSpec, ContractPlan
from observer.errors import EngineError, ObserverError, SourceError
from observer.gx.glance import Views, glance, glance_plan, views_of
from observer.runs.ticks import Tick
from observer.sources.source import Source

#: How long what a source declared of its tables, and its clock, are taken as known.
DECLARED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class _Declared:
    """What a source said of itself at one moment."""

    shapes: tuple[TableShape, ...]
    views: Views
    source_time: datetime
    #: By the monotonic clock, in seconds.
    asked: float

    def now(self) -> datetime:
        """The source's clock now."""
        return self.source_time + timedelta(seconds=time.monotonic() - self.asked)


class Glancer:
    """Glances at one contract's tables. For one thread at a time.

    How the tables are declared and read, and what the source's clock says, is asked now and then only, and after every
    trouble: in between, time passes there as it does here.
    """

    def __init__(self, plan: ContractPlan) -> None:
        self._plan = glance_plan(plan)
        self._declared: _Declared | None = None
        #: Why the last look could not even begin; None when it could.
        self.locked_out: ObserverError | None = None

    def look(self, source: Source, *, at: datetime, volume: bool) -> tuple[Tick, ...]:
        """One tick per freshness check, and per volume check when `volume`. `at` is the daemon's clock.

        Never raises for what is wrong with the source: then every tick is ERRORED and says why. A source in which
        nothing can be asked (a folder of files) gives no ticks.
        """
        if source.engine is None:
            return ()
        try:
            declared = self._known(source, source.engine)
            seen = glance(self._plan, source.engine, declared.views, source_time=declared.now(), volume=volume)
        except (SourceError, EngineError) as error:
            self._declared = None
            self.locked_out = error
            return self.unseen(error, at=at, volume=volume)
        self.locked_out = None
        broken = any(m.error for m in seen) or any(shape.error for shape in declared.shapes)
        self._declared = None if broken else declared
        return tuple(_tick(self._spec(m.check_id), m, at) for m in seen)

    def _known(self, source: Source, engine: Engine) -> _Declared:
        if self._declared is not None and time.monotonic() - self._declared.asked < DECLARED_FOR.total_seconds():
            return self._declared
        with source.session() as session:
            asked = time.monotonic()
            shapes = tuple(session.shape(table) for table in self._plan.tables)
            source_time = session.source_time
        views = views_of(self._plan, engine, shapes)
        return _Declared(shapes=shapes, views=views, source_time=source_time, asked=asked)

    def _spec(self, check_id: str) -> CheckSpec:
        return next(spec for spec in self._plan.checks if spec.id == check_id)

    def unseen(self, error: ObserverError, *, at: datetime, volume: bool) -> tuple[Tick, ...]:
        """What a look would give that could not begin for this reason."""
        asked = _glanced_at(self._plan.checks, volume=volume)
        return tuple(_tick(spec, Measurement(check_id=spec.id, error=str(error)), at) for spec in asked)


def _glanced_at(checks: Sequence[CheckSpec], *, volume: bool) -> list[CheckSpec]:
    return [s for s in checks if isinstance(s.rule, Fresh) or (volume and isinstance(s.rule, RowCount))]


def _tick(spec: CheckSpec, seen: Measurement, at: datetime) -> Tick:
    result: CheckResult = judge(spec, seen)
    return Tick(
        check_id=spec.id,
        contract=spec.contract,
        object=spec.object,
        at=at,
        outcome=result.outcome,
        value=None if result.measurement.value is None else float(result.measurement.value),
        observed=result.observed,
        expected=result.expected,
        error=result.measurement.error,
    )
