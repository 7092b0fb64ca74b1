"""One table: its fields and rules with what is known of each, how full and how fresh it was, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from observer.checks.measure import Outcome
from observer.checks.rules import Fresh, Present
from observer.checks.spec import CheckSpec
from observer.contracts.model import Dimension, Property, SchemaObject
from observer.runs.standing import Standing, TableStanding
from observer.slo.model import Slo
from observer.store.histories import Span
from observer.web.archive import Archive, WatchedContract
from observer.web.views.checks import (
    CheckState,
    Multiple,
    completeness,
    counted,
    freshness,
    rows_course,
    state_of,
    worst,
)
from observer.web.views.spans import span_of

#: Columns of the matrix, and the dimensions that each holds: a column for each would be nearly empty.
COLUMNS = (
    ("Completeness", frozenset({Dimension.COMPLETENESS})),
    ("Validity", frozenset({Dimension.VALIDITY})),
    (
        "Uniqueness, consistency, time",
        frozenset({Dimension.UNIQUENESS, Dimension.CONSISTENCY, Dimension.FRESHNESS, Dimension.VOLUME}),
    ),
)


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """One field and its rules; None for what the table as a whole must hold."""

    field: Property | None
    name: str
    #: Type and what is said of it: "string, restricted".
    kind: str
    owner: str | None
    #: Whether the owner is the contract's, for the field has none of its own.
    owner_of_contract: bool
    #: The field's own; that of the contract stands with the whole table.
    steward: str | None
    consumers: tuple[str, ...]
    #: One per column of the page, in its order.
    cells: tuple[tuple[CheckState, ...], ...]
    levels: tuple[Slo, ...]

    @property
    def outcome(self) -> Outcome | None:
        return worst(state.outcome for cell in self.cells for state in cell)

    @property
    def checks(self) -> int:
        return sum(len(cell) for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class TablePage:
    """What the page of a table shows."""

    watched: WatchedContract
    table: SchemaObject
    standing: TableStanding | None
    outcome: Outcome | None
    counts: Mapping[Outcome | None, int]
    #: What the columns of the matrix look at; columns without any check are left out.
    columns: tuple[str, ...]
    fields: tuple[FieldRow, ...]
    #: Checks that somebody has to look at, gravest first, and the others.
    open: tuple[CheckState, ...]
    settled: tuple[CheckState, ...]
    #: Check id → where on the page it is told in full.
    anchors: Mapping[str, str]
    days: int
    span: Span
    runs: int
    freshness: tuple[Multiple, ...]
    rows: Multiple
    #: Those that broke their limit, or could not tell, come first.
    completeness: tuple[Multiple, ...]
    levels: tuple[Slo, ...]


def table_page(
    archive: Archive, watched: WatchedContract, table: SchemaObject, standing: Standing, *, days: int, now: datetime
) -> TablePage:
    """Raises StoreError."""
    specs = [spec for spec in watched.checks if spec.object == table.name]
    known = {check.check_id: check for check in standing.checks if check.contract == watched.contract.id}
    states = {spec.id: state_of(spec, known.get(spec.id)) for spec in specs}
    filled = [spec for spec in specs if isinstance(spec.rule, Present) and spec.property is not None]
    fresh = [spec for spec in specs if isinstance(spec.rule, Fresh)]
    span = span_of(days, archive.begins(watched.contract.id), now)
    ids = [spec.id for spec in (*filled, *fresh)]
    history = archive.past_table(watched.contract.id, table.name, span, checks=ids, glanced=[spec.id for spec in fresh])
    levels = tuple(
        slo for slo in archive.slos() if slo.indicator.contract == watched.contract.id and slo.object == table.name
    )
    multiples = [completeness(spec, history.results.get(spec.id, ()), span, states[spec.id]) for spec in filled]
    ranked = tuple(sorted(states.values(), key=_gravity))
    columns = tuple(
        (name, dimensions) for name, dimensions in COLUMNS if any(spec.dimension in dimensions for spec in specs)
    )
    return TablePage(
        watched=watched,
        table=table,
        standing=next(
            (each for each in standing.tables if (each.contract, each.object) == (watched.contract.id, table.name)),
            None,
        ),
        outcome=worst(state.outcome for state in states.values()),
        counts=counted(states.values()),
        columns=tuple(name for name, _ in columns),
        fields=_fields(watched, table, specs, states, [dimensions for _, dimensions in columns], levels),
        open=tuple(state for state in ranked if state.is_open),
        settled=tuple(state for state in ranked if not state.is_open),
        anchors={state.spec.id: f"check-{place}" for place, state in enumerate(ranked, 1)},
        days=days,
        span=span,
        runs=len(history.runs),
        freshness=tuple(freshness(spec, history, span, states[spec.id]) for spec in fresh),
        rows=rows_course(history, span),
        completeness=tuple(sorted(multiples, key=_interest)),
        levels=levels,
    )


_GRAVEST = {Outcome.FAILED: 0, Outcome.ERRORED: 1, Outcome.WARNED: 2, None: 3}


def _gravity(state: CheckState) -> tuple[int, int]:
    return _GRAVEST.get(state.outcome, 4), -((state.standing.rows_failed or 0) if state.standing else 0)


def _interest(multiple: Multiple) -> tuple[int, int]:
    """What is wrong now, what was wrong, what could not be seen; then the order of the contract."""
    return _GRAVEST.get(multiple.outcome, 4), -len(multiple.picture.broken) - len(multiple.picture.unknown)


def _fields(
    watched: WatchedContract,
    table: SchemaObject,
    specs: Sequence[CheckSpec],
    states: Mapping[str, CheckState],
    columns: Sequence[frozenset[Dimension]],
    levels: Sequence[Slo],
) -> tuple[FieldRow, ...]:
    """What the whole table must hold first, then its fields in the order of the contract."""
    contract = watched.contract
    rows = []
    for prop in (None, *table.properties):
        name = None if prop is None else prop.name
        own = [states[spec.id] for spec in specs if spec.property == name]
        if prop is None and not own:
            continue
        rows.append(
            FieldRow(
                field=prop,
                name="whole table" if prop is None else prop.name,
                kind=_kind(prop),
                owner=contract.owner_of(prop),
                owner_of_contract=prop is None or prop.owner is None,
                steward=prop.steward if prop else contract.steward,
                consumers=prop.consumers if prop else (),
                cells=tuple(
                    tuple(state for state in own if state.spec.dimension in dimensions) for dimensions in columns
                ),
                levels=tuple(slo for slo in levels if slo.property == name),
            )
        )
    return tuple(rows)


def _kind(prop: Property | None) -> str:
    return "" if prop is None else prop.logical_type.value or prop.physical_type or ""
