"""Glances by the clock: a source that does not answer is asked once, and every contract that was due says why."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from observer.checks.measure import Outcome
from observer.contracts.model import Contract, LogicalType, Sla, SlaKind, TypeOptions
from observer.daemon.desk import ask_for_run
from observer.daemon.glancing import Glancing
from observer.daemon.troubles import Troubles
from observer.errors import SourceError
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.runs.ticks import Tick
from observer.settings import Settings, TickSettings
from observer.sources.opening import open_source
from observer.store import Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.watching import watch_of

MINUTE = timedelta(minutes=1)


class SilentSource:
    """A database that never answers."""

    kind, dialect, display_url = "postgresql", "postgres", "postgresql://crm-db/crm"

    def __init__(self) -> None:
        self.engine = sa.create_engine("sqlite://")
        self.asked = 0

    @contextmanager
    def session(self) -> Iterator[None]:
        self.asked += 1
        raise SourceError("crm-db does not answer", fix="see whether it is up")
        yield

    def close(self) -> None:
        self.engine.dispose()


class NoMetrics:
    def ticked(self, contract: str, seconds: float, ok: bool) -> None:
        assert not ok, "every glance here meets trouble"


def fresh(name: str) -> Contract:
    time = prop("written", LogicalType.TIMESTAMP, options=TypeOptions(timezone=True))
    sla = Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=timedelta(hours=1), object="leads", columns=("written",))
    return contract(table("leads", time), id=name, slas=(sla,))


def glanced_at(
    source: object, *contracts: Contract, folder: Path, beats: int = 1
) -> tuple[tuple[Tick, ...], tuple[str, ...]]:
    """What a beat of glances told the state, and the troubles it met."""
    watch = watch_of(*contracts)
    watch = replace(watch, settings=Settings(ticks=TickSettings(freshness=timedelta(), volume=timedelta(hours=1))))
    troubles = Troubles()
    with Store.open(f"sqlite:///{folder / 'state.db'}") as store:
        term = store.leadership.campaign("here", timedelta(seconds=15), alone=True)
        assert term is not None
        glancing = Glancing(store, lambda: watch, NoMetrics(), troubles, LooksHandedOver(store, lambda: MINUTE))
        for _ in range(beats):
            glancing.glance(source, term)  # type: ignore[arg-type]  # as much of a source as a glance needs
        return store.ticks.latest(), troubles.reasons


def test_a_table_that_cannot_be_read_is_the_business_of_its_checks_and_no_trouble_of_the_source(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "crm.db")) as crm, crm:
        crm.execute("create table leads (written text)")
        crm.execute("insert into leads values ('garbage')")
    source = open_source(f"sqlite:///{tmp_path / 'crm.db'}")
    # The second beat asks for freshness alone.
    seen, troubles = glanced_at(source, fresh("a"), folder=tmp_path, beats=2)
    source.close()
    assert Outcome.ERRORED in {tick.outcome for tick in seen}
    assert troubles == ()


def test_a_source_that_does_not_answer_is_asked_once_and_every_due_contract_is_errored(tmp_path: Path) -> None:
    source = SilentSource()
    seen, troubles = glanced_at(source, fresh("a"), fresh("b"), fresh("c"), folder=tmp_path)
    source.close()
    assert source.asked == 1
    assert {tick.contract for tick in seen} == {"a", "b", "c"}
    assert {tick.outcome for tick in seen} == {Outcome.ERRORED}
    assert {tick.error for tick in seen} == {"crm-db does not answer. Fix: see whether it is up."}
    assert troubles == ("source: crm-db does not answer. Fix: see whether it is up.",)


def test_a_run_that_was_asked_for_and_waits_is_not_asked_for_again(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as store:
        first = ask_for_run(store, "leads")
        assert ask_for_run(store, "leads") == first
        assert ask_for_run(store, "deals") != first
