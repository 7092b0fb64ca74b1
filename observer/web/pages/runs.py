"""`/runs` and `/runs/{id}`: what ran, and one run with its evidence."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.asked import DRAWN, Name, RunsShown, Word
from observer.web.pages.shell import Shell
from observer.web.views.runs import counts_of, run_page


def router(desk: Desk, shell: Shell) -> APIRouter:
    """Both pages."""
    found = APIRouter()

    @found.get(addresses.RUNS)
    def runs(request: Request, contract: Word = "", limit: RunsShown = 50) -> Response:
        ran = desk.runs(limit, contract or None)
        return shell.page(
            request,
            "runs.html",
            section=addresses.RUNS,
            runs=[(run, counts_of(run)) for run in ran],
            contracts=desk.contracts(),
            asked=contract,
            limit=limit,
            may_be_more=len(ran) == limit,
            **DRAWN,
        )

    @found.get(addresses.RUNS + "/{id:path}")
    def run(request: Request, id: Name) -> Response:
        page = run_page(desk.run(id))
        return shell.page(request, "run.html", section=addresses.RUNS, page=page, watched=desk.contracts(), **DRAWN)

    return found
