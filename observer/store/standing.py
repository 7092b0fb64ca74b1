"""How things stand, read in one transaction for metrics and web. In: a connection. Out: a Standing without ticks."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, select

from observer.checks.measure import Outcome
from observer.contracts.model import Dimension, Severity
from observer.runs.leading import LEADER
from observer.runs.slots import SlotState
from observer.runs.standing import CheckStanding, ContractStanding, LeaderStanding, Standing, TableStanding
from observer.store import tables as t
from observer.store.database import Database
from observer.store.outbox import outbox_depths

#: Word → value: a look-up where thousands are read.
_DIMENSIONS = {dimension.value: dimension for dimension in Dimension}
_SEVERITIES = {severity.value: severity for severity in Severity}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def read_standing(database: Database) -> Standing:
    """The latest of every contract that ran by a slot or is due, its checks, the outbox, and who leads."""
    with database.transaction(one_instant=True) as connection:
        return Standing(
            contracts=_contracts(connection),
            tables=_tables(connection),
            checks=_checks(connection),
            outbox=outbox_depths(connection, now=database.now(connection)),
            leader=_leader(connection),
        )


def _contracts(connection: Connection) -> tuple[ContractStanding, ...]:
    s, r, snap = t.contract_standings, t.runs, t.snapshots
    of = t.slots.c.contract
    waiting = select(of, func.count()).where(t.slots.c.state == SlotState.DUE.value).group_by(of)
    due: dict[str, int] = {row[0]: row[1] for row in connection.execute(waiting)}
    query = (
        select(s, r, snap.c.bytes.label("snapshot_bytes"), snap.c.seconds.label("snapshot_seconds"))
        .select_from(s)
        .outerjoin(r, r.c.id == s.c.run_id)
        .outerjoin(snap, and_(snap.c.run_id == s.c.run_id, snap.c.contract == s.c.contract))
    )
    ran = tuple(
        ContractStanding(
            contract=row.contract,
            last_run_id=row.run_id,
            last_outcome=None if row.outcome is None else Outcome(row.outcome),
            last_finished_at=row.finished_at,
            last_success_at=row.last_success_at,
            trust_score=row.trust_score,
            rows=row.rows,
            snapshot_bytes=row.snapshot_bytes,
            snapshot_seconds=row.snapshot_seconds,
            missed_slots=row.missed_slots,
            due_slots=due.pop(row.contract, 0),
        )
        for row in connection.execute(query)
    )
    waiting_for_their_first = (ContractStanding(contract=name, due_slots=slots) for name, slots in due.items())
    return tuple(sorted((*ran, *waiting_for_their_first), key=lambda each: each.contract))


def _checks(connection: Connection) -> tuple[CheckStanding, ...]:
    """Every scrape reads them all: never the evidence, which is large, and the time of a run once, not per check."""
    c, s = t.check_results, t.contract_standings
    times = select(s.c.contract, t.runs.c.started_at).join(t.runs, t.runs.c.id == s.c.run_id)
    started = {row.contract: row.started_at for row in connection.execute(times)}
    judged = (c.c.outcome, c.c.rows_tested, c.c.rows_failed, c.c.value)
    query = (
        select(c.c.check_id, c.c.contract, c.c.object, c.c.property, c.c.dimension, c.c.severity, c.c.owner, *judged)
        .join(s, and_(s.c.run_id == c.c.run_id, s.c.contract == c.c.contract))
        .order_by(c.c.contract, c.c.position)
    )
    rows = connection.execute(query)
    return tuple(
        CheckStanding(
            check_id=check,
            contract=contract,
            object=obj,
            property=prop,
            dimension=_DIMENSIONS[dimension],
            severity=_SEVERITIES[severity],
            owner=owner,
            outcome=_OUTCOMES[outcome],
            rows_tested=tested,
            rows_failed=failed,
            value=value,
            at=started[contract],
        )
        for check, contract, obj, prop, dimension, severity, owner, outcome, tested, failed, value in rows
    )


def _tables(connection: Connection) -> tuple[TableStanding, ...]:
    query = (
        select(t.run_tables, t.runs.c.started_at)
        .join(t.contract_standings, t.contract_standings.c.run_id == t.run_tables.c.run_id)
        .join(t.runs, t.runs.c.id == t.run_tables.c.run_id)
        .where(t.contract_standings.c.contract == t.run_tables.c.contract)
        .order_by(t.run_tables.c.contract, t.run_tables.c.position)
    )
    return tuple(
        TableStanding(
            contract=row.contract,
            object=row.object,
            rows=row.rows,
            freshness_seconds=row.freshness_seconds,
            at=row.started_at,
        )
        for row in connection.execute(query)
    )


def _leader(connection: Connection) -> LeaderStanding | None:
    row = connection.execute(select(t.leases).where(t.leases.c.name == LEADER)).first()
    if row is None or not row.holder:
        return None
    return LeaderStanding(holder=row.holder, epoch=row.epoch, until=row.until)
