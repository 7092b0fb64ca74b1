"""Errors → what is wrong, and what to do: a page for browsers, else RFC 9457 `application/problem+json`.

No traceback, no value, no secret.
"""

from __future__ import annotations

import dataclasses
import http
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from observer.errors import (
    AmbiguousIncident,
    AmbiguousRun,
    InputError,
    NoSuchIncident,
    NoSuchRun,
    NotAllowed,
    ObserverError,
    StoreError,
)
from observer.web.answers import Problem

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a client may ask again when the state could not be read.
RETRY_AFTER = 5

log = structlog.get_logger("observer")


class Refusal(Exception):
    """A request that is not served; `headers` are part of the answer."""

    def __init__(self, status: int, detail: str, *, fix: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fix = fix
        self.headers = dict(headers or {})


def problem(status: int, detail: str, *, fix: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer that says so."""
    told = Problem(type="about:blank", title=http.HTTPStatus(status).phrase, status=status, detail=detail, fix=fix)
    return JSONResponse(dataclasses.asdict(told), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What a request met."""

    status: int
    detail: str
    fix: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_problem(self) -> JSONResponse:
        """For programs."""
        return problem(self.status, self.detail, fix=self.fix, headers=self.headers)


#: How a trouble is answered: as a page or as a problem, whatever the request asks for.
Tell = Callable[[Request, Trouble], Response]


def answer_with_problems(app: FastAPI, tell: Tell) -> None:
    """Whatever the routes raise that was foreseen is told; what was not is the Guard's."""

    def told(trouble_of: Callable[[Request, Exception], Trouble]) -> Callable[[Request, Exception], Response]:
        return lambda request, fault: tell(request, trouble_of(request, fault))

    app.add_exception_handler(Refusal, told(_refused))
    app.add_exception_handler(ObserverError, told(_told))
    app.add_exception_handler(RequestValidationError, told(_invalid))
    app.add_exception_handler(HTTPException, told(_plain))


def _refused(_: Request, fault: Exception) -> Trouble:
    assert isinstance(fault, Refusal)
    return Trouble(status=fault.status, detail=fault.detail, fix=fault.fix, headers=fault.headers)


def _told(_: Request, fault: Exception) -> Trouble:
    assert isinstance(fault, ObserverError)
    headers = {}
    match fault:
        case NoSuchRun() | NoSuchIncident():
            status = 404
        case AmbiguousRun() | AmbiguousIncident():
            status = 409
        case StoreError():
            status, headers = 503, {"Retry-After": str(RETRY_AFTER)}
        case InputError():
            status = 422
        case NotAllowed():
            status = 403
        case _:
            status = 500
    if status >= 500:
        log.warning("request_failed", status=status, reason=str(fault))
    return Trouble(status=status, detail=fault.message, fix=fault.fix, headers=headers)


def _invalid(_: Request, fault: Exception) -> Trouble:
    assert isinstance(fault, RequestValidationError)
    # The place and the rule, not what was sent.
    found = "; ".join(
        "the body is no JSON" if error["type"] == "json_invalid" else f"{error['loc'][-1]}: {error['msg']}"
        for error in fault.errors()
    )
    return Trouble(status=422, detail=found, fix="see /api/openapi.json for what this address takes")


def _plain(request: Request, fault: Exception) -> Trouble:
    assert isinstance(fault, HTTPException)
    headers = fault.headers or {}
    if fault.status_code == 400:
        detail, fix = "the body cannot be read", "send less of it, as UTF-8; /api/openapi.json says what is taken"
    elif fault.status_code == 405:
        detail, fix = f"{request.method} is not served here", f"use {headers.get('Allow', '')}"
    else:
        detail, fix = "there is nothing at this address", "begin at /, or see /api/openapi.json"
    return Trouble(status=fault.status_code, detail=detail, fix=fix, headers=headers)
