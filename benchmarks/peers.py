"""The peers that we are measured beside, each in a venv of its own under `.benchmarks/`, made on first use."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rounds import ROOT

HOME = ROOT / ".benchmarks"


def _locked(name: str) -> str:
    """`name==version` as the product itself uses it."""
    found = re.search(rf"^{re.escape(name)}==([^ ;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{name} is not in requirements.lock")
    return f"{name}=={found[1]}"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A tool from PyPI; `module` is its subject in `benchmarks.subjects`."""

    name: str
    module: str
    packages: tuple[str, ...]

    @property
    def python(self) -> Path:
        return HOME / self.module / "bin" / "python"

    def install(self, say: Callable[[str], None]) -> str | None:
        """Make its venv unless it is there with these packages. Returns why it cannot be had, else None."""
        done = HOME / self.module / ".packages"
        wanted = "\n".join(self.packages)
        if done.exists() and done.read_text() == wanted:
            return None
        say(f"installing {self.name} into {self.python.parents[1].relative_to(ROOT)}")
        quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
        for command in (
            (sys.executable, "-m", "venv", "--clear", str(HOME / self.module)),
            (str(self.python), "-m", "pip", "install", *quiet, *self.packages),
        ):
            ran = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if ran.returncode:
                return (ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"])[-1][:300]
        done.write_text(wanted)
        return None


PEERS = (
    Peer(
        name="stock GX 1.24",
        module="stock_gx",
        packages=(
            "great-expectations==1.24.1",
            *map(_locked, ("duckdb", "duckdb-sqlalchemy", "pandas", "psycopg", "psycopg-binary", "pytz", "sqlalchemy")),
        ),
    ),
    Peer(
        name="soda-core 4.28",
        module="soda",
        packages=("soda-core==4.28.0", "soda-duckdb==4.28.0", "soda-postgres==4.28.0", "pytz"),
    ),
    Peer(
        name="datacontract-cli 1.2.8", module="datacontract", packages=("datacontract-cli[postgres,csv,duckdb]==1.2.8",)
    ),
)
