"""What it is to ask a database: a query goes in, rows come out, and an error is said without any value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from observer.gx.dialect_words import CannotSay

#: All rows of a query, read to their end.
Fetch = Callable[[sa.Executable], Sequence[sa.Row[Any]]]


#: Errors that speak of the query, by their driver's class; all others may quote what rows hold.
_OF_THE_QUERY = frozenset(
    {
        *("BinderException", "CatalogException", "ParserException", "SyntaxException", "PermissionException"),
        *("UndefinedColumn", "UndefinedTable", "UndefinedFunction", "SyntaxError", "InsufficientPrivilege"),
        *("GroupingError", "QueryCanceled", "InvalidRegularExpression", "MetricResolutionError", "MetricProviderError"),
    }
)
#: No such column, table or function; no right to it; not SQL; out of time.
_MYSQL_OF_THE_QUERY = frozenset({1054, 1146, 1305, 1142, 1143, 1064, 1317, 1969, 3024})
#: The two of them that say so of the statement's time.
_MYSQL_OUT_OF_TIME = frozenset({1969, 3024})
_OUT_OF_TIME = "a statement ran longer than the statement timeout: look for a lock, or for load"


def reason(error: Exception) -> str:
    """What the database said, in one line and without any value: whatever it quotes is blanked."""
    origin: BaseException = error
    while (
        not isinstance(origin, CannotSay) and (inner := getattr(origin, "orig", None) or origin.__cause__) is not None
    ):
        origin = inner
    if isinstance(origin, CannotSay):
        return str(origin)
    code, text = _said(origin)
    if code in _MYSQL_OUT_OF_TIME or (type(origin).__name__ == "QueryCanceled" and "statement timeout" in text):
        return _OUT_OF_TIME
    if type(origin).__name__ not in _OF_THE_QUERY and code not in _MYSQL_OF_THE_QUERY:
        # A value may hold quotes and line breaks of its own, and a number stands without any.
        kept = re.split(r"['\"`(\[]|\b[0-9]", text.strip(), maxsplit=1)[0]
        cut = len(kept) < len(text.strip())
        return f"{kept.rstrip(' :;,=-') or type(origin).__name__}{' …' if cut else ''}"
    line = next((line for line in text.splitlines() if line.strip()), type(origin).__name__)
    return re.sub(r"'[^']*'|\"[^\"]*\"", "…", line).strip()


def _said(error: BaseException) -> tuple[object, str]:
    """MySQL's drivers say a number and a text; the others a text."""
    if len(error.args) == 2 and isinstance(error.args[0], int):
        return error.args[0], str(error.args[1])
    return None, str(error)
