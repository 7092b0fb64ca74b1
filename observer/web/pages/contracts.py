"""`/contracts/{contract}` and `/contracts/{contract}/tables/{table}`: a contract, and one of its tables."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.checks.score import SCORE_FORMULA
from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.asked import DRAWN, Days, Name, contract_of
from observer.web.pages.shell import Shell
from observer.web.problems import Refusal
from observer.web.views.contracts import contract_page
from observer.web.views.tables import table_page

#: Runs, slots and open incidents that a page lists.
_RUNS, _SLOTS, _INCIDENTS = 10, 50, 20


def router(desk: Desk, shell: Shell) -> APIRouter:
    """Both pages."""
    found = APIRouter()

    # An id may hold slashes, so what is longer comes first.
    @found.get("/contracts/{contract:path}/tables/{table:path}")
    def table(request: Request, contract: Name, table: Name, days: Days = "7") -> Response:
        watched = contract_of(desk.archive, contract)
        shown = watched.contract.object(table)
        if shown is None:
            raise Refusal(404, "the contract has no table of that name", fix="choose one from the page of the contract")
        page = table_page(desk.archive, watched, shown, desk.standing(), days=int(days), now=shell.now())
        open_now = desk.incidents(limit=_INCIDENTS + 1, open_only=True, contract=contract, table=table, owner=None)
        all_open = addresses.incidents(contract=contract, table=table)
        return shell.page(
            request,
            "table.html",
            section=addresses.OVERVIEW,
            page=page,
            incidents=open_now,
            most_incidents=_INCIDENTS,
            all_open=all_open,
            **DRAWN,
        )

    @found.get("/contracts/{contract:path}")
    def contract(request: Request, contract: Name, days: Days = "7") -> Response:
        watched = contract_of(desk.archive, contract)
        page = contract_page(
            desk.archive,
            watched,
            desk.standing(),
            runs=desk.runs(_RUNS, contract),
            slots=desk.slots(contract, _SLOTS),
            days=int(days),
            now=shell.now(),
        )
        open_now = desk.incidents(limit=_INCIDENTS + 1, open_only=True, contract=contract, table=None, owner=None)
        return shell.page(
            request,
            "contract.html",
            section=addresses.OVERVIEW,
            page=page,
            incidents=open_now,
            most_incidents=_INCIDENTS,
            all_open=addresses.incidents(contract=contract),
            formula=SCORE_FORMULA,
            **DRAWN,
        )

    return found
