"""The HTTP face. In: a desk that answers. Out: an ASGI app with health, metrics, the state as JSON, and pages.

What changes something is behind a bearer token, or a login.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.security import HTTPBearer

from observer import __version__
from observer.metrics.accepting import weights_of
from observer.settings import WebSettings, is_loopback
from observer.web.answers import (
    ContractAnswer,
    ContractInFull,
    Health,
    Problem,
    Ready,
    SlotAnswer,
    TickAnswer,
    contract_in_full,
    contracts_of,
)
from observer.web.desk import Desk
from observer.web.guard import BY_ANY_NAME, Guard, hosts_served
from observer.web.incident_api import incident_api
from observer.web.pages.refusals import login_hidden, login_needed, teller
from observer.web.pages.routes import pages
from observer.web.pages.shell import Shell
from observer.web.problems import MEDIA_TYPE, Refusal, answer_with_problems
from observer.web.run_answers import RunAnswer, RunInFull
from observer.web.sessions import now_utc
from observer.web.visitors import LoginHidden, LoginNeeded, Visitors

#: Longest list that one answer holds.
MOST_ROWS = 500
#: No id is longer.
MOST_LETTERS = 500
_TEXT = r"^[^\x00]+$"
_METRICS_TEXT: dict[str, Any] = {
    "description": "The figures.",
    "content": {kind: {"schema": {"type": "string"}} for kind in ("text/plain", "application/openmetrics-text")},
}

log = structlog.get_logger("observer")

#: For the description alone: `Visitors` reads the header.
_bearer = HTTPBearer(auto_error=False, description="The token of the settings: `token` of `[web]`.")

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many at most, newest first.")]
ContractId = Annotated[str, Path(max_length=MOST_LETTERS, pattern=_TEXT, description="Id of a watched contract.")]
RunId = Annotated[
    str, Path(max_length=MOST_LETTERS, pattern=_TEXT, description="Id of a run, or enough of its first characters.")
]
OneContract = Annotated[
    str | None, Query(max_length=MOST_LETTERS, pattern=_TEXT, description="Only runs that looked at this contract.")
]


def create_app(
    desk: Desk, web: WebSettings, *, hosts: Collection[str] = (), clock: Callable[[], datetime] = now_utc
) -> FastAPI:
    """The app. On loopback, and where everybody may read, it goes by its own names, that of `public_url` and `hosts`.

    `clock` is that of pages and sessions; aware, UTC.

    Raises InputError: a setting of `[web]` is wrong.
    """
    app = FastAPI(
        title="crm-observer",
        version=__version__,
        description="How the watched tables stand, and what ran. Null is not measured, never zero.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # both pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    visitors = Visitors(web, clock)
    shell = Shell(desk, visitors, clock)
    reading = [Depends(_bearer), Depends(visitors.reader)]
    app.include_router(_health(desk))
    app.include_router(_contracts(desk), dependencies=reading, responses=_problems(401, 403))
    app.include_router(_runs(desk), dependencies=reading, responses=_problems(401, 403))
    app.include_router(_asking(desk, visitors))
    app.include_router(incident_api(desk, visitors, reading=reading, bearer=_bearer, clock=clock))
    app.include_router(pages(desk, shell))
    tell = teller(shell)
    answer_with_problems(app, tell)
    app.add_exception_handler(LoginNeeded, login_needed(shell, tell))
    app.add_exception_handler(LoginHidden, login_hidden(shell))
    app.openapi = _told_as_problems(app.openapi)  # type: ignore[method-assign]  # FastAPI's own way to change it
    served = hosts_served(web.host, [*hosts, *_public_name(web)])
    app.add_middleware(
        Guard, hosts=served, by_any_name=frozenset() if is_loopback(web.host) else BY_ANY_NAME, tell=tell
    )
    return app


def _public_name(web: WebSettings) -> list[str]:
    """The name of `public_url` where a browser must not call us by another.

    A foreign site can make its name point to us. Bound to a network we are called by any name, unless whoever asks may
    read without login: such a site could read then what its visitor can reach.
    """
    name = web.public_name
    return [name] if name and (is_loopback(web.host) or web.reading_is_open) else []


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in statuses}


def _health(desk: Desk) -> APIRouter:
    router = APIRouter(tags=["health"])

    # These two answer from memory on the serving thread: a state that hangs holds up every other thread, not them.
    @router.get("/healthz", operation_id="healthz")
    async def healthz() -> Health:
        """Answers as long as the process lives."""
        return Health(role=desk.readiness().role)

    @router.get("/readyz", operation_id="readyz", responses={503: {"model": Ready}})
    async def readyz(response: Response) -> Ready:
        """Whether this daemon can do its work now; 503 when it cannot, with the reasons."""
        found = Ready.of(desk.readiness())
        response.status_code = 200 if found.ready else 503
        return found

    @router.get("/metrics", operation_id="metrics", response_class=Response, responses={200: _METRICS_TEXT})
    def metrics(request: Request) -> Response:
        """Figures for Prometheus, in its text format or in OpenMetrics, as `Accept` asks for."""
        text, kind = desk.metrics(request.headers.get("Accept"))
        headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding"}
        if weights_of(request.headers.get("Accept-Encoding", "")).get("gzip", 0.0) > 0:
            # Labels repeat, so that even the fastest level makes the text twenty times smaller.
            text, headers["Content-Encoding"] = gzip.compress(text, 1), "gzip"
        return Response(text, headers=headers)

    return router


def _contracts(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["contracts"])

    @router.get("/contracts", operation_id="list_contracts", responses=_problems(503))
    def list_contracts() -> list[ContractAnswer]:
        """The watched contracts, and how they stand by their latest full runs."""
        return contracts_of(desk.contracts(), desk.standing())

    # An id may hold slashes, so what is longer comes first.
    @router.get("/contracts/{contract:path}/slots", operation_id="list_slots", responses=_problems(404, 422, 503))
    def list_slots(contract: ContractId, limit: Limit = 20) -> list[SlotAnswer]:
        """The contract's due times: which ran, which wait, which were missed and why."""
        _known(desk, contract)
        return [SlotAnswer.of(slot) for slot in desk.slots(contract, limit)]

    @router.get("/contracts/{contract:path}", operation_id="show_contract", responses=_problems(404, 422, 503))
    def show_contract(contract: ContractId) -> ContractInFull:
        """One contract with its tables and checks."""
        _known(desk, contract)
        return contract_in_full(contract, desk.standing())

    @router.get("/ticks", operation_id="list_ticks", responses=_problems(503))
    def list_ticks() -> list[TickAnswer]:
        """The latest glance of every check that is glanced at between full runs."""
        return [TickAnswer.of(tick) for tick in desk.ticks()]

    @router.get("/slos", operation_id="list_slos", responses=_problems(503))
    def list_slos() -> dict[str, Any]:
        """How service levels stand: the document of `observer slo status --format json` (its keys: docs/slo.md)."""
        return dict(desk.levels())

    return router


