"""Seeded draws. In: a seed and sizes. Out: numpy and Arrow arrays that look like people's work; the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from observer.demo.summary import Dirt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MINUTE, HOUR, DAY = 60, 3_600, 86_400
#: How far back the CRM goes.
HISTORY_DAYS = 730
#: Monday … Sunday.
_WEEKDAYS = np.array([1.0, 1.1, 1.1, 1.05, 0.9, 0.3, 0.25])
#: The business grows by this factor over the whole history.
_GROWTH = 3.0


@dataclass(kw_only=True)
class World:
    """What all tables share: the seed, the clock (epoch seconds), the size, and the list of dirt so far."""

    seed: int
    now: int
    leads: int
    #: Nothing in it is dirty: as if everything had been mended.
    clean: bool = False
    dirt: list[Dirt] = field(default_factory=list)

    def rng(self, stream: int) -> np.random.Generator:
        """An own stream of chance per table, so that a change in one leaves the others alone."""
        return np.random.default_rng([self.seed, stream])

    def log(self, table: str, field_name: str, kind: str, rows: int, story: str) -> None:
        """Note dirt that was made; nothing when it is none."""
        if rows:
            self.dirt.append(Dirt(table=table, field=field_name, kind=kind, rows=int(rows), story=story))


@dataclass
class Dirtier:
    """Hands out rows to be made dirty: each at most once, so that every count is exact."""

    world: World
    table: str
    rng: np.random.Generator
    #: Rows that are live and still clean.
    free: Mask

    def pick(
        self, field_name: str, kind: str, share: float, story: str, *, among: Mask | None = None, at_least: int = 1
    ) -> Mask:
        """A mask of `share` of all rows (at least `at_least`, at most all that are free), noted as dirt."""
        eligible = np.flatnonzero(self.free if among is None else self.free & among)
        wanted = min(len(eligible), max(at_least, round(share * len(self.free))))
        return self.take(field_name, kind, self.rng.choice(eligible, wanted, replace=False), story)

    def take(self, field_name: str, kind: str, rows: Ints, story: str) -> Mask:
        """Make exactly these rows dirty; none of a clean world."""
        mask = np.zeros(len(self.free), dtype=bool)
        if self.world.clean:
            return mask
        mask[rows] = True
        self.free &= ~mask
        self.world.log(self.table, field_name, kind, len(rows), story)
        return mask


def created_times(rng: np.random.Generator, rows: int, now: int) -> Ints:
    """Sorted instants over the history: growing, busy on weekdays and around midday, none after `now`."""
    today = now // DAY
    days = np.arange(today - HISTORY_DAYS + 1, today + 1)
    weights = (
        np.exp(np.linspace(0, np.log(_GROWTH), HISTORY_DAYS)) * _WEEKDAYS[(days + 3) % 7]
    )  # 1970-01-01: a Thursday
    weights[-1] *= max(0.02, (now % DAY) / DAY)
    day = rng.choice(days, size=rows, p=weights / weights.sum())
    second = np.clip(rng.normal(13.5, 3.2, rows) * HOUR, 0, DAY - 1)
    times: Ints = day * DAY + second.astype(np.int64)
    late = times > now - 2 * MINUTE
    times[late] = now - 2 * MINUTE - rng.integers(0, 6 * HOUR, int(late.sum()))
    times.sort()
    times[-1] = now - 2 * MINUTE
    return times


def later(rng: np.random.Generator, times: Ints, now: int) -> Ints:
    """Instants of the last write: between creation and now, most of them soon after creation."""
    return times + ((now - MINUTE - times) * rng.beta(0.4, 3.0, len(times))).astype(np.int64)


def uneven(rng: np.random.Generator, choices: Ints, rows: int) -> Ints:
    """Draws in which the first choices are taken more often than the last (some people sell more)."""
    weights = 1.0 / np.sqrt(np.arange(1, len(choices) + 1))
    return rng.choice(choices, size=rows, p=weights / weights.sum())


def uuids(seed: int, stream: int, numbers: Ints) -> pa.Array:
    """The UUIDs (version 4 in form) of rows by number: the same number gives the same UUID, in any order."""
    halves = [_mixed(numbers.astype(np.uint64) * np.uint64(2) + np.uint64(i), seed * 1_000 + stream) for i in (0, 1)]
    raw = np.empty((len(numbers), 2), dtype=">u8")
    raw[:, 0] = (halves[0] & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    raw[:, 1] = (halves[1] & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    digits = np.frombuffer(raw.tobytes().hex().encode(), dtype="S1").reshape(len(numbers), 32)
    out = np.full((len(numbers), 36), b"-", dtype="S1")
    for start, end, to in ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24)):
        out[:, to : to + end - start] = digits[:, start:end]
    offsets = pa.py_buffer(np.arange(0, 36 * (len(numbers) + 1), 36, dtype=np.int32).tobytes())
    return pa.StringArray.from_buffers(len(numbers), offsets, pa.py_buffer(out.tobytes()))


def _mixed(values: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.uint64]:
    """splitmix64: https://prng.di.unimi.it/splitmix64.c"""
    with np.errstate(over="ignore"):
        z = values + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def spread(numbers: Ints, ways: int, salt: int) -> Ints:
    """A number from 0 to `ways` - 1 for each row, fixed by the row's number and the salt."""
    mixed = _mixed(numbers.astype(np.uint64), salt)
    return (mixed % np.uint64(ways)).astype(np.int64)


# ---- Arrow


def words(choices: Sequence[str], index: Ints) -> pa.Array:
    """One word per row."""
    return pa.array(list(choices), pa.string()).take(pa.array(index % len(choices)))


def joined(*parts: object) -> pa.Array:
    """Texts side by side; null where a part is null."""
    return pc.binary_join_element_wise(*parts, "")


def numbers_text(values: Ints) -> pa.Array:
    """Whole numbers as text."""
    return pa.array(values).cast(pa.string())


def where(mask: Mask, chosen: object, otherwise: pa.Array) -> pa.Array:
    """`chosen` in the rows of the mask, else what was there; a `chosen` of None is null."""
    value = pa.scalar(None, otherwise.type) if chosen is None else chosen
    return pc.if_else(pa.array(mask), value, otherwise)


def whole(values: Ints, *, null: Mask | None = None) -> pa.Array:
    """Whole numbers, null in the rows of the mask."""
    return pa.array(values, pa.int64(), mask=null)


def instants(seconds: Ints, *, null: Mask | None = None) -> pa.Array:
    """Epoch seconds → UTC timestamps."""
    return pa.array(seconds, pa.int64(), mask=null).cast(pa.timestamp("s", tz="UTC"))


def dates(days: Ints, *, null: Mask | None = None) -> pa.Array:
    """Days since 1970 → dates."""
    return pa.array(days.astype(np.int32), pa.int32(), mask=null).cast(pa.date32())
