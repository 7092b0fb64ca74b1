"""Two kept snapshots of a contract → Measurements and Evidence of its change checks, by DuckDB in bounded memory.

Restricted columns are keyed tokens in both: equality and counts survive, values do not, and no token is ever shown.
What could not be looked at is an error; what has nothing to be compared with is skipped, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from observer.checks import change_rules as changes
from observer.checks.measure import Evidence, Measurement, Offender
from observer.checks.row_values import scalar
from observer.checks.spec import CheckSpec, ContractPlan
from observer.checks.words import number_text
from observer.contracts.model import Scalar, Unit
from observer.errors import ObserverError, SnapshotError
from observer.snapshots.affected import Found, keys_of
from observer.snapshots.drift import drift_between
from observer.snapshots.keep import tokens
from observer.snapshots.manifest import Manifest, TableEntry, read_manifest
from observer.snapshots.pairing import CannotCompare, Pairs, Side, is_comparable, literal, open_side, pair, quoted
from observer.snapshots.pairing import unlike_tokens as unlike

#: Object and ids of checks → where in the object's file the rows are that fail any of them: int64 from 0.
FailingRows = Callable[[str, Sequence[str]], pa.Array]
#: DuckDB spills to disk beyond it.
MEMORY_LIMIT = "1GB"
#: True of a pair whose present row is new or changed.
_WRITTEN = "a_live AND (b_row IS NULL OR differs)"
#: Arrow's names for the types whose values are states as text; and where they are tokens, which of others differ.
_STATE_TYPES = {False: ("string", "large_string", "null", "int", "uint"), True: ("string", "large_string", "null")}
_VALUES_HIDDEN = "values not shown: the field is restricted"


class Comparison:
    """Two kept snapshots side by side. Use it as a context manager, from one thread."""

    def __init__(
        self,
        before: Path,
        after: Path,
        plan: ContractPlan,
        *,
        failing: FailingRows,
        measured: Mapping[str, Measurement],
        workspace: Path,
        key: bytes | None = None,
        memory_limit: str = MEMORY_LIMIT,
        value_limit: int = 20,
    ) -> None:
        """`failing` and `measured` are those of the plan's own checks on the snapshot of `after`; `key` is the one of
        its tokens; DuckDB may write to `workspace`. Raises SnapshotError: one of them is no readable snapshot.
        """
        self._folders = (before, after)
        self._manifests = (read_manifest(before), read_manifest(after))
        self._same_key = self._manifests[0].key_id == self._manifests[1].key_id
        self._plan, self._failing, self._measured, self._key = plan, failing, measured, key
        self._value_limit = value_limit
        self._pairs: dict[str, Pairs | CannotCompare] = {}
        self._found: dict[str, Found] = {}
        try:
            self._connection = duckdb.connect(
                config={"memory_limit": memory_limit, "temp_directory": str(workspace / "duckdb")}
            )
            self._connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        except duckdb.Error as error:
            raise SnapshotError(
                f"DuckDB could not be set up for comparing snapshots ({type(error).__name__})",
                fix="check the memory of the machine",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def measure(self, spec: CheckSpec, specs: Sequence[CheckSpec] = ()) -> Measurement:
        """What is seen for one change check. `specs`: all that will be asked for, so that rows are paired once."""
        try:
            before, after = self._entries(spec.object)
            return self._measure(spec, before, after, specs or (spec,))
        except CannotCompare as problem:
            if problem.is_fault:
                return Measurement(check_id=spec.id, error=str(problem))
            return Measurement(check_id=spec.id, skipped=str(problem))
        except ObserverError as error:
            return Measurement(check_id=spec.id, error=str(error))
        except duckdb.OutOfMemoryException:
            return Measurement(check_id=spec.id, error="the snapshots do not fit into the memory for comparing them")
        except duckdb.Error as error:
            # What DuckDB says may quote a value.
            return Measurement(check_id=spec.id, error=f"the snapshots could not be compared ({type(error).__name__})")

    def _measure(
        self, spec: CheckSpec, before: TableEntry, after: TableEntry, specs: Sequence[CheckSpec]
    ) -> Measurement:
        rule = spec.rule
        if isinstance(rule, changes.SchemaDrift):
            drift = drift_between(before, after)
            return Measurement(check_id=spec.id, value=len(drift.broken), seen=drift.text)
        sides = self._sides(spec.object, before, after)
        match rule:
            case changes.RowCountChange():
                return self._row_count_change(spec, *sides)
            case changes.NewValues():
                return self._new_values(spec, rule, *sides)
            case changes.DeletedRows():
                return self._deleted(spec, *sides, self._paired(spec.object, *sides, specs))
            case changes.ChangedRows():
                return self._changed(spec, *sides, self._paired(spec.object, *sides, specs))
            case changes.InvalidWrites():
                return self._invalid_writes(spec, rule, *sides, self._paired(spec.object, *sides, specs))
            case changes.Transitions():
                return self._transitions(spec, rule, *sides, self._paired(spec.object, *sides, specs))
        raise TypeError(f"{type(rule).__name__} is no rule of changes")

    # --- what is compared ---------------------------------------------------------------------------------------

    def _entries(self, object_name: str) -> tuple[TableEntry, TableEntry]:
        def entry(manifest: Manifest) -> TableEntry | None:
            own = (t for t in manifest.tables if t.contract == self._plan.contract and t.object == object_name)
            return next(own, None)

        before, after = (entry(manifest) for manifest in self._manifests)
        if after is None or after.file is None:
            raise CannotCompare((after and after.error) or "the table is not in the snapshot", is_fault=True)
        if before is None:
            raise CannotCompare("the table is not in the earlier snapshot", is_fault=False)
        if before.file is None:
            raise CannotCompare("the table could not be read when the earlier snapshot was taken", is_fault=False)
        return before, after

    def _sides(self, object_name: str, before: TableEntry, after: TableEntry) -> tuple[Side, Side]:
        one, other = self._folders
        return (
            open_side(self._connection, one, before, is_present=False),
            open_side(self._connection, other, after, is_present=True),
        )

    def _paired(self, object_name: str, before: Side, after: Side, specs: Sequence[CheckSpec]) -> Pairs:
        """Rows are paired once per table; why they cannot be is remembered too."""
        if object_name not in self._pairs:
            rules = [spec.rule for spec in specs if spec.object == object_name]
            states = tuple(dict.fromkeys(rule.column for rule in rules if isinstance(rule, changes.Transitions)))
            try:
                self._pairs[object_name] = pair(
                    self._connection,
                    len(self._pairs),
                    self._plan.table(object_name),
                    before,
                    after,
                    same_key=self._same_key,
                    states=states,
                )
            except CannotCompare as problem:
                self._pairs[object_name] = problem
        found = self._pairs[object_name]
        if isinstance(found, CannotCompare):
            raise found
        return found

    def _row(self, query: str) -> tuple[int, ...]:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return tuple(int(number or 0) for number in row)

    def _counted(self, spec: CheckSpec, pairs: Pairs, tested: str, failed: str) -> Measurement:
        query = f"SELECT count(*) FILTER (WHERE {tested}), count(*) FILTER (WHERE {tested} AND {failed}) "
        rows_tested, rows_failed = self._row(f"{query} FROM {pairs.table}")
        return Measurement(check_id=spec.id, rows_tested=rows_tested, rows_failed=rows_failed)

    # --- rows ---------------------------------------------------------------------------------------------------

    def _row_count_change(self, spec: CheckSpec, before: Side, after: Side) -> Measurement:
        flag = self._plan.table(spec.object).live_rows
        earlier, present = (
            self._row(f"SELECT count(*) FILTER (WHERE {side.live(flag)}) FROM {side.source}")[0]
            for side in (before, after)
        )
        words = f"{earlier:,} rows before, {present:,} now"
        if spec.threshold.unit is not Unit.PERCENT:
            return Measurement(check_id=spec.id, value=present - earlier, seen=f"{present - earlier:+,} rows ({words})")
        if not earlier:
            raise CannotCompare("the table had no rows before, of which there is no percentage", is_fault=False)
        change = (present - earlier) * 100 / earlier
        value = int(change) if change.is_integer() else change
        shown = number_text(round(change, 1) or change)
        return Measurement(check_id=spec.id, value=value, seen=f"{'+' if change > 0 else ''}{shown} % ({words})")

    def _deleted(self, spec: CheckSpec, before: Side, after: Side, pairs: Pairs) -> Measurement:
        rows = f"SELECT b_row FROM {pairs.table} WHERE b_live AND NOT a_live"
        self._found[spec.id] = Found(before, rows, notes=pairs.notes)
        return self._counted(spec, pairs, "b_live", "NOT a_live")

    def _changed(self, spec: CheckSpec, before: Side, after: Side, pairs: Pairs) -> Measurement:
        if pairs.incomparable:
            raise CannotCompare(pairs.incomparable, is_fault=False)
        rows = f"SELECT a_row FROM {pairs.table} WHERE b_live AND a_live AND differs"
        self._found[spec.id] = Found(after, rows, notes=pairs.notes)
        return self._counted(spec, pairs, "b_live AND a_live", "differs")

    def _invalid_writes(
        self, spec: CheckSpec, rule: changes.InvalidWrites, before: Side, after: Side, pairs: Pairs
    ) -> Measurement:
        if pairs.incomparable:
            raise CannotCompare(pairs.incomparable, is_fault=False)
        unknown = [self._measured[check] for check in rule.checks if self._measured[check].error is not None]
        if unknown:
            why = f"{unknown[0].check_id} could not be looked at: {unknown[0].error}"
            raise CannotCompare(f"whether what was written is valid is not known: {why}", is_fault=True)
        failing = self._failing_table(spec.object, rule.checks)
        among = f"a_row IN (SELECT n FROM {failing})"
        rows = f"SELECT a_row FROM {pairs.table} WHERE {_WRITTEN} AND {among}"
        self._found[spec.id] = Found(after, rows, notes=pairs.notes)
        seen = self._counted(spec, pairs, _WRITTEN, among)
        if not seen.rows_tested:
            raise CannotCompare("no row was written since the last snapshot", is_fault=False)
        return seen

    def _broken_rules(self, spec: CheckSpec, rule: changes.InvalidWrites) -> list[Offender]:
        """Which checks the invalid writes fail, and in how many rows each."""
        pairs, specs = self._pairs[spec.object], {check.id: check for check in self._plan.checks}
        assert isinstance(pairs, Pairs)
        broken = []
        for check in (specs[check] for check in rule.checks if self._measured[check].rows_failed):
            among = f"a_row IN (SELECT n FROM {self._failing_table(spec.object, [check.id])})"
            (rows,) = self._row(f"SELECT count(*) FROM {pairs.table} WHERE {_WRITTEN} AND {among}")
            name = f"{check.property} {check.rule_name}" if check.property else check.rule_name
            broken += [Offender(value=name, rows=rows)] if rows else []
        return sorted(broken, key=lambda offender: -offender.rows)

    def _failing_table(self, object_name: str, checks: Sequence[str]) -> str:
        name = f"failing{len(self._found)}"
        self._load(name, n=self._failing(object_name, checks))
        return name

    def _load(self, name: str, **columns: pa.Array) -> None:
        self._connection.register("handed_in", pa.table(columns))
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM handed_in")
        self._connection.unregister("handed_in")

    # --- values -------------------------------------------------------------------------------------------------

    def _transitions(
        self, spec: CheckSpec, rule: changes.Transitions, before: Side, after: Side, pairs: Pairs
    ) -> Measurement:
        after.column(rule.column)
        before.column(rule.column)
        if not is_comparable(rule.column, before, after, same_key=self._same_key):
            raise CannotCompare(unlike(rule.column, before, after), is_fault=False)
        stored, tokenised = after.column(rule.column), after.column(rule.column).tokenised
        kind = stored.type_of_values or stored.type
        if not kind.startswith(_STATE_TYPES[tokenised]):
            raise CannotCompare(f"states are texts, and `{rule.column}` is stored as {kind}", is_fault=True)
        if tokenised and self._key is None:
            raise CannotCompare("the states are kept as tokens, and their secret is not given", is_fault=True)
        say = tokens(self._key) if tokenised and self._key is not None else str
        place = pairs.states.index(rule.column)
        legal, states = f"legal{len(self._found)}", f"states{len(self._found)}"
        known: list[str | None] = [None, *rule.machine.states]
        moves = [(one, other) for one in known for other in rule.legal_after(one)]
        begin = [
            (state, rule.may_begin_in(state, written_since=False), rule.may_begin_in(state, written_since=True))
            for state in known
        ]

        def text(state: str | None) -> str | None:
            return None if state is None else say(state)

        one, other = zip(*moves, strict=True)
        self._load(legal, source=pa.array(map(text, one), pa.string()), target=pa.array(map(text, other), pa.string()))
        every, made, moved_on = zip(*begin, strict=True)
        self._load(states, s=pa.array(map(text, every), pa.string()), made=pa.array(made), moved=pa.array(moved_on))
        absent = ", ".join(literal(say(value)) for value in rule.placeholders)
        b, a = (f"{side}_state{place}" for side in "ba")
        if absent:
            b, a = (f"CASE WHEN {state} NOT IN ({absent}) THEN {state} END" for state in (b, a))
        moved = f"illegal{len(self._found)}"
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {moved} AS "
            f"WITH live AS (SELECT b_row, a_row, {b} AS b, {a} AS a, written_since FROM {pairs.table} WHERE a_live) "
            "SELECT a_row, b_row IS NULL AS is_new, b, a FROM live WHERE CASE WHEN b_row IS NULL "
            f"THEN NOT EXISTS (SELECT 1 FROM {states} s WHERE s.s IS NOT DISTINCT FROM a "
            "AND (s.made OR (s.moved AND written_since))) "
            f"ELSE b IS DISTINCT FROM a AND EXISTS (SELECT 1 FROM {states} s WHERE s.s IS NOT DISTINCT FROM b) "
            f"AND NOT EXISTS (SELECT 1 FROM {legal} l WHERE l.source IS NOT DISTINCT FROM b "
            "AND l.target IS NOT DISTINCT FROM a) END"
        )
        (tested,) = self._row(f"SELECT count(*) FROM {pairs.table} WHERE a_live")
        (failed,) = self._row(f"SELECT count(*) FROM {moved}")
        hidden = spec.restricted or tokenised
        top = self._connection.execute(
            f"SELECT is_new, b, a, count(*), count(*) OVER () FROM {moved} GROUP BY is_new, b, a "
            f"ORDER BY 4 DESC, 1, 2, 3 LIMIT {self._value_limit}"
        ).fetchall()
        offenders = [
            Offender(value=scalar(f"{'(new row)' if new else one or '(empty)'} → {other or '(empty)'}"), rows=rows)
            for new, one, other, rows, _ in top
        ]
        self._found[spec.id] = Found(
            after,
            f"SELECT a_row FROM {moved}",
            offenders=() if hidden else tuple(offenders),
            offenders_total=None if hidden else int(top[0][4]) if top else 0,
            notes=(_VALUES_HIDDEN,) if hidden else (),
        )
        return Measurement(check_id=spec.id, rows_tested=tested, rows_failed=failed)

    def _new_values(self, spec: CheckSpec, rule: changes.NewValues, before: Side, after: Side) -> Measurement:
        seen = [self._measured[check] for check in rule.checks]
        if unknown := [m for m in seen if m.error is not None]:
            raise CannotCompare(f"{unknown[0].check_id} could not be looked at: {unknown[0].error}", is_fault=True)
        after.column(rule.column)
        before.column(rule.column)
        if not is_comparable(rule.column, before, after, same_key=self._same_key):
            raise CannotCompare(unlike(rule.column, before, after), is_fault=False)
        tested = max(m.rows_tested or 0 for m in seen)
        if not any(m.rows_failed for m in seen):
            return Measurement(check_id=spec.id, rows_tested=tested, rows_failed=0)
        failing = self._failing_table(spec.object, rule.checks)
        value, news = quoted(rule.column), f"news{len(self._found)}"
        said = f"CAST({value} AS VARCHAR)"
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {news} AS SELECT file_row_number AS n, {said} AS v FROM {after.source} "
            f"WHERE file_row_number IN (SELECT n FROM {failing}) AND {said} NOT IN "
            f"(SELECT {said} FROM {before.source} WHERE {value} IS NOT NULL)"
        )
        failed, different = self._row(f"SELECT count(*), count(DISTINCT v) FROM {news}")
        hidden = spec.restricted or after.column(rule.column).tokenised
        top = self._connection.execute(
            f"SELECT v, count(*) FROM {news} GROUP BY v ORDER BY 2 DESC, 1 LIMIT {self._value_limit}"
        ).fetchall()
        self._found[spec.id] = Found(
            after,
            f"SELECT n FROM {news}",
            offenders=() if hidden else tuple(Offender(value=scalar(v), rows=rows) for v, rows in top),
            offenders_total=different,
            notes=(_VALUES_HIDDEN,) if hidden else (),
        )
        return Measurement(check_id=spec.id, rows_tested=tested, rows_failed=failed)

    # --- evidence -----------------------------------------------------------------------------------------------

    def evidence(self, spec: CheckSpec, *, key_limit: int = 100) -> Evidence:
        """Which rows, for a check that was measured and did not pass. Never a restricted value, and never a token."""
        found = self._found.get(spec.id)
        if found is None:
            return Evidence(check_id=spec.id, notes=("this check speaks of the whole table, not of single rows",))
        table, notes = self._plan.table(spec.object), list(found.notes)
        keys: tuple[tuple[Scalar, ...], ...] = ()
        urls: tuple[str, ...] = ()
        offenders, total = found.offenders, found.offenders_total
        try:
            keys, urls = keys_of(self._connection, found, table, key_limit, notes)
            if isinstance(spec.rule, changes.InvalidWrites):
                broken = self._broken_rules(spec, spec.rule)
                offenders, total = tuple(broken[: self._value_limit]), len(broken)
        except (duckdb.Error, ObserverError) as error:
            notes.append(f"not all is shown: the rows could not be read again ({type(error).__name__})")
        return Evidence(
            check_id=spec.id,
            key_columns=table.key if keys else (),
            keys=keys,
            urls=urls,
            offenders=offenders,
            offenders_total=total,
            notes=tuple(notes),
        )
