"""The pages: who may look, who may act, and where links in messages lead. In: settings. Out: one finding."""

from __future__ import annotations

from observer.jobs.doctor.findings import Finding, bad, good, none, warning
from observer.jobs.receivers import receivers_of
from observer.settings import Settings, is_loopback

_DOOR = "pages"


def look_at_pages(settings: Settings) -> Finding:
    """What of them cannot be meant comes before what could be better."""
    web = settings.web
    can_act = web.token is not None or web.user_header is not None
    if not web.reading_is_open and not can_act:
        remedy = "set OBSERVER_WEB_TOKEN_FILE, or `user_header` and `trusted_proxies` of `[web]`"
        return bad(_DOOR, "nobody can log in, and nobody may look without", remedy)
    if web.public_url is None and not is_loopback(web.host):
        if web.reading_is_open:
            remedy = "set `public_url` of `[web]`: pages are served by that name alone then"
            found = "everybody may look, foreign sites too, through the browser of somebody inside"
            return warning(_DOOR, found, remedy)
        if receivers_of(settings):
            remedy = "set `public_url` of `[web]` to the name under which people reach the pages"
            return warning(_DOOR, "links in messages lead to the machine of whoever follows them", remedy)
    if web.token is not None and (web.public_url or "").startswith("http:") and not is_loopback(web.public_name or ""):
        remedy = "let a proxy take TLS off, and make `public_url` of `[web]` https"
        return warning(_DOOR, "the token of the login is sent for all to read", remedy)
    is_near = is_loopback(web.host) and is_loopback(web.public_name or web.host)
    where = "on this machine" if is_near else f"at {web.public_url or web.host}"
    found = f"{'everybody' if web.reading_is_open else 'whoever is logged in'} may look {where}"
    return good(_DOOR, found) if can_act else none(_DOOR, f"{found}, nobody may act: no token is set")
