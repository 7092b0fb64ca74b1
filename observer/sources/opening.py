"""`open_source`: a URL in, a Source out. Only the driver that the URL needs is imported."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from observer.errors import SourceError
from observer.sources.addresses import shown_raw, torn
from observer.sources.source import Source

EXAMPLES = (
    "postgresql://user:password@host:5432/database",
    "mysql://user:password@host:3306/database",
    "sqlite:///crm.db",
    "duckdb:///crm.duckdb",
    "file:./dump",
)

_ENCODE = "in a user name or password write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F, % as %25"


def open_source(
    url: str,
    *,
    statement_timeout: timedelta = timedelta(minutes=10),
    connect_timeout: timedelta = timedelta(seconds=10),
) -> Source:
    """The source behind a URL, read-only; nothing is asked of it yet, but its file or folder must exist.

    `postgresql://`, `mysql://`, `mariadb://`, `sqlite:///path`, `duckdb:///path`, `file:folder`, or any other
    SQLAlchemy URL, which serves pushdown alone. Raises SourceError: no such scheme, driver, file or folder.
    """
    scheme, colon, rest = url.partition(":")
    if scheme.lower() == "file" and colon:
        from observer.sources.folder import FolderSource

        return FolderSource(Path(rest.removeprefix("//") or "."))
    parsed = _parsed(url)
    match parsed.get_backend_name().lower():
        case "postgresql" | "postgres":
            from observer.sources.postgres import PostgresSource

            return PostgresSource(parsed, statement_timeout=statement_timeout, connect_timeout=connect_timeout)
        case "mysql" | "mariadb":
            from observer.sources.mysql import MysqlSource

            return MysqlSource(parsed, statement_timeout=statement_timeout, connect_timeout=connect_timeout)
        case "sqlite":
            from observer.sources.sqlite import SqliteSource

            return SqliteSource(_existing_file(parsed), statement_timeout=statement_timeout)
        case "duckdb" if not (parsed.database or "").startswith(("md:", "motherduck:")):
            from observer.sources.duck import DuckSource

            return DuckSource(_existing_file(parsed), statement_timeout=statement_timeout)
        case _:
            from observer.sources.other import OtherSource

            return OtherSource(parsed)


def _parsed(url: str) -> URL:
    with suppress(ArgumentError, ValueError):  # their messages quote the URL with its password
        parsed = make_url(url)
        if not torn(url):
            return parsed
    if url and os.path.isdir(url):  # noqa: PTH112  # pathlib raises for what is too long to be a path
        raise SourceError(f"{url!r} is a folder, not a URL", fix=f"write it as file:{url}")
    if os.path.isfile(url):  # noqa: PTH113  # as above
        raise SourceError(f"{url!r} is a file, not a URL", fix=f"write sqlite:///{url}, duckdb:///{url} or file:FOLDER")
    encode = f"; {_ENCODE}" if "@" in url else ""
    raise SourceError(f"{shown_raw(url)!r} is no source URL", fix=f"write one like {', '.join(EXAMPLES)}{encode}")


def _existing_file(url: URL) -> Path:
    name = url.drivername
    path = Path(url.database or "")
    if not url.database or url.database == ":memory:":
        raise SourceError(f"{name}:// names no file: there is nothing to read", fix=f"write {name}:///path/to/file")
    if url.host:
        raise SourceError(
            f"{name}://{url.host}/… names a host, but {name} reads a file", fix=f"use three slashes: {name}:///path"
        )
    if path.is_dir():
        raise SourceError(
            f"{path} is a folder, not a database file", fix="name the file, or use file:FOLDER for a dump"
        )
    if not path.is_file():
        raise SourceError(
            f"there is no file {path}", fix=f"correct the path ({name}:///relative/path or {name}:////absolute/path)"
        )
    return path
