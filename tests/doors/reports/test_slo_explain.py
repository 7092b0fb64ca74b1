"""Why a record is judged so, in one sentence: what the ledger keeps of it, and no more."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from observer.reports.slo_explain import (
    Explained,
    ExplainedSample,
    explained_json,
    none_kept_text,
    render_records,
    render_samples,
    samples_json,
    unknown_key_text,
    why,
)
from observer.slo.budget import Counts
from observer.slo.counting import Sample
from observer.slo.ledger import Decided, Pending, Position
from observer.slo.standing import LedgerStanding
from observer.slo.verdicts import EvidenceKind, Observation, State
from tests.fakes.slo_levels import EMAILS, FILL, NOON, SOURCES

MINUTE = timedelta(minutes=1)
LOOKED = NOON + timedelta(minutes=5, seconds=32)


def decided(state: State, evidence: EvidenceKind | None = None, *, key: str = "17") -> Decided:
    return Decided(key=key, event_at=NOON, state=state, evidence=evidence, decided_at=LOOKED)


DEADLINE = "2026-11-22 12:05:00 UTC"
LOOK = "2026-11-22 12:05:32 UTC"
AT = f"at its deadline, {DEADLINE}"
UNKNOWN = (
    f"nothing tells what it held at its deadline, {DEADLINE}: it was written since, or does not say when it was "
    "written, and the "
)
REASONS = {
    "untouched": (
        decided(State.BAD, EvidenceKind.UNTOUCHED),
        f"email was empty {AT}: a look at {LOOK} showed it so, and it had not been written since its deadline",
    ),
    "bracketed": (
        decided(State.GOOD, EvidenceKind.BRACKETED),
        (
            f"email was filled {AT}: the last look before and the first after, at {LOOK}, both showed it so, "
            "each at most 1 min away from it"
        ),
    ),
    "history": (
        decided(State.BAD, EvidenceKind.HISTORY),
        f"email was empty {AT}: its history says so, read at {LOOK}",
    ),
    "withdrawn": (
        decided(State.WITHDRAWN),
        f"the first look after its deadline, {DEADLINE}, was at {LOOK} and found it gone: deleted or merged away",
    ),
    "unknown": (
        decided(State.UNKNOWN),
        f"{UNKNOWN}looks around it, the later one at {LOOK}, do not agree, or only one was made",
    ),
    "unknown, looked at late": (
        replace(decided(State.UNKNOWN), decided_at=NOON + timedelta(hours=2)),
        f"{UNKNOWN}first look came 1 h 55 min late, at 2026-11-22 14:00:00 UTC, not within 1 min",
    ),
    "pending, not seen": (
        Pending(key="17", event_at=NOON, before=None),
        f"no look has shown it before its deadline; the first look at or after its deadline, {DEADLINE}, decides",
    ),
    "pending": (
        Pending(key="17", event_at=NOON, before=Observation(at=NOON + MINUTE, holds=False, written_at=NOON)),
        (
            "a look at 2026-11-22 12:01:00 UTC showed that email was empty, last written at 2026-11-22 12:00:00 UTC; "
            f"the first look at or after its deadline, {DEADLINE}, decides"
        ),
    ),
}


@pytest.mark.parametrize(("record", "said"), REASONS.values(), ids=REASONS)
def test_the_reason_is_one_sentence(record: Decided | Pending, said: str) -> None:
    assert why(record, FILL) == said


def test_several_rules_are_kept_or_broken() -> None:
    strict = replace(FILL, checks=("crm.leads.email.required", "crm.leads.email.format"))
    assert why(decided(State.BAD, EvidenceKind.HISTORY), strict).startswith("email broke format or required at")
    assert why(decided(State.GOOD, EvidenceKind.HISTORY), strict).startswith("email kept format and required at")


def printed(rows: tuple[Explained, ...], *, digests: bool = False) -> list[str]:
    out = Console(file=io.StringIO(), width=80, color_system=None, legacy_windows=False)
    render_records(FILL, rows, out, digests=digests)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue().splitlines()


def test_a_record_is_told_with_its_times_and_its_link() -> None:
    bad = Explained(record=decided(State.BAD, EvidenceKind.HISTORY), url="https://crm.example.com/leads/17")
    first, times, reason, link = printed((bad,))
    assert first == "✗ bad  17"
    assert times == (
        "  event time 2026-11-22 12:00:00 UTC, deadline 2026-11-22 12:05:00 UTC, decided by the look at "
        "2026-11-22 12:05:32 UTC"
    )
    assert reason.startswith("  Email was empty at its deadline")
    assert link == "  https://crm.example.com/leads/17"


def test_keys_cannot_move_the_cursor_and_digests_are_said_to_be_such() -> None:
    lines = printed((Explained(record=decided(State.BAD, key="\x1b[2J")),), digests=True)
    assert lines[0] == "✗ bad  \\x1b[2J"
    assert lines[-1].startswith("Keys are restricted: only digests of them are kept")


def test_programs_read_the_same() -> None:
    rows = (
        Explained(record=decided(State.UNKNOWN)),
        Explained(record=Pending(key="18", event_at=NOON, before=None), url="https://crm.example.com/leads/18"),
    )
    document = explained_json(EMAILS, FILL, rows, digests=False)
    assert document["slo"] == "leads-email-5m" and document["keys_are_digests"] is False
    first, second = document["records"]  # type: ignore[misc]  # a list of two
    assert first == {  # type: ignore[has-type]  # the first of them
        "key": "17",
        "state": "unknown",
        "event_at": "2026-11-22T12:00:00+00:00",
        "deadline": "2026-11-22T12:05:00+00:00",
        "decided_at": "2026-11-22T12:05:32+00:00",
        "evidence": None,
        "why": why(rows[0].record, FILL),
        "url": None,
    }
    assert (second["state"], second["decided_at"]) == ("pending", None)  # type: ignore[has-type]  # the second


LEDGER = LedgerStanding(
    id=1, revision_since=NOON, counts_since=NOON, looked_at=NOON, totals=Counts(good=1_200), pending=3
)


def test_a_key_that_nobody_knows_gets_every_reason_why_that_may_be() -> None:
    position = Position(since=NOON, seen_to=NOON + timedelta(hours=1), swept_to=NOON)
    said = unknown_key_text(EMAILS, FILL, LEDGER, position)
    for reason in ("before counting began (2026-11-22 12:00:00 UTC)", "up to 2026-11-22 13:00:00 UTC", "forgotten"):
        assert reason in said
    assert "12:00:00" in unknown_key_text(EMAILS, FILL, LEDGER, None)


def test_nothing_to_complain_of_says_of_how_many() -> None:
    said = none_kept_text(EMAILS, LEDGER)
    assert said == (
        "No bad or unknown record is kept: 1,200 good leads since counting began, 2026-11-22 12:00:00 UTC; 3 pending."
    )


def test_runs_are_told_with_what_they_counted() -> None:
    rows = (
        ExplainedSample(
            sample=Sample(key="01J-run", at=NOON, counts=Counts(good=310, bad=2)), why="see `observer show 01J-run`"
        ),
        ExplainedSample(
            sample=Sample(key="01H-run", at=NOON - timedelta(hours=1), counts=Counts(unknown=1)), why="missed: \x1b"
        ),
    )
    out = Console(file=io.StringIO(), width=80, color_system=None, legacy_windows=False)
    render_samples(SOURCES, rows, out)
    assert isinstance(out.file, io.StringIO)
    assert out.file.getvalue().splitlines() == [
        "✗ 2026-11-22 12:00:00 UTC  leads: 310 good, 2 bad",
        "  See `observer show 01J-run`.",
        "? 2026-11-22 11:00:00 UTC  leads: 1 unknown",
        "  Missed: \\x1b.",
    ]
    assert samples_json(SOURCES, rows)["samples"][0] == {  # type: ignore[index]  # a list
        "key": "01J-run",
        "at": "2026-11-22T12:00:00+00:00",
        "why": "see `observer show 01J-run`",
        "good": 310,
        "bad": 2,
        "unknown": 0,
        "withdrawn": 0,
    }
