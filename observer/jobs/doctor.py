"""`observer doctor`: every door is tried, one after the other. In: settings, ways to open doors. Out: findings.

Nothing is changed: no state is migrated, no folder made, no row written. What cannot be tried because something before
it is wrong says so instead of being left out.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from observer.checks.plan import plan_contract
from observer.checks.rules import Fresh
from observer.checks.spec import ContractPlan, TablePlan
from observer.errors import InputError, ObserverError
from observer.jobs.lint_contracts import LintReport
from observer.jobs.load_slos import slos_for_run
from observer.runs.deliveries import Failure
from observer.settings import Settings
from observer.slo.model import TimeToFill
from observer.sources.indexes import leading_columns
from observer.sources.protection import protection
from observer.sources.source import Source, SourceSession
from observer.store.versions import schema_versions

#: Clocks that are apart by more make the start and end of runs hard to match with what the source says.
CLOCK_TOLERANCE = timedelta(seconds=5)
#: Below it the newest value of a column is found by a scan within a few milliseconds.
SMALL_TABLE_ROWS = 100_000
#: A folder with less room than this is full tomorrow.
LITTLE_ROOM = 1 << 30
_GIVE_A_KEY = "set OBSERVER_TOKEN_KEY (or OBSERVER_TOKEN_KEY_FILE) to at least 32 random characters"


class Health(StrEnum):
    """How a door is: the mark that stands before its line."""

    GOOD = "✓"
    WARNING = "!"
    BAD = "✗"
    #: Not tried, or nothing to try.
    NONE = "–"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: a door, how it is, and what to do."""

    door: str
    health: Health
    found: str
    remedy: str | None = None


class LineageReceiver(Protocol):
    """What the doctor asks of lineage."""

    @property
    def configured(self) -> bool: ...

    def describe(self) -> str: ...

    def ping(self) -> Failure | None: ...


@dataclass(frozen=True, kw_only=True)
class Doors:
    """How to come to what is outside. Opening may raise ObserverError."""

    source: Callable[[], AbstractContextManager[Source]]
    lineage: Callable[[], LineageReceiver]


def examine(settings: Settings, linted: LintReport, doors: Doors) -> Iterator[Finding]:
    """Try every door; a finding is given as soon as it is known. Never raises for what is wrong with a door."""
    plans = [plan_contract(contract, linted.contracts) for contract in linted.contracts]
    yield _settings(settings)
    yield _contracts(linted)
    fills, found = _service_levels(settings, linted, plans)
    yield found
    yield from _source(settings, plans, fills, doors)
    yield _state(settings)
    yield _snapshots(settings)
    yield _token_key(settings, plans)
    yield _lineage(doors)
    yield _web(settings)


def _good(door: str, found: str) -> Finding:
    return Finding(door=door, health=Health.GOOD, found=found)


def _none(door: str, found: str) -> Finding:
    return Finding(door=door, health=Health.NONE, found=found)


def _warning(door: str, found: str, remedy: str) -> Finding:
    return Finding(door=door, health=Health.WARNING, found=found, remedy=remedy)


def _bad(door: str, found: str, remedy: str) -> Finding:
    return Finding(door=door, health=Health.BAD, found=found, remedy=remedy)


def _broken(door: str, error: ObserverError) -> Finding:
    return _bad(door, error.message, error.fix)


