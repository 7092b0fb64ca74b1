"""`observer doctor`: every door is tried, one after the other. In: settings, ways to open doors. Out: findings.

Nothing is changed: no state is migrated, no folder made, no row written, nothing sent. What cannot be tried because
something before it is wrong says so instead of being left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from observer.checks.plan import plan_contract
from observer.jobs.doctor.findings import Finding
from observer.jobs.doctor.here import look_at_snapshots, look_at_state, look_at_token_key, look_at_web
from observer.jobs.doctor.inputs import look_at_contracts, look_at_service_levels, look_at_settings
from observer.jobs.doctor.pages import look_at_pages
from observer.jobs.doctor.receivers import LineageReceiver, look_at_alertmanager, look_at_lineage, look_at_webhook
from observer.jobs.doctor.slack import look_at_slack
from observer.jobs.doctor.source import OpenSource, look_at_source
from observer.jobs.lint_contracts import LintReport
from observer.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Doors:
    """How to come to what is outside. Opening may raise ObserverError."""

    source: OpenSource
    lineage: Callable[[], LineageReceiver]


def examine(settings: Settings, linted: LintReport, doors: Doors) -> Iterator[Finding]:
    """Try every door; a finding is given as soon as it is known. Never raises for what is wrong with a door."""
    plans = [plan_contract(contract, linted.contracts) for contract in linted.contracts]
    yield look_at_settings(settings)
    yield look_at_contracts(linted)
    fills, found = look_at_service_levels(settings, linted, plans)
    yield found
    yield from look_at_source(settings, plans, fills, doors.source)
    yield look_at_state(settings)
    yield look_at_snapshots(settings)
    yield look_at_token_key(settings, plans)
    yield look_at_lineage(doors.lineage)
    yield from look_at_slack(settings, linted.contracts)
    yield look_at_webhook(settings)
    yield look_at_alertmanager(settings)
    yield look_at_web(settings)
    yield look_at_pages(settings)
