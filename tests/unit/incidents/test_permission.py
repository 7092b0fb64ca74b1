"""Who may act on incidents."""

from __future__ import annotations

import pytest

from observer.incidents.permission import may_act


@pytest.mark.parametrize(
    ("username", "patterns", "may"),
    [
        ("ana@example.com", ["*"], True),
        ("Ana@Example.com", ["*@example.com"], True),
        ("ana@example.com", [" ANA@example.com "], True),
        ("ana@example.com.evil.test", ["*@example.com"], False),
        ("ana@example.com", [], False),
        ("ana@example.com", ["rev@example.com", "ana@*"], True),
        ("", ["*"], False),
        ("  ", ["*"], False),
    ],
)
def test_whoever_is_like_a_pattern_may_act_and_nobody_without_a_name(
    username: str, patterns: list[str], may: bool
) -> None:
    assert may_act(username, patterns) is may
