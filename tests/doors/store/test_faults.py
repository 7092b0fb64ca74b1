"""What can be wrong with a state, and that the message says what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from observer.checks.audit import Audit
from observer.errors import StoreError
from observer.store.store import Store
from tests import real_parts


def audit() -> Audit:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Audit(run_id="a", started_at=now, finished_at=now, source="file", contracts=(), version="0.1.0")


def test_a_locked_file_says_that_somebody_else_is_writing(tmp_path: Path) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path}/state.db", lock_timeout=0.05) as store,
        closing(sqlite3.connect(tmp_path / "state.db")) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"another process is writing.*state\.db.*Fix: wait"):
            store.record_audit(audit())
        assert store.runs() == (), "readers never wait for a writer"


def test_a_file_locked_since_before_it_was_opened_says_the_same(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="another process"):
            Store.open(f"sqlite:///{tmp_path}/state.db", lock_timeout=0.05)


def test_a_read_only_state_can_be_read_and_says_that_it_cannot_be_written(tmp_path: Path) -> None:
    Store.open(f"sqlite:///{tmp_path}/state.db").close()

    with Store.open(f"sqlite:///file:{tmp_path}/state.db?mode=ro&uri=true", lock_timeout=0.05) as store:
        assert store.runs() == ()
        with pytest.raises(StoreError, match=r"cannot be written.*Fix: give this user write permission"):
            store.record_audit(audit())


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("id;name\n1;Ana\n" * 100)

    with pytest.raises(StoreError, match=r"state\.db is no state of crm-observer.*Fix: name another"):
        Store.open(f"sqlite:///{tmp_path}/state.db")


@pytest.mark.parametrize("url", ["postgresql://ada:hu@sh@host/db", "postgresql://ada:hush", "postgresql:/ada:hush@h"])
def test_a_url_with_a_password_that_is_not_encoded_is_not_shown(url: str) -> None:
    with pytest.raises(StoreError, match="URL of the state") as caught:
        Store.open(url)
    assert "sh" not in caught.value.message
    assert caught.value.__cause__ is None


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with Store.open(f"sqlite:///{file}") as store:
        store.record_audit(audit())
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    with pytest.raises(StoreError, match=r"is damaged.*Fix: move the file away"):
        Store.open(f"sqlite:///{file}")


def test_a_folder_in_the_place_of_the_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()

    with pytest.raises(StoreError, match=r"cannot be opened.*Fix: check that it is a file"):
        Store.open(f"sqlite:///{tmp_path}/state.db")


def test_a_file_in_the_place_of_its_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / ".observer").write_text("")

    with pytest.raises(StoreError, match=r"the folder .*\.observer of the state cannot be made"):
        Store.open(f"sqlite:///{tmp_path}/.observer/state.db")


@pytest.mark.parametrize("url", ["mysql://crm/state", "state.db", "", "oracle://x"])
def test_a_state_lives_in_sqlite_or_postgresql(url: str) -> None:
    with pytest.raises(StoreError, match=r"Fix: write `sqlite:///path"):
        Store.open(url)


def test_an_unreachable_server_says_so_without_the_password() -> None:
    url = f"postgresql://observer:s3cret@127.0.0.1:{real_parts.free_port()}/state"

    with pytest.raises(StoreError, match="could not be reached") as caught:
        Store.open(url)

    assert "s3cret" not in str(caught.value)


def test_a_user_without_rights_is_told_what_to_grant(postgres_server_url: str) -> None:
    url = real_parts.new_postgres_database(postgres_server_url)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        admin.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")

    with pytest.raises(StoreError, match=r"may not be written by this user.*Fix: grant"):
        Store.open("postgresql://guest:guest@" + url.split("@", 1)[1])
