"""How a span went, as people and programs read it: figures beside the span before; nothing unknown looks good."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from observer.contracts.model import ResponseKind, ResponseSla
from observer.errors import ReportError
from observer.incidents.events import EventKind
from observer.incidents.kpis import Review, Writes
from observer.incidents.spans import last_days
from observer.reports import kpi_html, kpi_text
from observer.reports import kpi_words as words
from observer.reports.kpi_json import review_json
from observer.reports.kpi_tiles import Tile, tiles
from tests.doors.reports.test_html import Page
from tests.fakes.incident_months import BO, HOUR, MINUTE, NOW, log, on, review
from tests.golden_files import Golden

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "kpis.schema.json").read_text(encoding="utf-8"))
WHOLE = review()
QUIET = review([])
UNKNOWN = review([], known_since=None)
PARTLY = review([log(on(3), name="a")], known_since=on(2), at=on(20))


def printed(shown: Review, width: int) -> str:
    out = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    kpi_text.render_review(shown, out)
    assert isinstance(out.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in out.file.getvalue().splitlines())


def tile(shown: Review, name: str) -> Tile:
    return next(each for each in tiles(shown) if each.name == name)


@pytest.mark.parametrize("width", [80, 140])
def test_what_a_person_reads_is_what_was_agreed(golden: Golden, width: int) -> None:
    golden(f"reports/kpi-{width}.txt", "\n\n".join(printed(shown, width) for shown in (WHOLE, UNKNOWN, PARTLY)))


def test_what_programs_read_is_what_was_agreed(golden: Golden) -> None:
    golden("reports/kpi.json", json.dumps(review_json(WHOLE), indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("shown", [WHOLE, QUIET, UNKNOWN, PARTLY])
def test_every_document_keeps_the_schema(shown: Review) -> None:
    jsonschema.validate(json.loads(json.dumps(review_json(shown))), SCHEMA)


def test_what_is_not_known_is_null_and_never_zero() -> None:
    document = review_json(UNKNOWN)["span"]
    assert isinstance(document, dict)
    assert (document["all"], document["is_known"], document["promises_alone"]) == (None, False, None)
    for each in tiles(UNKNOWN)[:-1]:
        assert (each.value, each.tone, each.before) == ("–", "errored", None)
    assert words.headline(UNKNOWN) == "Nothing is known of November 2026."


@pytest.mark.parametrize(("alone", "says"), [(1, "1 incident tells of a"), (2, "2 incidents tell of a")])
def test_incidents_that_tell_of_promises_alone_are_said_to_count_nowhere(alone: int, says: str) -> None:
    verb = "counts" if alone == 1 else "count"
    notes = list(words.limits(replace(QUIET.now, promises_alone=alone)))
    assert f"{says} broken promise alone, and {verb} in no number." in notes


def test_no_incident_is_something_else_than_nothing_known() -> None:
    assert words.headline(QUIET) == "No incident was opened in November 2026. No promise was broken."
    assert tile(QUIET, "Incidents opened").value == "0"
    assert tile(QUIET, "Time to resolve").value == "–"
    assert tile(QUIET, "Promises kept").value == "–", "nothing to keep is not all kept"


def test_the_first_sentence_says_what_happened_and_how_long_it_took() -> None:
    assert words.headline(WHOLE) == (
        "7 incidents were opened in November 2026, 1 is open still. Half of those that are over took at most 5 h. "
        "2 of 2 promises were broken."
    )
    shown = review([log(NOW - HOUR, HOUR / 2)], span=last_days(7, NOW))
    assert words.headline(shown).startswith(
        "1 incident was opened in the 7 days to 2026-12-02 00:00 UTC, none is open any more."
    )


def test_a_span_that_is_known_in_part_says_so_before_any_number() -> None:
    assert list(words.limits(PARTLY.now)) == [
        "Only what came after 2026-11-02 09:00 UTC is known.",
        "It is not over: this is how it stands at 2026-11-20 09:00 UTC.",
    ]
    assert list(words.changes(PARTLY)) == []
    after_a_part = review(known_since=datetime(2026, 10, 20, tzinfo=UTC))
    assert next(words.changes(after_a_part)).startswith("Of October 2026 only a part is known")


def test_a_promise_of_which_nothing_is_known_is_not_called_kept() -> None:
    hidden = log(on(3), 3 * HOUR)
    assert words.promises_sentence(review([hidden]).now.clauses) == (
        "Of 1 of 2 promises it is not known whether it was kept."
    )


def test_tables_of_which_nothing_is_known_change_no_rate() -> None:
    known = Writes(contract="crm", table="leads", written=100, invalid=1)
    unknown = Writes(contract="crm", table="users", blind=4)
    assert words.written_of([known, unknown]).rate == Fraction(1, 100)
    assert words.written_of([unknown]).rate is None
    assert words.written_of([]).written is None


def test_parts_that_give_another_score_say_why() -> None:
    crm = WHOLE.now.contracts[0]
    assert crm.trust is not None
    assert crm.trust.of_parts == crm.trust.score == 90
    changed = replace(crm, trust=replace(crm.trust, score=95))
    assert words.trust_text(changed).endswith("so that these parts give another score")
    shown = replace(WHOLE, now=replace(WHOLE.now, contracts=(changed,)))
    assert words.CHANGED_SINCE in kpi_html.render_review(shown)


def test_less_than_a_second_is_not_nothing() -> None:
    assert words.time_text(timedelta(milliseconds=20)) == "<1 s"
    assert words.time_text(timedelta()) == "0 s"
    assert words.time_text(None) == "–"


DETECT = ResponseSla(id="detected", kind=ResponseKind.DETECT, limit=HOUR)


def test_a_time_that_is_no_more_than_a_bound_says_so_wherever_it_is_told() -> None:
    shown = review([log(on(3), HOUR, name="a" * 16, at_most=15 * MINUTE)], promising=(DETECT,))
    assert tile(shown, "Time to detect").value == "at most 15 min"
    assert [words.worst_text(clause) for clause in shown.now.clauses] == ["at most 15 min (crm.leads, aaaaaaaa)"]
    assert "at most" in printed(shown, 140).partition("By contract")[2]
    assert Page(kpi_html.render_review(shown)).text.count("at most 15 min") == 4
    span = review_json(shown)["span"]
    assert isinstance(span, dict)
    (told,) = span["incidents"]
    (promise,) = told["promises"]
    assert (told["detect_seconds"], told["detect_is_bound"]) == (900, True)
    assert (promise["verdict"], promise["took_is_bound"]) == ("met", True)
    assert span["all"]["time_to_detect"]["is_bound"] and not span["all"]["time_to_resolve"]["is_bound"]
    jsonschema.validate(json.loads(json.dumps(review_json(shown))), SCHEMA)


def test_of_bounds_nobody_says_which_was_the_sooner_one() -> None:
    def shown(detected: timedelta | None = None, at_most: timedelta | None = None) -> list[str]:
        now = log(on(3), HOUR, name="a", detected=detected, at_most=at_most)
        logs = [now, log(on(3) - timedelta(days=30), HOUR, name="b", detected=HOUR)]
        return [sentence for sentence in words.changes(review(logs)) if sentence.startswith("Detected")]

    assert shown(detected=15 * MINUTE) == ["Detected sooner: half within 15 min, 1 h before."]
    assert shown(at_most=15 * MINUTE) == ["Detected: half within 15 min, 1 h before."]


# The page.


@pytest.mark.parametrize("shown", [WHOLE, QUIET, UNKNOWN, PARTLY])
def test_the_page_is_whole_and_asks_nobody_for_anything(shown: Review) -> None:
    text = kpi_html.render_review(shown)
    page = Page(text)
    assert not page.all("script", "link", "img", "iframe", "form")
    assert not [attributes for _, attributes in page.elements if "style" in attributes or "onclick" in attributes]
    (policy,) = (each for each in page.all("meta") if each.get("http-equiv"))
    assert str(policy["content"]).startswith("default-src 'none'; style-src 'sha256-")
    assert len(page.all("h1")) == 1
    assert words.headline(shown).replace("&", "") in page.text


def test_the_page_lists_what_needs_somebody() -> None:
    text = Page(kpi_html.render_review(WHOLE)).text
    for said in (
        "4 incidents that broke them",
        "people.users.name",
        "Trust in crm rose from 83 to 90.",
        "watched no more",
    ):
        assert (said in text) is (said != "watched no more")
    gone = Page(kpi_html.render_review(review([log(on(3), place="gone")]))).text
    assert "watched no more" in gone


def test_what_others_wrote_is_text_and_no_markup() -> None:
    hostile = log(on(3), reason="<script>alert(1)</script>\x1b[31m‮", owner="<b>@example.com", table="<i>")
    text = kpi_html.render_review(review([hostile]))
    assert "<script" not in text
    assert "<b>@" not in text
    assert "\x1b" not in text
    assert "‮" not in text
    assert "\x1b" not in printed(review([hostile]), 140)


def test_a_long_month_lists_its_newest_and_says_how_many_more() -> None:
    many = [log(on(1) + n * HOUR, HOUR, name=f"{n:016x}", owner=BO) for n in range(kpi_html.MOST_LISTED + 5)]
    text = Page(kpi_html.render_review(review(many))).text
    assert "and 5 older ones" in text


def test_the_page_is_written_wholly_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "new" / "review.html"
    kpi_html.write_review(WHOLE, file)
    assert file.read_text(encoding="utf-8").endswith("</html>")
    assert [each.name for each in file.parent.iterdir()] == ["review.html"]
    (tmp_path / "taken").write_text("")
    with pytest.raises(ReportError, match="could not be written"):
        kpi_html.write_review(WHOLE, tmp_path / "taken" / "review.html")


def test_an_incident_that_was_opened_twice_says_how_often_it_came_back() -> None:
    events = log(on(3), HOUR)
    again = replace(events[0], seq=len(events) + 1, kind=EventKind.REOPENED, at=on(3, 12), group=None)
    shown = review([[*events, again]])
    assert "came back 1 time" in Page(kpi_html.render_review(shown)).text
    assert tile(shown, "Incidents opened").note == "1 came back, 0 false, 0 from before"
