"""Where a suite runs: a snapshot's Parquet files in an in-memory DuckDB, or the source itself.

Flows in: TableFiles, or an Engine and TableShapes. Flows out: relations and one open connection. A table that could
not be read, or cannot be set up, is kept with its reason; the others are not touched by it.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from observer.checks.measure import TableFile, TableShape
from observer.checks.spec import ContractPlan, TablePlan
from observer.errors import EngineError
from observer.gx import dialect_words as words
from observer.gx.asking import reason
from observer.gx.dialect_words import CannotSay
from observer.gx.exposing import Exposed, expose
from observer.gx.kinds import Kind, kind_of
from observer.gx.relations import ROW_NUMBER, Relation

#: PostgreSQL sees one instant in one transaction; DuckDB would let one error end a transaction, and needs none.
_ISOLATION = {"postgresql": "REPEATABLE READ", "duckdb": "AUTOCOMMIT"}


class Bench:
    """Open relations over one connection. Close it; not for use by several threads at once."""

    def __init__(
        self, engine: sa.Engine, *, owns_engine: bool, compiled: MutableMapping[Any, Any] | None = None
    ) -> None:
        """`compiled` remembers the text of queries for the next bench on the same engine."""
        self.engine = engine
        #: True for a database of the bench's own, in which it may make temporary tables.
        self.own = owns_engine
        name = str(engine.dialect.name)
        options: dict[str, Any] = {"isolation_level": _ISOLATION[name]} if name in _ISOLATION else {}
        if compiled is not None:
            options["compiled_cache"] = compiled
        try:
            self._connection = engine.connect().execution_options(**options)
        except sa.exc.SQLAlchemyError as error:
            raise EngineError(
                f"the {name} source could not be connected to ({type(error).__name__})",
                fix="check that it is up and that the address and the user are right",
            ) from None
        self.dialect = words.spoken(engine)
        self.relations: dict[str, Relation] = {}
        #: Physical table name → why it cannot be looked at.
        self.errors: dict[str, str] = {}
        self._numbers = count()

    def fetch(self, query: sa.Executable) -> Sequence[Any]:
        """All rows of the query. An error leaves the connection usable for the next one."""
        if self.dialect != "postgresql":
            return self._connection.execute(query).all()
        # One transaction sees one instant; a savepoint keeps an error from ending it.
        with self._connection.begin_nested():
            return self._connection.execute(query).all()

    def fetch_table(self, query: sa.Executable) -> pa.Table:
        """All rows of the query as Arrow; for a bench of its own, which is DuckDB."""
        assert self.own
        cursor: Any = self._connection.execute(query).cursor
        table: pa.Table = cursor.to_arrow_table()
        return table

    def run(self, statement: str) -> None:
        """Execute a statement that gives no rows."""
        self._connection.exec_driver_sql(statement)

    def set_aside(self, query: sa.Select[Any]) -> sa.TableClause:
        """The query's rows, kept as a temporary table until the bench is closed; for a bench of its own."""
        assert self.own
        name = f"set aside {next(self._numbers)}"
        said = query.compile(self.engine, compile_kwargs={"literal_binds": True})
        self.run(f"CREATE TEMP TABLE {self.quoted(name)} AS {said}")
        return _stored(name, None, [column.name for column in query.selected_columns])

    def quoted(self, name: str, schema: str | None = None) -> str:
        """The name as an identifier, always quoted: folding would make another name of it."""
        preparer = self.engine.dialect.identifier_preparer
        parts = [part for part in (schema, name) if part is not None]
        return ".".join(preparer.quote_identifier(part) for part in parts)

    def close(self) -> None:
        """May be called twice."""
        with suppress(sa.exc.SQLAlchemyError):
            self._connection.rollback()
        self._connection.close()
        if self.own:
            self.engine.dispose()


# --- a snapshot in DuckDB ---------------------------------------------------------------------------------------


