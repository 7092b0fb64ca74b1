"""One contract: its tables, what it promises, where its data lives, who answers for it, and how its runs went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from observer.checks.measure import Outcome
from observer.checks.words import duration_text
from observer.contracts.model import SchemaObject, Sla
from observer.runs.slots import Slot
from observer.runs.standing import ContractStanding, Standing, TableStanding
from observer.slo.model import Slo
from observer.store import RunRow
from observer.store.histories import Span
from observer.web.archive import Archive, WatchedContract
from observer.web.views.checks import CheckState, counted, state_of, worst
from observer.web.views.pictures import Line, Point, line
from observer.web.views.spans import span_of


@dataclass(frozen=True, kw_only=True)
class TableLine:
    """One table of the contract."""

    table: SchemaObject
    standing: TableStanding | None
    outcome: Outcome | None
    counts: Mapping[Outcome | None, int]
    checks: int
    #: Fields that nobody owns.
    unowned: int


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One of the contract's own service levels, as it stands now."""

    sentence: str
    table: str | None
    #: None: it is not a check of a table, but counted from incidents.
    state: CheckState | None


@dataclass(frozen=True, kw_only=True)
class ContractPage:
    """What the page of a contract shows."""

    watched: WatchedContract
    standing: ContractStanding
    outcome: Outcome | None
    counts: Mapping[Outcome | None, int]
    tables: tuple[TableLine, ...]
    promises: tuple[Promise, ...]
    levels: tuple[Slo, ...]
    runs: tuple[RunRow, ...]
    slots: tuple[Slot, ...]
    span: Span
    days: int
    trust: Line
    trust_says: str


def contract_page(
    archive: Archive,
    watched: WatchedContract,
    standing: Standing,
    *,
    runs: Sequence[RunRow],
    slots: Sequence[Slot],
    days: int,
    now: datetime,
) -> ContractPage:
    """Raises StoreError."""
    contract = watched.contract
    known = {check.check_id: check for check in standing.checks if check.contract == contract.id}
    states = {spec.id: state_of(spec, known.get(spec.id)) for spec in watched.checks}
    tables = {table.object: table for table in standing.tables if table.contract == contract.id}
    span = span_of(days, archive.begins(contract.id), now)
    trust, says = _trust(archive, contract.id, span)
    return ContractPage(
        watched=watched,
        standing=next(
            (each for each in standing.contracts if each.contract == contract.id),
            ContractStanding(contract=contract.id),
        ),
        outcome=worst(state.outcome for state in states.values()),
        counts=counted(states.values()),
        tables=tuple(_line(watched, table, tables.get(table.name), states) for table in contract.objects),
        promises=tuple(_promises(watched, states)),
        levels=tuple(slo for slo in archive.slos() if slo.indicator.contract == contract.id),
        runs=tuple(runs),
        slots=tuple(slots),
        span=span,
        days=days,
        trust=trust,
        trust_says=says,
    )


def _line(
    watched: WatchedContract, table: SchemaObject, standing: TableStanding | None, states: Mapping[str, CheckState]
) -> TableLine:
    own = [state for state in states.values() if state.spec.object == table.name]
    return TableLine(
        table=table,
        standing=standing,
        outcome=worst(state.outcome for state in own),
        counts=counted(own),
        checks=len(own),
        unowned=sum(watched.contract.owner_of(prop) is None for prop in table.properties),
    )


def _promises(watched: WatchedContract, states: Mapping[str, CheckState]) -> list[Promise]:
    by_sla = {(state.spec.object, state.spec.rule_name): state for state in states.values()}
    found = [
        Promise(sentence=_sla_text(sla), table=sla.object, state=by_sla.get((sla.object, sla.id)))
        for sla in watched.contract.slas
    ]
    named = {"timeToDetect": "is detected", "timeToNotify": "reaches its owner", "timeToRepair": "is repaired"}
    return found + [
        Promise(
            sentence=f"what breaks {named.get(response.kind.value, response.kind.value)} within "
            f"{duration_text(response.limit)}",
            table=None,
            state=None,
        )
        for response in watched.contract.responses
    ]


def _sla_text(sla: Sla) -> str:
    limit, columns = duration_text(sla.limit), " or ".join(sla.columns)
    match sla.kind.value:
        case "freshness":
            return f"the newest {columns} of {sla.object} is at most {limit} old"
        case "frequency":
            return f"a new {columns} comes to {sla.object} at least every {limit}"
        case "latency":
            return f"{' to '.join(sla.columns)} of {sla.object} takes at most {limit}"
        case _:
            return f"no {columns} of {sla.object} is older than {limit}"


def _trust(archive: Archive, contract: str, span: Span) -> tuple[Line, str]:
    runs = archive.past_runs(contract, span)
    points = [
        Point(
            at=run.at,
            value=None if run.trust_score is None else float(run.trust_score),
            text="no score" if run.trust_score is None else str(run.trust_score),
        )
        for run in runs
    ]
    scores = [run.trust_score for run in runs if run.trust_score is not None]
    said = f"{min(scores)} to {max(scores)}, {scores[-1]} last" if scores else "no run had a score"
    return line(points, begins=span.begins, ends=span.ends, low=0.0, high=100.0), said
