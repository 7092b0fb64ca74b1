"""The pictures of the docs: they show what Prometheus answered, in the words and colours of the dashboards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.grafana.pictures import month
from deploy.grafana.pictures.answers import Asking, Series
from deploy.grafana.pictures.fields import COLOURS, field_of
from deploy.grafana.pictures.sheet import sheet
from tests.doors.deploy import dashboards
from tests.doors.deploy.exposed import demo

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
LABELS = {
    "slo": "emails",
    "check": "crm.leads.email.required",
    "property": "email",
    "contract": "crm",
    "instance": "a:1",
}


@dataclass(frozen=True, kw_only=True)
class Answering(Asking):
    """A Prometheus that has the same number for everything, or nothing at all."""

    number: float | None

    def panel(self, panel: Mapping[str, Any], *, points: int = 700) -> list[Series]:
        if self.number is None:
            return []
        times = [NOW.timestamp() - minutes * 60 for minutes in (40, 30, 20, 0)]
        return [
            Series(
                ref=target["refId"],
                labels=LABELS,
                called="emails",
                points=[(at, self.number) for at in (times[-1:] if target["instant"] else times)],
            )
            for target in panel.get("targets", ())
        ]


def drawn(name: str, number: float | None) -> str:
    asking = Answering(url="", picked={}, now=NOW, span=timedelta(hours=1), number=number)
    return sheet(dashboards.dashboard(name), asking, chips={"SLO": "<All>"}, caption="a fake")[0]


def titles(name: str) -> Sequence[str]:
    return [panel["title"] for panel in dashboards.panels(name)]


@pytest.mark.parametrize("name", dashboards.names())
def test_every_panel_is_drawn_with_its_title_and_its_answer(name: str) -> None:
    page = drawn(name, 1.0)
    assert [title for title in titles(name) if f">{title}<" not in page] == []
    assert 'class="none"' not in page
    assert "&lt;All&gt;" in page


@pytest.mark.parametrize("name", dashboards.names())
def test_where_nothing_is_known_every_panel_says_so_and_nothing_is_green(name: str) -> None:
    page = drawn(name, None)
    said = re.findall(r'class="none">|class="stat"><div style="color:(#\w+)', page)
    assert len(said) == len([panel for panel in dashboards.panels(name) if panel["type"] != "row"])
    assert COLOURS["green"] not in page


def test_numbers_are_shown_with_their_words_units_and_colours() -> None:
    tiles = {panel["title"]: panel for panel in dashboards.panels("slo-detail") if panel["type"] == "stat"}
    shown = {
        (title, value): field_of(tiles[title]).shown(value)
        for title, value in [
            ("Condition", 2),
            ("Condition", None),
            ("SLI", 0.995),
            ("Budget left", -0.5),
            ("Counted", 13_287),
            ("Runs out in", 138_240),
            ("Runs out in", -1),
        ]
    }
    assert [(each.text, each.colour) for each in shown.values()] == [
        ("missed", COLOURS["red"]),
        ("unknown", COLOURS["purple"]),
        ("99.500%", COLOURS["text"]),
        ("-50.0%", COLOURS["red"]),
        ("13,287", COLOURS["text"]),
        ("1.6 days", COLOURS["orange"]),
        ("not at this rate", COLOURS["text"]),
    ]


def test_the_month_knows_every_level_of_the_repository() -> None:
    assert set(month.TRAFFIC) == {slo.name for slo in demo()[1]}
    assert set(month.BLIND) <= set(month.TRAFFIC)
