"""What each address answers, and what it says when it cannot."""

from __future__ import annotations

import gzip
import math
from dataclasses import fields, replace

import pytest

from observer.checks.measure import Evidence, Outcome
from observer.errors import SourceError
from observer.runs.readiness import Readiness, Role
from observer.runs.ticks import Tick
from observer.web.run_answers import EvidenceAnswer
from tests.doors.web.calling import TOKEN, Client
from tests.fakes.web_desk import NINE, RUN_ID, SISTER_ID, FakeDesk, recorded_check, recorded_run

BEARER = {"Authorization": f"Bearer {TOKEN}".encode()}
ONE = "/api/contracts/{contract}"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def client(desk: FakeDesk) -> Client:
    return Client(desk)


# --- health -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_a_living_process_is_healthy_whatever_its_role(desk: FakeDesk, client: Client, role: Role) -> None:
    desk.down()
    desk.ready = Readiness(role=role, reasons=("the state cannot be read",))
    assert client.documented("/healthz", "/healthz") == {"role": role.value}


@pytest.mark.parametrize("role", [Role.LEADER, Role.FOLLOWER])
def test_a_daemon_without_a_reason_against_it_is_ready(desk: FakeDesk, client: Client, role: Role) -> None:
    desk.ready = Readiness(role=role, last_beat_seconds=0.25)
    assert client.documented("/readyz", "/readyz") == {
        "ready": True,
        "role": role.value,
        "reasons": [],
        "last_beat_seconds": 0.25,
    }


@pytest.mark.parametrize(
    "found", [Readiness(role=Role.LEADER, reasons=("the state cannot be read",)), Readiness(role=Role.STARTING)]
)
def test_one_that_cannot_work_is_not_and_says_why(desk: FakeDesk, client: Client, found: Readiness) -> None:
    desk.ready = found
    answer = client.call("/readyz")
    assert answer.status_code == 503
    assert client.documented("/readyz", "/readyz")["reasons"] == list(found.reasons)


def test_metrics_come_in_the_format_that_is_asked_for(client: Client) -> None:
    plain = client.call("/metrics", headers={"Accept-Encoding": "identity"})
    assert (plain.status_code, plain.content) == (200, b"observer_store_up 1\n")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "content-encoding" not in plain.headers
    open_format = client.call("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert open_format.headers["content-type"] == "application/openmetrics-text; charset=utf-8"


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/", "/incidents", "/static/observer.svg", "/api/runs"]
)
def test_who_asks_for_the_head_only_is_given_that(client: Client, path: str) -> None:
    whole, head = client.call(path), client.call(path, method="HEAD")
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers == whole.headers


