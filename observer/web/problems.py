"""Errors → RFC 9457 `application/problem+json`: what is wrong, and what to do. No traceback, no value, no secret."""

from __future__ import annotations

import dataclasses
import http
from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from observer.errors import AmbiguousRun, InputError, NoSuchRun, ObserverError, StoreError
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


def answer_with_problems(app: FastAPI) -> None:
    """Whatever the routes raise that was foreseen becomes a problem; what was not is the Guard's."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(ObserverError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)


def _refused(_: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, Refusal)
    return problem(fault.status, fault.detail, fix=fault.fix, headers=fault.headers)


def _told(_: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, ObserverError)
    headers = {}
    match fault:
        case NoSuchRun():
            status = 404
        case AmbiguousRun():
            status = 409
        case StoreError():
            status, headers = 503, {"Retry-After": str(RETRY_AFTER)}
        case InputError():
            status = 422
        case _:
            status = 500
    if status >= 500:
        log.warning("request_failed", status=status, reason=str(fault))
    return problem(status, fault.message, fix=fault.fix, headers=headers)


def _invalid(_: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, RequestValidationError)
    # The place and the rule, not what was sent.
    found = "; ".join(f"{error['loc'][-1]}: {error['msg']}" for error in fault.errors())
    return problem(422, found, fix="see /api/openapi.json for what this address takes")


def _plain(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, HTTPException)
    if fault.status_code == 405:
        allowed = (fault.headers or {}).get("Allow", "")
        return problem(405, f"{request.method} is not served here", fix=f"use {allowed}", headers=fault.headers)
    return problem(
        fault.status_code, "there is nothing at this address", fix="see /api/openapi.json", headers=fault.headers
    )
