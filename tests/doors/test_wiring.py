"""Doors are opened by settings and closed by whoever opened them."""

from __future__ import annotations

from pathlib import Path

from observer.settings import Settings
from observer.wiring import opened_source, opened_store


def test_doors_are_opened_and_closed(tmp_path: Path):
    (tmp_path / "leads.csv").write_text("id\n1\n")
    with opened_source(f"file:{tmp_path}", Settings()) as source:
        assert source.display_url.startswith("file:")
    with opened_store(Settings(state=f"sqlite:///{tmp_path}/state.db")) as store:
        assert store.runs() == ()
