"""CheckResults → the trust score of a run and a scorecard of its fields. Pure; integers and Fractions, no floats.

The score answers "can we trust this?" in a way a lead can redo by hand (`SCORE_FORMULA` is shown in the reports):
the weighted share of checks that hold. A broken check keeps at most half of its weight, and loses that half in
proportion to the rows that break it; a check that could not be looked at counts as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import CheckResult, FieldProfile, Outcome
from observer.checks.rules import Fresh, HasType, RowCount
from observer.checks.spec import CheckSpec
from observer.contracts.model import Severity

SCORE_FORMULA = (
    "Every check has a weight: 2, or 1 when its severity is warning or info; three times that when its field is "
    "critical. A passed check counts fully. A broken one counts half, times the share of its rows that are good. "
    "One that could not be looked at counts nothing. Skipped checks stay outside. "
    "The score is what counts divided by all weights, in percent, rounded down: 100 means that everything holds."
)

CRITICAL_FACTOR = 3
_SEVERITY_WEIGHT = {Severity.ERROR: 2, Severity.WARNING: 1, Severity.INFO: 1}
_BROKEN = frozenset({Outcome.FAILED, Outcome.WARNED})
_KEPT_WHEN_BROKEN = Fraction(1, 2)


@dataclass(frozen=True, kw_only=True)
class FieldScore:
    """One field (or, with `property` None, the table as a whole), with what is wrong with it in numbers."""

    contract: str
    object: str
    property: str | None
    owner: str | None
    critical: bool
    #: Checks that were not skipped.
    checks: int
    #: Of those, how many came out FAILED or WARNED.
    broken: int
    #: Of those, how many could not be looked at.
    errored: int
    #: Rows that break its worst check; None when no broken check counts rows. A row may break several checks,
    #: so these are never added up to a number of rows.
    rows_failed: int | None
    #: Rows filled and rows in all; None when the field was not profiled or the table is empty.
    completeness: Fraction | None
    #: Σ `damage` of its broken checks: rows harmed × weight.
    damage: int
    #: As `trust_score`, over its checks alone.
    score: int | None


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What the score needs of one check, whether it ran just now or was kept."""

    outcome: Outcome
    severity: Severity
    #: Its field is a critical element.
    critical: bool
    rows_tested: int | None
    rows_failed: int | None

    @property
    def weight(self) -> int:
        """How much it counts."""
        return _SEVERITY_WEIGHT[self.severity] * (CRITICAL_FACTOR if self.critical else 1)

    @property
    def health(self) -> Fraction:
        """Share of its weight that it keeps, 0..1; none when it was skipped, for it has no weight then."""
        if self.outcome is Outcome.PASSED:
            return Fraction(1)
        if self.outcome not in _BROKEN or not self.rows_tested or self.rows_failed is None:
            return Fraction(0)
        return _KEPT_WHEN_BROKEN * (1 - min(Fraction(1), Fraction(self.rows_failed, self.rows_tested)))


@dataclass(frozen=True, kw_only=True)
class ScorePart:
    """Checks of one kind, as they stand in the formula."""

    #: PASSED, FAILED (warned ones too), ERRORED or SKIPPED.
    outcome: Outcome
    checks: int
    #: Of all of them; 0 for those that were skipped.
    weight: int
    #: What of it counts.
    counts: Fraction


def score_parts(checks: Iterable[Looked]) -> tuple[ScorePart, ...]:
    """The parts of a score, always the same four."""
    kinds: dict[Outcome, list[Looked]] = {outcome: [] for outcome in _PARTS}
    for check in checks:
        kinds[Outcome.FAILED if check.outcome in _BROKEN else check.outcome].append(check)
    return tuple(
        ScorePart(
            outcome=outcome,
            checks=len(found),
            weight=0 if outcome is Outcome.SKIPPED else sum(check.weight for check in found),
            counts=sum((check.health * check.weight for check in found), Fraction(0)),
        )
        for outcome, found in kinds.items()
    )


_PARTS = (Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED)


