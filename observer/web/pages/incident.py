"""`/incidents/{id}`: what broke, in which records, who was told and why, what happened so far, and what can be done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import RedirectResponse, Response

from observer.incidents.acting import LONGEST_REASON, Act, Action
from observer.web.desk import Desk
from observer.web.incident_answers import written_reason
from observer.web.pages import addresses
from observer.web.pages.forms import Fields
from observer.web.pages.shell import PAGE_HEADERS, Shell
from observer.web.problems import Refusal
from observer.web.visitors import FORM_TOKEN

#: How long a snooze may be chosen to last.
SNOOZES = {
    "1 hour": timedelta(hours=1),
    "4 hours": timedelta(hours=4),
    "1 day": timedelta(days=1),
    "3 days": timedelta(days=3),
    "1 week": timedelta(weeks=1),
}

log = structlog.get_logger("observer")

IncidentId = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]+$")]


def router(desk: Desk, shell: Shell) -> APIRouter:
    """The page, and where its forms go."""
    found = APIRouter()

    @found.get(addresses.INCIDENTS + "/{id}", dependencies=[Depends(shell.reader)])
    def incident(request: Request, id: IncidentId) -> Response:
        from observer.reports.incident_words import timeline

        brief = desk.brief(id)
        if id != brief.id:
            return RedirectResponse(addresses.incident(brief.id), 303, headers=PAGE_HEADERS)
        person = shell.visitors.of(request).name
        return shell.page(
            request,
            "incident.html",
            section=addresses.INCIDENTS,
            brief=brief,
            moments=timeline(desk.incident_log(brief.id)),
            may_act=person is not None and desk.may_act(person),
            snoozes=tuple(SNOOZES),
            most_reason=LONGEST_REASON,
        )

    @found.post(addresses.INCIDENTS + "/{id}/acts")
    def act(request: Request, id: IncidentId, fields: Fields) -> Response:
        visitor = shell.visitors.of(request)
        shell.visitors.check_form(request, visitor, fields.get(FORM_TOKEN, ""))
        assert visitor.name is not None, "a form without a name was refused"
        action = action_of(fields, by=visitor.name, now=shell.now())
        answer = desk.act(id, action)
        log.info("incident_acted_on", incident=id, act=action.act.value, by=action.by, done=answer.done)
        said = answer.sentence if answer.done else f"nothing changed: {answer.sentence}"
        return shell.go(request, addresses.incident(answer.incident.id), say=said, done=answer.done)

    return found


def action_of(fields: Fields, *, by: str, now: datetime) -> Action:
    """What a form asks for. Raises Refusal: it is none of ours."""
    try:
        wanted = Act(fields.get("act", ""))
        until = now + SNOOZES[fields.get("for", "")] if wanted is Act.SNOOZE else None
    except (ValueError, KeyError):
        raise Refusal(
            422, "this is nothing that can be done with an incident", fix="use the forms of its page"
        ) from None
    return Action(act=wanted, by=by, reason=written_reason(fields.get("reason", "")), until=until)
