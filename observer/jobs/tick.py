"""A tick: freshness, and now and then volume, of one contract's tables, asked of the source between full runs."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from observer.checks.judge import judge
from observer.checks.measure import CheckResult, Measurement
from observer.checks.spec import CheckSpec, ContractPlan
from observer.errors import EngineError, ObserverError, SourceError
from observer.gx.glance import glance, glance_plan, glanced_at, views_of
from observer.jobs.declared import Declarations
from observer.runs.ticks import Tick
from observer.sources.source import Source


class Glancer:
    """Glances at one contract's tables. For one thread at a time.

    How the tables are declared and read, and what the source's clock says, is asked now and then only, and after every
    trouble: in between, time passes there as it does here.
    """

    def __init__(self, plan: ContractPlan) -> None:
        self._plan = glance_plan(plan)
        self._declarations = Declarations(self._plan, partial(views_of, self._plan))
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
            declared = self._declarations.of(source, source.engine)
            seen = glance(self._plan, source.engine, declared.views, source_time=declared.now(), volume=volume)
        except (SourceError, EngineError) as error:
            self._declarations.forget()
            self.locked_out = error
            return self.unseen(error, at=at, volume=volume)
        self.locked_out = None
        if declared.is_broken or any(m.error for m in seen):
            self._declarations.forget()
        return tuple(_tick(self._spec(m.check_id), m, at) for m in seen)

    def _spec(self, check_id: str) -> CheckSpec:
        return next(spec for spec in self._plan.checks if spec.id == check_id)

    def unseen(self, error: ObserverError, *, at: datetime, volume: bool) -> tuple[Tick, ...]:
        """What a look would give that could not begin for this reason."""
        asked = glanced_at(self._plan, volume=volume)
        return tuple(_tick(spec, Measurement(check_id=spec.id, error=str(error)), at) for spec in asked)


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
