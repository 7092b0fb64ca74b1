"""What tables and their copies are called in lineage. A source and a table in, namespace and name out.

The names are those of OpenLineage's naming conventions, so that other tools that read or write the same table speak of
the same dataset: https://openlineage.io/docs/spec/naming. No user name and no password is part of any.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy.engine import URL, make_url

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
    #: What stands before the name of a table, its separator included ("crm.public.", "/var/crm.db/").
    prefix: str
    #: The same without the schema, for tables that name theirs themselves.
    outer_prefix: str
    #: A URI without user, password and parameters.
    uri: str

    def table(self, physical_name: str) -> str:
        """`leads`, `sales.leads` and `crm.sales.leads` are all one table where `crm` is the database."""
        parts = physical_name.count(".") if self.prefix != self.outer_prefix else 0
        if parts == 0:
            return self.prefix + physical_name
        return (self.outer_prefix if parts == 1 else "") + physical_name


def source_name(kind: str, display_url: str, contract: Contract) -> SourceName:
    """`kind` and `display_url` as the source gives them: `postgresql`, `postgresql://ada:***@db:5432/crm`."""
    if kind == "file":
        return _of_files(Path(display_url.removeprefix("file:")))
    url = make_url(display_url)
    if kind in ("sqlite", "duckdb"):
        return _of_files(Path(url.database or ""))
    place = _place(url, kind)
    database = unquote(url.database or "")
    scheme = _SCHEMES.get(kind, kind)
    outer = f"{database}." if database else ""
    return SourceName(
        namespace=f"{scheme}://{place}",
        prefix=f"{outer}{_schema(contract)}." if kind == "postgresql" else outer,
        outer_prefix=outer,
        uri=f"{scheme}://{place}/{quote(database, safe='')}",
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
    return SourceName(namespace=FILES, prefix=f"{whole}/", outer_prefix=f"{whole}/", uri=whole.as_uri())


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
