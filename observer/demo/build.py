"""Builds a demo CRM. In: a URL, a size, a seed, the time. Out: a filled database and the list of its dirt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa
from sqlalchemy import Table

from observer.demo import tables as t
from observer.demo.draws import World
from observer.demo.events import draw_events
from observer.demo.leads import draw_leads
from observer.demo.load import open_target, parse_target, shown
from observer.demo.opportunities import draw_opportunities
from observer.demo.people import draw_accounts, draw_contacts, draw_users
from observer.demo.summary import DemoSummary
from observer.errors import InputError

FEWEST_LEADS = 100


class Drawn(Protocol):
    """A table that was drawn and can be written out."""

    @property
    def rows(self) -> int: ...

    def chunks(self) -> Iterator[pa.Table]: ...


def build_demo_crm(url: str, *, leads: int = 20_000, seed: int = 7, now: datetime, clean: bool = False) -> DemoSummary:
    """Build the CRM as it stands at `now` (aware): the same arguments give the same rows, in SQLite and PostgreSQL.

    `url` is `sqlite:///crm.db` or `postgresql://…`; an earlier demo CRM there is replaced as a whole.
    `clean`: without any dirt, as if all of it had been mended.

    Raises:
        InputError: too few leads, a naive `now`, another kind of database, or one that holds other tables.
        SourceError: the database cannot be reached or written.
    """
    if leads < FEWEST_LEADS:
        raise InputError(f"a demo CRM of {leads} leads is too small", fix=f"ask for {FEWEST_LEADS} leads or more")
    if now.tzinfo is None:
        raise InputError("the time of the demo CRM has no zone", fix="pass an aware datetime")
    target_url = parse_target(url)
    world = World(seed=seed, now=int(now.timestamp()), leads=leads, clean=clean)
    rows: list[tuple[str, int]] = []
    with open_target(target_url) as target:
        for table, drawn in _draw(world):
            target.create(table)
            for chunk in drawn.chunks():
                target.load(table, chunk)
            target.index(table)
            rows.append((table.name, drawn.rows))
        target.create(t.origin)
        made = {"seed": [seed], "leads": [leads], "built_for": [now.astimezone(UTC).isoformat()]}
        target.load(t.origin, pa.table(made))
    return DemoSummary(place=shown(target_url), seed=seed, now=now, rows=tuple(rows), dirt=tuple(world.dirt))


def _draw(world: World) -> Iterator[tuple[Table, Drawn]]:
    users = draw_users(world)
    yield t.users, users
    accounts = draw_accounts(world, users)
    yield t.accounts, accounts
    contacts = draw_contacts(world, accounts)
    yield t.contacts, contacts
    leads = draw_leads(world, users, accounts)
    yield t.leads, leads
    yield t.opportunities, draw_opportunities(world, users, contacts, leads)
    yield t.crm_events, draw_events(world, leads)


def demo_contracts() -> Path:
    """The folder of the contracts that fit this CRM: inside the package, else that of the repository."""
    packaged = Path(__file__).parent / "contracts"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "expectations" / "contracts"


def demo_slos() -> Path:
    """The service levels of this CRM: inside the package, else those of the repository."""
    packaged = Path(__file__).parent / "slo.yaml"
    return packaged if packaged.is_file() else Path(__file__).parents[2] / "slo.yaml"
