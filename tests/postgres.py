"""A PostgreSQL server for the tests: a fresh cluster on loopback, stopped at the end.

Fixtures: ``postgres_server`` (one for the session) and ``postgres_url`` (an empty database of its
own for each test). Import them in ``conftest.py``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

LIBRARY = Path("/usr/lib/postgresql")
START_SECONDS = 60
INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server that trusts every local caller."""

    port: int

    def url(self, database: str) -> str:
        """The URL of one of its databases, as the product takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Run a statement outside of any transaction, in the maintenance database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests that ask for it; started when the first does."""
    binaries = find_binaries()
    # NOTE: not below pytest's tmp_path, which only its owner may enter: as root the server runs
    # as another user.
    root = Path(tempfile.mkdtemp(prefix="tracker-postgres-"))
    try:
        yield from _serve(binaries, root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database, dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def find_binaries() -> Path:
    """The bin directory of the newest PostgreSQL installed; fails the test when there is none."""
    found = [path.parent for path in LIBRARY.glob("*/bin/initdb")]
    found += [Path(path).parent for path in [shutil.which("initdb")] if path]
    if not found:
        pytest.fail(
            "PostgreSQL is not installed; the metadata tests run on it too. "
            "Install it with: apt-get install -y postgresql",
            pytrace=False,
        )
    return max(found, key=lambda path: (path.parent.name.isdigit(), path.parent.name.zfill(4)))


def _serve(binaries: Path, root: Path) -> Iterator[PostgresServer]:
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        account = pwd.getpwnam(user)
        os.chown(root, account.pw_uid, account.pw_gid)
    data, log = root / "data", root / "log"
    _initialise(binaries, data, user, root)
    with log.open("w") as output:
        server = PostgresServer(_free_port())
        process = subprocess.Popen(
            _command(binaries / "postgres", data, root, server.port),
            stdout=output,
            stderr=output,
            cwd=root,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
        try:
            _wait(server, process, log)
            yield server
        finally:
            _stop(process)


def _initialise(binaries: Path, data: Path, user: str | None, root: Path) -> None:
    done = subprocess.run(
        [binaries / "initdb", "-D", data, *INITDB],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        cwd=root,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        pytest.fail(f"initdb failed: {done.stderr.strip()}", pytrace=False)


def _command(postgres: Path, data: Path, root: Path, port: int) -> list[str | Path]:
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": root,
        "fsync": "off",
        "max_connections": 100,
        "shared_buffers": "16MB",
    }
    settings = [f"-c{name}={value}" for name, value in options.items()]
    return [postgres, "-D", data, *settings]


def _wait(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text()[-2000:]}", pytrace=False)


def _stop(process: subprocess.Popen[bytes]) -> None:
    # SIGINT is PostgreSQL's fast shutdown: it ends connections and stops its own children.
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
