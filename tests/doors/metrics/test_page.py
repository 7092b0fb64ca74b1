"""docs/metrics.md and the registry, side by side."""

from __future__ import annotations

import re
from pathlib import Path

from observer.checks.measure import Outcome
from observer.contracts.model import ResponseKind
from observer.incidents.findings import Grade
from observer.incidents.response import Kept
from observer.metrics.counted import LATENESS_BUCKETS, RUN_BUCKETS, TICK_BUCKETS
from observer.metrics.incidents import ELEMENTS, LATELY, OPEN, STATISTICS, TIMES
from observer.metrics.levels import CONDITION_VALUES, PERIOD, STATES
from observer.metrics.registry import FRESH_FOR, INCIDENTS_FRESH_FOR, PATIENCE
from observer.metrics.stored import OUTCOME_VALUES
from observer.runs.deliveries import Reason
from observer.runs.workers import Ending
from observer.slo.burn import Urgency, short_span
from observer.slo.standing import BURN_SPANS
from tests.doors.metrics.scraping import Daemon
from tests.fakes.incident_months import one_incident_each
from tests.fakes.levels import level, stands
from tests.fakes.standings import after_a_run, crm

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (\w+)", PAGE, re.MULTILINE))
ONE = crm()


def _shown() -> dict[str, str]:
    """Name as in queries → type, of everything that a daemon shows."""
    daemon = Daemon(after_a_run([ONE], Outcome.PASSED))
    daemon.metrics.watch([ONE], "d1")
    kinds = {}
    daemon.metrics.configuration_loaded(True, "d1")
    daemon.metrics.beat()
    for family in daemon.scrape().families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        kinds[name] = family.type
    return kinds


def test_every_metric_is_on_the_page_with_its_type_and_none_that_is_not_there() -> None:
    shown = {name: "gauge" if kind == "info" else kind for name, kind in _shown().items()}
    assert shown == ROWS


def test_every_label_is_named_on_the_page() -> None:
    daemon = Daemon(after_a_run([ONE], Outcome.PASSED))
    daemon.metrics.watch([ONE], "d1", (level(),))
    daemon.levels = lambda: (stands(level(), good=990, bad=10),)
    daemon.incidents = lambda: one_incident_each([ONE[0]])
    labels = {name for family in daemon.scrape().families for sample in family.samples for name in sample.labels}
    for name in labels - {"le"}:
        assert f"`{name}`" in PAGE, name


def test_the_words_of_closed_lists_are_on_the_page() -> None:
    for outcome, value in OUTCOME_VALUES.items():
        assert f"**{value}** {outcome.value}" in PAGE
    for condition, value in CONDITION_VALUES.items():
        assert f"**{value}** {condition.value}" in PAGE
    spans = [short_span(span) for span in BURN_SPANS]
    of_incidents = (*Grade, *OPEN, *TIMES, *STATISTICS, *ELEMENTS, *ResponseKind, *Kept)
    for word in (*Reason, *Ending, *Outcome, *STATES, *Urgency, *spans, PERIOD, *of_incidents):
        assert f"`{word}`" in PAGE


def test_its_figures_are_those_of_the_program() -> None:
    assert (INCIDENTS_FRESH_FOR, LATELY) == (30, 28)
    assert "at most once in 30 seconds" in PAGE
    assert "the last 28 days" in PAGE
    assert FRESH_FOR == 5
    assert "at most once in five seconds" in PAGE
    assert PATIENCE == 3
    assert "within three\nseconds" in PAGE
    assert (RUN_BUCKETS[0], RUN_BUCKETS[-1]) == (0.5, 3600)
    assert (LATENESS_BUCKETS[0], LATENESS_BUCKETS[-1]) == (0.5, 3600)
    assert (TICK_BUCKETS[0], TICK_BUCKETS[-1]) == (0.001, 30)


def test_queries_of_the_page_name_only_what_is_there() -> None:
    blocks = "\n".join(re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL))
    assert set(re.findall(r"\b(?:observer|process)_\w+", blocks)) <= set(_shown())
