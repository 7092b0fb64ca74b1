"""Presses of Slack's buttons over HTTP. In: signed requests of Slack. Out: Presses, taken at once.

Whoever is not Slack learns nothing: what is not signed is answered before it is read. A request that was taken already
is answered as if all were well and does nothing, so that a proxy that repeats it does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from observer.slack.presses import NotAPress, Press, UnfitReason, press_of
from observer.slack.signatures import Signatures, Standing
from observer.web.problems import Refusal

#: The Request URL in the settings of the Slack app; `guard.py` lets it carry larger bodies.
PATH = "/slack/interactions"

log = structlog.get_logger("observer")


def slack_presses(signatures: Signatures, on_press: Callable[[Press], bool]) -> APIRouter:
    """The route. `on_press` takes a press at once and never waits; False: it cannot now."""
    router = APIRouter()

    @router.post(PATH, include_in_schema=False)
    async def interactions(request: Request) -> Response:
        body, signature = await request.body(), request.headers.get("X-Slack-Signature")
        standing = signatures.judge(body, request.headers.get("X-Slack-Request-Timestamp"), signature)
        if standing is Standing.FOREIGN or signature is None:
            raise Refusal(
                401,
                "this takes what Slack signed in the last five minutes",
                fix="check the signing secret and the clock",
            )
        if standing is Standing.TAKEN:
            log.info("press_repeated")
            return Response()
        try:
            press = press_of(_payload(body))
        except NotAPress as why:
            log.warning("press_refused", reason=str(why))
            raise Refusal(400, f"this is no press of a button: {why}", fix="see docs/incidents.md") from why
        except UnfitReason as unfit:
            return JSONResponse(unfit.answer)
        if press is None or not signatures.take(signature):
            return Response()
        if not on_press(press):
            signatures.give_back(signature)
            raise Refusal(503, "too many presses wait", fix="press again in a minute", headers={"Retry-After": "60"})
        return Response()

    return router


def _payload(body: bytes) -> object:
    """The JSON in the field `payload` of a form. Raises NotAPress."""
    try:
        fields = parse_qs(body.decode(), strict_parsing=True, max_num_fields=1)
        [text] = fields.get("payload", [])
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAPress("it is no form with one field `payload` in JSON") from error
