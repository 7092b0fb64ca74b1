"""What every test of lineage starts from: no configuration at all, and the specification."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.lineage_receiver import Receiver, Specification, lineage_receiver


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable, no file in the working folder, none in the home folder."""
    for name in list(os.environ):
        if name.startswith("OPENLINEAGE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def specification() -> Specification:
    """OpenLineage 2-0-2 and all its facets."""
    return Specification()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that takes whatever comes."""
    with lineage_receiver() as receiver:
        yield receiver
