"""The folder of a living demo: contracts, service levels, secret, state. In: a folder, the CRM's URL. Out: Settings.

Contracts and service levels are those of the repository, but for limits that suit a demo of seconds (`LIVE_LIMITS`).
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
from collections.abc import MutableMapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from observer.demo.build import demo_contracts, demo_slos
from observer.demo.enrichment import DEADLINE, FLAGSHIP
from observer.errors import InputError
from observer.settings import (
    DaemonSettings,
    IncidentSettings,
    LogSettings,
    ScheduleSettings,
    Settings,
    SnapshotSettings,
    TickSettings,
    WebSettings,
    WorkerSettings,
)

RUN_EVERY, TICK_EVERY, LEVEL_EVERY = timedelta(seconds=15), timedelta(seconds=2), timedelta(seconds=3)
FIRST_PORT, PORTS = 8484, 100
#: Incidents in a hurry. The contracts name owners and channels; these stand in.
LIVE_INCIDENTS = IncidentSettings(
    platform_owner="platform@example.com",
    default_owner="revops@example.com",
    channel="#crm-data-quality",
    platform_channel="#data-platform",
    group_wait=timedelta(seconds=5),
    group_interval=timedelta(seconds=15),
    repeat_interval=timedelta(minutes=30),
    escalate_after=timedelta(minutes=10),
    escalate_urgent_after=timedelta(minutes=5),
)


@dataclass(frozen=True, kw_only=True)
class LiveLimit:
    """A passage of a file, and what stands there in the live demo."""

    file: str
    usual: str
    live: str


LIVE_LIMITS = (
    # The stream of events is never silent for so long while the integration works.
    LiveLimit(
        file="crm_events.odcs.yaml",
        usual="{id: events_fresh, property: freshness, value: 2, unit: h,",
        live="{id: events_fresh, property: freshness, value: 12, unit: s,",
    ),
    # How often it is said to come is how often it is looked at.
    LiveLimit(
        file="crm_events.odcs.yaml",
        usual="{id: keeps_coming, property: frequency, value: 1, unit: d,",
        live="{id: keeps_coming, property: frequency, value: 15, unit: s,",
    ),
    # Five rows in thousands are less than what is usually let pass.
    LiveLimit(
        file="opportunities.odcs.yaml",
        usual="      - {property: deletedFlag, value: is_deleted}\n",
        live="      - {property: deletedFlag, value: is_deleted}\n"
        "      - {property: changeLimits, value: {deletedRows: {mustBe: 0, unit: rows, severity: error}}}\n",
    ),
)
_SECONDS = f"{DEADLINE.total_seconds():.0f}"
LIVE_LEVELS = (
    LiveLimit(
        file="slo.yaml",
        usual="in OpenSLO v1. docs/slo.md says what each kind of indicator means, to the record.\n"
        "# `observer slo lint` holds this file against the contracts in expectations/contracts.\n",
        live="in OpenSLO v1, as it lives: the deadline of e-mails is one of seconds.\n",
    ),
    LiveLimit(
        file="slo.yaml",
        usual="99.5 % of leads have an email within 5 minutes of their creation",
        live=f"99.5 % of leads have an email within {_SECONDS} seconds of their creation",
    ),
    LiveLimit(
        file="slo.yaml",
        usual="metadata: {name: leads-email-5m, displayName: Leads have an email within 5 minutes}",
        live=f"metadata: {{name: {FLAGSHIP}, displayName: Leads have an email within {_SECONDS} seconds}}",
    ),
    LiveLimit(
        file="slo.yaml",
        usual="    metadata: {name: leads-email-5m}\n",
        live=f"    metadata: {{name: {FLAGSHIP}}}\n",
    ),
    # Nothing becomes visible late here, and no replica lags.
    LiveLimit(
        file="slo.yaml",
        usual="              within: 5m\n              pollInterval: 1m\n",
        live=f"              within: {_SECONDS}s\n              pollInterval: {LEVEL_EVERY.total_seconds():.0f}s\n"
        "              lookBack: 2m\n              grace: 15s\n",
    ),
)


@dataclass(frozen=True, kw_only=True)
class LiveFolder:
    """Where everything of one living demo lies."""

    path: Path

    @property
    def contracts(self) -> Path:
        return self.path / "contracts"

    @property
    def slos(self) -> Path:
        return self.path / "slo.yaml"

    @property
    def lineage(self) -> Path:
        return self.path / "lineage.jsonl"

    @property
    def log(self) -> Path:
        return self.path / "daemon.log"

    @property
    def state(self) -> Path:
        return self.path / "state.db"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    @property
    def web_token_file(self) -> Path:
        return self.path / "web.token"

    @property
    def settings_file(self) -> Path:
        return self.path / "observer.toml"

    @property
    def lock(self) -> Path:
        """Held as long as the demo lives: two of them would pull the CRM from under each other's feet."""
        return self.path / ".demo.lock"

    def renew(self) -> None:
        """Make it anew: what an earlier demo remembered is of a CRM that is gone.

        Raises InputError when it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for suffix in ("", "-wal", "-shm"):
                self.state.with_name(self.state.name + suffix).unlink(missing_ok=True)
            for file in (self.lineage, self.log):
                file.unlink(missing_ok=True)
            for folder in (self.snapshots, self.contracts):
                shutil.rmtree(folder, ignore_errors=True)
            write_live_contracts(self.contracts)
            self.slos.write_text(_live(demo_slos(), LIVE_LEVELS), encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"the demo cannot be written to {self.path} ({error.strerror})",
                fix="name another folder with --out, one that this user may write",
            ) from error

    def settings(self, url: str) -> Settings:
        """Settings of the daemon that watches the CRM at this URL."""
        return Settings(
            source=url,
            state=f"sqlite:///{self.state}",
            contracts=(self.contracts,),
            slos=(self.slos,),
            token_key=self._token_key(),
            schedule=ScheduleSettings(every=RUN_EVERY, jitter=timedelta()),
            workers=WorkerSettings(count=2),
            ticks=TickSettings(freshness=TICK_EVERY, volume=TICK_EVERY * 5),
            snapshots=SnapshotSettings(folder=self.snapshots, keep=3, daily=0),
            web=WebSettings(token=self.web_token()),
            incidents=LIVE_INCIDENTS,
            log=LogSettings(format="json"),
            daemon=DaemonSettings(grace=timedelta(seconds=5)),
        )

    def write_settings(self, url: str) -> None:
        """What other commands need to look at this demo with `--config`; of the CRM's URL only that of a file."""
        paths = {
            "state": f"sqlite:///{self.state.resolve()}",
            "contracts": [str(self.contracts.resolve())],
            "slos": [str(self.slos.resolve())],
            "token_key_file": str(self._token_file.resolve()),
        }
        if url.startswith("sqlite:///"):
            paths["source"] = f"sqlite:///{Path(url.removeprefix('sqlite:///')).resolve()}"
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in paths.items()]
        self.settings_file.write_text("".join(["# For commands beside the living demo.\n", *lines]), encoding="utf-8")

    @property
    def _token_file(self) -> Path:
        return self.path / "token.key"

    def _token_key(self) -> bytes:
        """The secret of this demo's tokens; nobody else may read it."""
        return _secret(self._token_file).encode("ascii")

    def web_token(self) -> str:
        """What the pages ask for before anybody may act."""
        return _secret(self.web_token_file)

    def send_lineage_to_file(self, environment: MutableMapping[str, str]) -> None:
        """Set OpenLineage's own variables, so that its client writes into this folder."""
        environment.update(
            OPENLINEAGE__TRANSPORT__TYPE="file",
            OPENLINEAGE__TRANSPORT__LOG_FILE_PATH=str(self.lineage.resolve()),
            OPENLINEAGE__TRANSPORT__APPEND="true",
        )


