"""Names of files made of ids: safe, and different for different ids."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.checks.file_names import PATTERN, file_name

ids = st.text(st.characters(exclude_categories=()), max_size=300)


def test_a_clean_id_keeps_its_name() -> None:
    assert file_name("crm.leads.email.required", ".csv") == "crm.leads.email.required.csv"


@pytest.mark.parametrize("odd", ["../../etc/passwd", "a/b", "CON", "nul.txt", "", ".", "a b", "Ä", "x" * 300, "a\x00b"])
def test_an_odd_id_gets_a_safe_name(odd: str) -> None:
    name = file_name(odd, ".csv")
    assert re.fullmatch(r"[a-z0-9_-][a-z0-9._-]*~[0-9a-f]{16}\.csv", name)
    assert len(name) < 200


@given(ids)
def test_every_name_is_safe_and_known_as_ours(check_id: str) -> None:
    assert re.fullmatch(PATTERN, file_name(check_id))
    assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)\..*", file_name(check_id))


@given(ids, ids)
def test_different_ids_never_share_a_file(one: str, two: str) -> None:
    assert (file_name(one).lower() == file_name(two).lower()) is (one == two)


def test_names_differ_where_the_file_system_ignores_case() -> None:
    assert file_name("crm.Leads.x").lower() != file_name("crm.leads.x").lower()
