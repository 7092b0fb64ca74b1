"""Audit → what stands on the page, in its order. All choosing is done here, none in the templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from observer.checks.audit import Audit, ContractAudit, count_outcomes
from observer.checks.change_rules import InvalidWrites, Transitions
from observer.checks.measure import CheckResult, Evidence, FieldProfile, Outcome, TableShape
from observer.checks.score import FieldScore, broken_by_damage, field_scores, trust_score
from observer.contracts.model import Scalar
from observer.reports import charts
from observer.reports.sentences import count_text, failed_rows_text, field_text, reason_text
from observer.reports.visible import shown_value, visible, web_link

#: Broken checks that are shown at once, and those that are folded below them; the rest is in report.json.
FIRST_CARDS, MOST_CARDS = 6, 100
MOST_BARS = 8
MOST_OFFENDERS = 5
_OFFENDERS: dict[type, str] = {InvalidWrites: "Checks that they fail", Transitions: "Illegal moves"}
#: Failing rows named on a card; fewer when their keys are long.
MOST_RECORDS, LONG_RECORDS, LONG_KEY = 5, 2, 20
MOST_VALUES = 12
SCORECARD_ROWS = 15
#: Distributions of a table that are shown at once; those with illegal values come first.
FIRST_DISTRIBUTIONS = 5


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A labelled horizontal bar."""

    label: str
    #: None is "not counted".
    count: int | None
    length: float
    #: What the count is a part of, where that is said.
    whole: int = 0
    note: str = ""
    marked: bool = False


@dataclass(frozen=True, kw_only=True)
class Record:
    """A failing row: its key in words and, when there is one, a link that is safe to follow."""

    key: str
    url: str | None


@dataclass(frozen=True, kw_only=True)
class Card:
    """A broken check with everything that helps to mend it."""

    rank: int
    anchor: str
    result: CheckResult
    field: str
    evidence: Evidence | None
    #: Length of the bar of failed rows; None when rows were not counted.
    length: float | None
    offenders: tuple[Bar, ...]
    #: What they are.
    offenders_title: str
    more_offenders: int
    records: tuple[Record, ...]
    records_file: str | None
    months: charts.ColumnChart | None

    @property
    def explained(self) -> bool:
        """True when there is more to say than how many rows failed."""
        found = self.evidence
        return bool(self.offenders or self.months or (found and (found.segments or found.notes)))


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    result: CheckResult
    field: str
    failed_rows: str
    reason: str
    #: Anchor of its card, if it has one.
    card: str | None


@dataclass(frozen=True, kw_only=True)
class Distribution:
    property: str
    bars: tuple[Bar, ...]
    illegal: int
    more: int


