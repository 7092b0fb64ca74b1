"""What Slack answers, or does not answer, → why a call failed. Pure.

Flows out: CallFailed, whose words are ours: an answer of somebody else, or an error of the client, may hold anything.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from urllib.error import URLError

from slack_sdk.errors import SlackRequestError
from slack_sdk.web import SlackResponse

from observer.runs.deliveries import Failure, Reason

#: Codes of Slack's (https://docs.slack.dev/reference/methods/chat.postMessage#errors): somebody must see to the app.
_NOT_CONFIGURED = frozenset(
    [
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "no_permission",
        "missing_scope",
        "not_allowed_token_type",
        "org_login_required",
        "ekm_access_denied",
        "access_denied",
        "team_access_not_granted",
        "enterprise_is_restricted",
        "two_factor_setup_required",
    ]
)
#: Of them, those that another token mends; tokens are read when the daemon starts.
_OF_THE_TOKEN = frozenset(["not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"])
#: Nothing can be written in that channel.
CHANNEL_GONE = frozenset(
    [
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "channel_type_not_supported",
        "is_inactive",
        "messages_tab_disabled",
    ]
)
#: The app may not do that; of reading a channel, it can go on without.
FORBIDDEN = frozenset(["missing_scope", "no_permission", "not_allowed_token_type"])
#: The message to be edited or answered is not there, or not ours to edit.
MESSAGE_GONE = frozenset(
    ["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message"]
)
#: They write these for a fault of their own; some of it may have happened.
_SERVERS = frozenset(["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"])
_TOO_FAST = frozenset(["ratelimited", "rate_limited"])
#: The message itself: it will not be better another time.
_UNFIT = frozenset(
    [
        "msg_too_long",
        "msg_blocks_too_long",
        "invalid_blocks",
        "invalid_blocks_format",
        "no_text",
        "too_many_attachments",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
    ]
)
_CODE = re.compile(r"[a-z][a-z0-9_]{1,80}")


class CallFailed(Exception):
    """A call that did not do what it should. Its text is for a person."""

    def __init__(self, failure: Failure, *, code: str = "", may_have_landed: bool = False) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        #: Slack's own, "" when it said nothing.
        self.code = code
        #: The request may have done its work all the same.
        self.may_have_landed = may_have_landed


def refusal(answer: SlackResponse) -> CallFailed:
    """Slack answered, and not that it is done."""
    status = int(answer.status_code)
    code = str(answer.get("error") or "") if isinstance(answer.data, dict) else ""
    if _CODE.fullmatch(code) is None:
        code = ""
    if status == 429 or code in _TOO_FAST:
        failure = Failure(
            reason=Reason.RATE_LIMITED, detail="Slack asks for a slower pace", retry_after=_patience(answer)
        )
        return CallFailed(failure, code=code)
    if status >= 500 or code in _SERVERS:
        failure = Failure(reason=Reason.SERVER_ERROR, detail=f"Slack has a fault of its own ({code or status})")
        return CallFailed(failure, code=code, may_have_landed=True)
    if not code:
        detail = f"that is no answer of Slack's (HTTP {status}): is there something else between us?"
        return CallFailed(Failure(reason=Reason.UNEXPECTED, detail=detail), may_have_landed=True)
    if code in _NOT_CONFIGURED:
        needed = str(answer.get("needed") or "")
        remedy = f": the app needs {needed}" if re.fullmatch(r"[a-z:._,]{1,200}", needed) else ""
        if code in _OF_THE_TOKEN:
            remedy = ": give the daemon a new token, and start it again"
        return CallFailed(Failure(reason=Reason.NOT_CONFIGURED, detail=f"Slack says {code}{remedy}"), code=code)
    if code in CHANNEL_GONE:
        return CallFailed(Failure(reason=Reason.NOT_CONFIGURED, detail=f"Slack says {code}"), code=code)
    if code in _UNFIT:
        detail = f"Slack does not take this message: {code}"
        return CallFailed(Failure(reason=Reason.REFUSED, detail=detail, can_retry=False), code=code)
    return CallFailed(Failure(reason=Reason.REFUSED, detail=f"Slack says {code}"), code=code)


def no_answer(error: Exception) -> CallFailed:
    """Nothing came back that could be read."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        # urllib wraps what happens before the request was sent, and nothing after.
        sent = not isinstance(error, URLError)
        failure = Failure(reason=Reason.TIMEOUT, detail="Slack did not answer in time")
        return CallFailed(failure, may_have_landed=sent)
    if isinstance(error, URLError) or isinstance(cause, ConnectionRefusedError):
        failure = Failure(reason=Reason.UNREACHABLE, detail=f"Slack cannot be reached ({type(cause).__name__})")
        return CallFailed(failure, may_have_landed=isinstance(cause, ConnectionResetError | BrokenPipeError))
    if isinstance(error, ConnectionError | HTTPException):
        failure = Failure(reason=Reason.UNREACHABLE, detail="the connection to Slack broke before it had answered")
        return CallFailed(failure, may_have_landed=True)
    if isinstance(error, SlackRequestError):
        detail = "slack.api_url is no address of a web server"
        return CallFailed(Failure(reason=Reason.NOT_CONFIGURED, detail=detail))
    if isinstance(error, ValueError) and not isinstance(error, UnicodeDecodeError):
        # Of a header that cannot be sent; such an error quotes it.
        detail = "the request could not be made: the token of Slack has characters that no token has"
        return CallFailed(Failure(reason=Reason.NOT_CONFIGURED, detail=detail), code="invalid_auth")
    failure = Failure(reason=Reason.UNEXPECTED, detail=f"the answer could not be read ({type(error).__name__})")
    return CallFailed(failure, may_have_landed=True)


def _patience(answer: SlackResponse) -> timedelta | None:
    with suppress(ValueError, OverflowError):
        return timedelta(seconds=max(0, int(header_of(answer, "retry-after"))))
    return None


def header_of(answer: SlackResponse, name: str) -> str:
    """By its name in lower case; "" when there is none."""
    values = [value for key, value in (answer.headers or {}).items() if str(key).lower() == name]
    value = values[0] if values else ""
    return str(value[0] if isinstance(value, list) and value else value)