def counted(number: int, word: str) -> str:
    """`1 table`, `3 tables`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _settings(settings: Settings) -> Finding:
    place = f"{settings.file} and the environment" if settings.file else "the environment (there is no observer.toml)"
    return _good("settings", f"read from {place}, digest {settings.digest[:12]}")


def _contracts(linted: LintReport) -> Finding:
    found = f"{counted(len(linted.files), 'contract')}, {counted(len(linted.errors), 'error')}"
    found += f", {counted(len(linted.warnings), 'warning')}"
    if linted.errors or not linted.files:
        return _bad("contracts", found, "run `observer lint` and correct what it says")
    if linted.warnings:
        return _warning("contracts", found, "run `observer lint` and see what it says")
    return _good("contracts", found)


def _service_levels(
    settings: Settings, linted: LintReport, plans: Sequence[ContractPlan]
) -> tuple[tuple[TimeToFill, ...], Finding]:
    """Those that look at rows, and what is to be said of all of them."""
    door = "service levels"
    if linted.errors:
        return (), _none(door, "not tried: the contracts have errors")
    try:
        slos = slos_for_run(settings.slos, linted.contracts)
    except InputError as error:
        return (), _bad(door, error.message, "run `observer slo lint` and correct what it says")
    if not slos:
        return (), _none(door, "none: there is no slo.yaml")
    fills = tuple(slo.indicator for slo in slos if isinstance(slo.indicator, TimeToFill))
    tables = {plan.contract: plan for plan in plans}
    hidden = {
        f"{fill.contract}.{fill.object}"
        for fill in fills
        if not (table := tables[fill.contract].table(fill.object)).restricted.isdisjoint(table.key)
    }
    if hidden and settings.token_key is None:
        found = (
            f"the key of {', '.join(sorted(hidden)[:5])} is restricted and only kept as digests, which need a secret"
        )
        return fills, _bad(door, found, _GIVE_A_KEY)
    return fills, _good(door, counted(len(slos), "service level"))


# --- the source


def _source(
    settings: Settings, plans: Sequence[ContractPlan], fills: Sequence[TimeToFill], doors: Doors
) -> Iterator[Finding]:
    after = ("read-only", "clock", "tables", "indexes")
    if not settings.source:
        yield _bad(
            "source", "none is given", "set OBSERVER_SOURCE (or OBSERVER_SOURCE_FILE) to the URL of the database"
        )
        yield from (_none(door, "not tried: there is no source") for door in after)
        return
    try:
        with doors.source() as source:
            source.ping()
            yield _good("source", f"{source.display_url} answers")
            yield _read_only(source)
            yield from _session(source, plans, fills)
    except ObserverError as error:
        yield _broken("source", error)
        yield from (_none(door, "not tried: the source does not answer") for door in after)


def _read_only(source: Source) -> Finding:
    try:
        seen = protection(source)
    except ObserverError as error:
        return _broken("read-only", error)
    session = {
        True: "the session refuses writes",
        False: "the session would let writes pass",
        None: "the session was not tried",
    }[seen.session]
    found = f"{session}; {seen.seen}"
    if seen.session is False and not seen.user:
        return _bad("read-only", found, seen.remedy)
    # Whoever runs the observer beside a file of their own may write it: that is no fault.
    own_file = seen.session and source.kind in ("sqlite", "duckdb")
    if seen.user is False and not own_file:
        return _warning("read-only", found, seen.remedy)
    if seen.session is None and not seen.user:
        return _warning("read-only", found, seen.remedy)
    return _good("read-only", found)


def _session(source: Source, plans: Sequence[ContractPlan], fills: Sequence[TimeToFill]) -> Iterator[Finding]:
    try:
        before = datetime.now(UTC)
        with source.session() as session:
            yield _clock(source, session, before, datetime.now(UTC))
            yield from _tables(source, session, plans, fills)
    except ObserverError as error:
        yield _broken("tables", error)


def _clock(source: Source, session: SourceSession, before: datetime, after: datetime) -> Finding:
    if source.kind in ("sqlite", "duckdb", "file"):
        return _none("clock", "a file has no clock of its own; this machine's is used")
    there = session.source_time
    apart = max(before - there, there - after, timedelta())
    found = f"the source's clock and this machine's are {apart.total_seconds():.1f} s apart"
    if apart > CLOCK_TOLERANCE:
        return _warning("clock", found, "let both take their time from NTP")
    return _good("clock", found)


def _tables(
    source: Source, session: SourceSession, plans: Sequence[ContractPlan], fills: Sequence[TimeToFill]
) -> Iterator[Finding]:
    """One line per contract for its tables, one for indexes over the columns that ticks ask for."""
    if not plans:
        yield _none("tables", "not tried: no contract can be used")
    for plan in plans:
        shapes = [(table, session.shape(table)) for table in plan.tables if not table.target_only]
        door = f"tables of {plan.contract}"
        errors = [shape.error for _, shape in shapes if shape.error]
        missing = [f"{shape.physical_name}.{column}" for _, shape in shapes for column in shape.missing]
        if errors:
            message, _, fix = errors[0].partition(" Fix: ")
            more = f" (and {counted(len(errors) - 1, 'more')})" if len(errors) > 1 else ""
            yield _bad(door, message.rstrip(".") + more, fix.rstrip(".") or "run `observer audit` and see what it says")
            continue
        if missing:
            found = f"{counted(len(missing), 'column')} missing: {', '.join(missing[:5])}"
            yield _bad(door, found, "correct the contract, or grant the user SELECT on them")
            continue
        columns = sum(len(shape.columns) for _, shape in shapes)
        yield _good(door, f"{counted(len(shapes), 'table')}, {counted(columns, 'column')}, all there")
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
        return _none(door, f"{'files' if source.engine is None else 'DuckDB'} find the newest time without one")
    if not asked:
        return _none(door, "neither freshness nor a time to fill is asked for")
    without, small = [], []
    for name, column in sorted(asked):
        table, estimate = tables[name]
        if estimate is not None and 0 <= estimate < SMALL_TABLE_ROWS:
            small.append(table.physical_name)
            continue
        try:
            leading = leading_columns(source.engine, table.physical_name)
        except ObserverError as error:
            return _broken(door, error)
        if leading is not None and column.lower() not in {known.lower() for known in leading}:
            without.append((table.physical_name, column))
    if without:
        found = f"none begins with {', '.join(f'{table}.{column}' for table, column in without[:5])}"
        remedy = f"every tick scans the table: CREATE INDEX ON {without[0][0]} ({without[0][1]})"
        return _warning(door, found, remedy)
    spared = (
        f"; not asked of tables below {SMALL_TABLE_ROWS:,} rows: {', '.join(list(dict.fromkeys(small))[:5])}"
        if small
        else ""
    )
    if len(small) == len(asked):
        return _good(door, f"none is needed{spared}")
    return _good(door, f"the newest times are found without a scan{spared}")


# --- here


def _state(settings: Settings) -> Finding:
    try:
        seen = schema_versions(settings.state)
    except ObserverError as error:
        return _broken("state", error)
    if not seen.known:
        found = f"{seen.place} was written by a newer version (schema {seen.current}, this one knows {seen.newest})"
        return _bad("state", found, "install that version or a newer one, or name another state")
    if seen.current is None:
        return _warning("state", f"{seen.place} is empty", "run `observer migrate`, or let the daemon do it")
    if not seen.up_to_date:
        found = f"{seen.place} is at schema {seen.current}, this version needs {seen.newest}"
        return _warning("state", found, "back it up, then run `observer migrate`, or let the daemon do it")
    who = "several daemons may share it" if seen.shared else "for one daemon"
    return _good("state", f"{seen.place} is at schema {seen.current}, {who}")


def _snapshots(settings: Settings) -> Finding:
    kept = settings.snapshots
    if not kept.keep:
        return _none("snapshots", "none are kept, so nothing is said about what changes between runs")
    folder = kept.folder.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"doctor")
        free = shutil.disk_usage(there).free
    except OSError as error:
        found = f"{there} cannot be written: {os.strerror(error.errno) if error.errno else type(error).__name__}"
        return _bad("snapshots", found, "make it writable, or name another folder ([snapshots] folder)")
    found = f"{kept.folder} can be {'written' if there == folder else 'made'}, {free / (1 << 30):,.1f} GiB free"
    wanted = max(LITTLE_ROOM, (kept.max_mb or 0) << 20)
    if free < wanted:
        return _warning("snapshots", found, "free some room, or keep fewer snapshots ([snapshots] max_mb)")
    return _good("snapshots", found)


def _token_key(settings: Settings, plans: Sequence[ContractPlan]) -> Finding:
    hidden = sorted({plan.contract for plan in plans if any(table.restricted for table in plan.tables)})
    if settings.token_key is not None:
        return _good("token key", "given")
    if not hidden:
        return _none("token key", "none is given, and no contract has restricted fields")
    found = f"none is given, and restricted fields of {', '.join(hidden[:5])} are only kept as tokens"
    if not settings.snapshots.keep:
        return _none("token key", f"{found}; no snapshot is kept")
    return _bad("token key", found, _GIVE_A_KEY)


def _lineage(doors: Doors) -> Finding:
    try:
        receiver = doors.lineage()
    except ObserverError as error:
        return _broken("lineage", error)
    if not receiver.configured:
        return _none("lineage", "off: no OpenLineage transport is configured")
    failure = receiver.ping()
    if failure is not None:
        remedy = "check OPENLINEAGE_URL and the receiver; events wait in the outbox until it is back"
        return _warning("lineage", f"{receiver.describe()}: {failure.detail}", remedy)
    return _good("lineage", receiver.describe())


def _web(settings: Settings) -> Finding:
    host, port = settings.web.host, settings.web.port
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if port == 0:
        return _good("web", f"any free port of {host}")
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, number) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if _daemon_answers(host, port):
            return _good("web", f"a daemon answers at {place}")
        reason = (error.strerror or type(error).__name__).lower()
        return _bad("web", f"{place} cannot be had: {reason}", "stop what uses it, or set [web] port and host")
    return _good("web", f"{place} is free")


def _daemon_answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1" if host in ("0.0.0.0", "::", "") else host, port, timeout=2)  # noqa: S104  # asks, does not listen
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
