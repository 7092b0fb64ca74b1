"""What every face says of an incident in the same words: parts of a Brief in, text out. Pure.

Names in it stand as contracts write them: whoever shows them makes them safe for its own kind of page.
"""

from __future__ import annotations

from datetime import timedelta

from observer.checks.words import duration_text, number_text
from observer.incidents.brief import Brief
from observer.incidents.events import Group
from observer.incidents.muting import Mute

#: Where there is no contract.
OBSERVER = "the observer"
_MUTES = {
    Mute.HIDDEN: "nobody is called: it follows from another finding",
    Mute.EXCUSED: "nobody is called: a person said that it is no fault",
    Mute.SILENCED: "nobody is called: a silence covers it",
    Mute.SNOOZED: "nobody is called: it is snoozed",
}


def place_text(group: Group) -> str:
    """ "crm.leads"; the observer itself where there is no contract."""
    return ".".join(part for part in (group.contract, group.table) if part) or OBSERVER


def mute_text(mute: Mute) -> str:
    """Why nobody is called for a finding."""
    return _MUTES[mute]


def budget_left_text(left: int) -> str:
    """ "11 bad records left in the budget", "budget overspent by 4"."""
    if left < 0:
        return f"budget overspent by {number_text(-left)}"
    return f"{number_text(left)} bad {'record' if left == 1 else 'records'} left in the budget"


def quiet_texts(brief: Brief) -> tuple[str, ...]:
    """What says nothing, here and elsewhere: "nobody is called for 2 of the 5 findings"."""
    texts = []
    if brief.muted and brief.muted == brief.going_on:
        texts.append("nobody is called")
    elif brief.muted:
        texts.append(f"nobody is called for {number_text(brief.muted)} of the {number_text(brief.going_on)} findings")
    if brief.hidden:
        verb = "finding says" if brief.hidden == 1 else "findings say"
        texts.append(f"{number_text(brief.hidden)} other {verb} nothing while this goes on")
    return tuple(texts)


def calm_text(calms_for: timedelta) -> str:
    """Of what came and went too often: "comes and goes: over after 1 h of calm"."""
    return f"comes and goes: over after {duration_text(calms_for)} of calm"
