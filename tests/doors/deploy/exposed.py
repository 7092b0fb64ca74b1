"""What a daemon can show, and what is recorded of it: names and labels, from the program's own registry."""

from __future__ import annotations

from functools import cache

from observer.metrics.recording_rules import standing_rules
from tests.doors.metrics.scraping import Daemon
from tests.fakes.levels import level, stands
from tests.fakes.standings import after_a_run, crm


@cache
def exposed_labels() -> dict[str, set[str]]:
    """Name of every series that a daemon can show → its labels, of the samples of a daemon that has all of them."""
    daemon = full_daemon()
    found: dict[str, set[str]] = {}
    for family in daemon.scrape().families:
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def full_daemon() -> Daemon:
    """A daemon that ran, looked, led, delivered, and counts a service level that burns."""
    one, slo = crm(), level()
    daemon = Daemon(after_a_run([one]))
    daemon.levels = lambda: (stands(slo, good=999, bad=1, open_alerts=1),)
    daemon.metrics.watch([one], "d1", [slo])
    daemon.metrics.configuration_loaded(True, "d1")
    daemon.metrics.beat()
    return daemon


@cache
def recorded() -> set[str]:
    """Names of what Prometheus records by deploy/prometheus."""
    return {rule.record for rule in standing_rules(level())}
