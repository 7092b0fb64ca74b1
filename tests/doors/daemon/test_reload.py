"""Reloading: whatever is wrong with what is new, what was in force stays so, and is said to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from observer.contracts.problems import Problem
from observer.daemon.daemon import Daemon
from observer.errors import InputError
from observer.settings import Settings
from observer.store import Store
from observer.wiring import opened_source
from tests.fakes.contracts import contract, prop, table
from tests.fakes.watching import watch_of


class Reloaded:
    """A daemon without any beat; `fault` is what reading the settings raises."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.fault: Exception = InputError("the settings have 1 problem", fix="correct the lines above")


@pytest.fixture
def reloaded(tmp_path: Path) -> Iterator[Reloaded]:
    with closing(sqlite3.connect(tmp_path / "crm.db")) as crm:
        crm.execute("CREATE TABLE leads (email TEXT)")
    first = watch_of(contract(table("leads", prop("email")), id="leads"), source=f"sqlite:///{tmp_path / 'crm.db'}")
    held: list[Reloaded] = []

    def reread() -> Settings:
        raise held[0].fault

    with (
        Store.open(f"sqlite:///{tmp_path / 'state.db'}") as store,
        opened_source(first.settings.source or "", first.settings) as source,
    ):
        daemon = Daemon(first, reread=reread, store=store, source=source, senders={}, holder="here", alone=True)
        held.append(Reloaded(daemon))
        yield held[0]
        daemon.stop()


@pytest.mark.parametrize("fault", [InputError("no", fix="yes"), OSError("it was just there"), RecursionError()])
def test_the_old_configuration_stays_in_force(reloaded: Reloaded, fault: Exception) -> None:
    before = reloaded.daemon.current()
    reloaded.fault = fault

    reloaded.daemon.reload()

    assert reloaded.daemon.current() is before
    (reason,) = reloaded.daemon.readiness().reasons
    assert reason.startswith("configuration: the new one is refused, the old one stays in force")
    assert b"observer_configuration_last_reload_successful 0" in reloaded.daemon.metrics.render()[0]


@pytest.mark.parametrize(("names", "last"), [("a", "[rule]"), ("abc", "; 2 more in `problems` of the log")])
def test_who_asks_whether_it_is_ready_is_told_the_first_finding(reloaded: Reloaded, names: str, last: str) -> None:
    found = tuple(
        Problem(rule="rule", message=f"{name} is odd", fix="mend it", file="slo.yaml", line=3, column=1)
        for name in names
    )
    reloaded.fault = InputError("the service levels are wrong", fix="correct the lines above", problems=found)

    reloaded.daemon.reload()

    (reason,) = reloaded.daemon.readiness().reasons
    assert "the service levels are wrong: slo.yaml:3:1: a is odd. Fix: mend it. [rule]" in reason
    assert reason.endswith(last)
    assert "lines above" not in reason
