"""Why records are good, bad or unknown for a service level → sentences on a console, or JSON.

Only what the ledger keeps of a record is told: its key, its times, its state and the kind of evidence; never a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from observer.checks.words import duration_text
from observer.reports import slo_words as words
from observer.reports.slo_json import Json, counts_json, time_json
from observer.reports.visible import visible
from observer.slo.counting import Sample
from observer.slo.ledger import Decided, Pending, Position
from observer.slo.model import Slo, TimeToFill
from observer.slo.standing import LedgerStanding
from observer.slo.verdicts import EvidenceKind, Observation, State

_SIGNS = {
    State.GOOD: ("✓", "green"),
    State.BAD: ("✗", "red"),
    State.UNKNOWN: ("?", "magenta"),
    State.WITHDRAWN: ("–", "dim"),
    State.PENDING: ("…", "dim"),
}
DIGESTS = "Keys are restricted: only digests of them are kept. Give a key, and its record is found all the same."


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One record of a time-to-fill level."""

    record: Decided | Pending
    #: A link to it; None where there is none that may be shown.
    url: str | None = None

    @property
    def state(self) -> State:
        return self.record.state if isinstance(self.record, Decided) else State.PENDING


@dataclass(frozen=True, kw_only=True)
class ExplainedSample:
    """One run, glance or slot of any other level."""

    sample: Sample
    #: What came of it, or where that stands.
    why: str


def why(record: Decided | Pending, indicator: TimeToFill) -> str:
    """The verdict with its evidence, in one sentence: what is known, and no more."""
    deadline = words.moment_text(record.event_at + indicator.deadline)
    if isinstance(record, Pending):
        seen = _seen(record.before, indicator) if record.before else "no look has shown it before its deadline"
        return f"{seen}; the first look at or after its deadline, {deadline}, decides"
    looked = words.moment_text(record.decided_at)
    if record.state is State.WITHDRAWN:
        return (
            f"the first look after its deadline, {deadline}, was at {looked} and found it gone: deleted or merged away"
        )
    if record.state is State.UNKNOWN:
        return _why_unknown(record, indicator)
    held = f"{words.held_text(indicator, holds=record.state is State.GOOD)} at its deadline, {deadline}"
    if record.evidence is EvidenceKind.HISTORY:
        return f"{held}: its history says so, read at {looked}"
    if record.evidence is EvidenceKind.UNTOUCHED:
        return f"{held}: a look at {looked} showed it so, and it had not been written since its deadline"
    near = f"each at most {duration_text(indicator.poll)} away from it"
    return f"{held}: the last look before and the first after, at {looked}, both showed it so, {near}"


def _why_unknown(record: Decided, indicator: TimeToFill) -> str:
    deadline = record.event_at + indicator.deadline
    first = f"nothing tells what it held at its deadline, {words.moment_text(deadline)}"
    since = "it was written since, or does not say when it was written"
    looked, late = words.moment_text(record.decided_at), record.decided_at - deadline
    if late > indicator.poll:
        apart = duration_text(indicator.poll)
        return f"{first}: {since}, and the first look came {duration_text(late)} late, at {looked}, not within {apart}"
    return f"{first}: {since}, and the looks around it, the later one at {looked}, do not agree, or only one was made"


def _seen(seen: Observation, indicator: TimeToFill) -> str:
    written = "" if seen.written_at is None else f", last written at {words.moment_text(seen.written_at)}"
    return f"a look at {words.moment_text(seen.at)} showed that {words.held_text(indicator, holds=seen.holds)}{written}"


def render_records(indicator: TimeToFill, rows: Sequence[Explained], console: Console, *, digests: bool) -> None:
    """One paragraph per record, newest first."""
    for row in rows:
        render_record(indicator, row, console)
    if digests:
        console.print(Text(DIGESTS, "dim"), soft_wrap=True)


def none_kept_text(slo: Slo, ledger: LedgerStanding) -> str:
    """There is nothing to complain of: of how many, and since when."""
    since = words.moment_text(ledger.counts_since)
    good = f"{ledger.totals.good:,} good {words.record_noun(slo)}"
    return f"No bad or unknown record is kept: {good} since counting began, {since}; {ledger.pending:,} pending."


