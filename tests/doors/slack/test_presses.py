"""What Slack tells of presses and forms is read as it was meant, and nothing else is."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.incidents.acting import LONGEST_REASON, Act
from observer.slack.modals import ASKED_WHY, reason_form
from observer.slack.presses import NotAPress, Press, PressKind, UnfitReason, press_of
from tests.fakes.slack_payloads import INCIDENT, pressed, sent
from tests.fakes.slack_rules import check_blocks, texts_of

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["block_actions", "view_submission"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "type",
    "user",
    "team",
    "actions",
    "container",
    "trigger_id",
    "view",
    "id",
    "value",
    "action_id",
    "state",
    "values",
]


def a_form(act: Act = Act.EXPECTED, about: str = "crm.leads: email is present") -> dict[str, Any]:
    press = press_of(pressed(act))
    assert press is not None
    return reason_form(press, about=about)


def test_a_button_says_what_who_where_and_when() -> None:
    press = press_of(pressed(Act.SNOOZE, arg="4h"))
    assert press == Press(
        kind=PressKind.BUTTON,
        act=Act.SNOOZE,
        incident=INCIDENT,
        arg="4h",
        user="U000000000",
        team="T000000001",
        trigger_id="12466734323.1395872398",
        channel="C000000000",
        message="1699999999.000100",
        pressed_at=datetime.fromtimestamp(1_700_000_000, UTC),
    )
    assert "12466734323" not in repr(press)


@pytest.mark.parametrize("act", sorted(ASKED_WHY))
def test_a_form_brings_back_the_act_the_incident_and_the_place_it_was_opened_from(act: Act) -> None:
    press = press_of(sent(a_form(act), " the migration\nof \t Monday\u202e "))
    assert press is not None
    assert (press.kind, press.act, press.incident) == (PressKind.FORM, act, INCIDENT)
    assert (press.channel, press.message) == ("C000000000", "1699999999.000100")
    assert press.reason == "the migration of Monday"


def test_a_button_that_only_opens_a_page_asks_for_nothing() -> None:
    payload = pressed()
    payload["actions"][0]["action_id"] = "observer.link.run"
    assert press_of(payload) is None


def change(path: str, value: object) -> dict[str, Any]:
    payload: Any = copy.deepcopy(pressed())
    *way, last = path.split(".")
    place = payload
    for step in way:
        place = place[int(step) if step.isdecimal() else step]
    place[last] = value
    return dict(payload)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "block_actions",
        {},
        change("type", "shortcut"),
        change("type", ["block_actions"]),
        change("actions", []),
        change("actions", [1]),
        change("actions", pressed()["actions"] * 2),
        change("actions.0.action_id", "observer.incident.delete"),
        change("actions.0.action_id", None),
        change("actions.0.value", f"{INCIDENT} 4h' OR 1=1"),
        change("actions.0.value", "x" * 2_001),
        change("actions.0.selected_option", "4h"),
        change("actions.0.action_ts", "never"),
        change("actions.0.action_ts", "nan"),
        change("actions.0.action_ts", "1" * 400),
        change("actions.0.action_ts", None),
        change("user", None),
        change("user.id", None),
        change("user.id", "<!channel>"),
        change("user.id", "U1\nX-Header: 1"),
        change("container.channel_id", "../../etc/passwd"),
        change("container.message_ts", 17),
        change("trigger_id", 17),
    ],
)
def test_what_no_button_of_ours_sends_is_refused_without_repeating_it(payload: object) -> None:
    with pytest.raises(NotAPress) as refused:
        press_of(payload)
    assert not any(hostile in str(refused.value) for hostile in ("<!", "etc", "OR 1", "X-Header", "xxx"))


@pytest.mark.parametrize("kept", ["", "{", "[]", "null", "{}", '{"action_id": 1, "value": 2}', "[" * 2_900])
def test_a_form_that_was_not_opened_by_us_is_refused(kept: str) -> None:
    payload = sent(a_form(), "because")
    payload["view"]["private_metadata"] = kept
    with pytest.raises(NotAPress):
        press_of(payload)


@pytest.mark.parametrize("callback", [None, "somebody-elses"])
def test_a_form_of_another_name_is_refused(callback: str | None) -> None:
    payload = sent(a_form(), "because")
    payload["view"]["callback_id"] = callback
    with pytest.raises(NotAPress):
        press_of(payload)


@pytest.mark.parametrize("act", [Act.EXPECTED, Act.FALSE_POSITIVE])
@pytest.mark.parametrize("reason", [None, "", "  \n "])
def test_a_verdict_without_a_reason_stays_in_its_form_and_says_so(act: Act, reason: str | None) -> None:
    with pytest.raises(UnfitReason) as unfit:
        press_of(sent(a_form(act), reason))
    assert unfit.value.answer == {"response_action": "errors", "errors": {"reason": "Say why."}}


def test_a_reason_of_10_000_characters_stays_in_its_form() -> None:
    with pytest.raises(UnfitReason, match=str(LONGEST_REASON)):
        press_of(sent(a_form(), "x" * 10_000))


def test_what_was_done_may_stay_unsaid() -> None:
    press = press_of(sent(a_form(Act.FIXED), None))
    assert press is not None and press.reason == ""


@pytest.mark.parametrize("act", sorted(ASKED_WHY))
def test_a_form_is_within_the_limits_of_slack_and_draws_no_markup(act: Act) -> None:
    view = a_form(act, about="<!channel> *crm*.leads " * 200)
    check_blocks(view["blocks"])
    assert all(len(view[name]["text"]) <= 24 for name in ("title", "submit", "close"))
    assert len(view["private_metadata"]) <= 3_000
    assert "mrkdwn" not in json.dumps(view)
    assert max(map(len, texts_of(view["blocks"]))) <= 2_000
    [written] = [block["element"] for block in view["blocks"] if block["type"] == "input"]
    assert written["max_length"] == LONGEST_REASON


@settings(max_examples=200)
@given(payload=JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8))
def test_whatever_comes_is_a_press_or_is_refused(payload: object) -> None:
    try:
        press_of(payload)
    except (NotAPress, UnfitReason):
        return


@settings(max_examples=200)
@given(st.data())
def test_a_press_with_one_part_replaced_is_a_press_or_is_refused(data: st.DataObject) -> None:
    payload = copy.deepcopy(
        data.draw(st.sampled_from([pressed(), pressed(Act.SNOOZE, arg="4h"), sent(a_form(), "why")]))
    )
    place: Any = payload
    while True:
        name = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
        if isinstance(place[name], dict | list) and place[name] and data.draw(st.booleans()):
            place = place[name]
            continue
        place[name] = data.draw(JSON)
        break
    try:
        press_of(payload)
    except (NotAPress, UnfitReason):
        return
