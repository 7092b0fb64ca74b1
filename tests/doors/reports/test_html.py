"""`report.html`: complete, self-contained, safe, readable by machines that read aloud."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

import observer.reports.html
from observer.reports.html import render_html
from observer.reports.page import MOST_CARDS
from tests.fakes import audits
from tests.golden_files import Golden

VOID = {"meta", "link", "br", "img", "hr", "input"}
CSS = (Path(observer.reports.html.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")


class Page(HTMLParser):
    """The elements of a page with their attributes, and whether every one is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(text)

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


SALES = render_html(audits.sales_audit())
PAGES = [
    SALES,
    render_html(audits.green_audit()),
    render_html(audits.empty_audit()),
    render_html(audits.wide_audit(20)),
]


def test_the_page_is_what_was_agreed(golden: Golden) -> None:
    golden("reports/sales.html", SALES)


@pytest.mark.parametrize("page", PAGES)
def test_every_element_is_closed_and_every_id_is_unique(page: str) -> None:
    ids = Counter(a["id"] for _, a in Page(page).elements if "id" in a)
    assert [name for name, count in ids.items() if count > 1] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_page_has_its_target(page: str) -> None:
    parsed = Page(page)
    ids = {a.get("id") for _, a in parsed.elements}
    targets = {(a["href"] or "")[1:] for a in parsed.all("a") if (a["href"] or "").startswith("#")}
    labels = {name for _, a in parsed.elements for name in (a.get("aria-labelledby") or "").split()}
    assert targets | labels <= ids


@pytest.mark.parametrize("page", PAGES)
def test_the_page_asks_the_network_for_nothing_and_runs_nothing(page: str) -> None:
    parsed = Page(page)
    assert {tag for tag, _ in parsed.elements} & {"script", "img", "iframe", "object", "embed", "link", "form"} == set()
    assert not any(name in a for _, a in parsed.elements for name in ("src", "srcset", "style", "action"))
    assert not any(name.startswith("on") for _, a in parsed.elements for name in a)
    assert "url(" not in CSS and "@import" not in CSS


def test_the_policy_allows_this_style_sheet_and_nothing_else() -> None:
    policy = next(a for a in Page(SALES).all("meta") if a.get("http-equiv") == "Content-Security-Policy")["content"]
    style = re.search("<style>(.*?)</style>", SALES, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_hostile_text_is_text() -> None:
    assert "<script" not in SALES
    assert html.escape("<script>alert(1)</script>") in SALES
    assert r"Выиграно 🏆 \x1b[31m\u202e" in SALES
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", SALES)


def test_only_web_links_are_links() -> None:
    links = [a["href"] or "" for a in Page(SALES).all("a")]
    assert all(link.startswith(("https://crm.example.com/", "#", "failures/")) for link in links)
    assert "javascript:" not in SALES


def test_hostile_text_in_every_place_stays_text() -> None:
    audit = audits.sales_audit()
    bad = '"><script>x</script>{{ 7*7 }}'
    part = audit.contracts[0]
    results = tuple(
        replace(
            r,
            observed=bad,
            expected=bad,
            spec=replace(r.spec, statement=bad, owner=bad, object=bad, property=bad, rule_name=bad, consumers=(bad,)),
            measurement=replace(r.measurement, error=bad if r.measurement.error else None),
        )
        for r in part.results
    )
    changed = replace(
        audit,
        source=bad,
        run_id=bad,
        version=bad,
        contracts=(
            replace(
                part,
                results=results,
                execution=bad,
                contract=replace(part.contract, id=bad, name=bad, version=bad, file=bad, digest=bad),
                tables=tuple(replace(t, object=bad, error=bad, missing=(bad,)) for t in part.tables),
                profiles=tuple(replace(p, object=bad, property=bad) for p in part.profiles),
            ),
        ),
    )
    page = render_html(changed)
    assert "<script" not in page
    assert "{{ 7*7 }}" in page


def test_the_headline_answers_the_question() -> None:
    answers = [re.search(r'class="says"><strong>(.*?)</strong>', page) for page in PAGES]
    assert [a[1] for a in answers if a] == ["Not yet.", "Yes.", "We cannot tell.", "Not yet."]


def test_the_evidence_is_on_the_page() -> None:
    text = Page(SALES).text
    assert "1,480 of 1,480 failures have product = GTXPro" in text
    assert "→ GTX Pro ?" in text.replace("GTX Pro?", "GTX Pro ?")
    assert "OP001000" in text
    assert "permission denied for table sales_teams" in text
    assert "the pattern is not a valid regular expression" in text


def test_every_check_stands_in_its_table_with_its_outcome() -> None:
    text = Page(SALES).text
    for result in audits.sales_audit().results:
        assert result.spec.statement in text
    badges = Counter(re.findall(r'<tr><td><span class="badge (\w+)">', SALES))
    assert badges == {"passed": 21, "warned": 3, "failed": 8, "errored": 4, "skipped": 1}


def test_illegal_values_are_marked_in_words() -> None:
    assert SALES.count('<span class="note">not allowed</span>') == 4


@pytest.mark.parametrize("page", PAGES)
def test_it_can_be_read_aloud(page: str) -> None:
    parsed = Page(page)
    assert all(a.get("scope") in {"row", "col"} for a in parsed.all("th"))
    assert all(
        a.get("aria-hidden") == "true" or (a.get("role") == "img" and a.get("aria-labelledby"))
        for a in parsed.all("svg")
    )
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert parsed.all("html")[0]["lang"] == "en"


def test_a_wide_table_stays_small() -> None:
    page = render_html(audits.wide_audit(300, 10))
    assert len(page) < 4_000_000


def test_more_broken_checks_than_cards_are_said() -> None:
    page = render_html(audits.wide_audit(3 * MOST_CARDS + 30, 1))
    assert page.count('class="card fix') == MOST_CARDS
    assert "10 further broken checks" in page


def luminance(colour: str) -> float:
    colour = colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "print"])
def test_every_text_has_the_contrast_of_wcag_aa(theme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", blocks[theme]))
    outcomes = ("passed", "warned", "failed", "errored", "skipped")
    pairs = [(text, ground) for text in ("ink", "muted", "link", *outcomes) for ground in ("ground", "card")]
    pairs += [(outcome, f"{outcome}-soft") for outcome in outcomes] + [
        ("ink", "errored-soft"),
        ("link", "errored-soft"),
    ]
    poor = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}
