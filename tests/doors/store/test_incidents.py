"""Incidents in the state: stepped once, told once, acted on, and read again by whoever comes after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from multiprocessing.pool import Pool
from pathlib import Path

import pytest
from sqlalchemy import select, update

from observer import __version__
from observer.errors import AmbiguousIncident, NoSuchIncident, NotLeading, StoreError
from observer.incidents.acting import Act, Action
from observer.incidents.events import Ended, EventKind, NoticeKind, Resolution
from observer.incidents.findings import Look
from observer.incidents.incident import Status, fold
from observer.incidents.policy import Waits
from observer.incidents.telling import Notice
from observer.runs.deliveries import NewDelivery
from observer.store import incident_tables as t
from observer.store.documents import written
from observer.store.records import Advanced
from observer.store.store import Store
from tests.fakes.incident_steps import AT_ONCE, Clock, advance, damage, look, opened, to_slack
from tests.fakes.small_runs import HOUR, NOON, small_run
from tests.unit.incidents.timeline import ANA, broken

MINUTE = timedelta(minutes=1)
ACKNOWLEDGE = Action(act=Act.ACKNOWLEDGE, by="ana@example.com")


def kinds(state: Store, incident: str) -> list[EventKind]:
    return [event.kind for event in state.incidents.log(incident)]


def test_what_a_run_found_is_an_incident_that_is_told_once(state: Store, clock: Clock) -> None:
    state.record_audit(small_run("r1"), looks=[look(broken())])

    first, second = advance(state), advance(state)

    assert ([event.kind for event in first.events], first.looks) == ([EventKind.OPENED, EventKind.TOLD], 1)
    assert second == Advanced()
    (taken,) = state.outbox.take("slack", 9, HOUR)
    (row,) = state.incidents.rows()
    assert (taken.key, taken.line, taken.payload) == (f"{row.id}:2", row.id, {"incident": row.id, "seq": 2})
    assert (row.group.table, row.group.owner, row.status, row.going_on) == ("leads", ANA.owner, Status.OPEN, 1)
    assert (row.opened_at, row.told, row.reason) == (NOON, True, "crm.leads.email: email is present")
    assert state.incidents.log(row.id) == first.events
    assert state.incidents.get(row.id[:4].upper()) == fold(first.events) == first.notices[0].incident


def test_a_run_that_is_not_recorded_queues_no_look(state: Store, clock: Clock) -> None:
    state.record_audit(small_run("r1"))
    with pytest.raises(StoreError, match="recorded already"):
        state.record_audit(small_run("r1"), looks=[look(broken())])
    assert advance(state) == Advanced()


def test_looks_of_one_moment_are_taken_in_their_order_and_told_together(state: Store, clock: Clock) -> None:
    for minute, findings in enumerate([(broken(rows=1),), (broken(rows=2), broken("phone")), ()]):
        seen = look(*findings, at=NOON + minute * MINUTE, of=[broken()])
        state.incidents.add_look(seen, origin=f"look {minute}")

    done = advance(state)

    (incident,) = state.incidents.live()
    assert (done.looks, [notice.kind for notice in done.notices]) == (3, [NoticeKind.OPENED])
    assert incident.held[broken().fingerprint].ended is Ended.MENDED
    assert incident.held[broken("phone").fingerprint].ended is None


def test_a_crash_before_all_is_written_loses_nothing(state: Store, clock: Clock) -> None:
    def power_cut(_: Notice) -> tuple[NewDelivery, ...]:
        raise KeyboardInterrupt

    state.incidents.add_look(look(broken()), origin="test")
    with pytest.raises(KeyboardInterrupt):
        state.incidents.advance(AT_ONCE, power_cut)
    assert (state.incidents.rows(), state.incidents.live()) == ((), ())

    assert len(advance(state).events) == 2
    assert len(state.outbox.take("slack", 9, HOUR)) == 1


def test_an_action_that_cannot_be_told_is_not_done(state: Store, clock: Clock) -> None:
    def power_cut(_: Notice) -> tuple[NewDelivery, ...]:
        raise KeyboardInterrupt

    incident = opened(state)
    with pytest.raises(KeyboardInterrupt):
        state.incidents.act(incident.id, ACKNOWLEDGE, power_cut)
    assert state.incidents.get(incident.id) == incident
    assert state.incidents.act(incident.id, ACKNOWLEDGE, to_slack).done


def test_where_nothing_follows_nothing_is_written_and_no_writer_is_waited_for(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/state.db", lock_timeout=0.05) as state:
        opened(state)
        with state._database.transaction(writes=True):
            assert advance(state) == Advanced()


def test_a_person_acts_once_and_it_is_told_with_the_act(state: Store, clock: Clock) -> None:
    incident = opened(state)
    clock.now += MINUTE

    first = state.incidents.act(incident.id, ACKNOWLEDGE, to_slack)
    again = state.incidents.act(incident.id, ACKNOWLEDGE, to_slack)

    assert (first.done, again.done) == (True, False)
    assert kinds(state, incident.id)[2:] == [EventKind.ACKNOWLEDGED, EventKind.TOLD]
    assert state.incidents.get(incident.id) == first.incident
    (row,) = state.incidents.rows()
    assert (row.status, row.acknowledged_by) == (Status.ACKNOWLEDGED, "ana@example.com")
    with pytest.raises(NoSuchIncident):
        state.incidents.act("0" * 16, ACKNOWLEDGE, to_slack)


def _acknowledge(url: str) -> None:
    with Store.open(url) as other:
        (incident,) = other.incidents.live()
        other.incidents.act(incident.id, ACKNOWLEDGE, to_slack)


def test_what_another_process_did_is_seen_by_one_that_knows_the_incident(
    state: Store, state_url: str, processes: Pool
) -> None:
    incident = opened(state)

    processes.apply(_acknowledge, [state_url])

    assert state.incidents.get(incident.id).acknowledged_by == "ana@example.com"
    assert advance(state) == Advanced()
    assert not state.incidents.act(incident.id, ACKNOWLEDGE, to_slack).done


def test_what_a_person_excused_is_over_and_lives_as_long_as_it_goes_on(state: Store, clock: Clock) -> None:
    incident = opened(state)
    verdict = Action(act=Act.EXPECTED, by="ana@example.com", reason="a migration\x00 that we know of\ud800")
    answer = state.incidents.act(incident.id, verdict, to_slack)
    assert answer.incident.resolution is Resolution.EXPECTED
    assert advance(state).notices[0].kind is NoticeKind.RESOLVED

    clock.now += 30 * 24 * HOUR
    state.incidents.add_look(look(broken(), at=clock.now), origin="test")
    assert advance(state).notices == ()
    (row,) = state.incidents.rows()
    assert (row.resolution, row.resolved_at) == (Resolution.EXPECTED, NOON)
    assert state.incidents.log(row.id)[2].reason == "a migration\\x00 that we know of\\ud800"

    state.incidents.add_look(look(at=clock.now + MINUTE, of=[broken()]), origin="test")
    clock.now += HOUR
    advance(state)
    assert len(state.incidents.live()) == 1, "it may yet be spoken of"
    clock.now += 24 * HOUR
    assert state.incidents.live() == ()


def test_one_that_is_over_lives_as_long_as_it_may_be_reopened(state: Store, clock: Clock) -> None:
    incident = opened(state)
    clock.now += MINUTE
    state.incidents.add_look(look(at=clock.now, of=[broken()]), origin="test")
    advance(state)
    assert state.incidents.get(incident.id).resolution is Resolution.MENDED

    clock.now += 23 * HOUR
    assert [each.id for each in state.incidents.live()] == [incident.id]
    patient = replace(AT_ONCE, waits=replace(AT_ONCE.waits, reopen_within=48 * HOUR))
    assert state.incidents.advance(patient, to_slack) == Advanced(), "longer windows count for what lives"
    clock.now += 24 * HOUR
    state.incidents.add_look(look(broken(), at=clock.now), origin="test")
    assert [event.kind for event in state.incidents.advance(patient, to_slack).events] == [
        EventKind.REOPENED,
        EventKind.TOLD,
    ]


def test_what_nothing_looks_for_any_more_is_over(state: Store, clock: Clock) -> None:
    incident = opened(state)
    clock.now += MINUTE

    def removed(live: object) -> frozenset[str]:
        assert live
        return frozenset({broken().fingerprint})

    assert state.incidents.advance(AT_ONCE, to_slack, withdrawn=removed).notices[0].kind is NoticeKind.RESOLVED
    assert state.incidents.get(incident.id).resolution is Resolution.WITHDRAWN
    assert state.incidents.advance(AT_ONCE, to_slack, withdrawn=removed) == Advanced()


def test_five_thousand_findings_in_one_look_are_one_transaction_however_they_are_spread(
    state: Store, clock: Clock
) -> None:
    findings = [broken(f"f{number}", table=f"t{number // 25}") for number in range(2_500)]
    findings += [broken(f"f{number}", table="wide") for number in range(2_500)]
    state.incidents.add_look(look(*findings), origin="storm")

    done = advance(state)

    assert (len(done.events), len(done.notices), done.set_aside) == (202, 101, 0)
    assert sum(row.going_on for row in state.incidents.rows(limit=999)) == 5_000
    assert len(state.outbox.take("slack", 999, HOUR)) == 101
    clock.now += MINUTE
    state.incidents.add_look(look(at=clock.now, of=findings), origin="storm")
    assert len(advance(state).notices) == 101
    assert state.incidents.rows(open_only=True) == ()


def test_a_log_that_is_damaged_names_its_incident_and_the_remedy(state: Store, state_url: str, clock: Clock) -> None:
    incident = opened(state)
    damage(state, "incident_events", "{}", "seq = 2")
    with (
        Store.open(state_url) as other,
        pytest.raises(StoreError, match=f"incident {incident.id} is damaged .*Fix: put a backup"),
    ):
        other.incidents.get(incident.id)


def test_a_log_of_which_the_end_was_lost_is_gone_on_with_where_it_ends(state: Store, clock: Clock) -> None:
    """A backup may take the place of a state while a daemon lives that has read more."""
    incident = opened(state)
    state.incidents.act(incident.id, ACKNOWLEDGE, to_slack)
    with state._database.transaction(writes=True) as connection:
        connection.execute(t.incident_events.delete().where(t.incident_events.c.seq > 2))
        connection.execute(update(t.incidents).values(seq=2))
    assert state.incidents.act(incident.id, ACKNOWLEDGE, to_slack).done
    assert len(state.incidents.log(incident.id)) == 4


def test_of_a_long_log_a_restart_reads_only_the_end(state: Store, clock: Clock) -> None:
    """A stale table is looked at every minute, for weeks: that it is so is kept now and then."""
    incident = opened(state)
    for minute in range(250):
        clock.now += MINUTE
        state.incidents.add_look(look(broken(rows=minute), at=clock.now), origin="test")
    advance(state)
    with state._database.transaction() as connection:
        (kept,) = connection.execute(select(t.incident_states)).all()
    assert kept.seq > 90, "after 200 events and findings"
    state.incidents.act(incident.id, ACKNOWLEDGE, to_slack)

    now, log = state.incidents.get(incident.id), state.incidents.log(incident.id)
    assert now == fold(log)
    with state._database.transaction(writes=True) as connection:
        early = t.incident_events.c.seq < kept.seq
        connection.execute(update(t.incident_events).where(early).values(document={}))
    assert Store(state._database.engine, clock=clock).incidents.live() == (now,), "of the early events none is read"


@pytest.mark.parametrize("change", [{"version": "0.0.1"}, {"document": {}}, {"seq": 99}])
def test_a_kept_state_of_another_version_or_of_none_is_folded_anew(
    state: Store, clock: Clock, change: dict[str, object]
) -> None:
    incident = opened(state)
    row: dict[str, object] = {"incident": incident.id, "seq": 1, "version": __version__}
    row |= {"document": written(replace(incident, seq=1, acknowledged_by="nobody"))}
    with state._database.transaction(writes=True) as connection:
        connection.execute(t.incident_states.insert().values(row | change))
    assert Store(state._database.engine, clock=clock).incidents.get(incident.id) == incident


def test_names_are_found_by_their_beginning(state: Store, clock: Clock) -> None:
    state.incidents.add_look(look(*(broken(table=f"t{number}") for number in range(20))), origin="test")
    advance(state)
    ids = [row.id for row in state.incidents.rows()]
    same = next(first for first in "0123456789abcdef" if sum(id_.startswith(first) for id_ in ids) > 1)

    with pytest.raises(AmbiguousIncident, match="give more of the id"):
        state.incidents.get(same)
    for wrong in ("x", "", "%"):
        with pytest.raises(NoSuchIncident, match="Fix: take an id"):
            state.incidents.log(wrong)
    assert all(state.incidents.get(id_).id == id_ for id_ in ids)


def test_rows_are_chosen_by_contract_table_and_owner_the_newest_first(state: Store, clock: Clock) -> None:
    bo = replace(ANA, owner="bo@example.com")
    for table, who in (("leads", ANA), ("leads", bo), ("accounts", ANA)):
        state.incidents.add_look(look(broken(f"of {who.owner}", table=table, answerable=who), at=clock.now), origin="x")
        advance(state)
        clock.now += MINUTE

    def places(**wanted: str) -> list[tuple[str, str]]:
        return [(row.group.table, row.group.owner) for row in state.incidents.rows(**wanted)]  # type: ignore[arg-type]  # by name

    ana, everything = "ana@example.com", places()
    assert everything == [("accounts", ana), ("leads", "bo@example.com"), ("leads", ana)]
    assert places(table="leads", owner=ana) == [("leads", ana)]
    assert places(contract="crm") == everything
    assert places(contract="other") == []
    assert len(state.incidents.rows(limit=2)) == 2


def test_logs_are_of_those_that_were_open_since_then(state: Store, clock: Clock) -> None:
    opened(state)
    clock.now += HOUR
    state.incidents.add_look(look(broken(table="other"), at=clock.now, of=[broken()]), origin="test")
    advance(state)

    def tables(since_hours: float) -> list[str | None]:
        logs = state.incidents.logs(NOON + since_hours * HOUR)
        return [log[0].found[0].table for log in logs]

    assert (tables(-1), tables(1), tables(1.5)) == (["leads", "other"], ["leads", "other"], ["other"])


def test_those_that_are_long_over_are_forgotten_with_all_that_hangs_on_them(state: Store, clock: Clock) -> None:
    term = state.leadership.campaign("a", HOUR)
    assert term is not None
    opened(state)
    clock.now += HOUR
    state.incidents.add_look(look(broken(table="other"), at=clock.now, of=[broken()]), origin="test")
    advance(state)

    assert state.incidents.forget(NOON + 20 * HOUR, term=term) == 0, "it may yet be reopened"
    assert state.incidents.forget(NOON + 100 * HOUR, term=term) == 1
    assert [row.group.table for row in state.incidents.rows()] == ["other"]
    with state._database.transaction() as connection:
        left = set(connection.execute(select(t.incident_events.c.incident)).scalars())
    assert left == {row.id for row in state.incidents.rows()}
    assert advance(state) == Advanced()


def test_a_former_leader_advances_nothing_and_queues_nothing(state: Store) -> None:
    term = state.leadership.campaign("a", HOUR)
    assert term is not None
    state.incidents.add_look(look(broken()), origin="test", term=term)
    state.leadership.resign(term)

    with pytest.raises(NotLeading):
        state.incidents.advance(AT_ONCE, to_slack, term=term)
    with pytest.raises(NotLeading):
        state.incidents.add_look(look(broken()), origin="test", term=term)
    assert state.incidents.rows() == ()


def test_of_one_group_the_database_itself_refuses_a_second_open_one(state: Store, clock: Clock) -> None:
    opened(state)
    with pytest.raises(StoreError), state._database.transaction(writes=True) as connection:
        row = dict(connection.execute(select(t.incidents)).one()._mapping)
        connection.execute(t.incidents.insert().values({**row, "id": "another"}))


def test_the_waits_of_the_policy_are_by_the_clock_of_the_state(state: Store, clock: Clock) -> None:
    policy = replace(AT_ONCE, waits=Waits())
    state.incidents.add_look(Look(at=NOON, findings=(broken(),)), origin="test")
    assert state.incidents.advance(policy, to_slack).notices == ()
    clock.now += timedelta(seconds=29)
    assert state.incidents.advance(policy, to_slack) == Advanced()
    clock.now += timedelta(seconds=1)
    assert [notice.kind for notice in state.incidents.advance(policy, to_slack).notices] == [NoticeKind.OPENED]