def score_of(parts: Iterable[ScorePart]) -> int | None:
    """0..100, rounded down; None when nothing was looked at."""
    counted = [part for part in parts if part.weight]
    if all(part.outcome is Outcome.ERRORED for part in counted):
        return None
    return int(100 * sum((part.counts for part in counted), Fraction(0)) / sum(part.weight for part in counted))


def weight(spec: CheckSpec) -> int:
    """How much a check counts: 2 for severity error, else 1; three times that on a critical field."""
    return _SEVERITY_WEIGHT[spec.severity] * (CRITICAL_FACTOR if spec.critical else 1)


def _looked(result: CheckResult) -> Looked:
    return Looked(
        outcome=result.outcome,
        severity=result.spec.severity,
        critical=result.spec.critical,
        rows_tested=result.measurement.rows_tested,
        rows_failed=result.measurement.rows_failed,
    )


def is_broken(result: CheckResult) -> bool:
    """True when the check was looked at and does not hold."""
    return result.outcome in _BROKEN


def health(result: CheckResult) -> Fraction:
    """Share of its weight that a check keeps, 0..1. A broken check without row counts keeps nothing.

    Raises:
        ValueError: the check was skipped; it has no health.
    """
    if result.outcome is Outcome.SKIPPED:
        raise ValueError(f"{result.spec.id} was skipped, so it has no health")
    return _looked(result).health


def trust_score(results: Iterable[CheckResult]) -> int | None:
    """0..100, rounded down; None when nothing was looked at (no check, all skipped, all errored)."""
    return score_of(score_parts(_looked(result) for result in results))


def damage(result: CheckResult, table_rows: int | None = None) -> int:
    """Rows harmed × weight; 0 for a check that is not broken.

    Harmed are the rows that break it. Freshness, row count and a missing column speak of every row of the table;
    any other broken check that counts no rows is taken as one: a broken check is never harmless.
    """
    if not is_broken(result):
        return 0
    rows = result.measurement.rows_failed
    if rows is None and isinstance(result.spec.rule, Fresh | RowCount | HasType):
        rows = table_rows
    return max(1, rows or 0) * weight(result.spec)


def broken_by_damage(audit: Audit) -> tuple[CheckResult, ...]:
    """The broken checks of the run, most damage first; equals stay in the order of the plan."""
    ranked = [
        (damage(result, rows.get(result.spec.object)), result)
        for part in audit.contracts
        for rows in [_rows_of(part)]
        for result in part.results
        if is_broken(result)
    ]
    return tuple(result for _, result in sorted(ranked, key=lambda pair: -pair[0]))


def _rows_of(part: ContractAudit) -> dict[str, int | None]:
    return {table.object: table.rows for table in part.tables}


def field_scores(audit: Audit) -> tuple[FieldScore, ...]:
    """Every field that has a check, most damage first, then those with errored checks, then in file order."""
    scores: list[FieldScore] = []
    for part in audit.contracts:
        grouped: dict[tuple[str, str | None], list[CheckResult]] = {}
        for result in part.results:
            grouped.setdefault((result.spec.object, result.spec.property), []).append(result)
        profiles = {(p.object, p.property): p for p in part.profiles}
        rows = _rows_of(part)
        scores += [
            _field_score(results, rows.get(object_), profiles.get((object_, name)) if name else None)
            for (object_, name), results in grouped.items()
        ]
    return tuple(sorted(scores, key=lambda s: (-s.damage, -s.errored)))


def _field_score(results: list[CheckResult], table_rows: int | None, profile: FieldProfile | None) -> FieldScore:
    spec = results[0].spec
    broken = [r for r in results if is_broken(r)]
    counted = [r.measurement.rows_failed for r in broken if r.measurement.rows_failed is not None]
    return FieldScore(
        contract=spec.contract,
        object=spec.object,
        property=spec.property,
        owner=spec.owner,
        critical=any(r.spec.critical for r in results),
        checks=sum(r.outcome is not Outcome.SKIPPED for r in results),
        broken=len(broken),
        errored=sum(r.outcome is Outcome.ERRORED for r in results),
        rows_failed=max(counted, default=None),
        completeness=Fraction(profile.filled, profile.rows) if profile and profile.rows else None,
        damage=sum(damage(r, table_rows) for r in broken),
        score=trust_score(results),
    )
