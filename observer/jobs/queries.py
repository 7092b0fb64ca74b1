"""The SQL of contracts on its way to a bench: placeholders filled in, guarded, translated, only live rows."""

from __future__ import annotations

from observer.checks.rules import SqlValue
from observer.checks.spec import CheckSpec, ContractPlan
from observer.errors import EngineError
from observer.sql import expand, only_live_rows, problem_with, translate


class QueryDesk:
    """Readies the queries of one plan for one bench."""

    def __init__(self, plan: ContractPlan, *, source_dialect: str, bench_dialect: str) -> None:
        self._tables = frozenset(table.physical_name for table in plan.tables)
        self._live = {t.physical_name: t.live_rows for t in plan.tables if t.live_rows}
        self._source_dialect = source_dialect
        self._bench_dialect = bench_dialect

    def query(self, spec: CheckSpec) -> str:
        """The query of a SqlValue check in the bench's own dialect.

        Raises:
            EngineError: it is not one read-only SELECT over contracted tables.
        """
        rule = spec.rule
        assert isinstance(rule, SqlValue)
        written_in = rule.dialect or self._source_dialect
        text = expand(rule.query, dialect=written_in, table=rule.table, column=rule.column)
        if reason := problem_with(text, written_in, self._tables):
            raise EngineError(reason, fix="mend the query in the contract; `observer lint` shows its line")
        if self._bench_dialect != "duckdb":
            # On a snapshot the views leave soft-deleted rows out already.
            text = only_live_rows(text, written_in, self._live)
        return translate(text, read=written_in, write=self._bench_dialect)
