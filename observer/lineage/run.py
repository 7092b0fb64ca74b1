"""One of our runs, as lineage knows it. What tells of it needs the OpenLineage client, this does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from observer.checks.spec import ContractPlan
from observer.contracts.model import Contract


@dataclass(frozen=True, kw_only=True)
class LineageRun:
    """One of our runs, as far as it is known when it starts."""

    #: Ours, a UUID (version 7).
    run_id: str
    contract: Contract
    plan: ContractPlan
    #: URL of the source without its password, as `Source.display_url` gives it.
    source: str
    #: `Source.kind`: `postgresql`, `mysql`, `sqlite`, `duckdb`, `file`, or another.
    source_kind: str
    #: Of the jobs.
    namespace: str
    #: Aware; None when a hand asked for the run.
    scheduled_for: datetime | None
    #: Aware, UTC.
    started_at: datetime
    #: `snapshot`, or `pushdown` when nothing is copied.
    execution: str = "snapshot"
