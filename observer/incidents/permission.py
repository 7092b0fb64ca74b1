"""Who acts on incidents: what is a name, and whether it may. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

#: No name is longer.
LONGEST_NAME = 200


def person_of(text: str) -> str | None:
    """A username as somebody wrote it; None: it is none."""
    name = text.strip()
    return name if 0 < len(name) <= LONGEST_NAME and name.isprintable() else None


def may_act(username: str, patterns: Iterable[str]) -> bool:
    """Whether any of the patterns (`*@example.com`) is like the username; upper and lower case are the same.

    Nobody acts without a name, whatever the patterns say.
    """
    name = username.strip().casefold()
    return bool(name) and any(fnmatchcase(name, pattern.strip().casefold()) for pattern in patterns)
