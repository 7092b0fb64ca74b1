"""Which SQL of a contract may run: one SELECT over its tables and columns that gives one value. Fails closed.

The query is parsed, not searched: what the parser does not know, and every function that is not listed here as free of
side effects, is refused. This guard stands in front of sessions that are read-only anyway.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from observer.contracts.problems import Complaint
from observer.sql.columns import Columns, columns_problem
from observer.sql.dialects import dialect_named, dialect_problem
from observer.sql.functions import NAMED, TYPED

# The guard says itself, in its own words, what sqlglot would log about unknown statements.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

#: Longer ones belong into a view.
MAX_LENGTH = 20_000
_PLACEHOLDER = re.compile(r"\$?\{(object|property|table|column|schema)\}")
_FIX = "write one SELECT over the tables of this contract that gives one value"

_FORBIDDEN: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.DML, "it writes"),
    (exp.DDL, "it changes the database"),
    (exp.Command, "it is a command"),
    (exp.Into, "SELECT INTO creates a table"),
    (exp.Lock, "FOR UPDATE locks rows"),
    (exp.Placeholder, "it has a placeholder that nothing fills"),
    (exp.Parameter, "it reads a variable"),
    (exp.SessionParameter, "it reads a session variable"),
    (exp.PropertyEQ, "it sets a variable"),
    (exp.Lateral, "it calls a function as a table"),
    (exp.TableFromRows, "it calls a function as a table"),
    (exp.TableSample, "a sample gives another value each time"),
    (exp.Pivot, "PIVOT is not supported"),
    (exp.Hint, "it holds hints"),
)


def problem_with(query: str, dialect: str | None, tables: Mapping[str, Columns]) -> Complaint | None:
    """Why `query` may not run, or None.

    Args:
        query: as written in the contract; `{object}` and the like are filled already (see `fill_placeholders`).
        dialect: sqlglot's name; None for SQL of no particular database.
        tables: by the names under which the contract's tables may be called, perhaps qualified (`sales.leads`).
    """
    if complaint := dialect_problem(dialect):
        return complaint
    if left := _PLACEHOLDER.search(query):
        fix = "write {object} for the table, and {property} only in a rule of a property"
        return Complaint(f"`{left[0]}` stands for nothing here", fix)
    if "/*!" in query or "/*M!" in query:
        return Complaint("the query hides SQL in a comment (/*! … */)", "remove the comment")
    if len(query) > MAX_LENGTH:
        return Complaint(
            f"the query has {len(query):,} characters, the limit is {MAX_LENGTH:,}", "create a view for it"
        )
    try:
        statements = [s for s in dialect_named(dialect).parse(query) if s is not None]
    except (SqlglotError, RecursionError) as error:
        where = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        near = f" near `{where['highlight']}`" if where.get("highlight") else ""
        spoken = f"{dialect} SQL" if dialect else "SQL"
        return Complaint(f"the query is not {spoken}{near}", "correct it, or declare the server whose SQL it is")
    except (ValueError, TypeError, AttributeError, KeyError, IndexError):
        return Complaint("the query cannot be parsed", _FIX)
    if len(statements) != 1:
        return Complaint(f"the query has {len(statements)} statements, one is allowed", _FIX)
    if message := next(_complaints(statements[0], frozenset(tables)), None):
        return Complaint(message, _FIX)
    return columns_problem(statements[0], dialect, tables)


def _complaints(statement: exp.Expr, tables: frozenset[str]) -> Iterator[str]:
    root = statement
    while isinstance(root, (exp.Subquery, exp.Paren)):
        root = root.this
    if not isinstance(root, (exp.Select, exp.SetOperation)):
        yield f"the query is no SELECT but {type(root).__name__.upper()}"
        return
    for node in root.walk():
        for kind, why in _FORBIDDEN:
            if isinstance(node, kind) and not isinstance(node, (exp.Select, exp.SetOperation, exp.CTE, exp.Subquery)):
                yield f"the query is refused: {why}"
        if isinstance(node, exp.Func) and not _is_harmless(node):
            yield f"function {_name_of(node)} is not on the list of functions without side effects"
    yield from _output_complaints(root)
    yield from _table_complaints(root, tables)


def _is_harmless(call: exp.Func) -> bool:
    if isinstance(call, exp.Anonymous):
        return str(call.this).lower() in NAMED and not isinstance(call.parent, exp.Table)
    if isinstance(call.parent, (exp.Table, exp.From, exp.Join)):
        return isinstance(call.parent, exp.Join) and call.arg_key != "this"
    name = type(call).__name__
    if isinstance(call, (exp.ArrayAgg, exp.GroupConcat)):
        return True
    if isinstance(call, exp.AnonymousAggFunc) or name.startswith("AI"):
        return False
    return isinstance(call, (exp.AggFunc, exp.Connector, exp.Binary)) or name in TYPED


def _name_of(call: exp.Func) -> str:
    return str(call.this) if isinstance(call, exp.Anonymous) else call.sql_name()


def _output_complaints(root: exp.Expr) -> Iterator[str]:
    left = root
    while isinstance(left, exp.SetOperation):
        left = left.this
        while isinstance(left, (exp.Subquery, exp.Paren)):
            left = left.this
    outputs = left.args.get("expressions") or [] if isinstance(left, exp.Select) else []
    if len(outputs) != 1:
        yield f"the query gives {len(outputs)} columns, one value is needed"
    for output in outputs:
        inner = output.unalias() if isinstance(output, exp.Alias) else output
        if isinstance(inner, exp.Star) or (isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)):
            yield "the query selects *, one value is needed"


def _table_complaints(root: exp.Expr, tables: frozenset[str]) -> Iterator[str]:
    """Every table is one of the contract's, or a WITH name defined above it. WITH stands only at the top."""
    top = root.args.get("with_")
    for nested in root.find_all(exp.With):
        if nested is not top:
            yield "WITH stands inside the query; write it at the top"
    if top is None:
        yield from _unknown_tables(root, tables, frozenset(), skip=None)
        return
    if top.args.get("recursive"):
        yield "WITH RECURSIVE may never end"
    visible: frozenset[str] = frozenset()
    for cte in top.expressions:
        yield from _unknown_tables(cte, tables, visible, skip=None)
        visible |= {cte.alias.lower()}
    yield from _unknown_tables(root, tables, visible, skip=top)


