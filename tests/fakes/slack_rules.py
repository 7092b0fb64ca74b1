"""What the real Slack refuses in a message: `refusal_of(blocks)` → its error code, or None. Numbers are the vendor's.

Written from https://docs.slack.dev/reference/block-kit, independently of the code that is tested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: Nobody documents it; refusals were measured above 11,341 characters of text.
TOTAL_TEXT = 11_000


class Refused(Exception):
    """The error code of Slack, and what its developers would read."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


def units(text: str) -> int:
    """As JavaScript counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_blocks(blocks: Any) -> None:
    """Raises Refused."""
    _need(isinstance(blocks, list), "blocks are a list", "invalid_blocks_format")
    _need(len(blocks) <= 50, "no more than 50 items allowed")
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    _need(len(set(ids)) == len(ids), "block_id is not unique")
    for block in blocks:
        check = _BLOCKS.get(block.get("type"))
        _need(check is not None, f"unsupported type {block.get('type')}")
        _need(units(block.get("block_id", "x")) <= 255, "block_id")
        check(block)
    if sum(units(text) for text in texts_of(blocks)) > TOTAL_TEXT:
        raise Refused("msg_blocks_too_long")


def texts_of(piece: Any) -> Iterator[str]:
    """Every text that is shown, of whatever depth."""
    if isinstance(piece, dict):
        for name, value in piece.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from texts_of(value)
    elif isinstance(piece, list):
        for value in piece:
            yield from texts_of(value)


def called_by(piece: Any) -> list[str]:
    """Ids of people and groups that a message calls, and `!here` and its like."""
    if isinstance(piece, dict):
        kind = piece.get("type")
        if kind in ("user", "usergroup"):
            return [piece["user_id" if kind == "user" else "usergroup_id"]]
        if kind == "broadcast":
            return [f"!{piece['range']}"]
        if kind == "mrkdwn":
            return called_by_markup(piece["text"])
        return [found for value in piece.values() for found in called_by(value)]
    if isinstance(piece, list):
        return [found for value in piece for found in called_by(value)]
    return []


def called_by_markup(text: str) -> list[str]:
    """The same of a text that is markup."""
    return re.findall(r"<@([UW][A-Z0-9]+)|<!(?:subteam\^)?([a-zA-Z0-9]+)", text)  # type: ignore[no-any-return]  # pairs


def _need(fine: bool, why: str, code: str = "invalid_blocks") -> None:
    if not fine:
        raise Refused(code, why)


def _plain(text: Any, most: int, what: str) -> None:
    _need(isinstance(text, dict) and text.get("type") == "plain_text", f"{what}: plain_text only")
    _need(1 <= units(text.get("text", "")) <= most, f"{what}: 1 to {most} characters")


def _header(block: dict[str, Any]) -> None:
    _plain(block.get("text"), 150, "header")


def _section(block: dict[str, Any]) -> None:
    _need("text" in block or "fields" in block, "section needs text or fields")
    if "text" in block:
        _need(1 <= units(block["text"]["text"]) <= 3000, "section text: 1 to 3000 characters")
    _need(len(block.get("fields", ())) <= 10, "10 fields")
    for field in block.get("fields", ()):
        _need(1 <= units(field["text"]) <= 2000, "field: 1 to 2000 characters")


def _context(block: dict[str, Any]) -> None:
    _need(1 <= len(block.get("elements", ())) <= 10, "context: 1 to 10 elements")


def _input(block: dict[str, Any]) -> None:
    _plain(block.get("label"), 2000, "label")
    if "hint" in block:
        _plain(block["hint"], 2000, "hint")
    _need("element" in block, "input needs an element")


def _divider(block: dict[str, Any]) -> None:
    _need(set(block) <= {"type", "block_id"}, "divider has no more")


def _actions(block: dict[str, Any]) -> None:
    elements = block.get("elements", ())
    _need(1 <= len(elements) <= 25, "actions: 1 to 25 elements")
    ids = [element.get("action_id") for element in elements]
    _need(len(set(ids)) == len(ids), "action_id is not unique in its block")
    for element in elements:
        _need(1 <= units(element.get("action_id", "x")) <= 255, "action_id: 255 characters")
        if element["type"] == "button":
            _plain(element.get("text"), 75, "button")
            _need(units(element.get("value", "")) <= 2000, "value: 2000 characters")
            _need(units(element.get("url", "")) <= 3000, "url: 3000 characters")
            _need(element.get("style") in (None, "primary", "danger"), "style")
        elif element["type"] in ("static_select", "overflow"):
            most = 100 if element["type"] == "static_select" else 5
            if most == 100:
                _plain(element.get("placeholder", {"type": "plain_text", "text": "-"}), 150, "placeholder")
            _need(1 <= len(element.get("options", ())) <= most, f"1 to {most} options")
            for option in element["options"]:
                _plain(option.get("text"), 75, "option")
                _need(1 <= units(option.get("value", "")) <= 150, "option value: 150 characters")
        else:
            raise Refused("invalid_blocks", f"unsupported element {element['type']}")


_RICH_FIELDS = {
    "text": {"text"},
    "link": {"url"},
    "user": {"user_id"},
    "usergroup": {"usergroup_id"},
    "emoji": {"name"},
    "date": {"timestamp", "format"},
    "channel": {"channel_id"},
    "broadcast": {"range"},
}


def _rich(block: dict[str, Any]) -> None:
    _need(bool(block.get("elements")), "rich_text needs elements")
    for part in block["elements"]:
        kind = part.get("type")
        if kind == "rich_text_list":
            _need(part.get("style") in ("bullet", "ordered"), "list style")
            _need(0 <= part.get("indent", 0) <= 8, "indent")
            _need(bool(part.get("elements")), "list needs elements")
            for inner in part["elements"]:
                _need(inner.get("type") == "rich_text_section", "a list holds sections")
                _rich_section(inner)
        else:
            _need(kind in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"), f"unsupported {kind}")
            _rich_section(part)


def _rich_section(part: dict[str, Any]) -> None:
    _need(bool(part.get("elements")), "a section needs elements")
    for element in part["elements"]:
        needed = _RICH_FIELDS.get(element.get("type"))
        _need(needed is not None, f"unsupported {element.get('type')}")
        _need(needed <= set(element), f"{element['type']} needs {needed}")
        if element["type"] == "text":
            _need(bool(element["text"]), "text is not empty")
        if element["type"] == "link":
            _need(bool(re.match(r"https?://[^\s]+$", element["url"])), "no url")
            _need(units(element["url"]) <= 3000, "url: 3000 characters")
        if element["type"] == "date":
            _need(isinstance(element["timestamp"], int), "timestamp is a whole number")
        style = element.get("style", {})
        _need(set(style) <= {"bold", "italic", "strike", "code", "underline"}, "style")


_BLOCKS = {
    "header": _header,
    "section": _section,
    "context": _context,
    "divider": _divider,
    "actions": _actions,
    "input": _input,
    "rich_text": _rich,
}


def check_metadata(metadata: Any) -> None:
    """Raises Refused."""
    _need(isinstance(metadata.get("event_type"), str), "event_type", "invalid_metadata_format")
    payload = metadata.get("event_payload")
    _need(isinstance(payload, dict), "event_payload", "invalid_metadata_format")
    for value in payload.values():
        # https://docs.slack.dev/tools/node-slack-sdk/reference/web-api/interfaces/MessageMetadata
        fine = isinstance(value, str | int | float | bool | dict)
        fine = fine or (isinstance(value, list) and all(isinstance(each, dict) for each in value))
        _need(fine, "a payload holds texts, numbers and objects", "invalid_metadata_schema")
