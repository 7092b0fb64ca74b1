"""Which columns a query reads and shows: only columns of the contract, and no value of a restricted one. Fails closed.

In: a parsed SELECT whose tables are the contract's, and the columns of those. Out: complaints. Case is not looked at.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from observer.contracts.problems import Complaint
from observer.sql.dialects import dialect_named
from observer.sql.translate import calls_of

#: What tells whether, or how many, and not what: the value of a column does not come out of these.
_SHELTERS = (exp.Count, exp.Predicate, exp.RegexpLike, exp.RegexpILike)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of a table that a query may read, by physical name."""

    names: frozenset[str]
    #: Those whose values may not be shown.
    restricted: frozenset[str] = frozenset()


def columns_problem(statement: exp.Expr, dialect: str | None, tables: Mapping[str, Columns]) -> Complaint | None:
    """Why the columns that the query reads forbid it to run, or None. `tables`: as the query may call them."""
    flavour = dialect_named(dialect)
    tree = statement.copy()
    known = {f"contracted table {i}": tables[name] for i, name in enumerate(tables)}
    places = dict(zip(tables, known, strict=True))
    try:
        _fold(tree, places)
        schema: dict[str, object] = {
            t: {c.lower(): "unknown" for c in columns.names} or {"": "unknown"} for t, columns in known.items()
        }
        tree = qualify(
            tree,
            dialect=flavour,
            schema=MappingSchema(schema, dialect=flavour, normalize=False),
            validate_qualify_columns=False,
            allow_partial_qualification=True,
            quote_identifiers=False,
        )
        reading = _Reading(known, {id(scope.expression): scope for scope in traverse_scope(tree)})
        return next(reading.complaints(tree), None)
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return Complaint("it cannot be told which columns the query reads", "name each column as table.column")


def _fold(tree: exp.Expr, places: Mapping[str, str]) -> None:
    """Tables under names of their own, everything in lower case, `sales.leads.id` as `leads.id`."""
    qualified = {tuple(part.lower() for part in name.split(".")[-2:]) for name in places}
    for table, key in calls_of(tree, frozenset(places)):
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
        for part in ("db", "catalog"):
            table.set(part, None)
        table.set("this", exp.to_identifier(places[key], quoted=True))
        table.set("alias", alias)
    for name in tree.find_all(exp.Identifier):
        name.set("this", str(name.this).lower())
        name.set("quoted", True)
    for column in tree.find_all(exp.Column):
        if column.db and (column.db, column.table) in qualified:
            column.set("db", None)
            column.set("catalog", None)


def _outputs_named(scope: Scope) -> list[str]:
    if not isinstance(scope.expression, exp.Query):
        raise ValueError(f"no query: {type(scope.expression).__name__}")
    return scope.expression.named_selects


@dataclass
class _Reading:
    """A qualified query: every column that could be resolved names its table."""

    known: Mapping[str, Columns]
    scopes: Mapping[int, Scope]
    _shown: dict[int, list[str | None]] = field(default_factory=dict)

    def complaints(self, tree: exp.Expr) -> Iterator[Complaint]:
        for row in tree.find_all(exp.TableColumn):
            yield Complaint(f"`{row.name}` stands for a whole row", "name the column, or write count(*)")
        for star in tree.find_all(exp.Star):
            if star.find_ancestor(exp.Count, exp.Exists, exp.Select) is star.find_ancestor(exp.Select):
                yield Complaint("the query reads *, the whole row", "name the columns")
        for column in tree.find_all(exp.Column):
            if not isinstance(column.this, exp.Star) and (complaint := self._unknown(column)):
                yield complaint
        for name in self._outputs(tree):
            if name is not None:
                yield Complaint(
                    f"the query shows a value of the restricted column `{name}`",
                    "count rows instead: restricted columns may stand in count(…), comparisons and IS NULL",
                )

    def _unknown(self, column: exp.Column) -> Complaint | None:
        source = self._source(column)
        if source is not None and column.name in self._names(source):
            return None
        here = [s for scope in self._around(column) for s in scope.sources.values()]
        if not column.table:
            select = column.find_ancestor(exp.Select, exp.SetOperation)
            if column.find_ancestor(exp.Order) and select is not None and column.name in select.named_selects:
                return None
            if sum(column.name in self._names(s) for s in here) > 1:
                return Complaint(f"column `{column.name}` is in several tables", "write table.column")
        near = difflib.get_close_matches(column.name, sorted({n for s in here for n in self._names(s)}), n=1)
        hint = f"did you mean `{near[0]}`? Else " if near else ""
        return Complaint(
            f"column `{column.name}` is not in this contract", f"{hint}add it to the properties of the table it is in"
        )

    def _around(self, column: exp.Expr) -> Iterator[Scope]:
        """The scopes that the column stands in, innermost first."""
        node: exp.Expr | None = column
        while node is not None:
            if scope := self.scopes.get(id(node)):
                yield scope
            node = node.parent

    def _source(self, column: exp.Column) -> exp.Expr | Scope | None:
        return next((s.sources[column.table] for s in self._around(column) if column.table in s.sources), None)

    def _names(self, source: exp.Expr | Scope) -> frozenset[str]:
        if isinstance(source, Scope):
            return frozenset(_outputs_named(source))
        columns = self.known.get(source.name)
        return frozenset(name.lower() for name in columns.names) if columns else frozenset()

    def _outputs(self, query: exp.Expr) -> list[str | None]:
        """Per output of the query, the restricted column whose value comes out of it, or None."""
        if id(query) not in self._shown:
            self._shown[id(query)] = self._outputs_of(query)
        return self._shown[id(query)]

    def _outputs_of(self, query: exp.Expr) -> list[str | None]:
        if isinstance(query, exp.SetOperation):
            both = zip(self._outputs(query.left), self._outputs(query.right), strict=True)
            return [left or right for left, right in both]
        if isinstance(query, exp.Subquery | exp.Paren):
            return self._outputs(query.this)
        if not isinstance(query, exp.Select):
            raise ValueError(f"no query: {type(query).__name__}")
        return [next(self._revealed(output), None) for output in query.selects]

    def _revealed(self, output: exp.Expr) -> Iterator[str]:
        for column in output.find_all(exp.Column):
            if isinstance(column.this, exp.Star):
                continue
            node: exp.Expr | None = column.parent if column is not output else None
            while node is not None and node is not output.parent and not isinstance(node, _SHELTERS):
                node = node.parent
            if not isinstance(node, _SHELTERS) and (name := self._restricted(column)):
                yield name

    def _restricted(self, column: exp.Column) -> str | None:
        source = self._source(column)
        if isinstance(source, Scope):
            outputs = dict(zip(_outputs_named(source), self._outputs(source.expression), strict=True))
            return outputs[column.name]
        if source is None:
            return None
        hidden = {name.lower(): name for name in self.known[source.name].restricted}
        return hidden.get(column.name)
