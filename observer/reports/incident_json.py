"""Incidents, routes and owners → JSON for programs. Times are ISO 8601 in UTC, spans are seconds, unknown is null."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from observer.incidents.brief import Brief, Point
from observer.incidents.events import IncidentEvent
from observer.incidents.findings import Finding
from observer.incidents.policy import Silence
from observer.incidents.routing import Ownership, Route
from observer.reports.incident_words import matcher_text
from observer.reports.slo_json import time_json


def incident_json(brief: Brief, log: Iterable[IncidentEvent]) -> dict[str, Any]:
    """One incident at length."""
    return {
        "id": brief.id,
        "title": brief.title,
        "contract": brief.group.contract or None,
        "table": brief.group.table or None,
        "owner": brief.group.owner or None,
        "status": brief.status.value,
        "grade": brief.grade.value,
        "begins": time_json(brief.begins),
        "lasted_seconds": brief.lasted.total_seconds(),
        "reopenings": brief.reopenings,
        "acknowledged_by": brief.acknowledged_by or None,
        "snoozed_until": time_json(brief.snoozed_until),
        "said_fixed_by": brief.said_fixed_by or None,
        "resolved_at": time_json(brief.resolved_at),
        "resolution": brief.resolution.value if brief.resolution else None,
        "told": {"to": list(brief.to), "also": brief.also, "channel": brief.channel, "reasons": list(brief.reasons)},
        "findings": [_point_json(point) for point in brief.points],
        "more_findings": brief.more,
        "going_on": brief.going_on,
        "muted": brief.muted,
        "hidden": brief.hidden,
        "consumers": list(brief.consumers),
        "budgets": list(brief.budgets),
        "links": {"incident": brief.links.incident, "table": brief.links.table, "run": brief.links.run},
        "acts": [act.value for act in brief.acts],
        "log": [_event_json(event) for event in sorted(log, key=lambda event: event.seq)],
    }


def _point_json(point: Point) -> dict[str, Any]:
    return {
        **_finding_json(point.finding),
        "since": time_json(point.since),
        "seen_at": time_json(point.seen_at),
        "over": point.is_over,
        "muted": point.mute.value if point.mute else None,
        "segment": point.proof.segment,
        "records": [{"key": key.text, "url": key.url} for key in point.proof.keys],
        "run": point.proof.run_id,
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "fingerprint": finding.fingerprint,
        "source": finding.source.value,
        "grade": finding.grade.value,
        "contract": finding.contract,
        "table": finding.table,
        "property": finding.property,
        "subject": finding.subject,
        "statement": finding.statement,
        "observed": finding.observed,
        "expected": finding.expected,
        "rows_failed": finding.rows_failed,
        "rows_tested": finding.rows_tested,
        "budget_left": finding.budget_left,
    }


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
