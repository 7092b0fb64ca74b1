"""Records found by their keys, and linked to: keys of several columns, restricted ones, and very long ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from observer.checks.plan import plan_contract
from observer.contracts.model import LogicalType, Property
from observer.errors import InputError
from observer.jobs.slo_explained import Records
from observer.runs.leading import Term
from observer.slo.keys import Keys
from observer.slo.model import TimeToFill
from observer.slo.verdicts import State
from observer.store import Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.ledger_steps import START, a_step, apply, decided, opened, pending
from tests.fakes.slo_levels import FILL
from tests.fakes.small_runs import HOUR

INDICATOR: TimeToFill = replace(FILL, contract="crm")
SECRET = b"s" * 32
EMAIL = prop("email", LogicalType.STRING, required=True)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('state')}/state.db") as opened_store:
        yield opened_store


@pytest.fixture
def term(store: Store) -> Term:
    taken = store.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def records(store: Store, term: Term, key: tuple[Property, ...], *kept: str, url: str | None = None) -> Records:
    """A ledger in which the records with these keys are bad, the last of them pending yet."""
    leads = replace(table("leads", *key, EMAIL), record_url=url)
    ledger = opened(store, term)
    rows = [decided(each, minute, state=State.BAD) for minute, each in enumerate(kept[:-1])]
    assert apply(store, ledger, a_step(START, decided=rows, pending=[pending(kept[-1])]), term)
    return Records(store, ledger, INDICATOR, plan_contract(contract(leads), ()))


def key_column(name: str, position: int = 1, **more: object) -> Property:
    return prop(name, LogicalType.STRING, primary_key_position=position, **more)


def test_a_key_of_several_columns_is_written_in_two_ways_and_linked_to(store: Store, term: Term) -> None:
    url = "https://crm.example.com/{region}/leads/{number}"
    key = (key_column("region"), key_column("number", 2, physical_name="no"))
    found = records(store, term, key, '["EU","1/7"]', '["EU","8"]', url=url)
    for written in ('["EU", "1/7"]', "EU, 1/7"):
        row = found.named(written, secret=None)
        assert row is not None and row.state is State.BAD
        assert row.url == "https://crm.example.com/EU/leads/1%2F7"
    assert [row.url for row in found.newest(5)] == ["https://crm.example.com/EU/leads/1%2F7"]
    waiting = found.named("EU,8", secret=None)
    assert waiting is not None and waiting.state is State.PENDING
    assert found.named("EU,9", secret=None) is None
    with pytest.raises(InputError, match="the key has 2 columns"):
        found.named("EU", secret=None)


def test_a_restricted_key_is_found_by_itself_and_by_its_digest_and_never_shown(store: Store, term: Term) -> None:
    digests = Keys(contract="crm", object="leads", columns=1, secret=SECRET)
    key = key_column("ssn", classification="restricted")
    found = records(store, term, (key,), digests.kept("078-05-1120"), digests.kept("2"), url="https://crm/{ssn}")
    (newest,) = found.newest(5)
    assert found.are_digests
    assert (newest.record.key, newest.url) == (digests.kept("078-05-1120"), None)
    assert found.named("078-05-1120", secret=SECRET) == newest
    assert found.named(newest.record.key, secret=SECRET) == newest
    # Who has a digest needs no secret; who has a key does.
    assert found.named(newest.record.key, secret=None) == newest
    assert found.named("078-05-1120", secret=b"another secret of thirty characters") is None
    with pytest.raises(InputError, match="OBSERVER_TOKEN_KEY"):
        found.named("078-05-1120", secret=None)


def test_a_link_is_made_of_the_key_alone(store: Store, term: Term) -> None:
    found = records(store, term, (key_column("id"),), "1", "2", url="https://crm.example.com/{email}/{id}")
    assert [row.url for row in found.newest(5)] == [None]


@pytest.mark.parametrize("long", ["x" * 500, "nul \0 byte"])
def test_a_key_that_is_not_kept_whole_is_found_and_has_no_link(store: Store, term: Term, long: str) -> None:
    found = records(store, term, (key_column("id"),), long, "8", url="https://crm.example.com/{id}")
    row = found.named(long, secret=None)
    assert row is not None
    assert (row.state, row.url) == (State.BAD, None)
