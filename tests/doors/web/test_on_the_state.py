"""The web face over a real state: whatever is asked for, it breaks nothing and shows no restricted value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from observer.checks.audit import Audit
from observer.checks.measure import Evidence, Offender, Segment
from observer.checks.plan import plan_contract
from observer.daemon.desk import DaemonDesk
from observer.incidents.policy import Policy
from observer.jobs.briefs import Briefs
from observer.metrics.registry import Metrics
from observer.runs.readiness import Readiness, Role
from observer.runs.slots import NewSlot
from observer.settings import Settings
from observer.store import Store
from tests.doors.web.calling import TOKEN, Client
from tests.fakes.audits import STARTED, sales_audit

CANARY = "secret.person@victim.example"
CONTRACT = "sales-crm"
BEARER = {"Authorization": f"Bearer {TOKEN}".encode()}


def _leaking() -> Audit:
    """A run in which somebody gathered restricted values, which must not happen, in every place there is."""
    audit = sales_audit()
    part = audit.contracts[0]
    evidence = tuple(
        Evidence(
            check_id=result.spec.id,
            key_columns=("contact_email",),
            keys=((CANARY,),),
            urls=(f"https://crm.example.com/{CANARY}",),
            offenders=(Offender(value=CANARY, rows=3),) if result.spec.restricted else (),
            segments=(
                Segment(column="contact_email", value=CANARY, rows_tested=9, rows_failed=9, share=1.0, lift=2.0),
            ),
        )
        for result in part.results
        if result.spec.object == "sales_pipeline"
    )
    return replace(audit, contracts=(replace(part, evidence=evidence),))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A daemon's desk over a state in which one run by a slot was recorded."""
    audit = _leaking()
    part = audit.contracts[0]
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('state')}/state.db") as store:
        term = store.leadership.campaign("d1", timedelta(minutes=5))
        assert term is not None
        store.slots.add([NewSlot(contract=part.contract.id, scheduled_for=STARTED, due_at=STARTED)], term)
        (slot,) = store.slots.of_contract(part.contract.id, 1)
        store.record_audit(audit, finishes=store.slots.claim(slot, audit.run_id, term=term))
        metrics = Metrics(store.standing, store.ticks.latest)
        checks = tuple(result.spec for result in part.results)
        metrics.watch([(part.contract, checks)], "d1")
        plan = plan_contract(part.contract, ())
        watched = SimpleNamespace(checks=checks, contract=part.contract, plan=plan, next_after=lambda at: None)
        watch = SimpleNamespace(contracts={part.contract.id: watched}, slos=(), settings=Settings())
        briefs = Briefs(store, Policy)
        yield Client(DaemonDesk(store, metrics, lambda: watch, lambda: Readiness(role=Role.LEADER), briefs))


def test_every_address_answers_and_none_shows_a_restricted_value(client: Client) -> None:
    run_id = client.call("/api/runs").json()[0]["id"]
    pages = [
        client.call(path).text
        for path in (
            "/healthz",
            "/readyz",
            "/metrics",
            "/api/openapi.json",
            "/api/contracts",
            f"/api/contracts/{CONTRACT}",
            f"/api/contracts/{CONTRACT}/slots",
            "/api/ticks",
            "/api/runs",
            f"/contracts/{CONTRACT}",
            f"/contracts/{CONTRACT}/tables/sales_pipeline",
            "/runs",
            f"/runs/{run_id}",
            "/owners",
            "/lineage",
            "/slos",
            "/",
            "/incidents",
            "/api/incidents",
            f"/runs/{run_id}",
            f"/api/runs/{run_id}",
        )
    ]
    assert "values not shown: the field is restricted" in pages[-1]
    assert "observer_store_up 1" in pages[2]
    assert f'observer_contract_last_run_outcome{{contract="{CONTRACT}"}} 3' in pages[2]
    for page in pages:
        assert CANARY not in page
        assert "victim" not in page


def test_answers_over_a_real_state_are_as_documented(client: Client) -> None:
    (run,) = client.documented("/api/runs", f"/api/runs?contract={CONTRACT}")
    assert (run["kind"], run["outcome"], run["contracts"]) == ("run", "failed", [CONTRACT])
    found = client.documented("/api/runs/{run}", f"/api/runs/{run['id'][:8].lower()}")
    assert len(found["results"]) == run["checks"]
    (contract,) = client.documented("/api/contracts", "/api/contracts")
    assert contract["last_run_id"] == run["id"]
    assert sum(contract["checks"].values()) == run["checks"]
    assert client.documented("/api/contracts/{contract}", f"/api/contracts/{CONTRACT}")["tables"]
    slots = "/api/contracts/{contract}/slots"
    assert [slot["state"] for slot in client.documented(slots, f"/api/contracts/{CONTRACT}/slots")] == ["done"]


PARTS = st.text(min_size=1) | st.sampled_from(
    ["api", "runs", "contracts", "slots", CONTRACT, "..", "%", "%2e", "\x00", "incidents", "acts"]
)


@settings(max_examples=40)
@example(["api", "runs", "%_"], {}, "GET")
@example(["api", "runs", "a" * 5_000], {}, "GET")
@example(["api", "runs"], {"limit": "9" * 5_000}, "GET")
@example(["api", "runs"], {"limit": "\x00", "contract": "\ud7ff\x00"}, "GET")
@example(["api", "contracts", CONTRACT, "slots"], {"limit": "1e3"}, "GET")
@example(["api", "contracts", "\x00", "runs"], {}, "POST")
@example(["incidents"], {"owner": "\x00", "show": "all"}, "GET")
@example(["incidents", "\x00"], {}, "GET")
@example(["incidents", "x", "acts"], {}, "POST")
@example(["api", "incidents", "x", "acts"], {}, "POST")
@given(
    st.one_of(
        st.lists(PARTS, max_size=4),
        PARTS.map(lambda part: ["api", "runs", part]),
        PARTS.map(lambda part: ["api", "contracts", part]),
        PARTS.map(lambda part: ["api", "contracts", part, "slots"]),
        st.just(["api", "runs"]),
    ),
    st.dictionaries(
        st.sampled_from(["limit", "contract", "owner", "show", "other"]), st.text() | st.integers().map(str), max_size=2
    ),
    st.sampled_from(["GET", "GET", "POST", "PUT", "DELETE", "OPTIONS"]),
)
def test_nothing_that_is_asked_breaks_it(client: Client, parts: list[str], query: dict[str, str], method: str) -> None:
    path = "/" + "/".join(quote(part, safe="", errors="replace") for part in parts)
    asked = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in query.items())
    answer = client.call(f"{path}?{asked}", method=method, headers=BEARER)
    assert answer.status_code < 500, answer.text
