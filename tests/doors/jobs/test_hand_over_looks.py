"""Looks are handed over when they tell something: what is new, what is over, and now and then how it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from observer.incidents.findings import Finding, Grade, Look, Source
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.runs.leading import Term
from observer.store import Store
from observer.store.documents import read
from observer.store.incident_tables import incident_looks
from tests.fakes.small_runs import NOON
from tests.unit.incidents.timeline import broken

MINUTE = timedelta(minutes=1)
BLIND = broken("fresh", source=Source.BLIND, fingerprint="blind:fresh")


class Leader:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.looks = LooksHandedOver(store, lambda: 5 * MINUTE)
        self.term = self._term()

    def _term(self) -> Term:
        term = self.store.leadership.campaign(str(id(object())), MINUTE, alone=True)
        assert term is not None
        return term

    def is_followed(self) -> None:
        """It loses its lease and takes it again."""
        self._term()
        self.term = self._term()

    def sees(self, minute: int, *findings: Finding, of: tuple[Finding, ...] = ()) -> bool:
        at: datetime = NOON + minute * MINUTE
        covered = frozenset(finding.fingerprint for finding in of)
        return self.looks.hand_over("a glance", Look(at=at, findings=findings, covered=covered), self.term)


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[Leader]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as store:
        yield Leader(store)


def test_what_was_said_is_not_said_again_for_five_minutes(leader: Leader) -> None:
    email = broken("email")
    assert [leader.sees(minute, email, of=(email,)) for minute in range(7)] == [True, *[False] * 4, True, False]


def test_what_is_new_worse_or_over_is_said_at_once(leader: Leader) -> None:
    email, phone = broken("email"), broken("phone")
    both = (email, phone)
    assert leader.sees(0, of=both), "after a change of leader always once"
    assert leader.sees(1, email, of=both)
    assert not leader.sees(2, replace(email, rows_failed=13), of=both), "numbers can wait"
    assert leader.sees(3, replace(email, grade=Grade.URGENT), of=both)
    assert leader.sees(4, replace(email, grade=Grade.URGENT), phone, of=both)
    assert leader.sees(5, of=both)


def test_a_look_at_less_says_nothing_of_the_rest(leader: Leader) -> None:
    email, phone = broken("email"), broken("phone")
    assert leader.sees(0, email, phone, of=(email, phone))
    assert not leader.sees(1, email, of=(email,))
    assert leader.sees(2, email, of=(email, phone))


def test_what_could_not_be_seen_once_is_not_told(leader: Leader) -> None:
    email = broken("email")
    assert leader.sees(0, of=(email,))
    assert not leader.sees(1, BLIND)
    assert not leader.sees(2, of=(email,))
    assert not leader.sees(3, BLIND)
    assert leader.sees(4, BLIND)


def test_what_is_wrong_says_when_a_look_that_was_handed_over_or_not_last_found_it_well(leader: Leader) -> None:
    email, phone = broken("email"), broken("phone")
    both = (email, phone)
    for minute in (0, 1, 2):
        leader.sees(minute, phone, of=both)
    leader.sees(3, email, phone, BLIND, of=both)
    leader.sees(9, email, phone, BLIND, of=both)
    said = [{f.subject: f.good_at for f in look.findings} for look in queued(leader.store)]
    assert said[0] == {phone.subject: None}, "never found well"
    well = {email.subject: NOON + 2 * MINUTE, phone.subject: None}
    assert said[1] == well
    assert said[2] == {**well, BLIND.subject: None}, "what could not be looked at has no bad record"


def test_a_new_leader_does_not_know_what_the_last_one_found_well(leader: Leader) -> None:
    email = broken("email")
    leader.sees(0, of=(email,))
    leader.is_followed()
    leader.sees(1, email, of=(email,))
    assert [finding.good_at for finding in queued(leader.store)[-1].findings] == [None]


def queued(store: Store) -> list[Look]:
    """Looks that wait, the oldest first."""
    k = incident_looks.c
    with store._database.transaction() as connection:
        return [read(Look, row.document) for row in connection.execute(select(k.document).order_by(k.id))]


def test_another_leader_and_another_configuration_say_everything_again(leader: Leader) -> None:
    email = broken("email")
    assert leader.sees(0, email, of=(email,))
    leader.is_followed()
    assert leader.sees(1, email, of=(email,))
    leader.looks.forget()
    assert leader.sees(2, email, of=(email,))


def test_a_clock_that_is_set_back_makes_nobody_wait(leader: Leader) -> None:
    email = broken("email")
    assert leader.sees(60, email, of=(email,))
    assert leader.sees(0, email, of=(email,))


def test_a_look_that_was_not_written_is_handed_over_again(leader: Leader) -> None:
    email, ours = broken("email"), leader.term
    leader._term()
    leader.term = replace(ours, epoch=ours.epoch)
    with pytest.raises(Exception, match="another daemon leads"):
        leader.sees(0, email, of=(email,))
    leader.term = leader._term()
    assert leader.sees(0, email, of=(email,))
