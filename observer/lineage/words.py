"""Words that every event has in common."""

from __future__ import annotations

#: Who made the event: an identifier that the specification wants as a URI. Nothing is fetched from there.
PRODUCER = "https://github.com/crm-observer/crm-observer"
RECEIVER = "lineage"
