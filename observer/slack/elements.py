"""Words of unknown origin → pieces of Block Kit in which nothing is markup. Pure.

Only `plain_text` and the text elements of `rich_text` carry words: Slack draws both as they stand, so that `*bold*`,
`<!channel>` and `@here` are what they look like. Whoever is called stands in an element of its own. The one text that
Slack reads as markup is the fallback of a message (`plain_line`): there `&`, `<` and `>` are escaped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from observer.incidents.posts import Person
from observer.slack import limits

Element = dict[str, Any]
Block = dict[str, Any]

#: Controls, line separators, marks that reorder what is read, and halves of characters.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_GAP = re.compile(r"\s+")
_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP = re.compile(r"S[A-Z0-9]{2,}")
#: RFC 3986, and `%`.
_OF_ADDRESSES = ":/?#[]@!$&'()*+,;=-._~%"
#: Around words that are read from the right, so that the numbers beside them stay where they are.
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def length(words: str) -> int:
    """In UTF-16 code units."""
    return len(words) + sum(character > "\uffff" for character in words)


def clean(words: str, most: int) -> str:
    """In one line, without anything that is not seen, cut to `most` UTF-16 units with "…"; never empty."""
    # Of a very long one, no more is looked at than could be shown, were it mostly gaps.
    head = words[: 4 * most]
    line = _GAP.sub(" ", _UNSAFE.sub(" ", head)).strip() or "(no name)"
    from_the_right = any(unicodedata.bidirectional(character) in ("R", "AL") for character in line[:most])
    room = most - 2 if from_the_right else most
    if length(line) > room or len(head) < len(words):
        kept, line = 0, line[:room]
        for place, character in enumerate(line):
            kept += length(character)
            if kept > room - 1:
                line = line[:place]
                break
        line = line.rstrip() + "…"
    return f"{_ISOLATE}{line}{_END_ISOLATE}" if from_the_right else line


def plain(words: str, most: int) -> Element:
    """A `plain_text` object; `:tada:` stays `:tada:`."""
    return {"type": "plain_text", "text": clean(words, most), "emoji": False}


def own(words: str, *, bold: bool = False, italic: bool = False) -> Element:
    """Words of ours, short, with the spaces and line ends that they have."""
    return {"type": "text", "text": words, **_style(bold=bold, italic=italic)}


def text(words: str, most: int, *, bold: bool = False, code: bool = False, strike: bool = False) -> Element:
    """Words of somebody else."""
    return {"type": "text", "text": clean(words, most), **_style(bold=bold, code=code, strike=strike)}


def link(url: str | None, words: str, most: int) -> Element:
    """A link to a web page; the words alone when there is no such address."""
    if url is None or len(url) > limits.OUR_URL or not url.lower().startswith(("https://", "http://")):
        return text(words, most)
    # What is no character of an address is written as its bytes; what is written so already stays.
    address = quote(url, safe=_OF_ADDRESSES, errors="replace")
    if len(address) > limits.OUR_URL:
        return text(words, most)
    return {"type": "link", "url": address, "text": clean(words, most)}


def moment(at: datetime) -> Element:
    """A time in the zone of whoever reads it; where Slack cannot show that, in UTC."""
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": "{date_short_pretty} at {time}",
        "fallback": moment_text(at),
    }


def moment_text(at: datetime) -> str:
    """ "2026-11-23 09:05 UTC"."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def mention(person: Person, *, calls: bool, most: int = 80) -> Element:
    """Somebody by their name in Slack, who is called by it; else their name in the contract, and nobody is called."""
    known = person.known_as or ""
    if calls and _USER.fullmatch(known):
        return {"type": "user", "user_id": known}
    if calls and _GROUP.fullmatch(known):
        return {"type": "usergroup", "usergroup_id": known}
    return text(person.username, most)


def section(elements: Iterable[Element]) -> Element:
    """One paragraph. Words without a style that follow each other are one element: every one costs room."""
    line: list[Element] = []
    for element in elements:
        if line and _is_bare(line[-1]) and _is_bare(element):
            line[-1] = {"type": "text", "text": line[-1]["text"] + element["text"]}
        else:
            line.append(element)
    return {"type": "rich_text_section", "elements": line}


def bullets(sections: Iterable[Element], *, indent: int = 0) -> Element:
    """A list of paragraphs."""
    return {"type": "rich_text_list", "style": "bullet", "indent": indent, "elements": list(sections)}


def rich(*parts: Element) -> Block:
    """A block of paragraphs and lists."""
    return {"type": "rich_text", "elements": list(parts)}


def header(words: str) -> Block:
    """The title of a message."""
    return {"type": "header", "text": plain(words, limits.HEADER_TEXT)}


def joined(groups: Iterable[list[Element]], between: str = " · ") -> list[Element]:
    """Groups of elements in one line."""
    line: list[Element] = []
    for group in groups:
        line += [own(between), *group] if line else group
    return line


def plain_line(words: str, most: int) -> str:
    """For the `text` of a message, which is markup: nothing in it calls anybody or links anywhere."""
    return clean(words, most).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _is_bare(element: Element) -> bool:
    return element["type"] == "text" and "style" not in element


def _style(**styles: bool) -> dict[str, dict[str, bool]]:
    chosen = {name: True for name, on in styles.items() if on}
    return {"style": chosen} if chosen else {}
