"""A PostgreSQL server for the tests: made, started on loopback, and stopped again with them."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

BINARIES = Path("/usr/lib/postgresql")
OWNER = "postgres"


def binaries() -> Path:
    """Return the directory of the server's programs."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: float(path.parent.parent.name))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise FileNotFoundError("the tests need PostgreSQL; install the Debian package postgresql")
    return Path(on_path).resolve().parent


class Postgres:
    """One server with its data in memory-backed files where there are any; it does not sync, being for tests."""

    def __init__(self) -> None:
        self._home = Path(
            tempfile.mkdtemp(prefix="fondaco-postgres-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        )
        self._is_root = os.geteuid() == 0
        self.user = OWNER if self._is_root else pwd.getpwuid(os.geteuid()).pw_name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def __enter__(self) -> Self:
        if self._is_root:
            shutil.chown(self._home, OWNER)
        data = str(self._home / "data")
        self._run(
            "initdb", "--pgdata", data, "--auth", "trust", "--username", self.user, "--encoding", "UTF8", "--no-sync"
        )
        options = f"-h 127.0.0.1 -p {self.port} -k {self._home} -c fsync=off -c max_connections=50"
        self._run("pg_ctl", "--pgdata", data, "--options", options, "--log", str(self._home / "log"), "--wait", "start")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "--pgdata", str(self._home / "data"), "--mode", "immediate", "stop")
        shutil.rmtree(self._home)

    def address(self, name: str) -> str:
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database and return its address."""
        self._sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.address(name)

    def drop(self, name: str) -> None:
        self._sql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _sql(self, statement: str) -> None:
        self._run(
            *("psql", "--quiet", "--no-psqlrc", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--username", self.user, "--dbname", "postgres", "--command", statement),
        )

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [binaries() / program, *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
            user=OWNER if self._is_root else None,
        )