def _unknown_tables(
    part: exp.Expr, tables: frozenset[str], visible: frozenset[str], *, skip: exp.Expr | None
) -> Iterator[str]:
    folded = {name.lower() for name in tables}
    for table in part.find_all(exp.Table):
        if skip is not None and any(ancestor is skip for ancestor in _ancestors(table)):
            continue
        if not isinstance(table.this, exp.Identifier):
            yield "the query calls a function as a table"
            continue
        parts = [p.name for p in table.parts]
        name = ".".join(parts)
        if len(parts) == 1 and name.lower() in visible:
            continue
        quoted = any(isinstance(p, exp.Identifier) and p.quoted for p in table.parts)
        if name not in tables and (quoted or name.lower() not in folded):
            yield f"table `{name}` is not part of this contract"


def _ancestors(node: exp.Expr) -> Iterator[exp.Expr]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def fill_placeholders(query: str, dialect: str | None, *, table: str, column: str | None) -> str:
    """`{object}`, `${table}` → the quoted table; `{property}`, `${column}` → the quoted column, where there is one.

    A qualified table (`sales.leads`) is quoted part by part. Raises ValueError when sqlglot does not know the dialect.
    """
    flavour = dialect_named(dialect)

    def quoted(name: str) -> str:
        return ".".join(exp.to_identifier(part, quoted=True).sql(flavour) for part in name.split("."))

    def fill(found: re.Match[str]) -> str:
        if found[1] in ("object", "table"):
            return quoted(table)
        return quoted(column) if found[1] in ("property", "column") and column else found[0]

    return _PLACEHOLDER.sub(fill, query)
