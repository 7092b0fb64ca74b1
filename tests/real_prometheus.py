"""A real Prometheus on a loopback port, gone when its block ends; and its HTTP API, as Grafana asks it."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests import real_parts

T = TypeVar("T")
SOON_SECONDS = 30.0


class Prometheus:
    """What a server answers. Raises httpx.HTTPError when it does not, ValueError when it refuses a query."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=10)

    def close(self) -> None:
        self._client.close()

    def ask(self, path: str, **parameters: str | float) -> Any:
        """The `data` of an answer of the API."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters).json()
        if answer["status"] != "success":
            raise ValueError(answer["error"])
        return answer["data"]

    def value(self, expr: str) -> float | None:
        """Of the only series that the expression gives now; None when it gives none."""
        (found,) = self.ask("query", query=expr)["result"] or [None]
        return float(found["value"][1]) if found else None

    def numbers(self, expr: str, *, since: float | None = None) -> list[float]:
        """Every number that it gives now, or from `since` (Unix time) to now; what is not finite is left out."""
        if since is None:
            found = [series["value"] for series in self.ask("query", query=expr)["result"]]
        else:
            read = self.ask("query_range", query=expr, start=since, end=time.time(), step=1)
            found = [value for series in read["result"] for value in series["values"]]
        return [number for _, text in found if math.isfinite(number := float(text))]


@contextmanager
def prometheus(folder: Path, target: str, *, job: str, rules: Sequence[Path] = ()) -> Iterator[Prometheus]:
    """A server that scrapes the target, and evaluates the rules, every second; its files lie in the folder."""
    program = shutil.which("prometheus") or real_parts.missing("prometheus is not installed (Debian: prometheus)")
    config = folder / "prometheus.yml"
    scraped = {"job_name": job, "scrape_timeout": "1s", "static_configs": [{"targets": [target]}]}
    config.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(file) for file in rules],
                "scrape_configs": [scraped],
            }
        )
    )
    port = real_parts.free_port()
    command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb"]
    with (folder / "prometheus.log").open("wb") as log:
        server = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    asked = Prometheus(f"http://127.0.0.1:{port}")
    try:
        yield asked
    finally:
        asked.close()
        server.terminate()
        server.wait(30)


def soon(found: Callable[[], T]) -> T:
    """What is found, asked for again until it is there; what was last found when it never is."""
    until = time.monotonic() + SOON_SECONDS
    while True:
        try:
            last = found()
            if last or time.monotonic() > until:
                return last
        except (httpx.HTTPError, ValueError):
            if time.monotonic() > until:
                raise
        time.sleep(0.1)
