"""Service levels as series: what each of them says, what is absent, and how many there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from observer.errors import StoreError
from observer.metrics.levels import SERIES
from observer.slo.burn import short_span
from observer.slo.model import CalendarWindow
from observer.slo.standing import BURN_SPANS, SloStanding
from tests.doors.metrics.scraping import Daemon, Scrape
from tests.fakes.levels import level, sliced, stands
from tests.fakes.standings import after_a_run, crm

SLO = level()


def scraped(*standings: SloStanding) -> Scrape:
    """What a daemon shows in which these SLOs are in force, and stand so."""
    daemon = Daemon(after_a_run([]))
    daemon.metrics.watch([], "d1", [each.slo for each in standings])
    daemon.levels = lambda: standings
    return daemon.scrape()


def test_a_level_says_what_it_is_about_and_what_it_asks() -> None:
    seen = scraped(stands(SLO))
    told = {"service": "crm-leads", "contract": "crm", "object": "leads", "property": "email"}
    how = {"owner": "ana@example.com", "kind": "time-to-fill", "method": "Occurrences", "window": "28d"}
    assert seen.of("observer_slo_info", slo="emails", **told, **how) == 1
    assert seen.of("observer_slo_objective_ratio", slo="emails") == 0.995


def test_a_calendar_window_is_told_as_it_is_written() -> None:
    month = CalendarWindow(count=1, unit="M", begins=datetime(2026, 1, 1), zone="Europe/Berlin")
    (labels,) = scraped(stands(replace(SLO, window=month))).samples["observer_slo_info"]
    assert ("window", "1M") in labels


def test_records_are_counted_from_the_ledger_and_the_rest_from_the_window() -> None:
    seen = scraped(stands(SLO, good=990, bad=10, unknown=3, open_alerts=2))
    records = {
        state: seen.of("observer_slo_records_total", slo="emails", ledger="1", state=state) for state in ("good", "bad")
    }
    assert records == {"good": 1_090, "bad": 10}
    assert seen.of("observer_slo_records_total", slo="emails", ledger="1", state="unknown") == 3
    assert seen.of("observer_slo_sli_ratio", slo="emails") == 0.99
    assert seen.of("observer_slo_eligible", slo="emails") == 1_000
    assert seen.of("observer_slo_bad", slo="emails") == 10
    assert seen.of("observer_slo_unknown", slo="emails") == 3
    assert seen.of("observer_slo_pending", slo="emails") == 4
    assert seen.of("observer_slo_undatable", slo="emails") == 2
    assert seen.of("observer_slo_budget_remaining_ratio", slo="emails") == -1
    assert seen.of("observer_slo_budget_remaining_records", slo="emails") == -5
    for window in (*(short_span(span) for span in BURN_SPANS), "period"):
        assert seen.of("observer_slo_burn_rate", slo="emails", window=window) == 2
    assert seen.of("observer_slo_exhausted_in_seconds", slo="emails") == 0
    assert seen.of("observer_slo_condition", slo="emails") == 2
    assert seen.of("observer_slo_alerts_open", slo="emails", urgency="page") == 2
    assert seen.of("observer_slo_alerts_open", slo="emails", urgency="ticket") == 0
    assert seen.of("observer_slo_blind", slo="emails") == 0
    assert seen.of("observer_slo_last_evaluation_timestamp_seconds", slo="emails") is not None


def test_another_ledger_has_series_of_its_own_so_that_going_back_to_an_old_one_is_no_increase() -> None:
    old = stands(SLO, good=990, bad=10)
    daemon = Daemon(after_a_run([]))
    daemon.metrics.watch([], "d1", [SLO])
    for number in ("1", "2", "1"):
        shown = replace(old, ledger=replace(old.ledger, id=int(number)))
        daemon.levels = lambda shown=shown: (shown,)  # type: ignore[misc]  # of this round
        seen = daemon.scrape()
        assert seen.of("observer_slo_records_total", slo="emails", ledger=number, state="bad") == 10
        assert seen.count("observer_slo_records_total") == 4


def test_a_ledger_in_which_nothing_counted_has_zeros_and_no_ratio() -> None:
    nothing = stands(SLO, trouble="the column is gone")
    quiet = replace(nothing, ledger=replace(nothing.ledger, looked_at=None, undatable=None))
    seen = scraped(quiet)
    assert seen.of("observer_slo_records_total", slo="emails", ledger="1", state="withdrawn") == 0
    assert seen.of("observer_slo_eligible", slo="emails") == 0
    assert seen.of("observer_slo_condition", slo="emails") == -1
    assert seen.of("observer_slo_alerts_open", slo="emails", urgency="page") == 0
    assert seen.of("observer_slo_blind", slo="emails") == 1
    for absent in ("sli", "budget", "burn", "exhausted", "undatable", "last"):
        assert seen.count(f"observer_slo_{absent}") == 0, absent


@pytest.mark.parametrize(
    ("standing", "condition"),
    [(stands(SLO, good=999, bad=1), 0), (stands(SLO, good=999, bad=1, open_alerts=1), 1), (stands(SLO, bad=1), 2)],
)
def test_the_condition_is_a_number(standing: SloStanding, condition: int) -> None:
    assert scraped(standing).of("observer_slo_condition", slo="emails") == condition


def test_a_target_of_all_has_no_budget_that_could_burn() -> None:
    seen = scraped(stands(level(target=Fraction(1)), good=10, bad=1))
    assert seen.of("observer_slo_budget_remaining_records", slo="emails") == -1
    assert seen.count("observer_slo_burn") == seen.count("observer_slo_budget_remaining_ratio") == 0


def test_a_level_that_nobody_counted_yet_is_told_of_and_jumps_from_no_zero() -> None:
    daemon = Daemon(after_a_run([]))
    daemon.metrics.watch([], "d1", [SLO])
    assert daemon.scrape().count("observer_slo_") == 2
    daemon.levels = lambda: (stands(SLO, good=5), stands(level("canary")))
    seen = daemon.scrape()
    assert seen.of("observer_slo_records_total", slo="emails", ledger="1", state="good") == 105
    assert "canary" not in seen.text
    daemon.metrics.watch([], "d2")
    assert daemon.scrape().count("observer_slo_") == 0


def test_ledgers_that_cannot_be_read_take_no_other_figure_with_them() -> None:
    def down() -> tuple[SloStanding, ...]:
        raise StoreError("the state is down", fix="start it")

    one = crm()
    daemon = Daemon(after_a_run([one]))
    daemon.metrics.watch([one], "d1", [SLO])
    daemon.levels = down
    seen = daemon.scrape()
    assert seen.of("observer_store_up") == 1
    assert seen.count("observer_check_outcome") == len(one[1])
    assert seen.count("observer_slo_") == 2


def test_two_hundred_levels_have_so_many_series_and_no_more() -> None:
    full = [stands(level(f"slo-{n:03}"), good=999, bad=1, open_alerts=1) for n in range(199)]
    seen = scraped(*full, stands(sliced(), good=1))
    assert seen.count("observer_slo_") <= 200 * SERIES == 5_600
    assert seen.count("observer_slo_") == 200 * SERIES - 1  # a budget that does not burn has no end
    assert seen.of("observer_slo_exhausted_in_seconds", slo="slo-000") == timedelta(days=28).total_seconds() * 4
