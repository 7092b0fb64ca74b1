"""All that a SlackSender asks, in memory: where posts stand, briefs by notice, the clock, and what was in trouble."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from observer.incidents.acting import Act
from observer.incidents.brief import Brief, Links, Point, Proof, RecordKey
from observer.incidents.events import Group, NoticeKind
from observer.incidents.findings import Finding, Grade
from observer.incidents.incident import Status
from observer.incidents.policy import Way
from observer.incidents.posts import Person, Post
from observer.runs.deliveries import Delivery
from observer.settings import IncidentSettings, SlackSettings
from observer.slack.sender import SlackSender
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import TOKEN
from tests.unit.incidents.timeline import broken

#: Of the goldens; a fake Slack keeps real time.
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAGE = "https://observer.example.com"


def an_id(number: int = 0) -> str:
    """Of an incident."""
    return f"{number:016x}"


def a_point(name: str = "email", *, at: datetime = NOON, proof: Proof | None = None, **said: object) -> Point:
    """A field that breaks its rule, with two records to look at."""
    finding: Finding = broken(name, **{"expected": "present", "observed": "312 of 8,800 rows (3.5 %)", **said})  # type: ignore[arg-type]  # fields of a finding, by name
    keys = tuple(RecordKey(text=f"id {n}", url=f"https://crm.example.com/leads/{n}") for n in (4711, 4712))
    segment = "300 of 312 failures have source = webform (3.1 × the usual rate)"
    return Point(finding=finding, since=at, seen_at=at, proof=proof or Proof(run_id="r", keys=keys, segment=segment))


def a_brief(number: int = 0, *, at: datetime = NOON, **said: object) -> Brief:
    """An incident that was opened two hours before `at`, and is told of."""
    base = Brief(
        id=an_id(number),
        group=Group(contract="crm", table="leads", owner="ana@example.com"),
        title="crm.leads: email is present (312 of 8,800)",
        status=Status.OPEN,
        grade=Grade.ERROR,
        begins=at - timedelta(hours=2),
        reopenings=0,
        acknowledged_by="",
        snoozed_until=None,
        snoozed_by="",
        said_fixed_by="",
        resolved_at=None,
        resolution=None,
        lasted=timedelta(hours=2),
        kind=NoticeKind.OPENED,
        way=Way.CHANNEL,
        to=("ana@example.com", "stu@example.com"),
        also=None,
        channel="#crm-dq",
        news=(),
        reasons=("ana@example.com is the owner of the field",),
        points=(a_point(at=at - timedelta(hours=2)),),
        more=0,
        going_on=1,
        muted=0,
        hidden=0,
        consumers=("Lead routing", "Newsletter"),
        budgets=("Leads have an email within 5 minutes: 11 of 25 bad leads left",),
        links=Links(
            incident=f"{PAGE}/incidents/{an_id(number)}",
            run=f"{PAGE}/runs/r",
            table=f"{PAGE}/contracts/crm/tables/leads",
        ),
        acts=(Act.ACKNOWLEDGE, Act.SNOOZE, Act.FIXED, Act.EXPECTED, Act.FALSE_POSITIVE),
    )
    return replace(base, **said)  # type: ignore[arg-type]  # fields of a brief, by name


class Crash(BaseException):
    """The process is gone."""


@dataclass
class PostsInMemory:
    """Ports of the sender. `crashes_at`: names of calls, each of which ends the process once."""

    posts: dict[tuple[str, str], Post] = field(default_factory=dict)
    people: dict[tuple[str, str], Person] = field(default_factory=dict)
    crashes_at: list[str] = field(default_factory=list)

    def _step(self, name: str) -> None:
        if name in self.crashes_at:
            self.crashes_at.remove(name)
            raise Crash(name)

    def post_of(self, receiver: str, incident: str) -> Post | None:
        return self.posts.get((receiver, incident))

    def begin_post(self, post: Post) -> None:
        self.posts[post.receiver, post.incident] = replace(post, message="")
        self._step(f"begun {post.receiver}")

    def post_stands(self, post: Post) -> None:
        self._step(f"standing {post.receiver}")
        self.posts[post.receiver, post.incident] = post

    def forget_post(self, post: Post) -> None:
        self.posts.pop((post.receiver, post.incident), None)

    def person(self, receiver: str, username: str) -> Person | None:
        return self.people.get((receiver, username))

    def know(self, person: Person) -> None:
        self.people[person.receiver, person.username] = person


@dataclass
class Desk:
    """A sender, and all that it asks."""

    slack: SlackServer
    settings: SlackSettings
    incidents: IncidentSettings
    posts: PostsInMemory = field(default_factory=PostsInMemory)
    briefs: dict[tuple[str, int], Brief] = field(default_factory=dict)
    #: Door and reason, in order.
    troubles: list[tuple[str, str | None]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    ticks: float = 0.0
    patience: float = 5.0
    _sender: SlackSender | None = None

    def of_notices(self, notices: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Brief]:
        return {name: self.briefs[name] for name in notices if name in self.briefs}

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ticks += seconds

    @property
    def sender(self) -> SlackSender:
        """The one of this process."""
        if self._sender is None:
            self._sender = SlackSender(
                self.settings,
                incidents=self.incidents,
                posts=self.posts,
                briefs=self,
                on_trouble=lambda door, reason: self.troubles.append((door, reason)),
                clock=lambda: self.ticks,
                sleep=self.sleep,
                patience=self.patience,
            )
        return self._sender

    def restarts(self, *, patience: float = 5.0) -> None:
        """A new process, with the same state."""
        self.patience = patience
        self._sender = None

    def told(self, brief: Brief, seq: int = 1) -> Delivery:
        """A notice in the outbox."""
        self.briefs[brief.id, seq] = brief
        payload: Mapping[str, object] = {"incident": brief.id, "seq": seq}
        number = int(brief.id, 16) * 100 + seq
        return Delivery(
            id=number,
            receiver="slack",
            key=f"{brief.id}:{seq}",
            line=brief.id,
            payload=payload,
            created_at=datetime.now(UTC),
            attempts=0,
        )


def desk_at(slack: SlackServer, **incidents: object) -> Desk:
    """A desk at this Slack, which knows ana and stu."""
    if not slack.users:
        slack.has_user("ana@example.com")
        slack.has_user("stu@example.com")
    chosen = {"channel": "#crm-dq", "platform_channel": None, **incidents}
    return Desk(
        slack=slack,
        settings=SlackSettings(token=TOKEN, signing_secret="canary-secret-4711", api_url=slack.url),
        incidents=IncidentSettings(**chosen),  # type: ignore[arg-type]  # by name
    )
