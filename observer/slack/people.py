"""Usernames of contracts → people and groups of Slack, asked once and remembered. Unknown ones come with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from observer.incidents.posts import Person
from observer.slack.calls import SlackCalls
from observer.slack.failures import FORBIDDEN, CallFailed
from observer.slack.ports import RECEIVER, People

#: So long somebody is believed to be who they were.
KNOWN_FOR = timedelta(days=1)
#: So long somebody is not asked for again.
UNKNOWN_FOR = timedelta(hours=1)
_USER_ID = re.compile(r"[UW][A-Z0-9]{8,}")
_GROUP_ID = re.compile(r"S[A-Z0-9]{8,}")


class Directory:
    """Who is who. For one thread at a time."""

    def __init__(self, calls: SlackCalls, posts: People, *, now: Callable[[], datetime]) -> None:
        """`now` is aware, UTC."""
        self._calls = calls
        self._posts = posts
        self._now = now

    def look_up(self, username: str) -> Person:
        """Somebody by their email address, a group by its handle (`@crm-team`), either by its id. Raises CallFailed.

        Guests and people who left are unknown: they may not see the channel.
        """
        kept = self._posts.person(RECEIVER, username)
        now = self._now()
        if kept is not None and now - kept.looked_up_at < (KNOWN_FOR if kept.known_as else UNKNOWN_FOR):
            return kept
        try:
            known_as, reason = self._ask(username)
        except CallFailed as failed:
            if failed.code not in FORBIDDEN:
                raise
            # That says nothing of them: it is not remembered.
            return Person(
                username=username, receiver=RECEIVER, known_as=None, reason=failed.failure.detail, looked_up_at=now
            )
        found = Person(username=username, receiver=RECEIVER, known_as=known_as, reason=reason, looked_up_at=now)
        self._posts.know(found)
        return found

    def _ask(self, username: str) -> tuple[str | None, str]:
        if _USER_ID.fullmatch(username) or _GROUP_ID.fullmatch(username):
            return username, ""
        if username.startswith("@"):
            return self._group(username.removeprefix("@"))
        if "@" in username:
            return self._person(username)
        return None, "that is no email address, no @group and no id of Slack's"

    def _person(self, email: str) -> tuple[str | None, str]:
        try:
            user = self._calls.user_by_email(email)
        except CallFailed as failed:
            if failed.code in ("users_not_found", "user_not_found", "user_not_visible"):
                return None, "nobody in Slack has that email address"
            raise
        if user.get("deleted"):
            return None, "their account in Slack is deactivated"
        if user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger"):
            return None, "they are a guest in Slack"
        return (str(user["id"]), "") if user.get("id") else (None, "nobody in Slack has that email address")

    def _group(self, handle: str) -> tuple[str | None, str]:
        for group in self._calls.groups():
            if str(group.get("handle", "")).lower() == handle.lower() and not group.get("date_delete"):
                return str(group["id"]), ""
        return None, "there is no group of that handle in Slack"
