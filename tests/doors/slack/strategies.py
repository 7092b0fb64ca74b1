"""Briefs of any kind, for laws: names of any length and script, markup, mentions, hundreds of findings."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from observer.incidents.acting import Act
from observer.incidents.brief import MOST_KEYS, MOST_POINTS, Brief, Links, Point, Proof, RecordKey
from observer.incidents.events import Group, NoticeKind, Resolution
from observer.incidents.findings import Grade
from observer.incidents.incident import Status
from observer.incidents.muting import Mute
from observer.incidents.policy import Way
from observer.incidents.posts import Person
from observer.slack.messages import Called
from tests.fakes.slack_desk import NOON, PAGE, a_brief, a_point

_NASTY = [
    "<!channel>",
    "<@U000000000>",
    "@here",
    "*bold*",
    "a & b < c > d",
    "🧨" * 40,
    "שלום עולם",
    "\u202eevil",
    "\ud800",
    "",
]
_NASTY += [
    '"' * 10_000,
    "x" * 10_000,
    "👩‍👩‍👧‍👦" * 3_000,
    "line\nline\r\tline",
    "`code` ~no~ _it_",
    ":tada:",
    "http://evil.example.com",
]
_NASTY += ["م" * 5_000, "\x00\x1b[31m", "\\" * 9_000]
names = st.one_of(st.sampled_from(_NASTY), st.text(max_size=60))
urls = st.one_of(
    st.none(),
    st.sampled_from(
        [f"{PAGE}/x", f"{PAGE}/{'y' * 3_000}", f"{PAGE}/{'z' * 480}", "javascript:alert(1)", "https://a b/<c>|d"]
    ),
)
_WHENS = st.sampled_from([NOON - timedelta(hours=2), NOON, NOON - timedelta(days=400)])


@st.composite
def points(draw: st.DrawFn) -> Point:
    keys = draw(st.lists(st.builds(RecordKey, text=names, url=urls), max_size=MOST_KEYS))
    segment = draw(st.one_of(st.none(), names))
    point = a_point(
        draw(names),
        at=draw(_WHENS),
        proof=Proof(run_id=draw(names), keys=tuple(keys), segment=segment),
        statement=draw(names),
        observed=draw(names),
        expected=draw(names),
        property=draw(st.one_of(st.none(), names)),
        table=draw(st.one_of(st.none(), names)),
        subject=draw(names),
        rows_failed=draw(st.one_of(st.none(), st.integers(0, 10**12))),
        rows_tested=draw(st.one_of(st.none(), st.integers(0, 10**12))),
        budget_left=draw(st.one_of(st.none(), st.integers(-(10**9), 10**9))),
        grade=draw(st.sampled_from(Grade)),
    )
    return Point(
        finding=point.finding,
        since=point.since,
        seen_at=point.seen_at,
        proof=point.proof,
        is_over=draw(st.booleans()),
        mute=draw(st.one_of(st.none(), st.sampled_from(Mute))),
    )


@st.composite
def briefs(draw: st.DrawFn) -> Brief:
    some = tuple(draw(st.lists(points(), max_size=MOST_POINTS)))
    if some and draw(st.booleans()):
        some = (some * MOST_POINTS)[:MOST_POINTS]
    return a_brief(
        draw(st.integers(0, 2**64 - 1)),
        group=Group(contract=draw(names), table=draw(names), owner=draw(names)),
        title=draw(names),
        status=draw(st.sampled_from(Status)),
        grade=draw(st.sampled_from(Grade)),
        reopenings=draw(st.integers(0, 99)),
        acknowledged_by=draw(names),
        snoozed_until=draw(st.one_of(st.none(), _WHENS)),
        snoozed_by=draw(names),
        said_fixed_by=draw(names),
        resolved_at=draw(st.one_of(st.none(), _WHENS)),
        resolution=draw(st.one_of(st.none(), st.sampled_from(Resolution))),
        lasted=draw(st.timedeltas(timedelta(), timedelta(days=999))),
        kind=draw(st.one_of(st.none(), st.sampled_from(NoticeKind))),
        way=draw(st.one_of(st.none(), st.sampled_from(Way))),
        to=tuple(draw(st.lists(names, max_size=4))),
        news=tuple(draw(st.lists(names, max_size=4))),
        points=some,
        more=draw(st.sampled_from([0, 0, 490])),
        going_on=draw(st.integers(0, 600)),
        muted=draw(st.integers(0, 600)),
        hidden=draw(st.integers(0, 600)),
        consumers=tuple(draw(st.lists(names, max_size=30))),
        budgets=tuple(draw(st.lists(names, max_size=30))),
        links=Links(incident=draw(urls), run=draw(urls), table=draw(urls)),
        acts=tuple(draw(st.lists(st.sampled_from(Act), unique=True))),
    )


@st.composite
def people(draw: st.DrawFn) -> Person:
    known = draw(st.sampled_from([None, "U000000000", "S000000000", "<!here>"]))
    reason = "" if known else draw(names)
    return Person(username=draw(names), receiver="slack", known_as=known, reason=reason, looked_up_at=NOON)


calleds = st.builds(
    Called,
    to=st.one_of(st.none(), people()),
    passed=st.lists(people(), max_size=8).map(tuple),
    also=st.one_of(st.none(), people()),
    calls=st.booleans(),
    astray=st.one_of(st.just(""), names),
)
