"""A message as Slack takes it, whom it calls, and by what we know it again. Frozen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from observer.incidents.posts import Person
from observer.slack import limits
from observer.slack.elements import Block, length


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is posted."""

    #: For notifications and for whoever cannot see blocks; markup, escaped.
    text: str
    blocks: tuple[Block, ...]
    #: By which we know it again; people do not see it.
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_fit(self) -> bool:
        """Small enough as a whole, however Slack counts."""
        if sum(length(words) for words in (self.text, *_words_of(self.blocks))) > limits.OUR_WORDS:
            return False
        return length(json.dumps(self.blocks, ensure_ascii=False, separators=(",", ":"))) <= limits.OUR_JSON


def _words_of(piece: Any) -> Iterator[str]:
    """Everything that is shown, and every address."""
    if isinstance(piece, Mapping):
        for name, value in piece.items():
            if isinstance(value, str):
                if name in _WORDS:
                    yield value
            else:
                yield from _words_of(value)
    elif isinstance(piece, list | tuple):
        for value in piece:
            yield from _words_of(value)


_WORDS = frozenset({"text", "url", "value", "fallback"})


@dataclass(frozen=True, kw_only=True)
class Called:
    """Whom a message is for, as Slack knows them."""

    #: The first in line whom Slack knows; None: it knows none of them.
    to: Person | None = None
    #: Who should have been told before them, each with the reason why they cannot be.
    passed: tuple[Person, ...] = ()
    #: Called as well (escalation), known or not.
    also: Person | None = None
    #: They are mentioned, and so called; False: they are only named.
    calls: bool = True
    #: Why it is not in the channel where it should be; "" when it is.
    astray: str = ""


#: `event_type` of metadata: the message of one incident, of many, and a word in a thread.
INCIDENT, SUMMARY, REPLY = "crm_observer_incident", "crm_observer_summary", "crm_observer_reply"


def of_incident(incident: str) -> Mapping[str, Any]:
    """Metadata. Values are plain texts: Slack takes no lists of them."""
    return {"event_type": INCIDENT, "event_payload": {"incident": incident}}


def of_summary(incidents: Iterable[str]) -> Mapping[str, Any]:
    """Metadata of a message that tells of several."""
    return {"event_type": SUMMARY, "event_payload": {"incidents": ",".join(incidents)}}


def of_notices(keys: Iterable[str]) -> Mapping[str, Any]:
    """Metadata of a word in a thread."""
    return {"event_type": REPLY, "event_payload": {"notices": ",".join(keys)}}


def incidents_in(event: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Of which incidents a message with this metadata tells; none when it is another's, or a reply."""
    name = {INCIDENT: "incident", SUMMARY: "incidents"}.get(event)
    return tuple(str(payload.get(name) or "").split(",")) if name else ()


def notices_in(event: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Which notices a reply with this metadata tells."""
    return tuple(str(payload.get("notices") or "").split(",")) if event == REPLY else ()
