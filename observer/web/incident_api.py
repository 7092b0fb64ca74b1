"""`/api/incidents`: which there are, one at length, and what people do with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Path, Query

from observer.web.answers import Problem
from observer.web.desk import Desk
from observer.web.incident_answers import ActAnswer, ActionAsked, IncidentAnswer
from observer.web.visitors import Visitors

#: Longest list that one answer holds.
MOST_ROWS = 500
_NAME = Query(max_length=500, pattern=r"^[^\x00]+$")
Name = Annotated[str | None, _NAME]
IncidentId = Annotated[
    str,
    Path(max_length=100, pattern=r"^[^\x00]+$", description="Id of an incident, or its first characters."),
]

log = structlog.get_logger("observer")


def incident_api(
    desk: Desk, visitors: Visitors, *, reading: list[Any], bearer: Any, clock: Callable[[], datetime]
) -> APIRouter:
    """`reading` is what reading depends on; `bearer` describes the token."""
    router = APIRouter(prefix="/api/incidents", tags=["incidents"])

    @router.get("", operation_id="list_incidents", dependencies=reading, responses=_problems(401, 403, 422, 503))
    def list_incidents(
        open: bool = False,
        contract: Name = None,
        table: Name = None,
        owner: Name = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    ) -> list[IncidentAnswer]:
        """Incidents, those that began last first; `open`: only those that are not over."""
        rows = desk.incidents(limit=limit, open_only=open, contract=contract, table=table, owner=owner)
        return [IncidentAnswer.of(row) for row in rows]

    @router.get(
        "/{id}", operation_id="show_incident", dependencies=reading, responses=_problems(401, 403, 404, 409, 422, 503)
    )
    def show_incident(id: IncidentId) -> dict[str, Any]:
        """One at length: the document of `observer incident --format json` (its keys: docs/incidents.md)."""
        from observer.receivers.document import document_of
        from observer.reports.incident_json import log_json

        brief = desk.brief(id)
        happened = desk.incident_log(brief.id)
        return {**document_of(brief, happened[-1].key), "acts": list(brief.acts), "log": log_json(happened)}

    @router.post(
        "/{id}/acts",
        operation_id="act_on_incident",
        dependencies=[Depends(bearer), Depends(visitors.bearer)],
        responses=_problems(400, 401, 403, 404, 409, 413, 422, 503),
    )
    def act(id: IncidentId, asked: ActionAsked) -> ActAnswer:
        """Acknowledge, snooze, wake, judge, or say that it is fixed. Asking twice does nothing the second time."""
        action = asked.action(clock())
        answer = desk.act(desk.brief(id).id, action)
        log.info("incident_acted_on", incident=answer.incident.id, act=action.act.value, by=action.by, done=answer.done)
        return ActAnswer.of(answer)

    return router


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in statuses}
