"""Full runs and ticks together: which of the two looked last. Pure.

Flows in: how things stand by the full runs, the latest ticks, and the checks that exist now. Flows out: how things
stand by whichever came later. Doing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from observer.checks.rules import Fresh, RowCount
from observer.checks.spec import CheckSpec
from observer.runs.standing import CheckStanding, Standing, TableStanding
from observer.runs.ticks import Tick


def with_ticks(standing: Standing, ticks: Iterable[Tick], specs: Mapping[str, CheckSpec]) -> Standing:
    """The standing in which a tick that is later than the full run has the word.

    `specs`: check id → the check as it is now; a tick of a check that is not there (any more) is passed over. A check
    that was glanced at before its first full run stands by the tick alone.
    """
    newest = {tick.check_id: tick for tick in ticks if tick.check_id in specs}
    checks = {check.check_id: check for check in standing.checks}
    for check_id, tick in newest.items():
        known = checks.get(check_id)
        if known is None:
            checks[check_id] = _check_of(tick, specs[check_id])
        elif tick.at > known.at:
            checks[check_id] = replace(
                known, outcome=tick.outcome, value=tick.value, at=tick.at, rows_tested=None, rows_failed=None
            )
    tables = {(table.contract, table.object): table for table in standing.tables}
    glances: dict[tuple[str, str], list[Tick]] = {}
    for tick in newest.values():
        glances.setdefault((tick.contract, tick.object), []).append(tick)
    for place, seen in glances.items():
        table = tables.get(place) or TableStanding(contract=place[0], object=place[1])
        tables[place] = _glanced(table, seen, specs)
    return replace(standing, checks=tuple(checks.values()), tables=tuple(tables.values()))


def _check_of(tick: Tick, spec: CheckSpec) -> CheckStanding:
    return CheckStanding(
        check_id=tick.check_id,
        contract=tick.contract,
        object=tick.object,
        property=spec.property,
        dimension=spec.dimension,
        severity=spec.severity,
        owner=spec.owner,
        outcome=tick.outcome,
        rows_tested=None,
        rows_failed=None,
        value=tick.value,
        at=tick.at,
    )


def _glanced(table: TableStanding, ticks: list[Tick], specs: Mapping[str, CheckSpec]) -> TableStanding:
    """The table after these glances. One that could not look leaves no number behind: unknown is never old green."""
    later = [tick for tick in ticks if table.at is None or tick.at > table.at]
    ages = [tick for tick in later if isinstance(specs[tick.check_id].rule, Fresh)]
    # A count of some of the rows is no count of the table.
    counts = [
        tick for tick in later if isinstance(specs[tick.check_id].rule, RowCount) and not specs[tick.check_id].when
    ]
    if ages:
        known = [tick.value for tick in ages if tick.value is not None]
        table = replace(table, freshness_seconds=min(known, default=None))
    if counts:
        value = max(counts, key=lambda tick: tick.at).value
        table = replace(table, rows=None if value is None else int(value))
    looked = [tick.at for tick in (*ages, *counts)]
    return replace(table, at=max(looked)) if looked else table
