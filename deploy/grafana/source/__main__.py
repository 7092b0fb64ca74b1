"""Write deploy/grafana/dashboards, or say with `--check` what in it is not what this code makes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deploy.grafana.source.made import made

FOLDER = Path(__file__).resolve().parents[1] / "dashboards"
FIX = "run: python -m deploy.grafana.source"


def differing(folder: Path) -> list[str]:
    """Names of files in the folder that are missing, changed by hand, or made no longer; sorted."""
    wanted = made()
    there = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write(folder: Path) -> None:
    """Exactly these dashboards are in the folder afterwards."""
    wanted = made()
    for old in folder.glob("*.json"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """0: as it should be; 1: with `--check`, something differs."""
    parser = argparse.ArgumentParser(prog="python -m deploy.grafana.source", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file differs")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the dashboards are")
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        write(chosen.folder)
        return 0
    stale = differing(chosen.folder)
    for name in stale:
        print(f"{chosen.folder / name}: not what the code makes. Fix: {FIX}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
