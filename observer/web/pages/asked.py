"""What addresses of content pages may hold, what their templates call, and what is said where there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Path, Query

from observer.reports.sentences import SIGNS
from observer.web.archive import Archive, WatchedContract
from observer.web.problems import Refusal
from observer.web.views.spans import DAYS, days_text, sampled_text

#: No id is longer; none holds a NUL, which databases refuse.
_MOST_LETTERS, _TEXT = 500, r"^[^\x00]*$"

Name = Annotated[str, Path(max_length=_MOST_LETTERS, pattern=_TEXT)]
Word = Annotated[str, Query(max_length=_MOST_LETTERS, pattern=_TEXT)]
#: How far back a page looks.
Days = Annotated[Literal["1", "7", "30", "90"], Query()]
#: Names that templates of content know beside those of every page.
DRAWN: Mapping[str, Any] = {"signs": SIGNS, "days_text": days_text, "sampled_text": sampled_text, "offered": DAYS}
RunsShown = Annotated[int, Query(ge=1, le=500)]


def contract_of(archive: Archive, id: str) -> WatchedContract:
    """Raises Refusal: nobody watches it."""
    found = archive.contract(id)
    if found is None:
        raise Refusal(404, "no contract of that id is watched", fix="choose one from the overview")
    return found
