"""The open demo CRM while people work in it. In: a URL, a seed, the time. Out: rows that keep to the contracts.

Some e-mails come a little later, and very few never, as in life (`enrichment.py`). What goes wrong is in `faults.py`.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, Select, Table, create_engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from observer.demo import tables as t
from observer.demo import words as w
from observer.demo.enrichment import Enrichment
from observer.demo.load import parse_target, shown
from observer.errors import SourceError

#: Every row moves at most once in this time, so that two looks at the table see each of its moves.
REST = timedelta(minutes=2)
#: What happens per second.
LEADS, MOVES, DEAL_MOVES, DEALS, TOUCHES = 0.4, 0.5, 0.2, 0.1, 1.0
#: Leads per second while there is a crowd: after a webinar, say.
CROWD = 2.0
#: How many rows people have on their desks; more are fetched when these are done.
_DESK = 400

LEAD_MOVES = {"new": ("contacted", "disqualified"), "contacted": ("qualified", "disqualified")}
STAGE_MOVES = {
    "qualification": ("discovery", "closed_lost"),
    "discovery": ("proposal", "closed_lost"),
    "proposal": ("negotiation", "closed_won", "closed_lost"),
    "negotiation": ("closed_won", "closed_lost"),
}
_PROBABILITY = dict(zip(w.STAGES, (10, 25, 50, 75, 100, 0), strict=True))
_OPEN_STAGES = tuple(STAGE_MOVES)

#: Puts right what a fault has spoilt, at the time given.
Mend = Callable[[Connection, datetime], None]


@dataclass
class Row:
    """A row on somebody's desk."""

    key: str | int
    state: str
    rests_until: datetime
    #: Deals of today are not closed today: their closing day would lie before the instant of their creation.
    can_close: bool = True


@dataclass
class Desk:
    """Rows of one kind to work on, in the order in which they were fetched; each is handed out once."""

    fetch: Callable[[Connection, datetime], list[Row]]
    rows: list[Row] = field(default_factory=list)
    #: Rows that a fault took: nobody works on them.
    gone: set[str | int] = field(default_factory=set)

    def rested(
        self, connection: Connection, now: datetime, states: Sequence[str] | None = None, least: int = 1
    ) -> list[Row]:
        """Those that may be touched now; fetches more when they are fewer than `least`."""
        ready = self._ready(now, states)
        if len(ready) < least:
            known = {row.key for row in self.rows} | self.gone
            self.rows += [row for row in self.fetch(connection, now) if row.key not in known]
            ready = self._ready(now, states)
        return ready

    def put(self, row: Row) -> None:
        """A new row, if there is room for it; without room it is fetched later."""
        if len(self.rows) < 2 * _DESK:
            self.rows.append(row)

    def take(self, rows: Sequence[Row]) -> None:
        """Away from the desk, until they are given back."""
        keys = {row.key for row in rows}
        self.gone |= keys
        self.rows = [row for row in self.rows if row.key not in keys]

    def give_back(self, rows: Sequence[Row]) -> None:
        """They may be fetched again."""
        self.gone -= {row.key for row in rows}

    def _ready(self, now: datetime, states: Sequence[str] | None) -> list[Row]:
        return [r for r in self.rows if r.rests_until <= now and (states is None or r.state in states)]


