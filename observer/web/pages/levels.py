"""`/slos` and `/slos/{name}`: every service level, and one of them in full."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.asked import DRAWN, Name
from observer.web.pages.shell import Shell
from observer.web.problems import Refusal


def router(desk: Desk, shell: Shell) -> APIRouter:
    """Both pages."""
    found = APIRouter()

    @found.get(addresses.LEVELS)
    def levels(request: Request) -> Response:
        from observer.web.views.levels import levels_page

        page = levels_page(desk.archive.levels(), shell.now())
        return shell.page(request, "levels.html", section=addresses.LEVELS, page=page, **DRAWN)

    @found.get(addresses.LEVELS + "/{name:path}")
    def level(request: Request, name: Name) -> Response:
        from observer.web.views.levels import level_page

        shown = desk.archive.level(name)
        if shown is None:
            raise Refusal(404, "there is no service level of that name", fix="choose one from the list of them")
        return shell.page(request, "level.html", section=addresses.LEVELS, page=level_page(shown), **DRAWN)

    return found
