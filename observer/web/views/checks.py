"""Checks as pages show them: what is known now of each, and its course."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from observer.checks.expected import allowed_text, expected_text
from observer.checks.measure import Outcome
from observer.checks.rules import Fresh
from observer.checks.spec import CheckSpec
from observer.checks.words import duration_text, number_text, percent_text, rows_text
from observer.contracts.model import Operator, Unit
from observer.runs.standing import CheckStanding
from observer.runs.ticks import Tick
from observer.store.histories import PastResult, Span, TableHistory
from observer.web.views.pictures import Line, Point, line

#: The first of these that any check has is how the whole stands.
WORST = (Outcome.FAILED, Outcome.ERRORED, Outcome.WARNED, Outcome.PASSED, Outcome.SKIPPED)
_AT_MOST = (Operator.MUST_BE_LESS_THAN, Operator.MUST_BE_LESS_OR_EQUAL_TO, Operator.MUST_BE)
#: A scale of shares reaches at least so far down: a thousandth is no precipice.
_LEAST_SCALE = 0.02


@dataclass(frozen=True, kw_only=True)
class CheckState:
    """One check and what is known of it now."""

    spec: CheckSpec
    #: None: it never ran.
    standing: CheckStanding | None
    #: What was seen, in words.
    observed: str
    expected: str

    @property
    def outcome(self) -> Outcome | None:
        return None if self.standing is None else self.standing.outcome

    @property
    def word(self) -> str:
        return "never ran" if self.outcome is None else self.outcome.value

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look at it: everything but what passed, or had nothing to test."""
        return self.outcome not in (Outcome.PASSED, Outcome.SKIPPED)


@dataclass(frozen=True, kw_only=True)
class Multiple:
    """One of several small charts of the same kind."""

    #: What is drawn: the name of a field, or what is measured.
    name: str
    check_id: str
    outcome: Outcome | None
    #: The latest value in words; "–" when it is not known.
    now: str
    limit: str
    #: What the upper and the lower edge mean.
    high: str
    low: str
    picture: Line
    #: Words for those who do not see it.
    says: str


def state_of(spec: CheckSpec, standing: CheckStanding | None) -> CheckState:
    """The check with its latest result."""
    return CheckState(spec=spec, standing=standing, observed=_observed(spec, standing), expected=expected_text(spec))


def _observed(spec: CheckSpec, seen: CheckStanding | None) -> str:
    if seen is None:
        return "nobody has looked yet"
    if seen.outcome is Outcome.ERRORED:
        return "could not be looked at"
    if seen.outcome is Outcome.SKIPPED:
        return "nothing to test"
    if isinstance(spec.rule, Fresh) and seen.value is not None:
        return f"{duration_text(seen.value)} old" if seen.value >= 0 else f"{duration_text(-seen.value)} in the future"
    if seen.value is not None:
        return number_text(seen.value)
    if seen.rows_failed is not None and seen.rows_tested:
        return rows_text(seen.rows_failed, seen.rows_tested)
    return "holds" if seen.outcome is Outcome.PASSED else "does not hold"


def worst(outcomes: Iterable[Outcome | None]) -> Outcome | None:
    """How several checks stand together; what never ran is errored beside what did: it is not known."""
    seen = list(outcomes)
    known = [outcome for outcome in seen if outcome is not None]
    if not known:
        return None
    if len(known) < len(seen):
        known.append(Outcome.ERRORED)
    return next(outcome for outcome in WORST if outcome in known)


def counted(states: Iterable[CheckState]) -> Counter[Outcome | None]:
    """How many there are of each outcome."""
    return Counter(state.outcome for state in states)


def limit_share(spec: CheckSpec, tested: int | None) -> float | None:
    """The share of rows that must be good at least; None when the threshold says no such thing."""
    limit = spec.threshold
    if limit.operator not in _AT_MOST or isinstance(limit.operands[0], str | None):
        return None
    allowed = Fraction(str(limit.operands[0] + 0))
    if limit.unit is Unit.PERCENT:
        return float(1 - allowed / 100)
    if not allowed:
        return 1.0
    return float(1 - allowed / tested) if tested else None


