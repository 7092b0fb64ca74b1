"""SQL of a contract → SQL that runs: in another dialect, under physical table names, without soft-deleted rows."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from observer.checks.spec import LiveRows
from observer.errors import EngineError
from observer.sql.dialects import dialect_named


def translate(query: str, *, read: str | None, write: str | None) -> str:
    """One query in another dialect; dialects are sqlglot's names, None is SQL of no particular database.

    Raises EngineError when the query cannot be read, or says what `write` cannot say.
    """
    return _written(_parsed(query, read), write)


def only_live_rows(query: str, dialect: str | None, filters: Mapping[str, LiveRows]) -> str:
    """The query with each table in `filters` replaced by a subquery without its soft-deleted rows.

    Args:
        filters: by the table's name as the query calls it, perhaps qualified; case matters only where it is quoted.
    """
    tree = _parsed(query, dialect)
    for table, key in calls_of(tree, frozenset(filters)):
        subquery = exp.select("*").from_(_bare(table)).where(_alive(filters[key])).subquery(table.alias_or_name)
        for join in table.args.get("joins") or ():
            subquery.append("joins", join)
        table.replace(subquery)
    return _written(tree, dialect)


def with_tables_renamed(query: str, dialect: str | None, names: Mapping[str, str]) -> str:
    """The query with tables called by their physical names: `names` is by the name as the query calls it.

    Columns that are qualified by a renamed table keep working: the old name becomes its alias.
    """
    tree = _parsed(query, dialect)
    for table, key in calls_of(tree, frozenset(names)):
        *schema, name = names[key].split(".")
        renamed = exp.table_(
            exp.to_identifier(name, quoted=True),
            db=exp.to_identifier(schema[-1], quoted=True) if schema else None,
            catalog=exp.to_identifier(schema[-2], quoted=True) if len(schema) > 1 else None,
        )
        alias = table.args.get("alias") or exp.TableAlias(this=table.this.copy())
        renamed.set("alias", alias)
        for join in table.args.get("joins") or ():
            renamed.append("joins", join)
        table.replace(renamed)
    return _written(tree, dialect)


def _parsed(query: str, dialect: str | None) -> exp.Expr:
    try:
        statements = [s for s in dialect_named(dialect).parse(query) if s is not None]
    except (SqlglotError, RecursionError, ValueError) as error:
        raise EngineError(f"the query is not {dialect or 'plain'} SQL", fix="run `observer lint`") from error
    if len(statements) != 1:
        raise EngineError(f"the query has {len(statements)} statements", fix="write one SELECT")
    return statements[0]


def _written(tree: exp.Expr, dialect: str | None) -> str:
    try:
        return tree.sql(dialect_named(dialect), unsupported_level=ErrorLevel.RAISE, comments=False)
    except (SqlglotError, RecursionError) as error:
        raise EngineError(
            f"the query cannot be written in {dialect or 'plain'} SQL", fix="use SQL that both databases understand"
        ) from error


def calls_of(tree: exp.Expr, names: frozenset[str]) -> list[tuple[exp.Table, str]]:
    """Where the query reads one of these tables, with the name under which it was found; WITH names are no tables."""
    top = tree.args.get("with_")
    hidden = {cte.alias.lower() for cte in top.expressions} if top else set()
    folded = {name.lower(): name for name in names}
    found = []
    for table in tree.find_all(exp.Table):
        name = ".".join(part.name for part in table.parts)
        quoted = any(isinstance(part, exp.Identifier) and part.quoted for part in table.parts)
        key = name if name in names else None if quoted else folded.get(name.lower())
        if key is None or (len(table.parts) == 1 and name.lower() in hidden and not _in_own_definition(table, top)):
            continue
        found.append((table, key))
    return found


def _in_own_definition(table: exp.Table, top: exp.Expr | None) -> bool:
    """`WITH leads AS (SELECT … FROM leads)`: inside, the name still means the table."""
    cte = table.find_ancestor(exp.CTE)
    if cte is None or top is None:
        return False
    earlier = []
    for definition in top.expressions:
        if definition is cte:
            break
        earlier.append(definition.alias.lower())
    return table.name.lower() not in earlier


def _bare(table: exp.Table) -> exp.Table:
    bare = table.copy()
    bare.set("alias", None)
    bare.set("joins", None)
    return bare


def _alive(live: LiveRows) -> exp.Expr:
    column = exp.column(exp.to_identifier(live.column, quoted=True))
    if not live.deleted_values:
        return column.is_(exp.null())
    text = exp.Lower(this=exp.cast(column.copy(), "text"))
    return exp.or_(column.copy().is_(exp.null()), exp.not_(text.isin(*live.deleted_texts)))
