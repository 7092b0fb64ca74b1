"""Courses of simulated CRMs and of the looks at them, drawn from a seed.

Many records are made, or fall due, close to a look: there it is decided what a look has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from observer.slo.ledger import SWEEP, reach
from observer.slo.model import TimeToFill
from tests.fakes.crm_life import Clock, Crm, Life
from tests.fakes.ledger_memory import MemoryLedger
from tests.fakes.watched_life import Tick, Watch

DEADLINE = 300
ACTIVE = 3000
#: Long enough for everything to fall due, and for two rounds of the sweep.
SETTLED = range(ACTIVE + 600, ACTIVE + 600 + 2 * int(SWEEP.total_seconds()) + 2400, 600)


def watch_of(seed: int) -> tuple[Watch, list[Tick]]:
    """A CRM with its watch, and the ticks to come. (Hypothesis would take longer to draw them than they take.)"""
    dice = Random(seed)
    calm = dice.random() < 0.5
    jumps = dice.choice([0, 0, 1] if calm else [0, 1, 2])
    steps = {dice.randint(100, ACTIVE): dice.choice([-500, -120, -7, 3, 90, 700]) for _ in range(jumps)}
    clock = Clock(steps=tuple(sorted(steps.items())))
    indicator = TimeToFill(
        contract="c",
        object="leads",
        property="email",
        checks=("c.leads.email.required",),
        deadline=timedelta(seconds=DEADLINE),
        poll=timedelta(seconds=dice.choice([60, 100, 150])),
        look_back=timedelta(seconds=dice.choice([20, 1200, 7200, 86400])),
        grace=timedelta(seconds=dice.choice([10, 60, 300])),
    )
    ticks = ticks_of(dice, int(indicator.poll.total_seconds()), calm=calm)
    lives = tuple(life_of(dice, f"r{number}", clock, ticks, calm=calm) for number in range(dice.randint(1, 6)))
    crm = Crm(lives=lives, clock=clock, deadline=DEADLINE)
    watch = Watch(crm=crm, indicator=indicator, ledger=MemoryLedger(deadline=indicator.deadline))
    return watch, ticks


def life_of(dice: Random, key: str, clock: Clock, ticks: Sequence[Tick], *, calm: bool) -> Life:
    created = max(0, dice.choice([dice.choice(ticks).at - dice.choice([0, DEADLINE]), dice.randint(0, ACTIVE)]))
    created = max(0, created + dice.randint(-9, 9))
    visible = created + dice.choice([0, 0, 5, 50] if calm else [0, 5, 50, 400, 2500])
    event = clock.reads(created) + dice.choice([0] if calm else [0, 0, 0, -100, -1000, 400])
    due = clock.first_at(event + DEADLINE)

    def near() -> int:
        span = dice.choice([(created, created + 800), (due - 160, due + 160), (due - 9, due + 9), (due, due + 1)])
        return max(created, dice.randint(*span))

    gone: tuple[tuple[int, int | None], ...] = ()
    if dice.random() < 0.2:
        begins = max(near(), visible)
        gone = ((begins, dice.choice([None, begins + dice.randint(1, 400)])),)
    return Life(
        key=key,
        created=created,
        visible=visible,
        event=event,
        moves=((near(), event + dice.choice([-400, -30, 30, 250, 2000])),) if dice.random() < 0.2 else (),
        flips=tuple(sorted(near() for _ in range(dice.randint(0, 3)))),
        touches=tuple(sorted(near() for _ in range(dice.randint(0, 2)))),
        gone=gone,
        tells=dice.random() < 0.5,
        backfilled=visible > created and dice.random() < 0.5,
        past=dice.choice([None, None, None, "fill time", "changes"]),
    )


def ticks_of(dice: Random, poll: int, *, calm: bool) -> list[Tick]:
    found: list[Tick] = []
    at = dice.randint(0, 200)
    while at < ACTIVE + 400:
        found.append(
            Tick(
                at=at,
                lag=dice.choice([0, 0, 0, 2] if calm else [0, 0, 0, 0, 2, 20, 90]),
                earlier=dice.choice([0, 0, 3, 9]),
                later=dice.choice([0, 0, 1, 9]),
                page=dice.choice([1000, 3, 1]),
                killed_after=None if calm else dice.choice([None, None, None, 0, 1, 2]),
                twice=dice.random() < 0.5,
                rival=dice.random() < 0.5,
            )
        )
        gaps = [poll, poll, dice.randint(1, poll), poll + 15, dice.choice([poll, 700, 1900])]
        at += poll if calm else dice.choice(gaps)
    return found


def lived(watch: Watch, planned: list[Tick]) -> Watch:
    """The watch after its ticks, and after all is quiet and has been looked for.

    What may be forgotten is: no record may be decided again for that. (An event time that moves brings any back.)
    """
    forgets = watch.crm.clock.back == 0 and not any(life.moves for life in watch.crm.lives)
    for tick in (*planned, *(Tick(at=at) for at in SETTLED)):
        watch.tick(tick)
        if forgets and watch.ledger.position is not None:
            watch.ledger.forget(reach(watch.ledger.position, watch.indicator))
    return watch
