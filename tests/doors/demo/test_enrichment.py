"""The service that finds e-mails: quick when it is well, late or never for leads that come while it is down."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from observer.demo.enrichment import DEADLINE, Enrichment

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_when_it_is_well_e_mails_are_there_at_once_or_well_within_the_deadline_and_one_in_a_thousand_never() -> None:
    service = Enrichment(random.Random(3))

    waits = [service.next_lead().wait for _ in range(50_000)]

    assert 0.68 < sum(wait == timedelta() for wait in waits) / len(waits) < 0.72
    assert 0.0005 < sum(wait is None for wait in waits) / len(waits) < 0.0015
    assert max(wait for wait in waits if wait is not None) <= DEADLINE / 2


def test_leads_that_come_while_it_is_down_are_known_beforehand_and_late_or_lost() -> None:
    service = Enrichment(random.Random(3))
    keys = service.go_down(200)

    leads = []
    while service.is_down:
        leads.append(service.next_lead())

    assert tuple(lead.key for lead in leads) == keys
    waits = [lead.wait for lead in leads]
    assert min(wait for wait in waits if wait is not None) >= 2 * DEADLINE
    assert 5 < waits.count(None) < 40
    assert service.next_lead().key not in keys


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 4), st.booleans(), st.booleans()), max_size=30),
)
def test_what_it_says_of_deadlines_is_what_was_written(seed: int, steps: list[tuple[int, int, bool, bool]]) -> None:
    """Steps that are lost, pauses and outages: the leads without an e-mail at their deadline are those it names."""
    service, now = Enrichment(random.Random(seed)), NOW
    created: dict[str, datetime] = {}
    filled: dict[str, datetime] = {}
    for seconds, leads, is_kept, goes_down in [*steps, (2 * 120, 0, True, False)]:
        now += seconds * SECOND
        service.begin()
        fills = {waiting.key: now for waiting in service.due(now)}
        came: dict[str, datetime] = {}
        for _ in range(leads):
            lead = service.next_lead()
            came[lead.key] = now
            service.came(lead, "someone@example.com", now)
            if lead.wait == timedelta():
                fills[lead.key] = now
        if is_kept:
            service.keep(now)
            created |= came
            filled |= fills
        if goes_down:
            service.go_down(2)

    assert service.unmet == {
        key for key, at in created.items() if filled.get(key, now) > at + DEADLINE or key not in filled
    }
