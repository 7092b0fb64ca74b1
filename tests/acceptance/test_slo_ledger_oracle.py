"""A simulated CRM in a real database, its ledger in a real state: the real reader, job and store against the oracle.

At every tick the table is brought to what the simulated CRM shows, the job looks at it, and the state has to say what
the ledger in memory says, which in the end is held against the whole life of every record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from observer.checks.plan import plan_contract
from observer.contracts.model import Contract, LogicalType, Property, TypeOptions
from observer.errors import NotLeading
from observer.gx import cohort
from observer.gx.instants import Instant, take_instant
from observer.jobs.fill_ledger import LedgerFiller
from observer.jobs.slo_standing import standings
from observer.runs.leading import Term
from observer.slo.budget import Counts
from observer.slo.ledger import Decided, Pending, Range
from observer.slo.model import FillColumn, HistoryTable, Slo, TimeToFill
from observer.slo.verdicts import State
from observer.slo.windows import MINUTE, floor
from observer.sources.opening import open_source
from observer.store.store import Store
from tests import real_parts
from tests.fakes.contracts import contract, prop, table
from tests.fakes.crm_courses import SETTLED, watch_of
from tests.fakes.crm_life import Crm, Life, moment
from tests.fakes.ledger_oracle import check
from tests.fakes.levels import level
from tests.fakes.watched_life import Tick, Watch

PATIENCE = timedelta(seconds=30)
ZONED = TypeOptions(timezone=True)
PASTS = {
    None: None,
    "fill time": FillColumn(property="filled"),
    "changes": HistoryTable(
        object="lead_history",
        key="lead",
        field="field",
        field_name="Email",
        value="new_value",
        changed_at="changed",
    ),
}
ALL = tuple(state for state in State if state is not State.PENDING)
EVERYTHING = Range(after=moment(-(10**7)), upto=moment(10**7))


def the_contract() -> Contract:
    def when(name: str) -> Property:
        return prop(name, LogicalType.TIMESTAMP, options=ZONED)

    leads = table(
        "leads",
        prop("id", primary_key_position=1),
        prop("email", required=True),
        *(when(name) for name in ("created", "written", "filled")),
        event_time=("created",),
    )
    leads = replace(leads, update_time=("written",))
    changes = table("lead_history", prop("lead"), prop("field"), prop("new_value"), when("changed"))
    return contract(leads, changes)


@dataclass
class Table:
    """The simulated CRM in a real database."""

    url: str
    engine: sa.Engine
    rows: dict[str, dict[str, object]] = field(default_factory=dict)
    changes: set[tuple[str, int]] = field(default_factory=set)

    def make(self) -> None:
        times = "TEXT" if self.engine.dialect.name == "sqlite" else "timestamptz"
        with self.engine.begin() as connection:
            for name, columns in {
                "leads": f"id varchar(20) PRIMARY KEY, email TEXT, created {times}, written {times}, filled {times}",
                "lead_history": f"lead varchar(20), field TEXT, new_value TEXT, changed {times}",
            }.items():
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
                connection.exec_driver_sql(f"CREATE TABLE {name} ({columns})")
            connection.exec_driver_sql("CREATE INDEX leads_created ON leads (created)")

    def show(self, crm: Crm, real: int) -> None:
        """Bring the tables to what they hold at that instant."""
        wanted = {life.key: self._row(crm, life, real) for life in crm.lives if life.is_there(real)}
        with self.engine.begin() as connection:
            for key in [key for key in self.rows if wanted.get(key) != self.rows[key]]:
                connection.execute(sa.text("DELETE FROM leads WHERE id = :id"), {"id": key})
            for key in [key for key in wanted if wanted[key] != self.rows.get(key)]:
                statement = "INSERT INTO leads VALUES (:id, :email, :created, :written, :filled)"
                connection.execute(sa.text(statement), wanted[key])
            self.rows = wanted
            self._show_changes(connection, crm, real)

    def _show_changes(self, connection: sa.Connection, crm: Crm, real: int) -> None:
        wanted = {
            (life.key, flip) for life in crm.lives for flip in life.flips if life.past == "changes" and flip <= real
        }
        if not wanted >= self.changes:  # a replica that lags shows what was before
            connection.exec_driver_sql("DELETE FROM lead_history")
            self.changes = set()
        for key, flip in sorted(wanted - self.changes):
            value = "a@b.co" if crm.life(key).holds(flip) else None
            changed = self._stored(crm.clock.reads(flip))
            statement = sa.text("INSERT INTO lead_history VALUES (:lead, 'Email', :value, :changed)")
            connection.execute(statement, {"lead": key, "value": value, "changed": changed})
        self.changes = wanted

    def _row(self, crm: Crm, life: Life, real: int) -> dict[str, object]:
        filled = [flip for flip in life.flips if flip <= real and life.past == "fill time"]
        return {
            "id": life.key,
            "email": "a@b.co" if life.holds(real) else None,
            "created": self._stored(life.event_of(real)),
            "written": self._stored(crm.clock.reads(life.written(real))) if life.tells else None,
            "filled": self._stored(crm.clock.reads(min(filled))) if filled else None,
        }

    def _stored(self, second: int) -> datetime | str:
        at = moment(second)
        return at.isoformat(sep=" ") if self.engine.dialect.name == "sqlite" else at


@dataclass(frozen=True)
class Showing:
    """Takes a real instant of a source, by a simulated clock."""

    at: Instant

    def __call__(self, connection: sa.Connection, dialect: str) -> Instant:
        take_instant(connection, dialect)
        return self.at


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Of the CRM and of the state."""
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("oracle")
        return f"sqlite:///{folder / 'crm.db'}", f"sqlite:///{folder / 'state.db'}"
    server = request.getfixturevalue("postgres_server_url")
    return real_parts.new_postgres_database(server), real_parts.new_postgres_database(server)


