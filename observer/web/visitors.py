"""Who asks, what they may see, and whether a form is really theirs.

In: requests. Out: a Visitor; or a Refusal, or LoginNeeded. What a visitor may do with an incident is the desk's to say.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import Request, Response

from observer.errors import InputError
from observer.incidents.permission import person_of
from observer.settings import WebSettings
from observer.web.problems import Refusal
from observer.web.sessions import LASTS, Said, Sessions, now_utc

#: Field of every form.
FORM_TOKEN = "form_token"  # noqa: S105  # the name of a field
_SAID = "observer_said"
_SAID_SECONDS = 60
_ASKED = "observer_asked"
_ASKED_SECONDS = 10
_PORTS = {"http": 80, "https": 443}


class LoginNeeded(Exception):
    """Nobody is logged in, and this is not for everybody."""


class LoginHidden(Exception):
    """Somebody may be logged in, but the browser will not say so before it is asked by a page of ours."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Whoever asks."""

    #: A username (an email address as a rule); None: nobody said.
    name: str | None = None
    #: A proxy in front said so: there is nothing to log out of here.
    by_proxy: bool = False
    #: For forms; "" without a name.
    form_token: str = ""


class Visitors:
    """Tells who asks by the settings of `[web]`."""

    def __init__(self, web: WebSettings, clock: Callable[[], datetime] = now_utc) -> None:
        """Raises InputError: an address in `trusted_proxies` is none."""
        self._token = web.token
        self._user_header = web.user_header
        self._proxies = tuple(_network(text) for text in web.trusted_proxies)
        self._place = _place(web.public_url or "")
        self.sessions = Sessions(web.token, clock)
        self.reading_is_open = web.reading_is_open

    @property
    def can_log_in(self) -> bool:
        """Whether there is a token to log in with."""
        return bool(self._token)

    def of(self, request: Request) -> Visitor:
        """A trusted proxy's word comes before a session."""
        named = self._named_by_proxy(request)
        if named is not None:
            return Visitor(name=named, by_proxy=True, form_token=self.sessions.form_token(f"proxy\0{named}"))
        session = self.sessions.read(request.cookies.get(self._cookie(request), ""))
        if session is None or not self.can_log_in:
            return Visitor()
        return Visitor(name=session.person, form_token=self.sessions.form_token(session.id))

    def reader(self, request: Request) -> Visitor:
        """Whoever may read pages and answers. Raises LoginNeeded."""
        visitor = self.of(request)
        if not self.reading_is_open and visitor.name is None and not self.bears_token(request):
            raise LoginNeeded
        return visitor

    def bearer(self, request: Request) -> None:
        """For programs that change something. Raises Refusal: the token is missing or wrong."""
        if not self.can_log_in:
            raise Refusal(
                403,
                "nobody may ask for this here: no token is set",
                fix="set `OBSERVER_WEB_TOKEN_FILE` (or `token` of `[web]` in observer.toml) and start the daemon again",
            )
        if not self.bears_token(request):
            raise token_needed()

    def bears_token(self, request: Request) -> bool:
        """Whether the request has the bearer token of the settings."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.is_token(given.strip().encode("latin-1"))

    def is_token(self, given: bytes) -> bool:
        """In constant time; bytes as they came: for text that compares no other characters than ASCII."""
        return bool(self._token) and hmac.compare_digest(given, (self._token or "").encode())

    def check_form(self, request: Request, visitor: Visitor, given: str) -> None:
        """Raises Refusal: the form is not of a page of ours, or of another session; LoginNeeded: of nobody."""
        self.check_origin(request)
        if visitor.name is None:
            raise LoginNeeded
        if not hmac.compare_digest(given.encode(), visitor.form_token.encode()):
            raise Refusal(403, "this form is of another login, or an old one", fix="load the page again, then repeat")

    def check_origin(self, request: Request) -> None:
        """Raises Refusal: another site sent the form, or it cannot be told."""
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None:
            ours = site in ("same-origin", "none")
        else:
            ours = origin is not None and self._is_ours(origin, request)
        if not ours:
            raise Refusal(403, "this form was not sent from a page of this server", fix="use the form on its own page")

    def log_in(self, request: Request, response: Response, person: str) -> None:
        """Sets the cookie."""
        response.set_cookie(
            self._cookie(request),
            self.sessions.begin(person),
            max_age=int(LASTS.total_seconds()),
            path="/",
            secure=self._is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def log_out(self, request: Request, response: Response) -> None:
        """Takes it away."""
        secure = self._is_secure(request)
        response.delete_cookie(self._cookie(request), path="/", secure=secure, httponly=True, samesite="strict")

    def say(self, request: Request, response: Response, sentence: str, *, done: bool) -> None:
        """The next page shows the sentence, once."""
        response.set_cookie(
            _SAID,
            self.sessions.say(sentence, done=done),
            max_age=_SAID_SECONDS,
            path="/",
            secure=self._is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def said(self, request: Request, response: Response) -> None:
        """It was shown."""
        if _SAID in request.cookies:
            response.delete_cookie(_SAID, path="/", secure=self._is_secure(request), httponly=True, samesite="strict")

    def to_say(self, request: Request) -> Said | None:
        """What the page before left to be said."""
        return self.sessions.said(request.cookies.get(_SAID, ""))

    def is_login_hidden(self, request: Request) -> bool:
        """Whether the browser follows a link of another site (Slack), for which it holds our cookie back.

        Asked again by a page of ours it sends it; once is enough.
        """
        headers, cookies = request.headers, request.cookies
        comes_from_elsewhere = headers.get("sec-fetch-site") == "cross-site"
        navigates = headers.get("sec-fetch-mode") == "navigate" and request.method == "GET"
        asked = self._cookie(request) in cookies or _ASKED in cookies
        return self.can_log_in and comes_from_elsewhere and navigates and not asked

    def ask_once(self, request: Request, response: Response) -> None:
        """That the browser was asked again, for a moment: whatever it answers, it is not asked in circles."""
        secure = self._is_secure(request)
        response.set_cookie(_ASKED, "1", max_age=_ASKED_SECONDS, path="/", secure=secure, httponly=True, samesite="lax")

    def _cookie(self, request: Request) -> str:
        return "__Host-observer" if self._is_secure(request) else "observer"

    def _is_secure(self, request: Request) -> bool:
        return request.url.scheme == "https" or (self._place is not None and self._place[0] == "https")

    def _is_ours(self, origin: str, request: Request) -> bool:
        sent = _place(origin)
        # Whether somebody in front of us took TLS off cannot be seen: the scheme is taken as it was sent.
        here = _place(f"{sent[0]}://{request.headers.get('host', '')}") if sent else None
        return sent is not None and sent in (here, self._place)

    def _named_by_proxy(self, request: Request) -> str | None:
        if not self._user_header or request.client is None:
            return None
        given = request.headers.getlist(self._user_header)
        # Two of them: one could be the visitor's own.
        if len(given) != 1 or not self._is_proxy(request.client.host):
            return None
        return person_of(given[0].encode("latin-1").decode("utf-8", "replace"))

    def _is_proxy(self, peer: str) -> bool:
        try:
            address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._proxies)


def token_needed() -> Refusal:
    """What a program is told that has to show the token."""
    return Refusal(
        401,
        "this needs the bearer token of the settings",
        fix="send `Authorization: Bearer TOKEN`",
        headers={"WWW-Authenticate": 'Bearer realm="crm-observer"'},
    )


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise InputError(
            f"`{text}` in `trusted_proxies` of `[web]` is no address",
            fix="write addresses or networks: 10.1.2.3, 10.0.0.0/8",
        ) from None


def _place(origin: str) -> tuple[str, str, int | None] | None:
    """Scheme, name and port; browsers leave out default ports. None: it is no origin (`null`)."""
    try:
        split = urlsplit(origin)
        port = split.port
    except ValueError:
        return None
    if split.scheme not in _PORTS or not split.hostname:
        return None
    return split.scheme, split.hostname, port or _PORTS[split.scheme]
