"""Ids of runs are UUIDs of version 7."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from observer.lineage.ids import new_run_id


def test_an_id_is_a_uuid_of_version_7_that_begins_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    ids = [UUID(new_run_id()) for _ in range(200)]
    after = time.time_ns() // 1_000_000

    assert {(one.version, one.variant) for one in ids} == {(7, RFC_4122)}
    assert all(before <= one.int >> 80 <= after for one in ids)
    assert len(set(ids)) == 200


def test_every_bit_that_may_be_chance_is() -> None:
    """All bits but those of the time, the version and the variant are seen as 0 and as 1."""
    ones, zeros = 0, 0
    for _ in range(200):
        number = UUID(new_run_id()).int
        ones, zeros = ones | number, zeros | ~number
    chance = (2**12 - 1) << 64 | (2**62 - 1)
    assert ones & chance == zeros & chance == chance
