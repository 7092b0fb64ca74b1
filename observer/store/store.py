"""The state: what was run and what came out. In: an Audit. Out: past runs.

Guarantee: a run is recorded wholly or not at all; whoever reads sees it only when it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, and_, func, insert, or_, select, update

from observer.checks.audit import Audit
from observer.checks.measure import Outcome
from observer.contracts.model import Contract
from observer.errors import AmbiguousRun, NoSuchRun, StoreError
from observer.incidents.findings import Look
from observer.runs.deliveries import NewDelivery
from observer.runs.leading import Term
from observer.runs.slots import Slot, Trigger
from observer.runs.standing import Standing
from observer.store import tables as t
from observer.store.connect import keep_wal, make_engine, parse_url
from observer.store.database import Database, insert_new
from observer.store.evidence import storable_text
from observer.store.faults import told_as_store_error
from observer.store.glances import Ticks
from observer.store.histories import Histories
from observer.store.incident_states import KnownStates
from observer.store.incidents import Incidents, queue_looks
from observer.store.leadership import Leadership
from observer.store.ledgers import Ledgers
from observer.store.migrate import migrate
from observer.store.outbox import Outbox, add_deliveries
from observer.store.proofs import Proofs
from observer.store.records import KeptSnapshot, RecordedRun, RunRow, SnapshotRecord
from observer.store.reviews import Reviews
from observer.store.rows import (
    AnyRow,
    check_values,
    contract_version,
    recorded_check,
    run_row,
    run_values,
    snapshot_record,
    table_values,
)
from observer.store.slo_alerts import SloAlerts
from observer.store.slots import Slots, finish, stand
from observer.store.standing import read_standing


class Store:
    """The open state. Use as a context manager, or call `close()`. Thread-safe."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] | None = None) -> None:
        self._database = Database(engine, clock=clock)
        self.slots = Slots(self._database)
        self.leadership = Leadership(self._database)
        known = KnownStates()
        self.incidents = Incidents(self._database, known)
        self.outbox = Outbox(self._database, known)
        self.ticks = Ticks(self._database)
        self.histories = Histories(self._database)
        self.reviews = Reviews(self._database)
        self.ledgers = Ledgers(self._database)
        self.slo_alerts = SloAlerts(self._database)
        self.proofs = Proofs(self._database)

    @classmethod
    def open(cls, url: str, *, lock_timeout: float = 10.0, clock: Callable[[], datetime] | None = None) -> Self:
        """Open and bring to the schema of this version. `lock_timeout` in seconds bounds every wait for others.
        `clock`, which tells aware times, takes the place of the database's own: for who has hours pass in a moment.

        Raises StoreError: not reachable, not writable, locked, damaged, or written by a newer version.
        """
        parsed = parse_url(url)
        engine = make_engine(parsed, lock_timeout=lock_timeout)
        try:
            with told_as_store_error(parsed):
                migrate(engine, lock_timeout=lock_timeout)  # first: it refuses what is not ours to change
                keep_wal(engine, lock_timeout=lock_timeout)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock=clock)

    @property
    def place(self) -> str:
        """Where it is, as it may be shown."""
        return self._database.place

    @property
    def shared(self) -> bool:
        """True when several daemons may use it at once (PostgreSQL)."""
        return self._database.shared

    @property
    def file(self) -> Path | None:
        """The file it is, with SQLite; None with PostgreSQL or in memory."""
        name = None if self.shared else self._database.engine.url.database
        return Path(name) if name and name != ":memory:" else None

    def ping(self) -> None:
        """Raises StoreError when the state cannot be read."""
        with self._database.transaction() as connection:
            connection.execute(select(t.runs.c.id).limit(1))

    def close(self) -> None:
        """Let go of the file or the connections. May be called twice."""
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def record_audit(
        self,
        audit: Audit,
        *,
        snapshots: Iterable[SnapshotRecord] = (),
        error: str | None = None,
        finishes: Slot | None = None,
        deliveries: Iterable[NewDelivery] = (),
        looks: Iterable[Look] = (),
        term: Term | None = None,
    ) -> None:
        """Keep a run, its contract versions, snapshots and check results, in one transaction.

        `error` says why the run as a whole could not be done. `finishes` is the slot that asked for it; `deliveries`
        tell others of it, `looks` tell incidents. Raises StoreError, also when the run id is known already; SlotTaken
        when the slot is no longer this run's, NotLeading when the leader of `term` leads no more.
        """
        with self._database.transaction(writes=True, term=term) as connection:
            now = self._database.now(connection)
            if finishes is not None:
                finish(connection, finishes, now=now)
            if connection.execute(select(t.runs.c.id).where(t.runs.c.id == audit.run_id)).first():
                raise StoreError(f"run {audit.run_id} is recorded already", fix="give every run an id of its own")
            connection.execute(insert(t.runs).values(run_values(audit, error=error, by_slot=finishes is not None)))
            for position, part in enumerate(audit.contracts):
                version = _version_id(connection, part.contract, audit)
                connection.execute(
                    insert(t.run_contracts).values(run_id=audit.run_id, position=position, contract_version_id=version)
                )
            taken = [{"run_id": audit.run_id, **vars(snapshot)} for snapshot in snapshots]
            if taken:
                connection.execute(insert(t.snapshots), taken)
            results = [check_values(part, result) for part in audit.contracts for result in part.results]
            if results:
                rows = [{"run_id": audit.run_id, "position": place, **row} for place, row in enumerate(results)]
                connection.execute(insert(t.check_results), rows)
            tables = [table_values(part, table) for part in audit.contracts for table in part.tables]
            if tables:
                rows = [{"run_id": audit.run_id, "position": place, **row} for place, row in enumerate(tables)]
                connection.execute(insert(t.run_tables), rows)
            if finishes is not None:
                complete = error is None and all(result.outcome is not Outcome.ERRORED for result in audit.results)
                _stand(connection, finishes.contract, audit.run_id, success_at=audit.finished_at if complete else None)
            add_deliveries(connection, deliveries, now=now)
            queue_looks(connection, looks, origin=f"run {audit.run_id}", now=now)

    def standing(self) -> Standing:
        """How things stand now."""
        return read_standing(self._database)

    def kept_snapshots(self, contract: str | None = None) -> tuple[KeptSnapshot, ...]:
        """Snapshots that are kept and were not removed, newest first."""
        s = t.snapshots
        query = select(s).where(s.c.folder.is_not(None), s.c.removed_at.is_(None))
        if contract is not None:
            query = query.where(s.c.contract == contract)
        with self._database.transaction() as connection:
            rows = connection.execute(query.order_by(s.c.taken_at.desc(), s.c.id.desc()))
            return tuple(
                KeptSnapshot(
                    id=row.id, contract=row.contract, taken_at=row.taken_at, bytes=row.bytes, folder=row.folder
                )
                for row in rows
            )

    def snapshot_removed(self, snapshot: KeptSnapshot, *, term: Term | None = None) -> None:
        """Its folder is gone. Raises NotLeading when the leader of `term` leads no more."""
        with self._database.transaction(writes=True, term=term) as connection:
            now = self._database.now(connection)
            connection.execute(update(t.snapshots).where(t.snapshots.c.id == snapshot.id).values(removed_at=now))

    def forget_runs(self, before: datetime, *, term: Term) -> int:
        """Remove runs that ended earlier, with all that hangs on them, but never a contract's latest; says how many.

        Runs whose snapshot is still kept stay with it; deliveries that landed or were given up earlier go. In small
        transactions: the lease can be renewed between them. Raises NotLeading.
        """
        latest = select(t.contract_standings.c.run_id).where(t.contract_standings.c.run_id.is_not(None))
        kept = select(t.snapshots.c.run_id).where(t.snapshots.c.folder.is_not(None), t.snapshots.c.removed_at.is_(None))
        other = t.slots.alias()
        newest = select(func.max(other.c.scheduled_for)).where(
            other.c.contract == t.slots.c.contract, other.c.trigger == Trigger.SCHEDULE.value
        )
        # A contract without any slot would pass for one that never ran, and be run at once.
        over = and_(t.slots.c.finished_at < before, t.slots.c.scheduled_for < newest.scalar_subquery())
        self._database.delete_in_parts(t.slots, over, term=term)
        told = or_(t.outbox.c.delivered_at < before, t.outbox.c.dead_at < before)
        self._database.delete_in_parts(t.outbox, told, term=term)
        old = and_(t.runs.c.finished_at < before, t.runs.c.id.not_in(latest), t.runs.c.id.not_in(kept))
        return self._database.delete_in_parts(t.runs, old, term=term, part=100)

    def runs(self, limit: int = 20, contract: str | None = None) -> tuple[RunRow, ...]:
        """The latest runs, newest first; only those that looked at the contract with this id, when one is given."""
        query = select(t.runs).order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc()).limit(limit)
        if contract is not None:
            # Asked run by run, from the newest on: a contract may have had as many runs as there are.
            looked_at = select(t.run_contracts.c.run_id).join(t.contract_versions).correlate(t.runs)
            of_contract = looked_at.where(
                t.run_contracts.c.run_id == t.runs.c.id, t.contract_versions.c.contract == contract
            )
            query = query.where(of_contract.exists())
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
            contracts = _contracts_of(connection, [row.id for row in rows])
        return tuple(run_row(row, contracts.get(row.id, ())) for row in rows)

    def run(self, run_id_or_prefix: str) -> RecordedRun:
        """One run by its id, or by enough of its first characters, in upper or lower case.

        Raises NoSuchRun or AmbiguousRun when none, or more than one, begins like that.
        """
        wanted = run_id_or_prefix.strip().lower()
        begins = func.lower(t.runs.c.id).startswith(wanted, autoescape=True)
        with self._database.transaction() as connection:
            query = select(t.runs).where(begins).order_by(func.length(t.runs.c.id), t.runs.c.id.desc()).limit(4)
            found = connection.execute(query).all() if wanted else []
            found = [row for row in found if row.id.lower() == wanted] or found
            if not found:
                raise NoSuchRun(f"no run begins with `{run_id_or_prefix}`", fix="take an id from `observer runs`")
            if len(found) > 1:
                some = ", ".join(row.id for row in found[:3]) + (", …" if len(found) > 3 else "")
                raise AmbiguousRun(f"several runs begin with `{run_id_or_prefix}`: {some}", fix="give more of the id")
            return _whole_run(connection, found[0])


