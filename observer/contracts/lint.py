"""What is wrong or weak in contracts that could be read: Contracts in, Problems out. Pure; doors come in as functions.

Errors are what cannot be executed as written. Warnings are what makes a contract weak. Places (line, column) are added
by whoever read the files. Each kind of problem has a file in tests/data/invalid/ and a row in docs/contracts.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from observer.contracts import lint_changes, lint_lifecycle, lint_quality, lint_types, lint_weak
from observer.contracts.lint_doors import Doors
from observer.contracts.model import Contract, Path, ResponseSla, properties_of
from observer.contracts.problems import Problem


def lint(contracts: Sequence[Contract], doors: Doors) -> Iterator[Problem]:
    """Everything wrong or weak in these contracts, seen together."""
    yield from _duplicate_contracts(contracts)
    for contract in contracts:
        for problem in _lint_one(contract, contracts, doors):
            yield replace(problem, file=contract.file)


def _lint_one(contract: Contract, everything: Sequence[Contract], doors: Doors) -> Iterator[Problem]:
    yield from _duplicates(contract)
    for obj, prop in properties_of(contract):
        yield from lint_types.options(prop, doors.pattern, doors.zone)
        yield from lint_types.allowed_values(prop)
        yield from lint_lifecycle.states(prop)
        for rule in prop.quality:
            yield from lint_quality.rule(rule, contract, obj, prop, doors)
        for link in prop.relationships:
            yield from lint_types.relationship(link, obj, everything)
    for obj in contract.objects:
        for rule in obj.quality:
            yield from lint_quality.rule(rule, contract, obj, None, doors)
        for link in obj.relationships:
            yield from lint_types.relationship(link, obj, everything)
        yield from lint_lifecycle.times(contract, obj)
        yield from lint_lifecycle.deleted_flag(obj)
        yield from lint_lifecycle.record_url(obj)
        yield from lint_changes.limits(obj)
    yield from lint_weak.weaknesses(contract)


def _duplicate_contracts(contracts: Sequence[Contract]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for contract in contracts:
        if contract.id in first:
            yield Problem(
                rule="duplicate-contract",
                message=f"contract id `{contract.id}` is taken by {first[contract.id]}",
                fix="give each contract its own id",
                file=contract.file,
                path=("id",),
            )
        first.setdefault(contract.id, contract.file)


def _duplicates(contract: Contract) -> Iterator[Problem]:
    objects = contract.objects
    yield from _twice("duplicate-object", [("name", o.name, o.path) for o in objects])
    yield from _twice("duplicate-object", [("id", o.id, o.path) for o in objects])
    yield from _tables_twice(contract)
    yield from _promised_twice(contract)
    for obj in objects:
        props = obj.properties
        yield from _twice("duplicate-property", [("name", p.name, p.path) for p in props])
        yield from _twice("duplicate-property", [("id", p.id, p.path) for p in props])
        yield from _twice("duplicate-property", [("physicalName", p.physical_name, p.path) for p in props])
        levels = [sla for sla in contract.slas if sla.object == obj.name]
        yield from _twice("duplicate-service-level", [("id", sla.id, sla.path) for sla in levels])
        for rules in (obj.quality, *(p.quality for p in props)):
            yield from _twice("duplicate-quality", [("id", rule.id, rule.path) for rule in rules])


def _promised_twice(contract: Contract) -> Iterator[Problem]:
    """Of two limits for one time, nobody would know which is broken."""
    kinds: dict[str, ResponseSla] = {}
    for response in contract.responses:
        if kinds.setdefault(response.kind, response) is not response:
            yield Problem(
                rule="duplicate-service-level",
                message=f"{response.kind} is promised twice",
                fix="keep one of them",
                path=(*response.path, "property"),
            )
    yield from _twice("duplicate-service-level", [("id", each.id, each.path) for each in kinds.values()])


def _tables_twice(contract: Contract) -> Iterator[Problem]:
    """What one object leaves out (its deleted rows, its columns) would be left out of the other's checks."""
    first: dict[str, str] = {}
    for obj in contract.objects:
        other = first.setdefault(obj.physical_name, obj.name)
        if other != obj.name:
            yield Problem(
                rule="table-twice",
                message=f"`{other}` and `{obj.name}` are the same physical table `{obj.physical_name}`",
                fix="put the rules of both into one object (`arguments.when` limits a rule to some rows), or give each "
                "a view of its own in the database, or a contract file of its own",
                path=(*obj.path, "physicalName"),
            )


def _twice(rule: str, named: Iterable[tuple[str, str, Path]]) -> Iterator[Problem]:
    kind = rule.removeprefix("duplicate-").replace("-", " ")
    seen: set[str] = set()
    for key, name, path in named:
        if name in seen:
            yield Problem(
                rule=rule,
                message=f"{kind} {key} `{name}` is used twice",
                fix=f"give each {kind} its own {key}",
                path=(*path, key),
            )
        seen.add(name)
