"""Retention on a real folder and a real state: what goes is gone from both, and whoever is not ours stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from observer.errors import NotLeading, SnapshotError
from observer.jobs.retain import retain_snapshots
from observer.runs.leading import Term
from observer.settings import SnapshotSettings
from observer.snapshots.manifest import MANIFEST
from observer.store import Store
from tests.fakes.small_runs import small_run, small_snapshot

NOW = datetime.now(UTC)


class Desk:
    """A state, a folder of snapshots, and the daemon that leads."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder, self.runs = store, folder, 0
        term = store.leadership.campaign("me", lease=timedelta(minutes=5))
        assert term is not None
        self.term: Term = term

    def keep(self, *, hours: int, home: Path | None = None, recorded: bool = True) -> Path:
        at = NOW - timedelta(hours=hours)
        folder = (home or self.folder) / "crm-leads" / f"{at:%Y%m%dT%H%M%S.%fZ}"
        folder.mkdir(parents=True)
        (folder / MANIFEST).write_text("{}")
        (folder / "000-leads.parquet").write_bytes(b"x" * 2**20)
        os.utime(folder, (at.timestamp(), at.timestamp()))
        if recorded:
            self.runs += 1
            run, snapshot = small_run(f"run-{self.runs}", at=at), small_snapshot(at=at, folder=str(folder))
            self.store.record_audit(run, snapshots=[snapshot])
        return folder

    def retain(self, *, keep: int = 2, daily: int = 0, max_mb: int | None = None, term: Term | None = None) -> int:
        settings = SnapshotSettings(folder=self.folder, keep=keep, daily=daily, max_mb=max_mb)
        return retain_snapshots(self.store, settings, NOW, term or self.term)

    def remembered(self) -> list[str]:
        return [snapshot.folder for snapshot in self.store.kept_snapshots()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as store:
        yield Desk(store, tmp_path / "kept")


def test_what_retention_does_not_want_is_gone_from_disk_and_state(desk: Desk) -> None:
    folders = [desk.keep(hours=hours) for hours in (1, 2, 30, 31)]
    assert desk.retain() == 2
    assert [folder.exists() for folder in folders] == [True, True, False, False]
    assert desk.remembered() == [str(folder) for folder in folders[:2]]
    assert desk.retain() == 0


def test_the_budget_counts_what_lies_on_disk(desk: Desk) -> None:
    folders = [desk.keep(hours=hours) for hours in (1, 2, 3)]
    assert desk.retain(keep=3, max_mb=2) == 2
    assert [folder.exists() for folder in folders] == [True, False, False]


def test_a_folder_that_is_gone_already_is_marked(desk: Desk) -> None:
    folders = [desk.keep(hours=hours) for hours in (1, 2)]
    folders[1].rename(desk.folder / "elsewhere")
    assert desk.retain(keep=1) == 0
    assert desk.remembered() == [str(folders[0])]


def test_a_snapshot_that_was_kept_elsewhere_by_hand_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    mine = desk.keep(hours=50, home=tmp_path / "mine")
    desk.keep(hours=1)
    assert desk.retain(keep=1) == 0
    assert mine.exists()


def test_what_crashed_runs_left_goes_after_a_day(desk: Desk) -> None:
    desk.keep(hours=1)
    unknown, fresh = desk.keep(hours=30, recorded=False), desk.keep(hours=3, recorded=False)
    partial = unknown.with_name(f".{unknown.name}.partial-abc")
    young = unknown.with_name(f".{unknown.name}.partial-def")
    theirs = unknown.with_name("notes")
    for folder in (partial, young, theirs):
        folder.mkdir()
    old = (NOW - timedelta(hours=30)).timestamp()
    for folder in (unknown, partial, theirs):
        os.utime(folder, (old, old))
    assert desk.retain() == 2
    assert [folder.exists() for folder in (unknown, partial, fresh, young, theirs)] == [False, False, True, True, True]


def test_one_that_cannot_be_removed_is_said_after_the_others_were(desk: Desk) -> None:
    first, *others = [desk.keep(hours=hours) for hours in (9, 8, 7, 1)]
    # A right that is missing would not stop root.
    first.with_name(f".{first.name}.partial-removed").write_text("in the way")
    with pytest.raises(SnapshotError, match="could not be removed"):
        desk.retain(keep=1)
    assert [folder.exists() for folder in (first, *others)] == [True, False, False, True]
    assert str(first) in desk.remembered()


def test_who_leads_no_more_marks_nothing(desk: Desk) -> None:
    for hours in (1, 2):
        desk.keep(hours=hours)
    old = Term(holder="me", epoch=desk.term.epoch - 1, until=NOW)
    with pytest.raises(NotLeading):
        desk.retain(keep=1, term=old)
    assert len(desk.remembered()) == 2


def test_the_temporary_snapshot_of_a_killed_run_goes_after_a_day(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed, young, other = (tmp_path / f"observer-{name}" for name in ("aaaaaaa1", "aaaaaaa2", "aaaaaaa3"))
    for folder in (killed, young, other):
        folder.mkdir()
        (folder / "000-leads.parquet").write_text("")
    (other / "letters.txt").write_text("")
    for folder in (killed, other):
        os.utime(folder, ((NOW - timedelta(hours=30)).timestamp(),) * 2)
    assert desk.retain() == 1
    assert [folder.exists() for folder in (killed, young, other)] == [False, True, True]
