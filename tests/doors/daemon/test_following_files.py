"""Files under watch, on a real file system: every change that matters is noticed, and nothing beside is looked at."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from observer.daemon.following_files import FileWatch

#: A change may come while folders are looked at anew: it is made again until it is noticed.
TRIES = 40


class Noticed:
    """What the watch says."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def after(self, change: Callable[[int], object]) -> bool:
        self.event.clear()
        for turn in range(TRIES):
            change(turn)
            if self.event.wait(0.5):
                return True
        return False


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "leads.yaml").write_text("0")
    return folder


@pytest.fixture
def noticed(contracts: Path) -> Iterator[Noticed]:
    heard = Noticed()
    watch = FileWatch(lambda: (contracts, contracts.parent / "observer.toml", None), heard.event.set)
    watch.start()
    yield heard
    watch.stop()


def test_a_change_in_a_folder_or_below_it_and_a_file_that_comes_are_noticed(contracts: Path, noticed: Noticed) -> None:
    assert noticed.after(lambda turn: (contracts / "leads.yaml").write_text(str(turn)))
    (contracts / "crm").mkdir()
    assert noticed.after(lambda turn: (contracts / "crm" / "users.yml").write_text(str(turn)))
    assert noticed.after(lambda turn: (contracts.parent / "observer.toml").write_text(str(turn)))


def test_a_folder_that_is_replaced_is_followed(contracts: Path, noticed: Noticed) -> None:
    """As `git checkout` and a deployment by renaming do it."""

    def replace(turn: int) -> None:
        if turn == 0:
            new = contracts.with_name("new")
            shutil.copytree(contracts, new)
            contracts.rename(contracts.with_name("old"))
            new.rename(contracts)

    assert noticed.after(replace)
    assert noticed.after(lambda turn: (contracts / "leads.yaml").write_text(f"new {turn}"))
    assert noticed.after(lambda turn: shutil.rmtree(contracts, ignore_errors=True))
    contracts.mkdir()
    assert noticed.after(lambda turn: (contracts / "leads.yaml").write_text(f"again {turn}"))


def test_what_lies_beside_is_not_watched(contracts: Path, noticed: Noticed) -> None:
    """Beside the settings lie the state and the snapshots, or a whole home."""
    for number in range(20):
        (contracts.parent / "beside" / str(number)).mkdir(parents=True)
    assert noticed.after(lambda turn: (contracts / "leads.yaml").write_text(str(turn)))
    watches = [line for file in Path("/proc/self/fdinfo").iterdir() for line in _lines(file) if "inotify wd" in line]
    assert len(watches) <= 2


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
