"""The state on SQLite and on PostgreSQL: the same tests on both."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import CheckResult, Evidence, Measurement, Offender, Outcome, Segment, TableShape
from observer.checks.rules import InSet
from observer.checks.score import trust_score
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract, Dimension, Property, SchemaObject, Severity
from observer.errors import StoreError
from observer.store.records import SnapshotRecord
from observer.store.store import Store
from tests import real_parts

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/project/.observer/state.db"
    else:
        url = real_parts.new_postgres_database(request.getfixturevalue("postgres_server_url"))
    with Store.open(url) as opened:
        yield opened


def contract(*, name: str = "crm-leads", digest: str = "d1") -> Contract:
    status = Property(id="lead_status", name="status", physical_name="status")
    email = Property(id="lead_email", name="email", physical_name="email", classification="restricted")
    leads = SchemaObject(id="leads", name="leads", physical_name="leads", properties=(status, email))
    return Contract(
        id=name,
        name=name,
        version="1.0.0",
        api_version="v3.2.0",
        status="active",
        objects=(leads,),
        file="leads.odcs.yaml",
        digest=digest,
    )


def result(
    outcome: Outcome, *, check_id: str = "crm-leads.leads.lead_status.enum", restricted: bool = False
) -> CheckResult:
    spec = CheckSpec(
        id=check_id,
        contract="crm-leads",
        contract_version="1.0.0",
        object="leads",
        property="status",
        rule_name="enum",
        statement="status is one of 4 values",
        dimension=Dimension.VALIDITY,
        severity=Severity.ERROR,
        rule=InSet(column="status", values=("new",)),
        owner="ana@example.com",
        restricted=restricted,
    )
    seen = Measurement(check_id=check_id, rows_tested=8_800_000_000, rows_failed=312, value=0.5)
    return CheckResult(spec=spec, measurement=seen, outcome=outcome, observed="312 rows", expected="no row")


def audit(
    run_id: str,
    *,
    at: datetime = NOON,
    outcomes: tuple[Outcome, ...] = (Outcome.PASSED,),
    contracts: tuple[Contract, ...] | None = None,
    evidence: tuple[Evidence, ...] = (),
    restricted: bool = False,
) -> Audit:
    parts = tuple(
        ContractAudit(
            contract=each,
            tables=(TableShape(object="leads", physical_name="leads", columns=(), rows=8_800),),
            results=tuple(result(o, restricted=restricted) for o in outcomes),
            evidence=evidence,
        )
        for each in (contracts or (contract(),))
    )
    return Audit(
        run_id=run_id,
        started_at=at,
        finished_at=at + timedelta(seconds=3.9),
        source="postgresql://observer@crm/crm",
        contracts=parts,
        version="0.1.0",
    )


def test_a_recorded_run_comes_back_as_it_was(store: Store) -> None:
    recorded = audit("0190-a", outcomes=(Outcome.PASSED, Outcome.WARNED, Outcome.FAILED))
    store.record_audit(recorded)

    kept = store.run("0190-a")

    assert (kept.run.passed, kept.run.warned, kept.run.failed, kept.run.checks) == (1, 1, 1, 3)
    assert kept.run.outcome is Outcome.FAILED
    assert (kept.run.rows, kept.run.trust_score, kept.run.seconds) == (8_800, trust_score(recorded.results), 3.9)
    assert (kept.run.contracts, kept.run.execution) == (("crm-leads",), "snapshot")
    assert kept.contracts[0].file == "leads.odcs.yaml"
    check = kept.results[2]
    assert (check.outcome, check.dimension, check.severity) == (Outcome.FAILED, Dimension.VALIDITY, Severity.ERROR)
    assert (check.rows_tested, check.rows_failed, check.value) == (8_800_000_000, 312, 0.5)
    assert (check.observed, check.expected, check.owner) == ("312 rows", "no row", "ana@example.com")
    assert check.evidence is None


def test_times_come_back_aware_and_in_utc_whatever_zone_they_went_in(store: Store) -> None:
    tokyo = datetime(2026, 3, 1, 21, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    snapshot = SnapshotRecord(
        contract="crm-leads", taken_at=tokyo, source_time=None, rows=5, bytes=900, folder=None, one_instant=True
    )

    store.record_audit(audit("a", at=tokyo), snapshots=[snapshot])

    kept = store.run("a")
    assert kept.run.started_at == tokyo
    assert kept.run.started_at.tzinfo is UTC
    assert kept.snapshots == (dataclasses.replace(snapshot, taken_at=tokyo.astimezone(UTC)),)
    assert kept.contracts[0].first_seen.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused_and_nothing_is_kept(store: Store) -> None:
    with pytest.raises(StoreError):
        store.record_audit(audit("a", at=NOON.replace(tzinfo=None)))

    assert store.runs() == ()


def test_runs_are_listed_newest_first_and_by_contract(store: Store) -> None:
    other = contract(name="crm-users")
    store.record_audit(audit("a", at=NOON))
    store.record_audit(audit("b", at=NOON + timedelta(hours=2), contracts=(other,)))
    store.record_audit(audit("c", at=NOON + timedelta(hours=1), contracts=(other, contract())))

    assert [r.id for r in store.runs()] == ["b", "c", "a"]
    assert [r.id for r in store.runs(limit=1)] == ["b"]
    assert [r.id for r in store.runs(contract="crm-leads")] == ["c", "a"]
    assert store.runs()[1].contracts == ("crm-users", "crm-leads")
    assert store.runs(contract="nobody") == ()


def test_the_same_wording_of_a_contract_is_kept_once_with_its_first_run(store: Store) -> None:
    store.record_audit(audit("a"))
    store.record_audit(audit("b", at=NOON + timedelta(hours=1)))
    store.record_audit(audit("c", at=NOON + timedelta(hours=2), contracts=(contract(digest="d2"),)))

    assert store.run("b").contracts == store.run("a").contracts
    assert store.run("b").contracts[0].first_seen == NOON
    assert store.run("c").contracts[0].first_seen == NOON + timedelta(hours=2)


def test_a_run_is_found_by_the_beginning_of_its_id_in_any_case(store: Store) -> None:
    store.record_audit(audit("01JD0AAA"))
    store.record_audit(audit("01JD0BBB"))
    store.record_audit(audit("01JD0BBBX"))

    assert store.run("01jd0a").run.id == "01JD0AAA"
    assert store.run("01JD0BBB").run.id == "01JD0BBB"
    with pytest.raises(StoreError, match=r"several runs begin with `01JD`: .*give more of the id"):
        store.run("01JD")


@pytest.mark.parametrize("wanted", ["zz", "", "%", "_"])
def test_an_unknown_run_says_where_ids_are_listed(store: Store, wanted: str) -> None:
    store.record_audit(audit("01JD0AAA"))

    with pytest.raises(StoreError, match="observer runs"):
        store.run(wanted)


def test_a_run_that_looked_at_nothing_is_never_green(store: Store) -> None:
    store.record_audit(audit("a", outcomes=()))
    store.record_audit(audit("b", outcomes=(Outcome.PASSED,)), error="the connection was lost")

    assert [store.run(i).run.outcome for i in "ab"] == [Outcome.ERRORED, Outcome.ERRORED]
    assert store.run("b").run.error == "the connection was lost"


def test_a_run_is_recorded_once(store: Store) -> None:
    store.record_audit(audit("a"))

    with pytest.raises(StoreError, match="recorded already"):
        store.record_audit(audit("a"))

    assert len(store.runs()) == 1


def test_a_run_is_recorded_wholly_or_not_at_all(store: Store) -> None:
    broken = SnapshotRecord(
        contract="crm-leads",
        taken_at=NOON.replace(tzinfo=None),
        source_time=None,
        rows=5,
        bytes=9,
        folder=None,
        one_instant=True,
    )

    with pytest.raises(StoreError):
        store.record_audit(audit("a"), snapshots=[broken])

    assert store.runs() == ()


def test_runs_that_end_at_the_same_time_are_all_recorded(store: Store) -> None:
    ids = [f"run-{n}" for n in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda run_id: store.record_audit(audit(run_id)), ids))

    assert sorted(run.id for run in store.runs()) == ids
    assert len({store.run(run_id).contracts for run_id in ids}) == 1, "one wording, one row"


def test_evidence_keeps_keys_and_segments_with_awkward_values_written_out(store: Store) -> None:
    seen = Evidence(
        check_id="crm-leads.leads.lead_status.enum",
        key_columns=("id",),
        keys=((1,), ("a\x00b",), ("\ud800",)),
        urls=("https://crm.example.com/1",),
        offenders=(Offender(value=float("nan"), rows=3, suggestion="new"),),
        offenders_total=1,
        segments=(Segment(column="source", value="partner", rows_tested=9, rows_failed=8, share=0.8, lift=3.5),),
    )

    store.record_audit(audit("a", outcomes=(Outcome.FAILED,), evidence=(seen,)))

    kept = store.run("a").results[0].evidence
    assert kept is not None
    assert kept["keys"] == [[1], ["a\\x00b"], ["\\ud800"]]
    assert kept["offenders"] == [{"value": "nan", "rows": 3, "suggestion": "new"}]
    assert kept["segments"][0]["value"] == "partner"


def test_evidence_keeps_no_restricted_value_even_when_it_is_handed_one(store: Store) -> None:
    secret = "ana.secret@example.com"
    seen = Evidence(
        check_id="crm-leads.leads.lead_status.enum",
        key_columns=("email",),
        keys=((secret,),),
        urls=(f"https://crm.example.com/{secret}",),
        offenders=(Offender(value=secret, rows=3),),
        segments=(Segment(column="email", value=secret, rows_tested=9, rows_failed=8, share=0.8, lift=3.5),),
    )

    store.record_audit(audit("a", outcomes=(Outcome.FAILED,), evidence=(seen,), restricted=True))

    kept = store.run("a").results[0].evidence
    assert kept is not None
    assert secret not in str(kept)
    assert kept["notes"] == [
        "values not shown: the field is restricted",
        "keys not shown: a key column is restricted",
    ]


def test_a_state_keeps_some_keys_and_says_how_many_there_were(store: Store) -> None:
    many = tuple((n,) for n in range(10_000))
    seen = Evidence(check_id="crm-leads.leads.lead_status.enum", key_columns=("id",), keys=many)

    store.record_audit(audit("a", outcomes=(Outcome.FAILED,), evidence=(seen,)))

    kept = store.run("a").results[0].evidence
    assert kept is not None
    assert (kept["keys"][0], kept["keys"][-1], len(kept["keys"])) == ([0], [999], 1_000)
    assert kept["notes"] == ["the first 1,000 of 10,000 keys are kept"]


def test_an_open_state_answers_its_ping_and_can_be_closed_twice(store: Store) -> None:
    store.ping()
    store.close()
    store.close()


def test_the_password_of_the_state_is_never_shown(postgres_server_url: str) -> None:
    with Store.open(real_parts.new_postgres_database(postgres_server_url)) as opened:
        assert real_parts.PASSWORD not in opened.place
        assert real_parts.QUOTED_PASSWORD not in opened.place
