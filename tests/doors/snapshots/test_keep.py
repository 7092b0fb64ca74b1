"""Kept snapshots hold tokens where restricted values stood, and nothing that tells the key."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.errors import SnapshotError
from observer.snapshots.keep import keep_snapshot, key_id, tokens
from observer.snapshots.manifest import MANIFEST, read_manifest
from observer.snapshots.take import Snapshot, take_snapshot
from tests.doors.snapshots.test_take import FakeSession
from tests.doors.sources.reading import plan

KEY = b"0123456789abcdef0123456789abcdef"
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    people = pa.record_batch(
        {
            "id": pa.array([1, 2, 3]),
            "email": pa.array(["ada@example.com", None, "ada@example.com"]),
            "born": pa.array([dt.date(1815, 12, 10), None, dt.date(1815, 12, 10)]),
            "at": pa.array([AT, AT, None], pa.timestamp("us", "UTC")),
        }
    )
    mails = pa.record_batch({"email": pa.array(["bob@example.com", "ada@example.com"])})
    session = FakeSession(
        people=[people, people], mails=[mails], lost="there is no such table", bare=[mails.slice(0, 0)]
    )
    tables = [
        plan("people", "id", "email", "born", "at", restricted=frozenset({"email", "born", "at"}), update_time="at"),
        plan("mails", "email", restricted=frozenset({"email"})),
        plan("lost", "email"),
        plan("bare", "email", restricted=frozenset({"email"})),
    ]
    return take_snapshot(session, tables, tmp_path / "taken")


def test_equal_values_have_equal_tokens_and_null_stays_null(snapshot: Snapshot, tmp_path: Path) -> None:
    kept = keep_snapshot(snapshot, tmp_path / "kept", key=KEY)
    people = pq.read_table(kept / "000-people.parquet").to_pydict()
    mails = pq.read_table(kept / "001-mails.parquet").to_pydict()
    assert people["id"] == [1, 2, 3] * 2
    first, nothing, third = people["email"][:3]
    assert nothing is None
    assert first == third == mails["email"][1] != mails["email"][0]
    assert first == tokens(KEY)("ada@example.com")
    assert len(first) == 64
    assert people["born"][0] == people["born"][2]
    assert people["born"][1] is None
    assert pq.read_table(kept / "003-bare.parquet").to_pydict() == {"email": []}


def test_no_restricted_value_and_no_key_is_in_any_kept_file(snapshot: Snapshot, tmp_path: Path) -> None:
    kept = keep_snapshot(snapshot, tmp_path / "kept", key=KEY)
    for path in kept.iterdir():
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += repr(pq.read_table(path).to_pylist()).encode()
        for secret in (b"ada@", b"bob@", b"1815", KEY, KEY.hex().encode()):
            assert secret not in content, path.name


def test_the_manifest_says_which_columns_are_tokens_and_of_which_key(snapshot: Snapshot, tmp_path: Path) -> None:
    manifest = read_manifest(keep_snapshot(snapshot, tmp_path / "kept", key=KEY))
    people = manifest.tables[0]
    assert [(c.name, c.type, c.tokenised) for c in people.columns] == [
        ("id", "int64", False),
        ("email", "string", True),
        ("born", "string", True),
        ("at", "string", True),
    ]
    assert people.watermark is None
    assert snapshot.manifest.tables[0].watermark == AT.isoformat()
    assert manifest.key_id == key_id(KEY) != key_id(KEY[::-1])
    assert manifest.tables[2].error == "there is no such table"


def test_it_appears_whole_or_not_at_all(snapshot: Snapshot, tmp_path: Path) -> None:
    path = snapshot.tables[1].path
    assert path is not None
    Path(path).unlink()
    with pytest.raises(SnapshotError):
        keep_snapshot(snapshot, tmp_path / "keep" / "kept", key=KEY)
    assert list((tmp_path / "keep").iterdir()) == []


def test_a_folder_that_exists_and_a_short_key_are_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(SnapshotError, match="exists already"):
        keep_snapshot(snapshot, tmp_path / "kept", key=KEY)
    with pytest.raises(SnapshotError, match="at least 16 random bytes") as caught:
        keep_snapshot(snapshot, tmp_path / "other", key=b"hush")
    assert "hush" not in str(caught.value)


def test_only_the_owner_may_read_what_is_kept(snapshot: Snapshot, tmp_path: Path) -> None:
    kept = keep_snapshot(snapshot, tmp_path / "kept", key=KEY)
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}
    assert (kept / MANIFEST).exists()


VALUES = st.one_of(st.text(), st.integers(), st.binary(), st.floats(allow_nan=False), st.booleans())


@given(st.lists(VALUES, min_size=2, max_size=2))
def test_values_have_one_token_exactly_when_they_are_equal(pair: list[object]) -> None:
    token = tokens(KEY)
    assert (token(pair[0]) == token(pair[1])) == (pair[0] == pair[1])


def test_a_number_has_one_token_in_every_type() -> None:
    token = tokens(KEY)
    assert token(5) == token(5.0) == token(Decimal("5.00")) != token("5")
    assert token(0.5) == token(Decimal("0.50"))
