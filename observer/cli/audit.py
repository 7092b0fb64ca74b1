"""`observer audit`: the truth about a CRM database, with one command."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from observer.checks.audit import Audit
from observer.checks.measure import CheckResult, Outcome
from observer.cli.inputs import contract_option, read_contracts
from observer.cli.output import console
from observer.config.settings import load_settings
from observer.contracts.model import Contract
from observer.errors import ExitCode, InputError, StoreError
from observer.settings import Settings
from observer.wiring import opened_source, opened_store


@click.command()
@contract_option
@click.option(
    "--source",
    "-s",
    metavar="URL",
    help="postgresql://, mysql://, mariadb://, sqlite:///FILE, duckdb:///FILE, file:DIR (CSV or Parquet), or any "
    "SQLAlchemy URL with --execution pushdown. Keeps the password out of the process list: OBSERVER_SOURCE or "
    "OBSERVER_SOURCE_FILE.",
)
@click.option(
    "--out",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write report.html, report.json, junit.xml and failures/*.csv into this folder.",
)
@click.option(
    "--execution",
    type=click.Choice(["snapshot", "pushdown"]),
    default="snapshot",
    show_default=True,
    help="Copy the tables and look at the copy, or run the suites in the source and copy nothing.",
)
@click.option("--only", metavar="ID", multiple=True, help="Audit only this contract; may be given again.")
@click.option("--all-checks", is_flag=True, help="Print passed checks too.")
@click.option("--keys", type=click.IntRange(0), default=10_000, show_default=True, help="Failing rows named per check.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the snapshots here, restricted values replaced by tokens.",
)
@click.option(
    "--compare",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check what changed since this kept snapshot of a contract too; may be given once per contract.",
)
@click.option("--workspace", type=click.Path(file_okay=False, path_type=Path), help="Where temporary snapshots go.")
@click.option("--no-state", is_flag=True, help="Do not record the run.")
def audit(
    contract: tuple[Path, ...],
    source: str | None,
    out: Path | None,
    execution: str,
    only: tuple[str, ...],
    all_checks: bool,
    keys: int,
    keep: Path | None,
    compare: tuple[Path, ...],
    workspace: Path | None,
    no_state: bool,
) -> int:
    """Check every table under contract and report which fields break it, in how many records, and whose they are.

    Reads only: the session itself is read-only where the database can enforce it.
    """
    settings = load_settings()
    url = source or settings.source
    if not url:
        raise InputError("no source is given", fix="name the database with --source URL or OBSERVER_SOURCE")
    every = read_contracts(contract, settings)
    chosen = _choose(every, only)
    return perform_audit(
        chosen,
        tuple(c for c in every if c not in chosen),
        url,
        settings,
        out=out,
        execution=execution,
        all_checks=all_checks,
        keys=keys,
        keep=keep,
        compare=compare,
        workspace=workspace,
        record=not no_state,
    )


def perform_audit(
    contracts: tuple[Contract, ...],
    neighbours: tuple[Contract, ...],
    url: str,
    settings: Settings,
    *,
    out: Path | None,
    execution: str = "snapshot",
    all_checks: bool = False,
    keys: int = 10_000,
    keep: Path | None = None,
    compare: tuple[Path, ...] = (),
    workspace: Path | None = None,
    record: bool = True,
) -> int:
    """Audit, record, report; shared with `observer demo`. Returns the exit code."""
    from rich.console import Console

    from observer.jobs.audit import AuditRequest, Execution, run_audit
    from observer.jobs.changes import previous_snapshots
    from observer.reports.progress import AuditProgress
    from observer.reports.terminal import render_terminal
    from observer.reports.write import write_reports

    request = AuditRequest(
        contracts=contracts,
        neighbours=neighbours,
        execution=Execution(execution),
        workspace=workspace,
        keep=keep,
        token_key=settings.token_key,
        key_limit=keys,
        changes=bool(compare),
        previous=previous_snapshots(compare, [contract.id for contract in contracts]),
    )
    with opened_source(url, settings) as door, AuditProgress(Console(stderr=True)) as progress:
        found = run_audit(request, door, progress)
    not_recorded = _record(found, settings) if record else None
    render_terminal(found, console(), show_passed=all_checks)
    if out is not None:
        written = write_reports(found, out)
        click.echo(f"Report: {written.html}")
    code = exit_code(found.results)
    copies = [part.snapshot for part in found.contracts if part.snapshot is not None]
    losses = [f"observer: {copy.not_kept}" for copy in copies if copy.not_kept]
    losses += [not_recorded] if not_recorded else []
    if losses:
        click.echo("\n".join(losses), err=True)
        return code if code is ExitCode.CHECKS_FAILED else ExitCode.COULD_NOT_RUN
    return code


def _choose(contracts: tuple[Contract, ...], only: tuple[str, ...]) -> tuple[Contract, ...]:
    if unknown := set(only) - {c.id for c in contracts}:
        raise InputError(
            f"there is no contract `{sorted(unknown)[0]}`",
            fix=f"choose from {', '.join(c.id for c in contracts)}",
        )
    return tuple(c for c in contracts if not only or c.id in only)


def _record(found: Audit, settings: Settings) -> str | None:
    """Record the run; a state that cannot be written must not cost the person the report."""
    from observer.jobs.record_audit import record_audit

    try:
        with opened_store(settings) as store:
            record_audit(found, store)
    except StoreError as error:
        return f"observer: the run is not recorded: {error}"
    return None


def exit_code(results: Iterable[CheckResult]) -> ExitCode:
    """1 when the data is bad, else 3 when something could not be looked at, else 2 for warnings, else 0."""
    outcomes = {result.outcome for result in results}
    if Outcome.FAILED in outcomes:
        return ExitCode.CHECKS_FAILED
    if Outcome.ERRORED in outcomes or outcomes <= {Outcome.SKIPPED}:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.WARNINGS_ONLY if Outcome.WARNED in outcomes else ExitCode.OK
