"""The pages of service levels: words, course and budget, records by key, and nothing that looks better than it is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from observer.jobs.level_in_full import LevelInFull
from observer.reports.slo_explain import ExplainedSample
from observer.slo.budget import Counts
from observer.slo.burndown import burndown
from observer.slo.counting import Sample
from observer.slo.model import CalendarWindow
from observer.web.views.levels import level_page, levels_page
from observer.web.views.pictures import WIDTH
from tests.doors.web.browsing import Browser
from tests.fakes.slo_levels import DAY, EMAILS, NOON, RUNS, all_levels, each_day, level
from tests.fakes.web_pages import EVIL, full_desk, level_of

HOUR = timedelta(hours=1)


def test_a_level_tells_its_objective_in_words_and_what_is_left() -> None:
    page = level_page(level_of())

    assert page.sentence.startswith("Of leads, those are good whose email was filled")
    assert (page.line.objective, page.line.sli) == ("99.5 %", "99.90 %")
    assert dict(page.counts) == {"good": "28,000", "bad": "27", "unknown": "28", "withdrawn": "0", "pending": "17"}
    assert page.line.budget == "113 of 140 bad leads left"


def test_the_budget_is_drawn_up_to_now_and_goes_on_as_the_last_day_did() -> None:
    page = level_page(level_of())
    burn = page.burndown

    assert burn is not None
    assert 0 < burn.now < WIDTH
    assert burn.ends > NOON
    assert burn.says.startswith("80 % of the budget is left now")
    assert not burn.is_cut


def test_a_window_of_the_calendar_is_drawn_to_its_end() -> None:
    month = CalendarWindow(count=1, unit="M", begins=EMAILS_BEGIN, zone="UTC")
    slo = replace(EMAILS, window=month)
    buckets = each_day(1_000, lambda day: 40)
    found = LevelInFull(
        level=level(slo, buckets),
        stretches=burndown(slo, buckets, begins=NOON.replace(day=1, hour=0), ends=NOON, grain=12 * HOUR),
        grain=12 * HOUR,
    )
    burn = level_page(found).burndown

    assert burn is not None
    assert abs(burn.ends - NOON.replace(month=12, day=1, hour=0)) <= HOUR
    assert burn.is_cut, "it is overspent by more than the picture shows"


EMAILS_BEGIN = NOON.replace(month=1, day=1, hour=0, tzinfo=None)


def test_a_level_that_nobody_has_counted_or_that_counted_nothing_draws_nothing() -> None:
    for found in all_levels()[-2:]:
        page = level_page(LevelInFull(level=found))
        assert page.burndown is None
        assert page.sli is None
        assert page.pillars == ()


def test_runs_glances_and_slots_are_told_with_their_links() -> None:
    samples = (
        ExplainedSample(
            sample=Sample(key="run-7", at=NOON, counts=Counts(good=9, bad=3, unknown=1)),
            why="see `observer show run-7`",
        ),
        ExplainedSample(
            sample=Sample(key=NOON.isoformat(), at=NOON, counts=Counts(bad=1)), why="missed: no daemon was there"
        ),
    )
    page = level_page(level_of(RUNS, records=(), samples=samples, looked_back=DAY))

    assert [(each.key, each.url, each.state, each.why) for each in page.not_good] == [
        ("run-7", "/runs/run-7", "3 bad, 1 unknown", ""),
        ("", None, "bad", "missed: no daemon was there"),
    ]
    assert page.not_good_says == "bad and unknown slots of the last 1 d, the latest first"


def test_what_needs_somebody_stands_first_on_the_list() -> None:
    page = levels_page(all_levels(), NOON)

    assert page.summary == "6 SLOs: 1 missed, 1 burning, 3 not known, 1 met"
    conditions = [line.level.condition.value for line, _ in page.lines]
    assert conditions[0] == "missed"
    assert page.lines[-1][0].level.blind is None


def test_records_are_linked_where_that_is_safe_and_the_key_is_text() -> None:
    browser = Browser(full_desk())
    browser.at(NOON)
    text = browser.get("/slos/leads-email-5m").text

    assert '<a href="https://crm.example.com/leads/lead-1" rel="noopener noreferrer">' in text
    assert "javascript:" not in text
    assert EVIL not in text
    assert "&lt;img src=x" in text


def test_digests_are_told_as_such() -> None:
    desk = full_desk()
    desk.archive.levels_in_full["leads-email-5m"] = level_of(are_digests=True)
    text = Browser(desk).get("/slos/leads-email-5m").text

    assert "only digests of keys are kept" in text


def test_numbers_stand_beside_the_charts() -> None:
    text = Browser(full_desk()).get("/slos/leads-email-5m").text

    assert "The same in numbers" in text
    assert len(re.findall(r'<tr><th scope="row">2026-', text)) == 56
