"""State machines of the contract: which states a row may be in, and which moves are legal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Transition:
    """From one state to those that may follow it."""

    source: str
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StateMachine:
    """`customProperties.stateMachine`: which states exist and which moves are legal."""

    initial: tuple[str, ...]
    terminal: tuple[str, ...]
    transitions: tuple[Transition, ...]
    path: Path = ()

    @property
    def states(self) -> tuple[str, ...]:
        """Every state that is named anywhere, in order of first mention."""
        named = [*self.initial]
        for move in self.transitions:
            named += [move.source, *move.targets]
        return tuple(dict.fromkeys([*named, *self.terminal]))

    def reachable_from(self, states: Iterable[str]) -> frozenset[str]:
        """These states and all that any number of legal moves leads to."""
        reached = set(states)
        todo = list(reached)
        while todo:
            state = todo.pop()
            following = {t for move in self.transitions if move.source == state for t in move.targets}
            todo += following - reached
            reached |= following
        return frozenset(reached)
