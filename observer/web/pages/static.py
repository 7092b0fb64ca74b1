"""What pages load: the style sheet under an address that changes with it, and the icon."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from observer.web.pages.shell import TEMPLATES, stylesheet, stylesheet_address

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_A_DAY = {"Cache-Control": "public, max-age=86400"}


def router() -> APIRouter:
    """Open to everybody: nothing in it is of this installation."""
    found = APIRouter(include_in_schema=False)

    @found.get(stylesheet_address())
    async def css() -> Response:
        return Response(stylesheet(), media_type="text/css", headers=_FOR_EVER)

    @found.get("/static/observer.svg")
    async def icon() -> Response:
        return Response((TEMPLATES / "observer.svg").read_bytes(), media_type="image/svg+xml", headers=_A_DAY)

    return found
