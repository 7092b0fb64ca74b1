"""What a form sent, as text. In: a request. Out: its fields, each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from observer.web.problems import Refusal

_MOST_FIELDS = 20
_KIND = "application/x-www-form-urlencoded"


async def _fields(request: Request) -> dict[str, str]:
    """Raises Refusal: it is no form of ours."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise Refusal(415, "this takes a form", fix="use the form on its page")
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


#: For endpoints: name of the field → what it holds; of a field that is there twice the last.
Fields = Annotated[Mapping[str, str], Depends(_fields)]
