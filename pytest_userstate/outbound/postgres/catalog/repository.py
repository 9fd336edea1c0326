"""Reading a schema snapshot from a PostgreSQL server, versions 14 and newer.

Only ``pg_catalog`` is read, which needs no privilege on any table, so every role
gets the same snapshot. Text is deparsed with a search path of ``pg_catalog``
alone: PostgreSQL's own names have no schema (``timestamp with time zone``,
``now()``), whatever is the user's with its schema (``public.mood``,
``nextval('public.users_id_seq'::regclass)``), in every session alike.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import gc
import re
import typing as typ

import attrs
import psycopg
import psycopg.rows
from psycopg.pq import TransactionStatus

from pytest_userstate.domain.errors import SchemaSnapshotRepositoryError
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.postgres.catalog.assembly import assemble
from pytest_userstate.outbound.postgres.catalog.reading import CatalogReading
from pytest_userstate.outbound.postgres.deparsing import PostgresDeparser

Connection = psycopg.Connection[typ.Any]

OLDEST_SERVER = 140_000

# What deparsed text, and the time it takes, depend on.
_SETTINGS: typ.Final = {
    "client_encoding": "UTF8",
    "search_path": "pg_catalog, pg_temp",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "jit": "off",
}


class PostgresSchemaSnapshotRepository:
    """Loads the schema of a PostgreSQL database.

    A connection that is open already is left as it was: its settings, and the
    transaction that it may be in. The snapshot is consistent: it is read in a
    transaction of its own, read-only and repeatable read, or, on a connection that is
    inside a transaction, there. (Definitions that PostgreSQL deparses are those of the
    moment, whatever the transaction's isolation.)
    """

    def __init__(
        self,
        connect: cabc.Callable[[], Connection] | Connection,
        *,
        bookkeeping: cabc.Set[str] = frozenset(),
        statement_timeout: str | None = None,
        lock_timeout: str | None = "30s",
    ) -> None:
        """Keep how to connect; nothing is opened yet."""
        self._connect = connect
        self._bookkeeping = bookkeeping
        limits = {"statement_timeout": statement_timeout, "lock_timeout": lock_timeout}
        self._settings = _SETTINGS | {k: v for k, v in limits.items() if v}

    def load(self) -> SchemaSnapshot:
        """Return the schema as it is now; no message of a failure holds a password."""
        with self._connection() as connection:
            _refuse_old_server(connection)
            with (
                _failing_to_query(connection),
                _reading(connection),
                _no_garbage_collection(),
            ):
                return self._read(connection)

    def _read(self, connection: Connection) -> SchemaSnapshot:
        settings = _set_locally(self._settings)
        plain = psycopg.Cursor(connection, row_factory=psycopg.rows.tuple_row)
        row = plain.execute(settings, prepare=False).fetchone()
        cursor = psycopg.Cursor(connection, row_factory=psycopg.rows.namedtuple_row)
        snapshot = assemble(
            CatalogReading(cursor, connection.info.server_version),
            bookkeeping=self._bookkeeping,
        )
        return attrs.evolve(
            snapshot,
            search_path=row[0] if row else (),
            deparser=PostgresDeparser(self._connect, settings),
        )

    @contextlib.contextmanager
    def _connection(self) -> cabc.Iterator[Connection]:
        """Give the connection, and close it again if it was opened here."""
        if callable(self._connect):
            with contextlib.closing(_open(self._connect)) as connection:
                yield connection
        else:
            yield _unless_closed(self._connect)


def _set_locally(settings: cabc.Mapping[str, str]) -> bytes:
    """Return the statement that sets these for the transaction at hand.

    What it returns first are the schemas that the session looked names up in.

    It is the only one that runs in the search path of somebody else, who may have a
    function of any name in it: so it names the schema.
    """
    calls = (
        f"pg_catalog.set_config('{name}', '{value}', true)"
        for name, value in settings.items()
    )
    path = "pg_catalog.current_schemas(false)::pg_catalog.text[]"
    return f"SELECT {', '.join((path, *calls))}".encode()


def _open(connect: cabc.Callable[[], Connection]) -> Connection:
    try:
        return connect()
    except psycopg.Error as error:
        failure = error
    # Raised outside of the handler, so that the original is not shown beneath:
    # it may quote the connection string.
    cause = type(failure)(without_secrets(failure))
    message = _CANNOT_CONNECT.format(reason=_indented(str(cause)))
    raise SchemaSnapshotRepositoryError(message, operation="connect") from cause


def _unless_closed(connection: Connection) -> Connection:
    if connection.closed:
        message = (
            "The schema cannot be read: the database connection is closed.\n"
            "Pass an open connection, or a function that opens one."
        )
        raise SchemaSnapshotRepositoryError(message, operation="connect")
    return connection


def _refuse_old_server(connection: Connection) -> None:
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        major, minor = divmod(version, 10_000)
        message = (
            f"The server is PostgreSQL {major}.{minor}, or says so; the schema can be\n"
            f"read from PostgreSQL {OLDEST_SERVER // 10_000} and newer."
        )
        raise SchemaSnapshotRepositoryError(message, operation="query")


@contextlib.contextmanager
def _failing_to_query(connection: Connection) -> cabc.Iterator[None]:
    database, user = connection.info.dbname, connection.info.user
    try:
        yield
    except psycopg.Error as error:
        message = _CANNOT_QUERY.format(
            database=database,
            user=user,
            reason=_indented(str(error)),
            hint=_HINTS.get(type(error), _NEEDS),
        )
        raise SchemaSnapshotRepositoryError(message, operation="query") from error


@contextlib.contextmanager
def _reading(connection: Connection) -> cabc.Iterator[None]:
    """Run in a transaction that leaves nothing behind, settings included.

    Inside a transaction of the caller's it is a savepoint.
    """
    status = connection.info.transaction_status
    if status is TransactionStatus.INERROR:
        # A query says what is wrong. A savepoint that cannot be set is taken for an
        # open one by psycopg before 3.3, and the caller could not roll back any more.
        connection.execute("SELECT")
    if status is not TransactionStatus.IDLE:
        with connection.transaction(force_rollback=True):
            yield
        return
    isolation_level, read_only = connection.isolation_level, connection.read_only
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with connection.transaction(force_rollback=True):
            yield
    finally:
        if connection.info.transaction_status is TransactionStatus.IDLE:
            connection.isolation_level = isolation_level
            connection.read_only = read_only


@contextlib.contextmanager
def _no_garbage_collection() -> cabc.Iterator[None]:
    """Pause the collector: it would look through a large schema over and over."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def without_secrets(error: psycopg.Error) -> str:
    """Return what the driver says of a failed connection, without passwords.

    What it quotes from a malformed connection string can be anything, part of a
    password too; and the text before an at-sign may be one that would have had
    to be percent-encoded.
    """
    text = str(error).strip()
    if isinstance(error, psycopg.ProgrammingError):
        text = re.sub(r'".*"', '"…"', text, flags=re.DOTALL)
    text = re.sub(r"[^\s'\"]*@", "…@", text)
    return re.sub(r"(?i)\b(password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)", r"\1…", text)


def _indented(text: str) -> str:
    return "\n".join(f"  {line.strip()}" for line in text.strip().splitlines())


_CANNOT_CONNECT = """\
No connection to PostgreSQL.
{reason}
Check that the server runs, and that host, port, database, user and password are
right. In a connection URL, special characters are written percent-encoded."""

_CANNOT_QUERY = """\
The schema of database {database!r} could not be read (as role {user!r}).
{reason}
{hint}"""

_LOST = (
    "The connection was lost meanwhile. Nothing was changed; see if the server runs."
)
_NEEDS = "Reading needs PostgreSQL's own catalogs, but no privilege on any table."
_HINTS: typ.Final[dict[type[psycopg.Error], str]] = {
    psycopg.errors.LockNotAvailable: (
        "Another session holds a lock on something that had to be read, as ALTER\n"
        "TABLE does until its transaction ends. Try again when it is through; if no\n"
        "session does, look for a prepared transaction that was never finished, in\n"
        "pg_prepared_xacts."
    ),
    psycopg.errors.QueryCanceled: (
        "Reading took longer than it may, or somebody ended it. Nothing was changed;\n"
        "try again when the server is less busy."
    ),
    psycopg.OperationalError: _LOST,
    psycopg.errors.AdminShutdown: _LOST,
    psycopg.errors.CrashShutdown: _LOST,
}
