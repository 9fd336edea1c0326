"""A live database as the target: read in place, nothing created or changed.

All that is set is set for one read-only transaction. Settings of the session would
stay behind with a pooler, for whoever gets its connection next, and poolers refuse
those that come with the connection (`options`).
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import re
import typing as typ
import urllib.parse

import attrs
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo, ConninfoOption

from pytest_userstate.domain.errors import (
    SchemaSnapshotRepositoryError,
    UsageError,
)
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.secrets import Secret, hidden
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)

_FROM_VARIABLE: typ.Final = "env:"
_FROM_LIBPQ: typ.Final = "libpq"
_VARIABLE: typ.Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MASK: typ.Final = "********"
# In a URL: behind the user's name, and as parameters.
_IN_URL: typ.Final = re.compile(
    r"://[^:/@]*:([^@]*)@|[?&]\w*(?:password|secret)\w*=([^&]*)"
)
_STATEMENT_TIMEOUT: typ.Final = "60s"
_LOCK_TIMEOUT: typ.Final = "5s"
_CONNECT_SECONDS: typ.Final = 10
_FORMS: typ.Final = (
    "postgresql://user@host:port/database, or host=… dbname=… user=…, or service=…; "
    f"{_FROM_VARIABLE}NAME takes it from the environment, and {_FROM_LIBPQ} everything "
    "from libpq's own (PGHOST, PGDATABASE, PGSERVICE, …)"
)


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

    def load(self) -> SchemaSnapshot:
        """Return the schema as it stands now."""
        return PostgresSchemaSnapshotRepository(
            self.connection,
            bookkeeping=self.bookkeeping,
            statement_timeout=_STATEMENT_TIMEOUT,
            lock_timeout=_LOCK_TIMEOUT,
        ).load()


@attrs.frozen(kw_only=True)
class LiveTarget:
    """A live database, named by a connection string that no message ever repeats."""

    dsn: Secret
    """The connection string; empty if libpq's environment says it all."""
    found: str
    """Where it came from, for people."""

    @property
    def description(self) -> TargetDescription:
        """What is audited, without its address or password."""
        return TargetDescription(
            kind="dsn", found=self.found, server="the live database's own server"
        )

    @contextlib.contextmanager
    def open(self) -> cabc.Iterator[LiveDatabase]:
        """Connect, for reading only, and disconnect afterwards."""
        with contextlib.closing(self._connect()) as connection:
            connection.read_only = True
            yield LiveDatabase(connection)

    def load(self) -> SchemaSnapshot:
        """Connect, return the schema as it stands now, and disconnect."""
        with self.open() as database:
            return database.load()

    def _connect(self) -> psycopg.Connection[typ.Any]:
        failure: BaseException
        try:
            return psycopg.connect(
                self.dsn.value, prepare_threshold=None, **_defaults(self.dsn)
            )
        except psycopg.Error as error:
            failure = SchemaSnapshotRepositoryError(
                self._complaint(error), operation="connect"
            )
        except KeyboardInterrupt:
            failure = KeyboardInterrupt()
        # Raised out here, since frames of the driver hold the connection string, and
        # pytest can be told to show the frames of all that was caught.
        raise failure

    def _complaint(self, error: psycopg.Error) -> str:
        reason = redacted(str(error).strip(), self.dsn)
        indented = "\n".join(f"  {line.strip()}" for line in reason.splitlines())
        hint = _CHECK
        if isinstance(error, psycopg.errors.ConnectionTimeout):
            hint = _CHECK_TIMEOUT
        return (
            f"the live database ({self.found}) cannot be connected to:\n"
            f"{indented}\n{hint}"
        )


_CHECK: typ.Final = """\
Check that the server runs, and that host, port, database, user and password are
right. In a connection URL, special characters are written percent-encoded."""
_CHECK_TIMEOUT: typ.Final = f"""\
Check host and port, and whether a firewall is between. The time to wait is
{_CONNECT_SECONDS} seconds, or what is said by connect_timeout in the connection
string or by the variable PGCONNECT_TIMEOUT."""


def live_target(value: str | Secret, *, option: str = "--userstate-dsn") -> LiveTarget:
    """Return the live database that an option names; a UsageError says why not."""
    dsn = value if isinstance(value, Secret) else Secret(value)
    value = dsn.value if _is_harmless(dsn.value) else "…"
    origin = f"{option} {value}" if value != "…" else option
    if not dsn.value.strip():
        message = f"{option} is empty; expected {_FORMS}"
        raise UsageError(message)
    if dsn.value == _FROM_LIBPQ:
        return LiveTarget(dsn=Secret(""), found=origin)
    if dsn.value.startswith(_FROM_VARIABLE):
        dsn = _from_variable(dsn, option)
    if problem := _problem(dsn):
        message = f"{origin}: {problem}"
        raise UsageError(message)
    return LiveTarget(dsn=dsn, found=origin)