def _runs(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["runs"])

    @router.get("/runs", operation_id="list_runs", responses=_problems(422, 503))
    def list_runs(contract: OneContract = None, limit: Limit = 20) -> list[RunAnswer]:
        """What ran, newest first."""
        return [RunAnswer.of(run) for run in desk.runs(limit, contract)]

    @router.get("/runs/{run}", operation_id="show_run", responses=_problems(404, 409, 422, 503))
    def show_run(run: RunId) -> RunInFull:
        """One run with every check result and its evidence."""
        return RunInFull.of(desk.run(run))

    return router


def _asking(desk: Desk, visitors: Visitors) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["contracts"])

    @router.post(
        "/contracts/{contract:path}/runs",
        operation_id="ask_for_run",
        status_code=202,
        dependencies=[Depends(_bearer), Depends(visitors.bearer)],
        responses=_problems(401, 403, 404, 413, 422, 503),
    )
    def ask_for_run(contract: ContractId) -> SlotAnswer:
        """Ask for a full run now: gives the slot whose run it will be."""
        _known(desk, contract)
        slot = desk.ask_for_run(contract)
        log.info("run_asked_for", contract=contract, scheduled_for=slot.scheduled_for.isoformat())
        return SlotAnswer.of(slot)

    return router


def _known(desk: Desk, contract: str) -> None:
    if contract not in desk.contracts():
        raise Refusal(404, "no contract of that id is watched", fix="take an id from /api/contracts")


def _told_as_problems(openapi: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """The schema in which problems have their own media type."""

    def told() -> dict[str, Any]:
        schema = openapi()
        for path in schema["paths"].values():
            for operation in path.values():
                for answer in operation["responses"].values():
                    content = answer.get("content", {})
                    if content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/Problem"):
                        content[MEDIA_TYPE] = content.pop("application/json")
        return schema

    return told
