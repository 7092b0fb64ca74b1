"""What the threads of incidents are told: each notice once, also after a crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from observer.incidents.events import NoticeKind
from observer.incidents.posts import Post
from observer.slack.calls import SlackCalls
from observer.slack.failures import CHANNEL_GONE, FORBIDDEN, MESSAGE_GONE, CallFailed
from observer.slack.messages import notices_in
from observer.slack.ports import THREAD, Posts
from observer.slack.standing import SKEW
from observer.slack.summaries import Notice, reply_message
from observer.slack.troubles import Troubles


@dataclass(frozen=True, kw_only=True)
class Written:
    """A notice, and since when it waits."""

    notice: Notice
    written_at: datetime


class Threads:
    """For one thread at a time."""

    def __init__(self, calls: SlackCalls, posts: Posts, troubles: Troubles, *, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._posts = posts
        self._troubles = troubles
        self._now = now

    def tell(self, post: Post, told: Sequence[Written]) -> bool:
        """The thread of this message, in one word; False: there is no such message any more. Raises CallFailed."""
        fresh = self._not_told(post, [each for each in told if each.notice.is_news])
        message = reply_message([each.notice for each in fresh])
        if message is None:
            return True
        unheard = any(each.notice.brief.kind is NoticeKind.ESCALATED for each in fresh)
        begun = [
            Post(receiver=THREAD, incident=each.notice.brief.id, channel=post.channel, begun_at=self._now())
            for each in fresh
        ]
        for word in begun:
            self._posts.begin_post(word)
        try:
            landed = self._calls.post(post.channel, message, thread=post.message, broadcast=unheard)
        except CallFailed as failed:
            if not failed.may_have_landed:
                for word in begun:
                    self._posts.forget_post(word)
            if failed.code in MESSAGE_GONE | CHANNEL_GONE:
                return False
            raise
        for word in begun:
            self._posts.post_stands(replace(word, message=landed.ts))
        return True

    def _not_told(self, post: Post, news: Sequence[Written]) -> list[Written]:
        """Of those whose last word may have been this one, the thread itself is asked."""
        doubtful = {each.notice.key for each in news if self._may_be_told(each)}
        if not doubtful:
            return list(news)
        since = min(each.written_at for each in news) - SKEW
        told: set[str] = set()
        try:
            for seen in self._calls.seen_in(post.channel, since, thread=post.message):
                told.update(notices_in(seen.event, seen.payload))
        except CallFailed as failed:
            if failed.code not in FORBIDDEN | CHANNEL_GONE | MESSAGE_GONE:
                raise
            self._troubles.tell(
                "slack history",
                f"a thread cannot be read ({failed.failure.detail}): a word that was on its way when something "
                "broke may stand there twice",
            )
        return [each for each in news if each.notice.key not in told]

    def _may_be_told(self, each: Written) -> bool:
        last = self._posts.post_of(THREAD, each.notice.brief.id)
        return last is not None and last.begun_at >= each.written_at - SKEW
