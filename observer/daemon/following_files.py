"""Files under watch. In: which paths matter now. Out: a call whenever any of them changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import structlog
from watchfiles import watch as changes_of

log = structlog.get_logger("observer")

#: How often it is looked whether the folders are still the same ones, in milliseconds.
_LOOK_MS = 2_000

#: Folder → which one it is: another one may come to stand under its name.
_Folders = Mapping[Path, tuple[int, int]]


class FileWatch:
    """A thread that looks until it is stopped. Paths that do not exist yet are seen through their folder."""

    def __init__(self, paths: Callable[[], Iterable[Path | None]], on_change: Callable[[], None]) -> None:
        self._paths = paths
        self._on_change = on_change
        self._stop = threading.Event()
        wanted = self._wanted()
        self._thread = threading.Thread(target=self._watch, args=(wanted, _folders(wanted)), name="files", daemon=True)
        #: The system tells of no more changes: they are looked for.
        self._polls = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self, wanted: set[Path], folders: _Folders) -> None:
        while not self._stop.is_set():
            try:
                self._follow(wanted, folders)
            except (OSError, RuntimeError) as error:
                # A folder that is just being replaced, or the system's limit of watches.
                log.warning("files_watched_by_looking", reason=f"{type(error).__name__}: {error}")
                self._polls = True
                self._stop.wait(_LOOK_MS / 1000)
            now = self._wanted()
            folders_now = _folders(now)
            if (now, folders_now) != (wanted, folders):
                wanted, folders = now, folders_now
                self._on_change()

    def _follow(self, wanted: set[Path], folders: _Folders) -> None:
        """Until other paths matter, a link leads elsewhere (so Kubernetes replaces a mounted file), or a folder is
        another one."""
        if not folders:
            self._stop.wait(_LOOK_MS / 1000)
            return
        looks = changes_of(
            *folders,
            stop_event=self._stop,
            rust_timeout=_LOOK_MS,
            step=_LOOK_MS // 4,
            yield_on_timeout=True,
            recursive=False,
            force_polling=self._polls or None,
            poll_delay_ms=_LOOK_MS,
        )
        for changes in looks:
            now = self._wanted()
            if (now, _folders(now)) != (wanted, folders):
                return
            if any(_concerns(Path(name), wanted) for _, name in changes):
                self._on_change()

    def _wanted(self) -> set[Path]:
        return {path.resolve() for path in self._paths() if path is not None}


def _folders(wanted: Iterable[Path]) -> _Folders:
    """The folders in which a change matters. An editor replaces a file, so its folder is what is watched."""
    found = {}
    for folder in {folder for path in wanted for folder in _around(path)}:
        try:
            seen = folder.stat()
        except OSError:  # not there, for now
            continue
        found[folder] = (seen.st_dev, seen.st_ino)
    return found


def _around(path: Path) -> Iterator[Path]:
    yield path.parent
    if path.is_dir():
        yield path
        yield from (inner for inner in path.rglob("*") if inner.is_dir())


def _concerns(changed: Path, wanted: set[Path]) -> bool:
    return any(changed == path or (path in changed.parents and changed.suffix in (".yaml", ".yml")) for path in wanted)
