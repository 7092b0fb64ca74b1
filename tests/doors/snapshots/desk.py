"""A desk for tests of two kept snapshots: keeps states of one table and compares them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from observer.checks.change_rules import ChangeRule
from observer.checks.measure import Evidence, Measurement, SourceColumn, TableShape
from observer.checks.spec import NO_ROW_FAILS, CheckSpec, ContractPlan, TablePlan
from observer.contracts.model import Comparison, Dimension, Severity, StateMachine, Transition
from observer.snapshots.compare import Comparison as Compared
from observer.snapshots.keep import keep_snapshot
from observer.snapshots.take import take_snapshot

KEY = b"0123456789abcdef0123456789abcdef"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MACHINE = StateMachine(
    initial=("new",),
    terminal=("won", "lost"),
    transitions=(
        Transition(source="new", targets=("working",)),
        Transition(source="working", targets=("won", "lost", "new")),
    ),
)


class Session:
    """A source with one table, `leads`; what is no table could not be read."""

    source_time = NOW
    one_instant = True

    def __init__(self, rows: pa.Table | str, others: tuple[str, ...] = (), nullable: bool = True) -> None:
        self._rows, self._others, self._nullable = rows, others, nullable

    def shape(self, table: TablePlan) -> TableShape:
        rows = self._rows
        fields = [] if isinstance(rows, str) else [field for field in rows.schema if field.name in table.columns]
        return TableShape(
            object=table.object,
            physical_name=table.physical_name,
            columns=tuple(SourceColumn(name=f.name, type=str(f.type), nullable=self._nullable) for f in fields),
            others=self._others,
            error=rows if isinstance(rows, str) else None,
        )

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        assert isinstance(self._rows, pa.Table)
        yield pa.RecordBatch.from_arrays([c.combine_chunks() for c in self._rows.columns], schema=self._rows.schema)


class Desk:
    """Keeps states of the table and compares them."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.folder, self.number = folder, 0
        given_: dict[str, Any] = {"key": ("id",), "columns": ("id", "name", "stage"), **more}
        self.table = TablePlan(contract="crm", object="leads", physical_name="leads", **given_)

    def keep(
        self, rows: pa.Table | str, *, key: bytes | None = KEY, table: TablePlan | None = None, **shape: Any
    ) -> Path:
        self.number += 1
        taken = take_snapshot(Session(rows, **shape), [table or self.table], self.folder / f"taken{self.number}")
        return keep_snapshot(taken, self.folder / f"kept{self.number}", key=key)

    def compare(
        self,
        before: Path,
        after: Path,
        *rules: ChangeRule,
        failing: Sequence[int] = (),
        measured: Mapping[str, Measurement] | None = None,
        key: bytes | None = KEY,
        threshold: Comparison = NO_ROW_FAILS,
    ) -> list[tuple[Measurement, Evidence]]:
        restricted = self.table.restricted
        specs = [
            spec(rule, restricted=getattr(rule, "column", None) in restricted, threshold=threshold) for rule in rules
        ]
        plan = ContractPlan(contract="crm", contract_version="1", tables=(self.table,), checks=())
        with Compared(
            before,
            after,
            plan,
            failing=lambda _object, _checks: pa.array(failing, pa.int64()),
            measured=measured or {},
            workspace=self.folder,
            key=key,
        ) as compared:
            return [(compared.measure(s, specs), compared.evidence(s)) for s in specs]

    def one(
        self, before: pa.Table | str, after: pa.Table | str, rule: ChangeRule, **more: Any
    ) -> tuple[Measurement, Evidence]:
        (found,) = self.compare(self.keep(before), self.keep(after), rule, **more)
        return found


def spec(rule: ChangeRule, *, restricted: bool, threshold: Comparison) -> CheckSpec:
    return CheckSpec(
        id=type(rule).__name__,
        contract="crm",
        contract_version="1",
        object="leads",
        property=None,
        rule_name="change",
        statement="it holds",
        dimension=Dimension.VALIDITY,
        severity=Severity.ERROR,
        rule=rule,
        threshold=threshold,
        restricted=restricted,
    )


def rows(*values: tuple[Any, ...], names: Sequence[str] = ("id", "name", "stage")) -> pa.Table:
    columns = {name: pa.array([value[i] for value in values]) for i, name in enumerate(names)}
    return pa.table({name: c.cast(pa.string()) if pa.types.is_null(c.type) else c for name, c in columns.items()})


def counts(found: tuple[Measurement, Evidence]) -> tuple[int | None, int | None]:
    seen, _ = found
    assert (seen.error, seen.skipped) == (None, None)
    return seen.rows_failed, seen.rows_tested
