"""Every setting with what reads it. Their defaults and meaning stand in `observer/settings.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from observer.config.setting_addresses import api, header, networks, secret_base, secret_url, site
from observer.config.setting_values import (
    Read,
    choice,
    clock,
    flag,
    hours,
    key,
    path,
    paths,
    patterns,
    secret,
    slack_channel,
    span,
    text,
    token,
    whole,
    zone,
)
from observer.settings import (
    AlertmanagerSettings,
    DaemonSettings,
    IncidentSettings,
    LineageSettings,
    LogSettings,
    ScheduleSettings,
    SlackSettings,
    SnapshotSettings,
    TickSettings,
    WebhookSettings,
    WebSettings,
    WorkerSettings,
)

#: `("ticks", "freshness")`.
Name = tuple[str, ...]

_SECOND, _MINUTE, _HOUR, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_TIMEOUT = span(timedelta(milliseconds=1), _DAY)
SECRETS: Mapping[Name, Read] = {
    ("source",): secret(),
    ("state",): secret(),
    ("token_key",): key,
    ("web", "token"): secret(16),
    ("slack", "token"): token(
        "xoxb-",
        "copy the Bot User OAuth Token of the app (OAuth & Permissions), and leave token rotation off",
    ),
    ("slack", "app_token"): token(
        "xapp-", "make an App-Level Token with the scope `connections:write` (Basic Information of the app)"
    ),
    ("slack", "signing_secret"): secret(16),
    ("webhook", "url"): secret_url,
    ("webhook", "secret"): secret(16),
    ("alertmanager", "url"): secret_base,
}
#: Every setting with what reads it; the tables of the file are the sections of `Settings`.
READERS: Mapping[Name, Read] = {
    **SECRETS,
    ("contracts",): paths,
    ("slos",): paths,
    ("statement_timeout",): _TIMEOUT,
    ("connect_timeout",): _TIMEOUT,
    ("schedule", "every"): span(_SECOND, 366 * _DAY),
    ("schedule", "zone"): zone,
    ("schedule", "jitter"): span(timedelta(), _DAY),
    ("schedule", "catch_up"): whole(0, 1_000),
    ("workers", "count"): whole(1, 256),
    ("workers", "memory_mb"): whole(
        512, 1 << 20, remedy="Great Expectations alone needs a quarter of a gibibyte in every worker"
    ),
    ("workers", "time_limit"): span(_SECOND, 7 * _DAY),
    ("workers", "recycle_after"): whole(1, 1_000_000),
    ("ticks", "freshness"): span(_SECOND, _DAY),
    ("ticks", "volume"): span(_SECOND, _DAY),
    ("ticks", "keep"): span(_HOUR, 3_660 * _DAY),
    ("snapshots", "folder"): path,
    ("snapshots", "keep"): whole(0, 10_000),
    ("snapshots", "daily"): whole(0, 10_000),
    ("snapshots", "max_mb"): whole(1, 1 << 40),
    ("web", "host"): text,
    ("web", "port"): whole(
        0, 65_535, remedy="0 is any free one; inside Kubernetes set `enableServiceLinks: false` if it writes this one"
    ),
    ("web", "public_url"): site,
    ("web", "user_header"): header,
    ("web", "trusted_proxies"): networks,
    ("web", "open_reading"): flag,
    ("lineage", "namespace"): text,
    ("incidents", "platform_owner"): text,
    ("incidents", "default_owner"): text,
    ("incidents", "channel"): slack_channel,
    ("incidents", "platform_channel"): slack_channel,
    ("incidents", "group_wait"): span(timedelta(), _HOUR),
    ("incidents", "group_interval"): span(_SECOND, _DAY),
    ("incidents", "repeat_interval"): span(_MINUTE, 366 * _DAY),
    ("incidents", "reopen_within"): span(timedelta(), 30 * _DAY),
    ("incidents", "escalate_after"): span(timedelta(), 30 * _DAY),
    ("incidents", "escalate_urgent_after"): span(timedelta(), 30 * _DAY),
    ("incidents", "hours"): hours,
    ("incidents", "zone"): zone,
    ("incidents", "digest_at"): clock,
    ("incidents", "may_act"): patterns,
    ("slack", "api_url"): api,
    ("log", "format"): choice("console", "json"),
    ("log", "level"): choice("debug", "info", "warning", "error"),
    ("daemon", "name"): text,
    ("daemon", "grace"): span(timedelta(), _DAY),
    ("daemon", "lease"): span(3 * _SECOND, _HOUR),
    ("daemon", "keep_runs"): span(_DAY, 36_600 * _DAY),
}
SECTIONS: Mapping[str, type] = {
    "schedule": ScheduleSettings,
    "workers": WorkerSettings,
    "ticks": TickSettings,
    "snapshots": SnapshotSettings,
    "web": WebSettings,
    "lineage": LineageSettings,
    "incidents": IncidentSettings,
    "slack": SlackSettings,
    "webhook": WebhookSettings,
    "alertmanager": AlertmanagerSettings,
    "log": LogSettings,
    "daemon": DaemonSettings,
}
