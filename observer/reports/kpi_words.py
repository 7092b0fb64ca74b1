"""How a span went, in the words that every report on it uses. In: Kpis. Out: text; what is not known says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from observer.checks.measure import Outcome
from observer.checks.score import ScorePart
from observer.checks.words import duration_text, number_text, percent_text
from observer.contracts.model import ResponseKind
from observer.incidents.kpis import Case, ContractKpis, Elements, Figures, Kpis, Review, Writes
from observer.incidents.response import Clause, Verdict
from observer.incidents.times import Spread
from observer.incidents.words import OBSERVER, place_text
from observer.reports.sentences import count_text

#: In place of what is not known.
NOT_KNOWN = "not known"
NOBODY = "nobody"
#: Checks of a score by what came of them: "33 hold".
PARTS = {
    Outcome.PASSED: "hold",
    Outcome.FAILED: "are broken",
    Outcome.ERRORED: "could not be looked at",
    Outcome.SKIPPED: "had nothing to look at",
}
CHANGED_SINCE = "the contract has changed since, so that these parts give another score"
#: A score that moves by less is no news.
TRUST_MOVES = 3
_PROMISES = {
    ResponseKind.DETECT: "detected within",
    ResponseKind.NOTIFY: "told within",
    ResponseKind.REPAIR: "repaired within",
}


def contract_text(contract: str) -> str:
    """Its id."""
    return contract or OBSERVER


def time_text(span: timedelta | None, *, is_bound: bool = False) -> str:
    """ "3 h 20 min", of a bound "at most 3 h 20 min"; a dash for none."""
    if span is not None and timedelta() < span < timedelta(seconds=1):
        return "<1 s"
    if span is None:
        return "–"
    return f"at most {duration_text(span)}" if is_bound else duration_text(span)


def known_text(spread: Spread) -> str:
    """How many of the times are known: "5 of 7 known"; nothing where there are none."""
    return f"{spread.known:,} of {spread.of:,} known" if spread.of else ""


def spread_text(spread: Spread) -> str:
    """ "half within 12 min, nine of ten within 1 h", of bounds too; "not known" when none is, "" when there is nothing
    to know."""
    if not spread.known:
        return NOT_KNOWN if spread.of else ""
    return f"half within {time_text(spread.median)}, nine of ten within {time_text(spread.p90)}"


def share_text(share: Fraction | None) -> str:
    """In percent; never rounded to all or nothing."""
    return "–" if share is None else percent_text(share.numerator, share.denominator)


def promise_text(clause: Clause | Verdict) -> str:
    """ "repaired within 3 d"."""
    return f"{_PROMISES[clause.kind]} {duration_text(clause.limit)}"


def clause_text(clause: Clause) -> str:
    """ "8 of 10 kept, 2 broken"; what is not known is in the whole."""
    if not clause.decided:
        return "nothing to keep yet" if clause.not_yet else "nothing to keep"
    parts = [f"{clause.met:,} of {clause.decided:,} kept"]
    parts += [f"{clause.broken:,} broken"] if clause.broken else []
    parts += [f"{clause.unknown:,} {NOT_KNOWN}"] if clause.unknown else []
    return ", ".join(parts)


def worst_text(clause: Clause) -> str:
    """ "4 d 2 h, so far (crm.leads, 1a2b3c4d)"; a dash where no time is known."""
    worst = clause.worst
    if worst is None:
        return "–"
    so_far = ", so far" if worst.goes_on else ""
    return f"{time_text(worst.took, is_bound=worst.is_bound)}{so_far} ({place_text(worst.group)}, {worst.incident[:8]})"


def end_text(case: Case) -> str:
    """ "mended", "open"."""
    return "open" if case.resolution is None else str(case.resolution)


def elements_text(elements: Elements) -> str:
    """ "10 of 12"; a dash where nothing is called critical."""
    return f"{elements.with_both:,} of {len(elements.elements):,}" if elements.elements else "–"


def trust_text(contract: ContractKpis) -> str:
    """ "crm: 90; 85.5 of 94 count: 33 hold (80 of 80), 3 are broken (5.5 of 12)": as the formula goes."""
    trust = contract.trust
    if trust is None:
        return f"{contract.contract}: no full run"
    score = "no score" if trust.score is None else str(trust.score)
    counts = number_text(round(float(sum(part.counts for part in trust.parts)), 1))
    weight = sum(part.weight for part in trust.parts)
    parts = ", ".join(_part_text(part) for part in trust.parts if part.checks)
    changed = "" if trust.of_parts == trust.score else f"; {CHANGED_SINCE}"
    return f"{contract.contract}: {score}; {counts} of {weight:,} count: {parts}{changed}"


def _part_text(part: ScorePart) -> str:
    said = f"{part.checks:,} {PARTS[part.outcome]}"
    return f"{said} ({number_text(round(float(part.counts), 1))} of {part.weight:,})" if part.weight else said


def written_of(writes: Iterable[Writes]) -> Writes:
    """Several tables as one: what is not known of one is not known of all."""
    known = [each for each in writes if each.written is not None and each.invalid is not None]
    return Writes(
        contract="",
        table="",
        written=sum(each.written or 0 for each in known) if known else None,
        invalid=sum(each.invalid or 0 for each in known) if known else None,
        looks=sum(each.looks for each in known),
    )


def lowest_trust(kpis: Kpis) -> ContractKpis | None:
    """The contract that can be trusted least; None where no score is known."""
    scored = [each for each in kpis.contracts if each.trust is not None and each.trust.score is not None]
    return min(scored, key=_score, default=None)


def _score(contract: ContractKpis) -> int:
    assert contract.trust is not None and contract.trust.score is not None, "only those with a score are compared"
    return contract.trust.score


def headline(review: Review) -> str:
    """The answer, in one or two sentences."""
    kpis, span = review.now, review.now.span
    name = span.name if span.is_month else f"the {span.name}"
    if not kpis.is_known:
        return f"Nothing is known of {name}."
    when = f"in {name}"
    pace = kpis.whole.pace
    if not pace.incidents:
        said = f"No incident was opened {when}."
    else:
        verb = "was" if pace.incidents == 1 else "were"
        said = f"{count_text(pace.incidents, 'incident')} {verb} opened {when}{_still_open(kpis.whole)}."
    resolve = pace.resolve
    if resolve.known:
        said += f" Half of those that are over took at most {time_text(resolve.median)}."
    return f"{said} {promises_sentence(kpis.clauses)}".rstrip()


def _still_open(figures: Figures) -> str:
    still_open = figures.pace.still_open
    if not still_open:
        return ", none is open any more"
    return f", {still_open:,} {'is' if still_open == 1 else 'are'} open still"


def promises_sentence(clauses: Iterable[Clause]) -> str:
    """How many promises were kept; "" when nothing was promised."""
    clauses = tuple(clauses)
    broken = sum(clause.broken > 0 for clause in clauses)
    unknown = sum(clause.unknown > 0 and not clause.broken for clause in clauses)
    if not clauses:
        return ""
    if broken:
        return f"{broken:,} of {count_text(len(clauses), 'promise')} {'was' if broken == 1 else 'were'} broken."
    if unknown:
        return f"Of {unknown:,} of {count_text(len(clauses), 'promise')} it is not known whether it was kept."
    return "No promise was broken."


def limits(kpis: Kpis) -> Iterator[str]:
    """What the reader has to know before any number."""
    span = kpis.span
    if not kpis.is_known:
        return
    if kpis.known_since is not None and kpis.known_since > span.begins:
        yield f"Only what came after {moment_text(kpis.known_since)} is known."
    if kpis.at < span.ends:
        yield f"It is not over: this is how it stands at {moment_text(kpis.at)}."
    if kpis.promises_alone:
        one = kpis.promises_alone == 1
        told, count = ("incident tells", "counts") if one else ("incidents tell", "count")
        yield f"{kpis.promises_alone:,} {told} of a broken promise alone, and {count} in no number."


def moment_text(moment: datetime) -> str:
    """ "2026-11-23 09:00 UTC"."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def changes(review: Review) -> Iterator[str]:
    """What differs from the span before, in sentences; nothing where that is not known."""
    now, before = review.now, review.before
    if not (now.is_known and before.is_known):
        return
    if not before.is_whole:
        yield f"Of {now.span.before_name} only a part is known: compare with care."
    yield from _changed_paces(now, before)
    earlier = {each.contract: each for each in before.contracts}
    for contract in now.contracts:
        if (other := earlier.get(contract.contract)) is not None:
            yield from _changed_contract(contract, other)


