"""slo.yaml → service levels: what is read, how files hang together, what makes another revision."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from observer.config.openslo import load_slos
from observer.config.yaml_text import MAX_BYTES
from observer.contracts.model import Contract
from observer.jobs.lint_contracts import load_for_run
from observer.slo.burn import RULES
from observer.slo.model import (
    CalendarWindow,
    CheckHolds,
    CheckRows,
    FillColumn,
    HistoryTable,
    Kind,
    Method,
    RollingWindow,
    RunSuccess,
    TimeToFill,
    ValidWrites,
)
from tests.fakes.slo_files import CONTRACTS, FILL, POLICY, SLO, one, read
from tests.real_parts import missing

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT.parent / "shared" / "spec" / "openslo" / "v1-examples"


@pytest.fixture(scope="module")
def demo_contracts() -> tuple[Contract, ...]:
    return load_for_run([ROOT / "expectations" / "contracts"])


@pytest.fixture(scope="module")
def contracts() -> tuple[Contract, ...]:
    return load_for_run([CONTRACTS])


# --- the repository's own --------------------------------------------------------------------------------------------


def test_the_service_levels_of_the_demo_are_clean_and_have_one_of_each_kind(
    demo_contracts: tuple[Contract, ...],
) -> None:
    loaded = load_slos(ROOT / "slo.yaml", demo_contracts)
    assert [str(p) for p in loaded.problems] == []
    assert {slo.indicator.kind for slo in loaded.slos} == set(Kind)
    assert {slo.method for slo in loaded.slos} == set(Method)
    assert {type(slo.window) for slo in loaded.slos} == {RollingWindow, CalendarWindow}
    assert len({slo.revision for slo in loaded.slos}) == len(loaded.slos)


def test_the_flagship_is_what_its_title_says(demo_contracts: tuple[Contract, ...]) -> None:
    (flagship,) = (s for s in load_slos(ROOT / "slo.yaml", demo_contracts).slos if s.name == "leads-email-5m")
    assert flagship.indicator == TimeToFill(
        contract="crm-leads",
        object="leads",
        property="email",
        checks=("crm-leads.leads.lead_email.required",),
        deadline=timedelta(minutes=5),
        poll=timedelta(minutes=1),
    )
    assert flagship.target == Fraction(995, 1000)
    assert flagship.window == RollingWindow(span=timedelta(days=28))
    assert flagship.alerts and flagship.burn_rules == RULES
    assert flagship.targets == ("crm-data-quality",)


# --- the reference's examples ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "refused_for"),
    [
        ("services", {"duplicate-object"}),
        ("alert_notification_targets", set()),
        ("alert_conditions", {"burn-rule"}),
        ("alert_policies", {"unknown-reference", "burn-rule"}),
        ("data_sources", {"metric-source"}),
        ("slis", {"metric-source", "ratio-metric", "threshold-metric"}),
        ("slos", {"unknown-reference", "metric-source", "ratio-metric", "objective-operator"}),
    ],
)
def test_the_examples_of_openslo_are_read_or_refused_for_a_reason(name: str, refused_for: set[str]) -> None:
    file = EXAMPLES / f"{name}.yaml"
    if not file.exists():
        missing("the examples of OpenSLO are not here (../shared/spec/openslo/v1-examples)")
    loaded = load_slos(file, ())
    assert {p.rule for p in loaded.errors} == refused_for
    assert {p.rule for p in loaded.warnings} <= {"unused-object"}


# --- kinds of indicator ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "indicator"),
    [
        (
            "{kind: completeness, contract: crm, field: leads.email}",
            CheckRows(kind=Kind.COMPLETENESS, contract="crm", check="crm.leads.email.required"),
        ),
        (
            "{kind: validity, contract: crm, field: leads.email, rule: format}",
            CheckRows(kind=Kind.VALIDITY, contract="crm", check="crm.leads.email.format"),
        ),
        (
            "{kind: validity, contract: crm, check: crm.members.primary_key}",
            CheckRows(kind=Kind.VALIDITY, contract="crm", check="crm.members.primary_key"),
        ),
        (
            "{kind: freshness, contract: crm, check: crm.leads.updated_at.leads_fresh}",
            CheckHolds(contract="crm", check="crm.leads.updated_at.leads_fresh"),
        ),
        (
            "{kind: invalid-write-rate, contract: crm, object: leads}",
            ValidWrites(contract="crm", object="leads"),
        ),
        ("{kind: run-success, contract: crm}", RunSuccess(contract="crm")),
    ],
)
def test_a_kind_of_indicator_names_its_check(spec, indicator, tmp_path, contracts):
    assert one(read(tmp_path, contracts, spec=spec)).indicator == indicator


def test_a_deadline_without_a_poll_interval_is_polled_twice_within_it_and_at_least_every_five_minutes(
    tmp_path, contracts
):
    polls = [
        one(read(tmp_path, contracts, spec=FILL.replace("5m", within))).indicator.poll for within in ("1m", "5m", "1d")
    ]
    assert polls == [timedelta(seconds=30), timedelta(seconds=150), timedelta(minutes=5)]


def test_an_object_may_be_called_by_its_name_in_the_database(tmp_path, contracts):
    indicator = one(read(tmp_path, contracts, spec=FILL.replace("leads.email", "sales.leads.email"))).indicator
    assert (indicator.object, indicator.property) == ("leads", "email")


def test_a_history_decides_where_no_look_could(tmp_path, contracts):
    column = FILL.replace("5m", "5m, pollInterval: 1h, history: {filledAt: filled_at}")
    assert one(read(tmp_path, contracts, spec=column)).indicator.history == FillColumn(property="filled_at")
    table = FILL.replace(
        "5m",
        "5m, pollInterval: 1h, lookBack: 2d, grace: 90s, unknownLimit: 0.25, "
        "history: {table: lead_history, key: lead_id, field: field, value: new_value, changedAt: changed_at}",
    )
    slo = one(read(tmp_path, contracts, spec=table))
    assert slo.indicator.history == HistoryTable(
        object="lead_history",
        key="lead_id",
        field="field",
        field_name="email",
        value="new_value",
        changed_at="changed_at",
    )
    assert (slo.indicator.look_back, slo.indicator.grace) == (timedelta(days=2), timedelta(seconds=90))
    assert slo.unknown_limit == Fraction(1, 4)


# --- windows, objectives, alerts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "target"), [("target: 0.995", "0.995"), ("targetPercent: 99.95", "0.9995"), ("target: 1", "1")]
)
def test_a_target_is_exactly_what_is_written(written, target, tmp_path, contracts):
    assert one(read(tmp_path, contracts, SLO.replace("target: 0.995", written))).target == Fraction(target)


def test_a_calendar_window_begins_when_it_says_in_its_zone(tmp_path, contracts):
    calendar = "[{duration: 1Q, calendar: {startTime: 2026-01-01 00:00:00, timeZone: Europe/Berlin}}]"
    window = one(read(tmp_path, contracts, SLO.replace("[{duration: 28d, isRolling: true}]", calendar))).window
    assert window == CalendarWindow(count=1, unit="Q", begins=datetime(2026, 1, 1), zone="Europe/Berlin")
    assert window.span == timedelta(days=90)


def test_a_condition_tells_its_pair_and_the_less_urgent_ones(tmp_path, contracts):
    slo = one(read(tmp_path, contracts, SLO.replace("28d", "30d") + POLICY))
    assert slo.burn_rules == RULES[2:]
    assert slo.targets == ("mail",)


def test_one_condition_serves_slos_of_one_window_only(tmp_path, contracts):
    _, slo = (SLO.replace("28d", "30d") + POLICY).split("---\n")[:2]
    loaded = read(tmp_path, contracts, SLO.replace("28d", "30d") + POLICY + "---\n" + slo.replace("30d", "7d"))
    assert {p.rule for p in loaded.errors} == {"duplicate-object", "burn-threshold"}


# --- files -----------------------------------------------------------------------------------------------------------


def test_objects_find_each_other_across_files_and_folders(tmp_path, contracts):
    service, slo = SLO.replace("SPEC", FILL).split("---\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "services.slo.yml").write_text(f"# a list\n- {service.replace(chr(10), chr(10) + '  ')}")
    (tmp_path / "slo.yaml").write_text(slo)
    (tmp_path / "other.yaml").write_text("this is none")
    loaded = load_slos(tmp_path, contracts)
    assert one(loaded).service == "crm"
    assert len(loaded.files) == 2


def test_paths_that_hold_nothing_are_told(tmp_path):
    (tmp_path / "big.slo.yaml").write_bytes(b"x" * (MAX_BYTES + 1))
    (tmp_path / "empty").mkdir()
    loaded = load_slos([tmp_path / "no.yaml", tmp_path / "empty", tmp_path / "big.slo.yaml"], ())
    assert {(Path(p.file).name, p.rule) for p in loaded.errors} == {
        ("no.yaml", "file-not-found"),
        ("empty", "no-slos"),
        ("big.slo.yaml", "file-too-large"),
    }
    assert "\0" not in str(loaded.problems)


def test_a_file_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "slo.yaml").symlink_to("slo.yaml")
    assert [p.rule for p in load_slos(tmp_path / "slo.yaml", ()).errors] == ["file-not-found"]
    assert [p.rule for p in load_slos(tmp_path / ("x" * 5000), ()).errors] == ["file-not-readable"]
    memory = Path("/proc/self/mem")
    if memory.exists():
        assert [p.rule for p in load_slos(memory, ()).errors] == ["file-not-readable"]


def test_an_slo_with_an_error_costs_no_other_one(tmp_path, contracts):
    good = SLO.replace("SPEC", FILL)
    bad = good.split("---\n")[1].replace("{name: emails}", "{name: broken}").replace("leads.email", "leads.emial")
    loaded = read(tmp_path, contracts, good + "---\n" + bad)
    assert [slo.name for slo in loaded.slos] == ["emails"]
    assert [p.rule for p in loaded.errors] == ["unknown-field"]


@pytest.mark.parametrize(
    "broken",
    [
        ("metadata: {name: crm}", "metadata: {name: crm, owner: me}"),
        ("alertWhenBreaching: true", "alertWhenBreaching: true\n  when: always"),
        ("severity: ticket", "severity: ticket\n  channel: mail"),
        ("{target: email}", "{target: email, to: me}"),
    ],
)
def test_an_slo_that_is_built_on_an_object_with_an_error_is_none(broken, tmp_path, contracts):
    text = SLO.replace("28d", "30d") + POLICY
    assert broken[0] in text
    loaded = read(tmp_path, contracts, text.replace(*broken))
    assert [p.rule for p in loaded.errors] == ["unknown-key"]
    assert loaded.slos == ()


def test_an_error_in_one_object_of_a_list_breaks_no_other(tmp_path, contracts):
    service, slo = yaml.safe_load_all(SLO.replace("SPEC", FILL))
    stranger = {**service, "metadata": {"name": "other", "owner": "me"}}
    loaded = read(tmp_path, contracts, json.dumps([service, slo, stranger]))
    assert [p.rule for p in loaded.errors] == ["unknown-key"]
    assert [found.name for found in loaded.slos] == ["emails"]


def test_every_mistake_is_told_at_once(tmp_path, contracts):
    text = SLO.replace("SPEC", FILL.replace("email", "emial").replace("5m", "soon")).replace("0.995", "99.5")
    text = text.replace("service: crm", "service: sales").replace("28d", "1M").replace("Occurrences", "Timeslices")
    rules = sorted(p.rule for p in read(tmp_path, contracts, text).errors)
    assert rules == [
        "duration",
        "target",
        "time-slice",
        "time-slice",
        "time-window",
        "unknown-field",
        "unknown-reference",
    ]


@pytest.mark.parametrize("text", ["", "---\n---\n", "[]", "- - []", "null", "5", "[null]", "{}", "kind: SLO", "- {}"])
def test_whatever_stands_in_the_file_nothing_is_raised(text, tmp_path, contracts):
    loaded = read(tmp_path, contracts, text)
    assert loaded.slos == ()


def test_every_value_may_be_of_any_type_and_nothing_is_raised(tmp_path, contracts):
    text = json.dumps([*yaml.safe_load_all((SLO + POLICY).replace("SPEC", FILL))])
    file = tmp_path / "slo.yaml"

    def places(value, path=()):
        yield path
        if isinstance(value, dict | list):
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                yield from places(inner, (*path, key))

    for path in list(places(json.loads(text)))[1:]:
        for strange in (None, 7, "", [None], {"x": None}):
            broken = json.loads(text)
            holder = broken
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = strange
            file.write_text(json.dumps(broken), encoding="utf-8")
            assert all(problem.message and problem.fix for problem in load_slos(file, contracts).problems)
