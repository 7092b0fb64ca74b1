"""The limits that the product has to hold, and what a run says of them: timings in, verdicts and a table out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.rounds import Timing


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One promise about speed. `value` is a ratio to `base`'s median, or seconds where there is no base."""

    section: str
    subject: str
    says: str
    value: float
    base: str | None = None
    peak_mb: float | None = None
    #: A check that must be answered without counting, and say so.
    proven: str | None = None


HAND_DUCKDB = "hand-written SQL on DuckDB"
HAND_POSTGRES = "hand-written SQL on PostgreSQL"
OURS_SUITE = "crm-observer, suite on the snapshot"
OURS_PUSHDOWN = "crm-observer, pushdown"
COPY = "binary COPY to null (psql)"
OURS_SNAPSHOT = "crm-observer, snapshot to Parquet"
WITHOUT_KEY = "crm-observer, no key known"
WITH_KEY = "crm-observer, key known"
AUDIT = "observer audit"
LINT = "observer lint"
HELP = "observer --help"

LIMITS = (
    Limit(
        section="suite",
        subject=OURS_SUITE,
        base=HAND_DUCKDB,
        value=1.25,
        says="suite on the snapshot ≤ 1.25 × hand SQL",
    ),
    Limit(section="pushdown", subject=OURS_PUSHDOWN, base=HAND_POSTGRES, value=1.15, says="pushdown ≤ 1.15 × hand SQL"),
    Limit(
        section="snapshot",
        subject=OURS_SNAPSHOT,
        base=COPY,
        value=2.2,
        peak_mb=400,
        says="snapshot ≤ 2.2 × binary COPY to null, ≤ 400 MB",
    ),
    Limit(
        section="uniqueness",
        subject=WITH_KEY,
        base=WITHOUT_KEY,
        value=1.0,
        proven="id.unique",
        says="uniqueness is not counted, and said so, where a key proves it",
    ),
    Limit(section="process", subject=AUDIT, value=8.0, says="whole audit of 1,000,000 rows from PostgreSQL ≤ 8 s"),
    Limit(section="commands", subject=LINT, value=0.5, says="observer lint ≤ 0.5 s"),
    Limit(section="commands", subject=HELP, value=0.5, says="observer --help ≤ 0.5 s"),
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Subjects that were measured in turn. `rows` is the size of the leads table, 0 where it does not matter."""

    name: str
    title: str
    rows: int
    base: str | None
    timings: Sequence[Timing]
    notes: Sequence[str] = ()

    def timing(self, name: str) -> Timing | None:
        return next((t for t in self.timings if t.name == name), None)

    def ratio(self, timing: Timing) -> float | None:
        base = self.timing(self.base) if self.base else None
        if base is None or base.median is None or timing.median is None:
            return None
        return timing.median / base.median


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A limit beside what was seen. `holds` is None when it was not measured, which is never a yes."""

    limit: Limit
    seen: str
    holds: bool | None

    def as_json(self) -> dict[str, Any]:
        return {"limit": self.limit.says, "seen": self.seen, "holds": self.holds}


def verdicts(sections: Sequence[Section]) -> list[Verdict]:
    """One per limit whose section was run."""
    found = []
    for limit in LIMITS:
        section = next((s for s in sections if s.name == limit.section), None)
        if section is None:
            continue
        timing = section.timing(limit.subject)
        if timing is None or timing.median is None or timing.error is not None:
            found.append(Verdict(limit=limit, seen=(timing and timing.error) or "not measured", holds=None))
            continue
        value = section.ratio(timing) if limit.base else timing.median
        if value is None:
            found.append(Verdict(limit=limit, seen=f"{limit.base} was not measured", holds=None))
            continue
        holds, seen = value <= limit.value, f"{value:.2f} ×" if limit.base else f"{value:.2f} s"
        if limit.peak_mb is not None:
            holds, seen = holds and timing.peak_mb <= limit.peak_mb, f"{seen}, {timing.peak_mb:.0f} MB"
        if limit.proven is not None:
            said = next((p for p in timing.facts.get("proven", ()) if p.startswith(f"{limit.proven}:")), None)
            holds, seen = holds and said is not None, f"{seen}, {said or 'nothing said'}"
        found.append(Verdict(limit=limit, seen=seen, holds=holds))
    return found


def disagreements(section: Section) -> list[str]:
    """Counts that differ from the hand-written SQL's: whoever counts something else is not comparable."""
    base = section.timing(section.base) if section.base else None
    expected: Mapping[str, int] = base.facts.get("counts", {}) if base else {}
    wrong = []
    for timing in section.timings:
        counts = timing.facts.get("counts", {})
        for check, count in expected.items():
            if check in counts and counts[check] != count and (timing.name, check) not in KNOWN_DIFFERENCES:
                wrong.append(f"{timing.name} counts {counts[check]:,} for {check}, hand-written SQL {count:,}")
    return wrong


#: Stock GX has no expectation for placeholders: it counts nulls alone.
KNOWN_DIFFERENCES = frozenset({("stock GX 1.24", "email.missing")})

MARK = {True: "holds", False: "**broken**", None: "**not measured**"}


def markdown(sections: Sequence[Section], machine: str) -> str:
    """The whole result as Markdown: what it ran on, the limits, then one table per section."""
    lines = [machine, "", "| limit | seen | verdict |", "| --- | --- | --- |"]
    lines += [f"| {v.limit.says} | {v.seen} | {MARK[v.holds]} |" for v in verdicts(sections)]
    for section in sections:
        size = f", {section.rows:,} rows" if section.rows else ""
        base = f" | × {section.base}" if section.base else ""
        lines += ["", f"### {section.title}{size}", "", f"| | seconds (median){base} | peak memory, MB |"]
        lines.append("| --- | ---: |" + (" ---: |" if base else "") + " ---: |")
        for timing in section.timings:
            if timing.median is None or timing.error is not None:
                lines.append(
                    f"| {timing.name} | could not run: {(timing.error or '').replace('|', '/')} |"
                    + (" |" if base else "")
                    + " |"
                )
                continue
            ratio = section.ratio(timing)
            cell = f" {ratio:.2f} |" if ratio is not None else " – |" if base else ""
            lines.append(f"| {timing.name} | {timing.median:.3f} |{cell} {timing.peak_mb:.0f} |")
        lines += [f"\n{note}" for note in (*section.notes, *disagreements(section))]
    return "\n".join(lines)
