"""`/lineage`: from the source to those who use it, contract by contract."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.asked import DRAWN
from observer.web.pages.shell import Shell
from observer.web.views.lineage import flow

#: Among so many there is one that a slot asked for.
_RUNS = 50


def router(desk: Desk, shell: Shell) -> APIRouter:
    """The sketch."""
    found = APIRouter()

    @found.get(addresses.LINEAGE)
    def lineage(request: Request) -> Response:
        standing, levels, kept = desk.standing(), desk.service_levels(), desk.archive.kept_snapshots()
        # Every slot runs on the one source of the settings; what ran by hand may have had another.
        source = next((run.source for run in desk.runs(_RUNS, None) if run.kind == "run"), None)
        ran = {each.contract for each in standing.contracts if each.last_run_id is not None}
        flows = [
            flow(
                watched,
                standing,
                levels,
                source=source if watched.contract.id in ran else None,
                kept=[snapshot for snapshot in kept if snapshot.contract == watched.contract.id],
            )
            for watched in desk.archive.contracts()
        ]
        return shell.page(request, "lineage.html", section=addresses.LINEAGE, flows=flows, **DRAWN)

    return found
