"""How a channel of Slack is written in contracts and settings: by name (`#crm-quality`) or by id (`C0123456789`)."""

from __future__ import annotations

import re

from observer.contracts.model import Contract, SupportChannel

SLACK = "slack"
#: Slack allows letters of any script in lower case, digits, `-` and `_`, at most 80 of them.
_NAME = re.compile(r"#[\w-]{1,80}")
_ID = re.compile(r"[CDG][A-Z0-9]{8,}")


def is_slack_channel(text: str) -> bool:
    """Whether this can name a channel at all; whether there is one, only Slack knows."""
    return bool(_ID.fullmatch(text)) or (bool(_NAME.fullmatch(text)) and text == text.lower())


def slack_channels(contract: Contract) -> tuple[tuple[int, SupportChannel], ...]:
    """The `support` entries that are channels of Slack, each with its place in the list."""
    return tuple((n, entry) for n, entry in enumerate(contract.support) if entry.tool.strip().lower() == SLACK)
