"""What could be looked at is reported, whatever happens to the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from observer.checks.measure import CheckResult, Outcome
from observer.errors import InputError, SourceError
from observer.jobs.audit import AuditRequest, Execution, run_audit
from observer.reports.progress import SilentProgress
from observer.sources.opening import open_source
from observer.sources.source import Source, SourceSession
from tests.fakes.contracts import contract, prop, table


class FailingSource:
    """A real source whose sessions fail from the n-th on."""

    def __init__(self, real: Source, good_sessions: int) -> None:
        self._real, self._left = real, good_sessions

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    @contextmanager
    def session(self) -> Iterator[SourceSession]:
        self._left -= 1
        if self._left < 0:
            raise SourceError("the database went away", fix="start it again")
        with self._real.session() as session:
            yield session


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    db = sqlite3.connect(tmp_path / "crm.db")
    db.execute("create table leads (id integer primary key, email text)")
    db.execute("insert into leads values (1, 'x'), (2, null)")
    db.commit()
    db.close()
    door = open_source(f"sqlite:///{tmp_path}/crm.db")
    yield door
    door.close()


def leads(name: str, **more: object):
    return contract(table("leads", prop("email", required=True, **more)), id=name)


def test_a_contract_that_cannot_be_looked_at_does_not_cost_the_others(source):
    request = AuditRequest(contracts=(leads("one"), leads("two")))
    found = run_audit(request, FailingSource(source, 1), SilentProgress())
    one, two = found.contracts
    assert {r.outcome for r in one.results} == {Outcome.PASSED, Outcome.FAILED}
    assert {r.outcome for r in two.results} == {Outcome.ERRORED}
    assert "the database went away. Fix: start it again." in (two.results[0].measurement.error or "")
    assert two.tables[0].error is not None


def test_when_nothing_could_be_looked_at_the_reason_is_raised(source):
    request = AuditRequest(contracts=(leads("one"), leads("two")))
    with pytest.raises(SourceError, match="the database went away"):
        run_audit(request, FailingSource(source, 0), SilentProgress())


@pytest.mark.parametrize(
    ("more", "says"),
    [({}, "OBSERVER_TOKEN_KEY"), ({"execution": Execution.PUSHDOWN}, "leave out --keep")],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_read(source, tmp_path, more, says):
    request = AuditRequest(contracts=(leads("one", classification="restricted"),), keep=tmp_path / "kept", **more)
    with pytest.raises(InputError, match=says):
        run_audit(request, FailingSource(source, 0), SilentProgress())


def test_a_copy_that_cannot_be_kept_costs_no_result(source, tmp_path):
    (tmp_path / "kept").write_text("a file in the way")
    request = AuditRequest(contracts=(leads("one"),), keep=tmp_path / "kept", token_key=b"k" * 32)
    (only,) = run_audit(request, source, SilentProgress()).contracts
    assert Outcome.FAILED in {r.outcome for r in only.results}
    assert only.snapshot is not None
    assert only.snapshot.folder is None
    assert "kept" in (only.snapshot.not_kept or "")


def changes_of(request: AuditRequest, source: Source) -> dict[str, CheckResult]:
    (only,) = run_audit(request, source, SilentProgress()).contracts
    changes = {"schema_drift", "row_count_change", "deleted_rows", "changed_rows", "invalid_writes"}
    return {r.spec.rule_name: r for r in only.results if r.spec.rule_name in changes}


def test_what_changed_is_skipped_on_a_first_run_and_errored_when_no_copy_can_be_kept(source, tmp_path):
    request = AuditRequest(contracts=(leads("one", primary_key_position=1),), keep=tmp_path / "kept", changes=True)
    first = changes_of(request, source)
    assert len(first) == 5
    assert {r.outcome for r in first.values()} == {Outcome.SKIPPED}
    assert {r.measurement.skipped for r in first.values()} == {"there is no earlier snapshot to compare with"}

    # Nothing in this contract is restricted, so that no secret was needed.
    (snapshot,) = (tmp_path / "kept" / "one").iterdir()
    request = replace(request, previous={"one": [snapshot]})
    second = changes_of(request, source)
    assert {r.outcome for name, r in second.items() if name != "invalid_writes"} == {Outcome.PASSED}
    assert second["invalid_writes"].measurement.skipped == "no row was written since the last snapshot"

    (tmp_path / "in the way").write_text("")
    full = changes_of(replace(request, keep=tmp_path / "in the way"), source)
    assert {r.outcome for r in full.values()} == {Outcome.ERRORED}
    gone = changes_of(replace(request, previous={"one": [tmp_path / "nowhere"]}), source)
    assert {r.outcome for r in gone.values()} == {Outcome.ERRORED}


def test_a_run_that_could_not_look_errors_what_changed_too(source):
    request = AuditRequest(contracts=(leads("one"), leads("two")), changes=True)
    _, two = run_audit(request, FailingSource(source, 1), SilentProgress()).contracts
    assert {r.outcome for r in two.results} == {Outcome.ERRORED}
    assert "two.leads.schema_drift" in {r.spec.id for r in two.results}
