"""A real Alertmanager on a loopback port, gone when its block ends; what it knows, and what it tells a webhook."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests import real_parts


class Alertmanager:
    """What a server answers. Raises httpx.HTTPError when it does not."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ready(self) -> bool:
        """Whether it takes alerts."""
        return httpx.get(f"{self.url}/-/ready", timeout=10).status_code == 200

    def alerts(self) -> list[dict[str, Any]]:
        """Those that go on."""
        found = httpx.get(f"{self.url}/api/v2/alerts", timeout=10)
        found.raise_for_status()
        return list(found.json())


@contextmanager
def alertmanager(folder: Path, *, webhook: str) -> Iterator[Alertmanager]:
    """A server that tells the webhook of what begins and ends, at once; its files lie in the folder."""
    names = ("prometheus-alertmanager", "alertmanager")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        real_parts.missing("no Alertmanager is installed (Debian: prometheus-alertmanager)")
    config = folder / "alertmanager.yml"
    told = {"url": webhook, "send_resolved": True}
    route = {"receiver": "test", "group_by": ["incident"], "group_wait": "0s", "group_interval": "1s"}
    config.write_text(json.dumps({"route": route, "receivers": [{"name": "test", "webhook_configs": [told]}]}))
    port = real_parts.free_port()
    command = [program, f"--config.file={config}", f"--storage.path={folder}/state", "--cluster.listen-address="]
    with (folder / "alertmanager.log").open("wb") as log:
        server = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        yield Alertmanager(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(30)
