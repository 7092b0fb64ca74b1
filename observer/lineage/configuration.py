"""OpenLineage's own configuration → a transport, or none. The environment and the client's files in.

What can be set, and how, is the client's business: `OPENLINEAGE_URL`, `openlineage.yml`, `OPENLINEAGE_CONFIG`,
`OPENLINEAGE__TRANSPORT__…`, `OPENLINEAGE_DISABLED` (https://openlineage.io/docs/client/python/configuration). Four
things differ, because every event waits in our outbox until it is known to have landed:

- Nothing configured is off; the client itself would print every event.
- A configuration that cannot be used is an error; the client itself would go on without it.
- `async_http` is sent as `http`: the outbox is the queue, and outlives the process.
- Nothing is tried again within one attempt unless the configuration says so: the outbox does that.
"""

from __future__ import annotations

import base64
import copy
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from observer.errors import InputError

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient

_DOCS = "https://openlineage.io/docs/client/python/configuration"
_FIX = f"correct it (see {_DOCS}), or set OPENLINEAGE_DISABLED=true"
_ONE_ATTEMPT: dict[str, Any] = {"total": 0, "connect": 0, "read": 0, "status_forcelist": []}
_HTTP = ("http", "async_http")
#: What these hold of a transport may be secret.
_SECRET = ("auth", "custom_headers", "config", "storage_options", "fs_kwargs")
#: These are mappings; from the environment they come as JSON.
_MAPPINGS = ("auth", "retry", "custom_headers", "config", "storage_options", "fs_kwargs")


def is_configured() -> bool:
    """Whether anything says where lineage goes. Costs nothing: the client is not imported."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    return bool(os.environ.get("OPENLINEAGE_URL") or _has_settings() or _file())


def open_client(config: Mapping[str, Any] | None = None) -> OpenLineageClient | None:
    """The client with the transport that is configured; None when none is.

    `config` has the form of `openlineage.yml` and outranks file and environment. Raises InputError.
    """
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true" or not (config or is_configured()):
        return None
    _refuse_missing_file()
    from openlineage.client import OpenLineageClient
    from openlineage.client.transport.noop import NoopConfig, NoopTransport

    with _unheard(), _same_environment():
        try:
            client = OpenLineageClient(
                transport=NoopTransport(NoopConfig()), config=copy.deepcopy(dict(config)) if config else None
            )
            wanted: object = client.config.transport
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise InputError(f"the configuration of OpenLineage is not understood ({error})", fix=_FIX) from None
    client.transport = _transport(wanted if isinstance(wanted, dict) and wanted.get("type") else _by_url())
    return client


def _has_settings() -> bool:
    return any(name.startswith("OPENLINEAGE__") for name in os.environ)


def _file() -> Path | None:
    """The file that the client reads, if there is one."""
    named = os.environ.get("OPENLINEAGE_CONFIG")
    if named:
        return Path(named)
    try:
        places = [Path("openlineage.yml"), Path.home() / ".openlineage" / "openlineage.yml"]
    except RuntimeError:  # this user has no home
        places = [Path("openlineage.yml")]
    return next((path for path in places if path.is_file()), None)


def _refuse_missing_file() -> None:
    path = _file()
    if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
        raise InputError(f"OPENLINEAGE_CONFIG names {path}, which cannot be read", fix="name a readable file")


def _by_url() -> dict[str, Any]:
    url = os.environ.get("OPENLINEAGE_URL")
    if not url:
        found = _file()
        where = f"{found} is there, but" if found else "there are OPENLINEAGE__ variables, but"
        raise InputError(f"{where} no transport with a type is found", fix=f"write transport: {{type: …}}: {_FIX}")
    wanted: dict[str, Any] = {"type": "http", "url": url}
    if endpoint := os.environ.get("OPENLINEAGE_ENDPOINT"):
        wanted["endpoint"] = endpoint
    if key := os.environ.get("OPENLINEAGE_API_KEY"):
        wanted["auth"] = {"type": "api_key", "apiKey": key}
    return wanted


def _transport(wanted: dict[str, Any]) -> Any:
    from openlineage.client.transport import get_default_factory

    with _unheard():
        try:
            transport = get_default_factory().create(_prepared(wanted))
            if transport.kind == "composite":
                # Made when first asked for.
                assert transport.transports  # type: ignore[attr-defined]  # every composite has them
            return transport
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001  # transports may be anybody's, and so are their exceptions
            text = _scrubbed(str(error.args[0] if error.args else error), wanted)
            raise InputError(
                f"the OpenLineage transport {wanted.get('type')!r} cannot be made ({text})", fix=_FIX
            ) from None


def _prepared(wanted: dict[str, Any]) -> dict[str, Any]:
    """The same transport, with what is said above."""
    wanted = copy.deepcopy(wanted)
    for name in _MAPPINGS:
        if name in wanted and not isinstance(wanted[name], dict):
            raise InputError(f"{name} of the OpenLineage transport is no mapping", fix=f"write it as JSON: {_FIX}")
    kind = wanted.get("type")
    if kind in _HTTP:
        wanted["type"] = "http"
        wanted.setdefault("retry", dict(_ONE_ATTEMPT))
        wanted |= _without_login(wanted)
    if kind == "composite":
        inner = wanted.get("transports") or {}
        if isinstance(inner, dict):
            inner = [{**one, "name": name} for name, one in inner.items() if one]
        wanted["transports"] = [_prepared(one) for one in inner]
    return wanted


def _without_login(wanted: dict[str, Any]) -> dict[str, Any]:
    """A login within the URL becomes a header, so that no message can show it."""
    url = str(wanted.get("url", ""))
    try:
        parts = urlsplit(url.strip())
        known = parts.scheme in ("http", "https") and parts.hostname
        parts.port  # noqa: B018  # raises when it is no number
    except ValueError:
        known = None
    if not known:
        raise InputError("the URL of the OpenLineage transport is none", fix="write it like http://marquez:5000")
    if "@" not in parts.netloc:
        return {"url": url}
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    basic = "Basic " + base64.b64encode(login.encode()).decode()
    return {
        "url": urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])),
        "custom_headers": {"Authorization": basic, **wanted.get("custom_headers", {})},
    }


def _scrubbed(text: str, wanted: object, *, secret: bool = False) -> str:
    """The text without anything that stands where secrets do."""
    if isinstance(wanted, dict):
        for name, inner in wanted.items():
            text = _scrubbed(text, inner, secret=secret or name in _SECRET)
    elif isinstance(wanted, list):
        for inner in wanted:
            text = _scrubbed(text, inner, secret=secret)
    elif secret and str(wanted):
        text = text.replace(str(wanted), "***")
    return text


@contextmanager
def _unheard() -> Iterator[None]:
    """The client logs what it could not parse, secrets included; what is wrong is said here instead."""
    logger = logging.getLogger("openlineage")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _same_environment() -> Iterator[None]:
    """The client writes aliases of OPENLINEAGE_URL into the environment, for every process to come; not so here."""
    before = set(os.environ)
    try:
        yield
    finally:
        for name in set(os.environ) - before:
            if name.startswith("OPENLINEAGE__"):
                del os.environ[name]
