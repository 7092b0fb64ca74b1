"""Draw dashboards as PNG: of a month that never was, or (with --prometheus) of a real one as it is now."""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.grafana.pictures import month
from deploy.grafana.pictures.answers import Asking
from deploy.grafana.pictures.sheet import WIDTH, sheet

DASHBOARDS = Path(__file__).resolve().parents[1] / "dashboards"
IMAGES = month.ROOT / "docs" / "images"
CAPTION = (
    "Drawn from the dashboard's queries and settings by deploy/grafana/pictures; Grafana draws a little otherwise."
)
ALL = {"job": month.JOB, "contract": ".*", "table": ".*", "owner": ".*", "slo": ".*"}


def program(name: str) -> str:
    """Where it is. Raises SystemExit when it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed. Fix: apt-get install {name}")
    return found


@contextmanager
def prometheus_of_the_month() -> Iterator[str]:
    """A Prometheus that holds it; yields its URL."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "month.om").open("w", encoding="utf-8") as file:
            file.writelines(month.series())
        blocks = ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=700h", "-q"]
        made = [program("promtool"), *blocks, str(folder / "month.om"), str(folder / "tsdb")]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - no shell
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            url = f"127.0.0.1:{probe.getsockname()[1]}"
        (folder / "none.yml").write_text("{}")
        command = [
            program("prometheus"),
            f"--config.file={folder}/none.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            "--storage.tsdb.retention.time=10y",
            "--query.lookback-delta=16m",  # the month has a sample every quarter of an hour
            f"--web.listen-address={url}",
        ]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:  # noqa: S603 - no shell
            try:
                _await(f"http://{url}/-/ready", folder / "log")
                yield f"http://{url}"
            finally:
                server.terminate()
                server.wait(30)


def _await(url: str, log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - http, on this machine
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"prometheus does not start:\n{log.read_text(errors='replace')[-2000:]}")


def draw(name: str, asking: Asking, *, chips: Mapping[str, str], caption: str, out: Path) -> None:
    """Write one dashboard as a PNG."""
    read = json.loads((DASHBOARDS / f"{name}.json").read_text(encoding="utf-8"))
    page, height = sheet(read, asking, chips=chips, caption=caption)
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder) / "page.html"
        html.write_text(page, encoding="utf-8")
        command = [
            program("chromium"),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-background-networking",
            f"--user-data-dir={folder}/profile",
            f"--window-size={WIDTH},{height}",
            f"--screenshot={out}",
            html.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - no shell


def main() -> int:
    """Both pictures of the docs; or one dashboard of a Prometheus that runs."""
    parser = argparse.ArgumentParser(prog="python -m deploy.grafana.pictures", description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--prometheus", metavar="URL", help="ask this one instead of making a month up")
    parser.add_argument("--dashboard", default="operations", help="with --prometheus: which one")
    parser.add_argument("--minutes", type=float, default=15, help="with --prometheus: over the last so many minutes")
    parser.add_argument(
        "--at", type=datetime.fromisoformat, default=datetime.now(UTC), help="with --prometheus: when they end"
    )
    parser.add_argument("--pick", action="append", default=[], metavar="NAME=VALUE", help="a variable")
    chosen = parser.parse_args()
    picks = dict(each.split("=", 1) for each in chosen.pick)
    if chosen.prometheus:
        asking = Asking(
            url=chosen.prometheus,
            picked=ALL | picks,
            now=chosen.at,
            span=timedelta(minutes=chosen.minutes),
        )
        out = chosen.out / f"grafana-{chosen.dashboard}.png"
        draw(
            chosen.dashboard,
            asking,
            chips={"Observer": month.JOB} | {name.capitalize(): value for name, value in picks.items()},
            caption=CAPTION,
            out=out,
        )
        return 0
    made_up = f"A made-up month of the service levels in slo.yaml. {CAPTION}"
    with prometheus_of_the_month() as url:
        for name, days, picked in (("slo-overview", 7, {}), ("slo-detail", 7, {"slo": "leads-email-5m"})):
            asking = Asking(url=url, picked=ALL | picked, now=month.NOW, span=timedelta(days=days))
            chips = {"Observer": month.JOB, "Contract": "All", "Table": "All", "Owner": "All"}
            out = chosen.out / f"grafana-{name}.png"
            draw(name, asking, chips=chips | {"SLO": picked.get("slo", "All")}, caption=made_up, out=out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
