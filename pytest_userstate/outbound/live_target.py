"""A live database as the target: read in place, nothing created or changed."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import typing as typ

import attrs
import psycopg
from psycopg.conninfo import conninfo_to_dict

from pytest_userstate.domain.errors import (
    SchemaSnapshotRepositoryError,
    UsageError,
)
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.postgres.catalogue import (
    PostgresSchemaSnapshotRepository,
)

_FROM_ENVIRONMENT: typ.Final = "env:"
_SESSION: typ.Final = (
    "-c default_transaction_read_only=on -c statement_timeout=60s -c lock_timeout=5s"
)
_CONNECT_SECONDS: typ.Final = 10


@attrs.frozen
class LiveDatabase:
    """An open connection to a live database, in a read-only session."""

    connection: psycopg.Connection[typ.Any]

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

    def load(self) -> SchemaSnapshot:
        """Return the schema as it stands now."""
        return PostgresSchemaSnapshotRepository(self.connection).load()


@attrs.frozen(kw_only=True)
class LiveTarget:
    """A live database, named by a DSN that no message ever repeats."""

    dsn: str = attrs.field(repr=False)
    found: str

    @property
    def description(self) -> TargetDescription:
        """What is audited, without its address or password."""
        return TargetDescription(
            kind="dsn", found=self.found, server="the live database's own server"
        )

    @contextlib.contextmanager
    def open(self) -> cabc.Iterator[LiveDatabase]:
        """Connect, read-only, and disconnect afterwards."""
        with contextlib.closing(self._connect()) as connection:
            yield LiveDatabase(connection)

    def _connect(self) -> psycopg.Connection[typ.Any]:
        options = conninfo_to_dict(self.dsn)
        given = str(options.get("options") or os.environ.get("PGOPTIONS", ""))
        try:
            return psycopg.connect(
                self.dsn,
                autocommit=True,
                connect_timeout=int(options.get("connect_timeout") or _CONNECT_SECONDS),
                options=f"{given} {_SESSION}".strip(),
            )
        except psycopg.OperationalError as error:
            message = (
                f"the live database ({self.found}) cannot be connected to:\n"
                f"{redacted(str(error).strip(), self.dsn)}"
            )
            raise SchemaSnapshotRepositoryError(message, operation="connect") from None


def live_target(value: str) -> LiveTarget:
    """Return the target that ``--userstate-dsn`` names.

    Raises
    ------
    UsageError
        When the environment variable is not set, or the DSN is none.
    """
    found = "--userstate-dsn"
    dsn = value
    if value.startswith(_FROM_ENVIRONMENT):
        name = value.removeprefix(_FROM_ENVIRONMENT)
        found = f"--userstate-dsn {value}"
        dsn = os.environ.get(name, "")
        if not dsn:
            message = f"{found}: the environment variable {name} is not set"
            raise UsageError(message)
    try:
        conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # libpq's own message repeats the text, and with it the password.
        message = (
            f"{found}: this is no connection string; expected "
            "postgresql://user@host:port/database, or host=… dbname=… user=…"
        )
        raise UsageError(message) from None
    return LiveTarget(dsn=dsn, found=found)


def redacted(message: str, dsn: str) -> str:
    """Return the message without the password of the DSN."""
    secrets = [conninfo_to_dict(dsn).get("password"), os.environ.get("PGPASSWORD")]
    for secret in secrets:
        if secret:
            message = message.replace(str(secret), "********")
    return message
