"""From the source to those who use it: per table the snapshot, the suite, the service levels, and the consumers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observer.checks.measure import Outcome
from observer.contracts.model import SchemaObject
from observer.runs.standing import Standing, TableStanding
from observer.store import KeptSnapshot
from observer.web.archive import WatchedContract
from observer.web.views.checks import CheckState, counted, state_of, worst

if TYPE_CHECKING:
    from observer.reports.slo_status import Level


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """Somebody, or something, that uses fields of a table."""

    name: str
    fields: tuple[str, ...]
    #: Worst of what is known of those fields; None: nobody looked at any of them.
    outcome: Outcome | None


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One table on its way."""

    table: SchemaObject
    #: As the database names it.
    physical_name: str
    standing: TableStanding | None
    outcome: Outcome | None
    counts: Mapping[Outcome | None, int]
    checks: int
    suite: str
    levels: tuple[Level, ...]
    consumers: tuple[Consumer, ...]
    #: Tables that its rows refer to: `contract: table`, once each.
    refers_to: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One contract from its source to its consumers."""

    watched: WatchedContract
    #: As it may be shown; None: it never ran.
    source: str | None
    #: Newest first.
    kept: tuple[KeptSnapshot, ...]
    lanes: tuple[Lane, ...]


def flow(
    watched: WatchedContract,
    standing: Standing,
    levels: Iterable[Level],
    *,
    source: str | None,
    kept: Sequence[KeptSnapshot],
) -> Flow:
    """One contract."""
    contract = watched.contract
    known = {check.check_id: check for check in standing.checks if check.contract == contract.id}
    states = [state_of(spec, known.get(spec.id)) for spec in watched.checks]
    tables = {table.object: table for table in standing.tables if table.contract == contract.id}
    own = [level for level in levels if level.slo.indicator.contract == contract.id]
    return Flow(
        watched=watched,
        source=source,
        kept=tuple(kept),
        lanes=tuple(
            _lane(table, contract.id, [s for s in states if s.spec.object == table.name], tables.get(table.name), own)
            for table in contract.objects
        ),
    )


def _lane(
    table: SchemaObject,
    contract: str,
    states: Sequence[CheckState],
    standing: TableStanding | None,
    levels: Sequence[Level],
) -> Lane:
    return Lane(
        table=table,
        physical_name=table.physical_name,
        standing=standing,
        outcome=worst(state.outcome for state in states),
        counts=counted(states),
        checks=len(states),
        suite=f"{contract}.{table.name}",
        levels=tuple(level for level in levels if level.slo.object in (table.name, None)),
        consumers=_consumers(table, states),
        refers_to=tuple(
            dict.fromkeys(
                f"{relation.to_contract}: {relation.to_object}"
                for relations in (table.relationships, *(prop.relationships for prop in table.properties))
                for relation in relations
            )
        ),
    )


def _consumers(table: SchemaObject, states: Sequence[CheckState]) -> tuple[Consumer, ...]:
    fields: dict[str, list[str]] = {}
    for prop in table.properties:
        for name in prop.consumers:
            fields.setdefault(name, []).append(prop.name)
    return tuple(
        Consumer(
            name=name,
            fields=tuple(used),
            outcome=worst(state.outcome for state in states if state.spec.property in used),
        )
        for name, used in sorted(fields.items())
    )
