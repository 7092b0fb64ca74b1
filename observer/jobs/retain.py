"""Retention: kept snapshots whose time is over are removed from disk, then marked so in the state.

Only what lies in the folder of the settings is touched: a snapshot that somebody kept elsewhere by hand is theirs.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from observer.errors import SnapshotError
from observer.runs.leading import Term
from observer.runs.retention import Kept, to_remove
from observer.settings import SnapshotSettings
from observer.snapshots.manifest import MANIFEST
from observer.snapshots.parquet import disk_error
from observer.snapshots.temporary import abandoned_folders
from observer.store import Store

#: What a crashed run left behind is removed when it is older: no run takes that long.
LEFT_FOR = timedelta(days=1)
_PARTIAL = re.compile(r"\..+\.partial-.+")
_SNAPSHOT = re.compile(r"\d{8}T\d{6}\.\d{6}Z")


def retain_snapshots(store: Store, settings: SnapshotSettings, now: datetime, term: Term) -> int:
    """Remove what retention does not want, and what crashed runs left; how many folders were removed.

    A folder that is gone already is marked as removed. What killed runs left in the system's temporary folder goes too.

    Raises:
        SnapshotError: a folder could not be removed; all others were done.
        NotLeading, StoreError: the state could not be written.
    """
    home = settings.folder.resolve()
    ours = {s.id: s for s in store.kept_snapshots() if Path(s.folder).resolve().is_relative_to(home)}
    kept = [Kept(id=s.id, contract=s.contract, taken_at=s.taken_at, bytes=_size(Path(s.folder))) for s in ours.values()]
    limit = None if settings.max_mb is None else settings.max_mb * 2**20
    removed, failures = 0, []
    for snapshot in to_remove(kept, keep=settings.keep, daily=settings.daily, max_bytes=limit, now=now):
        folder = Path(ours[snapshot.id].folder)
        try:
            removed += _remove(folder)
        except OSError as error:
            failures.append(disk_error(error, folder))
            continue
        store.snapshot_removed(ours[snapshot.id], term=term)
    known = {Path(s.folder).resolve() for s in ours.values()}
    for folder in [*_leftovers(home, known, now), *abandoned_folders(now, older_than=LEFT_FOR)]:
        try:
            removed += _remove(folder)
        except OSError as error:
            failures.append(disk_error(error, folder))
    if failures:
        more = f", and {len(failures) - 1:,} more" if len(failures) > 1 else ""
        raise SnapshotError(f"old snapshots could not be removed: {failures[0].message}{more}", fix=failures[0].fix)
    return removed


def _remove(folder: Path) -> bool:
    """False when it was gone already. A snapshot disappears at once, so that nobody reads half of one."""
    if not folder.exists():
        return False
    is_snapshot = _SNAPSHOT.fullmatch(folder.name) is not None
    going = folder.with_name(f".{folder.name}.partial-removed") if is_snapshot else folder
    if is_snapshot:
        if going.exists():
            shutil.rmtree(going)
        folder.rename(going)
    shutil.rmtree(going)
    return True


def _leftovers(home: Path, known: set[Path], now: datetime) -> Iterator[Path]:
    """Half-written folders, and snapshots that no recorded run speaks of."""
    for folder in [folder for contract in _folders(home) for folder in _folders(contract)]:
        whole = _SNAPSHOT.fullmatch(folder.name) and (folder / MANIFEST).is_file() and folder not in known
        if (whole or _PARTIAL.fullmatch(folder.name)) and now - _written(folder) > LEFT_FOR:
            yield folder


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
    except FileNotFoundError:
        return []


def _written(folder: Path) -> datetime:
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.max.replace(tzinfo=UTC)


def _size(folder: Path) -> int:
    """Bytes on disk; 0 when it is gone."""
    try:
        return sum(file.stat().st_size for file in folder.iterdir())
    except FileNotFoundError:
        return 0
