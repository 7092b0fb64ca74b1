"""What every page has: the layout, the words, the headers. In: a template and its content. Out: an HTML answer.

A page registers itself: a module here with `router(desk, shell) -> APIRouter`, named in `pages/routes.py`; its template
extends `page.html`. Jinja is imported by the first page that is asked for.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from observer.web.desk import Desk
from observer.web.pages import addresses
from observer.web.sessions import now_utc
from observer.web.visitors import LoginHidden, Visitor, Visitors

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # With no-referrer browsers would send forms without their origin.
    "Referrer-Policy": "same-origin",
    "Vary": "Cookie",
}
#: Name and address of what the navigation leads to.
SECTIONS = (
    ("Overview", addresses.OVERVIEW),
    ("Incidents", addresses.INCIDENTS),
    ("Owners", addresses.OWNERS),
    ("Service levels", addresses.LEVELS),
    ("Runs", addresses.RUNS),
    ("Lineage", addresses.LINEAGE),
)


class Shell:
    """Draws pages for visitors."""

    def __init__(self, desk: Desk, visitors: Visitors, clock: Callable[[], datetime] = now_utc) -> None:
        self.visitors = visitors
        self._desk = desk
        self._clock = clock

    def now(self) -> datetime:
        """The time by which pages say "3 h ago"."""
        return self._clock()

    def page(
        self, request: Request, template: str, *, status: int = 200, section: str = "", **content: Any
    ) -> Response:
        """The page. `section` is the address in the navigation under which it stands; `content` is what the template
        names, beside `request`, `visitor`, `readiness`, `now` and `said` which every page has.
        """
        visitor = self.visitors.of(request)
        text = (
            _environment()
            .get_template(template)
            .render(
                content,
                visitor=visitor,
                may_log_in=self.visitors.can_log_in,
                reading_is_open=self.visitors.reading_is_open,
                readiness=self._desk.readiness(),
                now=self._clock(),
                said=self.visitors.to_say(request),
                sections=SECTIONS,
                section=section,
                here=asked_for(request),
                stylesheet=stylesheet_address(),
            )
        )
        answer = HTMLResponse(text, status, headers=PAGE_HEADERS)
        self.visitors.said(request, answer)
        return answer

    def go(self, request: Request, path: str, *, say: str = "", done: bool = True) -> Response:
        """After a form: load that page, which says so. Loading it again repeats nothing."""
        answer = RedirectResponse(path, 303, headers=PAGE_HEADERS)
        if say:
            self.visitors.say(request, answer, say, done=done)
        return answer

    def reader(self, request: Request) -> Visitor:
        """For `Depends`: whoever may read. Raises LoginNeeded, LoginHidden."""
        if self.visitors.is_login_hidden(request):
            raise LoginHidden
        return self.visitors.reader(request)


@functools.cache
def stylesheet() -> str:
    """The one style sheet: the shell, and what pages of content add."""
    return "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("observer.css", "content.css"))


@functools.cache
def stylesheet_address() -> str:
    """Changes with what is in it, so that browsers may keep it for ever."""
    return f"/static/observer.{hashlib.sha256(stylesheet().encode()).hexdigest()[:12]}.css"


def asked_for(request: Request) -> str:
    """Path and query as they were sent: an id may hold what means something else when it is decoded (`%3F`, `%2F`)."""
    path: str = request.scope["raw_path"].decode("ascii", "replace")
    return path + (f"?{request.url.query}" if request.url.query else "")


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from observer.web.pages import words

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= words.FILTERS
    environment.globals |= words.GLOBALS | {"to": addresses}
    return environment
