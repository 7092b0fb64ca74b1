"""A ContractPlan's checks, run as real GX suites on a snapshot or in the source: Measurements, Evidence, profiles.

Flows in: a plan and where its tables are. Flows out: one Measurement per check, in plan order, whatever happens to
single checks or tables. No object of GX leaves this room; GX itself is imported when the first suite runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from observer.checks import rules
from observer.checks.measure import Evidence, FieldProfile, Measurement, TableFile, TableShape
from observer.checks.spec import CheckSpec, ContractPlan, TablePlan
from observer.contracts.model import LogicalType
from observer.errors import EngineError
from observer.gx.asking import reason
from observer.gx.bench import Bench, snapshot_bench, source_bench
from observer.gx.dialect_words import CannotSay, Sql, oldest_of_kind
from observer.gx.evidence import TableEvidence
from observer.gx.failing import row_numbers
from observer.gx.kinds import NATIVE, Kind, kind_of
from observer.gx.measured import SHOWS_NO_VALUE, measurement
from observer.gx.preflight import did_you_mean, unrunnable
from observer.gx.profiles import profile_table
from observer.gx.relations import Relation
from observer.gx.suites import parameter_name, suite_text

SqlFor = Callable[[CheckSpec], str]
SameType = Callable[[str, str], bool]
OnCheck = Callable[[CheckSpec, Measurement], None]


def _same_text(declared: str, stored: str) -> bool:
    return declared.strip().lower() == stored.strip().lower()


class SuiteRunner:
    """One run's engine. Use it as a context manager, from one thread; several may run side by side."""

    def __init__(
        self,
        plan: ContractPlan,
        bench: Bench,
        shapes: Sequence[TableShape],
        *,
        source_time: datetime,
        sql_for: SqlFor,
        same_type: SameType = _same_text,
    ) -> None:
        self._plan = plan
        self._bench = bench
        self._shapes = {shape.physical_name: shape for shape in shapes}
        self._source_time = source_time
        self._sql_for = sql_for
        self._same_type = same_type
        self._measured: dict[str, Measurement] = {}
        #: Check id → what is true of a failing row, and of a row that was tested.
        self._failing: dict[str, tuple[Sql, Sql]] = {}
        self._evidence: dict[str, TableEvidence] = {}
        self._closed = False

    @classmethod
    def on_snapshot(
        cls,
        plan: ContractPlan,
        tables: Sequence[TableFile],
        *,
        source_time: datetime | None = None,
        sql_for: SqlFor,
        same_type: SameType = _same_text,
        memory_limit: str | None = None,
        threads: int | None = None,
    ) -> SuiteRunner:
        """Run on Parquet files in an in-memory DuckDB. `sql_for` gives a query guarded and in DuckDB's SQL.

        Raises:
            EngineError: DuckDB could not be set up.
        """
        shapes = [table.shape for table in tables]
        try:
            bench = snapshot_bench(plan, tables, memory_limit=memory_limit, threads=threads)
        except sa.exc.SQLAlchemyError as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            fix = "check the memory limit and the number of threads, and that the snapshot's folder can be read"
            raise EngineError(f"DuckDB could not be set up for the snapshot ({kind})", fix=fix) from None
        clock = source_time or _clock(shapes)
        return cls(plan, bench, shapes, source_time=clock, sql_for=sql_for, same_type=same_type)

    @classmethod
    def on_source(
        cls,
        plan: ContractPlan,
        engine: sa.Engine,
        shapes: Sequence[TableShape],
        *,
        source_time: datetime | None = None,
        sql_for: SqlFor,
        same_type: SameType = _same_text,
    ) -> SuiteRunner:
        """Run in the source; nothing is copied. `sql_for` gives a query guarded and in the source's SQL.

        Raises:
            EngineError: the source could not be connected to.
        """
        bench = source_bench(plan, engine, shapes)
        clock = source_time or _clock(shapes)
        return cls(plan, bench, shapes, source_time=clock, sql_for=sql_for, same_type=same_type)

    def __enter__(self) -> SuiteRunner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; may be called twice."""
        if not self._closed:
            self._closed = True
            self._bench.close()

    # --- measuring ----------------------------------------------------------------------------------------------

    def run(self, on_check: OnCheck | None = None) -> tuple[Measurement, ...]:
        """One measurement per check, in plan order. `on_check` hears of each as its table is done."""
        for table in self._plan.tables:
            specs = [s for s in self._plan.checks if s.object == table.object and not table.target_only]
            self._run_table(table, specs)
            if on_check is not None:
                for spec in specs:
                    on_check(spec, self._measured[spec.id])
        return tuple(
            self._measured.get(spec.id, Measurement(check_id=spec.id, error="its table is not part of the plan"))
            for spec in self._plan.checks
        )

    def _run_table(self, table: TablePlan, specs: Sequence[CheckSpec]) -> None:
        known = {name: (*(c.name for c in s.columns), *s.others) for name, s in self._shapes.items()}
        runnable: list[CheckSpec] = []
        for spec in specs:
            seen = self._without_rows(table, spec, known)
            if seen is None:
                runnable.append(spec)
            else:
                self._measured[spec.id] = seen
        if runnable:
            self._run_suite(table, runnable)

    def _without_rows(
        self, table: TablePlan, spec: CheckSpec, known: Mapping[str, tuple[str, ...]]
    ) -> Measurement | None:
        """What can be said before any row is read; None when rows must be read."""
        name = table.physical_name
        rule, shape = spec.rule, self._shapes.get(name)
        if name in self._bench.errors:
            return Measurement(check_id=spec.id, error=self._bench.errors[name])
        relation = self._bench.relations[name]
        if isinstance(rule, rules.HasType | rules.HasPhysicalType) and rule.column not in relation.kinds:
            words = f"no such column{did_you_mean(rule.column, known.get(name, ()))}"
            return Measurement(check_id=spec.id, holds=False, seen=words)
        if (error := unrunnable(spec, self._bench, name, known)) is not None:
            return Measurement(check_id=spec.id, error=error)
        if isinstance(rule, rules.HasPhysicalType) and shape is not None:
            stored = next(c.type for c in shape.columns if c.name == rule.column)
            if not stored:
                return Measurement(check_id=spec.id, error="the source declares no column types")
            return Measurement(check_id=spec.id, holds=self._same_type(rule.physical_type, stored), seen=stored)
        seen = self._native(spec, rule, shape) if isinstance(rule, rules.HasType) and shape is not None else None
        if seen is None and relation.rows_error is not None:
            return Measurement(check_id=spec.id, error=relation.rows_error)
        return seen

    def _native(self, spec: CheckSpec, rule: rules.HasType, shape: TableShape) -> Measurement | None:
        """A column of a native type of that kind passes by its type alone."""
        stored = next((c.type for c in shape.columns if c.name == rule.column), "")
        kind = kind_of(stored)
        seen = self._bench.relations[shape.physical_name].kinds[rule.column]
        # MySQL's TIMESTAMP is an instant, though it is not named so.
        zoned = {Kind.TIMESTAMP: False, Kind.TIMESTAMP_TZ: True}.get(seen)
        if not {kind, seen} <= NATIVE[rule.logical_type] or (
            None not in (rule.timezone, zoned) and rule.timezone is not zoned
        ):
            return None
        if not shape.types_bind and rule.logical_type is not LogicalType.UNSET:
            return None
        return Measurement(check_id=spec.id, holds=True, seen=stored or "text")

    def _proof(self, spec: CheckSpec, table: TablePlan) -> tuple[str, ...] | None:
        """A key of the source over some of the columns proves that all of them together are unique."""
        shape = self._shapes.get(table.physical_name)
        if shape is None or not isinstance(spec.rule, rules.Unique):
            return None
        kinds = self._bench.relations[table.physical_name].kinds
        # Different texts may read as one number or one instant.
        read = {c.name for c in shape.columns if kind_of(c.type) is Kind.TEXT and kinds.get(c.name) is not Kind.TEXT}
        among = set(spec.rule.columns) - read
        return next((key for key in shape.unique_keys if key and set(key) <= among), None)

    def _run_suite(self, table: TablePlan, specs: Sequence[CheckSpec]) -> None:
        from observer.gx.suite_run import run_suite

        relation = self._bench.relations[table.physical_name]
        document = json.loads(suite_text(self._plan, table.object))
        wanted = {spec.id: spec for spec in specs}
        document["expectations"] = [e for e in document["expectations"] if e["meta"]["check"] in wanted]
        parameters: dict[str, Any] = {}
        for expectation in document["expectations"]:
            self._at_run_time(wanted[expectation["meta"]["check"]], expectation["kwargs"], relation.kinds, parameters)
        proofs = {spec.id: key for spec in specs if (key := self._proof(spec, table)) is not None}
        outcome = run_suite(self._bench, table.physical_name, document, parameters, frozenset(proofs.values()))
        for spec in specs:
            result = outcome.results.get(spec.id)
            if result is None:
                error = outcome.refused.get(spec.id, "Great Expectations left it out of the suite")
                self._measured[spec.id] = Measurement(check_id=spec.id, error=error)
                continue
            seen = measurement(spec, result, outcome.failures, self._source_time)
            if spec.id in proofs and seen.rows_tested:
                seen = replace(seen, proven_by=f"the key ({', '.join(proofs[spec.id])}) of the source")
            if isinstance(spec.rule, rules.HasType) and seen.rows_tested is not None:
                seen = self._with_stored_type(spec, seen, table)
            if isinstance(spec.rule, rules.Expectation) and spec.rule.type in SHOWS_NO_VALUE and seen.holds is not None:
                seen = self._of_values(relation, spec.rule, seen)
            self._measured[spec.id] = seen
            if spec.id in outcome.failing:
                self._failing[spec.id] = outcome.failing[spec.id]

    def _at_run_time(
        self, spec: CheckSpec, kwargs: dict[str, Any], kinds: Mapping[str, Kind], parameters: dict[str, Any]
    ) -> None:
        """What a suite leaves open: the clock, and a query's dialect."""
        rule = spec.rule
        if isinstance(rule, rules.SqlValue):
            kwargs["query"] = self._sql_for(spec)
        if isinstance(rule, rules.Fresh | rules.Kept):
            one_clock = len({kinds[c] for c in rule.columns}) == 1 and not rule.timezones
            kind = kinds[rule.columns[0]] if one_clock else Kind.TIMESTAMP_TZ
            limit = rule.oldest(self._source_time) if isinstance(rule, rules.Fresh) else self._source_time - rule.limit
            oldest = oldest_of_kind(limit, kind, rule.timezone)
            parameters[parameter_name(spec)] = oldest.isoformat()
            if len(rule.columns) > 1 and (rule.timezones or rule.timezone is not None):
                kwargs["timezones"] = list(rule.timezones) or [rule.timezone] * len(rule.columns)

    def _of_values(self, relation: Relation, rule: rules.Expectation, seen: Measurement) -> Measurement:
        """What holds of no value at all is nothing seen."""
        a_value = relation.column(str(rule.kwargs["column"])).is_not(None)
        try:
            found = self._bench.fetch(sa.select(sa.literal(1)).select_from(relation.rows).where(a_value).limit(1))
        except sa.exc.SQLAlchemyError as error:
            return Measurement(check_id=seen.check_id, error=reason(error))
        return seen if found else Measurement(check_id=seen.check_id, rows_tested=0, rows_failed=0)

    def _with_stored_type(self, spec: CheckSpec, seen: Measurement, table: TablePlan) -> Measurement:
        assert isinstance(spec.rule, rules.HasType)
        shape = self._shapes.get(table.physical_name)
        stored = next((c.type for c in shape.columns if c.name == spec.rule.column), "") if shape else ""
        words = stored or "text"
        if not seen.rows_tested:
            # The column is there; whether its values are of the type, nobody can tell from none.
            return Measurement(check_id=spec.id, rows_tested=0, rows_failed=0, seen=words)
        return Measurement(check_id=spec.id, rows_tested=seen.rows_tested, rows_failed=seen.rows_failed, seen=words)

    # --- asking why ---------------------------------------------------------------------------------------------

    def evidence(self, spec: CheckSpec, *, key_limit: int = 100, value_limit: int = 20) -> Evidence:
        """Which rows failed the check and what they have in common. Call it after `run`, for checks that did not pass.

        Never shows a value of a restricted column. What cannot be shown is said in `notes`.
        """
        seen = self._measured.get(spec.id)
        if seen is None or spec.id not in self._failing or not seen.rows_failed:
            return Evidence(check_id=spec.id, notes=("this check speaks of the whole table, not of single rows",))
        if spec.object not in self._evidence:
            failing = [
                (other, *self._failing[other.id])
                for other in self._plan.checks
                if other.object == spec.object and other.id in self._failing and self._measured[other.id].rows_failed
            ]
            self._evidence[spec.object] = TableEvidence(self._bench, self._plan, self._plan.table(spec.object), failing)
        try:
            return self._evidence[spec.object].gather(spec, key_limit=key_limit, value_limit=value_limit)
        except sa.exc.SQLAlchemyError as error:
            return Evidence(check_id=spec.id, notes=(f"the failing rows could not be read again: {reason(error)}",))

    def failing_row_numbers(self, object_name: str, checks: Iterable[str]) -> pa.Array:
        """Where in the object's snapshot file the rows are that fail any of these checks: int64 from 0, in no order.

        Call it after `run`; checks that speak of no single row add none. Raises EngineError when they cannot be found.
        """
        relation = self._bench.relations[self._plan.table(object_name).physical_name]
        conditions = [
            self._failing[check][0] for check in checks if check in self._failing and self._measured[check].rows_failed
        ]
        try:
            return row_numbers(self._bench, relation, conditions) if conditions else pa.array([], pa.int64())
        except (sa.exc.SQLAlchemyError, CannotSay) as error:
            fix = "see what the check itself says"
            raise EngineError(f"the failing rows could not be read again: {reason(error)}", fix=fix) from None

    def profiles(self) -> tuple[FieldProfile, ...]:
        """How full each contracted column is, and what values those with allowed values hold.

        A table whose rows cannot be read has no profile: "unknown", never zero.
        """
        out: list[FieldProfile] = []
        for table in self._plan.tables:
            relation = self._bench.relations.get(table.physical_name)
            if not table.target_only and relation is not None and relation.rows_error is None:
                with suppress(sa.exc.SQLAlchemyError):  # whatever needed those rows is ERRORED, and says why
                    out += profile_table(self._bench, self._plan, table)
        return tuple(out)


def _clock(shapes: Sequence[TableShape]) -> datetime:
    """The source's clock, as the shapes carry it; this machine's where no table could be read."""
    return next((s.source_time for s in shapes if s.source_time is not None), datetime.now(UTC))