@dataclass(frozen=True, kw_only=True)
class TableSection:
    anchor: str
    part: ContractAudit
    shape: TableShape | None
    name: str
    score: int | None
    counts: dict[Outcome, int]
    gaps: tuple[Bar, ...]
    full: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    open_rows: tuple[CheckRow, ...]
    passed_rows: tuple[CheckRow, ...]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why checks could not be looked at, and which."""

    text: str
    checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    audit: Audit
    answer: str
    because: str
    score: int | None
    ring: charts.Ring | None
    counts: dict[Outcome, int]
    slices: tuple[charts.Slice, ...]
    cards: tuple[Card, ...]
    folded: tuple[Card, ...]
    cards_left_out: int
    by_owner: tuple[Bar, ...]
    by_segment: tuple[Bar, ...]
    by_month: charts.ColumnChart | None
    fields: tuple[FieldScore, ...]
    #: Fields of which every check that was not skipped passed, and those of which every check was skipped.
    sound_fields: int
    untested_fields: int
    errors: tuple[Reason, ...]
    tables: tuple[TableSection, ...]


def build_page(audit: Audit, files: dict[str, str]) -> Page:
    """`audit` must be showable; `files` is check id → path of its failures file."""
    evidence = {e.check_id: e for part in audit.contracts for e in part.evidence}
    broken = broken_by_damage(audit)
    cards = tuple(_card(n, r, evidence.get(r.spec.id), files) for n, r in enumerate(broken[:MOST_CARDS], 1))
    anchors = {card.result.spec.id: card.anchor for card in cards}
    score = trust_score(audit.results)
    counts = count_outcomes(audit.results)
    scores = field_scores(audit)
    answer, because = _answer(counts, broken, score)
    return Page(
        audit=audit,
        answer=answer,
        because=because,
        score=score,
        ring=None if score is None else charts.ring(score),
        counts=counts,
        slices=charts.slices([(o.value, counts[o]) for o in Outcome]),
        cards=cards[:FIRST_CARDS],
        folded=cards[FIRST_CARDS:],
        cards_left_out=len(broken) - len(cards),
        by_owner=_by_owner(broken),
        by_segment=_by_segment(broken, evidence),
        by_month=charts.column_chart(
            charts.add_months([evidence[r.spec.id].months for r in broken if r.spec.id in evidence])
        ),
        fields=tuple(s for s in scores if s.broken or s.errored),
        sound_fields=sum(s.checks > 0 and not s.broken and not s.errored for s in scores),
        untested_fields=sum(s.checks == 0 for s in scores),
        errors=_reasons(audit.results),
        tables=tuple(_sections(audit, anchors)),
    )


def _answer(counts: dict[Outcome, int], broken: tuple[CheckResult, ...], score: int | None) -> tuple[str, str]:
    total = sum(counts.values())
    unseen = f"{count_text(counts[Outcome.ERRORED], 'check')} could not be looked at"
    if counts[Outcome.FAILED]:
        rest = f", and {unseen}" if counts[Outcome.ERRORED] else ""
        return "Not yet.", f"{counts[Outcome.FAILED]:,} of {count_text(total, 'check')} failed{rest}."
    if score is None:
        return "We cannot tell.", "Nothing could be judged."
    if counts[Outcome.ERRORED]:
        return "We cannot tell.", f"What was looked at holds, but {unseen}."
    if broken:
        return "Mostly.", f"Nothing failed; {count_text(counts[Outcome.WARNED], 'check')} warned."
    skipped = f" {count_text(counts[Outcome.SKIPPED], 'check')} had nothing to test." if counts[Outcome.SKIPPED] else ""
    return "Yes.", f"Every check that had rows to test passed.{skipped}" if skipped else f"All {total:,} checks passed."


# --- cards -----------------------------------------------------------------------------------------------------


def _card(rank: int, result: CheckResult, evidence: Evidence | None, files: dict[str, str]) -> Card:
    seen = result.measurement
    offenders = evidence.offenders if evidence else ()
    most = max((o.rows for o in offenders), default=0)
    total = (evidence.offenders_total if evidence else None) or len(offenders)
    shown = offenders[:MOST_OFFENDERS]
    return Card(
        rank=rank,
        anchor=f"fix-{rank}",
        result=result,
        field=full_name(result),
        evidence=evidence,
        length=charts.bar(seen.rows_failed, seen.rows_tested) if seen.rows_tested and seen.rows_failed else None,
        offenders=tuple(
            Bar(label=shown_value(o.value), count=o.rows, length=charts.bar(o.rows, most), note=o.suggestion or "")
            for o in shown
        ),
        offenders_title=_OFFENDERS.get(type(result.spec.rule), "Wrong values"),
        more_offenders=total - len(shown),
        records=_records(evidence) if evidence else (),
        records_file=files.get(result.spec.id),
        months=charts.column_chart(evidence.months) if evidence else None,
    )


def full_name(result: CheckResult) -> str:
    """`sales_pipeline.product`, or `sales_pipeline (whole table)`."""
    spec = result.spec
    return f"{spec.object}.{spec.property}" if spec.property else f"{spec.object} (whole table)"


def _records(evidence: Evidence) -> tuple[Record, ...]:
    urls: Iterable[str | None] = evidence.urls or [None] * len(evidence.keys)
    pairs = list(zip(evidence.keys, urls, strict=False))[:MOST_RECORDS]
    records = tuple(Record(key=_key_text(key), url=web_link(url)) for key, url in pairs)
    return records[:LONG_RECORDS] if any(len(record.key) > LONG_KEY for record in records) else records


def _key_text(key: tuple[Scalar, ...]) -> str:
    return " · ".join(shown_value(value) for value in key)


# --- charts over all broken checks -------------------------------------------------------------------------------


def _by_owner(broken: tuple[CheckResult, ...]) -> tuple[Bar, ...]:
    failures: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    uncounted: Counter[str] = Counter()
    for result in broken:
        owner = result.spec.owner or "nobody"
        failures[owner] += result.measurement.rows_failed or 0
        checks[owner] += 1
        uncounted[owner] += result.measurement.rows_failed is None
    notes = {
        owner: count_text(count, "check") + (f", {uncounted[owner]} without row counts" if uncounted[owner] else "")
        for owner, count in checks.items()
    }
    bars = _bars(failures, notes)
    return tuple(replace(bar, count=None) if uncounted[bar.label] == checks[bar.label] else bar for bar in bars)


def _by_segment(broken: tuple[CheckResult, ...], evidence: dict[str, Evidence]) -> tuple[Bar, ...]:
    """The best explanation of each check, those that several checks share added up."""
    failures: Counter[str] = Counter()
    fields: dict[str, list[str]] = {}
    for result in broken:
        found = evidence.get(result.spec.id)
        if found and found.segments:
            best = found.segments[0]
            label = f"{best.column} = {shown_value(best.value)}"
            failures[label] += best.rows_failed
            fields.setdefault(label, []).append(full_name(result))
    return _bars(failures, {label: ", ".join(dict.fromkeys(names)) for label, names in fields.items()})


def _bars(counts: Counter[str], notes: dict[str, str]) -> tuple[Bar, ...]:
    most = max(counts.values(), default=0)
    return tuple(
        Bar(label=label, count=count, length=charts.bar(count, most), note=notes[label])
        for label, count in counts.most_common(MOST_BARS)
    )


# --- errors and tables -------------------------------------------------------------------------------------------


def _reasons(results: tuple[CheckResult, ...]) -> tuple[Reason, ...]:
    grouped: dict[str, list[str]] = {}
    for result in results:
        if result.outcome is Outcome.ERRORED:
            grouped.setdefault(reason_text(result), []).append(f"{full_name(result)}: {result.spec.rule_name}")
    return tuple(Reason(text=text, checks=tuple(checks)) for text, checks in grouped.items())


def _sections(audit: Audit, anchors: dict[str, str]) -> Iterable[TableSection]:
    number = 0
    for part in audit.contracts:
        by_object: dict[str, list[CheckResult]] = {table.object: [] for table in part.tables}
        for result in part.results:
            by_object.setdefault(result.spec.object, []).append(result)
        shapes = {table.object: table for table in part.tables}
        for name, results in by_object.items():
            number += 1
            profiles = [p for p in part.profiles if p.object == name]
            rows = [_row(r, anchors) for r in results]
            yield TableSection(
                anchor=f"table-{number}",
                part=part,
                shape=shapes.get(name),
                name=name,
                score=trust_score(results),
                counts=count_outcomes(results),
                gaps=tuple(_gap(p) for p in profiles if p.filled < p.rows),
                full=tuple(p.property for p in profiles if p.rows and p.filled == p.rows),
                distributions=tuple(
                    sorted((_distribution(p) for p in profiles if p.values), key=lambda d: not d.illegal)
                ),
                open_rows=tuple(r for r in rows if r.result.outcome is not Outcome.PASSED),
                passed_rows=tuple(r for r in rows if r.result.outcome is Outcome.PASSED),
            )


def _row(result: CheckResult, anchors: dict[str, str]) -> CheckRow:
    return CheckRow(
        result=result,
        field=field_text(result),
        failed_rows=failed_rows_text(result),
        reason=reason_text(result),
        card=anchors.get(result.spec.id),
    )


def _gap(profile: FieldProfile) -> Bar:
    return Bar(
        label=visible(profile.property),
        count=profile.filled,
        length=charts.bar(profile.filled, profile.rows),
        whole=profile.rows,
        note=f"{profile.rows - profile.filled:,} missing",
    )


def _distribution(profile: FieldProfile) -> Distribution:
    """The most frequent values; illegal ones are shown first of those that would be left out."""
    most = max(v.rows for v in profile.values)
    kept = sorted(profile.values, key=lambda v: v.allowed)[:MOST_VALUES]
    shown = [v for v in profile.values if v in kept]
    return Distribution(
        property=profile.property,
        bars=tuple(
            Bar(label=shown_value(v.value), count=v.rows, length=charts.bar(v.rows, most), marked=not v.allowed)
            for v in shown
        ),
        illegal=sum(not v.allowed for v in profile.values),
        more=len(profile.values) - len(shown),
    )
