"""A PostgreSQL that runs for itself, with passwords and a port, as a service of CI."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
import typing as typ
from pathlib import Path

import psycopg

from pytest_userstate.outbound.postgres.account import clean_environment, server_account
from tests.helpers.servers import PATIENCE

if typ.TYPE_CHECKING:
    import collections.abc as cabc

    from pytest_userstate.outbound.postgres.binaries import Binaries

PASSWORD = "ge/heim@1"
_SETTINGS = ("fsync=off", "autovacuum=off", "unix_socket_directories=", "jit=off")


class RunningServer:
    """Where it is, and connections to it."""

    def __init__(self, port: int) -> None:
        """Note where it listens."""
        self.port = port

    def dsn(self, user: str = "admin", database: str = "postgres") -> str:
        """Return a connection URL with the password that all roles have."""
        password = PASSWORD.replace("/", "%2F").replace("@", "%40")
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def ask(self, query: str) -> list[typ.Any]:
        """Return the first column of an answer to the superuser."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return [row[0] for row in cursor] if cursor.description else []


@contextlib.contextmanager
def running_server(binaries: Binaries) -> cabc.Iterator[RunningServer]:
    """Start it, with the superuser `admin`, and stop it afterwards."""
    account = server_account()
    folder = Path(tempfile.mkdtemp(prefix="userstate-given-"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    secret = folder / "password"
    secret.write_text(PASSWORD)
    account.take_over(secret, folder)
    common: dict[str, typ.Any] = {
        "cwd": "/",
        "env": clean_environment(),
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        **account.credentials,
    }
    data = folder / "data"
    initdb = [binaries.initdb, "-D", data, "-U", "admin", "-A", "scram-sha-256"]
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    listen = ["-c", "listen_addresses=127.0.0.1", "-p", str(port)]
    try:
        more = ["-N", "-E", "UTF8", "--locale=C", f"--pwfile={secret}"]
        subprocess.run([*initdb, *more], check=True, **common)
        server = [binaries.postgres, "-D", data, *listen, *settings]
        with subprocess.Popen(server, **common) as process:
            try:
                _wait(RunningServer(port))
                yield RunningServer(port)
            finally:
                process.terminate()
    finally:
        shutil.rmtree(folder)


def _wait(server: RunningServer) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            server.ask("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
