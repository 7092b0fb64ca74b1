"""Which schema a state has is asked without making or changing anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from observer.errors import StoreError
from observer.store import Store
from observer.store.versions import schema_versions
from tests import real_parts


def test_a_state_that_is_not_there_stays_so(tmp_path: Path):
    file = tmp_path / "deep" / "state.db"
    seen = schema_versions(f"sqlite:///{file}")
    assert (seen.current, seen.known, seen.up_to_date, seen.shared) == (None, True, False, False)
    assert list(tmp_path.iterdir()) == []


def test_a_state_is_at_the_newest_schema_after_it_was_opened(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/state.db"
    Store.open(url).close()
    seen = schema_versions(url)
    assert seen.up_to_date and seen.current == seen.newest


def test_an_older_and_a_newer_schema_are_told_apart(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/state.db"
    Store.open(url).close()
    engine = create_engine(url)
    for version, known in (("0001", True), ("9999", False)):
        with engine.begin() as connection:
            connection.execute(text("UPDATE observer_schema_version SET version_num = :v"), {"v": version})
        seen = schema_versions(url)
        assert (seen.current, seen.known, seen.up_to_date) == (version, known, False)
    engine.dispose()


def test_a_state_in_postgresql_is_asked_too(postgres_server_url: str):
    url = real_parts.new_postgres_database(postgres_server_url)
    before = schema_versions(url)
    assert (before.current, before.shared) == (None, True)
    Store.open(url).close()
    assert schema_versions(url).up_to_date
    assert real_parts.PASSWORD not in before.place and real_parts.QUOTED_PASSWORD not in before.place


def test_a_state_that_cannot_be_reached_or_made_says_so(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        schema_versions(f"sqlite:///{tmp_path}/file/state.db")
    with pytest.raises(StoreError):
        schema_versions("postgresql://nobody@127.0.0.1:1/none")
