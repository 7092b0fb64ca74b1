"""A full disk, a file in the way, a state that cannot be used, names that are code: nothing is lost, nothing harmed."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.desk import ENCODED, HEAD, PASSWORD, REPORTS, Desk, told


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in [name for name in os.environ if name.startswith("OBSERVER_")]:
        monkeypatch.delenv(name)
    return Desk(tmp_path)


# --- where things are written ---------------------------------------------------------------------------------


@contextmanager
def full_disk(most_bytes: int) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def many_leads(rows: int) -> str:
    draw = random.Random(7)
    return "id,email,status,owner_id\n" + "".join(f"{i},{draw.random()}@x.org,new,1\n" for i in range(rows))


def test_a_disk_without_room_for_the_snapshot_says_so_and_keeps_nothing_of_it(desk):
    (desk.dump / "leads.csv").write_text(many_leads(20_000))
    with full_disk(100_000):
        ran = desk.audit("file:dump", "--no-state")
    assert (ran.code, ran.out) == (3, "")
    assert "may not grow any larger. Fix: raise the limit" in ran.err
    assert desk.made() == set()


def test_a_disk_without_room_for_the_report_still_prints_it_and_leaves_the_last_one_whole(desk):
    desk.audit()
    before = {p.name: p.read_bytes() for p in (desk.folder / "out").rglob("*") if p.is_file()}
    files = desk.files()
    with full_disk(12_000):
        ran = desk.audit("file:dump", "--no-state")
    assert ran.code == 3
    assert "Trust score 85." in ran.out
    assert "the reports could not be written to out: File too large. Fix: " in ran.err
    assert desk.files() == files
    assert {p.name: p.read_bytes() for p in (desk.folder / "out").rglob("*") if p.is_file()} == before


def test_a_disk_without_room_for_the_state_costs_the_record_and_not_the_report(desk):
    with full_disk(50_000):
        ran = desk.typed("audit", "-c", "crm.odcs.yaml", "-s", "file:dump")
    assert ran.code == 1
    assert "Trust score 85." in ran.out
    assert "the run is not recorded: " in ran.err
    assert "Fix: " in ran.err
    assert desk.typed("runs").out.startswith("Nothing ran yet")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-o", "crm.odcs.yaml"), "'crm.odcs.yaml' is a file"),
        (("--keep", "crm.odcs.yaml"), "'crm.odcs.yaml' is a file"),
        (("--workspace", "crm.odcs.yaml/deep"), "crm.odcs.yaml/deep could not be written (Not a directory). Fix: "),
    ],
)
def test_a_file_in_the_way_is_named_before_anything_is_read(words, says, desk):
    ran = desk.audit("file:dump", *words)
    assert (ran.code, ran.out) == (3, "")
    assert says in told(ran.err)
    assert desk.made() == set()


@pytest.mark.parametrize("out", ["crm.odcs.yaml/deep", "/proc/deep"])
def test_a_report_folder_that_cannot_be_made_costs_only_the_files(out, desk):
    ran = desk.audit(out=out)
    assert ran.code == 3
    assert "Trust score 85." in ran.out
    assert f"the reports could not be written to {out}: " in told(ran.err)
    assert "Fix: give a folder that can be written" in told(ran.err)
    assert desk.made() == set()


# --- the state ------------------------------------------------------------------------------------------------


def newer(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE observer_schema_version (version_num text)")
        db.execute("INSERT INTO observer_schema_version VALUES ('9999')")


def foreign(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE runs (id int)")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.write_text("id;name" * 999), "it is not an SQLite file. Fix: name another state"),
        (newer, "was written by a newer version of crm-observer (schema 9999). Fix: install that version"),
        (foreign, "holds a table `runs` that crm-observer did not make. Fix: give the state a database"),
        (Path.mkdir, "the state state.db cannot be opened. Fix: check that it is a file"),
    ],
    ids=["corrupt", "newer", "foreign", "folder"],
)
def test_a_state_that_cannot_be_used_is_left_as_it_is_and_costs_the_record_only(spoil, says, desk, monkeypatch):
    monkeypatch.setenv("OBSERVER_STATE", "sqlite:///state.db")
    file = desk.folder / "state.db"
    spoil(file)
    before = file.read_bytes() if file.is_file() else None
    ran = desk.audit()
    assert ran.code == 1
    assert "the run is not recorded: " in ran.err
    assert says in ran.err
    assert {f"out/{name}" for name in REPORTS} <= desk.made()
    assert before == (file.read_bytes() if file.is_file() else None)
    listed = desk.typed("runs")
    assert (listed.code, listed.out) == (3, "")
    assert says in listed.err


def test_a_locked_state_costs_the_record_and_not_the_report(desk):
    desk.typed("runs")
    with sqlite3.connect(desk.folder / ".observer" / "state.db", isolation_level=None) as db:
        db.execute("BEGIN IMMEDIATE")
        ran = desk.audit()
    db.close()
    assert ran.code == 1
    assert "another process is writing the state .observer/state.db" in ran.err
    assert {f"out/{name}" for name in REPORTS} <= desk.made()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"postgresql://ada:{ENCODED}@127.0.0.1:1/crm", "could not be reached"),
        (f"postgresql://ada:{PASSWORD}@127.0.0.1:1/crm", "in a password @ as %40"),
        ("postgresql://ada:p@ss:1/ss:w/rd@127.0.0.1:1/crm", "holds an @ as it is. Fix: write it as %40"),
        (f"postgresql://ada:{ENCODED}", "the URL of the state is no URL"),
        (f"mysql://ada:{ENCODED}@127.0.0.1/crm", "the state cannot live in mysql"),
    ],
)
def test_the_password_of_the_state_is_never_shown(url, says, desk, monkeypatch):
    monkeypatch.setenv("OBSERVER_STATE", url)
    for words in (("audit", "-c", "crm.odcs.yaml", "-s", "file:dump"), ("runs",)):
        ran = desk.typed(*words, "--debug")
        assert ran.code == (1 if words[0] == "audit" else 3)
        assert says in ran.err


# --- hostile names --------------------------------------------------------------------------------------------

HOSTILE = '<img src=x onerror="alert(1)">\x1b[31m\'; DROP TABLE leads --\n=cmd()\x07'


@pytest.mark.parametrize("execution", ["snapshot", "pushdown"])
def test_names_and_values_that_are_code_stay_text(execution, desk):
    with sqlite3.connect(desk.folder / "crm.db") as db:
        name = '"' + HOSTILE.replace('"', '""') + '"'
        db.execute(f"CREATE TABLE {name} (id text primary key, {name} text)")
        db.executemany(f"INSERT INTO {name} VALUES (?, ?)", [(HOSTILE, HOSTILE), ("=cmd()", "no"), ("2", "ok")])
    db.close()
    hostile = json.dumps(HOSTILE)
    desk.contract(f"""{HEAD}schema:
  - name: {hostile}
    id: t
    customProperties: [{{property: recordUrl, value: 'https://crm.example.com/leads/{{id}}'}}]
    properties:
      - {{name: id, logicalType: string, primaryKey: true, required: true}}
      - {{id: p, name: {hostile}, logicalType: string, required: true, enum: [{{value: ok}}]}}
""")
    ran = desk.audit("sqlite:///crm.db", "--execution", execution)
    assert ran.code == 1, ran.out
    assert desk.report()["summary"]["errored"] == 0
    assert desk.report()["summary"]["failed"] == 1
    assert not {"\x1b", "\x07"} & set(ran.out)
    html = (desk.folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in html
    assert "\x1b" not in html
    (failures,) = (desk.folder / "out" / "failures").iterdir()
    with failures.open(encoding="utf-8", newline="") as file:
        keys = [row[0] for row in csv.reader(file)][1:]
    assert sorted(keys) == sorted([HOSTILE, "'=cmd()"]), "a spreadsheet takes no key for a formula"
