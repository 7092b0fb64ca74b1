"""What could be looked at is reported, whatever happens to the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from observer.checks.measure import Outcome
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


def leads(name: str):
    return contract(table("leads", prop("email", required=True)), id=name)


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
    request = AuditRequest(contracts=(leads("one"),), keep=tmp_path / "kept", **more)
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
