"""Who pressed: Slack's id of a person → the name by which they act, or why they may not. Asked of Slack, cached.

Only people of our own workspace act: no bots, no guests, nobody whose account is gone, nobody of a company that shares
a channel with ours. They are known by the email address of their profile (scopes users:read, users:read.email).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from observer.slack.press_calls import Home, PressCalls

#: Whoever loses their account loses the right to act within this time.
REMEMBERED_SECONDS = 300.0
_MOST_REMEMBERED = 2_000


class NotAMember(Exception):
    """They may not act; the text says why, to them."""


class Members:
    """May be asked by several threads at once."""

    def __init__(self, calls: PressCalls, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._clock = clock
        self._lock = threading.Lock()
        self._home: Home | None = None
        self._known: dict[str, tuple[float, str | NotAMember]] = {}

    def username(self, user: str, team: str) -> str:
        """The email address, in small letters. Raises NotAMember, CallFailed.

        `team`: the workspace that the payload says they belong to; "" when it says none.
        """
        known = self._remembered(user)
        if known is None:
            known = self._look_up(user)
            with self._lock:
                while len(self._known) >= _MOST_REMEMBERED:
                    del self._known[next(iter(self._known))]
                self._known[user] = (self._clock(), known)
        if isinstance(known, NotAMember):
            raise NotAMember(str(known))
        home = self._at_home()
        if team and team not in (home.team, home.enterprise) and not home.enterprise:
            raise NotAMember("only people of our own workspace may act")
        return known

    def _remembered(self, user: str) -> str | NotAMember | None:
        with self._lock:
            when, known = self._known.get(user, (0.0, None))
        return known if known is not None and self._clock() - when < REMEMBERED_SECONDS else None

    def _at_home(self) -> Home:
        if self._home is None:
            self._home = self._calls.home()
        return self._home

    def _look_up(self, user: str) -> str | NotAMember:
        found = self._calls.user(user)
        if found.get("is_bot") or user == "USLACKBOT":
            return NotAMember("bots may not act")
        if found.get("deleted"):
            return NotAMember("your account is deactivated")
        if found.get("is_stranger") or not self._is_of(found, self._at_home()):
            return NotAMember("only people of our own workspace may act")
        if found.get("is_restricted") or found.get("is_ultra_restricted"):
            return NotAMember("guests may not act")
        profile = found.get("profile")
        email = profile.get("email") if isinstance(profile, dict) else None
        if not isinstance(email, str) or not email.strip():
            return NotAMember("Slack does not tell your email address (the app needs the scope users:read.email)")
        return email.strip().lower()

    @staticmethod
    def _is_of(found: Mapping[str, Any], home: Home) -> bool:
        teams = {found.get("team_id")}
        of_organisation = found.get("enterprise_user")
        if isinstance(of_organisation, dict):
            if home.enterprise and of_organisation.get("enterprise_id") == home.enterprise:
                return True
            others = of_organisation.get("teams")
            teams.update(others if isinstance(others, list) else ())
        return bool(home.team) and home.team in teams
