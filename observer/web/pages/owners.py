"""`/owners`: who owns which field, and what nobody owns."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.asked import DRAWN, Word
from observer.web.pages.shell import Shell
from observer.web.views.owners import Asked, owners_page


def router(desk: Desk, shell: Shell) -> APIRouter:
    """The matrix."""
    found = APIRouter()

    @found.get(addresses.OWNERS)
    def owners(request: Request, contract: Word = "", owner: Word = "", state: Word = "") -> Response:
        asked = Asked(contract=contract, owner=owner, state=state)
        page = owners_page(desk.archive.contracts(), desk.archive.slos(), desk.standing(), asked)
        return shell.page(request, "owners.html", section=addresses.OWNERS, page=page, **DRAWN)

    return found
