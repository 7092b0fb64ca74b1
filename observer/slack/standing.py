"""Where the messages of incidents stand: posted once, found again after a crash, in the channel that takes them.

Guarantee: before a message may land, that is written down. What was written down and never known to have landed is
looked for in the channel before anything is posted again: one incident has one message, as long as the app may read
the channel. Where it may not, that is told as a trouble, and the message is posted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from observer.incidents.posts import Post
from observer.runs.deliveries import Failure, Reason
from observer.slack.calls import Landed, SlackCalls
from observer.slack.failures import CHANNEL_GONE, FORBIDDEN, MESSAGE_GONE, CallFailed
from observer.slack.messages import INCIDENT, Message, incidents_in
from observer.slack.ports import RECEIVER, Posts
from observer.slack.troubles import Troubles

#: Slack's clock and ours differ by less.
SKEW = timedelta(minutes=10)
#: `C…` public, `G…` private, `D…` with one person.
_IDS = "CGD"


class Standing:
    """For one thread at a time."""

    def __init__(
        self,
        calls: SlackCalls,
        posts: Posts,
        troubles: Troubles,
        *,
        channels: Sequence[str | None],
        now: Callable[[], datetime],
    ) -> None:
        """`channels`: where a message goes that its own channel does not take, one after the other."""
        self._calls = calls
        self._posts = posts
        self._troubles = troubles
        self._others = channels
        self._now = now

    def of(self, incidents: Iterable[str]) -> dict[str, Post]:
        """Those whose message stands, by incident. Raises CallFailed."""
        kept = {incident: self._posts.post_of(RECEIVER, incident) for incident in incidents}
        standing = {incident: post for incident, post in kept.items() if post is not None and post.stands}
        begun = {incident: post for incident, post in kept.items() if post is not None and not post.stands}
        by_channel: dict[str, dict[str, Post]] = {}
        for incident, post in begun.items():
            by_channel.setdefault(post.channel, {})[incident] = post
        for channel, theirs in by_channel.items():
            standing |= self._found(channel, theirs)
        return standing

    def _found(self, channel: str, begun: dict[str, Post]) -> dict[str, Post]:
        found: dict[str, Post] = {}
        since = min(post.begun_at for post in begun.values()) - SKEW
        try:
            place = channel if _is_id(channel) else self._calls.channel_id(channel)
            if place is None:
                raise CallFailed(
                    Failure(reason=Reason.NOT_CONFIGURED, detail="the app sees none"), code="channel_not_found"
                )
            for seen in self._calls.seen_in(place, since):
                for incident in incidents_in(seen.event, seen.payload):
                    if incident in begun and incident not in found:
                        shared = seen.event != INCIDENT
                        post = replace(begun[incident], channel=place, message=seen.ts, shared=shared)
                        self._posts.post_stands(post)
                        found[incident] = post
                if len(found) == len(begun):
                    break
            self._troubles.none("slack history")
        except CallFailed as failed:
            if failed.code not in FORBIDDEN | CHANNEL_GONE:
                raise
            self._troubles.tell(
                "slack history",
                f"{channel} cannot be read ({failed.failure.detail}): a message that was on its way when "
                "something broke may stand there twice",
            )
        for incident in begun.keys() - found.keys():
            self._posts.forget_post(begun[incident])
        return found

    def post(
        self, incidents: Sequence[str], channel: str | None, draw: Callable[[str], Message], *, shared: bool = False
    ) -> Post:
        """A new message of these incidents, in the first channel that takes it. Raises CallFailed.

        `draw` is given why it is not where it should be, "" when it is.
        """
        chain = list(dict.fromkeys(name for name in (channel, *self._others) if name))
        if not chain:
            raise CallFailed(Failure(reason=Reason.NOT_CONFIGURED, detail="there is no channel to post to: name one"))
        astray = ""
        for name in chain:
            begun = [
                Post(receiver=RECEIVER, incident=incident, channel=name, begun_at=self._now(), shared=shared)
                for incident in incidents
            ]
            for post in begun:
                self._posts.begin_post(post)
            try:
                landed = self._calls.post(name, draw(astray))
            except CallFailed as failed:
                if not failed.may_have_landed:
                    for post in begun:
                        self._posts.forget_post(post)
                if failed.code not in CHANNEL_GONE:
                    raise
                self._troubles.tell(f"slack channel {name}", failed.failure.detail)
                astray = astray or self.astray(name)
                last = failed
                continue
            self._troubles.none(f"slack channel {name}")
            standing = [replace(post, channel=landed.channel, message=landed.ts) for post in begun]
            for post in standing:
                self._posts.post_stands(post)
            return standing[0]
        raise last

    def astray(self, channel: str | None) -> str:
        """Why what belongs in the channel is not there; "" when nothing is known against it."""
        reason = self._troubles.of(f"slack channel {channel}")
        return f"this belongs in {channel}, which takes no message ({reason})" if reason else ""

    def forget(self, post: Post) -> None:
        """It is not there any more."""
        self._posts.forget_post(post)

    def edit(self, post: Post, message: Message) -> bool:
        """False: it is not there any more. Raises CallFailed."""
        try:
            self._calls.update(Landed(channel=post.channel, ts=post.message), message)
        except CallFailed as failed:
            if failed.code in MESSAGE_GONE or failed.code in CHANNEL_GONE:
                self._posts.forget_post(post)
                return False
            raise
        return True


def _is_id(channel: str) -> bool:
    return len(channel) >= 9 and channel[0] in _IDS and channel.isalnum() and channel.isupper()
