"""Ids of checks, suites and contracts as names of files: safe on every file system, different for different ids."""

from __future__ import annotations

import hashlib
import re

#: Longest readable part of a file name; with the digest it stays below every file system's 255 bytes.
LONGEST_NAME = 120
_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
#: What `file_name` ever gives, but for the ending; "~" separates name and digest and occurs in no clean name.
PATTERN = r"[a-z0-9_-][a-z0-9._-]*(~[0-9a-f]{16})?"


def file_name(name: str, ending: str = "") -> str:
    """A safe file name for any text, different for different texts, also where file names ignore case.

    A clean text keeps its name; any other is made clean and followed by `~` and a digest of it.
    """
    clean = re.sub(r"[^a-z0-9._-]+", "-", name.lower())[:LONGEST_NAME].lstrip(".") or "unnamed"
    if clean == name and not _RESERVED_ON_WINDOWS.fullmatch(clean):
        return f"{clean}{ending}"
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    safe = f"_{clean}" if _RESERVED_ON_WINDOWS.fullmatch(clean) else clean
    return f"{safe}~{digest}{ending}"
