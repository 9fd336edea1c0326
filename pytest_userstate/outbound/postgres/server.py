"""A disposable PostgreSQL server, for as long as a context lasts."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import secrets
import socket
import threading
import types
import typing as typ
import urllib.parse
from pathlib import Path

import attrs
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import advised, check_machine
from pytest_userstate.outbound.postgres.binaries import Binaries, Version
from pytest_userstate.outbound.postgres.cluster import (
    Cluster,
    Preparation,
    ServerFiles,
    open_cache,
)
from pytest_userstate.outbound.postgres.connection_strings import Address
from pytest_userstate.outbound.postgres.run_folders import (
    RunFolder,
    make_run_folder,
    sweep,
)
from pytest_userstate.outbound.postgres.settings import (
    DATABASE,
    LOOPBACK,
    OWNER,
    SUPERUSER,
    without_limits,
)
from pytest_userstate.outbound.postgres.supervisor import Supervisor

__all__ = ["DATABASE", "OWNER", "SUPERUSER", "EmbeddedServer"]

STUBS_SINCE = 18  # the first version that has extension_control_path


class EmbeddedServer:
    """A PostgreSQL server of our own, gone without a trace afterwards.

    Entering the context starts it, leaving stops it and removes its folder; should
    this process be killed in between, both happen all the same. Only the account
    that runs this process can connect, as `SUPERUSER` or `OWNER`, through a socket
    in a closed folder.
    """

    def __init__(
        self,
        binaries: Binaries,
        *,
        cache_root: Path | None = None,
        stub_extensions: Path | None = None,
        all_databases: bool = False,
        listens: bool = False,
    ) -> None:
        """Describe a server; nothing is started yet.

        `stub_extensions` are used where the server has none of that name, from
        PostgreSQL 18 on. With `all_databases` there are ``postgres``, ``template0``
        and ``template1`` beside `DATABASE`: ``CREATE DATABASE`` needs them, as do
        tools that connect to ``postgres`` first. The audit does not, and starts in
        half the time. One that `listens` can be reached over TCP as well, from this
        machine, by whom `program_access` gives a password.
        """
        self._binaries = binaries
        self._cache_root = cache_root
        self._stub_extensions = stub_extensions
        self._all_databases = all_databases
        self._listens = listens
        self._run: _Run | None = None
        self._is_launched = False

    def launch(self) -> None:
        """Start the server, and do not wait; leaving the context then does not, either.

        It has to be closed in the end.
        """
        self._is_launched = True
        self._start()

    def __enter__(self) -> typ.Self:
        """Start the server and wait until it accepts connections."""
        try:
            if self._run is None:
                self._start()
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        """Stop the server, and wait until its processes and its folder are gone."""
        if self._is_launched and self._run is not None:
            self._run.supervisor.let_go()
        else:
            self.close()

    @property
    def host(self) -> str:
        """The folder of the socket, which libpq takes for a host."""
        return str(self._running.folder.path)

    @property
    def port(self) -> int:
        """The number in the socket's name; a network port only where it listens."""
        return self._running.folder.port

    @property
    def version(self) -> str:
        """The server's version: ``18.6``."""
        return str(self._version)

    database: typ.Final = DATABASE
    superuser: typ.Final = SUPERUSER
    maintenance_database: typ.Final = "postgres"
    prefix_of_copies: typ.Final = "test"
    password: typ.Final = ""

    def role(self, wanted: str, *, superuser: bool) -> str:
        """Return the role that migrations run as, and that owns what they make."""
        return SUPERUSER if superuser else wanted or OWNER

    def _start(self, *, anew: bool = False) -> None:
        account = check_machine()
        sweep(account)
        cache = open_cache(account, self._cache_root)
        folder = make_run_folder(account)
        try:
            if self._listens:
                folder = attrs.evolve(folder, port=_free_port())
            folder.open_for(account)
            preparation = Preparation(account, cache, folder, anew=anew)
            files = preparation.prepare(self._binaries, self._stub_extensions)
            supervisor = Supervisor(
                folder,
                account,
                files.binaries,
                archives=self._archives(files.cluster),
                arguments=_arguments(folder, files, listens=self._listens),
            )
        except BaseException as error:
            folder.discard()
            if isinstance(error, OSError):
                raise ServerError(advised(_NOT_PREPARED.format(error=error))) from error
            raise
        self._run = _Run(folder, files, supervisor)

    def connect(
        self,
        *,
        dbname: str = DATABASE,
        user: str = OWNER,
        autocommit: bool = True,
        has_time: bool = False,
    ) -> psycopg.Connection:
        """Open a connection, whatever the `PG*` variables of the user say.

        One that `has_time` is not bound by limits that a migration may have set.
        """
        try:
            return _connect(
                host=self.host,
                port=self.port,
                dbname=dbname,
                user=user,
                autocommit=autocommit,
                options=without_limits(self._version.major) if has_time else "",
            )
        except psycopg.OperationalError as error:
            message = _NOT_CONNECTED.format(
                version=self.version,
                dbname=dbname,
                user=user,
                error=str(error).strip(),
                state="died" if self.has_died else "still runs",
                tail=self._running.supervisor.log_tail(),
            )
            raise ServerError(message) from error

    @contextlib.contextmanager
    def program_access(
        self, role: str, database: str = DATABASE
    ) -> cabc.Iterator[Address]:
        """Let a role connect over TCP, with a random password, for a while.

        Other users of the machine can reach the port, too; they do not have the
        password, and no other role has one.
        """
        password = secrets.token_hex(32)
        with contextlib.closing(self.connect(user=SUPERUSER, dbname=database)) as own:
            # What the server gets, and could write to its log, is not the password.
            verifier = own.pgconn.encrypt_password(
                password.encode(), role.encode(), b"scram-sha-256"
            )
            change = sql.SQL("ALTER ROLE {} PASSWORD {}")
            name = sql.Identifier(role)
            own.execute(change.format(name, verifier.decode()))
            try:
                yield Address(
                    host=LOOPBACK,
                    port=self.port,
                    database=database,
                    role=role,
                    password=password,
                )
            finally:
                with contextlib.suppress(psycopg.OperationalError):  # it may have died
                    own.execute(change.format(name, None))

    @property
    def has_died(self) -> bool:
        """Whether the server has stopped by itself."""
        return not self._running.supervisor.is_listening

    def lost(self, error: psycopg.OperationalError) -> ServerError:
        """Return the error that says what became of the server under a connection."""
        return ServerError(
            _LOST.format(
                version=self.version,
                state="died while it was in use"
                if self.has_died
                else "refuses to go on",
                error=str(error).strip(),
                tail=self._running.supervisor.log_tail(),
            )
        )

    def close(self) -> None:
        """Stop the server; once more does no harm, if the first was interrupted."""
        if self._run is not None:
            self._run.supervisor.stop()
            self._run = None

    def url(self, database: str, role: str, *, password: str = "") -> str:
        """Return where a database is, for programs that know libpq's URLs."""
        del password  # the socket admits the account
        query = urllib.parse.urlencode({"host": self.host, "port": self.port})
        return f"postgresql://{role}@/{database}?{query}"

    def keep(self, databases: cabc.Iterable[str], seconds: int) -> None:
        """Let the server live on after the context, for so many seconds."""
        del databases  # all that are there
        self._running.supervisor.keep_running(seconds)

    def side_effects(self) -> tuple[str, ...]:
        """Return nothing: whatever was made goes with the server."""
        return ()

    @property
    def _running(self) -> _Run:
        if self._run is None:
            message = "the embedded PostgreSQL is not running: enter its context first"
            raise ServerError(message)
        return self._run

    @property
    def _version(self) -> Version:
        return self._running.files.cluster.version

    def _archives(self, cluster: Cluster) -> list[Path | str]:
        return [cluster.audited, cluster.others if self._all_databases else ""]

    def _wait_until_ready(self) -> None:
        """Wait; if a cached entry makes the start fail, make the entries anew, once."""
        run = self._running
        if run.files.cluster.is_intact():
            try:
                run.supervisor.wait_until_ready()
            except ServerError:
                if run.supervisor.is_alive or not run.files.is_reused:
                    raise
            else:
                return
        self.close()
        self._start(anew=True)
        self._running.supervisor.wait_until_ready()


