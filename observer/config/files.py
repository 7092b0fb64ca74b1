"""Paths → files → bytes. What cannot be found or read is a problem, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from observer.config.yaml_text import MAX_BYTES, too_large
from observer.contracts.problems import Problem


def find_files(
    paths: Sequence[Path], wanted: Callable[[str], bool], nothing: Problem, problems: list[Problem]
) -> tuple[Path, ...]:
    """Files as they are named, and of folders, at any depth, those whose name is `wanted`; each once.

    `nothing` is what is said of a folder without any.
    """
    found: list[Path] = []
    for path in paths:
        try:
            if path.is_dir():
                inside = sorted(p for p in path.rglob("*") if wanted(p.name) and p.is_file())
                found += inside
                if not inside:
                    problems.append(replace(nothing, file=str(path)))
            elif path.exists():
                found.append(path)
            else:
                message, fix = "there is no such file or folder", "correct the path"
                problems.append(Problem(rule="file-not-found", message=message, fix=fix, file=str(path)))
        except OSError as error:
            message, fix = f"the path cannot be read: {error.strerror}", "check the path and its permissions"
            problems.append(Problem(rule="file-not-readable", message=message, fix=fix, file=str(path)))
    return tuple(dict.fromkeys(found))


def read_file(file: Path, problems: list[Problem]) -> bytes | None:
    """What the file holds; None when it cannot be read, or is too large to be worth it."""
    try:
        size = file.stat().st_size
        if size <= MAX_BYTES:
            return file.read_bytes()
    except OSError as error:
        message, fix = f"the file cannot be read: {error.strerror}", "check its permissions"
        problems.append(Problem(rule="file-not-readable", message=message, fix=fix, file=str(file)))
        return None
    problems.append(too_large(size, str(file)))
    return None
