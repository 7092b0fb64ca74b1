"""What the observer has of its own: state, snapshots, token key, web address. Nothing is migrated, made or written."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import tempfile
from collections.abc import Sequence

from observer.checks.spec import ContractPlan
from observer.errors import ObserverError
from observer.jobs.doctor.findings import Finding, bad, broken, good, none, warning
from observer.jobs.doctor.inputs import GIVE_A_KEY
from observer.settings import Settings
from observer.store.versions import schema_versions

#: A folder with less room than this is full tomorrow.
LITTLE_ROOM = 1 << 30


def look_at_state(settings: Settings) -> Finding:
    """Whether it is there, and of which version."""
    try:
        seen = schema_versions(settings.state)
    except ObserverError as error:
        return broken("state", error)
    if not seen.known:
        found = f"{seen.place} was written by a newer version (schema {seen.current}, this one knows {seen.newest})"
        return bad("state", found, "install that version or a newer one, or name another state")
    if seen.current is None:
        return warning("state", f"{seen.place} is empty", "run `observer migrate`, or let the daemon do it")
    if not seen.up_to_date:
        found = f"{seen.place} is at schema {seen.current}, this version needs {seen.newest}"
        return warning("state", found, "back it up, then run `observer migrate`, or let the daemon do it")
    who = "several daemons may share it" if seen.shared else "for one daemon"
    return good("state", f"{seen.place} is at schema {seen.current}, {who}")


def look_at_snapshots(settings: Settings) -> Finding:
    """Whether their folder can be written, and has room."""
    kept = settings.snapshots
    if not kept.keep:
        return none("snapshots", "none are kept, so nothing is said about what changes between runs")
    folder = kept.folder.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"doctor")
        free = shutil.disk_usage(there).free
    except OSError as error:
        found = f"{there} cannot be written: {os.strerror(error.errno) if error.errno else type(error).__name__}"
        return bad("snapshots", found, "make it writable, or name another folder ([snapshots] folder)")
    found = f"{kept.folder} can be {'written' if there == folder else 'made'}, {free / (1 << 30):,.1f} GiB free"
    wanted = max(LITTLE_ROOM, (kept.max_mb or 0) << 20)
    if free < wanted:
        return warning("snapshots", found, "free some room, or keep fewer snapshots ([snapshots] max_mb)")
    return good("snapshots", found)


def look_at_token_key(settings: Settings, plans: Sequence[ContractPlan]) -> Finding:
    """Whether there is one where one is needed."""
    hidden = sorted({plan.contract for plan in plans if any(table.restricted for table in plan.tables)})
    if settings.token_key is not None:
        return good("token key", "given")
    if not hidden:
        return none("token key", "none is given, and no contract has restricted fields")
    found = f"none is given, and restricted fields of {', '.join(hidden[:5])} are only kept as tokens"
    if not settings.snapshots.keep:
        return none("token key", f"{found}; no snapshot is kept")
    return bad("token key", found, GIVE_A_KEY)


def look_at_web(settings: Settings) -> Finding:
    """Whether the address can be had, or is held by a daemon."""
    host, port = settings.web.host, settings.web.port
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if port == 0:
        return good("web", f"any free port of {host}")
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, number) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if _daemon_answers(host, port):
            return good("web", f"a daemon answers at {place}")
        reason = (error.strerror or type(error).__name__).lower()
        return bad("web", f"{place} cannot be had: {reason}", "stop what uses it, or set [web] port and host")
    return good("web", f"{place} is free")


def _daemon_answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1" if host in ("0.0.0.0", "::", "") else host, port, timeout=2)  # noqa: S104  # asks, does not listen
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
