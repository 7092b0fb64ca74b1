"""The baseline audit: contracts + a source → what is true about every table, once, by hand.

    plan → take one consistent snapshot (or look in the source itself) → run the suites → judge → ask why

Each contract is a run of its own on one instant. A table that cannot be read errors its own checks only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from observer import __version__
from observer.checks.audit import Audit, ContractAudit, SnapshotTaken, TableCopy
from observer.checks.changes import plan_changes
from observer.checks.file_names import file_name
from observer.checks.judge import judge
from observer.checks.measure import CheckResult, Evidence, Measurement, Outcome, TableShape
from observer.checks.plan import plan_contract
from observer.checks.rules import RowCount
from observer.checks.spec import ContractPlan, TablePlan
from observer.checks.unseen import unseen
from observer.contracts.model import Contract
from observer.errors import EngineError, InputError, SnapshotError, SourceError
from observer.gx.context import warm_up
from observer.gx.runner import SuiteRunner
from observer.jobs.changes import Changes, could_not_compare, nothing_to_compare, see_changes
from observer.jobs.queries import QueryDesk
from observer.lineage.ids import new_run_id
from observer.reports.progress import ProgressEvents
from observer.snapshots.keep import keep_snapshot
from observer.snapshots.take import Snapshot, take_snapshot
from observer.snapshots.temporary import temporary_folder
from observer.sources.source import Source
from observer.sql.types import same_type


class Execution(StrEnum):
    """Where the suites run: on a copy of the tables, or in the source itself with nothing copied."""

    SNAPSHOT = "snapshot"
    PUSHDOWN = "pushdown"


@dataclass(frozen=True, kw_only=True)
class AuditRequest:
    """What to audit and how much to gather about failures."""

    contracts: tuple[Contract, ...]
    #: Contracts that may be pointed into but are not audited themselves.
    neighbours: tuple[Contract, ...] = ()
    execution: Execution = Execution.SNAPSHOT
    #: Where the temporary snapshot is written; None is the system's own place.
    workspace: Path | None = None
    #: Where to keep a copy of the snapshots with restricted values tokenised; None keeps none.
    keep: Path | None = None
    #: Secret from which the tokens are made; needed to keep a snapshot that has restricted columns.
    token_key: bytes | None = None
    #: How many keys of failing rows are gathered per check.
    key_limit: int = 10_000
    #: Whether what changed since the previous snapshot is checked too.
    changes: bool = False
    #: Contract id → folders of its kept snapshots, newest first; without any there is nothing to be compared with. A
    #: table is compared with the newest in which it could be read.
    previous: Mapping[str, Sequence[Path]] = field(default_factory=dict)


def run_audit(request: AuditRequest, source: Source, progress: ProgressEvents) -> Audit:
    """Audit every contract of the request, one after the other, each with its own plan.

    Raises:
        InputError: what is asked for cannot be done; nothing was read.
        SourceError, SnapshotError, EngineError: not one contract could be looked at. When some could, the checks of the
            others are ERRORED; a single table that cannot be read errors its own checks only.
    """
    known = (*request.contracts, *request.neighbours)
    plans = [plan_contract(contract, known) for contract in request.contracts]
    _refuse_what_cannot_be_kept(request, plans)
    started = datetime.now(UTC)
    warm_up()
    progress.checks_planned(sum(len(plan.checks) for plan in plans))
    if request.changes:
        pairs = zip(request.contracts, plans, strict=True)
        progress.checks_planned(sum(len(plan_changes(contract, plan)) for contract, plan in pairs))
    audits, errors = [], []
    for contract, plan in zip(request.contracts, plans, strict=True):
        try:
            audits.append(audit_contract(contract, plan, request, source, progress))
        except (SourceError, SnapshotError, EngineError) as error:
            errors.append(error)
            audits.append(unseen(contract, plan, request.execution, str(error), changes=request.changes))
    if errors and len(errors) == len(audits):
        raise errors[0]
    return Audit(
        run_id=new_run_id(),
        started_at=started,
        finished_at=datetime.now(UTC),
        source=source.display_url,
        contracts=tuple(audits),
        version=__version__,
    )


def _refuse_what_cannot_be_kept(request: AuditRequest, plans: Sequence[ContractPlan]) -> None:
    if request.execution is Execution.PUSHDOWN and request.previous:
        fix = "leave out --compare, or --execution pushdown"
        raise InputError("with --execution pushdown nothing is copied that could be compared", fix=fix)
    if request.keep is None and not request.previous:
        return
    if request.execution is Execution.PUSHDOWN:
        raise InputError("with --execution pushdown nothing is copied that could be kept", fix="leave out --keep")
    if request.token_key is None and any(table.restricted for plan in plans for table in plan.tables):
        raise InputError(
            "a snapshot is only kept with the values of restricted columns replaced by tokens, which needs a secret",
            fix="set OBSERVER_TOKEN_KEY (or OBSERVER_TOKEN_KEY_FILE) to at least 32 random characters",
        )


def audit_contract(
    contract: Contract, plan: ContractPlan, request: AuditRequest, source: Source, progress: ProgressEvents
) -> ContractAudit:
    """One contract on one instant. Only its own settings of the request count, not the list of contracts.

    Raises:
        InputError: what is asked for cannot be done; nothing was read.
        SourceError, SnapshotError, EngineError: nothing could be looked at; `unseen` says it in results.
    """
    with _bench(plan, request, source, progress) as bench:
        progress.phase("checks")
        measured = {m.check_id: m for m in bench.runner.run(lambda spec, _: progress.check_done(spec.id))}
        results = tuple(judge(spec, measured[spec.id]) for spec in plan.checks)
        progress.phase("evidence")
        evidence = tuple(_evidence(bench.runner, results, request.key_limit))
        profiles = bench.runner.profiles()
        taken = _taken(bench.snapshot, plan, request)
        changed = Changes()
        if request.changes:
            progress.phase("changes")
            changed = _changed(contract, plan, request, bench, taken, measured)
            for result in changed.results:
                progress.check_done(result.spec.id)
        return ContractAudit(
            contract=contract,
            tables=tuple(
                _counted(shape, results)
                for shape, table in zip(bench.shapes, plan.tables, strict=True)
                if not table.target_only
            ),
            results=(*results, *changed.results),
            evidence=(*evidence, *changed.evidence),
            profiles=profiles,
            one_instant=bench.one_instant,
            execution=request.execution,
            snapshot=taken,
        )


def _changed(
    contract: Contract,
    plan: ContractPlan,
    request: AuditRequest,
    bench: _Bench,
    taken: SnapshotTaken | None,
    measured: Mapping[str, Measurement],
) -> Changes:
    """The checks of what changed since the previous snapshot, on the copy that holds no restricted value."""
    specs, previous = plan_changes(contract, plan), request.previous.get(contract.id)
    if bench.snapshot is None or taken is None:
        return nothing_to_compare(specs, "the suites ran in the source, so there is no snapshot to compare")
    if not previous:
        why = f", and none is kept: {taken.not_kept}" if taken.not_kept else ""
        return nothing_to_compare(specs, f"there is no earlier snapshot to compare with{why}")
    if taken.not_kept is not None:
        return could_not_compare(specs, taken.not_kept)
    try:
        kept = Path(taken.folder) if taken.folder else _keep_for_now(bench.snapshot, request.token_key)
    except SnapshotError as error:
        return could_not_compare(specs, str(error))
    return see_changes(
        plan,
        specs,
        previous,
        kept,
        failing=bench.runner.failing_row_numbers,
        measured=measured,
        key=request.token_key,
        workspace=bench.snapshot.folder,
        key_limit=request.key_limit,
    )


def _keep_for_now(snapshot: Snapshot, key: bytes | None) -> Path:
    """A copy that is gone with the snapshot itself."""
    return keep_snapshot(snapshot, snapshot.folder / "kept", key=key)


def _counted(shape: TableShape, results: Sequence[CheckResult]) -> TableShape:
    """The rows of a table are its live ones, as the check for rows counts them; a soft-deleted row does not exist."""
    rows = next(
        (
            r.measurement.value
            for r in results
            if r.spec.object == shape.object and isinstance(r.spec.rule, RowCount) and not r.spec.when
        ),
        None,
    )
    return shape if rows is None else replace(shape, rows=int(rows))


def _more_rows(progress: ProgressEvents) -> Callable[[TablePlan, int], None]:
    """A snapshot says how many rows it has read so far, a display wants how many more."""
    told: Counter[str] = Counter()

    def on_rows(table: TablePlan, rows: int) -> None:
        progress.rows_read(table.object, rows - told[table.object])
        told[table.object] = rows

    return on_rows


def _evidence(runner: SuiteRunner, results: Sequence[CheckResult], key_limit: int) -> Iterator[Evidence]:
    for result in results:
        if result.outcome in (Outcome.FAILED, Outcome.WARNED) and result.measurement.rows_failed:
            yield runner.evidence(result.spec, key_limit=key_limit)


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """A runner with the tables it looks at, whichever way it looks at them."""

    runner: SuiteRunner
    shapes: tuple[TableShape, ...]
    one_instant: bool
    #: None when nothing was copied.
    snapshot: Snapshot | None = None


@contextmanager
def _bench(plan: ContractPlan, request: AuditRequest, source: Source, progress: ProgressEvents) -> Iterator[_Bench]:
    if request.execution is Execution.PUSHDOWN:
        with _in_source(plan, source) as bench:
            yield bench
        return
    with temporary_folder(request.workspace) as folder:
        with source.session() as session:
            progress.phase("reading")
            snapshot = take_snapshot(
                session,
                plan.tables,
                folder,
                on_table=lambda table, rows: progress.table_started(table.object, rows),
                on_rows=_more_rows(progress),
                contract_versions={plan.contract: plan.contract_version},
            )
        desk = QueryDesk(plan, source_dialect=source.dialect, bench_dialect="duckdb", live=True)
        shapes = tuple(table.shape for table in snapshot.tables)
        with SuiteRunner.on_snapshot(
            plan,
            snapshot.tables,
            source_time=snapshot.manifest.source_time,
            sql_for=desk.query,
            same_type=partial(same_type, dialect=source.dialect),
        ) as runner:
            yield _Bench(runner=runner, shapes=shapes, one_instant=snapshot.manifest.one_instant, snapshot=snapshot)


@contextmanager
def _in_source(plan: ContractPlan, source: Source) -> Iterator[_Bench]:
    if source.engine is None:
        raise InputError(
            f"{source.display_url} is a folder of files, in which no suite can run",
            fix="leave out --execution pushdown: files are always read into a snapshot",
        )
    with source.session() as session:
        shapes = tuple(session.shape(table) for table in plan.tables)
        source_time = session.source_time
    desk = QueryDesk(plan, source_dialect=source.dialect, bench_dialect=source.dialect)
    with SuiteRunner.on_source(
        plan,
        source.engine,
        shapes,
        source_time=source_time,
        sql_for=desk.query,
        same_type=partial(same_type, dialect=source.dialect),
    ) as runner:
        yield _Bench(runner=runner, shapes=shapes, one_instant=False)


def _taken(snapshot: Snapshot | None, plan: ContractPlan, request: AuditRequest) -> SnapshotTaken | None:
    """What is remembered of the snapshot; a tokenised copy is kept when asked for. The plan's checks ignore it."""
    if snapshot is None:
        return None
    now = datetime.now(UTC)
    taken = SnapshotTaken(
        taken_at=now,
        source_time=snapshot.manifest.source_time,
        bytes=sum(table.bytes for table in snapshot.tables),
        seconds=sum(table.seconds for table in snapshot.tables),
        tables=tuple(
            TableCopy(contract=entry.contract, object=entry.object, rows=entry.rows, bytes=entry.bytes)
            for entry in snapshot.manifest.tables
            if entry.rows is not None
        ),
    )
    if request.keep is None:
        return taken
    folder = request.keep / file_name(plan.contract) / f"{now:%Y%m%dT%H%M%S.%fZ}"
    try:
        return replace(taken, folder=str(keep_snapshot(snapshot, folder, key=request.token_key)))
    except SnapshotError as error:
        return replace(taken, not_kept=str(error))
