"""Addresses of pages, in one place: links, redirects and routes agree."""

from __future__ import annotations

from urllib.parse import quote, urlencode

OVERVIEW = "/"
INCIDENTS = "/incidents"
OWNERS = "/owners"
LEVELS = "/levels"
LINEAGE = "/lineage"
LOGIN = "/login"
LOGOUT = "/logout"


def incident(id: str) -> str:
    """One incident."""
    return f"{INCIDENTS}/{_part(id)}"


def act(id: str) -> str:
    """Where the forms of an incident go."""
    return f"{incident(id)}/acts"


def incidents(**asked: str) -> str:
    """Incidents that are like that; what is empty is left out."""
    given = {name: value for name, value in asked.items() if value}
    return f"{INCIDENTS}?{urlencode(given)}" if given else INCIDENTS


def table(contract: str, name: str) -> str:
    """One table of a contract."""
    return f"/contracts/{_part(contract)}/tables/{_part(name)}"


def level(name: str) -> str:
    """One service level."""
    return f"{LEVELS}/{_part(name)}"


def run(id: str) -> str:
    """One run."""
    return f"/runs/{_part(id)}"


def login(then: str = "") -> str:
    """Where to log in, and go on to `then`."""
    return f"{LOGIN}?{urlencode({'then': then})}" if then and then != OVERVIEW else LOGIN


def local(path: str) -> str:
    """A path of this server to go on to, as a form gave it; anything else is the overview."""
    # Browsers read a backslash as a slash, and "//" as another server.
    own = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if own and not path.startswith((LOGIN, LOGOUT)) else OVERVIEW


def _part(text: str) -> str:
    return quote(text, safe="")
