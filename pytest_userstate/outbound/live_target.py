"""A live database as the target: read in place, nothing created or changed.

All that is set is set for one read-only transaction. Settings of the session would
stay in effect with a pooler, for the next user of the connection, and poolers refuse
those that come with the connection (`options`).
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import re
import sys
import typing as typ

import attrs
import psycopg

from pytest_userstate.domain.errors import SchemaSnapshotRepositoryError
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.secrets import Secret, hidden
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.connection_strings import (
    ConnectionString,
    connection_string,
)

_STATEMENT_TIMEOUT: typ.Final = "60s"
_LOCK_TIMEOUT: typ.Final = "5s"
_DRIVER: typ.Final = re.compile(r"^postgres(?:ql)?\+\w+://")
"""How SQLAlchemy names a driver in a URL, which libpq does not know."""


@attrs.frozen
class LiveDatabase:
    """An open connection to a live database, whose transactions are read-only."""

    connection: psycopg.Connection[typ.Any]
    bookkeeping: frozenset[str] = frozenset()
    """Names of tables in which a migration tool keeps its records."""

    @property
    def server_version(self) -> str:
        """The server's version, such as ``15.18``."""
        number = self.connection.info.server_version
        return f"{number // 10000}.{number % 10000}"

    @property
    def applied(self) -> None:
        """None: no migrations are applied to a live database."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say why no fact has a source."""
        return ("a live database: no fact can be traced to a migration",)

    @property
    def scratch(self) -> None:
        """None: a live database is neither copied nor changed."""

    def load(self) -> SchemaSnapshot:
        """Return the current schema."""
        return PostgresSchemaSnapshotRepository(
            self.connection,
            bookkeeping=self.bookkeeping,
            statement_timeout=_STATEMENT_TIMEOUT,
            lock_timeout=_LOCK_TIMEOUT,
        ).load()


@attrs.frozen
class LiveTarget:
    """A live database, named by a connection string that no message ever repeats."""

    place: ConnectionString

    @property
    def found(self) -> str:
        """Where the connection string came from, for people."""
        return self.place.origin

    @property
    def description(self) -> TargetDescription:
        """What is audited, without its address or password."""
        return TargetDescription(
            kind="dsn", found=self.found, server="the live database's own server"
        )

    @contextlib.contextmanager
    def open(self) -> cabc.Iterator[LiveDatabase]:
        """Connect, for reading only, and disconnect afterwards."""
        failure = functools.partial(SchemaSnapshotRepositoryError, operation="connect")
        connection = self.place.connect("the live database", failure)
        with contextlib.closing(connection):
            connection.read_only = True
            yield LiveDatabase(connection)

    def load(self) -> SchemaSnapshot:
        """Connect, return the current schema, and disconnect."""
        with self.open() as database:
            return database.load()


def live_target(value: str | Secret, *, option: str = "--userstate-dsn") -> LiveTarget:
    """Return the live database that an option names; a UsageError says why not."""
    return LiveTarget(connection_string(value, option=option))


def schema_of(source: typ.Any) -> SchemaSnapshot:
    """Return the schema of whatever `pytest_userstate.snapshot_of` takes."""
    source = _connectable(hidden(source))
    match source:
        case SchemaSnapshot():
            return source
        case psycopg.Connection():
            return PostgresSchemaSnapshotRepository(source).load()
        case Secret():
            url = Secret(_DRIVER.sub("postgresql://", source.value))
            return live_target(url, option="the connection string").load()
        case _:
            kind = type(source)
            name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
            message = (
                "expected a psycopg connection, an SQLAlchemy engine or connection, a "
                f"URL, or a SchemaSnapshot, not {name}; for any other driver, give the "
                "URL"
            )
            raise TypeError(message)


def _connectable(source: typ.Any) -> typ.Any:
    """Return the connection behind SQLAlchemy's, the URL of its engine, or the source.

    A connection shows what its open transaction has changed. Only that of psycopg can
    be asked here.
    """
    sqlalchemy = sys.modules.get("sqlalchemy")
    if sqlalchemy is None:
        return source
    source = getattr(source, "sync_engine", source)
    if isinstance(source, sqlalchemy.Engine) and source.dialect.name == "postgresql":
        url = source.url.set(drivername="postgresql")
        return Secret(url.render_as_string(hide_password=False))
    if not isinstance(source, sqlalchemy.Connection):
        return source
    connection = source.connection.driver_connection
    if isinstance(connection, psycopg.Connection):
        return connection
    message = (
        f"this connection is one of {type(connection).__module__.partition('.')[0]}, "
        "whose open transaction nothing else can see: commit, and give the engine"
    )
    raise TypeError(message)
