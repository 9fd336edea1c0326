"""A migrated database that tests get private copies of."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import itertools
import typing as typ

import psycopg
from psycopg import sql
from pytest_postgresql.executors import NoopExecutor

from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations_target import (
    MigratedDatabase,
    MigrationsTarget,
)

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
        server = self._server
        name = f"{server.prefix_of_copies}_{next(self._numbers)}"
        template, copy, role = map(sql.Identifier, (server.database, name, self._role))
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        try:
            self.admin.execute(create.format(copy, template, role))
        except psycopg.OperationalError as error:
            raise server.lost(error) from error
        try:
            connection = server.connect(dbname=name, user=self._role, autocommit=False)
            with contextlib.closing(connection):
                yield connection
        finally:
            if name not in self._kept:
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                # A server that died took it along; who asks next is told.
                with contextlib.suppress(psycopg.OperationalError):
                    self.admin.execute(drop.format(copy))

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
