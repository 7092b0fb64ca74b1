"""Contracts → suite files, compared with those on disk. Deterministic: the same contracts give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from observer.checks.file_names import file_name
from observer.checks.plan import plan_contract
from observer.contracts.model import Contract
from observer.errors import ReportError
from observer.gx.suites import NOTES, suite_name, suite_text
from observer.jobs.generated_files import GeneratedFile, present_text


def compare_suites(contracts: Sequence[Contract], folder: Path, *, whole: bool) -> tuple[GeneratedFile, ...]:
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
        GeneratedFile(path=path, wanted=wanted.get(path), present=present_text(path))
        for path in sorted({*wanted, *leftovers})
    )


def _contract_of(path: Path) -> str | None:
    """Id of the contract that the suite was written from; None for a file that is no suite of ours."""
    try:
        document = json.loads(present_text(path) or "")
    except (ValueError, ReportError):
        return None
    if not isinstance(document, dict) or document.get("notes") != NOTES or not isinstance(document.get("meta"), dict):
        return None
    home = document["meta"].get("contract")
    return home if isinstance(home, str) else None
