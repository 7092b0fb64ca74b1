"""Settings that are addresses: URLs, networks, headers. As `setting_values`: a value in, what `Settings` holds out, or
BadSetting, in which no secret is quoted.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from observer.config.setting_values import BadSetting, quoted, secret, text
from observer.settings import is_loopback

#: RFC 9110: a token.
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
#: Every browser writes these itself, and a proxy lets them pass.
_OF_BROWSERS = frozenset({"authorization", "cookie", "from", "host", "origin", "referer", "user-agent"})


def networks(value: object) -> tuple[str, ...]:
    """A list of IP addresses and networks; in the environment one text, with commas between them."""
    form = 'a list like ["10.0.0.7", "10.1.0.0/16"], in the environment with commas between them'
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts:
        raise BadSetting(f"it is {quoted(value)}", fix=f"write {form}")
    found = []
    for part in parts:
        try:
            network = ipaddress.ip_network(part.strip() if isinstance(part, str) else "", strict=False)
        except ValueError:
            raise BadSetting(f"{quoted(part)} is no address and no network", fix=f"write {form}") from None
        if network.prefixlen == 0:
            fix = "name the addresses of the proxies alone: whoever is trusted can say that he is anybody"
            raise BadSetting(f"{quoted(part)} is every address", fix=fix)
        found.append(str(network))
    return tuple(found)


def header(value: object) -> str:
    """The name of an HTTP header in which a proxy can say something."""
    name = text(value)
    if not _HEADER.fullmatch(name):
        raise BadSetting(f"it is {quoted(value)}, which is no name of a header", fix="write e.g. X-Forwarded-Email")
    if name.lower() in _OF_BROWSERS:
        raise BadSetting(f"{quoted(value)} is written by browsers themselves", fix="write e.g. X-Forwarded-Email")
    return name


def site(value: object) -> str:
    """Where people reach the pages: an http(s) URL without a path."""
    found = text(value)
    parts = _base(found, fix="write it like https://observer.example.com")
    if parts.path.strip("/"):
        fix = "give the pages a name of their own, like https://observer.example.com"
        raise BadSetting(f"it is {quoted(value)}: pages are served at the root of a name", fix=fix)
    return found.rstrip("/")


def api(value: object) -> str:
    """A base to which a token is sent, with a slash at its end: https, or on this machine."""
    found = text(value)
    parts = _base(found, fix="write it like https://slack.com/api/")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise BadSetting(f"it is {quoted(value)}: the token would be sent for all to read", fix="write https://…")
    return f"{found.rstrip('/')}/"


def secret_url(value: object) -> str:
    """An http(s) URL that no message shows."""
    found = str(secret()(value))
    if isinstance(parts := _split(found), str):
        raise BadSetting(parts, fix="write it like https://hooks.example.com/observer")
    return found


def secret_base(value: object) -> str:
    """The same, to which paths are added; it may hold a password."""
    found = secret_url(value)
    if "?" in found or "#" in found:
        raise BadSetting("a base has no query or fragment", fix="write it like http://alertmanager.example.com:9093")
    return found


def _base(found: str, *, fix: str) -> SplitResult:
    """Raises BadSetting: it cannot be asked, or holds more than where to ask."""
    # A password in it would be a secret, and nobody wrote it to be shown.
    shown = "" if "@" in found else f"it is {quoted(found)}: "
    parts = _split(found)
    if isinstance(parts, str):
        raise BadSetting(f"{shown}{parts}", fix=fix)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise BadSetting(f"{shown}a base has no user, query or fragment", fix=fix)
    return parts


def _split(found: str) -> SplitResult | str:
    """What is wrong with it, when it cannot be asked."""
    try:
        parts = urlsplit(found)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", found):
        return "it is no http or https URL"
    return parts
