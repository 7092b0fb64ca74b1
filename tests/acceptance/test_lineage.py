"""A person configures OpenLineage and types `observer run`: what happened arrives, is of the specification, and hides
what is restricted.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from observer.config.settings import load_settings
from observer.jobs.deliver import deliver
from observer.lineage.sender import LineageSender
from observer.wiring import opened_store
from tests.fakes.desk import CANARY, Desk
from tests.fakes.lineage_receiver import Receiver, Specification, lineage_receiver

KEY = "k" * 40


@pytest.fixture(scope="module")
def specification() -> Specification:
    return Specification()


@pytest.fixture
def receiver(specification: Specification) -> Iterator[Receiver]:
    with lineage_receiver(specification) as receiver:
        yield receiver


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A project whose `observer.toml` names everything."""
    for name in [name for name in os.environ if name.startswith(("OPENLINEAGE", "OBSERVER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OBSERVER_TOKEN_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    (tmp_path / "observer.toml").write_text('source = "file:dump"\ncontracts = ["crm.odcs.yaml"]\n')
    return desk


def deliver_rest() -> None:
    """What a daemon does all the time, until nothing waits any more."""
    sender = LineageSender()
    with opened_store(load_settings(None)) as store:
        for _ in range(200):
            deliver(store, {"lineage": sender})
            if not any(depth.waiting for depth in store.standing().outbox):
                break
            time.sleep(0.05)
    sender.close()


def test_two_runs_arrive_whole_in_order_and_without_a_restricted_value(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", receiver.url)
    receiver.answers(503)
    assert desk.typed("run", "crm").code == 1
    assert receiver.events == []
    # The receiver is back; what it did not get waits in the outbox.
    receiver.answers(201)
    (desk.dump / "leads.csv").write_text(f"id,email,status,owner_id\n2,{CANARY},won,1\n3,{CANARY}-2,new,1\n")
    assert desk.typed("run", "crm").code == 1
    deliver_rest()
    assert receiver.problems == []
    states = receiver.states()
    jobs, of_a_run = [job for job, _ in states], ["crm", "crm.snapshot", "crm.suite"]
    # Runs do not wait for each other; what is told of one comes in order.
    assert sorted(jobs) == sorted(of_a_run * 2)
    assert list(dict.fromkeys(jobs)) == of_a_run
    assert set(map(tuple, states.values())) == {("START", "COMPLETE")}
    assert CANARY not in json.dumps(receiver.events)
    suites = [e for e in receiver.events if e["job"]["name"] == "crm.suite" and e["eventType"] == "COMPLETE"]
    for suite in suites:
        leads = next(d for d in suite["inputs"] if d["name"] == str(desk.dump / "leads"))
        said = {a["name"]: a for a in leads["inputFacets"]["dataQualityAssertions"]["assertions"]}
        assert said["crm.leads.email.format"]["success"] is False
        assert said["crm.leads.id.required"]["success"] is True
        assert leads["inputFacets"]["dataQualityMetrics"]["rowCount"] == 2
        assert {t["name"] for t in suite["run"]["facets"]["test"]["tests"]} >= said.keys()
    copies = [e for e in receiver.events if e["job"]["name"] == "crm.snapshot" and e["eventType"] == "COMPLETE"]
    assert len({c["outputs"][0]["facets"]["version"]["datasetVersion"] for c in copies}) == 2
    assert {o["name"] for c in copies for o in c["outputs"]} == {
        str(desk.folder / ".observer" / "snapshots" / "crm" / name) for name in ("leads", "users")
    }
    email = copies[0]["outputs"][0]["facets"]["columnLineage"]["fields"]["email"]
    assert email["inputFields"][0]["transformations"][0]["masking"] is True
