"""`/lineage`: from the source to those who use it, contract by contract."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.asked import DRAWN
from observer.web.pages.shell import Shell
from observer.web.views.lineage import flow


def router(desk: Desk, shell: Shell) -> APIRouter:
    """The sketch."""
    found = APIRouter()

    @found.get(addresses.LINEAGE)
    def lineage(request: Request) -> Response:
        standing, levels = desk.standing(), desk.service_levels()
        flows = []
        for watched in desk.archive.contracts():
            id = watched.contract.id
            ran = desk.runs(1, id)
            source = ran[0].source if ran else None
            flows.append(flow(watched, standing, levels, source=source, kept=desk.archive.kept_snapshots(id)))
        return shell.page(request, "lineage.html", section=addresses.LINEAGE, flows=flows, **DRAWN)

    return found