def completeness(spec: CheckSpec, results: Sequence[PastResult], span: Span, state: CheckState) -> Multiple:
    """The share of rows that are filled, run by run."""
    points = [_share_point(result) for result in results]
    tested = next((result.rows_tested for result in reversed(results) if result.counts), None)
    limit = limit_share(spec, tested)
    known = [point.value for point in points if point.value is not None]
    floor = min([*known, *([] if limit is None else [limit]), 1 - _LEAST_SCALE])
    floor = max(0.0, floor - (1 - floor) * 0.1) if floor < 1 - _LEAST_SCALE else floor
    picture = line(points, begins=span.begins, ends=span.ends, limit=limit, low=floor, high=1.0)
    name = spec.property or "whole table"
    least = f", {min(known) * 100:.1f} % at least" if known else ""
    return Multiple(
        name=name,
        check_id=spec.id,
        outcome=state.outcome,
        now=points[-1].text if points else "–",
        limit=f"missing: {allowed_text(spec)}",
        high="100 %",
        low=f"{floor * 100:.0f} %" if floor * 100 == int(floor * 100) else f"{floor * 100:.1f} %",
        picture=picture,
        says=f"{_seen_text(points, 'run')}{least}; now {points[-1].text if points else 'not known'}",
    )


def _share_point(result: PastResult) -> Point:
    if not result.counts or result.rows_tested is None or result.rows_failed is None:
        return Point(at=result.run.at, value=None, text=f"not known ({result.outcome.value})")
    filled = result.rows_tested - result.rows_failed
    return Point(
        at=result.run.at,
        value=filled / result.rows_tested,
        text=percent_text(filled, result.rows_tested),
        keeps=result.outcome is Outcome.PASSED,
    )


def freshness(spec: CheckSpec, history: TableHistory, span: Span, state: CheckState) -> Multiple:
    """The age of the newest row, glance by glance, or run by run where nobody glances."""
    glances = history.glances.get(spec.id, ())
    seen: list[tuple[datetime, Outcome, float | None]] = (
        [(tick.at, tick.outcome, tick.value) for tick in glances]
        if glances
        else [(result.run.at, result.outcome, result.value) for result in history.results.get(spec.id, ())]
    )
    limit = spec.rule.limit.total_seconds() if isinstance(spec.rule, Fresh) else None
    points = [_age_point(*each) for each in seen]
    known = [point.value for point in points if point.value is not None]
    top = max([*known, *([] if limit is None else [limit])], default=1.0) * 1.08
    most = f", {duration_text(max(known))} at most" if known else ""
    return Multiple(
        name="Age of the newest row",
        check_id=spec.id,
        outcome=state.outcome,
        now=points[-1].text if points else "–",
        limit=allowed_text(spec),
        high=duration_text(top),
        low="0 s",
        picture=line(points, begins=span.begins, ends=span.ends, limit=limit, low=0.0, high=top),
        says=f"{_seen_text(points, _looks(glances))}{most}; now {points[-1].text if points else 'not known'}",
    )


def _looks(glances: Sequence[Tick]) -> str:
    return "glance" if glances else "run"


def _age_point(at: datetime, outcome: Outcome, value: float | None) -> Point:
    if outcome is Outcome.ERRORED or value is None:
        return Point(at=at, value=None, text=f"not known ({outcome.value})")
    text = duration_text(value) if value >= 0 else f"{duration_text(-value)} in the future"
    return Point(at=at, value=max(value, 0.0), text=text, keeps=outcome is Outcome.PASSED)


def rows_course(history: TableHistory, span: Span) -> Multiple:
    """How many rows the table had, run by run."""
    points = [
        Point(
            at=table.run.at,
            value=None if table.rows is None else float(table.rows),
            text="not known" if table.rows is None else f"{table.rows:,}",
        )
        for table in history.tables
    ]
    known = [int(point.value) for point in points if point.value is not None]
    low, high = min(known, default=0), max(known, default=0)
    room = max((high - low) * 0.15, 1.0)
    return Multiple(
        name="Rows",
        check_id="",
        outcome=None,
        now=points[-1].text if points else "–",
        limit="",
        high=f"{high:,}" if known else "–",
        low=f"{low:,}" if known else "–",
        picture=line(points, begins=span.begins, ends=span.ends, low=low - room, high=high + room),
        says=f"{_seen_text(points, 'run')}; now {points[-1].text if points else 'not known'}",
    )


def _seen_text(points: Sequence[Point], what: str) -> str:
    """ "60 runs, 3 of which could not tell, 2 outside of the limit"."""
    unknown = sum(point.value is None for point in points)
    broken = sum(point.keeps is False for point in points)
    text = f"{len(points)} {what}{'' if len(points) == 1 else 's'}"
    text += f", {unknown} of which could not tell" if unknown else ""
    return text + (f", {broken} outside of the limit" if broken else "")
