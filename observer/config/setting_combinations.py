"""Settings that cannot work alone: names of what was given in, those that lack another out, each with its remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from observer.config.known_settings import Name


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A setting that was given and has no effect, or a dangerous one, as the others are."""

    name: Name
    message: str
    fix: str


#: What was given → what it needs, and why.
_NEEDS: dict[Name, tuple[Name, str]] = {
    ("web", "user_header"): (
        ("web", "trusted_proxies"),
        "anybody could write that header: name the addresses of the proxies that are believed",
    ),
    ("web", "trusted_proxies"): (("web", "user_header"), "name the header in which they say who somebody is"),
    ("slack", "app_token"): (("slack", "token"), "buttons stand in messages, and those need the token of the bot"),
    ("slack", "signing_secret"): (("slack", "token"), "buttons stand in messages, and those need the token of the bot"),
    ("webhook", "url"): (
        ("webhook", "secret"),
        "bodies are signed, so that the receiver can tell ours from others: use 16 random characters or more",
    ),
    ("webhook", "secret"): (("webhook", "url"), "name the address that the notices are sent to"),
}


def misfits(given: Collection[Name]) -> Iterator[Misfit]:
    """Every setting that was given without what it needs."""
    for name in given:
        needed, why = _NEEDS.get(name, (None, ""))
        if needed is not None and needed not in given:
            said = ".".join(needed)
            fix = f"{why} (`{said}`), or remove this one"
            yield Misfit(name=name, message=f"it is given without `{said}`", fix=fix)