def _is_harmless(value: str) -> bool:
    """Whether the value of an option names where a connection string is."""
    name = value.removeprefix(_FROM_VARIABLE)
    return value == _FROM_LIBPQ or (name != value and bool(_VARIABLE.fullmatch(name)))


def _from_variable(dsn: Secret, option: str) -> Secret:
    if not _is_harmless(dsn.value):
        message = (
            f"{option} {_FROM_VARIABLE}…: expected the name of an environment variable "
            f"behind {_FROM_VARIABLE}, such as {_FROM_VARIABLE}DATABASE_URL"
        )
        raise UsageError(message)
    name = dsn.value.removeprefix(_FROM_VARIABLE)
    value = os.environ.get(name, "")
    if not value.strip():
        state = "is empty" if name in os.environ else "is not set"
        message = f"{option} {dsn.value}: the environment variable {name} {state}"
        raise UsageError(message)
    return Secret(value)


def _problem(dsn: Secret) -> str:
    """Say what is wrong with a connection string, without repeating any of it."""
    try:
        # libpq's own message repeats the text, and with it the password.
        options = conninfo_to_dict(dsn.value)
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        return f"this is no connection string; expected {_FORMS}"
    if "://" not in dsn.value:
        return ""
    # Where a password holds `@`, `/`, `:` or the like, a URL is cut in wrong places.
    host, port = str(options.get("host") or ""), str(options.get("port") or "")
    misread = (
        "@" in host
        or "@" in str(options.get("dbname") or "")
        or not re.fullmatch(r"[\d,]*", port)
    )
    if not misread:
        return ""
    return (
        "this URL cannot be read: its host or port would not be one. Special "
        "characters in the user's name and password are written percent-encoded "
        "(@ as %40, / as %2F, : as %3A, # as %23, ? as %3F)"
    )


def _defaults(dsn: Secret) -> dict[str, typ.Any]:
    """Return what nobody has said: how long to wait for a connection."""
    given = conninfo_to_dict(dsn.value).get("connect_timeout")
    if given or os.environ.get("PGCONNECT_TIMEOUT"):
        return {}
    return {"connect_timeout": _CONNECT_SECONDS}


def schema_of(source: typ.Any) -> SchemaSnapshot:
    """Return the schema of a snapshot, an open psycopg connection, or a DSN.

    Raises
    ------
    SchemaSnapshotRepositoryError
        When connecting or querying failed.
    TypeError
        When the source is none of the three.
    """
    source = hidden(source)
    match source:
        case SchemaSnapshot():
            return source
        case psycopg.Connection():
            return PostgresSchemaSnapshotRepository(source).load()
        case Secret():
            return live_target(source, option="the connection string").load()
        case _:
            message = (
                f"expected a SchemaSnapshot, a psycopg connection or a DSN, not "
                f"{type(source).__name__}"
            )
            raise TypeError(message)


def redacted(message: str, dsn: Secret) -> str:
    """Return the message without any password of the connection string.

    Nor without those that libpq takes from the environment; in whichever way they
    are written: plain, percent-encoded, or quoted.
    """
    for text in sorted(set(_spellings(dsn.value)), key=len, reverse=True):
        message = message.replace(text, _MASK)
    return message


def _spellings(dsn: str) -> cabc.Iterator[str]:
    for match in _IN_URL.finditer(dsn):
        yield from filter(None, match.groups())
    for secret in {*_secrets(Conninfo.get_defaults()), *_secrets(_parsed(dsn))}:
        yield secret
        yield urllib.parse.quote(secret)
        yield urllib.parse.quote(secret, safe="")
        yield urllib.parse.quote_plus(secret)
        yield secret.replace("\\", "\\\\").replace("'", "\\'")


def _parsed(dsn: str) -> list[ConninfoOption]:
    try:
        return Conninfo.parse(dsn.encode())
    except psycopg.OperationalError:
        return []


def _secrets(options: cabc.Iterable[ConninfoOption]) -> cabc.Iterator[str]:
    """Yield the values that libpq itself marks as not to be shown."""
    for option in options:
        if option.dispchar == b"*" and option.val:
            yield option.val.decode(errors="replace")
