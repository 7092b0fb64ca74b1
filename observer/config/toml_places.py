"""Where a key stands in a TOML file: text in, lines and columns out. `tomllib` checks the file but keeps no places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\\]*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE = re.compile(rf"\s*\[\s*({_DOTTED})\s*\]\s*(?:#.*)?")
_ENTRY = re.compile(rf"\s*({_DOTTED})\s*=")
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")

Place = tuple[int, int]


def key_places(text: str) -> Mapping[tuple[str, ...], Place]:
    """Key with the keys above it → 1-based line and column; tables too. Empty where texts of several lines may be."""
    if '"""' in text or "'''" in text:
        return {}
    return dict(_keys(text))


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], Place]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.fullmatch(line):
            table = _parts(header[1])
            yield table, (number, header.start(1) + 1)
        elif entry := _ENTRY.match(line):
            yield (*table, *_parts(entry[1])), (number, entry.start(1) + 1)


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))


def syntax_problem(message: str) -> tuple[str, Place]:
    """What `tomllib` says of a broken file → its words and the place, (0, 0) when it names none."""
    if "recursion" in message or "integer string" in message:
        return "a number or a nesting is beyond measure", (0, 0)
    found = _AT.search(message)
    place = (int(found[1]), int(found[2])) if found else (0, 0)
    return _AT.sub("", message).strip().rstrip("."), place
