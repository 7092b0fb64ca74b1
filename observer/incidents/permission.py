"""Who may act on incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def may_act(username: str, patterns: Iterable[str]) -> bool:
    """Whether any of the patterns (`*@example.com`) is like the username; upper and lower case are the same.

    Nobody acts without a name, whatever the patterns say.
    """
    name = username.strip().casefold()
    return bool(name) and any(fnmatchcase(name, pattern.strip().casefold()) for pattern in patterns)
