"""A day of a CRM whose incidents are told: a real state, the real jobs, a channel that keeps what it is told, and a
clock that stands until it is set.

`day.at("9:00").stage_is_renamed()`, then `day.expect(OPENED, "9:00:30", "9:01")`: time passes until the message comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from observer.checks.audit import Audit, ContractAudit
from observer.checks.judge import judge
from observer.checks.measure import CheckResult, Measurement, TableShape
from observer.checks.rules import Fresh, Present
from observer.checks.spec import CheckSpec
from observer.checks.unseen import unseen
from observer.contracts.model import Contract, LogicalType, Property, Severity, Sla, SlaKind, TypeOptions
from observer.daemon.minding import Minding
from observer.daemon.troubles import Troubles
from observer.daemon.watching import Watch
from observer.incidents.acting import Act, Action, Answer
from observer.incidents.brief import Brief
from observer.incidents.events import NoticeKind
from observer.jobs.act_on_incident import act_on
from observer.jobs.briefs import Briefs
from observer.jobs.deliver import flush
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.jobs.incident_policy import PolicyNow
from observer.jobs.looks import look_of_audit, look_of_glance
from observer.jobs.receivers import deliveries_to
from observer.jobs.record_audit import record_audit
from observer.lineage.ids import new_run_id
from observer.runs.deliveries import Delivery, Failure, Reason
from observer.runs.ticks import Tick
from observer.settings import IncidentSettings, Settings, SlackSettings
from observer.store import Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.watching import watch_of

#: A Monday.
DAY = datetime(2026, 11, 23, tzinfo=UTC)
ROWS = 100
HOUR = timedelta(hours=1)
#: How long a beat is when a message is expected, while something happens, and when nothing did for long.
SHORT, FINE, COARSE = timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=30)
FINE_FOR = timedelta(minutes=12)
DOWN = Failure(reason=Reason.UNREACHABLE, detail="the channel cannot be reached")


def clock(text: str) -> datetime:
    """ "9:00" or "9:00:30" of the first day, "2d 9:00" of the second after it."""
    day, _, hour = text.rpartition(" ")
    hours, minutes, seconds = ([int(part) for part in hour.split(":")] + [0])[:3]
    return DAY + timedelta(days=int(day.rstrip("d") or 0), hours=hours, minutes=minutes, seconds=seconds)


def leads(*fields: str, severity: Severity = Severity.ERROR) -> Contract:
    """A table whose fields are required, each owned by somebody of its own, and that is to be fresh."""
    owned = [
        replace(prop(name), required=True, owner=f"{name}@example.com", steward="stu@example.com") for name in fields
    ]
    written = prop("written", LogicalType.TIMESTAMP, options=TypeOptions(timezone=True))
    fresh = Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=HOUR, object="leads", columns=("written",), severity=severity)
    return contract(table("leads", _key(), *owned, written), id="crm", slas=(fresh,), owner="rev@example.com")


def _key() -> Property:
    return prop("id", LogicalType.INTEGER, primary_key_position=1)


@dataclass(frozen=True)
class Said:
    """One message of the channel, or one edit."""

    at: datetime
    kinds: tuple[NoticeKind | None, ...]
    briefs: tuple[Brief, ...]

    @property
    def brief(self) -> Brief:
        """Of a message about one incident."""
        (only,) = self.briefs
        return only


class Channel:
    """A BatchSender: what is due at once for many incidents becomes one message."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self.failure: Failure | None = None
        self.said: list[Said] = []

    def batches(self, taken: Sequence[Delivery]) -> Sequence[tuple[Delivery, ...]]:
        return [tuple(taken)] if len(taken) > 10 else [(one,) for one in taken]

    def send(self, delivery: Delivery) -> Failure | None:
        return self.send_batch((delivery,))

    def send_batch(self, batch: tuple[Delivery, ...]) -> Failure | None:
        if self.failure is not None:
            return self.failure
        notices = [(one.payload["incident"], one.payload["seq"]) for one in batch]
        briefs = tuple(self._day.briefs.of_notices(notices).values())
        self.said.append(Said(self._day.now, tuple(brief.kind for brief in briefs), briefs))
        return None


