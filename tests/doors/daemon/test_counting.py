"""Service levels by the clock: what is due is counted, alerts open, and what cannot be seen says why."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError

from observer.checks.plan import plan_contract
from observer.contracts.model import Contract, LogicalType, TypeOptions
from observer.daemon.counting import Counting
from observer.daemon.desk import DaemonDesk
from observer.daemon.watching import Watch
from observer.errors import InputError
from observer.incidents.policy import Policy
from observer.jobs.briefs import Briefs
from observer.jobs.fill_ledger import LedgerFiller
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.jobs.load_slos import slos_for_run
from observer.metrics.registry import Metrics
from observer.runs.leading import Term
from observer.runs.readiness import Readiness
from observer.settings import Settings
from observer.slo.budget import Counts
from observer.slo.burn import RULES
from observer.slo.ledger import Range
from observer.slo.model import Method, RollingWindow, Slo, TimeToFill
from observer.slo.standing import Condition, SloStanding
from observer.sources.source import Source
from observer.store import Store
from observer.wiring import opened_source
from tests.doors.daemon.test_glancing import SilentSource
from tests.fakes.contracts import contract, prop, table
from tests.fakes.daemon import eventually
from tests.fakes.watching import watch_of

SECOND = timedelta(seconds=1)
EVER = Range(after=datetime(2000, 1, 1, tzinfo=UTC), upto=datetime(2100, 1, 1, tzinfo=UTC))


def leads(classification: str | None = None) -> Contract:
    zoned = TypeOptions(timezone=True)
    rows = table(
        "leads",
        prop("id", primary_key_position=1, required=True, classification=classification),
        prop("email", required=True),
        prop("created_at", LogicalType.TIMESTAMP, options=zoned),
        prop("updated_at", LogicalType.TIMESTAMP, options=zoned),
    )
    return contract(replace(rows, event_time=("created_at",), update_time=("updated_at",)), id="leads")


def level(name: str = "emails", *, target: Fraction = Fraction(995, 1000), counted: str = "a") -> Slo:
    (check,) = (spec for spec in plan_contract(leads(), ()).checks if spec.id.endswith("email.required"))
    indicator = TimeToFill(
        contract="leads",
        object="leads",
        property="email",
        checks=(check.id,),
        deadline=SECOND,
        poll=SECOND / 4,
    )
    return Slo(
        name=name,
        display_name=name,
        service="crm",
        description="",
        indicator=indicator,
        window=RollingWindow(span=timedelta(days=28)),
        method=Method.OCCURRENCES,
        target=target,
        burn_rules=RULES,
        revision=f"{counted}{target}",
        counted=counted,
    )


class Counted:
    """A CRM, a state that is led, and what counts one in the other."""

    def __init__(self, folder: Path, store: Store, source: Source, term: Term, watch: Watch) -> None:
        self.crm, self.store, self.term, self.watch = folder / "crm.db", store, term, watch
        self.counting = Counting(store, lambda: self.watch, LooksHandedOver(store, lambda: 300 * SECOND))
        self.source = source

    def arrives(self, key: str, email: str | None) -> None:
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        with closing(sqlite3.connect(self.crm)) as crm:
            crm.execute("INSERT INTO leads VALUES (?, ?, ?, ?)", (key, email, now, now))
            crm.commit()

    def count(self, name: str = "emails") -> SloStanding | None:
        self.counting.count(self.source, self.term)
        return self.standing(name)

    def standing(self, name: str = "emails") -> SloStanding | None:
        return next((each for each in self.counting.standings() if each.slo.name == name), None)


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    with closing(sqlite3.connect(tmp_path / "crm.db")) as crm:
        crm.execute("CREATE TABLE leads (id TEXT PRIMARY KEY, email TEXT, created_at TEXT, updated_at TEXT)")
        crm.execute("INSERT INTO leads VALUES ('old', NULL, '2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z')")
        crm.commit()
    watch = watch_of(leads(), source=f"sqlite:///{tmp_path / 'crm.db'}", slos=[level()])
    with (
        Store.open(f"sqlite:///{tmp_path / 'state.db'}") as store,
        opened_source(watch.settings.source or "", watch.settings) as source,
    ):
        term = store.leadership.campaign("here", timedelta(seconds=60), alone=True)
        assert term is not None
        yield Counted(tmp_path, store, source, term, watch)


def test_rows_are_judged_at_their_deadline_and_an_alert_opens(counted: Counted) -> None:
    counted.count()
    for number in range(4):
        counted.arrives(f"lead {number}", "someone@example.com" if number == 0 else None)

    def decided() -> SloStanding | None:
        standing = counted.count()
        return standing if standing and standing.budget.counts.eligible == 4 else None

    standing = eventually(decided, "all four are judged, and nobody older")

    assert (standing.budget.counts.good, standing.budget.counts.bad) == (1, 3)
    assert standing.condition is Condition.MISSED
    assert standing.ledger.pending == 0
    standing = eventually(lambda: (s := counted.count()) and s.ledger.alerts and s, "an alert is open")
    assert {each.alert.name for each in standing.ledger.alerts} == {*(f"burn-{rule.name}" for rule in RULES), "spent"}

    counted.watch = watch_of(leads(), source=counted.watch.settings.source or "")
    counted.count()
    assert counted.store.slo_alerts.all_open() == {}, "an SLO that was removed tells nothing"


def test_what_was_counted_is_told_over_http_as_on_the_terminal(counted: Counted) -> None:
    counted.count()
    metrics, briefs = Metrics(counted.store.standing, tuple), Briefs(counted.store, Policy)
    desk = DaemonDesk(counted.store, metrics, lambda: counted.watch, Readiness, briefs)  # type: ignore[arg-type]  # asked for nothing else
    (slo,) = json.loads(json.dumps(desk.levels()))["slos"]
    assert (slo["name"], slo["condition"], slo["sli"]) == ("emails", "no data", None)


def test_a_changed_objective_goes_on_with_what_was_counted(counted: Counted) -> None:
    counted.count()
    counted.arrives("lead", "someone@example.com")
    eventually(lambda: (s := counted.count()) and s.budget.counts.good == 1, "it is judged")

    changed = level(target=Fraction(9, 10))
    counted.watch = watch_of(leads(), source=counted.watch.settings.source or "", slos=[changed])
    standing = eventually(counted.count, "the new objective stands")

    assert standing.slo.target == Fraction(9, 10)
    assert standing.budget.counts.good == 1
    assert standing.ledger.revision_since > standing.ledger.counts_since


def test_a_source_that_does_not_answer_is_asked_once_and_every_level_says_why(counted: Counted) -> None:
    counted.watch = watch_of(leads(), slos=[level("one"), level("two"), level("three")])
    source = SilentSource()
    eventually(
        lambda: counted.counting.count(source, counted.term) or len(counted.counting.standings()) == 3,  # type: ignore[arg-type,func-returns-value]  # as much of a source as a look needs
        "all three were due",
    )
    source.close()
    assert source.asked <= 3
    for standing in counted.counting.standings():
        assert standing.ledger.trouble == "crm-db does not answer. Fix: see whether it is up."
        assert standing.condition is Condition.NO_DATA


def test_a_column_that_is_lost_makes_the_level_blind_and_leaves_its_budget_alone(counted: Counted) -> None:
    counted.count()
    counted.arrives("lead", "someone@example.com")
    eventually(lambda: (s := counted.count()) and s.budget.counts.good == 1, "it is judged")
    with closing(sqlite3.connect(counted.crm)) as crm:
        crm.execute("ALTER TABLE leads RENAME COLUMN email TO mail")

    standing = eventually(lambda: (s := counted.count()) and s.ledger.trouble and s, "it says why")

    assert "email" in standing.ledger.trouble
    assert (standing.budget.counts.good, standing.budget.counts.bad) == (1, 0)
    with closing(sqlite3.connect(counted.crm)) as crm:
        crm.execute("ALTER TABLE leads RENAME COLUMN mail TO email")
    eventually(lambda: (s := counted.count()) and s.ledger.trouble is None, "it sees again")


def with_counter(watch: Watch, name: str, count: Callable[[], None]) -> Watch:
    """The counter of that level does this instead."""

    class Other(LedgerFiller):
        def count(self, source: Source, store: Store, *, now: datetime, term: Term) -> None:
            count()
            super().count(source, store, now=now, term=term)

    slo = next(slo for slo in watch.slos if slo.name == name)
    assert isinstance(slo.indicator, TimeToFill)
    other = Other(slo, slo.indicator, watch.contracts["leads"].plan, key_secret=None)
    return replace(watch, counters={**watch.counters, name: other})


def test_a_level_whose_look_takes_long_holds_up_no_other(counted: Counted) -> None:
    go_on = threading.Event()

    def waits() -> None:
        assert go_on.wait(30)

    two = watch_of(leads(), source=counted.watch.settings.source or "", slos=[level("slow"), level("quick")])
    counted.watch = with_counter(two, "slow", waits)
    try:
        eventually(lambda: counted.count("quick"), "it is counted")
        counted.arrives("lead", "someone@example.com")
        eventually(
            lambda: (s := counted.count("quick")) and s.budget.counts.good == 1, "it is judged while the other waits"
        )
        assert counted.standing("slow") is None
    finally:
        go_on.set()
    eventually(lambda: counted.count("slow"), "it is told of when its look is over")
    counted.counting.close()


def test_a_level_that_breaks_says_so_and_stops_no_other(counted: Counted) -> None:
    def breaks() -> None:
        raise ZeroDivisionError("of lead 7")

    two = watch_of(leads(), source=counted.watch.settings.source or "", slos=[level("broken"), level("whole")])
    counted.watch = with_counter(two, "broken", breaks)
    broken = eventually(lambda: counted.count("broken"), "it is counted")
    whole = eventually(lambda: counted.count("whole"), "it is counted too")

    assert broken.ledger.trouble == "unexpected ZeroDivisionError; the log of the daemon says where"
    assert whole.ledger.trouble is None


def test_a_table_too_large_to_count_its_undatable_rows_is_judged_all_the_same(counted: Counted) -> None:
    assert counted.source.engine is not None

    @event.listens_for(counted.source.engine, "before_cursor_execute")
    def _(*call: object) -> None:
        if "count(*)" in str(call[2]) and "leads" in str(call[2]):
            raise OperationalError("SELECT", {}, sqlite3.OperationalError("interrupted"))

    standing = eventually(counted.count, "it is counted")

    assert (standing.ledger.trouble, standing.ledger.undatable) == (None, None)
    assert standing.ledger.looked_at is not None


def test_a_source_that_goes_away_is_asked_once_whatever_is_known_of_it(counted: Counted) -> None:
    names = ("one", "two", "three", "four", "five", "six")
    counted.watch = watch_of(leads(), source=counted.watch.settings.source or "", slos=[level(name) for name in names])
    eventually(lambda: counted.count() or all(counted.standing(name) for name in names), "all are counted")
    asked = []

    def refuses() -> sqlite3.Connection:
        asked.append(1)
        raise sqlite3.OperationalError("gone")

    gone = SilentSource()
    gone.engine = create_engine("sqlite://", creator=refuses)
    time.sleep(0.3)  # all of them are due
    counted.counting.count(gone, counted.term)  # type: ignore[arg-type]  # as much of a source as a look needs

    assert 0 < len(asked) <= 3, "those that are looked at together"
    assert all((s := counted.standing(name)) and "could not be connected" in str(s.ledger.trouble) for name in names)


def test_many_rows_of_one_time_are_written_in_parts_and_all_of_them_are_judged(counted: Counted) -> None:
    slo = level()
    assert isinstance(slo.indicator, TimeToFill)
    plan = counted.watch.contracts["leads"].plan
    patient = replace(slo.indicator, deadline=2 * SECOND)
    parted = LedgerFiller(slo, patient, plan, key_secret=None, rows_at_once=4)
    counted.watch = replace(counted.watch, counters={slo.name: parted})
    counted.count()
    sizes = []

    @event.listens_for(counted.store._database.engine, "before_cursor_execute")
    def _(*call: object) -> None:
        if "INSERT INTO slo_pending" in str(call[2]):
            sizes.extend(text.count('["') for text in call[3] if isinstance(text, str))  # type: ignore[attr-defined]  # parameters

    now = datetime.now(UTC).isoformat(timespec="microseconds")
    with closing(sqlite3.connect(counted.crm)) as crm:
        rows = [(f"lead {n}", "someone@example.com" if n % 5 else None, now, now) for n in range(11)]
        crm.executemany("INSERT INTO leads VALUES (?, ?, ?, ?)", rows)
        crm.commit()
        eventually(lambda: (s := counted.count()) and s.ledger.pending == 11, "all of them wait")
        assert max(sizes) <= 4
        crm.execute("DELETE FROM leads WHERE id = 'lead 1'")
        crm.commit()
    standing = eventually(lambda: (s := counted.count()) and s.ledger.pending == 0 and s, "all of them are judged")

    assert standing.ledger.totals == Counts(good=7, bad=3, withdrawn=1)


def test_only_the_default_file_may_be_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert slos_for_run(Settings.slos, [leads()]) == ()
    with pytest.raises(InputError) as raised:
        slos_for_run((tmp_path / "levels.yaml",), [leads()])
    assert [problem.rule for problem in raised.value.problems] == ["file-not-found"]


def test_under_a_new_secret_no_row_counts_twice_and_what_waits_is_unknown(counted: Counted) -> None:
    """A restricted key is only known as a digest, which another secret makes another."""
    slo = level()
    assert isinstance(slo.indicator, TimeToFill)
    plan = plan_contract(leads("restricted"), ())
    ledger = counted.store.ledgers.open(slo, now=datetime.now(UTC), term=counted.term)

    def under(secret: bytes, deadline: timedelta) -> Counts:
        filler = LedgerFiller(slo, replace(slo.indicator, deadline=deadline), plan, key_secret=secret)
        with opened_source(counted.watch.settings.source or "", counted.watch.settings) as source:
            filler.count(source, counted.store, now=datetime.now(UTC), term=counted.term)
        return counted.store.ledgers.standings([slo])[slo.name].totals

    def decided(secret: bytes) -> bool:
        return under(secret, SECOND).judged == 2

    under(b"a" * 32, SECOND)
    counted.arrives("one", "someone@example.com")
    counted.arrives("two", None)
    eventually(lambda: decided(b"a" * 32), "both are judged")
    counted.arrives("three", None)
    under(b"a" * 32, 60 * SECOND)
    assert len(counted.store.ledgers.known(ledger, [EVER], ()).pending) == 1

    totals = under(b"b" * 32, SECOND)
    assert (totals.good, totals.bad, totals.unknown, totals.withdrawn) == (1, 1, 1, 0)
    counted.arrives("four", "someone@example.com")
    eventually(lambda: under(b"b" * 32, SECOND).good == 2, "the next one counts")
    totals = under(b"b" * 32, SECOND)
    assert (totals.good, totals.bad, totals.unknown, totals.withdrawn) == (2, 1, 1, 0)
