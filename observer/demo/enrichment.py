"""How leads come to their e-mails. In: chance, and leads as they come. Out: which e-mails are due, which came too late.

Most people give theirs. A service finds the others, quickly, but for those that come while it is down. What a step
decides holds when the step is kept; one that could not be written is as if it had not been.
"""

from __future__ import annotations

import heapq
import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

#: The service level that late e-mails break, and its deadline: five minutes of the real world on the demo's clock.
FLAGSHIP = "leads-email-30s"
DEADLINE = timedelta(seconds=30)
#: Shares of leads, added up, whose e-mail they give themselves, and whose e-mail comes at all.
GIVEN, EVER = 0.7, 0.999
#: When the service finds one, in deadlines: usually, and of leads that came while it was down.
SOON, LATE = (0.1, 0.5), (2.0, 4.0)
#: Share of the leads that came while it was down whose e-mail is lost.
LOST = 0.1


@dataclass(frozen=True, kw_only=True)
class NewLead:
    """A lead that comes now."""

    key: str
    #: When it gets its e-mail: zero is at once, None never.
    wait: timedelta | None


@dataclass(frozen=True, order=True)
class Waiting:
    """A lead without its e-mail, ordered by when that comes."""

    until: datetime
    key: str
    address: str
    deadline: datetime


class Enrichment:
    """The service, and what it knows. For one thread at a time."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._waiting: list[Waiting] = []
        #: Leads that will come while it is down.
        self._lost: list[str] = []
        self._unmet: set[str] = set()
        # Of the step under way.
        self._came = 0
        self._new: list[Waiting] = []
        self._never: list[str] = []
        self._due: list[Waiting] = []

    @property
    def unmet(self) -> frozenset[str]:
        """Leads that had no e-mail at their deadline, or will have none, as far as that is known."""
        return frozenset(self._unmet)

    @property
    def is_down(self) -> bool:
        return self._came < len(self._lost)

    def go_down(self, leads: int) -> tuple[str, ...]:
        """It is down while so many leads come. Returns their keys."""
        keys = tuple(self._key() for _ in range(leads))
        self._lost += keys
        return keys

    def begin(self) -> None:
        """A step begins. What the one before decided is forgotten, unless it was kept."""
        for waiting in self._due:
            heapq.heappush(self._waiting, waiting)
        self._forget()

    def due(self, now: datetime) -> tuple[Waiting, ...]:
        """E-mails that are to be written now."""
        while self._waiting and self._waiting[0].until <= now:
            self._due.append(heapq.heappop(self._waiting))
        return tuple(self._due)

    def next_lead(self) -> NewLead:
        """Whoever comes next."""
        if self.is_down:
            key = self._lost[self._came]
            self._came += 1
            lost = self._chance.random() < LOST
            return NewLead(key=key, wait=None if lost else self._chance.uniform(*LATE) * DEADLINE)
        chance = self._chance.random()
        if chance < GIVEN:
            return NewLead(key=self._key(), wait=timedelta())
        return NewLead(key=self._key(), wait=self._chance.uniform(*SOON) * DEADLINE if chance < EVER else None)

    def came(self, lead: NewLead, address: str, now: datetime) -> None:
        """A lead was written at `now`."""
        if lead.wait is None:
            self._never.append(lead.key)
        elif lead.wait:
            self._new.append(Waiting(now + lead.wait, lead.key, address, now + DEADLINE))

    def keep(self, now: datetime) -> None:
        """The step of `now` was written."""
        del self._lost[: self._came]
        for waiting in self._new:
            heapq.heappush(self._waiting, waiting)
        self._unmet.update(self._never, (waiting.key for waiting in self._due if now > waiting.deadline))
        self._forget()

    def _forget(self) -> None:
        self._came = 0
        self._new.clear()
        self._never.clear()
        self._due.clear()

    def _key(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
