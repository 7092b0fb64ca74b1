"""What a run tells lineage: our values in, OpenLineage 2-0-2 run events out, ready for the outbox. Pure.

One of our runs is a run of the job `<contract id>` with two children: `<contract id>.snapshot`, which reads the tables
and writes their copies, and `<contract id>.suite`, which reads the tables and carries what the checks found. A run in
the source itself has no snapshot. Every run has one START and one of COMPLETE and FAIL: bad data is COMPLETE, with
assertions that say so; FAIL is for what could not be looked at at all.

Ids and keys follow from our run's id alone, so that whoever builds the same event twice builds the same delivery.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from uuid import UUID

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    InputDatasetFacet,
    JobFacet,
    RunFacet,
    documentation_job,
    error_message_run,
    job_type_job,
    nominal_time_run,
    ownership_job,
    parent_run,
    processing_engine_run,
)
from openlineage.client.serde import Serde
from openlineage.client.uuid import generate_static_uuid

from observer import __version__
from observer.checks.audit import ContractAudit
from observer.checks.measure import CheckResult, Outcome, TableShape
from observer.checks.spec import TablePlan
from observer.contracts.model import Contract
from observer.lineage.datasets import SourceName, source_name
from observer.lineage.quality import assertions_of, metrics_of, tests_of
from observer.lineage.run import LineageRun
from observer.lineage.tables import copied, copy_of, facets_of_table, owners_of
from observer.lineage.words import PRODUCER, RECEIVER
from observer.runs.deliveries import NewDelivery

#: A longer message is cut.
LONGEST_MESSAGE = 2_000


class Part(StrEnum):
    """The runs that lineage sees of one of ours."""

    WHOLE = ""
    SNAPSHOT = "snapshot"
    SUITE = "suite"


def started(run: LineageRun, *, at: datetime) -> tuple[NewDelivery, ...]:
    """START of the run and of its children."""
    events = {Part.WHOLE: _event(run, Part.WHOLE, RunState.START, at)}
    for part in _children(run):
        events[part] = _event(run, part, RunState.START, at, inputs=_inputs_before(run, part))
    return _deliveries(run, events)


def ended(run: LineageRun, part: ContractAudit, *, at: datetime) -> tuple[NewDelivery, ...]:
    """COMPLETE of the children and of the run, with all that was found; FAIL of what could not be looked at at all."""
    part = _without_login(run, part)
    unread = _why([s.error for s in part.tables]) if all(s.error for s in part.tables) else None
    unjudged = _unjudged(part.results)
    events = {}
    if Part.SNAPSHOT in _children(run):
        error = unread or (None if part.snapshot else unjudged or "no snapshot was taken")
        read, written = _snapshot_inputs(run, part), _copies(run, part)
        events[Part.SNAPSHOT] = _event(run, Part.SNAPSHOT, _state(error), at, error=error, inputs=read, outputs=written)
    tests = tests_of(part.results, run.contract)
    events[Part.SUITE] = _event(
        run, Part.SUITE, _state(unjudged), at, error=unjudged, inputs=_suite_inputs(run, part), facets={"test": tests}
    )
    events[Part.WHOLE] = _event(run, Part.WHOLE, _state(unjudged), at, error=unjudged)
    return _deliveries(run, events)


def failed(run: LineageRun, error: str, *, at: datetime) -> tuple[NewDelivery, ...]:
    """FAIL of the children and of the run: nothing was found out. `error` holds no secret and no value of a row."""
    parts, error = (*_children(run), Part.WHOLE), error.replace(run.source, _source(run).uri)
    return _deliveries(run, {part: _event(run, part, RunState.FAIL, at, error=error) for part in parts})


def id_of(run: LineageRun, part: Part) -> str:
    """The id that lineage knows it by: ours for the whole, and one that follows from ours for a child."""
    ours = UUID(run.run_id)
    if part is Part.WHOLE:
        return str(ours)
    # The time within a UUID of version 7, so that children sort beside their parent.
    began = (
        datetime.fromtimestamp((ours.int >> 80) / 1000, UTC) if ours.version == 7 else datetime.fromtimestamp(0, UTC)
    )
    return str(generate_static_uuid(began, f"{ours}/{part}".encode()))


def _state(error: str | None) -> RunState:
    return RunState.FAIL if error else RunState.COMPLETE


def _children(run: LineageRun) -> tuple[Part, ...]:
    return (Part.SUITE,) if run.execution == "pushdown" else (Part.SNAPSHOT, Part.SUITE)


def _deliveries(run: LineageRun, events: dict[Part, RunEvent]) -> tuple[NewDelivery, ...]:
    return tuple(
        NewDelivery(
            receiver=RECEIVER,
            key=f"{event.run.runId}/{'START' if event.eventType is RunState.START else 'END'}",
            line=run.run_id,
            payload=Serde.to_dict(event),
        )
        for event in events.values()
    )


# --- runs and jobs --------------------------------------------------------------------------------------------


def _event(
    run: LineageRun,
    part: Part,
    state: RunState,
    at: datetime,
    *,
    error: str | None = None,
    inputs: list[InputDataset] | None = None,
    outputs: list[OutputDataset] | None = None,
    facets: dict[str, RunFacet] | None = None,
) -> RunEvent:
    return RunEvent(
        eventType=state,
        eventTime=at.isoformat(),
        run=Run(runId=id_of(run, part), facets=_run_facets(run, part, error) | (facets or {})),
        job=Job(namespace=run.namespace, name=_job_name(run, part), facets=_job_facets(run.contract, part)),
        inputs=inputs or [],
        outputs=outputs or [],
        producer=PRODUCER,
    )


def _job_name(run: LineageRun, part: Part) -> str:
    return f"{run.contract.id}.{part}" if part else run.contract.id


def _run_facets(run: LineageRun, part: Part, error: str | None) -> dict[str, RunFacet]:
    checks = part is Part.SUITE
    facets: dict[str, RunFacet] = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
            name="Great Expectations" if checks else "crm-observer",
            version=version("great-expectations") if checks else __version__,
            openlineageAdapterVersion=__version__,
            producer=PRODUCER,
        )
    }
    if run.scheduled_for is not None:
        facets["nominalTime"] = nominal_time_run.NominalTimeRunFacet(
            nominalStartTime=run.scheduled_for.isoformat(), producer=PRODUCER
        )
    if part is not Part.WHOLE:
        whole, name = id_of(run, Part.WHOLE), _job_name(run, Part.WHOLE)
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=whole),
            job=parent_run.Job(namespace=run.namespace, name=name),
            root=parent_run.Root(
                run=parent_run.RootRun(runId=whole), job=parent_run.RootJob(namespace=run.namespace, name=name)
            ),
            producer=PRODUCER,
        )
    if error is not None:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=error[:LONGEST_MESSAGE], programmingLanguage="PYTHON", producer=PRODUCER
        )
    return facets


def _job_facets(contract: Contract, part: Part) -> dict[str, JobFacet]:
    what = {
        Part.WHOLE: f"Observes {contract.name}.",
        Part.SNAPSHOT: f"Takes a snapshot of the tables of {contract.name}, all as of one instant.",
        Part.SUITE: f"Checks the tables of {contract.name} against their contract.",
    }
    said = contract.description if part is Part.WHOLE else ""
    facets: dict[str, JobFacet] = {
        "documentation": documentation_job.DocumentationJobFacet(
            description=f"{what[part]} {said}".strip(), producer=PRODUCER
        ),
        "jobType": job_type_job.JobTypeJobFacet(
            processingType="BATCH",
            integration="CRM_OBSERVER",
            jobType=(part or "contract").upper(),
            emissionPattern=job_type_job.EmissionPattern(eventTrigger="EVENT_BASED", eventContentMode="ACCUMULATIVE"),
            producer=PRODUCER,
        ),
    }
    if owners := owners_of(contract):
        facets["ownership"] = ownership_job.OwnershipJobFacet(
            owners=[ownership_job.Owner(name=name, type=kind) for name, kind in owners], producer=PRODUCER
        )
    return facets


# --- what was read and written --------------------------------------------------------------------------------


def _source(run: LineageRun) -> SourceName:
    return source_name(run.source_kind, run.source, run.contract)


def _read_by(run: LineageRun, part: Part) -> list[TablePlan]:
    """A snapshot holds the targets in other contracts too; no check is about them."""
    return [table for table in run.plan.tables if part is Part.SNAPSHOT or not table.target_only]


def _input(
    run: LineageRun, table: TablePlan, shape: TableShape | None, facets: dict[str, InputDatasetFacet] | None = None
) -> InputDataset:
    source = _source(run)
    obj = None if table.target_only else run.contract.object(table.object)
    return InputDataset(
        namespace=source.namespace,
        name=source.table(table.physical_name),
        facets=facets_of_table(source, run.contract, obj, shape),
        inputFacets=facets or {},
    )


def _inputs_before(run: LineageRun, part: Part) -> list[InputDataset]:
    return [_input(run, table, None) for table in _read_by(run, part)]


def _shapes(part: ContractAudit) -> dict[str, TableShape]:
    return {shape.object: shape for shape in part.tables}


def _snapshot_inputs(run: LineageRun, part: ContractAudit) -> list[InputDataset]:
    shapes = _shapes(part)
    return [
        _input(run, table, None if table.target_only else shapes.get(table.object))
        for table in _read_by(run, Part.SNAPSHOT)
    ]


def _copies(run: LineageRun, part: ContractAudit) -> list[OutputDataset]:
    if part.snapshot is None:
        return []
    shapes, source = _shapes(part), _source(run)
    return [
        copy_of(source, run.contract, table, shape, part.snapshot)
        for table in run.plan.tables
        if not table.target_only and (shape := shapes.get(table.object)) is not None and shape.error is None
    ]


def _suite_inputs(run: LineageRun, part: ContractAudit) -> list[InputDataset]:
    shapes = _shapes(part)
    inputs = []
    for table in _read_by(run, Part.SUITE):
        shape, obj = shapes.get(table.object), run.contract.object(table.object)
        facets: dict[str, InputDatasetFacet] = {}
        about = [r for r in part.results if r.spec.object == table.object]
        if any(r.outcome is not Outcome.SKIPPED for r in about):
            facets["dataQualityAssertions"] = assertions_of(about, obj)
        if shape is not None and obj is not None and shape.rows is not None:
            copy = copied(part.snapshot, table)
            facets["dataQualityMetrics"] = metrics_of(shape, part.profiles, obj, copy.bytes if copy else None)
        inputs.append(_input(run, table, shape, facets))
    return inputs


def _without_login(run: LineageRun, part: ContractAudit) -> ContractAudit:
    """Reasons name the source by its URL, and that names a user."""

    place = _source(run).uri

    def plain(shape: TableShape) -> TableShape:
        return replace(shape, error=shape.error.replace(run.source, place)) if shape.error else shape

    def reasoned(result: CheckResult) -> CheckResult:
        seen = result.measurement
        if not seen.error:
            return result
        return replace(result, measurement=replace(seen, error=seen.error.replace(run.source, place)))

    return replace(part, tables=tuple(map(plain, part.tables)), results=tuple(map(reasoned, part.results)))


def _unjudged(results: tuple[CheckResult, ...]) -> str | None:
    """Why nothing could be judged; None when anything could, or when nothing was there to look at."""
    looked = any(r.outcome in (Outcome.PASSED, Outcome.WARNED, Outcome.FAILED) for r in results)
    errors = [r.measurement.error for r in results if r.outcome is Outcome.ERRORED]
    return None if looked or not errors else _why(errors)


def _why(errors: list[str | None]) -> str | None:
    """Every different reason once."""
    return "; ".join(dict.fromkeys(e for e in errors if e)) or None
