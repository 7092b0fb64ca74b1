"""The ledgers of service levels. In: what looks decided, what runs, glances and slots say. Out: how much was counted.

Guarantee: a record and a sample count once, whatever is written again; records, buckets and totals change in one
transaction, and only for whoever leads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Integer, Select, and_, func, literal, select, update

from observer.runs.leading import Term
from observer.slo.budget import Counts
from observer.slo.counting import Bucket, Sample
from observer.slo.ledger import Decided, Pending, Position, Range, Step
from observer.slo.model import Indicator, Slo
from observer.slo.standing import LedgerStanding, OpenAlert
from observer.slo.verdicts import State
from observer.slo.windows import MINUTE, floor
from observer.store import slo_tables as t
from observer.store.database import Database, insertion
from observer.store.evidence import storable_text
from observer.store.given import among, given
from observer.store.rows import AnyRow
from observer.store.slo_alerts import open_alerts_of
from observer.store.slo_buckets import PART, add_counts, course_since, merge_some, slices_since, sums_since
from observer.store.slo_records import (
    Known,
    end_pending,
    keep_pending,
    keep_records,
    known_rows,
    newest_records,
    one_record,
)
from observer.store.slo_revisions import Revision, begin_revision, ledger_in_force, revisions_of
from observer.store.slo_rows import NUMBERS, counts_of, first_minute, hour_of, minute_of, position_of, stored_key
from observer.store.slo_samples import Samples, samples_since

#: Samples that are counted in one transaction.
_BATCH = 5_000
#: Buckets are kept so much longer than records: a course of a year can still be drawn.
BUCKETS_KEPT = timedelta(days=400)
#: Records are kept at least so long before the place up to which rows were looked for.
_SLACK = timedelta(days=1)

_Keyed = TypeVar("_Keyed", Decided, Sample)


class Ledgers:
    """What was counted for each service level. A ledger is known by its number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, slo: Slo, *, now: datetime, term: Term) -> int:
        """The ledger of an SLO; made when its indicator is new, with a new revision when its objective is.

        Reads only, when nothing changed. Raises NotLeading.
        """
        with self._database.transaction() as connection:
            ledger = ledger_in_force(connection, slo)
        if ledger is not None:
            return ledger
        with self._database.transaction(writes=True, term=term) as connection:
            return begin_revision(connection, slo, now)

    def revisions(self, slo: str) -> tuple[Revision, ...]:
        """Its objectives, the oldest first; the last is in force."""
        with self._database.transaction() as connection:
            return revisions_of(connection, slo)

    def abandoned(self, slos: Sequence[Slo]) -> tuple[int, ...]:
        """Ledgers in which none of these counts any more: the indicator has changed, or the SLO is gone."""
        le, used = t.slo_ledgers.c, {(slo.name, slo.counted) for slo in slos}
        with self._database.transaction() as connection:
            rows = connection.execute(select(le.id, le.slo, le.counted).order_by(le.id))
            return tuple(row.id for row in rows if (row.slo, row.counted) not in used)

    def position(self, ledger: int) -> Position | None:
        """Where it stands; None before `begin`."""
        with self._database.transaction() as connection:
            return position_of(connection.execute(_row(ledger)).one())

    def begin(self, ledger: int, position: Position, *, term: Term) -> None:
        """Let it begin here; one that began already stays where it is. Raises NotLeading."""
        made = update(t.slo_ledgers).where(t.slo_ledgers.c.id == ledger, t.slo_ledgers.c.since.is_(None))
        with self._database.transaction(writes=True, term=term) as connection:
            connection.execute(made.values(_position_values(position)))

    def keyed_by(self, ledger: int) -> str | None:
        """The fingerprint of the secret by which its keys are digests; None where they are none, or it is new."""
        with self._database.transaction() as connection:
            known: str | None = connection.execute(_row(ledger)).one().keyed_by
            return known

    def rekey(self, ledger: int, fingerprint: str | None, *, term: Term) -> None:
        """From now on its keys are digests by this secret. Raises NotLeading."""
        with self._database.transaction(writes=True, term=term) as connection:
            keyed = update(t.slo_ledgers).where(t.slo_ledgers.c.id == ledger).values(keyed_by=fingerprint)
            connection.execute(keyed)

    def oldest_pending(self, ledger: int) -> datetime | None:
        """The earliest event time among its pending rows; None when there are none."""
        p = t.slo_pending.c
        query = select(p.event_at).where(p.ledger_id == ledger).order_by(p.event_at).limit(1)
        with self._database.transaction() as connection:
            oldest: datetime | None = connection.execute(query).scalar()
            return oldest

    def known(self, ledger: int, ranges: Sequence[Range], keys: Collection[str]) -> Known:
        """Pending rows of these event times or keys, and those of the keys that were decided before."""
        with self._database.transaction(one_instant=True) as connection:
            return known_rows(connection, ledger, ranges, keys)

    def apply(self, ledger: int, step: Step, *, deadline: timedelta, term: Term) -> bool:
        """Write what a look changes, as a whole; a record counts in the minute of its deadline.

        False, and nothing is written, when the ledger is no longer where the step begins. Raises NotLeading.
        """
        decided = _first_by_key(step.decided)
        pending = {key: row for row in step.pending if (key := stored_key(row.key)) not in decided}
        with self._database.transaction(writes=True, term=term) as connection:
            row = connection.execute(_row(ledger).with_for_update()).one()
            if position_of(row) != step.was:
                return False
            waiting = row.pending
            if decided:
                ended = end_pending(connection, ledger, list(decided))
                waiting -= len(ended)
                if row.forgotten_to is not None:
                    decided = {k: r for k, r in decided.items() if r.event_at >= row.forgotten_to or k in ended}
            if pending:
                waiting += keep_pending(connection, ledger, pending)
            kept = keep_records(connection, ledger, decided) if decided else ()
            cases = Counter((minute_of(decided[key].event_at + deadline), decided[key].state) for key in kept)
            by_minute: dict[int, Counts] = {}
            for (minute, state), number in cases.items():
                by_minute[minute] = by_minute.get(minute, Counts()) + Counts(**{state.value: number})
            add_counts(connection, ledger, by_minute)
            moved = _position_values(step.now)
            _change(connection, row, sum(by_minute.values(), Counts()), pending=waiting, **moved)
        return True

    def count(self, ledger: int, samples: Sequence[Sample], *, now: datetime, term: Term) -> int:
        """Count those that were not counted yet, each in its minute; says how many. Raises NotLeading.

        What was counted before is only read. One from before what was forgotten is not counted again.
        """
        by_key = _first_by_key(samples)
        with self._database.transaction() as connection:
            forgotten_to = connection.execute(_row(ledger)).one().forgotten_to
            known = _counted(connection, ledger, list(by_key))
        fresh = [
            key
            for key, sample in by_key.items()
            if key not in known and (forgotten_to is None or sample.at >= forgotten_to)
        ]
        added = 0
        for place in range(0, len(fresh), _BATCH):
            some = {key: by_key[key] for key in fresh[place : place + _BATCH]}
            with self._database.transaction(writes=True, term=term) as connection:
                added += _count(connection, ledger, some, now)
        return added

    def say(
        self,
        ledger: int,
        *,
        trouble: str | None,
        undatable: int | None = None,
        looked_at: datetime | None = None,
        term: Term,
    ) -> None:
        """Why nothing can be counted now, or None when it can; `undatable` and `looked_at` stay when they are None.

        Reads only, when that is known already. Raises NotLeading.
        """
        said: dict[str, Any] = {"trouble": None if trouble is None else storable_text(trouble)}
        said |= {} if undatable is None else {"undatable": undatable}
        said |= {} if looked_at is None else {"counted_at": looked_at}
        with self._database.transaction() as connection:
            known = connection.execute(_row(ledger)).one()._mapping
        if any(known[name] != value for name, value in said.items()):
            with self._database.transaction(writes=True, term=term) as connection:
                connection.execute(update(t.slo_ledgers).where(t.slo_ledgers.c.id == ledger).values(said))

    def samples(self, indicator: Indicator, since: datetime) -> Samples:
        """What runs, glances and slots say since then of any level but time-to-fill."""
        with self._database.transaction() as connection:
            return samples_since(connection, indicator, since)

    def counts_since(self, ledger: int, begins: Sequence[datetime]) -> tuple[Counts, ...]:
        """What was counted from each of these times on; of a bucket in which one lies, nothing."""
        with self._database.transaction() as connection:
            return sums_since(connection, ledger, begins)

    def counts_of_all(self, wanted: Mapping[int, Sequence[datetime]]) -> Mapping[int, tuple[Counts, ...]]:
        """The same for many ledgers, as of one instant."""
        with self._database.transaction(one_instant=True) as connection:
            return {ledger: sums_since(connection, ledger, begins) for ledger, begins in wanted.items()}

    def course(self, ledger: int, since: datetime) -> tuple[Bucket, ...]:
        """Buckets from there on in which anything was counted, the oldest first."""
        with self._database.transaction() as connection:
            return course_since(connection, ledger, since)

    def slices(self, ledger: int, begins: Sequence[datetime], width: timedelta) -> tuple[Bucket, ...]:
        """The same from the first of these times on, merged within slices but not over any of the times."""
        with self._database.transaction() as connection:
            return slices_since(connection, ledger, begins, width)

    def standings(self, slos: Sequence[Slo]) -> Mapping[str, LedgerStanding]:
        """How those stand that were opened, by name; all as of one instant."""
        names = [slo.name for slo in slos]
        le, rv = t.slo_ledgers, t.slo_revisions
        with self._database.transaction(one_instant=True) as connection:
            found = connection.execute(select(le).where(among(connection, le.c.slo, names)))
            ledgers = {(row.slo, row.counted): row for row in found}
            some = among(connection, rv.c.slo, names)
            query = select(rv.c.slo, rv.c.revision, rv.c.since).where(some).order_by(rv.c.id)
            since = {(row.slo, row.revision): row.since for row in connection.execute(query)}
            alerts = open_alerts_of(connection, names)
        standings = {}
        for slo in slos:
            ledger, begins = ledgers.get((slo.name, slo.counted)), since.get((slo.name, slo.revision))
            if ledger is not None and begins is not None:
                standings[slo.name] = _standing(ledger, begins, alerts=alerts.get(slo.name, ()))
        return standings

    def records(
        self, ledger: int, *, states: Collection[State], since: datetime | None = None, limit: int = 100
    ) -> tuple[Decided, ...]:
        """Decided records of these states with an event time of `since` or later, the newest first."""
        with self._database.transaction() as connection:
            return newest_records(connection, ledger, states, since=since, limit=limit)

    def record(self, ledger: int, key: str) -> Decided | Pending | None:
        """What is known of one row; None when it was never seen, or was forgotten."""
        with self._database.transaction() as connection:
            return one_record(connection, ledger, key)

    def roll_up(self, ledger: int, *, before: datetime, grain: timedelta, term: Term) -> int:
        """Merge buckets that are over before that time into those of `grain` (whole minutes); says how many.

        Sums that begin at a multiple of `grain` stay what they are. Raises NotLeading.
        """
        border, width = minute_of(floor(before, grain)), grain // MINUTE
        merged = 0
        while True:
            with self._database.transaction(writes=True, term=term) as connection:
                connection.execute(_row(ledger).with_for_update())
                some = merge_some(connection, ledger, before=border, width=width)
            merged += some
            if some < PART:
                return merged

    def forget(self, ledger: int, *, before: datetime, buckets_before: datetime | None = None, term: Term) -> int:
        """Remove samples, and whole hours of records, of an earlier (event) time, and older buckets; never totals.

        Says how many records and samples that were. Rows that come again count no second time. What looks have not
        come to yet stays. Raises NotLeading.
        """
        with self._database.transaction(writes=True, term=term) as connection:
            row = connection.execute(_row(ledger).with_for_update()).one()
            looked_for = _looked_for(connection, row)
            if looked_for is None:
                return 0
            before = min(before, looked_for)
            before = before if row.forgotten_to is None else max(before, row.forgotten_to)
            connection.execute(update(t.slo_ledgers).where(t.slo_ledgers.c.id == ledger).values(forgotten_to=before))
        r, s, b = t.slo_records, t.slo_samples, t.slo_buckets
        oldest = first_minute(before - BUCKETS_KEPT if buckets_before is None else buckets_before)
        delete_old = self._database.delete_in_parts
        delete_old(b, and_(b.c.ledger_id == ledger, b.c.begins < oldest), term=term)
        samples = delete_old(s, and_(s.c.ledger_id == ledger, s.c.at < before), term=term)
        return samples + delete_old(r, and_(r.c.ledger_id == ledger, r.c.hour < hour_of(before)), term=term)


