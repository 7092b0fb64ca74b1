"""What a table with one row per change says of a field at a deadline: P is asked of the value that each change gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from observer.gx import dialect_words as words
from observer.gx.cohort_plan import ChangesPlan
from observer.gx.cohort_rows import Columns
from observer.gx.key_values import among_texts
from observer.gx.kinds import Kind
from observer.slo.histories import Change, by_changes
from observer.slo.keys import text_of
from observer.slo.ledger import SeenRow

#: Keys that are asked for at once.
KEYS_AT_ONCE = 500
Ask = Callable[[sa.Select[Any]], Sequence[Any]]


class CohortChanges:
    """The changes of one level's field. Raises CannotSay: they cannot be read."""

    def __init__(self, plan: ChangesPlan, columns: Columns, types: Mapping[str, str], deadline: timedelta) -> None:
        """`types`: how the source declares the columns."""
        self._plan, self._columns, self._types, self._deadline = plan, columns, types, deadline
        self._changed = columns.first_of([plan.changed_at], "changed")
        self._holds = columns.holds(plan.checks)

    def told(self, rows: Sequence[SeenRow], texts: Mapping[str, str], ask: Ask) -> tuple[SeenRow, ...]:
        """The rows with their histories, all of which are asked for. `texts`: key as kept → its text."""
        changes: dict[str, list[Change]] = {}
        wanted = [texts[row.key] for row in rows]
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            query = self._of(wanted[start : start + KEYS_AT_ONCE])
            for key, moment, holds in ask(query) if query is not None else ():
                at = None if moment is None else self._changed.columns[0].instant(moment)
                changes.setdefault(text_of(key), []).append(Change(at=at, holds=bool(holds)))
        return tuple(
            replace(
                row,
                history=by_changes(changes.get(text, ()), row.event_at + self._deadline, holds_now=row.holds),
            )
            for row, text in zip(rows, wanted, strict=True)
        )

    def _of(self, texts: Sequence[str]) -> sa.Select[Any] | None:
        plan, columns = self._plan, self._columns
        keys = among_texts(
            columns.stored.c[plan.key], texts, columns.kinds[plan.key], self._types[plan.key], columns.dialect
        )
        if keys is None:
            return None
        field = columns.exposed.columns[plan.field]
        if columns.kinds[plan.field] is not Kind.TEXT:
            field = words.as_text(field, columns.dialect)
        (moment,) = self._changed.shown()
        shown = {"change key": columns.stored.c[plan.key], "change at": moment}
        batch = columns.select(shown, plan.checks, [keys, field == sa.literal(plan.field_name)])
        return sa.select(*(batch.c[name] for name in shown), self._holds).select_from(batch)
