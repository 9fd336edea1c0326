"""A migrated database that tests get private copies of."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import itertools
import typing as typ

import psycopg
from pytest_postgresql.executors import NoopExecutor

from pytest_userstate.domain.ports import Scratch
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrated_database import MigratedDatabase
from pytest_userstate.outbound.migrations_target import MigrationsTarget
from pytest_userstate.outbound.proving.scratch import private_copy

_KEPT_SECONDS: typ.Final = 3600


class BaselineExecutor(NoopExecutor):
    """The running server, in the shape that pytest-postgresql's factories expect.

    ``pytest_postgresql.factories.postgresql("userstate_server")`` makes a client
    fixture of it whose databases are copies of the migrated baseline.
    """

    baseline: str

    @property
    def template_dbname(self) -> str:
        """The migrated baseline."""
        return self.baseline


class Baseline:
    """A migrated database on a running server, and private copies of it.

    Attributes
    ----------
    admin : psycopg.Connection
        The superuser's connection that makes and drops the copies.
    """

    def __init__(self, database: MigratedDatabase) -> None:
        """Keep one connection open for making and dropping copies."""
        self._database = database
        self._role = database.role
        self._server = server = database.server
        self._numbers = itertools.count(1)
        self.admin: psycopg.Connection[typ.Any] = server.connect(
            dbname=server.maintenance_database, user=server.superuser
        )
        self._kept: list[str] = []

    def load(self) -> SchemaSnapshot:
        """Return the baseline's schema, each fact with its source."""
        return self._database.load()

    @property
    def scratch(self) -> Scratch:
        """Where further copies are made, to try things out."""
        return self._database.scratch

    def executor(self) -> BaselineExecutor:
        """Return the server as pytest-postgresql knows servers."""
        server = self._server
        executor = BaselineExecutor(
            host=server.host,
            port=server.port,
            user=server.superuser,
            password=server.password,
            options="",
            dbname=f"{server.prefix_of_copies}s",
            maintenance_dbname=server.maintenance_database,
        )
        executor.baseline = server.database
        return executor

    @contextlib.contextmanager
    def copy(self) -> cabc.Iterator[psycopg.Connection[typ.Any]]:
        """Yield a connection to a fresh copy, and drop the copy afterwards.

        Raises
        ------
        ServerError
            When the server is gone, or has no room for another database.
        """
        name = f"{self._server.prefix_of_copies}_{next(self._numbers)}"
        kept = functools.partial(self._kept.__contains__, name)
        with private_copy(
            self._server, self.admin, name, owner=self._role, is_kept=kept
        ):
            connection = self._server.connect(
                dbname=name, user=self._role, autocommit=False
            )
            with contextlib.closing(connection):
                yield connection

    def url(self, connection: psycopg.Connection[typ.Any]) -> str:
        """Return the URL of a copy, with its password if it needs one."""
        info = connection.info
        return self._server.url(info.dbname, self._role, password=info.password)

    def keep(self, connection: psycopg.Connection[typ.Any]) -> str:
        """Keep the copy beyond the run; return its connection string.

        The embedded server then outlives the run by an hour, and goes away by itself.
        """
        name = connection.info.dbname
        self._kept.append(name)
        return self._server.url(name, self._role)

    def close(self) -> None:
        """Close the connection; the server goes unless a copy is kept."""
        self.admin.close()
        if self._kept:
            self._server.keep(self._kept, _KEPT_SECONDS)


@contextlib.contextmanager
def open_baseline(target: MigrationsTarget) -> cabc.Iterator[Baseline]:
    """Start a server, apply the migrations, and yield the baseline."""
    with target.open_with_all_databases() as database:
        baseline = Baseline(database)
        with contextlib.closing(baseline):
            yield baseline
