"""Ids of runs: UUIDv7, so that they sort by time and are what OpenLineage asks for."""

from __future__ import annotations

from openlineage.client.uuid import generate_new_uuid


def new_run_id() -> str:
    """One that nobody else has."""
    return str(generate_new_uuid())
