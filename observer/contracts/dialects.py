"""Which SQL a contract is written in: its first server's, by the names that SQL parsers use."""

from __future__ import annotations

from observer.contracts.model import Contract

_NAMES = {"postgresql": "postgres", "cloudsql": "postgres", "sqlserver": "tsql", "synapse": "tsql"}
#: Servers that say nothing about SQL: the source's own is meant.
_ANY = ("custom", "local", "api", "sftp", "s3", "azure")


def dialect_of(contract: Contract) -> str | None:
    """sqlglot's name; None is the source's own. Not every name is known to sqlglot (`kafka` is not)."""
    kind = contract.servers[0].type if contract.servers else "custom"
    return None if kind in _ANY else _NAMES.get(kind, kind)
