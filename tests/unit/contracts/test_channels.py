"""What can name a channel, a person or a group of Slack at all."""

from __future__ import annotations

import pytest

from observer.contracts.channels import is_slack_channel, is_slack_person


@pytest.mark.parametrize(
    "text", ["#crm", "#crm-data_quality-2", "#données", "C0123456789", "G0123456789", "#" + "x" * 80]
)
def test_a_channel_is_a_name_or_an_id(text: str) -> None:
    assert is_slack_channel(text)


@pytest.mark.parametrize(
    "text", ["", "#", "crm", "#CRM", "#two words", "#a.b", "c0123456789", "C012", "#" + "x" * 81, "##a"]
)
def test_anything_else_is_no_channel(text: str) -> None:
    assert not is_slack_channel(text)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("ana@example.com", True),
        ("@revops", True),
        ("U0123456789", True),
        ("S0123456789", True),
        ("RevOps", False),
        ("", False),
        ("U1", False),
    ],
)
def test_a_person_is_an_email_address_a_group_or_an_id(text: str, known: bool) -> None:
    assert is_slack_person(text) is known
