"""A press → what it changes, and what is said to whoever pressed. In: Presses. Out: actions, forms, short answers.

Slack wants an answer within three seconds, so a press is only taken here; a few threads of our own do the rest. Where
the message itself will show what was done, nothing else is said; where nothing was done, one person alone is told why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import time

import structlog

from observer.errors import ObserverError
from observer.incidents.acting import Act, Action, Answer
from observer.incidents.acting import act as decide
from observer.incidents.findings import Finding
from observer.incidents.incident import Incident
from observer.runs.deliveries import Reason
from observer.slack.action_ids import SnoozeFor
from observer.slack.failures import CHANNEL_GONE, CallFailed
from observer.slack.members import Members, NotAMember
from observer.slack.modals import ASKED_WHY, reason_form
from observer.slack.ports import OnTrouble
from observer.slack.press_calls import PressCalls
from observer.slack.presses import Press, PressKind

#: Writes the action; raises ObserverError (no such incident, the state cannot be written).
ActPort = Callable[[str, Action], Answer]
#: The incident as it stands; raises ObserverError.
GetPort = Callable[[str], Incident]
#: Whether somebody of that username may act at all.
MayAct = Callable[[str], bool]
DOOR = "answers to slack buttons"
#: Presses that wait; more are refused, and Slack tells whoever pressed.
MOST_WAITING = 100
_THREADS = 2
#: Slack's words for a press that is older than three seconds, or had its form already.
_TOO_LATE = frozenset({"expired_trigger_id", "trigger_exchanged", "exchanged_trigger_id"})
#: Stands for what will be written.
_ANY_REASON = "…"

log = structlog.get_logger("observer")


class Answering:
    """Takes presses at once and answers them in its own threads, until `close()`."""

    def __init__(
        self,
        calls: PressCalls,
        act: ActPort,
        get: GetPort,
        *,
        may_act: MayAct,
        on_trouble: OnTrouble,
        zone: str = "UTC",
        morning: time = time(9),
    ) -> None:
        """`zone` (IANA name) and `morning`: when a snooze until tomorrow ends."""
        self._calls = calls
        self._act = act
        self._get = get
        self._may_act = may_act
        self._on_trouble = on_trouble
        self._zone = zone
        self._morning = morning
        self._members = Members(calls)
        self._room = threading.BoundedSemaphore(MOST_WAITING)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="slack-press")

    def take(self, press: Press) -> bool:
        """Have the press answered soon; False: too many wait, or it is closed. Never waits."""
        if not self._room.acquire(blocking=False):
            return False
        try:
            self._pool.submit(self._answer, press)
        except RuntimeError:
            self._room.release()
            return False
        return True

    def close(self) -> None:
        """Let what is under way end; what waits is given up (a press changes nothing before it is answered)."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _answer(self, press: Press) -> None:
        try:
            said = self._done(press)
            if said is not None:
                self._say(press, said)
        except CallFailed as failed:
            log.warning("press_not_answered", act=press.act.value, incident=press.incident, reason=str(failed))
            if failed.failure.reason is Reason.NOT_CONFIGURED and failed.code not in CHANNEL_GONE:
                self._on_trouble(DOOR, f"presses of buttons cannot be answered: {failed}")
        except Exception as error:  # noqa: BLE001  # whatever it was, the next press is answered
            # Its text could hold anything.
            log.error("press_broke", act=press.act.value, incident=press.incident, kind=type(error).__name__)
            self._apologise(press)
        else:
            self._on_trouble(DOOR, None)
        finally:
            self._room.release()

    def _apologise(self, press: Press) -> None:
        try:
            self._say(press, "This met a fault of the program, and was not done. The log says where (`press_broke`).")
        except CallFailed as failed:
            log.warning("press_not_answered", act=press.act.value, incident=press.incident, reason=str(failed))

    def _done(self, press: Press) -> str | None:
        """What is to be said; None: the message, or a form, says it."""
        try:
            by = self._members.username(press.user, press.team)
        except NotAMember as why:
            return f"Nothing was done: {why}."
        except CallFailed as failed:
            self._say(press, f"Nothing was done, for it is not known who you are: {failed}. Press again later.")
            raise
        if not self._may_act(by):
            return f"Nothing was done: {by} may not act on incidents (`may_act` of `[incidents]`)."
        action = self._action(press, by)
        if action is None:
            return "Nothing was done: this message offers what is not known here any more."
        if press.kind is PressKind.BUTTON and press.act in ASKED_WHY:
            return self._ask_why(press, action)
        try:
            answer = self._act(press.incident, action)
        except ObserverError as error:
            return f"Nothing was done: {error.message}. {_sentence(error.fix)}"
        log.info("press_taken", act=press.act.value, incident=press.incident, user=press.user, done=answer.done)
        if not answer.done:
            return f"Nothing was done: {answer.sentence}."
        return None if answer.notices else _sentence(answer.sentence)

    def _action(self, press: Press, by: str) -> Action | None:
        if press.act is not Act.SNOOZE:
            return Action(act=press.act, by=by, reason=press.reason)
        if press.pressed_at is None or press.arg not in set(SnoozeFor):
            return None
        until = SnoozeFor(press.arg).until(press.pressed_at, zone=self._zone, morning=self._morning)
        return Action(act=press.act, by=by, until=until)

    def _ask_why(self, press: Press, action: Action) -> str | None:
        """Open the form, unless the rules would refuse the act whatever is written into it."""
        assert press.pressed_at is not None, "a press of a button says when it was"
        try:
            incident = self._get(press.incident)
        except ObserverError as error:
            return f"Nothing was done: {error.message}. {_sentence(error.fix)}"
        answer = decide(incident, replace(action, reason=_ANY_REASON), press.pressed_at)
        if not answer.done:
            return f"Nothing was done: {answer.sentence}."
        try:
            self._calls.open_form(press.trigger_id, reason_form(press, about=_about(incident)))
        except CallFailed as failed:
            if failed.code not in _TOO_LATE:
                raise
            return "Nothing was done: the form was not ready within Slack's three seconds. Press again."
        return None

    def _say(self, press: Press, text: str) -> None:
        """To whoever pressed, and to nobody else."""
        if press.channel:
            try:
                self._calls.whisper(press.channel, press.user, text)
            except CallFailed as failed:
                # In a channel that we or they left meanwhile, they are told directly.
                log.info("whisper_refused", reason=str(failed))
            else:
                return
        self._calls.say_directly(press.user, text)


def _about(incident: Incident) -> str:
    """`crm-leads.leads: email is present and 2 more`."""
    going_on = [held.finding for held in incident.held.values() if held.ended is None]
    first, *others = sorted(going_on or [held.finding for held in incident.held.values()], key=_gravest_first)
    place = ".".join(part for part in (incident.group.contract, incident.group.table) if part)
    more = f" and {len(others)} more" if others else ""
    return f"{place}: {first.statement}{more}" if place else f"{first.statement}{more}"


def _gravest_first(finding: Finding) -> tuple[int, int, str]:
    return -finding.grade.weight, -(finding.rows_failed or 0), finding.fingerprint


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
