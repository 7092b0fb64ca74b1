"""Slack: token and scopes, how presses come back, channels and people that contracts name. Nothing is said there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from observer.contracts.model import Contract, properties_of
from observer.incidents.posts import Person
from observer.jobs.doctor.findings import Finding, bad, counted, good, none, warning
from observer.jobs.incident_policy import policy_of
from observer.settings import Settings
from observer.slack.calls import SCOPES, SlackCalls, Workspace
from observer.slack.failures import CallFailed
from observer.slack.people import Directory
from observer.slack.press_calls import PressCalls

#: Slack is asked for no more names than these: it lets a hundred a minute pass.
MOST_ASKED = 50
_SHOWN = 5
#: All at once; what is asked after that is said not to have been tried.
_PATIENCE_SECONDS = 60.0
_AFTER = ("slack buttons", "slack channels", "slack people")


class _NobodyKnown:
    """Everybody is asked for anew, and nothing is kept."""

    def person(self, receiver: str, username: str) -> Person | None:
        return None

    def know(self, person: Person) -> None:
        """Not here."""


def look_at_slack(settings: Settings, contracts: Iterable[Contract]) -> Iterator[Finding]:
    """One line for the app, and one each for presses, channels and people."""
    if settings.slack.token is None:
        yield none("slack", "off: no token is given")
        return
    calls, contracts = SlackCalls(settings.slack), tuple(contracts)
    calls.hurry(_PATIENCE_SECONDS)
    try:
        there = calls.workspace()
    except CallFailed as failed:
        remedy = "check OBSERVER_SLACK_TOKEN (xoxb-…) and the way to Slack; notices wait in the outbox"
        yield bad("slack", str(failed), remedy)
        yield from (none(door, "not tried: Slack does not take the token") for door in _AFTER)
        return
    yield _scopes(there)
    yield _presses(settings)
    yield _channels(settings, contracts, calls, there)
    yield _people(settings, contracts, calls)


def _scopes(there: Workspace) -> Finding:
    found = f"{there.team}, as {there.bot}"
    missing = {scope: purpose for scope, purpose in SCOPES.items() if scope not in there.scopes}
    if not missing:
        return good("slack", f"{found}, with every scope")
    told = ", ".join(f"{scope} ({purpose})" for scope, purpose in missing.items())
    remedy = "add them under OAuth & Permissions of the app, and install it again"
    say = bad if "chat:write" in missing else warning
    return say("slack", f"{found}; lacks {counted(len(missing), 'scope')}: {told}", remedy)


def _presses(settings: Settings) -> Finding:
    door, slack = "slack buttons", settings.slack
    if slack.app_token is None and slack.signing_secret is None:
        remedy = "set OBSERVER_SLACK_APP_TOKEN (Socket Mode) or OBSERVER_SLACK_SIGNING_SECRET (HTTP)"
        return warning(door, "nobody hears of presses", remedy)
    if slack.app_token is None:
        return good(door, "presses come over HTTP, signed, to /slack/interactions")
    try:
        PressCalls(slack).socket_url(slack.app_token)
    except CallFailed as failed:
        remedy = "check OBSERVER_SLACK_APP_TOKEN (xapp-…, scope connections:write), and that Socket Mode is on"
        return bad(door, f"no Socket Mode: {failed}", remedy)
    return good(door, "presses come by Socket Mode")


def _channels(settings: Settings, contracts: tuple[Contract, ...], calls: SlackCalls, there: Workspace) -> Finding:
    door, policy = "slack channels", policy_of(settings, contracts)
    named = [policy.default_channel, policy.platform_channel, *policy.channels.values()]
    wanted = list(dict.fromkeys(channel for channel in named if channel))
    if not wanted:
        remedy = "set `channel` of `[incidents]`, or `support` of the contracts"
        return warning(door, "no channel is named: only people are told", remedy)
    if "channels:read" not in there.scopes:
        return none(door, "not tried: the scope channels:read is lacking")
    asked, wrong = PressCalls(settings.slack), []
    try:
        for channel in wanted[:MOST_ASKED]:
            known_as = calls.channel_id(channel) if channel.startswith("#") else channel
            if known_as is None:
                wrong.append(f"{channel} is not there, or is archived, or private without the app in it")
            elif "chat:write.public" not in there.scopes and not asked.is_in(known_as):
                wrong.append(f"the app is not in {channel}")
    except CallFailed as failed:
        return warning(door, str(failed), "try again")
    if wrong:
        remedy = "invite the app (`/invite`), or correct `channel` of `[incidents]` and `support` of the contracts"
        return bad(door, _some(wrong), remedy)
    return good(door, f"{counted(len(wanted), 'channel')}, the app is in {'it' if len(wanted) == 1 else 'all of them'}")


def _people(settings: Settings, contracts: tuple[Contract, ...], calls: SlackCalls) -> Finding:
    door, names = "slack people", list(dict.fromkeys(_named(settings, contracts)))
    if not names:
        return none(door, "nobody is named in contracts or settings")
    directory = Directory(calls, _NobodyKnown(), now=lambda: datetime.now(UTC))
    unknown = []
    try:
        for name in names[:MOST_ASKED]:
            person = directory.look_up(name)
            if person.known_as is None:
                unknown.append(f"{name}: {person.reason}")
    except CallFailed as failed:
        return warning(door, str(failed), "try again")
    untried = f"; {len(names) - MOST_ASKED:,} more were not asked for" if len(names) > MOST_ASKED else ""
    if unknown:
        remedy = "correct the contract, or let them be invited; until then whoever is next in line is told"
        return warning(door, f"{_some(unknown)}{untried}", remedy)
    return good(door, f"{counted(min(len(names), MOST_ASKED), 'name')} found{untried}")


def _named(settings: Settings, contracts: tuple[Contract, ...]) -> Iterator[str]:
    named = [settings.incidents.platform_owner, settings.incidents.default_owner]
    for contract in contracts:
        named += [contract.owner, contract.steward]
        for _, prop in properties_of(contract):
            named += [prop.owner, prop.steward]
    yield from (name for name in named if name)


def _some(found: list[str]) -> str:
    more = f"; and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more