def snapshot_bench(
    plan: ContractPlan, tables: Sequence[TableFile], *, memory_limit: str | None = None, threads: int | None = None
) -> Bench:
    """One view per table under its physical name; nothing but the snapshot's own files can be read."""
    engine = sa.create_engine(
        "duckdb:///:memory:",
        poolclass=sa.pool.StaticPool,
        query_cache_size=0,
        # DuckDB has no limit, but its dialect shortens names as PostgreSQL's does.
        max_identifier_length=9999,
    )
    bench = Bench(engine, owns_engine=True)
    try:
        bench.run("SET TimeZone = 'UTC'")
        bench.run("SET autoinstall_known_extensions = false")
        if memory_limit is not None:
            bench.run(f"SET memory_limit = '{memory_limit}'")
        if threads is not None:
            bench.run(f"SET threads = {int(threads)}")
        _lock(bench, [t.path for t in tables if t.path is not None])
        schemas: list[str] = []
        for table in tables:
            _add_file(bench, plan, table, schemas)
        path = ",".join(bench.quoted(schema) for schema in ("main", *schemas))
        bench.run("SET search_path = '{}'".format(path.replace("'", "''")))
        bench.run("SET lock_configuration = true")
    except BaseException:
        bench.close()
        raise
    return bench


def _lock(bench: Bench, paths: Sequence[str]) -> None:
    """No file but these, no network, no further extension: queries of a contract run here too."""
    allowed = ", ".join("'{}'".format(path.replace("'", "''")) for path in paths)
    bench.run(f"SET allowed_paths = [{allowed}]")
    bench.run("SET enable_external_access = false")


def _add_file(bench: Bench, plan: ContractPlan, table: TableFile, schemas: list[str]) -> None:
    name = table.plan.physical_name
    if table.path is None or table.shape.error is not None:
        bench.errors[name] = table.shape.error or "the table is not in the snapshot"
        return
    if alike := _alike_in_duckdb(column.name for column in table.shape.columns):
        one, other = alike
        bench.errors[name] = f"DuckDB cannot tell `{one}` from `{other}`; use --execution pushdown"
        return
    source = "read_parquet('{}')".format(table.path.replace("'", "''"))
    try:
        described = bench.fetch(sa.text(f"DESCRIBE SELECT * FROM {source}".replace(":", "\\:")))
        types = {str(row[0]): kind_of(str(row[1])) for row in described}
        kinds = {column: types[column] for column in table.plan.columns if column in types}
        raw_name = f"parquet of {name}"
        # A table may have a column of that name itself: then its rows have no numbers.
        numbered = ROW_NUMBER not in (column.lower() for column in types)
        raw = f"{source[:-1]}, file_row_number = true)" if numbered else source
        bench.run(f"CREATE VIEW {bench.quoted(raw_name)} AS SELECT * FROM {raw}")
        stored = _stored(raw_name, None, kinds)
        exposed = expose(table.plan, plan.checks, stored, kinds, bench.dialect, bench.fetch)
        schema, _, short = name.rpartition(".")
        if schema:
            schema = schema.rpartition(".")[2]
            bench.run(f"CREATE SCHEMA IF NOT EXISTS {bench.quoted(schema)}")
            schemas += [] if schema in schemas else [schema]
        select = _select(stored, exposed).compile(bench.engine, compile_kwargs={"literal_binds": True})
        if _live_unknown(table.plan, kinds) is None:
            # Queries of the contract must not take its dead rows for live ones.
            bench.run(f"CREATE VIEW {bench.quoted(short, schema or None)} AS {select}")
    except (sa.exc.SQLAlchemyError, CannotSay) as error:
        bench.errors[name] = f"the snapshot of the table cannot be read: {reason(error)}"
        return
    view = _stored(short, schema or None, exposed.columns)
    rows = sa.select(*view.c).select_from(view).subquery("batch")
    relation = _relation(table.plan, rows, exposed)
    if numbered:
        place = _select(stored, exposed).add_columns(words.column(ROW_NUMBER)).subquery("numbered")
        relation = replace(relation, numbered=place)
    bench.relations[name] = relation


def _alike_in_duckdb(columns: Iterable[str]) -> tuple[str, str] | None:
    """Two columns of a table whose names differ in case only."""
    known: dict[str, str] = {}
    for column in dict.fromkeys(columns):
        if (other := known.setdefault(column.lower(), column)) != column:
            return other, column
    return None