def _secret(file: Path) -> str:
    """What the file holds; made when it is not there."""
    if not file.exists():
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(secrets.token_hex(32), encoding="ascii")
    return file.read_text(encoding="ascii").strip()


def write_live_contracts(folder: Path, limits: Sequence[LiveLimit] = LIVE_LIMITS) -> None:
    """The contracts of the demo CRM with the limits of the live demo, into a new folder."""
    shutil.copytree(demo_contracts(), folder, ignore=lambda _, names: [n for n in names if not n.endswith(".yaml")])
    for name in {limit.file for limit in limits}:
        file = folder / name
        file.write_text(_live(file, [limit for limit in limits if limit.file == name]), encoding="utf-8")


def _live(file: Path, limits: Sequence[LiveLimit]) -> str:
    """The text of the file with these limits in it. Raises InputError when one has no place."""
    text = file.read_text(encoding="utf-8")
    for limit in limits:
        if text.count(limit.usual) != 1:
            raise InputError(
                f"{limit.file} has no place for a limit of the live demo (`{limit.usual.strip()}`)",
                fix="install the package anew",
            )
        text = text.replace(limit.usual, limit.live)
    return text


def free_port(host: str = "127.0.0.1") -> int:
    """The usual port, or the next one that nobody listens on. Raises InputError when there is none."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise InputError(f"all ports from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are in use", fix="free one of them")
