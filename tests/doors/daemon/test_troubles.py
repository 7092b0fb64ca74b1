"""Doors that do not work, since when, and those that do."""

from __future__ import annotations

from observer.daemon.troubles import Troubles


def test_a_door_that_just_stopped_working_is_left_out_until_that_lasts() -> None:
    troubles = Troubles()
    troubles.report("slack", "refused")
    troubles.report("lineage", None)
    assert troubles.doors(lasting=60) == {"lineage": None}
    assert troubles.doors() == {"slack": "refused", "lineage": None}
    assert troubles.reasons == ("slack: refused",)


def test_another_reason_is_the_same_trouble_and_its_end_is_known() -> None:
    troubles = Troubles()
    troubles.report("slack", "refused")
    troubles.report("slack", "timeout")
    assert troubles.doors() == {"slack": "timeout"}
    troubles.report("slack", None)
    assert troubles.doors(lasting=60) == {"slack": None}


def test_doors_that_are_forgotten_neither_work_nor_not() -> None:
    troubles = Troubles()
    troubles.report("run of leads", "no memory")
    troubles.report("run of deals", None)
    troubles.report("state", None)
    troubles.forget(lambda door: " of " not in door)
    assert troubles.doors() == {"state": None}
