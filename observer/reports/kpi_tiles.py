"""The figures of a span that stand first, each beside the span before. In: a Review. Out: tiles of text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from observer.incidents.kpis import Kpis, Review
from observer.incidents.times import Spread
from observer.reports import kpi_words as words


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure."""

    name: str
    #: A dash where there is none.
    value: str
    #: What the value does not say: of how many, nine of ten.
    note: str
    #: The value of the span before; None: nothing is known of that. "": it is of now, and of no span.
    before: str | None
    #: `failed` when somebody has to do something, `errored` when it is not known, else "".
    tone: str = ""


def tiles(review: Review) -> tuple[Tile, ...]:
    """Always the same ones, in the same order."""
    now = review.now
    pace, clauses, elements = now.whole.pace, now.clauses, now.elements
    writes = words.written_of(each for contract in now.contracts for each in contract.writes)
    broken = sum(clause.broken for clause in clauses)
    lowest = words.lowest_trust(now)
    reopened, carried = now.whole.reopened, now.whole.carried
    return (
        _tile(
            review,
            "Incidents opened",
            lambda kpis: f"{kpis.whole.pace.incidents:,}",
            note=f"{reopened:,} came back, {pace.false_positives:,} false, {carried:,} from before",
        ),
        _tile(
            review,
            "Open still",
            lambda kpis: f"{kpis.whole.pace.still_open:,}",
            note="of those, now",
            tone="failed" if pace.still_open else "",
        ),
        _time(review, "Time to detect", lambda kpis: kpis.whole.pace.detect),
        _time(review, "Time to notify", lambda kpis: kpis.whole.pace.notify),
        _time(review, "Time to acknowledge", lambda kpis: kpis.whole.pace.acknowledge),
        _time(review, "Time to resolve", lambda kpis: kpis.whole.pace.resolve),
        _tile(
            review,
            "Promises kept",
            _promises,
            note=f"{broken:,} broken, {sum(clause.unknown for clause in clauses):,} {words.NOT_KNOWN}"
            if clauses
            else "no contract promises anything",
            tone="failed" if broken else "",
        ),
        _tile(
            review,
            "Lowest trust",
            _lowest,
            note=words.contract_text(lowest.contract) if lowest else "no run could tell",
            tone="" if lowest else "errored",
        ),
        _tile(
            review,
            "Invalid writes",
            _writes,
            note=f"{writes.invalid:,} of {writes.written:,} rows" if writes.written else "nobody saw rows written",
        ),
        Tile(
            name="Critical elements with owner and SLO",
            value=words.elements_text(elements),
            note=f"{elements.with_owner:,} have an owner, {elements.with_level:,} an SLO",
            before="",
        ),
    )


def _tile(review: Review, name: str, of: Callable[[Kpis], str], *, note: str, tone: str = "") -> Tile:
    if not review.now.is_known:
        return Tile(name=name, value="–", note=words.NOT_KNOWN, before=_before(review, of), tone="errored")
    return Tile(name=name, value=of(review.now), note=note, before=_before(review, of), tone=tone)


def _before(review: Review, of: Callable[[Kpis], str]) -> str | None:
    return of(review.before) if review.before.is_known else None


def _time(review: Review, name: str, of: Callable[[Kpis], Spread]) -> Tile:
    spread = of(review.now)
    rest = f"nine of ten within {words.time_text(spread.p90)}, " if spread.known else ""
    note = f"median; {rest}{words.known_text(spread)}" if spread.of else "no incident"
    return _tile(review, name, lambda kpis: _median(of(kpis)), note=note)


def _median(spread: Spread) -> str:
    return words.time_text(spread.median, is_bound=spread.is_bound)


def _promises(kpis: Kpis) -> str:
    decided = sum(clause.decided for clause in kpis.clauses)
    return words.share_text(Fraction(sum(clause.met for clause in kpis.clauses), decided) if decided else None)


def _lowest(kpis: Kpis) -> str:
    lowest = words.lowest_trust(kpis)
    return "–" if lowest is None or lowest.trust is None else f"{lowest.trust.score}"


def _writes(kpis: Kpis) -> str:
    return words.share_text(words.written_of(each for contract in kpis.contracts for each in contract.writes).rate)
