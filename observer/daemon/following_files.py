"""Files under watch. In: which paths matter now. Out: a call whenever any of them changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import watch as changes_of


class FileWatch:
    """A thread that looks until it is stopped. Paths that do not exist yet are seen through their folder."""

    def __init__(self, paths: Callable[[], Iterable[Path | None]], on_change: Callable[[], None]) -> None:
        self._paths = paths
        self._on_change = on_change
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="files", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            wanted = {path.resolve() for path in self._paths() if path is not None}
            # An editor replaces a file, so its folder is what is watched.
            folders = {path if path.is_dir() else path.parent for path in wanted}
            there = [folder for folder in folders if folder.is_dir()]
            if not there:
                self._stop.wait(5.0)
                continue
            for changes in changes_of(*there, stop_event=self._stop, rust_timeout=2_000, yield_on_timeout=True):
                moved = self._moved(wanted)
                if moved or any(_concerns(Path(name), wanted) for _, name in changes):
                    self._on_change()
                if moved:
                    break

    def _moved(self, wanted: set[Path]) -> bool:
        """Other paths matter now, or a link leads elsewhere (so Kubernetes replaces a mounted file)."""
        return {path.resolve() for path in self._paths() if path is not None} != wanted


def _concerns(changed: Path, wanted: set[Path]) -> bool:
    return any(changed == path or (path in changed.parents and changed.suffix in (".yaml", ".yml")) for path in wanted)