# --- the source itself ------------------------------------------------------------------------------------------


def source_bench(plan: ContractPlan, engine: sa.Engine, shapes: Sequence[TableShape]) -> Bench:
    """The tables where they are; columns and types as the shapes say."""
    bench = Bench(engine, owns_engine=False)
    by_name = {shape.physical_name: shape for shape in shapes}
    try:
        for table in plan.tables:
            _add_table(bench, plan, table, by_name.get(table.physical_name))
    except BaseException:
        bench.close()
        raise
    return bench


def _add_table(bench: Bench, plan: ContractPlan, table: TablePlan, shape: TableShape | None) -> None:
    name = table.physical_name
    if shape is None or shape.error is not None:
        bench.errors[name] = shape.error if shape and shape.error else f"the table `{name}` was not described"
        return
    try:
        stored, kinds = stored_table(bench, shape)
        exposed = expose(table, plan.checks, stored, kinds, bench.dialect, bench.fetch)
    except (sa.exc.SQLAlchemyError, CannotSay) as error:
        bench.errors[name] = f"the table `{name}` cannot be read: {reason(error)}"
        return
    rows = _select(stored, exposed).subquery("batch")
    bench.relations[name] = _relation(table, rows, exposed)


def stored_table(bench: Bench, shape: TableShape) -> tuple[sa.TableClause, dict[str, Kind]]:
    """The table as it stands in the source, and what its columns hold."""
    kinds = {column.name: kind_of(column.type) for column in shape.columns}
    if bench.dialect in words.MYSQL:
        # MySQL's TIMESTAMP is an instant; its DATETIME is not.
        instants = [column.name for column in shape.columns if column.type.lower().startswith("timestamp")]
        kinds |= dict.fromkeys(instants, Kind.TIMESTAMP_TZ)
        # Its BOOLEAN is a tinyint(1), which may hold 7: its values must be looked at.
        kinds |= {name: Kind.INTEGER for name, kind in kinds.items() if kind is Kind.BOOLEAN}
    schema, short = _place(bench, shape.physical_name)
    return _stored(short, schema, kinds), kinds


def _place(bench: Bench, name: str) -> tuple[str | None, str]:
    """Schema and name: a table of just this name comes first, then every way to cut it at a dot."""
    ways: list[tuple[str | None, str]] = [(None, name)]
    ways += [(name[:i], name[i + 1 :]) for i, letter in enumerate(name) if letter == "."]
    for schema, short in ways[:-1]:
        query = sa.select(sa.literal(1)).select_from(_stored(short, schema, {})).limit(1)
        with suppress(sa.exc.SQLAlchemyError):
            bench.fetch(query)
            return schema, short
    return ways[-1]


# --- both -------------------------------------------------------------------------------------------------------


def _stored(name: str, schema: str | None, names: Iterable[str]) -> sa.TableClause:
    def exact(text: str) -> sa.quoted_name:
        return sa.quoted_name(text, quote=True)

    columns: list[sa.ColumnClause[Any]] = [sa.column(exact(column)) for column in names]
    return sa.table(exact(name), *columns, schema=exact(schema) if schema else None)


def _select(stored: sa.FromClause, exposed: Exposed) -> sa.Select[Any]:
    columns = [expression.label(sa.quoted_name(name, quote=True)) for name, expression in exposed.columns.items()]
    query = sa.select(*(columns or [sa.literal(1).label("no_column")])).select_from(stored)
    return query if exposed.where is None else query.where(exposed.where)


def _relation(table: TablePlan, rows: sa.FromClause, exposed: Exposed) -> Relation:
    return Relation(
        name=table.physical_name,
        rows=rows,
        kinds=exposed.kinds,
        untyped=exposed.untyped,
        zoned=exposed.zoned,
        placeholders=dict(table.placeholders),
        rows_error=_live_unknown(table, exposed.kinds),
    )


def _live_unknown(table: TablePlan, kinds: Iterable[str]) -> str | None:
    """Without its deleted flag, a dead row would pass for a live one."""
    flag = table.live_rows
    if flag is None or flag.column in kinds:
        return None
    return f"which rows are deleted is not known: the table has no column `{flag.column}`"