class Day:
    """What happens in the CRM, what people do, and what is expected to be said of it."""

    def __init__(self, store: Store, travel: Any, *, under: Contract | None = None, **incidents: object) -> None:
        """`travel` is a time_machine.Traveller; `incidents` are settings."""
        self._store = store
        self._travel = travel
        said = {"platform_owner": "pat@example.com", "channel": "#crm", **incidents}
        self.settings = Settings(
            slack=SlackSettings(token="xoxb-test"),
            incidents=IncidentSettings(**said),  # type: ignore[arg-type]  # fields by name
        )
        self.now = DAY
        self._changed_at = DAY
        self._turn_to(DAY)
        self.watch: Watch = self._watch_of(under or leads("stage", "email"))
        #: Field → rows without it.
        self.missing: dict[str, int] = {}
        self.age = timedelta(minutes=5)
        #: False: findings of contracts that nobody watches go on.
        self.withdraws = True
        #: Why the source cannot be read.
        self.unreachable: str | None = None
        self.briefs = Briefs(store, lambda: self.policy())
        self.channel = Channel(self)
        self.new_leader()

    def _watch_of(self, under: Contract) -> Watch:
        return replace(watch_of(under), settings=self.settings)

    def new_leader(self) -> None:
        """Another daemon takes over; what the last one had in memory is gone."""
        term = self._store.leadership.campaign(new_run_id(), timedelta(days=2), alone=True)
        assert term is not None
        self.term = term
        self.troubles = Troubles()
        self.looks = LooksHandedOver(self._store, lambda: self.settings.incidents.group_interval)
        self.policy = PolicyNow(self._store, lambda: (self.settings, [self.contract]))
        self._minding = Minding(self._store, lambda: self.watch, self.policy, self.troubles, self.looks)

    @property
    def contract(self) -> Contract:
        (watched,) = self.watch.contracts.values()
        return watched.contract

    # --- time -------------------------------------------------------------------------------------------------------

    def at(self, text: str) -> Day:
        """Let time pass until then, beat by beat."""
        while self.now < clock(text):
            self._beat(clock(text))
        return self

    def _beat(self, until: datetime, beat: timedelta | None = None) -> None:
        usual = FINE if self.now - self._changed_at < FINE_FOR else COARSE
        self._turn_to(min(self.now + (beat or usual), until))
        self.mind()

    def _turn_to(self, now: datetime) -> None:
        self.now = now
        self._travel.move_to(now)

    def mind(self) -> None:
        """One beat of the leader's duties."""
        if self.withdraws:
            self._minding.mind(self.term)
        else:
            self._store.incidents.advance(self.policy(), deliveries_to(["slack"]), term=self.term)
        list(flush(self._store, {"slack": self.channel}, within=HOUR, term=self.term))

    # --- what happens -----------------------------------------------------------------------------------------------

    def stage_is_renamed(self) -> Day:
        """The next run finds 40 leads without a stage."""
        return self.breaks(stage=40)

    def breaks(self, **rows: int) -> Day:
        """So many rows are without these fields, as a run finds."""
        self.missing |= rows
        return self.runs()

    def is_mended(self) -> Day:
        """Everything is as it should be, as a run finds."""
        self.missing, self.age, self.unreachable = {}, timedelta(minutes=5), None
        return self.runs()

    def runs(self, *, under: Contract | None = None) -> Day:
        """A full run, now."""
        if under is not None:
            self.watch = self._watch_of(under)
            self.looks.forget()
            self.troubles.forget(lambda door: door.endswith(f" of {under.id}"))
        (watched,) = self.watch.contracts.values()
        if self.unreachable is not None:
            part = unseen(watched.contract, watched.plan, "snapshot", self.unreachable, changes=False)
        else:
            shapes = tuple(
                TableShape(object=one.name, physical_name=one.name, columns=(), rows=ROWS)
                for one in watched.contract.objects
            )
            results = tuple(self._result(spec) for spec in watched.plan.checks)
            part = ContractAudit(contract=watched.contract, tables=shapes, results=results)
        audit = Audit(
            run_id=new_run_id(),
            started_at=self.now,
            finished_at=self.now,
            source="crm",
            contracts=(part,),
            version="0.1.0",
        )
        look = look_of_audit(audit, self._store.proofs.well_before(audit))
        record_audit(audit, self._store, looks=[look])
        return self._happened()

    def glances(self) -> Day:
        """A glance at how fresh the table is; mostly nothing of it is handed over."""
        (watched,) = self.watch.contracts.values()
        specs = {spec.id: spec for spec in watched.plan.checks if isinstance(spec.rule, Fresh)}
        ticks = [_tick(self._result(spec), self.now) for spec in specs.values()]
        look = look_of_glance(ticks, specs, watched.contract, at=self.now)
        self.looks.hand_over("glance at crm", look, self.term)
        return self._happened()

    def door(self, name: str, reason: str | None) -> Day:
        """A door of the daemon's own does not work, or works."""
        self.troubles.report(name, reason)
        return self._happened()

    def _result(self, spec: CheckSpec) -> CheckResult:
        if self.unreachable is not None:
            return judge(spec, Measurement(check_id=spec.id, error=self.unreachable))
        if isinstance(spec.rule, Fresh):
            return judge(spec, Measurement(check_id=spec.id, value=self.age.total_seconds()))
        if isinstance(spec.rule, Present) and spec.property in self.missing:
            failed = self.missing[spec.property]
            return judge(spec, Measurement(check_id=spec.id, rows_tested=ROWS, rows_failed=failed))
        return judge(spec, Measurement(check_id=spec.id, holds=True))

    def acts(self, act: Act, by: str = "stage@example.com", **said: object) -> Answer:
        """Somebody acts on the one incident that is open, or was last."""
        (row, *_) = self._store.incidents.rows(limit=1)
        action = Action(act=act, by=by, **said)  # type: ignore[arg-type]  # fields by name
        answer = act_on(self._store, self.settings, row.id, action)
        self._happened()
        return answer

    def _happened(self) -> Day:
        self._changed_at = self.now
        self.mind()
        return self

    # --- what is said -----------------------------------------------------------------------------------------------

    def expect(self, kind: NoticeKind, after: str, by: str, *words: str) -> Brief:
        """One message about one incident, and no other, comes in that time; its title holds each pattern."""
        while self.now < clock(after) and not self.channel.said:
            self._beat(clock(after))
        while self.now < clock(by) and not self.channel.said:
            self._beat(clock(by), SHORT)
        said = self._only()
        assert said.kinds == (kind,), f"{said.kinds} at {said.at:%H:%M:%S}"
        assert clock(after) <= said.at <= clock(by), f"{kind} came at {said.at:%d %H:%M:%S}"
        for word in words:
            assert fnmatchcase(said.brief.title, f"*{word}*"), said.brief.title
        return said.brief

    def expect_silence(self, until: str) -> Day:
        """Nothing is said up to then."""
        self.at(until)
        assert not self.channel.said, [(said.at, said.kinds) for said in self.channel.said]
        return self

    def heard(self, until: str) -> list[Said]:
        """Everything that is said up to then."""
        self.at(until)
        said, self.channel.said = self.channel.said, []
        return said

    def _only(self) -> Said:
        said, self.channel.said = self.channel.said, []
        assert len(said) == 1, [(each.at, each.kinds) for each in said]
        return said[0]


def _tick(result: CheckResult, at: datetime) -> Tick:
    spec, seen = result.spec, result.measurement
    return Tick(
        check_id=spec.id,
        contract=spec.contract,
        object=spec.object,
        at=at,
        outcome=result.outcome,
        value=None if seen.value is None else float(seen.value),
        observed=result.observed,
        expected=result.expected,
        error=seen.error,
    )


def kinds(said: Iterable[Said]) -> list[NoticeKind | None]:
    """In order."""
    return [kind for each in said for kind in each.kinds]
