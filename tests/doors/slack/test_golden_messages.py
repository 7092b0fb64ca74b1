"""Messages as somebody looked at them and found them good, by scenario."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from observer.incidents.acting import Act
from observer.incidents.brief import Brief, Links, Proof
from observer.incidents.events import Group, NoticeKind, Resolution
from observer.incidents.findings import Grade, Source
from observer.incidents.incident import Status
from observer.incidents.muting import Mute
from observer.incidents.policy import Way
from observer.incidents.posts import Person
from observer.slack.blocks import incident_message
from observer.slack.messages import Called, Message
from observer.slack.summaries import Gathering, Notice, reply_message, summary_message
from tests.fakes.slack_desk import NOON, a_brief, a_point
from tests.fakes.slack_rules import check_blocks
from tests.golden_files import Golden

ANA = Person(username="ana@example.com", receiver="slack", known_as="U000000000", looked_up_at=NOON)
STU = replace(ANA, username="stu@example.com", known_as="U000000001")
GONE = replace(ANA, username="boss@example.com", known_as=None, reason="nobody in Slack has that email address")
OWNER = Called(to=ANA)
FIELDS = ("email", "phone", "country", "industry", "lead_source", "score", "owner_id", "created_at", "stage", "company")


def hostile() -> Brief:
    words = "<!channel> *bold* `code` <https://evil.example.com|x> & @here :tada:"
    return a_brief(
        title=words,
        group=Group(contract="crm", table=words, owner=words),
        points=(a_point(words, statement=words, expected=words, observed=words),),
        consumers=(words,),
        budgets=(words,),
        acknowledged_by=words,
        status=Status.ACKNOWLEDGED,
    )


def blind() -> Brief:
    found = a_point(
        "email",
        source=Source.BLIND,
        observed="could not look: the table does not exist",
        expected="",
        rows_failed=None,
        rows_tested=None,
        proof=Proof(),
    )
    return a_brief(
        title="crm.leads: email is present",
        to=("pat@example.com",),
        points=(found,),
        budgets=(),
        consumers=(),
        hidden=12,
    )


MESSAGES = {
    "opened": (a_brief(), OWNER),
    "paged": (
        a_brief(grade=Grade.URGENT, way=Way.PAGE, points=(a_point(budget_left=-3, grade=Grade.URGENT),), reopenings=2),
        OWNER,
    ),
    "acknowledged-and-snoozed": (
        a_brief(
            status=Status.ACKNOWLEDGED,
            acknowledged_by="ana@example.com",
            snoozed_until=NOON + timedelta(hours=4),
            snoozed_by="stu@example.com",
            said_fixed_by="ana@example.com",
            acts=(Act.WAKE, Act.EXPECTED, Act.FALSE_POSITIVE),
        ),
        OWNER,
    ),
    "resolved": (
        a_brief(
            status=Status.RESOLVED,
            acknowledged_by="ana@example.com",
            resolved_at=NOON,
            resolution=Resolution.FIXED,
            lasted=timedelta(hours=2, minutes=14),
            going_on=0,
            points=(replace(a_point(), is_over=True),),
            acts=(),
        ),
        OWNER,
    ),
    "owner-is-not-in-slack": (
        a_brief(to=("boss@example.com", "ana@example.com"), also="stu@example.com"),
        Called(
            to=ANA,
            passed=(GONE,),
            also=STU,
            astray="this belongs in #leads, which takes no message (Slack says is_archived)",
        ),
    ),
    "nobody-is-in-slack": (a_brief(links=Links(), acts=()), Called(passed=(GONE,))),
    "ten-findings": (
        a_brief(
            title="crm.leads: 10 findings",
            points=(
                *(a_point(name) for name in FIELDS[:7]),
                replace(a_point(FIELDS[7]), mute=Mute.SNOOZED),
                *(replace(a_point(name), is_over=True) for name in FIELDS[8:]),
            ),
            going_on=8,
            muted=1,
        ),
        OWNER,
    ),
    "five-hundred-findings": (
        a_brief(title="crm.leads: 500 findings", points=tuple(map(a_point, FIELDS)), more=490, going_on=500, hidden=3),
        OWNER,
    ),
    "could-not-look": (blind(), Called(to=replace(ANA, username="pat@example.com"))),
    "hostile": (hostile(), OWNER),
}


def shown(message: Message) -> str:
    check_blocks(list(message.blocks))
    document = {"text": message.text, "blocks": message.blocks, "metadata": message.metadata}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("scenario", MESSAGES)
def test_the_message_of_an_incident(scenario: str, golden: Golden) -> None:
    golden(f"slack/{scenario}.json", shown(incident_message(*MESSAGES[scenario])))


@pytest.mark.parametrize(
    ("kind", "news"),
    [
        (NoticeKind.CHANGED, ("2 findings now, 1 before",)),
        (NoticeKind.ACTED, ("ana@example.com says that it is expected: partner <import> & more",)),
        (NoticeKind.ESCALATED, ("open for 4 h, and nobody acknowledged it",)),
        (NoticeKind.REMINDER, ("open for 4 h, and nobody acknowledged it",)),
        (NoticeKind.REOPENED, ()),
        (NoticeKind.RESOLVED, ("mended after 2 h",)),
    ],
)
def test_what_the_thread_is_told(kind: NoticeKind, news: tuple[str, ...], golden: Golden) -> None:
    over = kind is NoticeKind.RESOLVED
    brief = a_brief(kind=kind, news=news, way=Way.PAGE, status=Status.RESOLVED if over else Status.OPEN)
    message = reply_message([Notice(key=f"{brief.id}:4", brief=brief, called=replace(OWNER, also=STU))])
    assert message is not None
    golden(f"slack/thread-{kind}.json", shown(message))


@pytest.mark.parametrize("why", list(Gathering))
def test_many_incidents_in_one_message(why: Gathering, golden: Golden) -> None:
    digest = why is Gathering.DIGEST
    called = Called(to=ANA, calls=not digest)
    notices = [
        Notice(key="", brief=a_brief(n, grade=Grade.INFO if digest else Grade.ERROR), called=called)
        for n in range(3 if digest else 60)
    ]
    golden(f"slack/{why}.json", shown(summary_message(why, notices)))