def _row(ledger: int) -> Select[Any]:
    return select(t.slo_ledgers).where(t.slo_ledgers.c.id == ledger)


def _position_values(position: Position) -> dict[str, object]:
    return {name: getattr(position, name) for name in ("since", "seen_to", "swept_to", "looked_at")}


def _first_by_key(rows: Iterable[_Keyed]) -> dict[str, _Keyed]:
    """By stored key and in their order, in which indexes grow best; of several with one key, the first."""
    first: dict[str, _Keyed] = {}
    for row in rows:
        first.setdefault(stored_key(row.key), row)
    return first


def _change(connection: Connection, row: AnyRow, added: Counts, **values: object) -> None:
    """Add to the totals of a ledger, whose row nobody else changes meanwhile."""
    totals = counts_of(row) + added
    values |= {name: getattr(totals, name) for name in NUMBERS}
    connection.execute(update(t.slo_ledgers).where(t.slo_ledgers.c.id == row.id).values(values))


def _counted(connection: Connection, ledger: int, keys: Sequence[str]) -> frozenset[str]:
    """Those that were counted before."""
    if not keys:
        return frozenset()
    s = t.slo_samples.c
    known = select(s.key).where(s.ledger_id == ledger, among(connection, s.key, keys))
    return frozenset(connection.execute(known).scalars())


