"""An incident as a JSON document: Brief → what `docs/incident.schema.json` describes. Pure.

The document grows by new keys only; when one is renamed or removed, `schema` becomes 2. Times are RFC 3339 in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from observer.incidents.brief import Brief, Point

SCHEMA = 1


def document_of(brief: Brief, key: str) -> dict[str, Any]:
    """`key` is that of the notice, the same in every attempt to deliver it."""
    return {
        "schema": SCHEMA,
        "key": key,
        "kind": brief.kind.value if brief.kind else None,
        "incident": {
            "id": brief.id,
            "title": brief.title,
            "contract": brief.group.contract or None,
            "table": brief.group.table or None,
            "owner": brief.group.owner or None,
            "status": brief.status.value,
            "grade": brief.grade.value,
            "begins": _time(brief.begins),
            "reopenings": brief.reopenings,
            "acknowledged_by": brief.acknowledged_by or None,
            "snoozed_until": _time(brief.snoozed_until),
            "snoozed_by": brief.snoozed_by or None,
            "said_fixed_by": brief.said_fixed_by or None,
            "resolved_at": _time(brief.resolved_at),
            "resolution": brief.resolution.value if brief.resolution else None,
            "lasted_seconds": int(brief.lasted.total_seconds()),
        },
        "told": {
            "way": brief.way.value if brief.way else None,
            "to": list(brief.to),
            "also": brief.also,
            "channel": brief.channel,
            "news": list(brief.news),
            "reasons": list(brief.reasons),
        },
        "findings": [_finding(point) for point in brief.points],
        "more": brief.more,
        "going_on": brief.going_on,
        "muted": brief.muted,
        "hidden": brief.hidden,
        "consumers": list(brief.consumers),
        "budgets": list(brief.budgets),
        "links": {"incident": brief.links.incident, "run": brief.links.run, "table": brief.links.table},
    }


def _finding(point: Point) -> dict[str, Any]:
    found = point.finding
    return {
        "fingerprint": found.fingerprint,
        "source": found.source.value,
        "grade": found.grade.value,
        "contract": found.contract,
        "table": found.table,
        "property": found.property,
        "subject": found.subject,
        "statement": found.statement,
        "expected": found.expected or None,
        "observed": found.observed or None,
        "rows_failed": found.rows_failed,
        "rows_tested": found.rows_tested,
        "budget_left": found.budget_left,
        "restricted": found.restricted,
        "since": _time(point.since),
        "seen_at": _time(point.seen_at),
        "over": point.is_over,
        "mute": point.mute.value if point.mute else None,
        "run": point.proof.run_id,
        "segment": point.proof.segment,
        "keys": [{"text": key.text, "url": key.url} for key in point.proof.keys],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