@pytest.mark.parametrize(
    ("accepted", "compressed"), [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.0", False)]
)
def test_metrics_are_compressed_for_who_takes_it(client: Client, accepted: str, compressed: bool) -> None:
    answer = client.call("/metrics", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)
    assert answer.text == "observer_store_up 1\n"
    assert (len(gzip.compress(b"observer_store_up 1\n", 1)) == int(answer.headers["content-length"])) is compressed


# --- the state ----------------------------------------------------------------------------------------------------


def test_every_watched_contract_is_listed_with_its_checks_counted(desk: FakeDesk) -> None:
    desk = FakeDesk("crm", "erp")
    desk.stands = replace(desk.stands, contracts=desk.stands.contracts[:1], checks=desk.stands.checks[:3])
    crm, erp = Client(desk).documented("/api/contracts", "/api/contracts")
    assert (crm["contract"], crm["last_outcome"], crm["trust_score"]) == ("crm", "failed", 98)
    assert crm["last_finished_at"] == "2026-11-22T09:00:30Z"
    assert crm["checks"] == {"passed": 0, "warned": 0, "failed": 3, "errored": 0, "skipped": 0}
    assert (erp["contract"], erp["last_outcome"], erp["trust_score"], erp["due_slots"]) == ("erp", None, None, 0)


def test_a_contract_in_full_has_its_tables_and_checks(desk: FakeDesk, client: Client) -> None:
    found = client.documented(ONE, "/api/contracts/crm")
    assert found["contract"]["contract"] == "crm"
    assert found["tables"] == [
        {"object": "leads", "rows": 1_000, "freshness_seconds": 90.5, "at": "2026-11-22T09:00:00Z"}
    ]
    assert [check["check_id"] for check in found["checks"]] == [check.check_id for check in desk.stands.checks]


def test_slots_are_listed(client: Client) -> None:
    found = client.documented(f"{ONE}/slots", "/api/contracts/crm/slots?limit=2")
    assert [(slot["state"], slot["trigger"]) for slot in found] == [("due", "schedule")] * 2


def test_the_id_of_a_contract_may_hold_slashes_and_spaces() -> None:
    client = Client(FakeDesk("urn:crm/leads 1"))
    for path in ("/api/contracts/urn:crm/leads%201", "/api/contracts/urn%3Acrm%2Fleads%201"):
        assert client.documented(ONE, path)["contract"]["contract"] == "urn:crm/leads 1"
        assert client.documented(f"{ONE}/slots", f"{path}/slots")
        assert client.documented(f"{ONE}/runs", f"{path}/runs", method="POST", headers=BEARER)["state"] == "due"


def test_runs_are_listed_and_found_by_enough_of_their_ids(client: Client) -> None:
    assert [run["id"] for run in client.documented("/api/runs", "/api/runs")] == [RUN_ID, SISTER_ID]
    assert len(client.documented("/api/runs", "/api/runs?limit=1&contract=crm")) == 1
    assert client.documented("/api/runs", "/api/runs?contract=erp") == []
    found = client.documented("/api/runs/{run}", f"/api/runs/{RUN_ID}")
    assert (found["run"]["seconds"], found["run"]["checks"]) == (2.5, 2)
    assert found["snapshots"][0]["kept"] is True
    assert "/var/lib" not in str(found)
    assert found["results"][0]["evidence"]["offenders"] == [{"value": "wno", "rows": 2, "suggestion": "won"}]


def test_service_levels_are_told_as_slo_status_tells_them(client: Client) -> None:
    assert client.documented("/api/slos", "/api/slos") == {"at": NINE.isoformat(), "slos": []}


def test_ticks_are_listed(desk: FakeDesk, client: Client) -> None:
    tick = Tick(
        check_id="crm.leads.rows",
        contract="crm",
        object="leads",
        at=NINE,
        outcome=Outcome.ERRORED,
        value=None,
        observed="",
        expected="at least one row",
        error="the source is not reachable",
    )
    desk.glances = (tick,)
    assert client.documented("/api/ticks", "/api/ticks") == [
        {
            "check_id": "crm.leads.rows",
            "contract": "crm",
            "object": "leads",
            "at": "2026-11-22T09:00:00Z",
            "outcome": "errored",
            "value": None,
            "observed": "",
            "expected": "at least one row",
            "error": "the source is not reachable",
        }
    ]


def test_numbers_that_json_lacks_are_null_and_great_ones_are_whole(desk: FakeDesk, client: Client) -> None:
    great = 10**30
    check = recorded_check(
        value=math.inf, evidence={"key_columns": ["id"], "keys": [[great], [True], [None], [1.5], ["NaN"]]}
    )
    desk.ran = {RUN_ID: recorded_run(check)}
    desk.stands = replace(desk.stands, checks=tuple(replace(c, value=math.nan) for c in desk.stands.checks))
    found = client.documented("/api/runs/{run}", f"/api/runs/{RUN_ID}")["results"][0]
    assert found["value"] is None
    assert found["evidence"]["keys"] == [[great], [True], [None], [1.5], ["NaN"]]
    assert {check["value"] for check in client.documented(ONE, "/api/contracts/crm")["checks"]} == {None}


def test_evidence_is_answered_as_it_is_gathered() -> None:
    gathered = [field.name for field in fields(Evidence) if field.name != "check_id"]
    assert [field.name for field in fields(EvidenceAnswer)] == gathered


def test_what_another_version_kept_beside_the_evidence_breaks_nothing(desk: FakeDesk, client: Client) -> None:
    desk.ran = {RUN_ID: recorded_run(recorded_check(evidence={"notes": ["a note"], "of_tomorrow": 1}))}
    found = client.documented("/api/runs/{run}", f"/api/runs/{RUN_ID}")["results"][0]
    assert found["evidence"]["notes"] == ["a note"]


# --- when it cannot -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "path", "status"),
    [
        (ONE, "/api/contracts/nobody", 404),
        (f"{ONE}/slots", "/api/contracts/nobody/slots", 404),
        (f"{ONE}/slots", "/api/contracts/crm/slots?limit=0", 422),
        ("/api/runs", "/api/runs?limit=501", 422),
        ("/api/runs", "/api/runs?limit=ten", 422),
        ("/api/runs", "/api/runs?contract=%00", 422),
        ("/api/runs/{run}", "/api/runs/ffff", 404),
        ("/api/runs/{run}", "/api/runs/0199", 409),
        ("/api/runs/{run}", "/api/runs/%00", 422),
    ],
)
def test_each_refusal_has_its_status_and_is_documented(client: Client, route: str, path: str, status: int) -> None:
    assert client.documented(route, path)["status"] == status


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("/api/contracts", "/api/contracts"),
        (ONE, "/api/contracts/crm"),
        (f"{ONE}/slots", "/api/contracts/crm/slots"),
        ("/api/runs", "/api/runs"),
        ("/api/runs/{run}", f"/api/runs/{RUN_ID}"),
        ("/api/ticks", "/api/ticks"),
        ("/api/slos", "/api/slos"),
    ],
)
def test_a_state_that_is_down_is_503_with_the_remedy(desk: FakeDesk, client: Client, route: str, path: str) -> None:
    desk.down()
    told = client.documented(route, path)
    assert (told["status"], told["fix"]) == (503, "check that it is a file")
    assert client.call(path).headers["retry-after"] == "5"


