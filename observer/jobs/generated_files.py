"""Files made of contracts and service levels: as they should be, and as they stand on disk."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from observer.errors import ReportError


@dataclass(frozen=True, kw_only=True)
class GeneratedFile:
    """One file as it should be, and as it stands on disk."""

    path: Path
    #: None: the file should not exist, what it was made of is gone.
    wanted: str | None
    #: None: there is no such file yet.
    present: str | None

    @property
    def stale(self) -> bool:
        return self.wanted != self.present

    def diff(self) -> str:
        """A unified diff from what is on disk to what should be; empty when it is up to date."""
        before, after = ((text or "").splitlines(keepends=True) for text in (self.present, self.wanted))
        return "".join(difflib.unified_diff(list(before), list(after), f"a/{self.path}", f"b/{self.path}"))


def present_text(path: Path) -> str | None:
    """What the file holds now; None when there is none. Raises ReportError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path} cannot be read: {error}", fix="mend or remove the file") from error


def write_files(files: Sequence[GeneratedFile]) -> None:
    """Bring the stale ones up to date; each file is replaced in one step.

    Raises:
        ReportError: a file cannot be written.
    """
    for file in files:
        if not file.stale:
            continue
        try:
            if file.wanted is None:
                file.path.unlink()
                continue
            file.path.parent.mkdir(parents=True, exist_ok=True)
            draft = file.path.with_suffix(f"{file.path.suffix}.new")
            draft.write_text(file.wanted, encoding="utf-8", newline="\n")
            draft.replace(file.path)
        except OSError as error:
            raise ReportError(
                f"{file.path} cannot be written: {error.strerror}", fix="name a place that is writable"
            ) from error
