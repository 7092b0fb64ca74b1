"""Contract files → Contracts: find, read, check against the JSON Schema, build, resolve relationships.

Every problem of every file is reported at once, with its place. A file with an error gives no usable contract, only a
draft that lint may look at further.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from observer.config.build import Draft, build
from observer.config.odcs_schema import VERSIONS, shape_problems, shown
from observer.config.reading import Findings
from observer.config.relationships import with_relationships
from observer.config.yaml_text import MAX_BYTES, Places, read_yaml, too_large
from observer.contracts.model import Contract
from observer.contracts.problems import Level, Problem

SUFFIXES = (".odcs.yaml", ".odcs.yml")


@dataclass(frozen=True)
class LoadedContracts:
    """What a set of paths holds."""

    #: Those without an error, in the order of their files.
    contracts: tuple[Contract, ...]
    #: Sorted by file, line and column.
    problems: tuple[Problem, ...]
    #: What could be read of the files with errors: for further lint, never to be run.
    drafts: tuple[Contract, ...] = ()
    files: tuple[str, ...] = ()
    places: Mapping[str, Places] = field(default_factory=dict)

    def located(self, problem: Problem) -> Problem:
        """The problem with the line and column of its path, when its file is one of these."""
        places = self.places.get(problem.file)
        if places is None or problem.line:
            return problem
        line, column = places.of(problem.path)
        return replace(problem, line=line, column=column)


def sort_problems(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """By place; what is said twice of one place is said once."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda p: (p.file, p.line, p.column, p.level is Level.WARNING, p.rule, p.message)))


def load_contracts(paths: Sequence[FilePath]) -> LoadedContracts:
    """Load files, and folders with all their `*.odcs.yaml` and `*.odcs.yml` at any depth. Bad content never raises."""
    problems: list[Problem] = []
    files = _files(paths, problems)
    drafts: list[tuple[Draft, Findings]] = []
    places: dict[str, Places] = {}
    for file in files:
        findings = Findings(str(file))
        draft = _load(file, findings, places)
        if draft is None:
            problems += findings.problems
        else:
            drafts.append((draft, findings))
    everything = [draft.contract for draft, _ in drafts]
    good: list[Contract] = []
    partial: list[Contract] = []
    for draft, findings in drafts:
        others = [contract for contract in everything if contract is not draft.contract]
        contract = with_relationships(draft.contract, draft.relationships, others, findings)
        broken = any(problem.level is Level.ERROR for problem in findings.problems)
        (partial if broken else good).append(contract)
        problems += _without_echoes(findings.problems)
    loaded = LoadedContracts(
        tuple(good), (), drafts=tuple(partial), files=tuple(str(file) for file in files), places=places
    )
    return replace(loaded, problems=sort_problems([loaded.located(problem) for problem in problems]))


def _files(paths: Sequence[FilePath], problems: list[Problem]) -> list[FilePath]:
    found: list[FilePath] = []
    for path in paths:
        try:
            found += _files_at(path, problems)
        except OSError as error:
            message, fix = f"the path cannot be read: {error.strerror}", "check the path and its permissions"
            problems.append(Problem(rule="file-not-readable", message=message, fix=fix, file=str(path)))
    return list(dict.fromkeys(found))


def _files_at(path: FilePath, problems: list[Problem]) -> list[FilePath]:
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES) and p.is_file())
        if not inside:
            message = "the folder holds no contract"
            fix = f"add a file whose name ends in {SUFFIXES[0]}"
            problems.append(Problem(rule="no-contracts", message=message, fix=fix, file=str(path)))
        return inside
    if path.exists():
        return [path]
    message, fix = "there is no such file or folder", "correct the path"
    problems.append(Problem(rule="file-not-found", message=message, fix=fix, file=str(path)))
    return []


def _load(file: FilePath, findings: Findings, places: dict[str, Places]) -> Draft | None:
    name = str(file)
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            findings.problems.append(too_large(size, name))
            return None
        content = file.read_bytes()
    except OSError as error:
        findings.error("file-not-readable", (), f"the file cannot be read: {error.strerror}", "check its permissions")
        return None
    document = read_yaml(content, name)
    places[name] = document.places
    if document.problems:
        findings.problems += document.problems
        return None
    values = document.value
    if not isinstance(values, dict):
        findings.error("not-a-contract", (), "the file holds no mapping", "start with `apiVersion: v3.2.0`")
        return None
    version = values.get("apiVersion", VERSIONS[-1])
    if version not in VERSIONS:
        message = f"ODCS version {shown(version)} is not supported"
        findings.error("api-version", ("apiVersion",), message, f"write one of {', '.join(VERSIONS)}")
        return None
    findings.problems += [replace(problem, file=name) for problem in shape_problems(values, version)]
    return build(values, findings, file=name, digest=hashlib.sha256(content).hexdigest())


def _without_echoes(problems: list[Problem]) -> list[Problem]:
    """One problem per place: where the shape is wrong, what follows from it is not told as well."""
    rules = ("wrong-type", "wrong-value", "missing-key", "unknown-key", "needs-odcs-3.2", "operand")
    told = {p.path for p in problems if p.rule in rules}
    return [p for p in problems if p.rule in rules or p.path not in told]