class Crm:
    """The database and the people who work in it. Not thread-safe."""

    def __init__(self, url: str, *, seed: int, now: datetime) -> None:
        """Open it at `now`. Raises SourceError when it cannot be reached or holds no demo CRM."""
        target = parse_target(url)
        self.place = shown(target)
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.chance = random.Random(seed)  # noqa: S311 - no secret, and the same every time
        self.open_leads = Desk(self._fetch_leads)
        self.lost_leads = Desk(self._fetch_lost_leads)
        self.open_deals = Desk(self._fetch_deals)
        self.lost_deals = Desk(partial(self._fetch_closed_deals, "closed_lost"))
        self.won_deals = Desk(partial(self._fetch_closed_deals, "closed_won"))
        #: No event is written before this time: the integration is down.
        self.silent_until = now
        self.enrichment = Enrichment(self.chance)
        self._mends: list[tuple[datetime, int, Mend]] = []
        self._numbers = itertools.count()
        self._owed = dict.fromkeys(("leads", "moves", "deal_moves", "deals", "touches"), 0.0)
        self._worked_until = now
        try:
            with self.engine.begin() as connection:
                self._sellers = _numbers(connection, select(t.users.c.id).where(t.users.c.is_active))
                live = select(t.accounts.c.id).where(t.accounts.c.deleted_at.is_(None)).limit(_DESK)
                self._accounts = _numbers(connection, live.order_by(t.accounts.c.id))
                self.newest_deal = max(_numbers(connection, select(t.opportunities.c.id)), default=0)
                leads = select(t.leads.c.id).where(~t.leads.c.is_deleted).order_by(t.leads.c.id).limit(_DESK)
                self._some_leads = list(connection.execute(leads).scalars())
        except SQLAlchemyError as error:
            self.close()
            raise self.explain(error) from error

    def close(self) -> None:
        """Leave the file as it was found. May be called twice."""
        if self.is_sqlite:
            _end_wal(self.engine)
        self.engine.dispose()

    def explain(self, error: SQLAlchemyError) -> SourceError:
        """A fault of the database as a person may read it: no statement, no value."""
        reason = (str(getattr(error, "orig", None) or type(error).__name__).splitlines() or [""])[0]
        return SourceError(
            f"nobody can work in the demo CRM {self.place} ({reason})",
            fix="build it with `observer demo`, and let no other program lock it",
        )

    # ---- life

    def work(self, connection: Connection, now: datetime) -> None:
        """Everything that happened since the last call, written at `now` in this transaction."""
        seconds = max(0.0, (now - self._worked_until).total_seconds())
        self._worked_until = max(now, self._worked_until)
        self._mend(connection, now)
        self.enrichment.begin()
        self._fill_emails(connection, now)
        for _ in range(self._due("leads", (CROWD if self.enrichment.is_down else LEADS) * seconds)):
            self._lead_comes(connection, now)
        for _ in range(self._due("moves", MOVES * seconds)):
            self._lead_moves(connection, now)
        for _ in range(self._due("deals", DEALS * seconds)):
            self._deal_begins(connection, now)
        for _ in range(self._due("deal_moves", DEAL_MOVES * seconds)):
            self._deal_moves(connection, now)
        for _ in range(self._due("touches", TOUCHES * seconds)):
            self.tell(connection, self.chance.choice(self._some_leads), "campaign_touch", now)

    def mend_later(self, at: datetime, mend: Mend) -> None:
        """Somebody will put right at `at` what a fault has spoilt."""
        heapq.heappush(self._mends, (at, next(self._numbers), mend))

    def _mend(self, connection: Connection, now: datetime) -> None:
        while self._mends and self._mends[0][0] <= now:
            _, _, mend = heapq.heappop(self._mends)
            mend(connection, now)

    def _due(self, what: str, more: float) -> int:
        self._owed[what] += more
        whole = int(self._owed[what])
        self._owed[what] -= whole
        return whole

    def kept(self, now: datetime) -> None:
        """What `work` wrote at `now` is in the database."""
        self.enrichment.keep(now)

    def _lead_comes(self, connection: Connection, now: datetime) -> None:
        lead = self.enrichment.next_lead()
        address = self._new_lead(connection, now, lead.key, with_email=lead.wait == timedelta())
        self.enrichment.came(lead, address, now)

    def _fill_emails(self, connection: Connection, now: datetime) -> None:
        for waiting in self.enrichment.due(now):
            self.write(connection, t.leads, waiting.key, now, email=waiting.address)
            self.tell(connection, waiting.key, "lead_updated", now)

    def _new_lead(self, connection: Connection, now: datetime, key: str, *, with_email: bool) -> str:
        """A person shows interest. Returns the e-mail address, filled or not yet."""
        first, last = self.chance.choice(w.FIRST_NAMES), self.chance.choice(w.LAST_NAMES)
        country = self.chance.randrange(len(w.COUNTRIES))
        address = f"{first[1]}.{last[1]}.{key[:13]}@live.example.com"
        connection.execute(
            insert(t.leads).values(
                id=key,
                email=address if with_email else None,
                first_name=first[0],
                last_name=last[0],
                company=f"{self.chance.choice(w.COMPANY_HEADS)} {self.chance.choice(w.COMPANY_TAILS)}",
                phone=f"{w.COUNTRY_PREFIXES[country]}555{self.chance.randrange(1_000_000, 10_000_000)}",
                country=w.COUNTRIES[country],
                source=self.chance.choice(w.SOURCES),
                status="new",
                score=self.chance.randrange(20, 60),
                owner_id=self.chance.choice(self._sellers),
                merged_into_id=None,
                created_at=self.instant(now),
                updated_at=self.instant(now),
                is_deleted=False,
            )
        )
        self.tell(connection, key, "lead_created", now)
        self.open_leads.put(Row(key=key, state="new", rests_until=now + REST))
        return address

    def _lead_moves(self, connection: Connection, now: datetime) -> None:
        ready = self.open_leads.rested(connection, now)
        if not ready:
            return
        lead = self.chance.choice(ready)
        lead.state, lead.rests_until = self.chance.choice(LEAD_MOVES[lead.state]), now + REST
        self.write(connection, t.leads, lead.key, now, status=lead.state)
        self.tell(connection, lead.key, "lead_stage_changed", now)
        if lead.state not in LEAD_MOVES:
            self.open_leads.rows.remove(lead)

    def _deal_begins(self, connection: Connection, now: datetime) -> None:
        self.newest_deal += 1
        account = self.chance.choice(self._accounts)
        connection.execute(
            insert(t.opportunities).values(
                id=self.newest_deal,
                name=f"Account {account} – {self.chance.choice(w.PRODUCTS)}",
                account_id=account,
                primary_contact_id=None,
                lead_id=None,
                stage="qualification",
                amount=float(self.chance.randrange(1_000, 90_000)),
                currency=self.chance.choice(w.CURRENCIES),
                probability=_PROBABILITY["qualification"],
                close_date=None,
                owner_id=self.chance.choice(self._sellers),
                created_at=self.instant(now),
                updated_at=self.instant(now),
                is_deleted=False,
            )
        )
        new = Row(key=self.newest_deal, state="qualification", rests_until=now + REST, can_close=False)
        self.open_deals.put(new)

    def _deal_moves(self, connection: Connection, now: datetime) -> None:
        ready = self.open_deals.rested(connection, now)
        if not ready:
            return
        deal = self.chance.choice(ready)
        ways = [way for way in STAGE_MOVES[deal.state] if deal.can_close or not way.startswith("closed")]
        if not ways:
            return
        deal.state, deal.rests_until = self.chance.choice(ways), now + REST
        closed = deal.state not in STAGE_MOVES
        day: Any = now.astimezone(UTC).date()
        self.write(
            connection,
            t.opportunities,
            deal.key,
            now,
            stage=deal.state,
            probability=_PROBABILITY[deal.state],
            **({"close_date": day.isoformat() if self.is_sqlite else day} if closed else {}),
        )
        if closed:
            self.open_deals.rows.remove(deal)

    # ---- writing

    def instant(self, at: datetime) -> Any:
        """A time as this database keeps it."""
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.is_sqlite else at

    def write(self, connection: Connection, table: Table, key: str | int, now: datetime, **values: object) -> None:
        """Change one row of leads or opportunities, as people do: `updated_at` moves with it."""
        changed = update(table).where(table.c.id == key).values(**values, updated_at=self.instant(now))
        connection.execute(changed)

    def tell(self, connection: Connection, lead: str | int, kind: str, now: datetime) -> None:
        """An event for the stream; lost while the integration is down."""
        if now < self.silent_until:
            return
        touch = f'{{"campaign_id": {self.chance.randrange(1, 41)}, "channel": "{self.chance.choice(w.CHANNELS)}"}}'
        actor = f'{{"actor_id": {self.chance.randrange(1, 13)}}}'
        connection.execute(
            insert(t.crm_events).values(
                event_id=str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
                schema_version=2,
                event_type=kind,
                occurred_at=self.instant(now),
                ingested_at=self.instant(now),
                lead_id=str(lead),
                attributes=touch if kind == "campaign_touch" else actor,
                context=f'{{"system": "{self.chance.choice(w.SYSTEMS[:3])}"}}',
            )
        )

    # ---- desks

    def _fetch_leads(self, connection: Connection, now: datetime) -> list[Row]:
        found = self._live_leads(now, tuple(LEAD_MOVES)).where(t.leads.c.email.like("%@%"))
        return _rows(connection, found, now)

    def _fetch_lost_leads(self, connection: Connection, now: datetime) -> list[Row]:
        return _rows(connection, self._live_leads(now, ("disqualified",)), now)

    def _live_leads(self, now: datetime, states: Sequence[str]) -> Select[Any]:
        lead = t.leads.c
        still = lead.updated_at < self.instant(now - REST)
        found = select(lead.id, lead.status).where(~lead.is_deleted, lead.status.in_(states), still)
        return found.order_by(lead.created_at.desc(), lead.id).limit(_DESK)

    def _fetch_deals(self, connection: Connection, now: datetime) -> list[Row]:
        """Clean open deals: with an amount, and with a probability that nobody guessed."""
        deal = t.opportunities.c
        found = self._live_deals(now, _OPEN_STAGES).where(deal.amount > 0, deal.close_date.is_(None))
        return _rows(connection, found, now)

    def _fetch_closed_deals(self, state: str, connection: Connection, now: datetime) -> list[Row]:
        return _rows(connection, self._live_deals(now, (state,)), now)

    def _live_deals(self, now: datetime, states: Sequence[str]) -> Select[Any]:
        deal = t.opportunities.c
        still = deal.created_at < self.instant(now - timedelta(days=1))
        calm = deal.updated_at < self.instant(now - REST)
        found = select(deal.id, deal.stage).where(~deal.is_deleted, deal.stage.in_(states), still, calm)
        return found.order_by(deal.created_at.desc(), deal.id).limit(_DESK)


def _rows(connection: Connection, found: Select[Any], now: datetime) -> list[Row]:
    return [Row(key=key, state=state, rests_until=now) for key, state in connection.execute(found)]


def _numbers(connection: Connection, query: Select[Any]) -> list[int]:
    return sorted(connection.execute(query).scalars())


def _engine(url: str) -> Engine:
    target = parse_target(url)
    if target.get_backend_name() == "sqlite":
        address = f"{Path(target.database or '').resolve().as_uri()}?mode=rw"
        return create_engine("sqlite://", creator=lambda: _open_file(address), poolclass=QueuePool)
    arguments = {"connect_timeout": 10, "application_name": "crm-observer demo"}
    return create_engine(target.set(drivername="postgresql+psycopg"), connect_args=arguments)


def _open_file(address: str) -> sqlite3.Connection:
    """A connection that waits for a reader's end rather than failing, and lets readers go on while it writes."""
    connection = sqlite3.connect(address, uri=True, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def _end_wal(engine: Engine) -> None:
    """A plain file again, when nobody else has it open; a reader that still has it keeps what it is."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=1000")
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    except SQLAlchemyError:
        return
