"""URLs of sources: how they may be shown, and how secrets are kept out of every other text. URL in, safe text out."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL

_MASK = "***"
_SECRET_PARAMETERS = ("password", "passwd", "sslpassword", "token", "motherduck_token", "secret", "sslkey", "api_key")

#: A name or a path.
_PLAIN = re.compile(r"[\w./\\~ -]*")
#: `host`, `host:port`, `[::1]:port`, with a path behind it.
_HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d+)?(/[\w./-]*)?")


def secrets_of(url: URL) -> tuple[str, ...]:
    """Everything in the URL that must never be shown, longest first, also as it may be encoded."""
    found = [str(url.password)] if url.password else []
    for name, value in url.query.items():
        if name.lower() in _SECRET_PARAMETERS:
            found += [value] if isinstance(value, str) else list(value)
    forms = {form for text in found if text for form in (text, quote(text, safe=""), quote(text), quote_plus(text))}
    return tuple(sorted(forms, key=len, reverse=True))


def shown(url: URL) -> str:
    """The URL without password: `postgresql://ada:***@db.example.com:5432/crm`."""
    hidden = {name: _MASK for name in url.query if name.lower() in _SECRET_PARAMETERS}
    return url.update_query_dict(hidden).render_as_string(hide_password=True).replace("%2A%2A%2A", _MASK)


def shown_raw(text: str) -> str:
    """The same for a text that is no proper URL: only what cannot hold a password is kept."""
    scheme, found, rest = text.partition("://")
    if not found:
        kept = text.rpartition("@")[2]
        return kept if _PLAIN.fullmatch(kept) else _MASK
    login, at, place = rest.rpartition("@")
    if not at:
        # `user:password` without a host reads like `host:port`.
        place = rest if _HOST.fullmatch(rest) else _MASK
    return f"{scheme}://{_MASK}@{place}" if login else f"{scheme}://{place}"


def torn(text: str) -> bool:
    """True when an `@` stands in the password as it is: it ends the password, and the rest would pass for a host."""
    _, _, after_user = text.partition("://")[2].partition(":")
    return "@" in after_user.partition("@")[2]


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """The text with every secret replaced by `***`."""
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return text


def libpq_uri(url: URL, **parameters: str) -> str:
    """The URL as libpq reads it (every reserved character encoded), with further connection parameters."""
    user = "" if url.username is None else quote(url.username, safe="")
    password = "" if url.password is None else ":" + quote(str(url.password), safe="")
    login = f"{user}{password}@" if user or password else ""
    host = url.host or ""
    place = f"[{host}]" if ":" in host else quote(host, safe="")
    port = f":{url.port}" if url.port else ""
    pairs = [(k, v) for k, values in url.normalized_query.items() for v in values if k not in parameters]
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in [*pairs, *parameters.items()])
    return f"postgresql://{login}{place}{port}/{quote(url.database or '', safe='')}?{query}"
