"""A desk for the web face: answers what a test gave it, and can be down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from observer.checks.measure import Outcome
from observer.contracts.model import Contract, Dimension, Severity
from observer.errors import AmbiguousRun, InputError, NoSuchRun, StoreError
from observer.incidents.acting import Action, Answer
from observer.incidents.brief import Brief
from observer.incidents.events import IncidentEvent
from observer.reports.slo_status import Level
from observer.runs.readiness import Readiness, Role
from observer.runs.slots import Slot, SlotState, Trigger
from observer.runs.standing import Standing
from observer.runs.ticks import Tick
from observer.store import ContractVersion, IncidentRow, RecordedCheck, RecordedRun, RunRow, SnapshotRecord
from tests.fakes.incidents_desk import a_morning
from tests.fakes.standings import after_a_run, crm
from tests.fakes.web_archive import FakeArchive

NINE = datetime(2026, 11, 22, 9, tzinfo=UTC)
RUN_ID = "0199a000-0000-7000-8000-000000000001"
#: Stands beside the first for enough of its characters.
SISTER_ID = "0199a000-0000-7000-8000-000000000002"


def run_row(id: str = RUN_ID, contract: str = "crm") -> RunRow:
    """A run of one contract that found something."""
    return RunRow(
        id=id,
        kind="run",
        contracts=(contract,),
        source="postgresql://crm-db/crm",
        started_at=NINE,
        finished_at=NINE + timedelta(seconds=2.5),
        outcome=Outcome.FAILED,
        passed=1,
        warned=0,
        failed=1,
        errored=0,
        skipped=0,
        rows=1_000,
        trust_score=71,
        execution="snapshot",
        version="0.1.0",
        error=None,
    )


def recorded_check(**more: object) -> RecordedCheck:
    """A failed check with evidence."""
    fields: dict[str, object] = {
        "check_id": "crm.leads.status.enum",
        "contract": "crm",
        "object": "leads",
        "property": "status",
        "rule": "enum",
        "statement": "status is one of new, won",
        "dimension": Dimension.VALIDITY,
        "severity": Severity.ERROR,
        "outcome": Outcome.FAILED,
        "rows_tested": 1_000,
        "rows_failed": 2,
        "value": None,
        "seen": None,
        "observed": "2 of 1,000 rows (0.2 %)",
        "expected": "no row",
        "owner": "ana@example.com",
        "error": None,
        "evidence": {
            "key_columns": ["id"],
            "keys": [[7], [8]],
            "urls": ["https://crm.example.com/leads/7", "https://crm.example.com/leads/8"],
            "offenders": [{"value": "wno", "rows": 2, "suggestion": "won"}],
            "offenders_total": 1,
            "segments": [
                {"column": "source", "value": None, "rows_tested": 9, "rows_failed": 2, "share": 1.0, "lift": 111.1}
            ],
            "months": [{"month": "2026-11", "rows_tested": 1_000, "rows_failed": 2}],
            "notes": [],
        },
    }
    return RecordedCheck(**fields | more)  # type: ignore[arg-type]  # a test builder: the fields check themselves


def recorded_run(*results: RecordedCheck, id: str = RUN_ID) -> RecordedRun:
    """That run with everything that was kept of it."""
    return RecordedRun(
        run=run_row(id),
        contracts=(
            ContractVersion(contract="crm", version="1.0.0", digest="ab" * 32, file="crm.odcs.yaml", first_seen=NINE),
        ),
        snapshots=(
            SnapshotRecord(
                contract="crm",
                taken_at=NINE,
                source_time=NINE,
                rows=1_000,
                bytes=4_096,
                folder="/var/lib/observer/snapshots/crm/1",
                one_instant=True,
                seconds=0.5,
            ),
        ),
        results=results or (recorded_check(),),
    )


def slot(contract: str = "crm", trigger: Trigger = Trigger.SCHEDULE) -> Slot:
    """A slot that waits."""
    return Slot(contract=contract, scheduled_for=NINE, trigger=trigger, state=SlotState.DUE, due_at=NINE)


class FakeDesk:
    """A `Desk`. With `fault` set, everything that reads the state raises it."""

    def __init__(self, *ids: str) -> None:
        watched = [crm(id) for id in ids or ("crm",)]
        self.ids = tuple(found.id for found, _ in watched)
        self.contracts_by_id = {found.id: found for found, _ in watched}
        self.archive = FakeArchive(self.contracts_by_id.values())
        self.levels_now: tuple[Level, ...] = ()
        self.ready = Readiness(role=Role.LEADER, last_beat_seconds=0.25)
        self.stands: Standing = after_a_run(watched, Outcome.FAILED)
        self.ran: dict[str, RecordedRun] = {RUN_ID: recorded_run(), SISTER_ID: recorded_run(id=SISTER_ID)}
        self.glances: tuple[Tick, ...] = ()
        self.asked: list[str] = []
        self.fault: Exception | None = None
        self.morning = a_morning()

    def down(self) -> None:
        """From now on the state cannot be read."""
        self.fault = StoreError("the state observer.db cannot be opened", fix="check that it is a file")

    def readiness(self) -> Readiness:
        return self.ready

    def metrics(self, accept: str | None = None) -> tuple[bytes, str]:
        kind = "application/openmetrics-text" if accept and "openmetrics" in accept else "text/plain; version=0.0.4"
        return b"observer_store_up 1\n", f"{kind}; charset=utf-8"

    def contracts(self) -> tuple[str, ...]:
        return tuple(sorted(self.ids))

    def watched(self) -> dict[str, Contract]:
        return self.contracts_by_id

    def standing(self) -> Standing:
        self._read()
        return self.stands

    def ticks(self) -> tuple[Tick, ...]:
        self._read()
        return self.glances

    def levels(self) -> dict[str, object]:
        self._read()
        return {"at": NINE.isoformat(), "slos": []}

    def service_levels(self) -> tuple[Level, ...]:
        self._read()
        return self.levels_now

    def runs(self, limit: int, contract: str | None) -> tuple[RunRow, ...]:
        self._read()
        found = [run.run for run in self.ran.values() if contract is None or contract in run.run.contracts]
        return tuple(found[:limit])

    def run(self, run_id: str) -> RecordedRun:
        self._read()
        found = [run for id, run in self.ran.items() if id.startswith(run_id)]
        if not found:
            raise NoSuchRun(f"no run begins with `{run_id}`", fix="take an id from `observer runs`")
        if len(found) > 1:
            raise AmbiguousRun(f"several runs begin with `{run_id}`", fix="give more of the id")
        return found[0]

    def incidents(
        self, *, limit: int, open_only: bool, contract: str | None, table: str | None, owner: str | None
    ) -> tuple[IncidentRow, ...]:
        self._read()
        return self.morning.rows(limit=limit, open_only=open_only, contract=contract, table=table, owner=owner)

    def brief(self, id: str) -> Brief:
        self._read()
        return self.morning.brief(id)

    def incident_log(self, id: str) -> tuple[IncidentEvent, ...]:
        self._read()
        return self.morning.log(id)

    def may_act(self, person: str) -> bool:
        return self.morning.may_act(person)

    def act(self, id: str, action: Action) -> Answer:
        self._read()
        return self.morning.act(id, action)

    def slots(self, contract: str, limit: int) -> tuple[Slot, ...]:
        self._read()
        return (slot(contract),) * min(limit, 3)

    def ask_for_run(self, contract: str) -> Slot:
        self._read()
        if contract not in self.ids:
            raise InputError(f"no contract `{contract}` is watched", fix="take an id from /api/contracts")
        self.asked.append(contract)
        return slot(contract, Trigger.HAND)

    def _read(self) -> None:
        if self.fault is not None:
            raise self.fault
