"""Who owns which field, and who would be told → text on a console."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from observer.incidents.policy import Way
from observer.incidents.routing import Ownership, Role, Route
from observer.reports.sentences import SIGNS, count_text
from observer.reports.visible import visible

#: From so many columns on there is room for stewards and consumers.
_WIDE = 120
_HOWS = {Way.PAGE: "at once, as a page", Way.CHANNEL: "at once", Way.DIGEST: "with the daily digest"}


def render_owners(rows: Sequence[Ownership], console: Console) -> None:
    """A table per table, then what has no owner. A field that nobody checks is said to be so."""
    wide = console.width >= _WIDE
    for contract, table in dict.fromkeys((row.contract, row.table) for row in rows):
        console.print(Text(f"{visible(table)}, contract {visible(contract)}", "bold"))
        drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        drawn.add_column("Field", overflow="fold")
        drawn.add_column("Owner", overflow="fold")
        if wide:
            drawn.add_column("Steward", overflow="fold")
            drawn.add_column("Consumers", overflow="fold")
        drawn.add_column("Rules", justify="right", no_wrap=True)
        drawn.add_column("SLOs", justify="right", no_wrap=True)
        drawn.add_column("Last", no_wrap=True)
        for row in rows:
            if (row.contract, row.table) == (contract, table):
                drawn.add_row(*_cells(row, wide))
        console.print(drawn)
        console.print()
    for line in _lacking(rows):
        console.print(Text(line), soft_wrap=True)
    console.print(Text(_summary(rows), "bold"), soft_wrap=True)


def _cells(row: Ownership, wide: bool) -> list[Text | str]:
    owner = Text("nobody", "red") if row.owner is None else Text(visible(row.owner))
    if row.role is Role.CONTRACT_OWNER:
        owner.append(" (contract)", "dim")
    state = Text("– never" if row.state is None else f"{SIGNS[row.state]} {row.state}")
    beside = [Text(visible(row.steward or "–")), Text(visible(", ".join(row.consumers) or "–"))] if wide else []
    return [Text(visible(row.property)), owner, *beside, f"{row.checks:,}", f"{row.levels:,}", state]


def _lacking(rows: Sequence[Ownership]) -> list[str]:
    found = []
    for what, lacking in (
        ("No owner", [row for row in rows if row.owner is None]),
        ("No rule", [row for row in rows if not row.checks]),
    ):
        if lacking:
            names = ", ".join(visible(f"{row.table}.{row.property}") for row in lacking)
            found.append(f"{what}: {names}.")
    return found


def _summary(rows: Sequence[Ownership]) -> str:
    """ "85 fields: 40 with an owner of their own, 45 with the contract's"."""
    roles = Counter(row.role for row in rows)
    said = (
        (Role.OWNER, "with an owner of their own"),
        (Role.CONTRACT_OWNER, "with that of the contract"),
        (None, "with none"),
    )
    parts = ", ".join(f"{roles[role]:,} {words}" for role, words in said if roles[role])
    return f"{count_text(len(rows), 'field')}: {parts}" if rows else "There are no fields."


def route_text(route: Route) -> str:
    """ "ana@example.com, owner of the field; in #crm-quality; at once"."""
    to = f"{visible(route.to)}, {route.role}" if route.to else "nobody by name"
    where = [f"in {visible(route.channel)}"] if route.channel else []
    return "; ".join([to, *where, _HOWS[route.way]])