def unknown_key_text(slo: Slo, indicator: TimeToFill, ledger: LedgerStanding, position: Position | None) -> str:
    """Why the ledger may know no record of a key."""
    since = ledger.counts_since if position is None else position.since
    seen = (
        "nothing was looked for yet" if position is None else f"looked for up to {words.moment_text(position.seen_to)}"
    )
    back = duration_text(indicator.look_back)
    reasons = (
        f"its event time is before counting began ({words.moment_text(since)})",
        f"no look has shown it yet ({seen}; what becomes visible up to {back} late is found within hours)",
        "it has no usable event time, is flagged as deleted, or went before its deadline",
        f"it was decided and forgotten (records are kept for {words.window_text(slo)})",
        "its key is written otherwise",
    )
    lines = "\n".join(f"  - {reason}" for reason in reasons)
    return f"observer: `{slo.name}` knows no record of this key. One of these is so:\n{lines}"


def no_samples_text(slo: Slo) -> str:
    """There is nothing to complain of."""
    return f"Nothing bad and nothing unknown was recorded in {words.window_text(slo)}."


def render_record(indicator: TimeToFill, row: Explained, console: Console) -> None:
    """Key, verdict, times and reason."""
    sign, style = _SIGNS[row.state]
    record = row.record
    console.print(Text.assemble((f"{sign} {row.state}  ", style), (visible(record.key), "bold")), soft_wrap=True)
    begun = words.moment_text(record.event_at)
    deadline = words.moment_text(record.event_at + indicator.deadline)
    decided = f", decided by the look at {words.moment_text(record.decided_at)}" if isinstance(record, Decided) else ""
    console.print(Text(f"  event time {begun}, deadline {deadline}{decided}", "dim"), soft_wrap=True)
    said = why(record, indicator)
    console.print(Text(f"  {said[:1].upper()}{said[1:]}."), soft_wrap=True)
    if row.url is not None:
        console.print(Text(f"  {visible(row.url)}", "dim"), soft_wrap=True)


def render_samples(slo: Slo, rows: Sequence[ExplainedSample], console: Console) -> None:
    """Two lines per run, glance or slot."""
    noun = words.record_noun(slo)
    for row in rows:
        counts = row.sample.counts
        parts = [(counts.good, "good"), (counts.bad, "bad"), (counts.unknown, "unknown")]
        said = ", ".join(f"{count:,} {name}" for count, name in parts if count) or "nothing"
        sign, style = _SIGNS[State.BAD if counts.bad else State.UNKNOWN if counts.unknown else State.GOOD]
        line = f"{words.moment_text(row.sample.at)}  {noun}: {said}"
        console.print(Text.assemble((f"{sign} ", style), line), soft_wrap=True)
        console.print(Text(f"  {visible(row.why[:1].upper() + row.why[1:])}.", "dim"), soft_wrap=True)


def explained_json(slo: Slo, indicator: TimeToFill, rows: Sequence[Explained], *, digests: bool) -> Json:
    """The document of `observer slo explain --format json` for time-to-fill."""
    return {"slo": slo.name, "kind": str(indicator.kind), "keys_are_digests": digests} | {
        "records": [
            {
                "key": row.record.key,
                "state": str(row.state),
                "event_at": time_json(row.record.event_at),
                "deadline": time_json(row.record.event_at + indicator.deadline),
                "decided_at": time_json(row.record.decided_at) if isinstance(row.record, Decided) else None,
                "evidence": _evidence(row.record),
                "why": why(row.record, indicator),
                "url": row.url,
            }
            for row in rows
        ]
    }


def _evidence(record: Decided | Pending) -> str | None:
    return str(record.evidence) if isinstance(record, Decided) and record.evidence is not None else None


def samples_json(slo: Slo, rows: Sequence[ExplainedSample]) -> Json:
    """The document of `observer slo explain --format json` for everything else."""
    samples = [
        {"key": row.sample.key, "at": time_json(row.sample.at), "why": row.why} | counts_json(row.sample.counts)
        for row in rows
    ]
    return {"slo": slo.name, "kind": str(slo.indicator.kind), "samples": samples}
