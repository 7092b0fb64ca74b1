"""Contracts → suite files, written or compared. Deterministic: the same contracts give the same bytes."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from observer.checks.file_names import file_name
from observer.checks.plan import plan_contract
from observer.contracts.model import Contract
from observer.errors import ReportError
from observer.gx.suites import NOTES, suite_name, suite_text


@dataclass(frozen=True, kw_only=True)
class SuiteFile:
    """One suite as it should be, and as it stands on disk."""

    path: Path
    #: None: the file should not exist, its contract or table is gone.
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


def compare_suites(contracts: Sequence[Contract], folder: Path, *, whole: bool) -> tuple[SuiteFile, ...]:
    """Every suite file of these contracts beside what the folder holds, by path.

    Suites that were written for a table or contract that is gone are leftovers. A contract counts as gone only when
    `contracts` are the `whole` of the project. Files that `observer generate` did not write are left alone.
    """
    wanted: dict[Path, str] = {}
    for contract in contracts:
        plan = plan_contract(contract, contracts)
        for obj in contract.objects:
            wanted[folder / file_name(suite_name(plan, obj.name), ".json")] = suite_text(plan, obj.name)
    known = {contract.id for contract in contracts}
    leftovers = {
        path
        for path in folder.glob("*.json")
        if path not in wanted and (home := _contract_of(path)) is not None and (whole or home in known)
    }
    return tuple(
        SuiteFile(path=path, wanted=wanted.get(path), present=_read(path)) for path in sorted({*wanted, *leftovers})
    )


def write_suites(files: Sequence[SuiteFile]) -> None:
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
            draft = file.path.with_suffix(".json.new")
            draft.write_text(file.wanted, encoding="utf-8", newline="\n")
            draft.replace(file.path)
        except OSError as error:
            raise ReportError(
                f"{file.path} cannot be written: {error.strerror}", fix="give a folder that is writable with --out"
            ) from error


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path} cannot be read: {error}", fix="mend or remove the file") from error


def _contract_of(path: Path) -> str | None:
    """Id of the contract that the suite was written from; None for a file that is no suite of ours."""
    try:
        document = json.loads(_read(path) or "")
    except (ValueError, ReportError):
        return None
    if not isinstance(document, dict) or document.get("notes") != NOTES or not isinstance(document.get("meta"), dict):
        return None
    home = document["meta"].get("contract")
    return home if isinstance(home, str) else None
