"""What nothing looks for any more is withdrawn; what something still looks for never is."""

from __future__ import annotations

import pytest

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.incidents.events import EventKind, Group, IncidentEvent
from observer.incidents.findings import Look
from observer.incidents.incident import Incident, fold
from observer.incidents.looks import finding_if, trouble_fingerprint
from observer.jobs.looked_for import looked_for
from observer.jobs.looks import look_of_doors
from tests.fakes.contracts import contract, prop, table
from tests.fakes.small_runs import NOON
from tests.unit.incidents.timeline import broken

LEADS = contract(table("leads", prop("email", required=True)), id="crm")
PLAN = plan_contract(LEADS)
IN_FORCE = looked_for({"crm": LEADS}, PLAN.checks, [], ["slack"], ["#crm"])


def incident(look: Look) -> Incident:
    opened = IncidentEvent(
        incident="i",
        seq=1,
        kind=EventKind.OPENED,
        at=NOON,
        group=Group(contract="crm", table="leads", owner="ana"),
        looked_at=NOON,
        found=look.findings,
    )
    state = fold([opened])
    assert state is not None
    return state


def of_doors(*doors: str) -> Look:
    return look_of_doors(dict.fromkeys(doors, "it broke"), ["crm"], at=NOON)


def test_whatever_a_check_of_the_plan_found_goes_on() -> None:
    found = [finding_if(spec, LEADS, outcome) for spec in PLAN.checks for outcome in (Outcome.FAILED, Outcome.ERRORED)]
    look = Look(at=NOON, findings=tuple(finding for finding in found if finding))
    assert look.findings
    assert IN_FORCE.withdrawn([incident(look)]) == frozenset()


def test_a_check_that_left_the_contract_is_withdrawn() -> None:
    gone = broken("phone")
    assert IN_FORCE.withdrawn([incident(Look(at=NOON, findings=(gone,)))]) == {gone.fingerprint}


@pytest.mark.parametrize(
    ("door", "goes_on"),
    [
        ("state", True),
        ("source", True),
        ("lineage", False),
        ("slack", True),
        ("slack channel #crm", True),
        ("slack channel #typo", False),
        ("deliveries to slack", True),
        ("webhook", False),
        ("deliveries to alertmanager", False),
        ("run of crm", True),
        ("run of old", False),
    ],
)
def test_doors_go_on_but_for_those_of_contracts_receivers_and_channels_that_are_gone(door: str, goes_on: bool) -> None:
    withdrawn = IN_FORCE.withdrawn([incident(of_doors(door))])
    assert withdrawn == (frozenset() if goes_on else {trouble_fingerprint(door)})
    assert IN_FORCE.tells_of(door) is goes_on, "or every look would bring it back"
