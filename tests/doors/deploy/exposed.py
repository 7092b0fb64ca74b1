"""What a daemon on the demo's contracts and service levels can show, and what is recorded of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from observer.checks.changes import plan_changes
from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.cli.inputs import read_contracts
from observer.jobs.load_slos import slos_for_run
from observer.metrics.recording_rules import standing_rules
from observer.runs.deliveries import Reason
from observer.runs.workers import Ending
from observer.slo.model import Slo
from tests.doors.deploy.files import PROMETHEUS, ROOT, document
from tests.doors.metrics.scraping import Daemon
from tests.fakes.incident_months import one_incident_each
from tests.fakes.levels import stands
from tests.fakes.standings import Watched, after_a_run


@cache
def demo() -> tuple[tuple[Watched, ...], tuple[Slo, ...]]:
    """Contracts with all of their checks, and service levels, as the repository has them."""
    contracts = read_contracts((ROOT / "expectations" / "contracts",))
    watched: list[Watched] = []
    for contract in contracts:
        plan = plan_contract(contract, contracts)
        watched.append((contract, (*plan.checks, *plan_changes(contract, plan))))
    return tuple(watched), slos_for_run((ROOT / "slo.yaml",), contracts)


def full_daemon() -> Daemon:
    """A daemon that has looked at everything; every service level burns."""
    watched, slos = demo()
    daemon = Daemon(after_a_run(watched))
    daemon.levels = lambda: [stands(slo, good=999, bad=1, unknown=2, open_alerts=1) for slo in slos]
    daemon.incidents = lambda: one_incident_each([contract for contract, _ in watched])
    daemon.metrics.watch(watched, "d1", slos)
    return daemon


def something_happens(daemon: Daemon) -> None:
    """One of everything that the process counts."""
    metrics = daemon.metrics
    metrics.beat()
    metrics.configuration_loaded(True, "d1")
    metrics.worker_ended(Ending.RECYCLED)
    metrics.delivered("lineage")
    metrics.delivery_failed("lineage", Reason.TIMEOUT)
    for contract, _ in demo()[0]:
        metrics.run_late(contract.id, 1.0)
        metrics.run_ended(contract.id, Outcome.FAILED, 3.0)
        metrics.ticked(contract.id, 0.01, True)
        metrics.incident_opened(contract.id)


@cache
def exposed_labels() -> dict[str, set[str]]:
    """Name of every series that a daemon can show → its labels."""
    daemon = full_daemon()
    something_happens(daemon)
    found: dict[str, set[str]] = {}
    for family in daemon.scrape().families:
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@cache
def recorded() -> set[str]:
    """Names of what Prometheus records by deploy/prometheus."""
    groups = document(PROMETHEUS / "slo-rules.yaml")["groups"]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def write_recording_rules(file: Path, slos: tuple[Slo, ...]) -> None:
    """As Prometheus reads them; JSON is YAML."""
    rules = [
        {"record": rule.record, "expr": rule.expr, "labels": dict(rule.labels)}
        for slo in slos
        for rule in standing_rules(slo)
    ]
    file.write_text(json.dumps({"groups": [{"name": "slo", "rules": rules}]}))
