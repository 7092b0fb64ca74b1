"""What tables and their copies are called in lineage. A source and a table in, namespace and name out.

The names are those of OpenLineage's naming conventions, so that other tools that read or write the same table speak of
the same dataset: https://openlineage.io/docs/spec/naming. No user name and no password is part of any.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from observer.checks.audit import SnapshotTaken
from observer.checks.file_names import file_name
from observer.contracts.model import Contract

FILES = "file"
_DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
#: How OpenLineage writes the scheme of those that SQLAlchemy writes otherwise.
_SCHEMES = {"postgresql": "postgres", "mariadb": "mysql"}


@dataclass(frozen=True, kw_only=True)
class SourceName:
    """A source as lineage names it."""

    namespace: str
    #: A URI without user, password and parameters.
    uri: str
    #: Names that a table stands in, outermost first, as far as the contract does not write them: ("crm", "public").
    within: tuple[str, ...] = ()
    #: Stands before every name ("/var/crm.db/").
    prefix: str = ""

    def table(self, physical_name: str) -> str:
        """`leads`, `public.leads` and `crm.public.leads` are all one table where it stands in `crm` and `public`."""
        written = physical_name.split(".")
        unsaid = self.within[: max(0, len(self.within) + 1 - len(written))]
        return self.prefix + ".".join([*unsaid, *written])


def source_name(kind: str, display_url: str, contract: Contract) -> SourceName:
    """`kind` and `display_url` as the source gives them: `postgresql`, `postgresql://ada:***@db:5432/crm`."""
    if kind == "file":
        return _of_files(Path(display_url.removeprefix("file:")))
    try:
        url = make_url(display_url)
    except (ArgumentError, ValueError):  # of a dialect with URLs of its own; no run shall fail for that
        return SourceName(namespace=kind, uri=f"{quote(kind)}:")
    if kind in ("sqlite", "duckdb"):
        return _of_files(Path(url.database or ""))
    place = _place(url, kind)
    database = unquote(url.database or "")
    scheme = _SCHEMES.get(kind, kind)
    # What stands in what is not known of every database.
    within = (database, _schema(contract)) if kind == "postgresql" else (database,) if scheme == "mysql" else ()
    return SourceName(
        namespace=f"{scheme}://{place}",
        uri=f"{scheme}://{place}/{quote(database, safe='')}",
        # PostgreSQL's own default is a database called like the user, and no user is named here.
        within=tuple(filter(None, within)),
        prefix=f"{database}." if database and not within else "",
    )


def snapshot_name(snapshot: SnapshotTaken | None, contract: Contract, object_name: str) -> str:
    """The copy of a table, in the namespace `file`: one dataset over all runs, its versions are the runs' copies.

    A copy that was kept lies in `<folder>/<contract>/<version>/`; one that was not was removed after the run.
    """
    if snapshot is not None and snapshot.folder:
        home = Path(snapshot.folder).absolute().parent
        return f"{home}/{file_name(object_name)}"
    return f"temporary/{file_name(contract.id)}/{file_name(object_name)}"


def _of_files(path: Path) -> SourceName:
    whole = path.absolute()
    return SourceName(namespace=FILES, uri=whole.as_uri(), prefix=f"{whole}/")


def _place(url: URL, kind: str) -> str:
    """`host:port`, as far as they are known; a socket is on this machine."""
    listed = url.normalized_query.get("host", ("",))[0]
    host = url.host or listed
    port = url.port
    if not url.host and not host.startswith("/"):
        host, _, given = listed.partition(":")
        port = int(given) if given.isdecimal() else port
    if not host or host.startswith("/"):
        host = "localhost"
    port = port or _DEFAULT_PORTS.get(kind)
    shown = f"[{host}]" if ":" in host else quote(host, safe="")
    return f"{shown}:{port}" if port else shown


def _schema(contract: Contract) -> str:
    """The schema of tables that name none: the one that the contract's server names, else PostgreSQL's own default."""
    named = (s.schema for s in contract.servers if s.schema and s.type in ("postgres", "postgresql"))
    return next(named, "public")