@attrs.frozen
class _Run:
    """What belongs to one start of the server."""

    folder: RunFolder
    files: ServerFiles
    supervisor: Supervisor


def _free_port() -> int:
    """Return a port that nobody listens on.

    Should somebody take it before the server does, the server is started once more.
    """
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, 0))
        except OSError as error:
            message = _NO_LOOPBACK.format(address=LOOPBACK, error=error.strerror)
            raise ServerError(message) from error
        return int(probe.getsockname()[1])


def _arguments(folder: RunFolder, files: ServerFiles, *, listens: bool) -> list[str]:
    arguments = ["-k", str(folder.path), "-p", str(folder.port)]
    if listens:
        arguments += ["-c", f"listen_addresses={LOOPBACK}"]
    stubs = files.stub_extensions
    if stubs is not None and files.cluster.version.major >= STUBS_SINCE:
        # What the server has itself comes before the stubs.
        lent = files.cluster.lent_extensions
        path = f"{lent}:$system:{stubs}" if ":" not in str(lent) else f"$system:{stubs}"
        arguments += ["-c", f"extension_control_path={path}"]
    return arguments


_NOT_PREPARED = """\
the embedded PostgreSQL could not be prepared.
  found      {error}"""

_NO_LOOPBACK = """\
the embedded PostgreSQL cannot listen on {address}, where the program that migrates
is to find it.
  found      {error}
To fix it, bring up the loopback interface, for instance: ip link set lo up"""

_LOST = """\
the embedded PostgreSQL {version} {state}.
  error      {error}
The end of its log:
{tail}"""

_NOT_CONNECTED = """\
cannot connect to the embedded PostgreSQL {version}, which {state}.
  database   {dbname}
  role       {user}
  error      {error}
The end of its log:
{tail}"""


_environment = threading.Lock()


def _connect(*, autocommit: bool = True, **conninfo: str | int) -> psycopg.Connection:
    """Connect with these parameters only.

    libpq takes what a caller leaves out from variables such as `PGSERVICE`,
    `PGOPTIONS` or `PGSSLMODE`: they are meant for another server, so they are
    hidden from it while it connects.
    """
    with _without_pg_variables():
        return psycopg.connect(make_conninfo("", **conninfo), autocommit=autocommit)


@contextlib.contextmanager
def _without_pg_variables() -> cabc.Iterator[None]:
    """Take the `PG*` variables away for a while, in one thread at a time."""
    with _environment:
        hidden = {
            name: os.environ.pop(name)
            for name in tuple(os.environ)
            if name.startswith("PG")
        }
        try:
            yield
        finally:
            os.environ.update(hidden)
