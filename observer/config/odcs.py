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
from observer.config.files import find_files, read_file
from observer.config.odcs_schema import VERSIONS, shape_problems, shown
from observer.config.reading import Findings
from observer.config.relationships import with_relationships
from observer.config.yaml_text import Places, read_yaml
from observer.contracts.model import Contract
from observer.contracts.problems import Level, Problem, sort_problems

SUFFIXES = (".odcs.yaml", ".odcs.yml")
_NO_CONTRACTS = Problem(
    rule="no-contracts", message="the folder holds no contract", fix=f"add a file whose name ends in {SUFFIXES[0]}"
)


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


def load_contracts(paths: Sequence[FilePath]) -> LoadedContracts:
    """Load files, and folders with all their `*.odcs.yaml` and `*.odcs.yml` at any depth. Bad content never raises."""
    problems: list[Problem] = []
    files = find_files(paths, lambda name: name.endswith(SUFFIXES), _NO_CONTRACTS, problems)
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


def _load(file: FilePath, findings: Findings, places: dict[str, Places]) -> Draft | None:
    name, content = str(file), read_file(file, findings.problems)
    if content is None:
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