@contextmanager
def desk(urls: tuple[str, str]) -> Iterator[tuple[Table, Store, Term]]:
    with ExitStack() as open_things:
        driven = urls[0].replace("postgresql://", "postgresql+psycopg://")
        engine = sa.create_engine(driven)
        open_things.callback(engine.dispose)
        crm = Table(urls[0], engine)
        crm.make()
        store = open_things.enter_context(Store.open(urls[1]))
        term = store.leadership.campaign("a", timedelta(hours=1))
        assert term is not None
        yield crm, store, term


@pytest.mark.parametrize(("seed", "past"), [(113, None), (128, "changes"), (114, "fill time")])
def test_the_state_says_what_is_true(
    urls: tuple[str, str], seed: int, past: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, ticks = course(seed, past)
    slo = replace(level(f"emails-{seed}-{past}"), indicator=watch.indicator, revision="r", counted="c")
    with desk(urls) as (crm, store, term):
        ledger = store.ledgers.open(slo, now=moment(0), term=term)
        with closing(open_source(crm.url, statement_timeout=PATIENCE, connect_timeout=PATIENCE)) as source:
            filler = None
            for number, tick in enumerate(ticks):
                # A daemon that was started anew knows nothing but the state.
                filler = filler_of(slo, watch.indicator) if filler is None or number % 9 == 0 else filler
                crm.show(watch.crm, tick.at - tick.lag)
                at = instant_of(watch, tick)
                # Of the source, its clock alone is simulated.
                monkeypatch.setattr(cohort, "take_instant", Showing(at))
                watch.tick(tick)
                if tick.killed_after is None:
                    filler.count(source, store, now=at.until, term=term)
                else:
                    with pytest.raises(NotLeading):
                        filler.count(source, store, now=at.until, term=replace(term, epoch=term.epoch - 1))
                assert stands_of(store, ledger) == memory_of(watch)
        (found,) = standings(store, [slo], at=at.until)
        standing = found.ledger
        assert (standing.totals, standing.pending, standing.trouble) == (watch.ledger.totals, 0, None)
        assert found.budget.counts == watch.ledger.totals
        for span, counts in found.spans.items():
            assert counts == recount(watch, at.until - span)
    check(watch)


def recount(watch: Watch, since: datetime) -> Counts:
    """Records whose deadline was at this time, to the minute, or later."""
    dues = ((row.event_at + watch.indicator.deadline, row) for row in watch.ledger.decided.values())
    return Counts(**Counter(row.state.value for due, row in dues if due >= floor(since, MINUTE)))


def course(seed: int, past: str | None) -> tuple[Watch, list[Tick]]:
    """A course whose pages are whole, and whose records all have the same kind of history."""
    watch, ticks = watch_of(seed)
    lives = [replace(life, past=past) for other in range(4) for life in watch_of(seed + other)[0].crm.lives]
    rounded = timedelta(microseconds=999_999)
    crm = replace(watch.crm, rounded=rounded, lives=tuple(replace(life, key=f"r{n}") for n, life in enumerate(lives)))
    indicator = replace(watch.indicator, contract="crm", checks=("crm.leads.email.required",), history=PASTS[past])
    whole = [replace(tick, page=1000, twice=False, rival=False, killed_after=0 if tick.killed_after else None)
             for tick in ticks]  # fmt: skip
    whole[0] = replace(whole[0], killed_after=None)
    watch = replace(watch, crm=crm, indicator=indicator)
    return watch, [*whole, *(Tick(at=at) for at in SETTLED)]


def filler_of(slo: Slo, indicator: TimeToFill) -> LedgerFiller:
    return LedgerFiller(slo, indicator, plan_contract(the_contract()), key_secret=None)


def instant_of(watch: Watch, tick: Tick) -> Instant:
    real, clock = tick.at - tick.lag, watch.crm.clock
    return Instant(at=moment(clock.reads(real - tick.earlier)), until=moment(clock.reads(real + tick.later)))


Known = tuple[object, dict[str, Pending], dict[str, Decided]]


def stands_of(store: Store, ledger: int) -> Known:
    decided = {row.key: row for row in store.ledgers.records(ledger, states=ALL, limit=1000)}
    pending = dict(store.ledgers.known(ledger, [EVERYTHING], []).pending)
    return store.ledgers.position(ledger), pending, decided


def memory_of(watch: Watch) -> Known:
    return watch.ledger.position, watch.ledger.pending, watch.ledger.decided
