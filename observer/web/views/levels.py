"""One service level: its objective in words, how it went, what is left, and the latest of what is not good.

Imported by the first page that shows one: what draws tables on consoles comes with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from observer.checks.words import duration_text
from observer.jobs.level_in_full import LevelInFull
from observer.reports import slo_words as words
from observer.reports.slo_explain import why
from observer.reports.slo_status import Level, notes_of, summary_text
from observer.reports.visible import web_link
from observer.slo.budget import Counts
from observer.slo.burndown import Stretch
from observer.slo.model import CalendarWindow, TimeToFill
from observer.slo.standing import BURN_SPANS, Condition, SloStanding
from observer.slo.verdicts import State
from observer.slo.windows import window_begins
from observer.web.pages import addresses
from observer.web.views.pictures import WIDTH, Line, Pillar, Point, line, pillars

#: The course takes so much of the width; what follows is what is to come.
_PAST = 0.82
_LEAST_SCALE = Fraction(1, 100)
#: A budget that is overspent by more than that is drawn as if by that.
_LOWEST = Fraction(-2)
#: Days, and stretches, that a chart has room for at least: one column alone would look like a wall.
_LEAST_DAYS, _LEAST_STRETCHES = 28, 12


@dataclass(frozen=True, kw_only=True)
class LevelLine:
    """One level on the list."""

    level: Level
    sli: str
    objective: str
    budget: str
    #: Part of the budget that is left, 0..1; None: not known, or there is none.
    left: float | None
    left_text: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NotGood:
    """A record, run, glance or slot that is not good."""

    #: Key, digest, id of a run, or nothing where its time is all there is.
    key: str
    url: str | None
    #: When it came to be, or was looked at.
    at: datetime
    #: `bad` or `unknown`, with its count where it is of many.
    state: str
    is_bad: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Burndown:
    """What was left of the budget, up to now, and when it runs out at the rate of the last day."""

    picture: Line
    #: Where now is.
    now: float
    #: From now to where nothing is left; None: it does not run out in the picture.
    to_come: str | None
    ends: datetime
    high: str
    low: str
    #: Some of it lies below the picture.
    is_cut: bool
    says: str


@dataclass(frozen=True, kw_only=True)
class LevelPage:
    """What the page of a level shows."""

    line: LevelLine
    sentence: str
    window: str
    noun: str
    record_noun: str
    standing: SloStanding | None
    #: (name, number in words) of what was counted in the window.
    counts: tuple[tuple[str, str], ...]
    burns: tuple[tuple[str, str, bool], ...]
    grain: str
    sli: Line | None
    sli_low: str
    burndown: Burndown | None
    pillars: tuple[Pillar, ...]
    highest: int
    not_good: tuple[NotGood, ...]
    #: Why the list of them may be short, or empty.
    not_good_says: str
    digests: bool


@dataclass(frozen=True, kw_only=True)
class LevelsPage:
    """What the list of levels shows."""

    #: "6 SLOs: 1 missed, 5 met".
    summary: str
    #: Bad records per day of each, oldest first; what needs somebody comes first.
    lines: tuple[tuple[LevelLine, Days | None], ...]


@dataclass(frozen=True, kw_only=True)
class Days:
    """Bad and unknown records by day."""

    pillars: tuple[Pillar, ...]
    says: str


_ORDER = {Condition.MISSED: 0, Condition.BURNING: 1, Condition.NO_DATA: 3, Condition.MET: 4}


def levels_page(levels: Sequence[Level], now: datetime) -> LevelsPage:
    """The list."""
    ranked = sorted(levels, key=lambda each: min(_ORDER[each.condition], 2 if each.blind is not None else 9))
    return LevelsPage(
        summary=summary_text(levels),
        lines=tuple((level_line(level), _days(level, now)) for level in ranked),
    )


def _days(level: Level, now: datetime) -> Days | None:
    """From the first day on which anything counted, days without anything too."""
    if not level.days:
        return None
    day = timedelta(days=1)
    known = {bucket.begins: bucket.counts for bucket in level.days}
    first = level.days[0].begins
    begins = [first + place * day for place in range((now - first) // day + 1)]
    drawn = pillars([_pillar_of(at, known.get(at, Counts()), day) for at in begins], room_for=_LEAST_DAYS)
    bad = sum(int(counts.bad) for counts in known.values())
    unknown = sum(counts.unknown for counts in known.values())
    noun = words.record_noun(level.slo)
    return Days(pillars=drawn, says=f"{bad:,} bad, {unknown:,} unknown {noun} since {first:%Y-%m-%d}")


def level_line(level: Level) -> LevelLine:
    """A level in short."""
    standing, slo = level.standing, level.slo
    share = None if standing is None else words.left_share(standing.budget)
    return LevelLine(
        level=level,
        sli="–" if standing is None else words.level_text(standing.budget.counts.sli, slo.target),
        objective=words.objective_text(slo.target),
        budget="no data" if standing is None else words.budget_text(standing.budget, words.counted_noun(slo)),
        left=None if share is None else float(min(max(share, Fraction(0)), Fraction(1))),
        left_text=words.share_text(share),
        notes=tuple(note[:1].upper() + note[1:] for note in notes_of(level)),
    )


def level_page(found: LevelInFull) -> LevelPage:
    """Everything of one level."""
    level, standing, slo = found.level, found.level.standing, found.level.slo
    stretches = found.stretches
    sli, low = _sli(stretches, slo.target)
    return LevelPage(
        line=level_line(level),
        sentence=words.sentence_of(slo),
        window=words.window_text(slo),
        noun=words.counted_noun(slo),
        record_noun=words.record_noun(slo),
        standing=standing,
        counts=() if standing is None else _counts(standing),
        burns=() if standing is None else _burns(standing),
        grain=words.span_words(found.grain),
        sli=sli,
        sli_low=low,
        burndown=None if standing is None else _burndown(stretches, standing),
        pillars=pillars(
            [_pillar_of(each.begins, each.counts, found.grain) for each in stretches], room_for=_LEAST_STRETCHES
        ),
        highest=max((math.ceil(s.counts.bad) + s.counts.unknown for s in stretches), default=0),
        not_good=_not_good(found),
        not_good_says=_not_good_says(found),
        digests=found.are_digests,
    )


def _counts(standing: SloStanding) -> tuple[tuple[str, str], ...]:
    counts = standing.budget.counts
    return (
        ("good", _number(counts.good)),
        ("bad", _number(counts.bad)),
        ("unknown", f"{counts.unknown:,}"),
        ("withdrawn", f"{counts.withdrawn:,}"),
        ("pending", f"{standing.ledger.pending:,}"),
    )


def _number(count: int | Fraction) -> str:
    """Slices that count by their share are seldom whole."""
    return f"{count:,}" if isinstance(count, int) else f"{float(count):,.1f}"


def _burns(standing: SloStanding) -> tuple[tuple[str, str, bool], ...]:
    """(span, burn rate, whether it spends the budget before its time)."""
    spans = [(words.span_words(span), standing.burns.get(span)) for span in BURN_SPANS]
    return tuple(
        (name, words.factor_text(burn), burn is not None and burn > 1)
        for name, burn in (*spans, ("window", standing.burn))
    )


def _stretch_text(begins: datetime, grain: timedelta) -> str:
    return f"{begins:%Y-%m-%d}" if grain >= timedelta(days=1) else f"{begins:%Y-%m-%d %H:%M}"


def _pillar_of(begins: datetime, counts: Counts, grain: timedelta) -> tuple[datetime, str, int, int, int, str]:
    bad = math.ceil(counts.bad)
    judged = math.ceil(counts.eligible) + counts.unknown
    return begins, _stretch_text(begins, grain), bad, counts.unknown, judged, _number(counts.good)


def _sli(stretches: tuple[Stretch, ...], target: Fraction) -> tuple[Line | None, str]:
    if not stretches:
        return None, ""
    points = [
        Point(
            at=stretch.begins + (stretch.ends - stretch.begins) / 2,
            value=None if stretch.counts.sli is None else float(stretch.counts.sli),
            text=words.level_text(stretch.counts.sli, target),
            keeps=None if stretch.counts.sli is None else stretch.counts.sli >= target,
        )
        for stretch in stretches
    ]
    lowest = min([s.counts.sli for s in stretches if s.counts.sli is not None] + [target, 1 - _LEAST_SCALE])
    low = max(lowest - (1 - lowest) / 10, Fraction(0))
    picture = line(
        points, begins=stretches[0].begins, ends=stretches[-1].ends, limit=float(target), low=float(low), high=1.0
    )
    return picture, words.level_text(low, target)


def _burndown(stretches: tuple[Stretch, ...], standing: SloStanding) -> Burndown | None:
    shares = [(stretch.ends, words.left_share(stretch.budget)) for stretch in stretches]
    if shares:
        shares[-1] = (standing.at, words.left_share(standing.budget))
    known = [share for _, share in shares if share is not None]
    if not known:
        return None
    begins, now = stretches[0].begins, standing.at
    ends = _ends(standing, begins)
    low = min([*known, Fraction(0)])
    low = max(low - Fraction(1, 10), _LOWEST) if low < 0 else low
    points = [
        Point(
            at=at,
            value=None if share is None else float(share),
            text=words.share_text(share),
            keeps=None if share is None else share >= 0,
        )
        for at, share in shares
    ]
    picture = line(points, begins=begins, ends=ends, limit=0.0, low=float(low), high=1.0)
    x_of_now = round((now - begins) / (ends - begins) * WIDTH, 2)
    to_come = _to_come(standing, now, ends, begins, picture)
    return Burndown(
        picture=picture,
        now=x_of_now,
        to_come=to_come,
        ends=ends,
        high="100 %",
        low=words.share_text(low),
        is_cut=min(known) < _LOWEST,
        says=_burndown_says(standing, known[-1], min(known)),
    )


def _ends(standing: SloStanding, begins: datetime) -> datetime:
    """Where the picture ends: with the window of the calendar, else some time from now."""
    now, window = standing.at, standing.slo.window
    if isinstance(window, CalendarWindow):
        ends = now + window.span
        # The first instant of the next window, to within an hour.
        step = timedelta(hours=1)
        low, high = now, ends + timedelta(days=4)
        this = window_begins(window, now)
        while high - low > step:
            middle = low + (high - low) / 2
            low, high = (middle, high) if window_begins(window, middle) == this else (low, middle)
        return high
    return begins + (now - begins) / _PAST


def _to_come(standing: SloStanding, now: datetime, ends: datetime, begins: datetime, picture: Line) -> str | None:
    lasts = standing.exhausted_in
    if lasts is None or not timedelta() < lasts or not picture.strokes or picture.limit is None:
        return None
    start = picture.strokes[-1].rpartition(" ")[2]
    spent_at = now + lasts
    if spent_at <= ends:
        x = round((spent_at - begins) / (ends - begins) * WIDTH, 2)
        return f"{start} {x},{picture.limit}"
    share = (ends - now) / lasts
    y = float(start.partition(",")[2])
    return f"{start} {WIDTH},{round(y + (picture.limit - y) * share, 2)}"


def _burndown_says(standing: SloStanding, now: Fraction, least: Fraction) -> str:
    said = f"{words.share_text(now)} of the budget is left now, {words.share_text(least)} at the least"
    lasts = standing.exhausted_in
    if lasts is not None and timedelta() < lasts < standing.slo.window.span:
        said += f"; at the rate of the last day it lasts {duration_text(lasts)} more"
    return said


def _not_good(found: LevelInFull) -> tuple[NotGood, ...]:
    indicator = found.level.slo.indicator
    if isinstance(indicator, TimeToFill):
        return tuple(
            NotGood(
                key=row.record.key,
                url=web_link(row.url),
                at=row.record.event_at,
                state=row.state.value,
                is_bad=row.state is State.BAD,
                why=why(row.record, indicator),
            )
            for row in found.records
        )
    return tuple(
        NotGood(
            key="" if _is_time(each.sample.key) else each.sample.key,
            url=None if _is_time(each.sample.key) else addresses.run(each.sample.key),
            at=each.sample.at,
            state=_sample_state(int(each.sample.counts.bad), each.sample.counts.unknown),
            is_bad=bool(each.sample.counts.bad),
            why="" if each.why.startswith("see `observer show") else each.why,
        )
        for each in found.samples
    )


def _sample_state(bad: int, unknown: int) -> str:
    if bad + unknown == 1:
        return "bad" if bad else "unknown"
    return ", ".join(f"{number:,} {name}" for number, name in ((bad, "bad"), (unknown, "unknown")) if number)


def _is_time(key: str) -> bool:
    """Glances and slots are known by their times alone."""
    try:
        datetime.fromisoformat(key)
    except ValueError:
        return False
    return True


def _not_good_says(found: LevelInFull) -> str:
    noun = words.record_noun(found.level.slo)
    if found.looked_back is not None:
        return f"bad and unknown {noun} of the last {duration_text(found.looked_back)}, the latest first"
    return f"the latest bad and unknown {noun}, by event time"
