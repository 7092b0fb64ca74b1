"""The state: what was run and what came out. In: an Audit. Out: past runs.

Guarantee: a run is recorded wholly or not at all; whoever reads sees it only when it is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from observer.checks.audit import Audit
from observer.contracts.model import Contract
from observer.errors import StoreError
from observer.store import tables as t
from observer.store.connect import keep_wal, make_engine, parse_url
from observer.store.evidence import storable_text
from observer.store.faults import shown, told_as_store_error
from observer.store.migrate import migrate
from observer.store.records import RecordedRun, RunRow, SnapshotRecord
from observer.store.rows import (
    AnyRow,
    check_values,
    contract_version,
    recorded_check,
    run_row,
    run_values,
    snapshot_record,
)


class Store:
    """The open state. Use as a context manager, or call `close()`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str, *, lock_timeout: float = 10.0) -> Self:
        """Open and bring to the schema of this version. `lock_timeout` in seconds bounds every wait for others.

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
        return cls(engine)

    @property
    def place(self) -> str:
        """Where it is, as it may be shown."""
        return shown(self._engine.url)

    def ping(self) -> None:
        """Raises StoreError when the state cannot be read."""
        with self._transaction() as connection:
            connection.execute(select(t.runs.c.id).limit(1))

    def close(self) -> None:
        """Let go of the file or the connections. May be called twice."""
        self._engine.dispose()

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
    ) -> None:
        """Keep a run, its contract versions, snapshots and check results, in one transaction.

        `error` says why the run as a whole could not be done. Raises StoreError, also when the run id is known already.
        """
        with self._transaction(writes=True) as connection:
            if connection.execute(select(t.runs.c.id).where(t.runs.c.id == audit.run_id)).first():
                raise StoreError(f"run {audit.run_id} is recorded already", fix="give every run an id of its own")
            connection.execute(insert(t.runs).values(run_values(audit, error=error)))
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

    def runs(self, limit: int = 20, contract: str | None = None) -> tuple[RunRow, ...]:
        """The latest runs, newest first; only those that looked at the contract with this id, when one is given."""
        query = select(t.runs).order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc()).limit(limit)
        if contract is not None:
            looked_at = select(t.run_contracts.c.run_id).join(t.contract_versions)
            query = query.where(t.runs.c.id.in_(looked_at.where(t.contract_versions.c.contract == contract)))
        with self._transaction() as connection:
            rows = connection.execute(query).all()
            contracts = _contracts_of(connection, [row.id for row in rows])
        return tuple(run_row(row, contracts.get(row.id, ())) for row in rows)

    def run(self, run_id_or_prefix: str) -> RecordedRun:
        """One run by its id, or by enough of its first characters, in upper or lower case.

        Raises StoreError when no run, or more than one, begins like that.
        """
        wanted = run_id_or_prefix.strip().lower()
        begins = func.lower(t.runs.c.id).startswith(wanted, autoescape=True)
        with self._transaction() as connection:
            query = select(t.runs).where(begins).order_by(func.length(t.runs.c.id), t.runs.c.id.desc()).limit(4)
            found = connection.execute(query).all() if wanted else []
            found = [row for row in found if row.id.lower() == wanted] or found
            if not found:
                raise StoreError(f"no run begins with `{run_id_or_prefix}`", fix="take an id from `observer runs`")
            if len(found) > 1:
                some = ", ".join(row.id for row in found[:3]) + (", …" if len(found) > 3 else "")
                raise StoreError(f"several runs begin with `{run_id_or_prefix}`: {some}", fix="give more of the id")
            return _whole_run(connection, found[0])

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        """One transaction: committed when the block ends, undone when it raises.

        A writer takes SQLite's lock at once: two writers queue up instead of one of them failing half-way.
        """
        options = {"sqlite_begin": "BEGIN IMMEDIATE"} if writes else {}
        with told_as_store_error(self._engine.url), self._engine.execution_options(**options).begin() as connection:
            yield connection


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
    if connection.dialect.name == "postgresql":
        connection.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())
    else:
        connection.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
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
