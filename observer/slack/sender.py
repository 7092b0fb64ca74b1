"""Notices out of the outbox → Slack. Deliveries in; landed, or a Failure, out.

One incident has one message, which is edited as the incident changes; its thread is told what is new. What is due for
a digest, and what begins in a storm, shares a message. Guarantee: as the outbox delivers at least once and this room
writes down what it begins, nothing is lost, and nothing is said twice that can be found again (see `standing`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from observer.incidents.brief import Brief
from observer.incidents.policy import Way
from observer.incidents.posts import Person, Post
from observer.runs.deliveries import Delivery, Failure, Reason
from observer.settings import IncidentSettings, SlackSettings
from observer.slack import limits
from observer.slack.blocks import incident_message
from observer.slack.calls import SCOPES, SlackCalls
from observer.slack.failures import CallFailed
from observer.slack.messages import Called
from observer.slack.people import Directory
from observer.slack.ports import RECEIVER, Briefs, OnTrouble, Posts
from observer.slack.standing import Standing
from observer.slack.summaries import Gathering, Notice, summary_message
from observer.slack.threads import Threads, Written
from observer.slack.troubles import Troubles

#: More new messages at once for one channel than these become one.
MOST_AT_ONCE = 10
#: So many incidents share a message at most: their ids go with it.
MOST_TOGETHER = limits.OUR_METADATA // 24
#: So many people are looked up for one message; others are named as contracts name them.
_MOST_LOOKED_UP = 20
#: Seconds for one batch: the last one begins when half of the lease of the outbox is over.
PATIENCE = 25.0
_OFF = Failure(reason=Reason.NOT_CONFIGURED, detail="there is no token of Slack: set OBSERVER_SLACK_TOKEN")
#: Nothing comes of these without which the others are useless.
_NEEDED = ("chat:write", "users:read", "users:read.email")


@dataclass(frozen=True)
class _Told:
    delivery: Delivery
    brief: Brief


class SlackSender:
    """A BatchSender of the outbox. For one thread at a time."""

    def __init__(
        self,
        settings: SlackSettings,
        *,
        incidents: IncidentSettings,
        posts: Posts,
        briefs: Briefs,
        on_trouble: OnTrouble,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = 10.0,
    ) -> None:
        """`clock` is monotonic, in seconds; `patience`: seconds that one call may wait for Slack."""
        self._has_token = settings.token is not None
        self._has_buttons = settings.app_token is not None or settings.signing_secret is not None
        self._calls = SlackCalls(settings, clock=clock, sleep=sleep, patience=patience)
        self._posts = posts
        self._briefs = briefs
        self._troubles = Troubles(on_trouble)
        self._default = incidents.channel
        self._people = Directory(self._calls, posts, now=now)
        others = (incidents.channel, incidents.platform_channel)
        self._standing = Standing(self._calls, posts, self._troubles, channels=others, now=now)
        self._threads = Threads(self._calls, posts, self._troubles, now=now)

    def send(self, delivery: Delivery) -> Failure | None:
        """Deliver one; None when it landed. Raises StoreError, and nothing else."""
        return self.send_batch((delivery,))

    def batches(self, taken: Sequence[Delivery]) -> Sequence[tuple[Delivery, ...]]:
        """What goes together: digests and storms of one channel, and words in one thread. Asks the state alone."""
        together: dict[object, list[Delivery]] = {}
        new: dict[str, list[object]] = {}
        briefs = {each.delivery.id: each.brief for each in self._briefs_of(taken)}
        for delivery in taken:
            brief = briefs.get(delivery.id)
            name: object = delivery.id
            if brief is not None:
                post = self._posts.post_of(RECEIVER, brief.id)
                channel = brief.channel or self._default or ""
                if post is not None and post.stands:
                    name = (post.channel, post.message) if post.shared else delivery.id
                elif brief.way is Way.DIGEST:
                    name = ("digest", channel)
                else:
                    new.setdefault(channel, []).append(delivery.id)
            together.setdefault(name, []).append(delivery)
        for names in new.values():
            if len(names) > MOST_AT_ONCE:
                storm = [delivery for name in names for delivery in together.pop(name)]
                together[("storm", names[0])] = storm
        batches = [
            tuple(batch[start : start + MOST_TOGETHER])
            for batch in together.values()
            for start in range(0, len(batch), MOST_TOGETHER)
        ]
        places = {delivery.id: place for place, delivery in enumerate(taken)}
        return sorted(batches, key=lambda batch: places[batch[0].id])

    def send_batch(self, batch: tuple[Delivery, ...]) -> Failure | None:
        """Deliver them as they stand now; None when all landed. Raises StoreError, and nothing else."""
        if not self._has_token:
            return _OFF
        self._calls.hurry(PATIENCE)
        try:
            self._tell(self._briefs_of(batch))
        except CallFailed as failed:
            if failed.failure.reason is Reason.NOT_CONFIGURED:
                self._troubles.tell("slack", failed.failure.detail)
            return failed.failure
        self._troubles.none("slack")
        return None

    def ping(self) -> Failure | None:
        """Whether the token is good, and may do what is needed; None when it is. Never raises."""
        if not self._has_token:
            return _OFF
        self._calls.hurry(PATIENCE)
        try:
            missing = self.missing_scopes()
        except CallFailed as failed:
            return failed.failure
        needed = [f"{scope} ({SCOPES[scope]})" for scope in missing if scope in _NEEDED]
        if not needed:
            return None
        return Failure(reason=Reason.NOT_CONFIGURED, detail=f"the app lacks the scopes {', '.join(needed)}")

    def missing_scopes(self) -> tuple[str, ...]:
        """Of SCOPES, those that the app lacks; none when Slack does not say. Raises CallFailed."""
        scopes = self._calls.workspace().scopes
        return tuple(scope for scope in SCOPES if scope not in scopes) if scopes else ()

    def _briefs_of(self, deliveries: Sequence[Delivery]) -> list[_Told]:
        """Read at once: a storm is one question."""
        names = {
            each.id: (str(each.payload.get("incident")), seq)
            for each in deliveries
            if isinstance(seq := each.payload.get("seq"), int)
        }
        briefs = self._briefs.of_notices(names.values())
        told = [(each, briefs.get(names[each.id])) for each in deliveries if each.id in names]
        if not self._has_buttons:
            # A button that nobody listens to shows a warning to whoever presses it.
            told = [(each, replace(brief, acts=()) if brief else None) for each, brief in told]
        return [_Told(each, brief) for each, brief in told if brief is not None]

    def _tell(self, told: Sequence[_Told]) -> None:
        standing = self._standing.of(each.brief.id for each in told)
        new: list[_Told] = []
        threads: dict[tuple[str, str], list[_Told]] = {}
        for each in told:
            post = standing.get(each.brief.id)
            if post is None:
                new.append(each)
            elif post.shared:
                threads.setdefault((post.channel, post.message), []).append(each)
            else:
                self._tell_own(each, post)
        for theirs in threads.values():
            if not self._threads.tell(standing[theirs[0].brief.id], self._written(theirs)):
                for each in theirs:
                    self._standing.forget(standing[each.brief.id])
                self._begin(theirs)
        if new:
            self._begin(new)

    def _tell_own(self, each: _Told, post: Post) -> None:
        called = replace(self._called(each.brief), astray=self._standing.astray(each.brief.channel))
        notice = Notice(key=each.delivery.key, brief=each.brief, called=called)
        if not self._standing.edit(post, incident_message(each.brief, called)):
            self._begin([each])
        else:
            self._threads.tell(post, [Written(notice=notice, written_at=each.delivery.created_at)])

    def _begin(self, new: Sequence[_Told]) -> None:
        # Nobody heard of it, and it is over: there is nothing to say.
        new = [each for each in new if each.brief.kind is None or each.brief.kind.calls or not each.brief.is_over]
        if not new:
            return
        ids, channel = [each.brief.id for each in new], new[0].brief.channel or self._default
        if len(new) == 1:
            brief, called = new[0].brief, self._called(new[0].brief)
            self._standing.post(ids, channel, lambda why: incident_message(brief, replace(called, astray=why)))
            return
        digest = all(each.brief.way is Way.DIGEST for each in new)
        notices = [written.notice for written in self._written(new)]
        why = Gathering.DIGEST if digest else Gathering.STORM
        self._standing.post(ids, channel, lambda astray: summary_message(why, notices, astray=astray), shared=True)

    def _written(self, told: Sequence[_Told]) -> list[Written]:
        asked: set[tuple[str, ...]] = set()
        written = []
        for each in told:
            people = (*each.brief.to[:1], each.brief.also or "")
            known = people in asked or len(asked) < _MOST_LOOKED_UP
            calls = known and each.brief.way is not Way.DIGEST
            if calls:
                asked.add(people)
            called = self._called(each.brief) if calls else Called(calls=False)
            notice = Notice(key=each.delivery.key, brief=each.brief, called=called)
            written.append(Written(notice=notice, written_at=each.delivery.created_at))
        return written

    def _called(self, brief: Brief) -> Called:
        """Whom it is for: the first in line whom Slack knows."""
        # The policy passed them over; Slack may know them by now.
        passed = [person for person in map(self._people.look_up, brief.passed) if not person.known_as]
        known: Person | None = None
        for username in brief.to:
            person = self._people.look_up(username)
            if person.known_as:
                known = person
                break
            passed.append(person)
        also = self._people.look_up(brief.also) if brief.also and brief.also not in brief.to[:1] else None
        return Called(to=known, passed=tuple(passed), also=also, calls=brief.way is not Way.DIGEST)
