"""Slots: the times at which a contract is due. One slot, one run.

Flows in: a schedule's times, what is known already, and the time now. Flows out: which slots to add as due, which as
missed and why. The store refuses a slot that is there already; nothing here needs to be remembered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: `next_after(t)` → the first slot after `t`, aware UTC; None when there is none.
NextAfter = Callable[[datetime], datetime | None]
#: What was due longer ago is not even counted: after a year of absence nobody wants to know each minute of it.
LONGEST_LOOK_BACK = timedelta(days=31)
#: After a long absence no more missed slots than this are recorded one by one; `SlotPlan.left_out` counts the rest.
MOST_MISSED = 500

#: No two clocks are so far apart that are both right.
FAR_AHEAD = timedelta(hours=1)


class SlotState(StrEnum):
    """DUE waits for a worker; RUNNING has one; DONE has a run; MISSED never will, and `reason` says why."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    MISSED = "missed"


class Trigger(StrEnum):
    """Who asked for a run."""

    SCHEDULE = "schedule"
    HAND = "hand"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One due time of one contract, as the store knows it. All times aware, UTC."""

    contract: str
    #: The time of the schedule, without jitter; for a run by hand, when it was asked for.
    scheduled_for: datetime
    trigger: Trigger
    state: SlotState
    #: Not before this: `scheduled_for` and the contract's own share of jitter.
    due_at: datetime
    #: How often a worker has taken it.
    attempt: int = 0
    #: Id of the run of the latest attempt; whoever does not hold it may not finish the slot.
    run_id: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    #: Why it was missed, or handed back.
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewSlot:
    """A slot to be added: as due, or as missed when it has a reason."""

    contract: str
    scheduled_for: datetime
    due_at: datetime
    trigger: Trigger = Trigger.SCHEDULE
    missed: str | None = None


@dataclass(frozen=True, kw_only=True)
class SlotPlan:
    """What to add, in order of time."""

    slots: tuple[NewSlot, ...] = ()
    #: Missed slots beyond those worth a record each.
    left_out: int = 0


def jitter_of(contract: str, most: timedelta) -> timedelta:
    """The contract's own delay, 0 ≤ delay < `most`: the same in every daemon, spread evenly over contracts."""
    share = int.from_bytes(hashlib.sha256(contract.encode()).digest()[:8], "big") / 2**64
    return most * share


def plan_slots(
    contract: str, next_after: NextAfter, *, known_until: datetime, now: datetime, jitter: timedelta, catch_up: int
) -> SlotPlan:
    """The slots after `known_until` up to `now`: the newest `1 + catch_up` are due, older ones are missed.

    `known_until` is the newest slot that the store holds, or the time from which the contract is watched. A clock that
    stepped back (`now` < `known_until`) gives nothing until it has caught up.
    """
    times: list[datetime] = []
    left_out = 0
    at = next_after(max(known_until, now - LONGEST_LOOK_BACK))
    while at is not None and at <= now:
        times.append(at)
        if len(times) > 1 + catch_up + MOST_MISSED:
            times.pop(0)
            left_out += 1
        at = next_after(at)
    delay = jitter_of(contract, jitter)
    first_due = len(times) - 1 - catch_up
    return SlotPlan(
        slots=tuple(
            NewSlot(
                contract=contract,
                scheduled_for=time,
                due_at=time + delay,
                missed="no daemon was there to run it" if place < first_due else None,
            )
            for place, time in enumerate(times)
        ),
        left_out=left_out,
    )


def has_come(slot: Slot, now: datetime) -> bool:
    """Whether a slot that is DUE may be run now: a hand does not wait, whatever its clock showed.

    A slot far ahead was written by a clock that has stepped back since; it is run rather than waited for.
    """
    return slot.trigger is Trigger.HAND or slot.due_at <= now or slot.scheduled_for > now + FAR_AHEAD


def superseded(due: Sequence[Slot], catch_up: int) -> tuple[Slot, ...]:
    """Of one contract's due slots, those that later ones make pointless: scheduled ones but the newest `1 + catch_up`.

    What a hand asked for is never dropped.
    """
    scheduled = sorted((s for s in due if s.trigger is Trigger.SCHEDULE), key=lambda s: s.scheduled_for)
    return tuple(scheduled[: max(0, len(scheduled) - 1 - catch_up)])
