"""What the catalog reader says when it cannot read."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import types
import typing as typ

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from pytest_userstate.domain.errors import SchemaSnapshotRepositoryError
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.catalog import load, settings


def test_an_aborted_transaction_is_an_error_and_stays_as_it_is(
    database: psycopg.Connection,
) -> None:
    """Only the caller can end it."""
    database.execute("BEGIN")
    with pytest.raises(psycopg.errors.DivisionByZero):
        database.execute("SELECT 1 / 0")
    with pytest.raises(SchemaSnapshotRepositoryError, match="aborted") as caught:
        load(database)
    assert caught.value.operation == "query"
    assert isinstance(caught.value.__cause__, psycopg.errors.InFailedSqlTransaction)
    assert database.info.transaction_status is TransactionStatus.INERROR
    database.rollback()


def test_a_query_that_fails_is_an_error_that_leaves_the_connection_usable(
    database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """It says where, as whom, and what PostgreSQL says."""
    superuser.execute("REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC")
    before = settings(database)
    with pytest.raises(SchemaSnapshotRepositoryError) as caught:
        load(database)
    assert caught.value.operation == "query"
    assert str(caught.value) == (
        f"The schema of database {database.info.dbname!r} could not be read"
        " (as role 'userstate').\n"
        "  permission denied for table pg_policy\n"
        "Reading needs PostgreSQL's own catalogs, but no privilege on any table."
    )
    assert database.info.transaction_status is TransactionStatus.IDLE
    assert settings(database) == before
    assert database.isolation_level is None


def test_a_closed_connection_is_a_failure_to_connect(
    server: EmbeddedServer, database: psycopg.Connection
) -> None:
    """There is nothing to query."""
    connection = server.connect(dbname=database.info.dbname)
    connection.close()
    with pytest.raises(SchemaSnapshotRepositoryError, match="closed") as caught:
        load(connection)
    assert caught.value.operation == "connect"


def test_a_connection_that_is_lost_while_reading_is_an_error(
    server: EmbeddedServer, database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """No second error hides the first."""
    connection = server.connect(dbname=database.info.dbname)
    superuser.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    with contextlib.closing(connection):
        with pytest.raises(SchemaSnapshotRepositoryError, match="terminat") as caught:
            load(connection)
        assert caught.value.operation == "query"
        assert isinstance(caught.value.__cause__, psycopg.OperationalError)


def test_a_server_that_is_too_old_is_refused() -> None:
    """By its version, before anything is asked."""
    info = types.SimpleNamespace(server_version=130_012)
    old = typ.cast("psycopg.Connection", types.SimpleNamespace(closed=False, info=info))
    with pytest.raises(
        SchemaSnapshotRepositoryError, match=r"13\.12.*\n.*14"
    ) as caught:
        load(old)
    assert caught.value.operation == "query"


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://me:s3cret@127.0.0.1:1/db",
        "postgresql://me:s3@cret@127.0.0.1:1/db",
        "postgresql://me:x s3cret@127.0.0.1:1/db",
        "postgresql://me:s3cret%zz@127.0.0.1:1/db",
        "postgrez://me:s3cret@127.0.0.1:1/db",
        "postgresql://me:s3cret@127.0.0.1:1/db?nonsense=1",
        "host=127.0.0.1 port=1 password=s3cret",
        "host=127.0.0.1 port=1 password='s3 cret' nonsense",
        "host=127.0.0.1 port=1 password = s3cret 'nonsense",
    ],
)
def test_passwords_are_in_no_message(conninfo: str) -> None:
    """Nor in the error that it is chained to, nor in one that that hides."""
    with pytest.raises(SchemaSnapshotRepositoryError) as caught:
        PostgresSchemaSnapshotRepository(lambda: psycopg.connect(conninfo)).load()
    assert caught.value.operation == "connect"
    assert isinstance(caught.value.__cause__, psycopg.Error)
    for error in _chain(caught.value):
        assert "cret" not in str(error)
        assert "s3" not in str(error)


def _chain(error: BaseException) -> cabc.Iterator[BaseException]:
    yield error
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from _chain(other)


def test_a_connection_that_is_refused_says_why_and_what_to_check() -> None:
    """In PostgreSQL's words and ours."""
    unreachable = PostgresSchemaSnapshotRepository(
        lambda: psycopg.connect("host=/nowhere user=me dbname=db")
    )
    with pytest.raises(SchemaSnapshotRepositoryError) as caught:
        unreachable.load()
    message = str(caught.value)
    assert message.startswith("No connection to PostgreSQL.\n  connection ")
    assert "/nowhere" in message
    assert "host, port, database, user" in message
    assert max(map(len, message.splitlines()[-2:])) <= 80
