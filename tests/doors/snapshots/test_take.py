"""Snapshots of real sources: whole files, a true manifest, and nothing half-written left behind."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observer.checks.measure import SourceColumn, TableShape
from observer.checks.spec import TablePlan
from observer.errors import SnapshotError, SourceError
from observer.snapshots.manifest import MANIFEST, read_manifest
from observer.snapshots.take import take_snapshot
from observer.snapshots.temporary import temporary_folder
from tests.doors.sources.reading import plan

NOW = dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC)


class FakeSession:
    """A session whose tables are lists of batches; an exception among them is raised."""

    source_time = NOW
    one_instant = True

    def __init__(self, **tables: list[pa.RecordBatch | BaseException] | str) -> None:
        self._tables = tables

    def shape(self, table: TablePlan) -> TableShape:
        content = self._tables[table.physical_name]
        names = [] if isinstance(content, str) else table.columns
        return TableShape(
            object=table.object,
            physical_name=table.physical_name,
            columns=tuple(SourceColumn(name=name, type="integer") for name in names),
            source_time=NOW,
            error=content if isinstance(content, str) else None,
        )

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        for batch in self._tables[table.physical_name]:
            if isinstance(batch, BaseException):
                raise batch
            assert isinstance(batch, pa.RecordBatch)
            yield batch


def batch(*ids: int | str | None) -> pa.RecordBatch:
    return pa.record_batch({"id": pa.array(ids)})


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_tables_are_written_with_a_manifest_that_says_what_they_are(tmp_path: Path) -> None:
    heard: list[tuple[str, int]] = []
    session = FakeSession(leads=[batch(1, 2), batch(3)], users=[batch().cast(pa.schema([("id", pa.int64())]))])
    snapshot = take_snapshot(
        session,
        [plan("leads", "id"), plan("users", "id")],
        tmp_path / "s",
        on_rows=lambda table, rows: heard.append((table.object, rows)),
        contract_versions={"crm": "1.2.0"},
    )
    assert heard == [("leads", 2), ("leads", 3), ("users", 0)]
    assert [t.shape.rows for t in snapshot.tables] == [3, 0]
    assert [pq.read_table(str(t.path)).num_rows for t in snapshot.tables] == [3, 0]
    manifest = read_manifest(tmp_path / "s")
    assert manifest == snapshot.manifest
    assert (manifest.source_time, manifest.one_instant, manifest.contracts) == (NOW, True, {"crm": "1.2.0"})
    leads = manifest.tables[0]
    assert (leads.file, leads.rows, leads.bytes) == ("000-leads.parquet", 3, snapshot.tables[0].bytes)
    assert [(c.name, c.type, c.source_type) for c in leads.columns] == [("id", "int64", "integer")]
    assert leads.schema_hash == manifest.tables[1].schema_hash


def test_only_the_owner_may_read_a_snapshot(tmp_path: Path) -> None:
    take_snapshot(FakeSession(leads=[batch(1)]), [plan("leads", "id")], tmp_path / "s")
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "s").iterdir()} == {0o600}


def test_a_table_that_fails_costs_only_itself_and_leaves_no_file(tmp_path: Path) -> None:
    session = FakeSession(
        gone="there is no such table",
        cut=[batch(1), SourceError("table 'cut' was lost", fix="run again")],
        ok=[batch(1)],
    )
    snapshot = take_snapshot(session, [plan(n, "id") for n in ("gone", "cut", "ok")], tmp_path)
    assert files_in(tmp_path) == ["002-ok.parquet", MANIFEST]
    assert [t.path is None for t in snapshot.tables] == [True, True, False]
    assert [t.shape.error for t in snapshot.tables] == [
        "there is no such table",
        "table 'cut' was lost. Fix: run again.",
        None,
    ]
    assert [t.shape.rows for t in snapshot.tables] == [None, None, 1]
    assert [t.error for t in read_manifest(tmp_path).tables] == [t.shape.error for t in snapshot.tables]


def test_a_batch_of_another_schema_starts_the_table_over(tmp_path: Path) -> None:
    session = FakeSession(leads=[batch(1, 2), batch("1", "2"), batch("x")])
    snapshot = take_snapshot(session, [plan("leads", "id")], tmp_path)
    assert pq.read_table(str(snapshot.tables[0].path)).to_pydict() == {"id": ["1", "2", "x"]}
    assert snapshot.tables[0].shape.rows == 3


def test_the_watermark_is_the_newest_event(tmp_path: Path) -> None:
    times = pa.record_batch({"at": pa.array([NOW, None, NOW - dt.timedelta(days=1)], pa.timestamp("us", "UTC"))})
    session = FakeSession(events=[times, times.slice(2)], none=[times.slice(1, 1)])
    tables = [plan(name, "at", update_time="at") for name in ("events", "none")]
    assert [t.watermark for t in take_snapshot(session, tables, tmp_path).manifest.tables] == [NOW.isoformat(), None]


@pytest.mark.parametrize("end", [KeyboardInterrupt(), RuntimeError("a bug")])
def test_whatever_interrupts_it_leaves_nothing_behind(tmp_path: Path, end: BaseException) -> None:
    session = FakeSession(one=[batch(1)], two=[batch(1), end])
    with pytest.raises(type(end)):
        take_snapshot(session, [plan("one", "id"), plan("two", "id")], tmp_path)
    assert files_in(tmp_path) == []


def test_a_disk_that_refuses_ends_the_snapshot_and_leaves_nothing_behind(tmp_path: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
import pyarrow as pa
from observer.errors import SnapshotError
from observer.snapshots.take import take_snapshot
from tests.doors.snapshots.test_take import FakeSession, plan
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
import random
wide = lambda: pa.record_batch({"id": pa.array([random.random() for _ in range(300_000)])})
folder = Path(sys.argv[1])
try:
    session = FakeSession(one=[wide().slice(0, 5)], two=[wide(), wide()])
    take_snapshot(session, [plan("one", "id"), plan("two", "id")], folder)
except SnapshotError as error:
    print(error, list(folder.iterdir()))
"""
    root = Path(__file__).resolve().parents[3]
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "s")], cwd=root, capture_output=True, text=True, check=True
    )
    assert "may not grow any larger" in ran.stdout
    assert ran.stdout.rstrip().endswith("[]")


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(tmp_path)], capture_output=True
    ).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        rows = [pa.record_batch({"id": pa.array([os.urandom(16) for _ in range(100_000)])})] * 3
        with pytest.raises(SnapshotError, match="is full"):
            take_snapshot(FakeSession(leads=rows), [plan("leads", "id")], tmp_path)
        assert files_in(tmp_path) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_temporary_folder_is_private_and_gone_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), temporary_folder(tmp_path / "new") as folder:
        (folder / "x").write_text("x")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        raise KeyboardInterrupt
    assert files_in(tmp_path / "new") == []
    with pytest.raises(SnapshotError, match="could not be written"), temporary_folder(Path("/proc/nowhere")):
        pass


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_removes_the_temporary_folder(tmp_path: Path, end: signal.Signals) -> None:
    script = """
import signal, sys, time
from pathlib import Path
from observer.snapshots.temporary import temporary_folder
# Whoever runs tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "x").write_text("x")
    print("ready", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(end)
        assert child.wait(30) != 0
    assert files_in(tmp_path) == []


def test_a_folder_without_a_whole_manifest_is_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="holds no finished snapshot"):
        read_manifest(tmp_path)
    take_snapshot(FakeSession(leads=[batch(1)]), [plan("leads", "id")], tmp_path)
    content = json.loads((tmp_path / MANIFEST).read_text())
    for damage, message in (
        ("{", "is damaged"),
        ("{}", "is damaged"),
        (json.dumps(content | {"format_version": 99}), "format version 99"),
    ):
        (tmp_path / MANIFEST).write_text(damage)
        with pytest.raises(SnapshotError, match=message):
            read_manifest(tmp_path)


def test_memory_stays_constant_however_long_the_table_is(tmp_path: Path) -> None:
    """200 MB of batches passes through with room for a row group or two."""
    wide = pa.record_batch({"id": pa.array([os.urandom(100) for _ in range(20_000)])})
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    most = [0]
    snapshot = take_snapshot(
        FakeSession(leads=[wide] * 100),
        [plan("leads", "id")],
        tmp_path,
        on_rows=lambda _table, _rows: most.append(pool.bytes_allocated() - before),
    )
    assert snapshot.tables[0].shape.rows == 2_000_000
    assert max(most) < 128 * 2**20


def test_duckdb_reads_what_was_written(tmp_path: Path) -> None:
    table = replace(plan("leads", "id"), object="Leads / 2026: “Zoë”")
    snapshot = take_snapshot(FakeSession(leads=[batch(1, None)]), [table], tmp_path)
    path = snapshot.tables[0].path
    assert path is not None
    assert path.endswith("000-Leads___2026___Zo__.parquet")
    with duckdb.connect() as duck:
        assert duck.execute("SELECT count(*), count(id) FROM read_parquet(?)", [path]).fetchall() == [(2, 1)]
