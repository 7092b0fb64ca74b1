"""What glances, levels and doors showed, as looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.checks.rules import Fresh
from observer.contracts.model import LogicalType, Sla, SlaKind, TypeOptions
from observer.incidents.findings import Grade, Hides, Source
from observer.jobs.looks import ALERTS, look_of_doors, look_of_glance, look_of_standing, without_first_blindness
from observer.runs.ticks import Tick
from observer.slo.alerts import Alert, AlertKind
from observer.slo.burn import RULES, Urgency
from observer.slo.standing import OpenAlert
from tests.fakes.contracts import contract, prop, table
from tests.fakes.levels import level, stands
from tests.fakes.small_runs import NOON

HOUR = timedelta(hours=1)
WRITTEN = prop("written", LogicalType.TIMESTAMP, options=TypeOptions(timezone=True))
BOTH = contract(
    table("leads", WRITTEN),
    table("deals", WRITTEN),
    id="crm",
    slas=tuple(
        Sla(id=f"fresh-{name}", kind=SlaKind.FRESHNESS, limit=HOUR, object=name, columns=("written",))
        for name in ("leads", "deals")
    ),
)
SPECS = {spec.id: spec for spec in plan_contract(BOTH).checks if isinstance(spec.rule, Fresh)}


def tick(table_name: str, outcome: Outcome, **said: Any) -> Tick:
    (id_,) = (spec.id for spec in SPECS.values() if spec.object == table_name)
    shown = {"value": 60.0, "observed": "1 min old", "expected": "at most 1 h old", **said}
    return Tick(check_id=id_, contract="crm", object=table_name, at=NOON, outcome=outcome, **shown)


def test_a_glance_tells_of_the_checks_that_it_looked_at_and_of_no_other() -> None:
    look = look_of_glance([tick("leads", Outcome.FAILED, value=7_200.0, observed="2 h old")], SPECS, BOTH, at=NOON)
    (stale,) = look.findings
    assert (stale.table, stale.hides, stale.observed, stale.grade) == ("leads", Hides.FIELDS, "2 h old", Grade.ERROR)
    assert not any("deals" in fingerprint for fingerprint in look.covered)
    assert stale.fingerprint in look.covered
    assert "glance:crm" in look.covered


def test_when_nothing_at_all_can_be_seen_that_is_one_finding_of_the_contract() -> None:
    unseen = [tick(name, Outcome.ERRORED, value=None, error="no answer") for name in ("leads", "deals")]
    look = look_of_glance(unseen, SPECS, BOTH, at=NOON)
    (finding,) = look.findings
    assert (finding.source, finding.hides, finding.table) == (Source.BLIND, Hides.ALL, None)
    assert finding.observed == "could not look: no answer"
    assert look.covered == frozenset()


def test_one_table_that_cannot_be_seen_is_a_finding_of_that_check() -> None:
    ticks = [tick("leads", Outcome.ERRORED, value=None, error="no such table"), tick("deals", Outcome.PASSED)]
    look = look_of_glance(ticks, SPECS, BOTH, at=NOON)
    (finding,) = look.findings
    assert (finding.table, finding.source) == ("leads", Source.BLIND)
    assert not any(name.startswith("blind:") for name in (finding.fingerprint, *look.covered)), "runs speak for runs"
    assert without_first_blindness(look, ()).findings == ()
    assert without_first_blindness(look, [finding.fingerprint]) == look


def test_a_level_tells_of_every_alert_that_it_could_have_and_of_its_own_blindness() -> None:
    seen = stands(level())
    alert = Alert(
        slo=seen.slo.name,
        kind=AlertKind.BURN,
        urgency=Urgency.PAGE,
        rule=RULES[0],
        burn=None,
        bad=3,
        eligible=9,
        left=-1,
    )
    burning = replace(seen, ledger=replace(seen.ledger, alerts=(OpenAlert(alert=alert, since=NOON),)))
    look = look_of_standing(burning, BOTH, at=NOON)
    assert [finding.grade for finding in look.findings] == [Grade.URGENT]
    assert len(look.covered) == len(ALERTS) + 1

    blind = replace(seen, ledger=replace(seen.ledger, trouble="no such column"))
    look = look_of_standing(blind, BOTH, at=NOON)
    (finding,) = look.findings
    assert finding.is_blind
    assert finding.observed == "could not look: no such column"
    assert finding.fingerprint not in look.covered


def test_a_door_that_fails_for_the_first_time_under_a_new_leader_is_not_said_to_work() -> None:
    look = look_of_doors({"slack": "it is down", "source": None}, (), at=NOON)

    assert without_first_blindness(look, ()) == look_of_doors({"source": None}, (), at=NOON)
    assert without_first_blindness(look, ["trouble:slack"]) == look


def test_doors_of_a_contract_name_it_and_those_that_work_end_their_trouble() -> None:
    look = look_of_doors({"run of crm": "no memory", "run of old": "no memory", "slack": None}, ["crm"], at=NOON)
    assert {finding.subject: finding.contract for finding in look.findings} == {"run of crm": "crm", "run of old": None}
    assert len(look.covered) == 3
