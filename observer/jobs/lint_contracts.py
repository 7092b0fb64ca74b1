"""Paths → contracts that may be run, and everything wrong or weak in them: joins reader, rules and doors.

sqlglot, duckdb and the expectation schemas are imported where they are first asked: lint has half a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from observer.checks.same_ids import same_ids
from observer.config.odcs import load_contracts
from observer.contracts.dialects import dialect_of
from observer.contracts.lint import lint
from observer.contracts.lint_doors import Doors
from observer.contracts.lint_weak import is_echo
from observer.contracts.model import Contract, Property, SchemaObject
from observer.contracts.problems import Complaint, Level, ProblemReport, sort_problems
from observer.errors import InputError


@dataclass(frozen=True, kw_only=True)
class LintReport(ProblemReport):
    """What lint has to say about a set of paths."""

    #: Contracts without an error.
    contracts: tuple[Contract, ...]


def lint_contracts(paths: Sequence[Path]) -> LintReport:
    """Load and lint. Bad content never raises."""
    loaded = load_contracts(paths)
    found = [loaded.located(p) for p in lint((*loaded.contracts, *loaded.drafts), doors())]
    told = {(p.file, p.path) for p in loaded.problems}
    further = (p for p in found if (p.file, p.path) not in told and not is_echo(p, loaded.problems))
    problems = sort_problems([*loaded.problems, *further])
    if all(problem.level is Level.WARNING for problem in problems):
        # Only contracts that are sound can be planned.
        problems = sort_problems([*problems, *(loaded.located(p) for p in same_ids(loaded.contracts))])
    broken = {p.file for p in problems if p.level is Level.ERROR}
    return LintReport(
        contracts=tuple(c for c in loaded.contracts if c.file not in broken),
        problems=problems,
        files=loaded.files,
    )


def load_for_run(paths: Sequence[Path]) -> tuple[Contract, ...]:
    """The contracts in these paths. Raises InputError with every problem when one of them has an error."""
    report = lint_contracts(paths)
    if report.errors:
        count = len(report.errors)
        raise InputError(
            f"the contracts have {count} error{'s' if count != 1 else ''}",
            fix="correct the lines above; `observer lint` shows warnings too",
            problems=report.errors,
        )
    return report.contracts


def doors() -> Doors:
    """The real SQL parser, regex engine, expectation schemas and zone table, each loaded when first asked."""
    return Doors(query=_query, pattern=_pattern, expectation=_expectation, zone=_zone)


def _query(query: str, contract: Contract, obj: SchemaObject, prop: Property | None) -> Complaint | None:
    from observer.checks.restricted import restricted_columns
    from observer.sql.columns import Columns
    from observer.sql.guard import fill_placeholders, problem_with

    dialect = dialect_of(contract)
    tables = {
        name: Columns(
            names=frozenset(p.physical_name for p in o.properties),
            restricted=restricted_columns(contract, o, {contract.id: contract}),
        )
        for o in contract.objects
        for name in (o.name, o.physical_name)
    }
    try:
        filled = fill_placeholders(query, dialect, table=obj.physical_name, column=prop.physical_name if prop else None)
    except ValueError:
        filled = query
    return problem_with(filled, dialect, tables)


def _pattern(pattern: str) -> Complaint | None:
    from observer.sql.patterns import problem_with_pattern

    return problem_with_pattern(pattern)


def _expectation(name: str, kwargs: object) -> Complaint | None:
    from observer.config.expectations import problem_with_expectation

    return problem_with_expectation(name, kwargs if isinstance(kwargs, dict) else {})


def _zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
