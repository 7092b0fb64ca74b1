"""A canary in every restricted field: it must appear nowhere but in the source."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.fakes.canary_crm import CANARIES, canary_crm, leaks
from tests.fakes.terminal import observer


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    return canary_crm(tmp_path)


@pytest.mark.parametrize("execution", ["snapshot", "pushdown"])
def test_no_restricted_value_leaves_the_source(crm, execution, monkeypatch):
    monkeypatch.setenv("OBSERVER_TOKEN_KEY", "k" * 40)
    keep = ["--keep", "kept"] if execution == "snapshot" else []
    ran = observer(
        "audit",
        "-c",
        "canary.odcs.yaml",
        "-s",
        f"sqlite:///{crm}/crm.db",
        "-o",
        "out",
        "--execution",
        execution,
        "--all-checks",
        *keep,
        cwd=crm,
    )
    assert ran.code == 1, ran.err
    assert "failed" in ran.out
    listed = observer("runs", cwd=crm)
    with closing(sqlite3.connect(crm / ".observer" / "state.db")) as state:
        (run,) = state.execute("select id from runs").fetchone()
        kept_state = "\n".join(state.iterdump())
    shown = observer("show", run, "--all-checks", cwd=crm)
    assert (shown.code, "is_known" in shown.out or "person" in shown.out) == (0, True)
    assert leaks(crm, ran.out, ran.err, listed.out, shown.out, kept_state) == []
    if keep:
        (parquet,) = (crm / "kept").rglob("*leads*.parquet")
        kept = pq.read_table(parquet)
        assert kept.num_rows == 59
        text = str(kept.to_pydict())
        assert [canary for canary in CANARIES if canary in text] == []
        assert len(set(kept.column("email").to_pylist())) == 7
        assert len(set(kept.column("person").to_pylist())) == 5


def test_no_restricted_value_is_told_by_what_changed(crm, monkeypatch):
    monkeypatch.setenv("OBSERVER_TOKEN_KEY", "k" * 40)
    words = ("audit", "-c", "canary.odcs.yaml", "-s", f"sqlite:///{crm}/crm.db")
    observer(*words, "--keep", "kept", "--no-state", cwd=crm)
    with closing(sqlite3.connect(crm / "crm.db")) as db, db:
        db.execute("delete from leads where id < 9")
        db.execute("update leads set email = 'canary.mail.new@example.org', phone = 4915550 where id < 20")
        db.execute("update people set name = 'Xanthippe 2' where name is null")
        db.execute("insert into people values ('Xanthippe 3')")
    (snapshot,) = (crm / "kept" / "canary").iterdir()
    ran = observer(*words, "--compare", snapshot, "-o", "out", "--all-checks", cwd=crm)
    with closing(sqlite3.connect(crm / ".observer" / "state.db")) as state:
        seen = dict(state.execute("select check_id, rows_failed from check_results where error is null").fetchall())
        kept_state = "\n".join(state.iterdump())
    assert (seen["canary.leads.deleted_rows"], seen["canary.leads.changed_rows"]) == (8, 11)
    assert seen["canary.leads.email.new_values"] == 11
    assert seen["canary.people.deleted_rows"] == 1
    assert leaks(crm, ran.out, ran.err, kept_state) == []
    tokens = set(pq.read_table(snapshot / "000-leads.parquet")["email"].to_pylist())
    assert not [token for token in tokens if token in ran.out + kept_state]


@pytest.mark.parametrize("text", ["49,155,501,234,568", "49 155 501 234 568", "4.91555012e+13", "1931-07-28T10:00:00Z"])
def test_a_canary_is_found_however_it_is_written(text, tmp_path):
    assert leaks(tmp_path, text) != []


def test_a_query_that_shows_a_restricted_number_is_refused_by_lint(crm):
    contract = (crm / "canary.odcs.yaml").read_text(encoding="utf-8")
    bad = contract.replace("SELECT count(distinct phone)", "SELECT max(phone)")
    (crm / "canary.odcs.yaml").write_text(bad, encoding="utf-8")
    ran = observer("lint", "canary.odcs.yaml", cwd=crm)
    assert ran.code != 0
    assert "shows a value of the restricted column `phone`" in " ".join((ran.out + ran.err).split())
    assert "Fix: count rows instead" in " ".join((ran.out + ran.err).split())


def test_a_snapshot_with_restricted_columns_is_not_kept_without_a_key(crm, monkeypatch):
    monkeypatch.delenv("OBSERVER_TOKEN_KEY", raising=False)
    ran = observer("audit", "-c", "canary.odcs.yaml", "-s", f"sqlite:///{crm}/crm.db", "--keep", "kept", cwd=crm)
    assert ran.code == 3
    assert "Fix: set OBSERVER_TOKEN_KEY" in ran.err
    assert not (crm / "kept").exists()


def test_errors_hold_no_restricted_value_even_with_debug(crm):
    db = sqlite3.connect(crm / "crm.db")
    db.execute("update leads set phone = 'Xanthippe' where id = 3")
    db.execute("update leads set created_at = 'garbage' where id = 4")
    db.commit()
    db.close()
    ran = observer("audit", "--debug", "-c", "canary.odcs.yaml", "-s", f"sqlite:///{crm}/crm.db", "-o", "out", cwd=crm)
    assert leaks(crm, ran.out, ran.err) == []
