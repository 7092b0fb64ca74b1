"""`/login` and `/logout`: the token of the settings and a name make a session: the one opens, the other is recorded."""

from __future__ import annotations

from math import ceil

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from observer.incidents.permission import person_of
from observer.web.login_tries import LoginTries
from observer.web.pages import addresses
from observer.web.pages.forms import Fields
from observer.web.pages.shell import Shell
from observer.web.visitors import FORM_TOKEN

log = structlog.get_logger("observer")


def router(shell: Shell, tries: LoginTries) -> APIRouter:
    """For everybody."""
    found = APIRouter()

    def login_page(request: Request, *, then: str, person: str = "", problem: str = "", status: int = 200) -> Response:
        return shell.page(
            request,
            "login.html",
            status=status,
            section=addresses.LOGIN,
            then=addresses.local(then),
            person=person,
            problem=problem,
        )

    @found.get(addresses.LOGIN)
    def login(request: Request, then: str = "") -> Response:
        return login_page(request, then=then)

    @found.post(addresses.LOGIN)
    def log_in(request: Request, fields: Fields) -> Response:
        shell.visitors.check_origin(request)
        then, given = fields.get("then", ""), fields.get("person", "")
        if not shell.visitors.can_log_in:
            return login_page(request, then=then, status=403)
        address = request.client.host if request.client else ""
        wait = ceil(tries.wait(address).total_seconds())
        if wait:
            answer = login_page(
                request, then=then, person=given, problem=f"too many tries: wait {wait} s, then try again", status=429
            )
            answer.headers["Retry-After"] = str(wait)
            return answer
        person = person_of(given)
        if person is None:
            return login_page(request, then=then, problem="say who you are: your email address", status=422)
        if not shell.visitors.is_token(fields.get("token", "").strip().encode()):
            tries.failed(address)
            log.warning("login_refused", address=address)
            return login_page(request, then=then, person=person, problem="that is not the token", status=403)
        tries.succeeded(address)
        log.info("logged_in", person=person)
        answer = shell.go(request, addresses.local(then), say=f"logged in as {person}")
        shell.visitors.log_in(request, answer, person)
        return answer

    @found.post(addresses.LOGOUT)
    def log_out(request: Request, fields: Fields) -> Response:
        shell.visitors.check_form(request, shell.visitors.of(request), fields.get(FORM_TOKEN, ""))
        answer = shell.go(request, addresses.OVERVIEW, say="logged out")
        shell.visitors.log_out(request, answer)
        return answer

    return found
