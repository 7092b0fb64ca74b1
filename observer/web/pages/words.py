"""What templates say of values: filters and names for Jinja. Times, counts, spans and outcomes in, text out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from observer.checks.measure import Outcome
from observer.checks.words import duration_text, number_text, percent_text, rows_text
from observer.incidents.findings import Grade
from observer.incidents.incident import Status
from observer.incidents.words import budget_left_text, calm_text, mute_text, place_text, quiet_texts
from observer.reports.sentences import SIGNS, count_text, outcomes_text, seconds_text
from observer.reports.slo_words import budget_text, counted_noun, left_share
from observer.reports.visible import shown_value, visible, web_link
from observer.slo.standing import Condition

if TYPE_CHECKING:
    from observer.reports.slo_status import Level


def shown(value: object) -> object:
    """Every text that is put into a page, unless it is markup already: nothing in it hides or reorders what is read."""
    if value is None:
        raise TypeError("nothing to show: a template must say what None means")
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def moment(at: datetime) -> Markup:
    """`<time>`: 2026-11-22 09:00 UTC, with the second as its title."""
    at = at.astimezone(UTC)
    stamp, exact = at.isoformat(timespec="seconds"), f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, exact, f"{at:%Y-%m-%d %H:%M} UTC")


def ago(at: datetime, now: datetime) -> Markup:
    """`<time>`: "3 h 12 min ago", "in 20 min", with the moment itself as its title."""
    at = at.astimezone(UTC)
    span = now - at
    if abs(span) < timedelta(seconds=1):
        text = "just now"
    else:
        text = f"{duration_text(span)} ago" if span > timedelta() else f"in {duration_text(-span)}"
    stamp = at.isoformat(timespec="seconds")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, f"{at:%Y-%m-%d %H:%M:%S} UTC", text)


def capital(text: str) -> str:
    """A sentence with a capital letter at its beginning, unless that is a name (an address, a field) or a number."""
    first = text.partition(" ")[0].rstrip(",:;")
    return text[:1].upper() + text[1:] if first.isalpha() else text


def kind_of(value: Outcome | Condition | Grade | Status | None) -> str:
    """CSS class of a state: passed, warned, failed, errored, or skipped. None is not known, which is never green."""
    return _KINDS[value] if value is not None else "skipped"


_KINDS: Mapping[object, str] = {
    **{outcome: outcome.value for outcome in Outcome},
    Condition.MET: "passed",
    Condition.BURNING: "warned",
    Condition.MISSED: "failed",
    Condition.NO_DATA: "skipped",
    Grade.URGENT: "failed",
    Grade.ERROR: "failed",
    Grade.WARNING: "warned",
    Grade.INFO: "skipped",
    Status.OPEN: "failed",
    Status.ACKNOWLEDGED: "warned",
    Status.RESOLVED: "passed",
}

_SIGN_OF = {outcome.value: sign for outcome, sign in SIGNS.items()}


def badge(kind: str, text: str) -> Markup:
    """A state: its colour, its sign and its word."""
    return Markup('<span class="badge {0}"><span aria-hidden="true">{1}</span> {2}</span>').format(
        kind, _SIGN_OF.get(kind, "–"), visible(text)
    )


def level_kind(level: Level) -> str:
    """CSS class of a service level: what nobody can see is not green."""
    if level.blind is not None and level.condition in (Condition.MET, Condition.NO_DATA):
        return "errored"
    return kind_of(level.condition)


def budget_left(level: Level) -> Fraction | None:
    """Part of the budget that is left, nothing when overspent; None: not known."""
    share = left_share(level.standing.budget) if level.standing and level.blind is None else None
    return None if share is None else max(share, Fraction())


def budget_said(level: Level) -> str:
    """ "11 of 25 bad leads left"; why it is not known."""
    if level.blind is not None:
        return level.blind
    return "no data" if level.standing is None else budget_text(level.standing.budget, counted_noun(level.slo))


def share(part: Fraction | float | None) -> str:
    """A share of one in percent; "–" for None."""
    return "–" if part is None else f"{float(part) * 100:.1f} %"


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number_text,
    "counted": count_text,
    "percent": percent_text,
    "moment": moment,
    "ago": ago,
    "duration": duration_text,
    "seconds": seconds_text,
    "value": shown_value,
    "capital": capital,
    "kind": kind_of,
    "share": share,
    "web_link": web_link,
}
GLOBALS: dict[str, Any] = {
    "Outcome": Outcome,
    "Condition": Condition,
    "Grade": Grade,
    "Status": Status,
    "badge": badge,
    "outcomes_text": outcomes_text,
    "place": place_text,
    "level_kind": level_kind,
    "budget_left": budget_left,
    "budget_text": budget_said,
    "mute_text": mute_text,
    "quiet_texts": quiet_texts,
    "calm_text": calm_text,
    "budget_left_text": budget_left_text,
    "rows_text": rows_text,
}
