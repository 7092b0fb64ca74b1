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
    """Rows whose move is illegal, and new rows that began elsewhere than they may. Tested: the live rows.

    Several legal moves within the interval are legal. A value that is no state may be mended into any state. A row
    without a state (null, a placeholder) begins later; one that loses its state has moved illegally. A new row began
    in the state in which it is seen first, unless its update time says that it was written again after its event time.
    """

    column: str
    machine: StateMachine
    placeholders: tuple[str, ...] = ()

    def is_legal(self, before: str | None, after: str | None) -> bool:
        """Whether a row that was in `before` may be in `after` now; None is no state."""
        return (before is not None and before not in self.machine.states) or after in self.legal_after(before)

    def legal_after(self, before: str | None) -> frozenset[str | None]:
        """Where a row that was in `before`, a state or none, may be now."""
        machine = self.machine
        return frozenset({before, *machine.reachable_from(machine.initial if before is None else [before])})

    def may_begin_in(self, state: str | None, *, written_since: bool) -> bool:
        """Whether a row that was not there before may be in `state`: as it was made, or moved on from there since."""
        machine = self.machine
        return state is None or state in (machine.reachable_from(machine.initial) if written_since else machine.initial)


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
