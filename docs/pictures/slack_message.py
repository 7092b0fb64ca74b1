"""A message that was sent to Slack → HTML that looks about as Slack draws it. In: its blocks. Out: one page."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

Block = Mapping[str, Any]

STYLE = """
body { margin: 0; background: #fff; font: 15px/1.46 Lato, "Noto Sans", "DejaVu Sans", sans-serif; color: #1d1c1d; }
.channel { border-bottom: 1px solid #ddd; padding: 12px 20px; font-weight: 700; }
.message { display: flex; gap: 12px; padding: 16px 20px 4px; }
.face { width: 36px; height: 36px; border-radius: 6px; background: #1f5c99; color: #fff; display: grid;
  place-items: center; font-weight: 700; flex: none; }
.from { font-weight: 700; } .from small { font-weight: 400; color: #616061; margin-left: 8px; }
.app { background: #e8e8e8; color: #616061; font-size: 10px; padding: 1px 4px; border-radius: 2px; margin-left: 6px; }
h3 { font-size: 18px; margin: 4px 0 6px; }
p { margin: 0 0 6px; } ul { margin: 0 0 6px; padding-left: 24px; } ul.inner { padding-left: 48px; }
code { font: 12px/1.5 "DejaVu Sans Mono", monospace; color: #c01343; background: #f7f7f7; border: 1px solid #ddd;
  border-radius: 3px; padding: 1px 3px; }
a { color: #1264a3; text-decoration: none; } .mention { color: #1264a3; background: #1d9bd11a; border-radius: 3px; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 6px 0 8px; }
.button { border: 1px solid #bbb; border-radius: 4px; padding: 5px 12px; font-weight: 700; font-size: 13px; }
.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
.thread { margin: 0 20px 12px 68px; border-left: 3px solid #ddd; padding-left: 12px; }
.edited { color: #888; font-size: 12px; }
"""


def page(channel: str, message: Block, replies: Iterable[Block] = (), *, people: Mapping[str, str]) -> str:
    """The message in its channel, its thread below. `people`: ids of Slack → names."""
    thread = "".join(f"<p>{_drawn(reply, people)}</p>" for reply in replies)
    edited = ' <span class="edited">(edited)</span>' if message.get("edited") else ""
    sent = datetime.fromtimestamp(float(message["ts"]), UTC)
    return (
        f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>"
        f'<div class="channel"># {_safe(channel.lstrip("#"))}</div>'
        '<div class="message"><div class="face">CO</div><div>'
        '<div class="from">CRM Observer<span class="app">APP</span>'
        f"<small>{sent:%H:%M}</small></div>{_drawn(message, people)}{edited}</div></div>"
        + (f'<div class="thread">{thread}</div>' if thread else "")
    )


def _drawn(message: Block, people: Mapping[str, str]) -> str:
    blocks = message.get("blocks")
    return "".join(_block(block, people) for block in blocks) if blocks else _safe(message.get("text", ""))


def _block(block: Block, people: Mapping[str, str]) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{_safe(block['text']['text'])}</h3>"
        case "rich_text":
            return "".join(_paragraph(part, people) for part in block["elements"])
        case "actions":
            return f'<div class="actions">{"".join(_control(each) for each in block["elements"])}</div>'
        case other:
            raise ValueError(f"no way to draw a block of type {other}")


def _paragraph(part: Block, people: Mapping[str, str]) -> str:
    if part["type"] == "rich_text_list":
        items = "".join(f"<li>{_line(item['elements'], people)}</li>" for item in part["elements"])
        return f'<ul class="{"inner" if part.get("indent") else ""}">{items}</ul>'
    return f"<p>{_line(part['elements'], people)}</p>"


def _line(elements: Iterable[Block], people: Mapping[str, str]) -> str:
    return "".join(_element(element, people) for element in elements).replace("\n", "<br>")


def _element(element: Block, people: Mapping[str, str]) -> str:
    match element["type"]:
        case "text":
            words = _safe(element["text"])
            for name, tag in (("code", "code"), ("bold", "b"), ("italic", "i"), ("strike", "s")):
                if element.get("style", {}).get(name):
                    words = f"<{tag}>{words}</{tag}>"
            return words
        case "link":
            return f"<a>{_safe(element.get('text') or element['url'])}</a>"
        case "user":
            return f'<span class="mention">@{_safe(people.get(element["user_id"], element["user_id"]))}</span>'
        case "usergroup":
            return f'<span class="mention">@{_safe(element["usergroup_id"])}</span>'
        case "date":
            return f"today at {datetime.fromtimestamp(element['timestamp'], UTC):%H:%M}"
        case other:
            raise ValueError(f"no way to draw an element of type {other}")


def _control(control: Block) -> str:
    if control["type"] == "static_select":
        return f'<span class="button">{_safe(control["placeholder"]["text"])} ▾</span>'
    look = " primary" if control.get("style") == "primary" else ""
    return f'<span class="button{look}">{_safe(control["text"]["text"])}</span>'


def _safe(words: str) -> str:
    return html.escape(words)