def test_other_foreseen_faults_say_what_to_do(desk: FakeDesk, client: Client) -> None:
    desk.fault = SourceError("the source is away", fix="bring it back")
    told = client.call("/api/runs").json()
    assert (told["status"], told["detail"], told["fix"]) == (500, "the source is away", "bring it back")


def test_a_fault_that_nobody_foresaw_shows_and_logs_none_of_its_text(
    desk: FakeDesk, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.fault = RuntimeError("canary-of-a-row")
    answer = client.call("/api/runs")
    logged = "".join(capsys.readouterr())
    assert answer.status_code == 500
    assert "canary" not in answer.text + logged
    assert "request_broke" in logged
    assert "RuntimeError" in logged


def test_what_is_not_there_and_what_is_not_served_are_problems_too(client: Client) -> None:
    for path in ("/nowhere", "/api", "/docs", "/redoc", "/metrics/", "/api/runs/"):
        assert client.call(path).status_code == 404, path
    answer = client.call("/api/runs", method="DELETE")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_body_that_cannot_be_read_is_told_as_such(desk: FakeDesk, client: Client) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}".encode(), "Content-Type": b"application/json"}
    for body, status, detail in (
        (b'{"act": "\xff"}', 400, "the body cannot be read"),
        (b"[" * 9_000, 400, "the body cannot be read"),
        (b'{"act":', 422, "the body is no JSON"),
    ):
        told = client.call("/api/incidents/3f2a/acts", method="POST", headers=headers, content=body)
        assert (told.status_code, told.json()["detail"]) == (status, detail)


# --- asking for a run -------------------------------------------------------------------------------------------------


def test_who_has_the_token_may_ask_for_a_run(desk: FakeDesk, client: Client) -> None:
    answer = client.call("/api/contracts/crm/runs", method="POST", headers=BEARER)
    assert answer.status_code == 202
    assert (answer.json()["trigger"], answer.json()["state"]) == ("hand", "due")
    client.documented(f"{ONE}/runs", "/api/contracts/crm/runs", method="POST", headers=BEARER)
    assert desk.asked == ["crm", "crm"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}".encode()},
        {"Authorization": TOKEN.encode()},
        {"Authorization": f"Bearer {TOKEN}x".encode()},
        {"Authorization": b"Bearer \xff\xfe"},
    ],
)
def test_who_has_it_not_may_not(desk: FakeDesk, client: Client, headers: dict[str, str]) -> None:
    told = client.documented(f"{ONE}/runs", "/api/contracts/crm/runs", method="POST", headers=headers)
    assert told["status"] == 401
    answer = client.call("/api/contracts/nobody/runs", method="POST", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text
    assert desk.asked == []


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_in_the_settings_nobody_may_and_is_told_how_to_set_one(
    desk: FakeDesk, token: str | None
) -> None:
    client = Client(desk, token=token)
    for headers in ({}, BEARER, {"Authorization": "Bearer "}):
        told = client.documented(f"{ONE}/runs", "/api/contracts/crm/runs", method="POST", headers=headers)
        assert told["status"] == 403
        assert "OBSERVER_WEB_TOKEN_FILE" in told["fix"]
    assert desk.asked == []


def test_a_run_of_a_contract_that_is_not_watched_is_404(desk: FakeDesk, client: Client) -> None:
    told = client.documented(f"{ONE}/runs", "/api/contracts/nobody/runs", method="POST", headers=BEARER)
    assert told["status"] == 404


# --- the document -----------------------------------------------------------------------------------------------------


def test_the_document_is_served_and_names_every_address(client: Client) -> None:
    document = client.call("/api/openapi.json").json()
    assert document["info"]["title"] == "crm-observer"
    assert set(document["paths"]) == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/contracts",
        ONE,
        f"{ONE}/slots",
        f"{ONE}/runs",
        "/api/ticks",
        "/api/slos",
        "/api/runs",
        "/api/runs/{run}",
        "/api/incidents",
        "/api/incidents/{id}",
        "/api/incidents/{id}/acts",
    }
    (asking,) = document["paths"][f"{ONE}/runs"].values()
    assert asking["security"] == [{"HTTPBearer": []}]
    assert "HTTPValidationError" not in document["components"]["schemas"]