def _changed_paces(now: Kpis, before: Kpis) -> Iterator[str]:
    one, other = now.whole.pace, before.whole.pace
    if one.incidents != other.incidents:
        yield f"Incidents: {one.incidents:,}, after {other.incidents:,} in {now.span.before_name}."
    names = {"Detected": "detect", "Told": "notify", "Acknowledged": "acknowledge", "Over": "resolve"}
    for word, name in names.items():
        spread, earlier = getattr(one, name), getattr(other, name)
        new, old = spread.median, earlier.median
        if new is not None and old is not None and time_text(new) != time_text(old):
            # Of bounds nobody knows which time was the longer one.
            known = not (spread.is_bound or earlier.is_bound)
            how = f"{word} {'sooner' if new < old else 'later'}" if known else word
            yield f"{how}: half within {time_text(new)}, {time_text(old)} before."


def _changed_contract(now: ContractKpis, before: ContractKpis) -> Iterator[str]:
    name = contract_text(now.contract)
    new, old = (each.trust.score if each.trust else None for each in (now, before))
    if new is not None and old is not None and abs(new - old) >= TRUST_MOVES:
        yield f"Trust in {name} {'rose' if new > old else 'fell'} from {old} to {new}."
    broke = {clause.kind: clause.broken for clause in before.clauses}
    for clause in now.clauses:
        if clause.kind in broke and bool(clause.broken) != bool(broke[clause.kind]):
            kept = "was broken, and not before" if clause.broken else "was not broken any more"
            yield f"{name}: “{promise_text(clause)}” {kept}."
    ratio, earlier = written_of(now.writes).rate, written_of(before.writes).rate
    if ratio is not None and earlier is not None and share_text(ratio) != share_text(earlier):
        fewer = "Fewer" if ratio < earlier else "More"
        yield f"{fewer} invalid writes in {name}: {share_text(ratio)}, {share_text(earlier)} before."
