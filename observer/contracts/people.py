"""Who answers for a contract, and where they are reached. Frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TeamMember:
    username: str
    role: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class SupportChannel:
    channel: str
    tool: str = ""
    scope: str = ""
    url: str = ""
