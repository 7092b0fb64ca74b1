"""Results, alerts and troubles become findings; what could not be seen mends nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from observer.checks.audit import ContractAudit
from observer.checks.change_rules import InvalidWrites
from observer.checks.changes import plan_changes
from observer.checks.judge import judge
from observer.checks.measure import CheckResult, Measurement, Outcome, TableShape
from observer.checks.plan import plan_contract
from observer.checks.spec import CheckSpec
from observer.checks.unseen import unseen
from observer.contracts.model import Contract, LogicalType, Property, SchemaObject, Severity, Sla, SlaKind, TeamMember
from observer.incidents import looks
from observer.incidents.findings import Grade, Hides, Look, Source
from observer.incidents.routing import route
from observer.slo.alerts import Alert, AlertKind
from observer.slo.burn import RULES, Urgency
from observer.slo.model import CheckRows, Kind, Method, RollingWindow, RunSuccess, Slo
from observer.slo.standing import OpenAlert
from tests.unit.incidents.timeline import POLICY, World, broken, clock

NINE = clock("09:00")


def table(name: str) -> SchemaObject:
    return SchemaObject(
        id=name,
        name=name,
        physical_name=name,
        event_time=("created_at",),
        properties=(
            Property(
                id="email",
                name="email",
                physical_name="email",
                logical_type=LogicalType.STRING,
                required=True,
                owner="ana@example.com",
                steward="stu@example.com",
                consumers=("billing",),
                classification="restricted",
            ),
            Property(
                id="created_at", name="created_at", physical_name="created_at", logical_type=LogicalType.TIMESTAMP
            ),
        ),
    )


CONTRACT = Contract(
    id="crm",
    name="crm",
    version="1.0.0",
    api_version="v3.1.0",
    status="active",
    objects=(table("leads"), table("accounts")),
    team=(TeamMember(username="rev@example.com", role="owner"),),
    slas=(
        Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=timedelta(minutes=15), object="leads", columns=("created_at",)),
    ),
)
PLAN = plan_contract(CONTRACT)
PRESENT = next(s for s in PLAN.checks if s.property == "email" and s.rule_name == "required")
FRESH = next(s for s in PLAN.checks if s.rule_name == "fresh")


def result(spec: CheckSpec = PRESENT, *, failed: int = 0, **seen: object) -> CheckResult:
    measured = {"rows_tested": 100, "rows_failed": failed, **seen}
    return judge(spec, Measurement(check_id=spec.id, **measured))  # type: ignore[arg-type]  # fields, by name


def look(*results: CheckResult) -> Look:
    return looks.look_of_results(results, CONTRACT, at=NINE)


def test_a_failed_check_is_a_finding_with_its_place_its_people_and_its_counts() -> None:
    (found,) = look(result(failed=12)).findings
    assert found.fingerprint == f"check:{PRESENT.id}"
    assert (found.source, found.grade, found.about) == (Source.CHECK, Grade.ERROR, "crm.leads.email")
    assert (found.rows_failed, found.rows_tested, found.restricted) == (12, 100, True)
    assert found.observed == "12 of 100 rows (12.0 %)"
    assert found.answerable.owner == "ana@example.com"
    assert found.answerable.contract_owner == "rev@example.com"
    assert found.answerable.consumers == ("billing",)


@pytest.mark.parametrize(("severity", "grade"), [(Severity.WARNING, Grade.WARNING), (Severity.INFO, Grade.INFO)])
def test_what_only_warns_is_a_lighter_finding(severity: Severity, grade: Grade) -> None:
    (found,) = look(result(replace(PRESENT, severity=severity), failed=1)).findings
    assert found.grade is grade


def test_no_value_of_a_restricted_field_is_in_a_finding() -> None:
    (found,) = look(result(failed=12, seen="jane@secret.example")).findings
    assert "secret" not in repr(found)
    (only_words,) = look(result(rows_tested=None, rows_failed=None, holds=False, seen="jane@secret.example")).findings
    assert "secret" not in repr(only_words)
    assert only_words.observed == "does not hold"


def test_a_check_that_could_not_look_is_a_finding_of_its_own_and_mends_nothing() -> None:
    seen = look(result(error="permission denied"))
    (found,) = seen.findings
    assert (found.source, found.observed) == (Source.BLIND, "could not look: permission denied")
    assert seen.covered == frozenset()
    world = World()
    world.at("09:00").takes(look(result(failed=12)))
    world.at("09:05").takes(replace(seen, at=world.now))
    blind, failed = sorted(world.incidents, key=lambda i: i.group.owner, reverse=True)
    assert (blind.group.owner, failed.group.owner) == ("pat@example.com", "ana@example.com")
    assert failed.is_open
    world.at("09:10").takes(replace(look(result()), at=world.now))
    assert [i.is_open for i in world.incidents] == [False, False]


def test_a_check_with_nothing_to_look_at_ends_blindness_and_mends_nothing_else() -> None:
    seen = look(result(rows_tested=0))
    assert seen.findings == ()
    assert seen.covered == {f"blind:{PRESENT.id}"}


def test_a_stale_table_hides_its_fields() -> None:
    (found,) = look(result(FRESH, rows_tested=None, rows_failed=None, value=3_600)).findings
    assert found.hides is Hides.FIELDS
    (field,) = look(result(failed=1)).findings
    assert field.is_hidden_by(found)


def test_what_changed_between_snapshots_is_drift() -> None:
    drift = next(s for s in plan_changes(CONTRACT, PLAN) if s.rule_name == "schema_drift")
    (found,) = look(result(drift, rows_tested=None, rows_failed=None, value=1, seen="email is gone")).findings
    assert found.source is Source.CHANGE


def test_a_contract_that_cannot_be_read_is_one_finding_that_hides_the_others() -> None:
    audit = unseen(CONTRACT, PLAN, "snapshot", "connection refused", changes=False)
    seen = looks.look_of_run(audit, at=NINE)
    (lost,) = [found for found in seen.findings if found.hides is Hides.ALL]
    assert (lost.fingerprint, lost.table) == ("unreachable:crm", None)
    others = [found for found in seen.findings if found is not lost]
    assert len(others) == len(PLAN.checks)
    assert all(found.is_hidden_by(lost) for found in others)


def test_one_table_that_cannot_be_read_is_its_own_finding_and_mended_when_it_can() -> None:
    shapes = [TableShape(object=name, physical_name=name, columns=()) for name in ("leads", "accounts")]
    broke = replace(shapes[0], error="no such table")
    audit = ContractAudit(contract=CONTRACT, tables=(broke, shapes[1]), results=())
    (found,) = looks.look_of_run(audit, at=NINE).findings
    assert (found.fingerprint, found.statement) == ("unreachable:crm.leads", "leads of crm can be read")
    mended = looks.look_of_run(replace(audit, tables=tuple(shapes)), at=NINE)
    assert mended.findings == ()
    assert found.fingerprint in mended.covered


LEVEL = Slo(
    name="emails",
    display_name="99.5 % of leads have an email",
    service="crm",
    description="",
    indicator=CheckRows(kind=Kind.COMPLETENESS, contract="crm", check=PRESENT.id),
    window=RollingWindow(span=timedelta(days=28)),
    method=Method.OCCURRENCES,
    target=Fraction(995, 1000),
    object="leads",
    property="email",
)
BURN = Alert(
    slo="emails",
    kind=AlertKind.BURN,
    urgency=Urgency.PAGE,
    rule=RULES[0],
    burn=Fraction(288, 10),
    bad=30,
    eligible=200,
    left=-5,
)


def test_an_alert_of_a_level_is_a_finding_since_it_is_open_and_ends_with_it() -> None:
    opened = OpenAlert(alert=BURN, since=clock("08:30"))
    seen = looks.look_of_level(LEVEL, [opened], CONTRACT, at=NINE, names=["burn-1h/5m", "spent"])
    (found,) = seen.findings
    assert (found.fingerprint, found.grade) == ("level:emails:burn-1h/5m", Grade.URGENT)
    assert (found.since, found.budget_left, found.expected) == (clock("08:30"), -5, "99.5 %")
    assert found.observed == "the budget burns 28.8 times too fast (1h/5m): 30 of 200 bad"
    assert "level:emails:spent" in seen.covered


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (AlertKind.SPENT, "the budget is nearly spent: 30 of 200 bad (15.0 %)"),
        (AlertKind.UNKNOWN, "30 of 200 could not be judged"),
    ],
)
def test_other_alerts_say_what_they_are(kind: AlertKind, text: str) -> None:
    alert = replace(BURN, kind=kind, urgency=Urgency.TICKET, rule=None, burn=None)
    seen = looks.look_of_level(LEVEL, [OpenAlert(alert=alert, since=NINE)], CONTRACT, at=NINE, names=[])
    assert seen.findings[0].observed == text
    assert seen.findings[0].grade is Grade.WARNING


def test_a_level_of_a_whole_contract_belongs_to_the_owner_of_the_contract() -> None:
    runs = replace(LEVEL, indicator=RunSuccess(contract="crm"), object=None, property=None)
    seen = looks.look_of_level(runs, [OpenAlert(alert=BURN, since=NINE)], CONTRACT, at=NINE, names=[])
    assert seen.findings[0].answerable.owner is None
    assert seen.findings[0].answerable.contract_owner == "rev@example.com"
    assert seen.findings[0].about == "crm"


def test_a_door_of_the_daemon_that_does_not_work_is_a_finding_until_it_does() -> None:
    world = World()
    world.at("09:00").takes(looks.look_of_door("slack", "the token was revoked", at=world.now))
    world.waits_until("09:01")
    assert world.notices[0].told.to == "pat@example.com"
    assert world.notices[0].incident.held["trouble:slack"].finding.about == "slack"
    world.at("09:30").takes(looks.look_of_door("slack", None, at=world.now))
    assert not world.only.is_open


def test_a_look_says_each_finding_once_and_in_its_gravest_form() -> None:
    twice = Look(at=NINE, findings=(broken(rows=3), broken(rows=9), broken(rows=3)))
    assert twice.distinct() == (broken(rows=9),)
    assert Outcome.PASSED is result().outcome


def test_who_would_be_told_of_a_check_can_be_asked_before_anything_broke() -> None:
    failed = looks.finding_if(PRESENT, CONTRACT, Outcome.FAILED)
    errored = looks.finding_if(PRESENT, CONTRACT, Outcome.ERRORED)
    assert failed is not None and errored is not None
    assert route(failed, POLICY, NINE).to == "ana@example.com"
    assert route(errored, POLICY, NINE).to == "pat@example.com"
    assert looks.finding_if(PRESENT, CONTRACT, Outcome.PASSED) is None


def test_a_source_that_does_not_answer_hides_everything_and_another_door_hides_nothing() -> None:
    (source,) = looks.look_of_door("source", "it does not answer", at=clock("09:00")).findings
    (slack,) = looks.look_of_door("slack", "the token was revoked", at=clock("09:00")).findings
    assert (source.hides, slack.hides) == (Hides.EVERYTHING, Hides.NONE)
    assert not slack.is_hidden_by(source)


def test_where_nothing_was_written_nothing_wrong_was_and_what_could_not_be_compared_says_nothing() -> None:
    writes = replace(PRESENT, id="crm.leads.invalid_writes", property=None, rule=InvalidWrites(checks=(PRESENT.id,)))
    quiet = result(writes, rows_tested=0, rows_failed=0)
    apart = result(writes, rows_tested=None, rows_failed=None, skipped="there is no snapshot to compare with")
    assert {quiet.outcome, apart.outcome} == {Outcome.SKIPPED}
    fingerprint = looks.check_fingerprint(writes.id)
    assert fingerprint in looks.look_of_results([quiet], CONTRACT, at=NINE).covered
    assert fingerprint not in looks.look_of_results([apart], CONTRACT, at=NINE).covered
    assert (
        looks.check_fingerprint(PRESENT.id)
        not in looks.look_of_results([result(rows_tested=0)], CONTRACT, at=NINE).covered
    )
