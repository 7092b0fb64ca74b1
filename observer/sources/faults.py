"""What a driver's exception means to a person: exception in, SourceError with a remedy out.

The driver's own words are quoted only where they can hold neither a password nor a value of a row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from observer.errors import SourceError
from observer.sources.addresses import scrub

_NO_ANSWER = ("the server did not answer in time", "check host, port and firewall, or raise OBSERVER_CONNECT_TIMEOUT")
#: SQLSTATE, or its class (two characters) → (what happened, remedy).
_BY_SQLSTATE = {
    "28P01": ("the user name or password was refused", "correct them in the source URL"),
    "28": ("the login was refused", "check user, password and the server's access rules (pg_hba.conf)"),
    "3D000": ("there is no such database", "correct the database name at the end of the source URL"),
    "42501": ("permission denied", "grant the user SELECT (and USAGE on the schema)"),
    "42P01": ("the table no longer exists", "run again, or correct physicalName in the contract"),
    "42703": ("a column no longer exists", "run again, or correct the contract"),
    "57014": (
        "a statement ran longer than the statement timeout",
        "raise OBSERVER_STATEMENT_TIMEOUT",
    ),
    "55P03": ("the table is locked", "run again when the migration that locks it is done"),
    "57P01": ("the server closed the connection", "run again when the server is back"),
    "40001": ("the replica cancelled the read", "raise max_standby_streaming_delay or set hot_standby_feedback"),
    "53": ("the server is out of resources", "free connections, memory or disk on the server"),
    "08": ("the connection was lost", "check the network and the server, then run again"),
    "22": ("a value could not be computed", "query it by hand: the view or generated column itself fails"),
    "25006": ("a write was refused: the session is read-only", "use a statement that only reads"),
}
#: MySQL and MariaDB error number → the same.
_BY_NUMBER = {
    1045: _BY_SQLSTATE["28P01"],
    1044: ("the user may not use this database", "grant the user SELECT on the database"),
    1049: _BY_SQLSTATE["3D000"],
    1142: _BY_SQLSTATE["42501"],
    1143: _BY_SQLSTATE["42501"],
    1146: _BY_SQLSTATE["42P01"],
    1054: _BY_SQLSTATE["42703"],
    1356: ("the view refers to tables or columns that are gone or not readable", "repair the view"),
    1412: ("the table was altered while it was being read", "run again"),
    1792: _BY_SQLSTATE["25006"],
    1969: _BY_SQLSTATE["57014"],
    3024: _BY_SQLSTATE["57014"],
    1053: _BY_SQLSTATE["57P01"],
    1205: _BY_SQLSTATE["55P03"],
    2003: ("the server cannot be reached", "check host and port in the source URL, and that the server is running"),
    2006: _BY_SQLSTATE["08"],
    2013: _BY_SQLSTATE["08"],
}
#: Part of a message, in lower case → the same, for what carries no code.
_BY_WORDS = (
    ("row-level security", ("row-level security would hide rows from this user", "grant the user BYPASSRLS")),
    ("password authentication failed", _BY_SQLSTATE["28P01"]),
    ("no password supplied", ("the server asks for a password", "put it into the source URL or ~/.pgpass")),
    ("no pg_hba.conf entry", _BY_SQLSTATE["28"]),
    ("translate host name", ("the host is unknown", "correct the host in the source URL")),
    ("resolve host", ("the host is unknown", "correct the host in the source URL")),
    ("name or service not known", ("the host is unknown", "correct the host in the source URL")),
    ("connection refused", _BY_NUMBER[2003]),
    ("is the server running", _BY_NUMBER[2003]),
    ("invalid port", ("the port is none", "correct the port in the source URL")),
    ("timeout expired", _NO_ANSWER),
    ("timed out", _NO_ANSWER),
    ("closed the connection unexpectedly", _BY_SQLSTATE["08"]),
    ("invalid snapshot identifier", ("the connection that holds the snapshot was lost", "run again")),
    ("ssl", ("the encrypted connection failed", "check sslmode and certificates in the source URL")),
    ("interrupted", _BY_SQLSTATE["57014"]),
    ("could not decode to utf-8", ("a text in it is not UTF-8", "repair the text, or store it as a blob")),
    ("file is not a database", ("the file is no SQLite database", "name the right file")),
    ("not a valid duckdb database", ("the file is no DuckDB database", "name the right file")),
    ("database disk image is malformed", ("the database file is damaged", "restore it from a backup")),
    (
        "unable to open database file",
        ("the database file cannot be opened", "make it and its folder readable"),
    ),
    ("database is locked", ("another program holds the database locked", "run again when it is done")),
    ("could not set lock on file", ("another program has the database open", "run again when it is closed")),
    ("attempt to write a readonly database", _BY_SQLSTATE["25006"]),
    ("out of memory", ("memory ran out", "give the process more memory")),
)
_MISSING_DATABASE = re.compile(r'database "[^"]*" does not exist')


@dataclass(frozen=True)
class Faults:
    """Turns exceptions of one source's driver into SourceErrors."""

    #: The URL as it may be shown.
    place: str
    secrets: tuple[str, ...] = ()

    def explain(self, error: BaseException, *, table: str | None = None) -> SourceError:
        """What happened, where, and what to do; a SourceError is given back as it is."""
        if isinstance(error, SourceError):
            return error
        what, fix = self._meaning(getattr(error, "orig", None) or error)
        where = f"table {table!r} of {self.place}" if table else self.place
        return SourceError(scrub(f"{where}: {what}", self.secrets), fix=fix)

    def _meaning(self, error: BaseException) -> tuple[str, str]:
        text = str(error).lower()
        state = getattr(error, "sqlstate", None) or ""
        number = error.args[0] if error.args and isinstance(error.args[0], int) else None
        if _MISSING_DATABASE.search(text):
            return _BY_SQLSTATE["3D000"]
        if number in (2003, 2013) and "timed out" in text:
            return _NO_ANSWER
        for words, meaning in _BY_WORDS[:1]:
            if words in text:
                return meaning
        if number in _BY_NUMBER:
            return _BY_NUMBER[number]
        for code in (state, state[:2]):
            if code in _BY_SQLSTATE:
                return _BY_SQLSTATE[code]
        for words, meaning in _BY_WORDS:
            if words in text:
                return meaning
        code = state or ("" if number is None else str(number))
        return (
            f"it failed with {type(error).__name__}{f' ({code})' if code else ''}",
            "see the server's log",
        )
