"""deploy/grafana: what Grafana reads, whose queries name what exists, and that says so when nothing is known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy.grafana.source import shared
from deploy.grafana.source.__main__ import differing, main
from tests.doors.deploy import dashboards
from tests.doors.deploy.dashboards import Query, names, panels, queries, substituted, variables
from tests.doors.deploy.exposed import exposed_labels, recorded
from tests.doors.deploy.files import DEPLOY, document
from tests.real_parts import missing

#: What Prometheus itself adds to every series, and the series that it makes of a scrape.
SCRAPED_LABELS = {"job", "instance"}
SCRAPED = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
ANY = dict.fromkeys(("job", "contract", "table", "owner", "slo"), "x")
EVERY_DASHBOARD = pytest.mark.parametrize("name", names())


def every_query() -> list[Query]:
    return [query for name in names() for query in queries(name)]


def test_four_dashboards_are_committed_as_the_code_makes_them() -> None:
    assert names() == ["operations", "slo-detail", "slo-overview", "table"]
    assert differing(dashboards.FOLDER) == [], "run: python -m deploy.grafana.source"


def test_what_was_changed_by_hand_is_named_and_put_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--folder", str(tmp_path)]
    assert main(here) == 0
    assert main(["--check", *here]) == 0
    (tmp_path / "table.json").write_text("{}")
    (tmp_path / "operations.json").unlink()
    (tmp_path / "of-last-year.json").write_text("{}")
    assert main(["--check", *here]) == 1
    told = capsys.readouterr().err
    assert re.findall(r"([\w-]+\.json): not what the code makes", told) == [
        "of-last-year.json",
        "operations.json",
        "table.json",
    ]
    assert main(here) == 0
    assert differing(tmp_path) == []


@EVERY_DASHBOARD
def test_grafana_s_schema_finds_nothing_to_say(name: str) -> None:
    file = dashboards.schema_file()
    if not file.exists():
        missing(f"{file.name} of the specifications is not beside the project")
    schema = json.loads(file.read_text(encoding="utf-8"))
    # It writes "any value" as "an object" at these two places, where Grafana itself puts texts and numbers.
    schema["definitions"]["DynamicConfigValue"]["properties"]["value"] = {}
    schema["definitions"]["MatcherConfig"]["properties"]["options"] = {}
    jsonschema.validate(dashboards.dashboard(name), schema, jsonschema.Draft7Validator)


@EVERY_DASHBOARD
def test_no_panel_lies_on_another_and_each_has_an_id_of_its_own(name: str) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels(name):
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        for spot in (
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ):
            assert spot not in taken, f"{panel['title']} lies on {taken[spot]}"
            taken[spot] = panel["title"]
    ids = [panel["id"] for panel in panels(name)]
    assert sorted(ids) == sorted(set(ids))


def test_dashboards_have_uids_of_their_own_no_ids_and_the_provisioned_datasource() -> None:
    (provisioned,) = document(DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yaml")["datasources"]
    assert provisioned["uid"] == shared.DATASOURCE_UID
    assert {dashboards.dashboard(name)["uid"] for name in names()} == set(shared.TITLES)
    for name in names():
        read = dashboards.dashboard(name)
        assert "__inputs" not in read
        assert read.get("id") is None
        picks = variables(name)[0]
        assert (picks["type"], picks["current"]["value"]) == ("datasource", shared.DATASOURCE_UID)
        asked = [panel["datasource"]["uid"] for panel in panels(name) if panel["type"] != "row"]
        assert set(asked) == {"${datasource}"}


def test_kubernetes_gets_every_dashboard_in_a_config_map_that_can_be_applied() -> None:
    folder = DEPLOY / "grafana"
    made = document(folder / "kustomization.yaml")
    files = [file for generator in made["configMapGenerator"] for file in generator["files"]]
    assert sorted(files) == [f"dashboards/{name}.json" for name in names()]
    assert made["generatorOptions"]["labels"] == {"grafana_dashboard": "1"}
    for file in files:
        # `kubectl apply` writes all of it into an annotation, which holds 256 KiB.
        assert (folder / file).stat().st_size < 200_000


@EVERY_DASHBOARD
def test_every_link_leads_to_a_dashboard_and_sets_variables_that_it_has(name: str) -> None:
    pages = {dashboards.dashboard(each)["uid"]: {v["name"] for v in variables(each)} for each in names()}
    text = json.dumps(dashboards.dashboard(name))
    found = re.findall(r"/d/([\w-]+)\?([^\"]*)", text)
    assert {uid for uid, _ in found} >= pages.keys() - {dashboards.dashboard(name)["uid"]}
    for uid, asked in found:
        assert set(re.findall(r"\$\{(\w+):queryparam\}", asked)) <= pages[uid]
        assert set(re.findall(r"var-(\w+)=", asked)) <= pages[uid], uid
    titles = {m for panel in panels(name) for m in re.findall(r"__data\.fields\.(\w+)", json.dumps(panel))}
    assert titles <= {"SLO", "Contract", "Table"}


@pytest.mark.parametrize("query", every_query(), ids=str)
def test_every_query_is_promql_about_series_and_labels_that_exist(query: Query) -> None:
    exposed, rules = exposed_labels(), recorded()
    for selector in dashboards.selectors(substituted(query.expr, ANY)):
        assert selector.name is not None
        asked = {matcher.name for matcher in selector.matchers.matchers}
        if selector.name in rules:
            assert asked <= {"sloth_slo"}
            continue
        assert selector.name in exposed or selector.name in SCRAPED, f"{selector.name} is no series of ours"
        assert asked <= exposed.get(selector.name, set()) | SCRAPED_LABELS, selector.name
        assert "job" in asked, f"{selector.name} is asked of every observer at once"


@EVERY_DASHBOARD
def test_every_variable_asks_for_what_exists_and_only_with_those_before_it(name: str) -> None:
    known = {"__rate_interval"}
    for variable in variables(name):
        if variable["type"] == "query":
            selector, label = dashboards.asked_values(variable["query"])
            assert set(re.findall(r"\$(\w+)", selector)) <= known, variable["name"]
            (series,) = dashboards.selectors(substituted(selector, ANY))
            assert label in exposed_labels()[series.name or ""] | SCRAPED_LABELS
        known.add(variable["name"])
    for query in queries(name):
        assert set(re.findall(r"\$(\w+)", query.expr)) <= known, query


@EVERY_DASHBOARD
def test_every_panel_says_what_it_means_and_what_stands_there_when_nothing_is_known(name: str) -> None:
    for panel in panels(name):
        if panel["type"] == "row":
            continue
        assert re.fullmatch(r"[A-Z0-9].{15,}[.]", panel["description"]), panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        # A daemon that is gone has no series either: what is absent is never told as a fact.
        assert re.search(r"unknown|answer|never|scraped", defaults["noValue"]), panel["title"]
        if panel["type"] == "stat":
            last = defaults["mappings"][-1]
            assert last["type"] == "special"
            assert last["options"]["match"] == "null+nan"
            assert last["options"]["result"]["color"] == shared.PURPLE


def colours_of_nothing(panel: dict[str, Any]) -> list[str]:
    """Colours that stand where there is no number."""
    fields = panel["fieldConfig"]
    found = [fields["defaults"], *({p["id"]: p.get("value") for p in o["properties"]} for o in fields["overrides"])]
    return [
        mapping["options"]["result"]["color"]
        for properties in found
        for mapping in properties.get("mappings") or ()
        if mapping["type"] == "special"
    ]


@EVERY_DASHBOARD
def test_unknown_is_never_green_and_colours_never_speak_alone(name: str) -> None:
    for panel in panels(name):
        if panel["type"] == "row":
            continue
        assert set(colours_of_nothing(panel)) <= {shared.PURPLE, shared.PLAIN}
        assert all(text.strip() for text in dashboards.texts(panel))
        for target in panel.get("targets", ()):
            # Steps as long as an hour would hide a daemon's first one.
            assert "interval" not in target, panel["title"]
            # Where nothing is known, a zero would be made up.
            assert "vector(" not in target["expr"], panel["title"]
            if panel["type"] in {"stat", "table", "bargauge"}:
                # A query over time shows the last value of a series that ended, as if it were today's.
                assert target["instant"], panel["title"]
        if panel["type"] == "timeseries":
            assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False


def test_conditions_and_outcomes_are_shown_in_the_words_of_the_program() -> None:
    from observer.metrics.levels import CONDITION_VALUES
    from observer.metrics.stored import OUTCOME_VALUES

    assert {value: shared.CONDITIONS[value][0] for value in shared.CONDITIONS} == {
        number: condition.value for condition, number in CONDITION_VALUES.items()
    }
    for outcome, number in OUTCOME_VALUES.items():
        assert shared.OUTCOMES[number][0].split(":")[0] == outcome.value
    green = {*shared.CONDITIONS.values(), *shared.OUTCOMES.values()}
    assert [word for word, colour in green if colour == shared.GREEN] in (["met", "passed"], ["passed", "met"])
