"""A person asks how service levels stand, why a record is bad, and what a level would have said of the data as it is.

The CRM is the demo CRM. A daemon's looks at it are made here one by one, at times that are told: no test waits.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.config.settings import load_settings
from observer.demo import build_demo_crm, demo_contracts
from observer.jobs.evaluate_slos import Counter, counter_of, tell
from observer.jobs.fill_ledger import LedgerFiller
from observer.jobs.lint_contracts import load_for_run
from observer.jobs.load_slos import slos_for_run
from observer.runs.ticks import Tick
from observer.slo.model import CheckHolds, Slo
from observer.wiring import opened_source, opened_store
from tests.fakes.desk import told
from tests.fakes.terminal import Ran, observer

LEVELS = Path(__file__).resolve().parents[2] / "slo.yaml"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: A restricted value, in every row that is written here.
CANARY = "canary@example.com"
FLAGSHIP, FRESH = "leads-email-5m", "opportunities-fresh"
GOOD, BAD, LATE, GONE, NEW = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(5))


@dataclass(frozen=True)
class Desk:
    """A project folder with the demo CRM, and who works there."""

    folder: Path

    def write(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        """People work in the CRM."""
        with sqlite3.connect(self.folder / "crm.db") as crm:
            for statement, values in statements:
                crm.execute(statement, values)
        crm.close()

    def asked(self, query: str, *values: object) -> Any:
        with sqlite3.connect(self.folder / "crm.db") as crm:
            (row,) = crm.execute(query, values).fetchall()
        crm.close()
        return row[0]

    def typed(self, *words: str, at: datetime = NOON + 6 * MINUTE) -> Ran:
        """Whatever is typed: no traceback, and the restricted value nowhere."""
        with time_machine.travel(at, tick=False):
            ran = observer(*words, cwd=self.folder)
        assert "Traceback" not in ran.err
        assert CANARY not in ran.out + ran.err
        return ran

    def read(self, *words: str, code: int = 0, at: datetime = NOON + 6 * MINUTE) -> Any:
        """What a program reads."""
        ran = self.typed(*words, "--format", "json", at=at)
        assert (ran.code, ran.err) == (code, "")
        return json.loads(ran.out)


class Daemon:
    """Looks when it is told to."""

    def __init__(self, folder: Path) -> None:
        self._settings = load_settings(folder / "observer.toml")
        contracts = load_for_run(self._settings.contracts)
        self._plans = {c.id: plan_contract(c, [o for o in contracts if o is not c]) for c in contracts}
        self._slos = slos_for_run(self._settings.slos, contracts)
        self._counters: dict[str, Counter] = {
            slo.name: counter_of(slo, self._plans, key_secret=None) for slo in self._slos
        }

    def slo(self, name: str) -> Slo:
        return next(slo for slo in self._slos if slo.name == name)

    def looks(self, at: datetime, *, fresh: Outcome = Outcome.PASSED) -> None:
        """One beat: a glance at opportunities, and every level counted and told of."""
        with (
            time_machine.travel(at, tick=False),
            opened_store(self._settings) as store,
            opened_source(self._settings.source or "", self._settings) as source,
        ):
            term = store.leadership.campaign("daemon", MINUTE)
            assert term is not None
            store.ticks.record([self._glance(at, fresh)], term=term)
            for name, counter in self._counters.items():
                if isinstance(counter, LedgerFiller):
                    counter.count(source, store, now=at, term=term)
                elif name == FRESH:
                    counter.count(store, now=at, term=term)
            tell(store, self._slos, now=at, term=term)

    def _glance(self, at: datetime, outcome: Outcome) -> Tick:
        indicator = self.slo(FRESH).indicator
        assert isinstance(indicator, CheckHolds)
        error = "the source does not answer" if outcome is Outcome.ERRORED else None
        return Tick(
            check_id=indicator.check,
            contract=indicator.contract,
            object="opportunities",
            at=at,
            outcome=outcome,
            value=None,
            observed="3 d old",
            expected="at most 2 d old",
            error=error,
        )


def lead(key: str, email: str | None, created: datetime) -> tuple[str, tuple[object, ...]]:
    """A new lead, as a form writes it."""
    time = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    columns = "id, email, source, status, score, created_at, updated_at, is_deleted"
    return f"INSERT INTO leads ({columns}) VALUES (?, ?, 'web', 'new', 0, ?, ?, 0)", (key, email, time, time)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Five leads come in from half a minute past noon on; a daemon looks now and then."""
    folder = tmp_path_factory.mktemp("slo")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("OBSERVER_", "COLUMNS"))]:
            patch.delenv(name)
        build_demo_crm(f"sqlite:///{folder}/crm.db", leads=100, now=NOON - 60 * MINUTE)
        (folder / "observer.toml").write_text(
            f'source = "sqlite:///{folder}/crm.db"\nstate = "sqlite:///{folder}/state.db"\n'
            f'contracts = ["{demo_contracts()}"]\nslos = ["{LEVELS}"]\n',
            encoding="utf-8",
        )
        desk, daemon = Desk(folder), Daemon(folder)
        daemon.looks(NOON, fresh=Outcome.FAILED)
        created = NOON + 30 * SECOND
        desk.write(
            lead(GOOD, CANARY, created), lead(BAD, None, created), lead(LATE, "n/a", created), lead(GONE, None, created)
        )
        daemon.looks(NOON + MINUTE, fresh=Outcome.ERRORED)
        daemon.looks(NOON + 5 * MINUTE)
        # Five seconds after its deadline, and five before the next look.
        late = (NOON + 5 * MINUTE + 35 * SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")
        desk.write(
            ("UPDATE leads SET email = ?, updated_at = ? WHERE id = ?", (CANARY, late, LATE)),
            ("DELETE FROM leads WHERE id = ?", (GONE,)),
            lead(NEW, None, NOON + 5 * MINUTE),
        )
        daemon.looks(NOON + 5 * MINUTE + 40 * SECOND)
        yield desk


def test_the_status_tells_what_is_missed_met_and_not_known(desk: Desk) -> None:
    ran = desk.typed("slo", "status")
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert lines[-1] == "6 SLOs: 2 missed, 4 not known"
    flagship = next(line for line in lines if line.startswith("✗ missed") and "Leads have an email" in line)
    assert "50.00 %" in flagship
    assert "leads-looked-at: cannot be seen: nobody has counted it yet: `observer serve` does" in ran.out


def test_a_level_at_length_says_what_is_counted_and_whose_it_is(desk: Desk) -> None:
    ran = desk.typed("slo", "status", FLAGSHIP)
    assert ran.code == 1
    text = told(ran.out)
    for said in (
        "Of leads, those are good whose email was filled at their deadline, 5 min after their event time.",
        "99.5 % over the last 28 days",
        "ana.moreau@example.com",
        "1 good, 1 bad leads",
        "1 unknown, 1 withdrawn in the window; 1 pending now",
        "bad leads: 1 too many (0 allowed)",
        "20 s ago, 2026-11-22 12:05:40 UTC",
    ):
        assert said in text


def test_programs_read_exact_numbers(desk: Desk) -> None:
    document = desk.read("slo", "status", FLAGSHIP, FRESH, code=1)
    flagship, fresh = document["slos"]
    assert flagship["counted"] == {"good": 1, "bad": 1, "unknown": 1, "withdrawn": 1}
    assert (flagship["condition"], flagship["blind"], flagship["pending"]) == ("missed", None, 1)
    assert flagship["objective"] == {"exact": "199/200", "value": 0.995}
    assert flagship["sli"] == {"exact": "1/2", "value": 0.5}
    # Two glances saw it, one of them stale, in the one slice of fifteen minutes.
    assert fresh["sli"] == {"exact": "2/3", "value": 2 / 3}
    assert fresh["counted"]["unknown"] == 1


def test_what_nobody_looks_at_any_more_is_not_green(desk: Desk) -> None:
    (level,) = desk.read("slo", "status", FLAGSHIP, code=1, at=NOON + timedelta(hours=3))["slos"]
    assert level["blind"] == "no daemon leads, and the last look was 2 h 54 min ago: start `observer serve`"


def test_levels_without_data_are_no_success(desk: Desk) -> None:
    ran = desk.typed("slo", "status", "leads-looked-at")
    assert ran.code == 3
    assert "? blind" in ran.out


def test_the_newest_bad_and_unknown_records_are_told_with_their_evidence_and_link(desk: Desk) -> None:
    ran = desk.typed("slo", "explain", FLAGSHIP)
    assert (ran.code, ran.err) == (0, "")
    assert f"✗ bad  {BAD}" in ran.out and f"? unknown  {LATE}" in ran.out
    assert (
        "Email was empty at its deadline, 2026-11-22 12:05:30 UTC: a look at 2026-11-22 12:05:40 UTC showed it so, and "
        "it had not been written since its deadline."
    ) in ran.out
    assert f"https://crm.example.com/leads/{BAD}" in ran.out
    for other in (GOOD, GONE, NEW):
        assert other not in ran.out


@pytest.mark.parametrize(
    ("key", "state", "evidence", "why"),
    [
        (GOOD, "good", "untouched", "email was filled at its deadline"),
        (LATE, "unknown", None, "the looks around it, the later one at 2026-11-22 12:05:40 UTC, do not agree"),
        (GONE, "withdrawn", None, "found it gone"),
        (NEW, "pending", None, "the first look at or after its deadline, 2026-11-22 12:10:00 UTC, decides"),
    ],
)
def test_every_record_is_told_of_by_its_key(desk: Desk, key: str, state: str, evidence: str | None, why: str) -> None:
    (record,) = desk.read("slo", "explain", FLAGSHIP, key)["records"]
    assert (record["state"], record["evidence"], record["key"]) == (state, evidence, key)
    assert why in record["why"]


def test_a_record_that_the_ledger_does_not_know_gets_reasons(desk: Desk) -> None:
    ran = desk.typed("slo", "explain", FLAGSHIP, "no-such-key")
    assert (ran.code, ran.out) == (3, "")
    assert "its event time is before counting began (2026-11-22 11:55:00 UTC)" in ran.err


def test_glances_are_told_with_what_they_saw(desk: Desk) -> None:
    ran = desk.typed("slo", "explain", FRESH)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "? 2026-11-22 12:01:00 UTC  glances: 1 unknown",
        "  The source does not answer.",
        "✗ 2026-11-22 12:00:00 UTC  glances: 1 bad",
        "  3 d old; expected: at most 2 d old.",
    ]
    (glance,) = desk.read("slo", "explain", FRESH, "2026-11-22T12:05:00")["samples"]
    assert glance["good"] == 1
    assert desk.typed("slo", "explain", FRESH, "2025").code == 3


