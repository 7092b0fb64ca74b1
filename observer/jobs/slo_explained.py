"""Which records of a service level are bad or unknown, and what became of one of them. Read from the state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from observer.checks.row_values import linked_names, record_link
from observer.checks.spec import ContractPlan, TablePlan
from observer.errors import InputError
from observer.reports.slo_explain import Explained, ExplainedSample
from observer.runs.slots import SlotState
from observer.slo.counting import Sample
from observer.slo.keys import Keys, parts_of
from observer.slo.ledger import Decided, Pending
from observer.slo.model import CheckHolds, RunSuccess, Slo, TimeToFill
from observer.slo.standing import LedgerStanding
from observer.slo.verdicts import State
from observer.slo.windows import window_begins
from observer.store import Store

#: What people ask for.
NOT_GOOD = (State.BAD, State.UNKNOWN)
#: Under it nothing is kept: it tells a digest that was given from a key.
_NO_SECRET = b"none"
#: The end of a key that was too long, or too odd, to be kept whole.
_CUT = re.compile("#[0-9a-f]{32}$")


def ledger_of(store: Store, slo: Slo) -> LedgerStanding:
    """What the state knows of the SLO. Raises InputError when nobody has counted it yet; StoreError."""
    found = store.ledgers.standings([slo]).get(slo.name)
    if found is None:
        raise InputError(f"nobody has counted `{slo.name}` yet", fix="let `observer serve` run, with the same state")
    return found


class Records:
    """Records of one time-to-fill level."""

    def __init__(self, store: Store, ledger: int, indicator: TimeToFill, plan: ContractPlan) -> None:
        self._store = store
        self._ledger = ledger
        self._indicator = indicator
        self._table: TablePlan = plan.table(indicator.object)

    @property
    def are_digests(self) -> bool:
        """The key is restricted: only digests of keys are kept."""
        return not self._table.restricted.isdisjoint(self._table.key)

    def newest(self, limit: int) -> tuple[Explained, ...]:
        """Bad and unknown ones, by event time, the newest first. Raises StoreError."""
        found = self._store.ledgers.records(self._ledger, states=NOT_GOOD, limit=limit)
        return tuple(self._explained(record) for record in found)

    def named(self, given: str, *, secret: bytes | None) -> Explained | None:
        """The one with this key, or its digest; None when the ledger knows none. Raises InputError, StoreError.

        A key of several columns is written as a JSON list, or with commas.
        """
        keys = Keys(
            contract=self._indicator.contract,
            object=self._indicator.object,
            columns=len(self._table.key),
            secret=(secret or _NO_SECRET) if self.are_digests else None,
        )
        try:
            kept = keys.of(given)
        except ValueError as error:
            raise InputError(f"the key cannot be understood: {error}", fix="write every key column's value") from error
        if self.are_digests and secret is None and kept != given:
            raise InputError(
                "the key is restricted, and without its secret no record can be found by it",
                fix="set OBSERVER_TOKEN_KEY (or OBSERVER_TOKEN_KEY_FILE) as the daemon has it, or give the digest",
            )
        record = self._store.ledgers.record(self._ledger, kept)
        return None if record is None else self._explained(record)

    def _explained(self, record: Decided | Pending) -> Explained:
        return Explained(record=record, url=self._link(record.key))

    def _link(self, key: str) -> str | None:
        """Made of the key alone: nothing else is kept of a record."""
        template, table = self._table.record_url, self._table
        if template is None or self.are_digests or _CUT.search(key):
            return None
        column_of = dict(table.url_columns)
        columns = {name: column_of.get(name, name) for name in linked_names(template)}
        if not set(columns.values()) <= set(table.key):
            return None
        values = dict(zip(table.key, parts_of(key, len(table.key)), strict=True))
        return record_link(template, {name: values[column] for name, column in columns.items()})


class Recorded:
    """Runs, glances and slots of the window of one level that counts such."""

    def __init__(self, store: Store, slo: Slo, *, at: datetime, since: datetime | None = None) -> None:
        """`since`: only those from there on. Raises StoreError."""
        self._store = store
        self._slo = slo
        begins = window_begins(slo.window, at)
        self._samples = store.ledgers.samples(slo.indicator, begins if since is None else max(begins, since)).samples

    def newest(self, limit: int) -> tuple[ExplainedSample, ...]:
        """Those that hold anything bad or unknown, the newest first. Raises StoreError."""
        found = [sample for sample in reversed(self._samples) if sample.counts.bad or sample.counts.unknown]
        return self._explained(found[:limit])

    def named(self, given: str, limit: int) -> tuple[ExplainedSample, ...]:
        """Those whose run id, or time, begins so, the newest first. Raises StoreError."""
        wanted = given.strip().lower()
        found = [sample for sample in reversed(self._samples) if wanted and sample.key.lower().startswith(wanted)]
        return self._explained(found[:limit])

    def _explained(self, samples: Sequence[Sample]) -> tuple[ExplainedSample, ...]:
        indicator = self._slo.indicator
        if isinstance(indicator, CheckHolds):
            oldest = min((sample.at for sample in samples), default=None)
            ticks = () if oldest is None else self._store.ticks.course(indicator.check, oldest)
            glances = {tick.at: tick.error or f"{tick.observed}; expected: {tick.expected}" for tick in ticks}
            return tuple(ExplainedSample(sample=sample, why=glances[sample.at]) for sample in samples)
        if isinstance(indicator, RunSuccess):
            contract = indicator.contract
            return tuple(ExplainedSample(sample=each, why=self._why_slot(contract, each)) for each in samples)
        return tuple(ExplainedSample(sample=each, why=f"see `observer show {each.key}`") for each in samples)

    def _why_slot(self, contract: str, sample: Sample) -> str:
        slot = self._store.slots.get(contract, sample.at)
        if slot is None:
            return "nobody knows any more: it was forgotten"
        if slot.state is SlotState.MISSED:
            return f"missed: {slot.reason}"
        if sample.counts.unknown:
            return "its run was removed, so that nobody knows any more"
        return f"see `observer show {slot.run_id}`"
