"""Runs `observer` as a person would, in this process: words in; exit code, output and messages out."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

from observer.cli.main import main


@dataclass(frozen=True, kw_only=True)
class Ran:
    code: int
    out: str
    err: str


def observer(*words: object, cwd: Path) -> Ran:
    """Type `observer WORDS…` in the folder `cwd`."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    before = Path.cwd()
    os.chdir(cwd)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(word) for word in words])
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    finally:
        os.chdir(before)
    return Ran(code=code, out=out.getvalue(), err=err.getvalue())