def test_a_backtest_counts_every_row_of_the_range_once(desk: Desk) -> None:
    found = desk.read("slo", "backtest", FLAGSHIP, "--since", "365d", code=1)
    latest = (NOON + MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ")
    there = desk.asked(
        "SELECT count(*) FROM leads WHERE NOT is_deleted AND created_at > '2025-11-22T12:01:00Z' AND created_at <= ?",
        latest,
    )
    untouched = desk.asked(
        "SELECT count(*) FROM leads WHERE NOT is_deleted AND created_at > '2025-11-22T12:01:00Z' AND created_at <= ? "
        "AND unixepoch(updated_at) <= unixepoch(created_at) + 300",
        latest,
    )
    records = found["records"]
    assert records["good"] + records["bad"] == untouched >= 2
    assert records["unknown"] == there - untouched
    assert sum(each["good"] + each["bad"] + each["unknown"] for each in found["stretches"]) == there


def test_a_backtest_says_first_how_much_nothing_tells(desk: Desk) -> None:
    ran = desk.typed("slo", "backtest", FLAGSHIP, "--since", "30d", "--objective", "50%")
    assert (ran.code, ran.err) == (0, "")
    text = told(ran.out)
    assert text.index("unknown:") < text.index("Judged")
    assert "50 % over the last 28 days" in text
    assert "Rows that are gone by now are not seen." in text


def test_a_backtest_of_glances_reads_what_was_recorded(desk: Desk) -> None:
    found = desk.read("slo", "backtest", FRESH, "--since", "1h", code=1)
    assert found["records"] == {"good": 2, "bad": 1, "unknown": 1, "withdrawn": 0}
    assert found["sli"]["exact"] == "2/3"
    assert (found["sli_if_unknown_are_bad"]["exact"], found["sli_if_unknown_are_good"]["exact"]) == ("1/2", "3/4")
    none = desk.read("slo", "backtest", "leads-looked-at", "--since", "1h", code=3)
    assert none["sli"] is None and none["budget"]["allowed"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("status", "leads-email-5"), "did you mean `leads-email-5m`?"),
        (("explain", "nothing-like-it"), "choose from leads-email-5m, leads-source-complete"),
        (("explain", "leads-looked-at"), "nobody has counted `leads-looked-at` yet"),
        (("backtest", FLAGSHIP, "--since", "soon"), "--since cannot be understood"),
        (("backtest", FLAGSHIP, "--since", "0s"), "--since is not between one minute and five years"),
        (("backtest", FLAGSHIP, "--since", "1h", "--objective", "1e9"), "is no share between 0 and 1"),
        (("backtest", FLAGSHIP, "--since", "1h", "--source", "sqlite:///nowhere.db"), "nowhere.db"),
        (("backtest", FLAGSHIP, "--since", "1h", "--source", "file:."), "name a database as source"),
        (("status", "--state", "sqlite:////dev/null/state.db"), "the folder /dev/null of the state cannot be made"),
        (("status", "--slos", "none.yaml"), "none.yaml"),
        (("status", "--contract", "none"), "none"),
    ],
)
def test_bad_input_is_told_with_a_remedy(desk: Desk, words: tuple[str, ...], said: str) -> None:
    ran = desk.typed("slo", *words)
    assert (ran.code, ran.out) == (3, "")
    assert said in told(ran.err) and "Fix: " in ran.err


def test_without_service_levels_it_says_where_to_write_them(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "observer.toml").write_text(f'contracts = ["{demo_contracts()}"]\n', encoding="utf-8")
    ran = replace(desk, folder=tmp_path).typed("slo", "status")
    assert ran.code == 3
    assert "write slo.yaml (docs/slo.md), or name a file with --slos" in ran.err
