"""One run: what came of it, and of each check that did not pass, everything that the state kept to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from observer.checks.measure import MonthCount, Outcome, Segment
from observer.contracts.model import Scalar
from observer.reports import charts
from observer.reports.sentences import segment_text
from observer.reports.visible import shown_value, web_link
from observer.store import RecordedCheck, RecordedRun, RunRow
from observer.web.run_answers import EvidenceAnswer, ResultAnswer
from observer.web.views.checks import WORST

#: Wrong values, keys and segments that are shown of a check; the API has all that was kept.
MOST_OFFENDERS, MOST_KEYS, MOST_SEGMENTS = 8, 12, 3
#: Keys longer than that stand one below the other: fewer are shown.
LONG_KEY, MOST_LONG_KEYS = 20, 5
#: Checks that are shown with their evidence at once; the others are listed.
MOST_CARDS = 60


@dataclass(frozen=True, kw_only=True)
class Offence:
    """A value that breaks a rule."""

    value: str
    rows: int
    #: Part of the most frequent one, 0..1.
    part: float
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """A failing row: its key, and a link where the contract has one."""

    key: str
    url: str | None


@dataclass(frozen=True, kw_only=True)
class Card:
    """A check that did not pass, with its evidence."""

    anchor: str
    check: RecordedCheck
    #: `leads.email`, or `leads (whole table)`.
    field: str
    #: Part of the rows that failed, 0..1; None: rows were not counted.
    part: float | None
    offences: tuple[Offence, ...]
    more_offences: int
    records: tuple[Record, ...]
    #: Keys that were kept.
    kept: int
    segments: tuple[str, ...]
    months: charts.ColumnChart | None
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """What the page of a run shows."""

    recorded: RecordedRun
    counts: Mapping[Outcome, int]
    slices: tuple[charts.Slice, ...]
    #: Gravest first.
    cards: tuple[Card, ...]
    #: Those for which there was no room among the cards.
    listed: tuple[RecordedCheck, ...]
    passed: tuple[RecordedCheck, ...]
    skipped: tuple[RecordedCheck, ...]


def counts_of(run: RunRow) -> Mapping[Outcome, int]:
    """How many checks came out how; every outcome is there."""
    return {outcome: getattr(run, outcome.value) for outcome in Outcome}


def run_page(recorded: RecordedRun) -> RunPage:
    """Everything of one run."""
    counts = counts_of(recorded.run)
    not_passed = [c for c in recorded.results if c.outcome not in (Outcome.PASSED, Outcome.SKIPPED)]
    ranked = sorted(not_passed, key=lambda check: (WORST.index(check.outcome), -(check.rows_failed or 0)))
    return RunPage(
        recorded=recorded,
        counts=counts,
        slices=charts.slices([(outcome.value, counts[outcome]) for outcome in Outcome]),
        cards=tuple(_card(place, check) for place, check in enumerate(ranked[:MOST_CARDS], 1)),
        listed=tuple(ranked[MOST_CARDS:]),
        passed=tuple(check for check in recorded.results if check.outcome is Outcome.PASSED),
        skipped=tuple(check for check in recorded.results if check.outcome is Outcome.SKIPPED),
    )


def field_of(check: RecordedCheck) -> str:
    """`leads.email`, or `leads (whole table)`."""
    return f"{check.object}.{check.property}" if check.property else f"{check.object} (whole table)"


def _card(place: int, check: RecordedCheck) -> Card:
    found = ResultAnswer.of(check).evidence or EvidenceAnswer()
    most = max((offender.rows for offender in found.offenders), default=0)
    offences = tuple(
        Offence(
            value=shown_value(offender.value),
            rows=offender.rows,
            part=offender.rows / most if most else 0.0,
            suggestion=offender.suggestion or "",
        )
        for offender in found.offenders[:MOST_OFFENDERS]
    )
    counted = check.rows_tested and check.rows_failed is not None and check.outcome is not Outcome.ERRORED
    return Card(
        anchor=f"check-{place}",
        check=check,
        field=field_of(check),
        part=charts.bar(check.rows_failed or 0, check.rows_tested or 0) / charts.BAR_WIDTH if counted else None,
        offences=offences,
        more_offences=max(0, (found.offenders_total or len(found.offenders)) - len(offences)),
        records=_records(found.keys, found.urls),
        kept=len(found.keys),
        segments=tuple(_segments(found, check.rows_failed)),
        months=charts.column_chart(
            [MonthCount(month=m.month, rows_tested=m.rows_tested, rows_failed=m.rows_failed) for m in found.months]
        )
        if found.months
        else None,
        notes=tuple(found.notes),
    )


def _records(keys: Sequence[Sequence[Scalar]], urls: Sequence[str]) -> tuple[Record, ...]:
    links: Sequence[str | None] = urls or [None] * len(keys)
    pairs = list(zip(keys, links, strict=False))[:MOST_KEYS]
    found = tuple(Record(key=" · ".join(shown_value(part) for part in key), url=web_link(url)) for key, url in pairs)
    return found[:MOST_LONG_KEYS] if any(len(record.key) > LONG_KEY for record in found) else found


def _segments(found: EvidenceAnswer, failed: int | None) -> list[str]:
    return [
        segment_text(
            Segment(
                column=segment.column,
                value=segment.value,
                rows_tested=segment.rows_tested,
                rows_failed=segment.rows_failed,
                share=float(segment.share),
                lift=float(segment.lift),
            ),
            failed,
        )
        for segment in found.segments[:MOST_SEGMENTS]
    ]
