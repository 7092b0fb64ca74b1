"""Every page. In: a desk and a shell. Out: one router, of which nothing is in the API's description."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from observer.web.desk import Desk
from observer.web.login_tries import LoginTries
from observer.web.pages import contracts, incident, incidents, levels, lineage, login, overview, owners, runs, static
from observer.web.pages.shell import Shell

#: Pages that need no more than to be read: each module has `router(desk, shell)`.
PAGES = (overview, incidents, contracts, levels, runs, owners, lineage)


def pages(desk: Desk, shell: Shell) -> APIRouter:
    """All of them; those that show something are for whoever may read."""
    found = APIRouter(include_in_schema=False)
    found.include_router(static.router())
    found.include_router(login.router(shell, LoginTries()))
    found.include_router(incident.router(desk, shell))
    for page in PAGES:
        found.include_router(page.router(desk, shell), dependencies=[Depends(shell.reader)])
    return found
