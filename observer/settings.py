"""Every setting of the observer, as frozen values. `config/settings.py` reads them from file and environment.

A section here is a table of `observer.toml`: `[ticks] freshness = "1min"`, or `OBSERVER_TICKS_FRESHNESS=1min`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from observer.contracts.schedules import Calendar

DEFAULT_STATE = "sqlite:///.observer/state.db"


def is_loopback(host: str) -> bool:
    """Whether a name or an address is of this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class ScheduleSettings:
    """For contracts that say nothing of their own."""

    every: timedelta = timedelta(hours=1)
    #: IANA name.
    zone: str = "UTC"
    #: Runs begin up to this much after their slots, so that they do not all begin at once.
    jitter: timedelta = timedelta(seconds=30)
    #: Missed slots that are run late.
    catch_up: int = 0


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """The processes in which full runs happen."""

    count: int = 2
    #: Resident set of one worker, in MiB; a run that needs more is ERRORED.
    memory_mb: int = 2048
    time_limit: timedelta = timedelta(minutes=30)
    #: A worker makes room for a fresh one after so many runs.
    recycle_after: int = 50


@dataclass(frozen=True, kw_only=True)
class TickSettings:
    """How often a table is glanced at between full runs."""

    freshness: timedelta = timedelta(minutes=1)
    volume: timedelta = timedelta(minutes=15)
    #: How long ticks are remembered.
    keep: timedelta = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class SnapshotSettings:
    """Which snapshots are kept, values of restricted columns as tokens."""

    folder: Path = Path(".observer/snapshots")
    #: The newest of each contract; 0 keeps none, and then nothing can be said about what changed between runs.
    keep: int = 3
    #: Beside them, the last one of each of so many days.
    daily: int = 14
    #: Of all contracts together; the oldest daily ones go first. None is no limit.
    max_mb: int | None = None


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    host: str = "127.0.0.1"
    port: int = 8484
    #: Needed to ask for a run and to act on incidents; None: nobody can. A secret.
    token: str | None = field(default=None, repr=False)
    #: Under which people reach it, for links: `https://observer.example.com`; None: where it is bound.
    public_url: str | None = None
    #: Header in which a trusted proxy says who somebody is; None: there is no such proxy.
    user_header: str | None = None
    #: Addresses (or networks) of the proxies whose `user_header` is believed.
    trusted_proxies: tuple[str, ...] = ()
    #: Whether pages and answers can be read without login; None: on loopback only.
    open_reading: bool | None = None

    @property
    def public_name(self) -> str | None:
        """The host of `public_url`."""
        return urlsplit(self.public_url).hostname if self.public_url else None

    @property
    def reading_is_open(self) -> bool:
        """What `open_reading` says, or what follows from the rest."""
        if self.open_reading is not None:
            return self.open_reading
        # What is bound to loopback, yet reached from elsewhere, stands behind a proxy.
        is_near = self.public_name is None or is_loopback(self.public_name)
        return is_loopback(self.host) and self.user_header is None and is_near


@dataclass(frozen=True, kw_only=True)
class IncidentSettings:
    """Who is told, when, and who may act. People are named as contracts name them: by email as a rule."""

    #: Is told of what we could not see or do.
    platform_owner: str | None = None
    #: Is told where a contract names nobody.
    default_owner: str | None = None
    #: Where messages go when a contract has no `support` channel.
    channel: str | None = None
    platform_channel: str | None = None
    #: As in Alertmanager.
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)
    #: What comes back so soon is the same incident, reopened.
    reopen_within: timedelta = timedelta(hours=24)
    #: What nobody acknowledged for so long goes to the steward too; zero: never.
    escalate_after: timedelta = timedelta(hours=4)
    #: The same of what pages somebody.
    escalate_urgent_after: timedelta = timedelta(minutes=30)
    #: Working hours; None: every hour.
    hours: Calendar | None = None
    #: IANA name, for the digest.
    zone: str = "UTC"
    digest_at: time = time(9)
    #: Patterns of usernames that may act on incidents.
    may_act: tuple[str, ...] = ("*",)


@dataclass(frozen=True, kw_only=True)
class SlackSettings:
    """Messages in Slack; without a token there are none. All but the URL are secrets."""

    #: `xoxb-…`
    token: str | None = field(default=None, repr=False)
    #: `xapp-…`: buttons come by Socket Mode.
    app_token: str | None = field(default=None, repr=False)
    #: Buttons come by HTTP, signed with it.
    signing_secret: str | None = field(default=None, repr=False)
    api_url: str = "https://slack.com/api/"


@dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """Every notice as JSON; both are secrets."""

    url: str | None = field(default=None, repr=False)
    #: Signs every body (HMAC-SHA256).
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class AlertmanagerSettings:
    """Incidents as alerts of an Alertmanager (API v2)."""

    #: Its base. May hold a password.
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class LineageSettings:
    """What OpenLineage's own configuration (`OPENLINEAGE_URL`, `openlineage.yml`) does not say."""

    namespace: str = "crm-observer"


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    #: `console` or `json`; None: console on a terminal, else json.
    format: str | None = None
    level: str = "info"


@dataclass(frozen=True, kw_only=True)
class DaemonSettings:
    #: How this daemon is called among others; None: host name and process id.
    name: str | None = None
    #: How long a stop waits for runs to end before it hands them back.
    grace: timedelta = timedelta(seconds=25)
    #: How long a leader leads without renewing; a takeover takes at most this and a third.
    lease: timedelta = timedelta(seconds=15)
    #: How long past runs are remembered.
    keep_runs: timedelta = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options of a command outrank the environment, the environment outranks `observer.toml`."""

    #: URL of the CRM database. Holds a password.
    source: str | None = field(default=None, repr=False)
    #: URL of the state. May hold a password.
    state: str = field(default=DEFAULT_STATE, repr=False)
    #: Folders or files.
    contracts: tuple[Path, ...] = (Path("expectations/contracts"),)
    #: Files or folders of service levels; the default one may be absent.
    slos: tuple[Path, ...] = (Path("slo.yaml"),)
    #: Secret from which the tokens of restricted values are made.
    token_key: bytes | None = field(default=None, repr=False)
    statement_timeout: timedelta = timedelta(minutes=10)
    connect_timeout: timedelta = timedelta(seconds=10)
    schedule: ScheduleSettings = ScheduleSettings()
    workers: WorkerSettings = WorkerSettings()
    ticks: TickSettings = TickSettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    web: WebSettings = WebSettings()
    lineage: LineageSettings = LineageSettings()
    incidents: IncidentSettings = IncidentSettings()
    slack: SlackSettings = SlackSettings()
    webhook: WebhookSettings = WebhookSettings()
    alertmanager: AlertmanagerSettings = AlertmanagerSettings()
    log: LogSettings = LogSettings()
    daemon: DaemonSettings = DaemonSettings()
    #: The `observer.toml` that was read; None when there is none.
    file: Path | None = None
    #: SHA-256 over everything that was read, secrets as digests; changes when a setting does.
    digest: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything whose change is a new configuration."""
        return (*(() if self.file is None else (self.file,)), *self.contracts, *self.slos)
