"""Where a snapshot lives that nobody keeps: a private folder that is gone when its block ends, signals included."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from observer.snapshots.parquet import disk_error


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


def _exit(signum: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)
