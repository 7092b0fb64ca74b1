"""What a browser is shown when a request is not served: a page with the reason and the remedy, or where to log in."""

from __future__ import annotations

import http
from collections.abc import Callable

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from observer.metrics.accepting import weights_of
from observer.web.pages import addresses
from observer.web.pages.shell import PAGE_HEADERS, Shell, asked_for
from observer.web.problems import Tell, Trouble
from observer.web.visitors import token_needed

#: Called by a name that is not ours, the rest of the page would not load either.
_MISDIRECTED = 421


def teller(shell: Shell) -> Tell:
    """Pages for browsers, problems for programs."""

    def tell(request: Request, trouble: Trouble) -> Response:
        if not wants_page(request) or trouble.status == _MISDIRECTED:
            return trouble.as_problem()
        phrase = http.HTTPStatus(trouble.status).phrase
        answer = shell.page(request, "trouble.html", status=trouble.status, trouble=trouble, phrase=phrase)
        answer.headers.update(trouble.headers)
        return answer

    return tell


def login_needed(shell: Shell, tell: Tell) -> Callable[[Request, Exception], Response]:
    """Browsers are led to the login and back, programs are asked for the token."""

    def handler(request: Request, _: Exception) -> Response:
        if not shell.visitors.can_log_in:
            fix = "set `OBSERVER_WEB_TOKEN_FILE` (or `token` of `[web]` in observer.toml), or `open_reading = true`"
            detail = "nobody may look from elsewhere: no token is set to log in with"
            return tell(request, Trouble(status=403, detail=detail, fix=fix))
        if not wants_page(request):
            refusal = token_needed()
            told = Trouble(status=refusal.status, detail=refusal.detail, fix=refusal.fix, headers=refusal.headers)
            return told.as_problem()
        then = asked_for(request) if request.method == "GET" else ""
        return RedirectResponse(addresses.login(then), 303, headers=PAGE_HEADERS)

    return handler


def login_hidden(shell: Shell) -> Callable[[Request, Exception], Response]:
    """A page that loads itself once more: a link from there is one of our own."""

    def handler(request: Request, _: Exception) -> Response:
        answer = shell.page(request, "again.html")
        shell.visitors.ask_once(request, answer)
        return answer

    return handler


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer: a browser asks for HTML by name."""
    return (
        not request.url.path.startswith("/api/")
        and weights_of(request.headers.get("Accept", "")).get("text/html", 0.0) > 0
    )
