"""Whatever a contract calls its things and whatever its checks come to: the events are of the specification."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from openlineage.client.serde import Serde

from observer.checks.judge import judge
from observer.checks.measure import Measurement, TableShape
from observer.contracts.model import Contract, LogicalType, TeamMember
from observer.lineage.events import ended, started
from observer.lineage.run import LineageRun
from observer.lineage.stored import event_of
from tests.fakes.contracts import prop, table
from tests.fakes.lineage_receiver import Specification
from tests.fakes.lineage_runs import CANARY, audited, lineage_run, seen

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
TIMES = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)) | st.just(
    datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2)))
)
OUTCOMES = st.sampled_from(["passed", "failed", "errored", "skipped"])


@st.composite
def runs(draw: st.DrawFn) -> LineageRun:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    objects = tuple(
        table(
            name,
            *(
                prop(
                    column,
                    draw(st.sampled_from([LogicalType.STRING, LogicalType.INTEGER, LogicalType.UNSET])),
                    required=draw(st.booleans()),
                    classification=draw(st.sampled_from([None, "restricted", "public"])),
                    owner=draw(st.none() | NAMES),
                    description=draw(st.just("") | NAMES),
                    tags=tuple(draw(st.lists(NAMES, max_size=2))),
                )
                for column in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
            ),
        )
        for name in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
    )
    contract = Contract(
        id=names[0],
        name=names[-1],
        version="1",
        api_version="v3.2.0",
        status="active",
        objects=objects,
        team=(TeamMember(username=names[-1], role="owner"),) if draw(st.booleans()) else (),
    )
    kind, url = draw(
        st.sampled_from(
            [
                ("postgresql", "postgresql://db/cäm"),
                ("postgresql", "postgresql:///crm?host=/var/run/postgresql"),
                ("mysql", "mysql://ada:***@[::1]:3307/crm"),
                ("sqlite", "sqlite:////tmp/a b/crm ü.db"),
                ("duckdb", "duckdb:///crm.duckdb"),
                ("file", "file:exports/März"),
                ("snowflake", "snowflake://ada:***@account/crm"),
            ]
        )
    )
    return lineage_run(
        contract,
        source=url,
        source_kind=kind,
        namespace=draw(NAMES),
        scheduled_for=draw(st.none() | TIMES),
        run_id=str(draw(st.uuids())),
        execution=draw(st.sampled_from(["snapshot", "pushdown"])),
    )


@settings(max_examples=25)
@given(run=runs(), at=TIMES, fates=st.lists(OUTCOMES, min_size=1, max_size=30), kept=st.booleans())
def test_whatever_things_are_called_and_come_to_the_events_are_of_the_specification(
    specification: Specification, run: LineageRun, at: datetime, fates: list[str], kept: bool
) -> None:
    results = tuple(
        judge(
            spec,
            seen(spec, 12 * (fate == "failed"))
            if fate in ("passed", "failed")
            else Measurement(check_id=spec.id, **{"error" if fate == "errored" else "skipped": "because"}),
        )
        for spec, fate in zip(run.plan.checks, fates * len(run.plan.checks), strict=False)
    )
    part = audited(run, results, kept=kept)
    shapes = tuple(
        TableShape(object=s.object, physical_name=s.physical_name, columns=(), error="gone")
        if "errored" in fates
        else s
        for s in part.tables
    )
    told = (*started(run, at=at), *ended(run, replace(part, tables=shapes), at=at))
    assert len({d.key for d in told}) == len(told)
    for delivery in told:
        stored = json.loads(json.dumps(dict(delivery.payload)))
        assert specification.problems(stored) == []
        assert Serde.to_dict(event_of(stored)) == stored
        assert CANARY not in json.dumps(stored)
        unknown = {r.spec.id for r in results if r.outcome in ("errored", "skipped")}
        for dataset in stored["inputs"]:
            for said in dataset.get("inputFacets", {}).get("dataQualityAssertions", {}).get("assertions", ()):
                assert not (said["success"] and said["name"] in unknown)
