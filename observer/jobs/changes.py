"""What changed since the previous kept snapshot of a contract: CheckResults and Evidence beside those of the plan.

previous snapshot + the one just kept → pair the rows → measure → judge → ask why
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from observer.checks.judge import judge
from observer.checks.measure import CheckResult, Evidence, Measurement, Outcome
from observer.checks.spec import CheckSpec, ContractPlan
from observer.errors import InputError, SnapshotError
from observer.snapshots.compare import Comparison, FailingRows
from observer.snapshots.manifest import read_manifest


@dataclass(frozen=True, kw_only=True)
class Changes:
    """In the order of the specs; evidence for those that did not pass."""

    results: tuple[CheckResult, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def previous_snapshots(folders: Sequence[Path], contracts: Sequence[str]) -> dict[str, list[Path]]:
    """Contract id → the one folder that holds an earlier snapshot of it.

    Raises:
        InputError: a folder holds no snapshot of these contracts, or one that another folder holds too.
        SnapshotError: a folder holds no finished snapshot.
    """
    found: dict[str, list[Path]] = {}
    for folder in folders:
        held = [contract for contract in read_manifest(folder).contracts if contract in contracts]
        if not held:
            fix = "name a folder that `observer audit --keep` wrote for one of the contracts"
            raise InputError(f"{folder} is no snapshot of {', '.join(contracts)}", fix=fix)
        for contract in held:
            if contract in found:
                raise InputError(f"{folder} and {found[contract][0]} are both of `{contract}`", fix="give one of them")
            found[contract] = [folder]
    return found


def nothing_to_compare(specs: Sequence[CheckSpec], why: str) -> Changes:
    """Every check SKIPPED: a first run, or nothing is kept."""
    return Changes(results=tuple(judge(s, Measurement(check_id=s.id, skipped=why)) for s in specs))


def could_not_compare(specs: Sequence[CheckSpec], why: str) -> Changes:
    """Every check ERRORED."""
    return Changes(results=tuple(judge(s, Measurement(check_id=s.id, error=why)) for s in specs))


def see_changes(
    plan: ContractPlan,
    specs: Sequence[CheckSpec],
    before: Sequence[Path],
    after: Path,
    *,
    failing: FailingRows,
    measured: Mapping[str, Measurement],
    key: bytes | None,
    workspace: Path,
    key_limit: int,
) -> Changes:
    """Compare a kept snapshot with an earlier one. `before`: those that are still there, newest first; a table is
    compared with the newest of them that could read it. Whatever cannot be compared is ERRORED or SKIPPED with its
    reason; nothing raises.
    """
    by_folder: dict[Path, list[CheckSpec]] = {}
    for spec in specs:
        by_folder.setdefault(_newest_with(before, plan.contract, spec.object), []).append(spec)
    parts = [
        _compared(plan, own, folder, after, failing, measured, key=key, workspace=workspace, key_limit=key_limit)
        for folder, own in by_folder.items()
    ]
    results = {result.spec.id: result for part in parts for result in part.results}
    return Changes(
        results=tuple(results[spec.id] for spec in specs),
        evidence=tuple(evidence for part in parts for evidence in part.evidence),
    )


def _newest_with(before: Sequence[Path], contract: str, object_name: str) -> Path:
    """Only a table that could not be read is looked for further back: what was not in the contract, is new."""
    for folder in before:
        try:
            tables = read_manifest(folder).tables
        except SnapshotError:
            break
        entry = next((t for t in tables if (t.contract, t.object) == (contract, object_name)), None)
        if entry is None:
            break
        if entry.file is not None:
            return folder
    return before[0]


def _compared(
    plan: ContractPlan,
    specs: Sequence[CheckSpec],
    before: Path,
    after: Path,
    failing: FailingRows,
    measured: Mapping[str, Measurement],
    *,
    key: bytes | None,
    workspace: Path,
    key_limit: int,
) -> Changes:
    try:
        comparison = Comparison(before, after, plan, failing=failing, measured=measured, workspace=workspace, key=key)
    except SnapshotError as error:
        return could_not_compare(specs, str(error))
    with comparison:
        results = tuple(judge(spec, comparison.measure(spec, specs)) for spec in specs)
        broken = [r for r in results if r.outcome in (Outcome.FAILED, Outcome.WARNED) and r.measurement.rows_failed]
        return Changes(
            results=results,
            evidence=tuple(comparison.evidence(r.spec, key_limit=key_limit) for r in broken),
        )
