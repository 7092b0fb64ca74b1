"""An incident in plain text: Brief → lines, for what draws no markup. Pure."""

from __future__ import annotations

from observer.checks.words import duration_text, number_text
from observer.incidents.brief import Brief, Point
from observer.incidents.words import budget_left_text, calm_text, mute_text, quiet_texts


def text_of(brief: Brief) -> str:
    """What is wrong, since when, of how many records, where to look; one line each. The title is not in it."""
    lines = [line for point in brief.points for line in _lines(point)]
    if brief.more:
        lines.append(f"and {number_text(brief.more)} more")
    lines += brief.budgets
    lines += quiet_texts(brief)
    if brief.calms_for is not None:
        lines.append(calm_text(brief.calms_for))
    if brief.consumers:
        lines.append(f"Used by: {', '.join(brief.consumers)}")
    if brief.is_over:
        lines.append(f"Over ({brief.resolution}) after {duration_text(brief.lasted)}")
    return "\n".join(lines)


def _lines(point: Point) -> list[str]:
    found = point.finding
    said = [f"{found.about}: {found.statement}"]
    if found.observed:
        said.append(f"observed {found.observed}")
    if found.expected:
        said.append(f"expected {found.expected}")
    if found.budget_left is not None:
        said.append(budget_left_text(found.budget_left))
    said.append("over" if point.is_over else f"since {point.since:%Y-%m-%d %H:%M} UTC")
    if point.mute:
        said.append(mute_text(point.mute))
    lines = ["; ".join(said)]
    if point.proof.segment:
        lines.append(f"  mostly {point.proof.segment}")
    if point.proof.keys:
        lines.append(f"  look at {', '.join(key.url or key.text for key in point.proof.keys)}")
    return lines
