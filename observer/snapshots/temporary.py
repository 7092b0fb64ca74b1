"""Where a snapshot lives that nobody keeps: a private folder that is gone when its block ends, signals included."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import NoReturn

from observer.snapshots.parquet import disk_error

#: As `mkdtemp` makes it.
_NAME = re.compile(r"observer-[a-z0-9_]{8}")
_CONTENT = re.compile(
    r"observer-[a-z0-9_]{8}|\d{3}-.*\.parquet|\.\d{3}-.*\.partial|manifest\.json(\.partial)?|\.manifest.*|duckdb|\.?kept.*"
)


@contextmanager
def temporary_folder(within: Path | None = None) -> Iterator[Path]:
    """A fresh folder (mode 0700) inside `within` (made when missing; default: the system's), removed at the end.

    In the main thread SIGTERM ends the block like Ctrl-C does, with exit status 143, unless the program has its own
    handler. Raises SnapshotError when the folder cannot be made.
    """
    try:
        if within is not None:
            within.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="observer-", dir=within))
    except OSError as error:
        raise disk_error(error, Path(error.filename or within or tempfile.gettempdir())) from None
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _exit)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def abandoned_folders(now: datetime, *, older_than: timedelta, within: Path | None = None) -> Iterator[Path]:
    """Temporary folders of killed runs: of this user, not written to for so long, with nothing but a snapshot in them.

    They hold values as the source has them, so whoever finds them should remove them.
    """
    home = within or Path(tempfile.gettempdir())
    for folder in sorted(home.glob("observer-*")):
        with suppress(FileNotFoundError, PermissionError):  # it is gone meanwhile, or somebody else's
            seen = folder.lstat()
            old = now - datetime.fromtimestamp(seen.st_mtime, UTC) > older_than
            ours = stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid() and _NAME.fullmatch(folder.name)
            if old and ours and all(_CONTENT.fullmatch(entry.name) for entry in folder.iterdir()):
                yield folder


def _exit(signum: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)
