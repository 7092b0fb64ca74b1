"""Audit → the report folder. All or nothing: everything is rendered and written aside first, then moved into place.

`report.html`, `report.json`, `junit.xml` and `failures/*.csv` of an earlier run are replaced; other files are left
alone. Files are 0640: they hold keys of records.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from observer.checks.audit import Audit
from observer.errors import ReportError
from observer.reports.failures import FILE_NAME, FOLDER, render_failures
from observer.reports.html import render_html
from observer.reports.json_report import render_json
from observer.reports.junit import render_junit

HTML, JSON, JUNIT = "report.html", "report.json", "junit.xml"


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """Where the reports are."""

    folder: Path
    html: Path
    json: Path
    junit: Path
    #: In the order of the plan; empty when no broken check has keys.
    failures: tuple[Path, ...]


def write_reports(audit: Audit, folder: Path) -> ReportFiles:
    """Write every report into `folder`, which is made when it is not there.

    Raises:
        ReportError: the folder cannot be written (permission, full disk, a file in the way); the reports of an
            earlier run are then still whole.
    """
    texts = {
        **{f"{FOLDER}/{name}": text for name, text in render_failures(audit).items()},
        HTML: render_html(audit),
        JUNIT: render_junit(audit),
        JSON: render_json(audit),
    }
    target = folder.resolve()
    try:
        _place(texts, target)
    except OSError as error:
        raise ReportError(
            f"the reports could not be written to {folder}: {error.strerror or error}",
            fix="give a folder that can be written and has space left, with --out",
        ) from error
    return ReportFiles(
        folder=folder,
        html=folder / HTML,
        json=folder / JSON,
        junit=folder / JUNIT,
        failures=tuple(folder / path for path in texts if path.startswith(f"{FOLDER}/")),
    )


def _place(texts: dict[str, str], target: Path) -> None:
    is_new = not target.is_dir()
    target.parent.mkdir(parents=True, exist_ok=True)
    # Inside an existing folder, so that a move never crosses a file system: the folder may be a mount of its own.
    aside = Path(tempfile.mkdtemp(prefix=".observer-report-", dir=target.parent if is_new else target))
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, aside, ignore_errors=True)
        for path, text in texts.items():
            _write(aside / path, text)
        aside.chmod(0o750)
        if is_new:
            aside.rename(target)
            return
        _replace_files(aside, target, texts)


def _replace_files(aside: Path, target: Path, texts: dict[str, str]) -> None:
    """Move the new files in; `report.json`, which lists the others, comes last."""
    earlier = _listed_failures(target / JSON)
    if (aside / FOLDER).is_dir():
        (target / FOLDER).mkdir(mode=0o750, exist_ok=True)
    for path in texts:
        (aside / path).replace(target / path)
    for path in earlier - set(texts):
        (target / path).unlink(missing_ok=True)
    if (target / FOLDER).is_dir() and not any((target / FOLDER).iterdir()):
        (target / FOLDER).rmdir()


def _listed_failures(report: Path) -> set[str]:
    """Failure files that the earlier report names; none when there is no report that can be read."""
    try:
        checks = json.loads(report.read_text(encoding="utf-8"))["checks"]
        paths = [str(check["failures_file"]["path"]) for check in checks if check["failures_file"]]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()
    return {path for path in paths if path.startswith(f"{FOLDER}/") and FILE_NAME.fullmatch(path[len(FOLDER) + 1 :])}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o750, exist_ok=True)
    # A lone surrogate, which UTF-8 lacks, stays readable as its escape; in JSON that escape means the same.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o640)
