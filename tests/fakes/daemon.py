"""A project folder with tiny contracts on a short schedule, and real `observer serve` processes in it.

In: what the settings should be. Out: daemons that can be stopped, killed and paused, and what they say over HTTP.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil

from observer.runs.slots import Slot, SlotState
from observer.store.store import Store

T = TypeVar("T")

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "a-token-of-the-tests"
ROWS = 20
_CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: {name}
name: {name}
version: 1.0.0
status: active
team: {{name: RevOps, members: [{{username: ana@example.com, role: owner}}]}}
schema:
  - name: {name}
    properties:
      - {{name: id, logicalType: integer, primaryKey: true, required: true}}
      - {{name: status, logicalType: string, enum: [{{value: new}}, {{value: won}}]}}
      - {{name: updated_at, logicalType: timestamp, logicalTypeOptions: {{defaultTimezone: Etc/UTC}}}}
slaProperties:
  - {{property: freshness, value: 20, unit: y, element: {name}.updated_at}}
"""


def eventually(look: Callable[[], T | None], what: str, seconds: float = 40.0, every: float = 0.05) -> T:
    """The first answer that is true; an AssertionError that says `what` did not come."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(every)


class Project:
    """A folder with contracts, a CRM in SQLite, and `observer.toml`; the state is beside it or wherever it is said."""

    def __init__(
        self,
        folder: Path,
        *,
        contracts: Iterable[str] = ("leads",),
        source: str | None = None,
        state: str | None = None,
        lineage: str | None = None,
        **settings: dict[str, object],
    ) -> None:
        """`settings` are tables of `observer.toml`; `lineage` is the URL of a receiver, else a file in the folder."""
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.names = tuple(contracts)
        (folder / "contracts").mkdir()
        for name in self.names:
            self.contract(name)
        if source is None:
            self._make_crm()
        self.events_file = folder / "lineage.jsonl"
        self.state = state or f"sqlite:///{folder}/state.db"
        transport = (
            {"type": "http", "url": lineage, "timeout": 1, "retry": {"total": 0}}
            if lineage
            else {"type": "file", "log_file_path": str(self.events_file), "append": True}
        )
        (folder / "openlineage.yml").write_text(json.dumps({"transport": transport}))
        self._settings: dict[str, dict[str, object]] = {
            "schedule": {"every": "1s", "jitter": "0s"},
            "workers": {"count": 2},
            "ticks": {"freshness": "1s", "volume": "2s"},
            "snapshots": {"folder": str(folder / "snapshots"), "keep": 2, "daily": 0},
            "web": {"port": 0, "token": TOKEN},
            "log": {"format": "json"},
            "daemon": {"grace": "5s", "lease": "3s"},
        }
        self._top: dict[str, object] = {
            "source": source or f"sqlite:///{folder}/crm.db",
            "state": self.state,
            "contracts": [str(folder / "contracts")],
            "token_key": KEY,
            "connect_timeout": "2s",
            "statement_timeout": "3s",
        }
        self.settings(**settings)

    def contract(self, name: str, text: str = _CONTRACT) -> None:
        """Write or replace one."""
        (self.folder / "contracts" / f"{name}.odcs.yaml").write_text(text.format(name=name), encoding="utf-8")

    def settings(self, **tables: dict[str, object]) -> None:
        """Write `observer.toml` anew with these over what it said."""
        for name, table in tables.items():
            self._settings.setdefault(name, {}).update(table)
        lines = [f"{key} = {json.dumps(value)}" for key, value in self._top.items()]
        for name, table in self._settings.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        (self.folder / "observer.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _make_crm(self) -> None:
        with closing(sqlite3.connect(self.folder / "crm.db")) as crm, crm:
            for statement in crm_statements(self.names):
                crm.execute(statement)

    def store(self) -> Store:
        return Store.open(self.state)

    def events(self) -> list[dict[str, Any]]:
        """What the lineage file holds; a last line that is still being written is left out."""
        if not self.events_file.exists():
            return []
        lines = self.events_file.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines if line]

    def serve(self, **environment: str) -> Served:
        """A daemon; it is up when `.ready()` says so."""
        return Served(self, environment)


def crm_statements(tables: Iterable[str], rows: int = ROWS) -> list[str]:
    """SQL that every database understands."""
    made = []
    for name in tables:
        made.append(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, status TEXT, updated_at TIMESTAMP)")
        values = ", ".join(f"({n}, 'new', '2026-03-01 12:00:00')" for n in range(rows))
        made.append(f"INSERT INTO {name} VALUES {values}")
    return made


class Served:
    """One process of `observer serve`. As a context manager it is killed at the end if it still lives."""

    def __init__(self, project: Project, environment: dict[str, str]) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OBSERVER_", "OPENLINEAGE_"))}
        self._log = (project.folder / f"daemon-{time.monotonic_ns()}.log").open("w+b")
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("observer")), "serve"],
            cwd=project.folder,
            env={**clean, "OPENLINEAGE_CONFIG": str(project.folder / "openlineage.yml"), **environment},
            stdout=self._log,
            stderr=self._log,
        )
        self._url: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if fault is not None:
            sys.stderr.write(self.log()[-6_000:])
        self._log.close()

    # --- what it says -----------------------------------------------------------------------------------------------

    def log(self) -> str:
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")

    def said(self, event: str) -> list[dict[str, Any]]:
        """Lines of the log with this event name."""
        lines = [line for line in self.log().split("\n")[:-1] if line.startswith("{")]
        return [said for line in lines if (said := json.loads(line)).get("event") == event]

    @property
    def url(self) -> str:
        if self._url is None:
            self._url = str(eventually(self._started, "the daemon serves")["url"])
        return self._url

    def _started(self) -> dict[str, Any] | None:
        assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.log()[-3_000:]}"
        return next(iter(self.said("serving")), None)

    def ask(self, path: str, **request: Any) -> tuple[int, str]:
        """Status and text of `GET path`; with `data` of a POST."""
        wanted = urllib.request.Request(f"{self.url}{path}", **request)
        try:
            with urllib.request.urlopen(wanted, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def json(self, path: str) -> Any:
        status, text = self.ask(path)
        assert status == 200, text
        return json.loads(text)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        status, text = self.ask("/readyz")
        return status, json.loads(text)

    def ready(self, seconds: float = 40.0) -> Self:
        """Wait until it says that it is."""
        eventually(lambda: self.readiness()[0] == 200, "the daemon is ready", seconds)
        return self

    def troubled(self, word: str, seconds: float = 40.0) -> str:
        """Wait until `/readyz` is against it, with a reason that holds the word."""

        def look() -> str | None:
            status, said = self.readiness()
            return json.dumps(said) if status == 503 and word in json.dumps(said) else None

        return eventually(look, f"/readyz says {word}", seconds)

    def metric(self, series: str) -> float | None:
        """The value of `name` or `name{label="value"}` (a part of the labels is enough); None when there is none."""
        name, _, labels = series.partition("{")
        wanted = [label for label in labels.rstrip("}").split(",") if label]
        _, text = self.ask("/metrics")
        for line in text.splitlines():
            found = re.fullmatch(rf"{re.escape(name)}(?:\{{(.*)\}})? (\S+)", line)
            if found and all(label in (found[1] or "") for label in wanted):
                return float(found[2])
        return None

    # --- what is done to it -----------------------------------------------------------------------------------------

    def workers(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            family = psutil.Process(self.process.pid).children(recursive=True)
            return [child for child in family if "spawn_main" in " ".join(_command(child))]
        return []

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and its workers are gone when this returns: by themselves."""
        if self.process.poll() is None:
            left = self.workers()
            self.process.kill()
            self.process.wait(10)
            _, alive = psutil.wait_procs(left, timeout=60)
            assert not alive, "workers outlive their daemon"

    def stop(self, seconds: float = 30.0) -> int:
        """SIGTERM; its exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(seconds)


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return []


def slots_of(store: Store, names: Iterable[str], *states: SlotState) -> list[Slot]:
    """All slots of these contracts, in these states or in any."""
    return [
        slot for name in names for slot in store.slots.of_contract(name, 100_000) if not states or slot.state in states
    ]
