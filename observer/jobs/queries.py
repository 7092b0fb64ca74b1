"""The SQL of contracts on its way to a bench: placeholders filled in, guarded, translated, only live rows."""

from __future__ import annotations

from observer.checks.rules import SqlValue
from observer.checks.spec import CheckSpec, ContractPlan
from observer.errors import EngineError
from observer.sql.columns import Columns
from observer.sql.guard import fill_placeholders, problem_with
from observer.sql.translate import only_live_rows, translate, with_tables_renamed

#: A database that takes files for tables (DuckDB) is not to be asked for one.
_PATH = frozenset("/\\")


class QueryDesk:
    """Readies the queries of one plan for one bench."""

    def __init__(self, plan: ContractPlan, *, source_dialect: str, bench_dialect: str, live: bool = False) -> None:
        """`live`: the bench's tables hold no soft-deleted rows, as the views of a snapshot do."""
        #: Queries may call a table by the name of its object or by its physical name; a path is no table.
        self._names = {
            name: table.physical_name
            for table in plan.tables
            for name in (table.physical_name, table.object)
            if not _PATH.intersection(table.physical_name)
        }
        columns = {t.physical_name: Columns(names=frozenset(t.columns), restricted=t.restricted) for t in plan.tables}
        self._columns = {name: columns[physical] for name, physical in self._names.items()}
        self._live = {} if live else {t.physical_name: t.live_rows for t in plan.tables if t.live_rows}
        self._source_dialect = source_dialect
        self._bench_dialect = bench_dialect

    def query(self, spec: CheckSpec) -> str:
        """The query of a SqlValue check in the bench's own dialect.

        Raises:
            EngineError: it is not one read-only SELECT over contracted columns, shows a restricted value, or cannot be
                said on this bench.
        """
        rule = spec.rule
        assert isinstance(rule, SqlValue)
        written_in = rule.dialect or self._source_dialect
        text = fill_placeholders(rule.query, written_in, table=rule.table, column=rule.column or None)
        if complaint := problem_with(text, written_in, self._columns):
            raise EngineError(complaint.message, fix=complaint.fix)
        text = with_tables_renamed(text, written_in, self._names)
        text = only_live_rows(text, written_in, self._live)
        return translate(text, read=written_in, write=self._bench_dialect)
