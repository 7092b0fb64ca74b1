"""How channels and people of Slack are written in contracts and settings: `#crm-quality`, `ana@example.com`, ids."""

from __future__ import annotations

import re

from observer.contracts.model import Contract, SupportChannel

SLACK = "slack"
_PERSON_ID = re.compile(r"[USW][A-Z0-9]{8,}")
#: Slack allows letters of any script in lower case, digits, `-` and `_`, at most 80 of them.
_NAME = re.compile(r"#[\w-]{1,80}")
_CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]{8,}")


def is_slack_channel(text: str) -> bool:
    """Whether this can name a channel at all; whether there is one, only Slack knows."""
    return bool(_CHANNEL_ID.fullmatch(text)) or (bool(_NAME.fullmatch(text)) and text == text.lower())


def is_slack_person(text: str) -> bool:
    """Whether it can name a person (email address, id) or a user group (`@handle`, id) of Slack at all."""
    return "@" in text.strip() or bool(_PERSON_ID.fullmatch(text))


def slack_channels(contract: Contract) -> tuple[tuple[int, SupportChannel], ...]:
    """The `support` entries that are channels of Slack, each with its place in the list."""
    return tuple((n, entry) for n, entry in enumerate(contract.support) if entry.tool.strip().lower() == SLACK)
