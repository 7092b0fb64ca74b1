"""The kinds of rule that need two snapshots: what is seen between an earlier and the present copy of a table.

Great Expectations never hears of them. Columns are physical names. To add a kind: a dataclass here, a planner line in
`changes.py`, a question in `snapshots/compare.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from observer.contracts.states import StateMachine


@dataclass(frozen=True, kw_only=True)
class DeletedRows:
    """Rows that are gone, or soft-deleted. Tested: the earlier live rows."""


@dataclass(frozen=True, kw_only=True)
class ChangedRows:
    """Rows of which any contracted column differs. Tested: the rows that were live then and are live now."""


@dataclass(frozen=True, kw_only=True)
class InvalidWrites:
    """Rows that fail at least one of the `checks`. Tested: live rows that are new or changed."""

    #: Ids of the row-level checks of severity error.
    checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RowCountChange:
    """By how much the number of live rows grew or shrank: in percent, or in rows when the threshold counts rows."""


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Rows whose move is illegal. Tested: the live rows. A row that has no state (null, a placeholder) begins later.

    Several legal moves within the interval are legal. A value that is no state may be mended into any state.
    """

    column: str
    machine: StateMachine
    placeholders: tuple[str, ...] = ()

    def is_legal(self, before: str | None, after: str | None) -> bool:
        """Whether a row may be in `after`, having been in `before`; None is no state."""
        if before == after:
            return True
        if before is None:
            return after in self.machine.initial
        return before not in self.machine.states or after in self.machine.reachable_from([before])

    def may_have_become(self, state: str | None) -> bool:
        """Whether a new row that was written again since it was made may be in this state."""
        return state is None or state in self.machine.reachable_from(self.machine.initial)


@dataclass(frozen=True, kw_only=True)
class SchemaDrift:
    """Columns, of the contract or not, that were removed or whose type or nullability changed. Added ones are named."""


@dataclass(frozen=True, kw_only=True)
class NewValues:
    """Rows with an illegal value that no row had before. Tested: rows with a value."""

    column: str
    #: Ids of the checks that say which values are allowed.
    checks: tuple[str, ...]


ChangeRule = DeletedRows | ChangedRows | InvalidWrites | RowCountChange | Transitions | SchemaDrift | NewValues