def _count(connection: Connection, ledger: int, samples: Mapping[str, Sample], now: datetime) -> int:
    """By stored key; those that were counted meanwhile are left out."""
    row = connection.execute(_row(ledger).with_for_update()).one()
    times = [t.micros(sample.at) for sample in samples.values()]
    table = given(connection, key=(t.KeyText, list(samples)), at=(BigInteger(), times))
    chosen = select(literal(ledger, Integer()), *table.c).where(table.c.key.is_not(None))
    new = insertion(connection, t.slo_samples).from_select(["ledger_id", "key", "at"], chosen)
    kept = connection.execute(new.on_conflict_do_nothing().returning(t.slo_samples.c.key)).scalars().all()
    if kept:
        by_minute: dict[int, Counts] = {}
        for key in kept:
            minute = minute_of(samples[key].at)
            by_minute[minute] = by_minute.get(minute, Counts()) + samples[key].counts
        add_counts(connection, ledger, by_minute)
        _change(connection, row, sum(by_minute.values(), Counts()), counted_at=now)
    return len(kept)


def _looked_for(connection: Connection, row: AnyRow) -> datetime | None:
    """Up to where nothing new is to come, whatever a clock says; None when nothing was counted yet."""
    if row.seen_to is not None:
        seen_to: datetime = row.seen_to
        return seen_to - _SLACK
    s = t.slo_samples.c
    newest: datetime | None = connection.execute(select(func.max(s.at)).where(s.ledger_id == row.id)).scalar()
    return newest


def _standing(row: AnyRow, revision_since: datetime, alerts: tuple[OpenAlert, ...]) -> LedgerStanding:
    times = [moment for moment in (row.looked_at, row.counted_at) if moment is not None]
    return LedgerStanding(
        id=row.id,
        revision_since=revision_since,
        counts_since=row.began_at,
        looked_at=max(times, default=None),
        totals=counts_of(row),
        pending=row.pending,
        undatable=row.undatable,
        trouble=row.trouble,
        alerts=alerts,
    )
