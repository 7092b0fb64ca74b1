"""Logs of incidents, routes and owners → JSON. Times are ISO 8601 in UTC, spans are seconds, unknown is null."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from observer.incidents.events import IncidentEvent
from observer.incidents.policy import Silence
from observer.incidents.routing import Ownership, Route
from observer.reports.incident_words import matcher_text
from observer.reports.slo_json import time_json


def log_json(log: Iterable[IncidentEvent]) -> list[dict[str, Any]]:
    """What happened to an incident, oldest first; what an event does not say is left out."""
    return [_event_json(event) for event in sorted(log, key=lambda event: event.seq)]


def _event_json(event: IncidentEvent) -> dict[str, Any]:
    said: dict[str, Any] = {
        "found": [finding.fingerprint for finding in event.found],
        "again": list(event.again),
        "ended": [{"fingerprint": fingerprint, "why": why.value} for fingerprint, why in event.ended],
        "actor": event.actor,
        "reason": event.reason,
        "looked_at": time_json(event.looked_at),
        "until": time_json(event.until),
        "verdict": event.verdict.value if event.verdict else None,
        "resolution": event.resolution.value if event.resolution else None,
        "notice": event.notice,
    }
    if event.told is not None:
        told = event.told
        said["told"] = {"kind": told.kind.value, "to": told.to, "also": told.also, "channel": told.channel}
        said["told"] |= {"way": told.way.value, "not_before": time_json(told.not_before), "news": list(told.news)}
    given = {name: value for name, value in said.items() if value}
    return {"seq": event.seq, "at": time_json(event.at), "kind": event.kind.value, **given}


def route_json(route: Route) -> dict[str, Any]:
    """Who would be told, how and why."""
    after = route.escalates_after
    return {
        "to": route.to,
        "role": route.role.value,
        "channel": route.channel,
        "way": route.way.value,
        "escalates_to": route.escalates_to,
        "escalates_after_seconds": after.total_seconds() if after else None,
        "reasons": list(route.reasons),
    }


def ownership_json(row: Ownership) -> dict[str, Any]:
    """One field of the matrix."""
    return {
        "contract": row.contract,
        "table": row.table,
        "property": row.property,
        "owner": row.owner,
        "owner_of": row.role.value if row.role else None,
        "steward": row.steward,
        "consumers": list(row.consumers),
        "rules": row.checks,
        "slos": row.levels,
        "last": row.state.value if row.state else None,
    }


def silence_json(silence: Silence) -> dict[str, Any]:
    """One silence, its matchers as they are typed."""
    return {
        "id": silence.id,
        "matchers": [matcher_text(matcher) for matcher in silence.matchers],
        "begins": time_json(silence.begins),
        "ends": time_json(silence.ends),
        "by": silence.by,
        "reason": silence.reason,
    }