def _stand(connection: Connection, contract: str, run_id: str, *, success_at: datetime | None) -> None:
    """This run is the contract's latest."""
    stand(connection, contract, {"run_id": run_id} | ({} if success_at is None else {"last_success_at": success_at}))


def _version_id(connection: Connection, contract: Contract, audit: Audit) -> int:
    """The id of this wording of a contract; made when it is new. Two writers at once end at the same row."""
    table = t.contract_versions
    values = {
        "contract": contract.id,
        "version": contract.version,
        "digest": contract.digest,
        "file": storable_text(contract.file),
        "first_seen": audit.started_at,
    }
    insert_new(connection, table, [values])
    same = [table.c[name] == values[name] for name in ("contract", "version", "digest")]
    version_id: int = connection.execute(select(table.c.id).where(*same)).scalar_one()
    return version_id


def _contracts_of(connection: Connection, run_ids: list[str]) -> dict[str, tuple[str, ...]]:
    """Run id → ids of its contracts, in order."""
    pairs = connection.execute(
        select(t.run_contracts.c.run_id, t.contract_versions.c.contract)
        .join(t.contract_versions)
        .where(t.run_contracts.c.run_id.in_(run_ids))
        .order_by(t.run_contracts.c.run_id, t.run_contracts.c.position)
    )
    ids: dict[str, tuple[str, ...]] = {}
    for run_id, contract in pairs:
        ids[run_id] = (*ids.get(run_id, ()), contract)
    return ids


def _whole_run(connection: Connection, row: AnyRow) -> RecordedRun:
    of_run = {table: table.c.run_id == row.id for table in (t.run_contracts, t.snapshots, t.check_results)}
    versions = connection.execute(
        select(t.contract_versions)
        .join(t.run_contracts)
        .where(of_run[t.run_contracts])
        .order_by(t.run_contracts.c.position)
    ).all()
    snapshots = connection.execute(select(t.snapshots).where(of_run[t.snapshots]).order_by(t.snapshots.c.id))
    results = connection.execute(
        select(t.check_results).where(of_run[t.check_results]).order_by(t.check_results.c.position)
    )
    return RecordedRun(
        run=run_row(row, tuple(version.contract for version in versions)),
        contracts=tuple(contract_version(version) for version in versions),
        snapshots=tuple(snapshot_record(snapshot) for snapshot in snapshots),
        results=tuple(recorded_check(result) for result in results),
    )
