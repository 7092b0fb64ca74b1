"""Checks of what changed between two snapshots stand in every report like any other check."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
from rich.console import Console

from observer.reports.html import render_html
from observer.reports.json_report import render_json
from observer.reports.junit import render_junit
from observer.reports.terminal import render_terminal
from tests.fakes import audits

AUDIT = audits.changes_audit()


def printed() -> str:
    out = io.StringIO()
    render_terminal(AUDIT, Console(file=out, width=160), show_passed=True)
    return out.getvalue()


REPORTS = {
    "html": render_html(AUDIT),
    "json": render_json(AUDIT),
    "junit": render_junit(AUDIT),
    "terminal": printed(),
}


@pytest.mark.parametrize("report", REPORTS)
def test_every_kind_of_change_is_named_with_what_was_seen(report: str) -> None:
    for result in AUDIT.results:
        # The page says a check in words, the others by its name.
        assert (result.spec.statement if report == "html" else result.spec.rule_name) in REPORTS[report]
    for said in ("-7.4 %", "removed: phone", "there is no earlier snapshot to compare with"):
        assert said in REPORTS[report] or said.replace(" %", "%") in REPORTS[report]


def test_they_are_cases_of_their_table() -> None:
    cases = ElementTree.fromstring(REPORTS["junit"]).iter("testcase")
    assert {case.get("classname") for case in cases} == {"sales-crm.leads"}


def test_what_breaks_a_check_of_changes_is_called_what_it_is() -> None:
    captions = re.findall(
        r"<caption>([^<]+)</caption><tbody>\s*<tr><th scope=\"row\"><code class=\"illegal\">([^<]+)<", REPORTS["html"]
    )
    assert sorted(captions) == [("Checks that they fail", "email format"), ("Illegal moves", "won → new")]
    assert "and 2 more</p>" in REPORTS["html"]
