"""`/incidents`: which are open, and all there were, by contract, table and owner."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.pages.shell import Shell

#: Longest list on one page.
MOST_ROWS = 200
_MOST_LETTERS = 500
Asked = Annotated[str, Query(max_length=_MOST_LETTERS)]


def router(desk: Desk, shell: Shell) -> APIRouter:
    """The list."""
    found = APIRouter()

    @found.get(addresses.INCIDENTS)
    def incidents(
        request: Request, show: Asked = "", contract: Asked = "", table: Asked = "", owner: Asked = ""
    ) -> Response:
        asked = {"contract": contract.strip(), "table": table.strip(), "owner": owner.strip()}
        # A null character is in no name, and PostgreSQL takes none.
        impossible = any("\0" in text for text in asked.values())
        wanted = {name: text or None for name, text in asked.items()}
        open_only = show != "all"
        rows = () if impossible else desk.incidents(limit=MOST_ROWS + 1, open_only=open_only, **wanted)
        return shell.page(
            request,
            "incidents.html",
            section=addresses.INCIDENTS,
            rows=rows[:MOST_ROWS],
            more=len(rows) > MOST_ROWS,
            most=MOST_ROWS,
            open_only=open_only,
            asked=asked,
            filtered=any(asked.values()),
            contracts=desk.contracts(),
        )

    return found
