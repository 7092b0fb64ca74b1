"""Addresses of pages, in one place: links, redirects and routes agree."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

OVERVIEW = "/"
INCIDENTS = "/incidents"
OWNERS = "/owners"
LEVELS = "/slos"
RUNS = "/runs"
LINEAGE = "/lineage"
LOGIN = "/login"
LOGOUT = "/logout"
#: No page has a longer one; forms carry it, and are bounded.
_LONGEST = 2_000


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


def contract(id: str) -> str:
    """One contract."""
    return f"/contracts/{_part(id)}"


def table(contract: str, name: str) -> str:
    """One table of a contract."""
    return f"/contracts/{_part(contract)}/tables/{_part(name)}"


def level(name: str) -> str:
    """One service level."""
    return f"{LEVELS}/{_part(name)}"


def run(id: str) -> str:
    """One run."""
    return f"{RUNS}/{_part(id)}"


def runs(**asked: str) -> str:
    """Runs that are like that; what is empty is left out."""
    return _asked(RUNS, asked)


def owners(**asked: str) -> str:
    """Fields that are like that; what is empty is left out."""
    return _asked(OWNERS, asked)


def login(then: str = "") -> str:
    """Where to log in, and go on to `then`."""
    return f"{LOGIN}?{urlencode({'then': then})}" if then and then != OVERVIEW else LOGIN


def local(path: str) -> str:
    """A path of this server to go on to, as a form gave it; anything else is the overview."""
    # Browsers read a backslash as a slash, and "//" as another server.
    own = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if own and len(path) <= _LONGEST and not path.startswith((LOGIN, LOGOUT)) else OVERVIEW


def _asked(path: str, asked: Mapping[str, str]) -> str:
    given = {name: value for name, value in asked.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _part(text: str) -> str:
    return quote(text, safe="")
