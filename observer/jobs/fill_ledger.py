"""A look at the rows of one time-to-fill level: what is new, due or late is read, judged, and kept in its ledger."""

from __future__ import annotations

import time
from collections.abc import Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine

from observer.checks.spec import ContractPlan
from observer.errors import EngineError, ObserverError, SourceError
from observer.gx.cohort import PAGE_ROWS, Cohort, CohortViews, Glass, Page
from observer.jobs.declared import Declarations
from observer.runs.leading import Term
from observer.slo.ledger import Look, Position, Range, begin, missing, next_reading, rekeyed, step
from observer.slo.model import Slo, TimeToFill
from observer.sources.source import Source
from observer.store import Store

log = structlog.get_logger("observer")

#: After a long pause there is much to catch up with: a look ends after so long, the next one goes on.
LONGEST_LOOK = timedelta(seconds=20)
_NEVER = datetime.max.replace(tzinfo=UTC)
#: Rows without a usable event time are counted so often: nothing new says which they are.
UNDATABLE_EVERY = timedelta(minutes=15)


class LedgerFiller:
    """Looks at the rows of one level. For one thread at a time."""

    def __init__(
        self,
        slo: Slo,
        indicator: TimeToFill,
        plan: ContractPlan,
        *,
        key_secret: bytes | None,
        rows_at_once: int = PAGE_ROWS,
    ) -> None:
        """`rows_at_once` are written to the state in one transaction.

        Raises InputError: the key is restricted, and there is no secret to make its digests with.
        """
        self._slo = slo
        self._rows_at_once = rows_at_once
        self._indicator = indicator
        self._cohort = Cohort(indicator, plan, key_secret=key_secret)
        self._declarations = Declarations(self._cohort.plan, self._cohort.views_of)
        self._undatable_at: float | None = None
        #: That the ledger's keys are made by our secret was seen to.
        self._is_keyed = False
        #: Why the last look could not even begin; None when it could.
        self.locked_out: ObserverError | None = None

    def count(self, source: Source, store: Store, *, now: datetime, term: Term) -> None:
        """Look once. What is wrong with the source is said in the ledger. Raises StoreError, NotLeading."""
        ledger = store.ledgers.open(self._slo, now=now, term=term)
        self.locked_out = None
        if source.engine is None:
            store.ledgers.say(ledger, trouble="files show no row at its deadline: name a database as source", term=term)
            return
        try:
            declared = self._declarations.of(source, source.engine)
            with self._cohort.open(source.engine, declared.views) as glass:
                trouble = self._look(glass, store, ledger, term)
            # After the look: its instant is held open no longer than it takes.
            undatable = self._undatable(source.engine, declared.views)
        except (SourceError, EngineError) as error:
            self._declarations.forget()
            self.locked_out = error if isinstance(error, SourceError) else None
            trouble, undatable = str(error), None
        store.ledgers.say(ledger, trouble=trouble, undatable=undatable, term=term)

    def unseen(self, error: ObserverError, store: Store, *, now: datetime, term: Term) -> None:
        """Say that a look could not even begin."""
        ledger = store.ledgers.open(self._slo, now=now, term=term)
        store.ledgers.say(ledger, trouble=str(error), undatable=None, term=term)

    def _look(self, glass: Glass, store: Store, ledger: int, term: Term) -> str | None:
        """Why nothing could be judged, or None."""
        if glass.lag > self._indicator.grace:
            return f"the replica is {glass.lag.total_seconds():.0f} s behind: judgement waits until it has caught up"
        position = store.ledgers.position(ledger)
        if position is None:
            position = begin(glass.at, self._indicator)
            store.ledgers.begin(ledger, position, term=term)
        if not self._is_keyed:
            position = self._keyed(store, ledger, position, glass.at, term)
        oldest = store.ledgers.oldest_pending(ledger)
        reading = next_reading(position, self._indicator, oldest_pending=oldest, now=glass.at)
        until = time.monotonic() + LONGEST_LOOK.total_seconds()
        for page in glass.pages(reading.ranges):
            after = self._apply_page(glass, store, ledger, position, page, reading.sweep, term)
            if after is None or time.monotonic() > until:
                break
            position = after
        return None

    def _keyed(self, store: Store, ledger: int, position: Position, at: datetime, term: Term) -> Position:
        """Where the ledger stands, its keys made by the secret of now."""
        was, now = store.ledgers.keyed_by(ledger), self._cohort.keys.fingerprint
        if was != now:
            if position.looked_at is not None:
                waiting = store.ledgers.known(ledger, [Range(after=position.since, upto=_NEVER)], ()).pending
                change = rekeyed(position, waiting.values(), at=at)
                if not store.ledgers.apply(ledger, change, deadline=self._indicator.deadline, term=term):
                    return position
                position = change.now
            store.ledgers.rekey(ledger, now, term=term)
        self._is_keyed = True
        return position

    def _apply_page(
        self, glass: Glass, store: Store, ledger: int, position: Position, page: Page, sweep: Range, term: Term
    ) -> Position | None:
        """Where the ledger stands after the page; None when somebody else has moved it.

        An import may give a million rows one event time, which make one page: no transaction of the state is that long.
        """
        most, last = self._rows_at_once, position
        ends = range(most, len(page.rows), most)
        for end in ends:
            # Of the range nothing is known to be read to its end before the last part.
            part = Look(at=glass.at, until=glass.until, ranges=(), rows=page.rows[end - most : end])
            after = self._apply(glass, store, ledger, last, part, sweep, term)
            if after is None:
                return None
            last = after
        place = ends[-1] if ends else 0
        seen = frozenset(row.key for row in page.rows[:place])
        rest = Look(at=glass.at, until=glass.until, ranges=(page.read,), rows=page.rows[place:])
        return self._apply(glass, store, ledger, last, rest, sweep, term, seen=seen)

    def _apply(
        self,
        glass: Glass,
        store: Store,
        ledger: int,
        position: Position,
        look: Look,
        sweep: Range,
        term: Term,
        *,
        seen: Set[str] = frozenset(),
    ) -> Position | None:
        """Where the ledger stands after the look; None when somebody else has moved it. `seen` are no rows to miss."""
        known = store.ledgers.known(ledger, look.ranges, [row.key for row in look.rows])
        pending = {key: row for key, row in known.pending.items() if key not in seen}
        # Rows whose event time has moved are still seen before their deadline, and at it.
        elsewhere = missing(look, pending)
        if elsewhere:
            look = replace(look, rows=(*look.rows, *glass.rows_of(elsewhere)))
        # What a history says of rows that are decided already is asked no more.
        undecided = [row for row in look.rows if row.key not in known.decided]
        look = replace(look, rows=glass.with_histories(undecided))
        change = step(position, self._indicator, look, sweep=sweep, pending=pending, known=known.decided)
        return change.now if store.ledgers.apply(ledger, change, deadline=self._indicator.deadline, term=term) else None

    def _undatable(self, engine: Engine, views: CohortViews) -> int | None:
        """How many rows have no usable event time; None when it is not their turn, or they cannot be counted."""
        passed = None if self._undatable_at is None else time.monotonic() - self._undatable_at
        if passed is not None and passed < UNDATABLE_EVERY.total_seconds():
            return None
        self._undatable_at = time.monotonic()
        try:
            with self._cohort.open(engine, views) as glass:
                return glass.undatable()
        except EngineError as error:
            # The whole table may have to be read for it, and that may take too long; what can be dated is judged.
            log.warning("undatable_not_counted", slo=self._slo.name, reason=str(error))
            return None
