"""The CRM database: whether it answers, is safe from us, keeps time, and has what contracts name. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from observer.checks.rules import Fresh
from observer.checks.spec import ContractPlan, TablePlan
from observer.errors import ObserverError
from observer.jobs.doctor.findings import Finding, bad, broken, counted, good, none, warning
from observer.settings import Settings
from observer.slo.model import TimeToFill
from observer.sources.indexes import leading_columns
from observer.sources.protection import protection
from observer.sources.source import Source, SourceSession

#: Clocks that are apart by more make the start and end of runs hard to match with what the source says.
CLOCK_TOLERANCE = timedelta(seconds=5)
#: Below it the newest value of a column is found by a scan within a few milliseconds.
SMALL_TABLE_ROWS = 100_000

#: Opening may raise ObserverError.
OpenSource = Callable[[], AbstractContextManager[Source]]


def look_at_source(
    settings: Settings, plans: Sequence[ContractPlan], fills: Sequence[TimeToFill], opened: OpenSource
) -> Iterator[Finding]:
    """Whether it answers, and everything that can be asked of it then."""
    after = ("read-only", "clock", "tables", "indexes")
    if not settings.source:
        yield bad("source", "none is given", "set OBSERVER_SOURCE (or OBSERVER_SOURCE_FILE) to the URL of the database")
        yield from (none(door, "not tried: there is no source") for door in after)
        return
    try:
        with opened() as source:
            source.ping()
            yield good("source", f"{source.display_url} answers")
            yield _read_only(source)
            yield from _session(source, plans, fills)
    except ObserverError as error:
        yield broken("source", error)
        yield from (none(door, "not tried: the source does not answer") for door in after)


def _read_only(source: Source) -> Finding:
    try:
        seen = protection(source)
    except ObserverError as error:
        return broken("read-only", error)
    session = {
        True: "the session refuses writes",
        False: "the session would let writes pass",
        None: "the session was not tried",
    }[seen.session]
    found = f"{session}; {seen.seen}"
    if seen.session is False and not seen.user:
        return bad("read-only", found, seen.remedy)
    # Whoever runs the observer beside a file of their own may write it: that is no fault.
    own_file = seen.session and source.kind in ("sqlite", "duckdb")
    if seen.user is False and not own_file:
        return warning("read-only", found, seen.remedy)
    if seen.session is None and not seen.user:
        return warning("read-only", found, seen.remedy)
    return good("read-only", found)


def _session(source: Source, plans: Sequence[ContractPlan], fills: Sequence[TimeToFill]) -> Iterator[Finding]:
    try:
        before = datetime.now(UTC)
        with source.session() as session:
            yield _clock(source, session, before, datetime.now(UTC))
            yield from _tables(source, session, plans, fills)
    except ObserverError as error:
        yield broken("tables", error)


def _clock(source: Source, session: SourceSession, before: datetime, after: datetime) -> Finding:
    if source.kind in ("sqlite", "duckdb", "file"):
        return none("clock", "a file has no clock of its own; this machine's is used")
    there = session.source_time
    apart = max(before - there, there - after, timedelta())
    found = f"the source's clock and this machine's are {apart.total_seconds():.1f} s apart"
    if apart > CLOCK_TOLERANCE:
        return warning("clock", found, "let both take their time from NTP")
    return good("clock", found)


def _tables(
    source: Source, session: SourceSession, plans: Sequence[ContractPlan], fills: Sequence[TimeToFill]
) -> Iterator[Finding]:
    """One line per contract for its tables, one for indexes over the columns that ticks ask for."""
    if not plans:
        yield none("tables", "not tried: no contract can be used")
    for plan in plans:
        shapes = [(table, session.shape(table)) for table in plan.tables if not table.target_only]
        door = f"tables of {plan.contract}"
        errors = [shape.error for _, shape in shapes if shape.error]
        missing = [f"{shape.physical_name}.{column}" for _, shape in shapes for column in shape.missing]
        if errors:
            message, _, fix = errors[0].partition(" Fix: ")
            more = f" (and {counted(len(errors) - 1, 'more')})" if len(errors) > 1 else ""
            yield bad(door, message.rstrip(".") + more, fix.rstrip(".") or "run `observer audit` and see what it says")
            continue
        if missing:
            found = f"{counted(len(missing), 'column')} missing: {', '.join(missing[:5])}"
            yield bad(door, found, "correct the contract, or grant the user SELECT on them")
            continue
        columns = sum(len(shape.columns) for _, shape in shapes)
        yield good(door, f"{counted(len(shapes), 'table')}, {counted(columns, 'column')}, all there")
        looked_at = {fill.object for fill in fills if fill.contract == plan.contract}
        estimates = {table.object: (table, shape.rows_estimate) for table, shape in shapes}
        yield _indexes(source, plan, estimates, looked_at)


def _indexes(
    source: Source, plan: ContractPlan, tables: dict[str, tuple[TablePlan, int | None]], looked_at: Collection[str]
) -> Finding:
    """`looked_at`: objects whose rows are looked at by their event time, for a service level."""
    door = f"indexes of {plan.contract}"
    asked = {
        (spec.object, column)
        for spec in plan.checks
        if isinstance(spec.rule, Fresh) and spec.object in tables
        for column in spec.rule.columns
    }
    asked |= {(name, table.event_times[0]) for name, (table, _) in tables.items() if name in looked_at}
    if source.engine is None or source.kind == "duckdb":
        return none(door, f"{'files' if source.engine is None else 'DuckDB'} find the newest time without one")
    if not asked:
        return none(door, "neither freshness nor a time to fill is asked for")
    without, small = [], []
    for name, column in sorted(asked):
        table, estimate = tables[name]
        if estimate is not None and 0 <= estimate < SMALL_TABLE_ROWS:
            small.append(table.physical_name)
            continue
        try:
            leading = leading_columns(source.engine, table.physical_name)
        except ObserverError as error:
            return broken(door, error)
        if leading is not None and column.lower() not in {known.lower() for known in leading}:
            without.append((table.physical_name, column))
    if without:
        found = f"none begins with {', '.join(f'{table}.{column}' for table, column in without[:5])}"
        remedy = f"every tick scans the table: CREATE INDEX ON {without[0][0]} ({without[0][1]})"
        return warning(door, found, remedy)
    spared = (
        f"; not asked of tables below {SMALL_TABLE_ROWS:,} rows: {', '.join(list(dict.fromkeys(small))[:5])}"
        if small
        else ""
    )
    if len(small) == len(asked):
        return good(door, f"none is needed{spared}")
    return good(door, f"the newest times are found without a scan{spared}")
