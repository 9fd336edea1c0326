"""A scratch database on a PostgreSQL server that somebody else runs.

The database is made by a run, and dropped by it. If that run was killed, the next one
on the server drops it: a run holds an advisory lock, which every session on the server
can see, and whose number is in the names of its databases. PostgreSQL releases the lock
when the run ends, in whatever way.

Roles belong to the whole server. Those that appear while the migrations are applied are
marked with a comment that has the number, too, and go when no database needs them.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import secrets
import types
import typing as typ
import urllib.parse

import psycopg
from psycopg import sql

from pytest_userstate.domain.errors import ServerError, UsageError
from pytest_userstate.outbound.postgres.binaries import OLDEST_MAJOR, Version
from pytest_userstate.outbound.postgres.connection_strings import (
    Address,
    ConnectionString,
)
from pytest_userstate.outbound.postgres.settings import PROVENANCE, without_limits

PREFIX: typ.Final = "pytest_userstate_"
_LOCK: typ.Final = 0x75737374  # the first number of the lock; the second is the run's
_KEPT_UNTIL: typ.Final = "kept by pytest-userstate until "
_MADE_BY: typ.Final = "made by migrations in "
# Of the connection's parameters, those that a program needs to connect likewise.
_SECURITY: typ.Final = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "channel_binding",
)

_RIGHTS = """
    SELECT rolsuper, rolsuper OR rolcreatedb FROM pg_catalog.pg_roles
    WHERE rolname = current_user"""
# Databases of runs, and then the numbers of those runs that are alive: in this order,
# since a run takes its lock before it makes a database.
_DATABASES = f"""
    SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '')
    FROM pg_catalog.pg_database
    WHERE datname ~ '^{PREFIX}[0-9a-f]{{8}}(_|$)'
        AND pg_has_role(datdba, 'USAGE')"""  # noqa: S608 - a constant
_ALIVE = f"""
    SELECT lpad(to_hex(objid::int8), 8, '0') FROM pg_catalog.pg_locks
    WHERE locktype = 'advisory' AND classid = {_LOCK}"""  # noqa: S608 - a constant
_MARKED = f"""
    SELECT rolname, right(shobj_description(oid, 'pg_authid'), 8)
    FROM pg_catalog.pg_roles
    WHERE shobj_description(oid, 'pg_authid') LIKE '{_MADE_BY}{PREFIX}%'"""  # noqa: S608
_ROLES = "SELECT rolname FROM pg_catalog.pg_roles"
_OTHER_DATABASES = f"""
    SELECT datname FROM pg_catalog.pg_database WHERE datname NOT LIKE '{PREFIX}%'"""  # noqa: S608
# Roles are numbered by the server: one with a higher number than a database came later.
_ROLES_OF_KILLED = """
    SELECT DISTINCT rolname FROM pg_catalog.pg_roles AS r
    JOIN pg_catalog.pg_shdepend
        ON refclassid = 'pg_authid'::regclass AND refobjid = r.oid
    JOIN pg_catalog.pg_database AS d ON d.oid = dbid
    WHERE datname = %s AND r.oid > d.oid"""


class GivenServer:
    """A server that runs already, and on it a database for as long as a context lasts.

    Whatever runs there, runs as the role of the connection string.
    """

    maintenance_database: str
    version: str

    def __init__(self, place: ConnectionString) -> None:
        """Note where the server is; nothing is connected to yet."""
        self._place = place
        self._number = ""
        self._kept: set[str] = set()
        self._roles: set[str] = set()
        self._databases: set[str] = set()
        self._expects_roles = self._is_superuser = False
        self._connection: psycopg.Connection[typ.Any] | None = None

    def __enter__(self) -> typ.Self:
        """Connect, remove what killed runs have left, and make the database."""
        try:
            self._open()
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
        """Drop the database, and the roles that migrations have made."""
        self.close()

    def _open(self) -> None:
        admin = self._place.connect(
            "the given PostgreSQL", ServerError, autocommit=True
        )
        self._connection = admin
        number = admin.info.server_version
        self.version = str(Version(number // 10000, number % 10000))
        if number // 10000 < OLDEST_MAJOR:
            found, needed = (
                f"version {self.version}",
                f"version {OLDEST_MAJOR} or newer",
            )
            raise self._unusable(found, needed)
        self.maintenance_database = admin.info.dbname
        rows = self._rows(_RIGHTS)
        self._is_superuser, may_create = rows[0]
        if not may_create:
            found = f"the role {self.owner}, which may not create databases"
            needed = "a role that may: ALTER ROLE … CREATEDB, or a superuser"
            raise self._unusable(found, needed)
        self._rows("SELECT set_config('statement_timeout', '0', false)")
        self._rows("SELECT set_config('idle_session_timeout', '0', false)")
        self._number = f"{secrets.randbits(31):08x}"
        self._rows(f"SELECT pg_advisory_lock({_LOCK}, {int(self._number, 16)})")
        self._remove_leftovers()
        self._create()
        self._roles = {role for (role,) in self._rows(_ROLES)}
        self._databases = {name for (name,) in self._rows(_OTHER_DATABASES)}
        self._expects_roles = True

    def _create(self) -> None:
        name = sql.Identifier(self.database)
        try:
            self._admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        except psycopg.Error as error:
            message = _NOT_CREATED.format(
                origin=self._place.origin, error=str(error).strip()
            )
            raise ServerError(message) from error
        if self._is_superuser:
            with contextlib.closing(self.connect()) as connection:
                connection.execute(PROVENANCE.read_bytes())

    @property
    def database(self) -> str:
        """The name of the database that the migrations are applied to."""
        return f"{PREFIX}{self._number}"

    @property
    def prefix_of_copies(self) -> str:
        """What the names of its copies begin with."""
        return self.database

    @property
    def owner(self) -> str:
        """The role that owns the database, and that migrations run as."""
        return self._admin.info.user

    @property
    def superuser(self) -> str:
        """The role that makes what migrations need: the same."""
        return self.owner

    @property
    def host(self) -> str:
        """The name or address of the server, or the folder of its socket."""
        return self._admin.info.host

    @property
    def port(self) -> int:
        """The server's port."""
        return self._admin.info.port

    @property
    def password(self) -> str:
        """The password that the role has connected with; empty if it needed none."""
        return self._admin.info.password

    def role(self, wanted: str, *, superuser: bool) -> str:
        """Return the role that migrations run as, which nobody can choose here."""
        if wanted:
            message = _PLATFORM.format(origin=self._place.origin, role=wanted)
            raise UsageError(message)
        if superuser and not self._is_superuser:
            found = f"the role {self.owner}, which is no superuser"
            needed = "a superuser, since [postgres] superuser is true"
            raise self._unusable(found, needed)
        return self.owner

    def connect(
        self,
        *,
        dbname: str = "",
        user: str = "",
        autocommit: bool = True,
        has_time: bool = False,
    ) -> psycopg.Connection[typ.Any]:
        """Open a connection to the database, or to another one."""
        del user  # there is one role
        more: dict[str, typ.Any] = {"dbname": dbname or self.database}
        if has_time:
            given = self._admin.info.get_parameters().get("options", "")
            limits = without_limits(self._admin.info.server_version // 10000)
            more["options"] = f"{given} {limits}".strip()
        return self._place.connect(
            "the given PostgreSQL", ServerError, autocommit=autocommit, **more
        )

    @contextlib.contextmanager
    def program_access(self, role: str, database: str = "") -> cabc.Iterator[Address]:
        """Say how a program connects: with the role's own password."""
        yield Address(
            host=self.host,
            port=self.port,
            database=database or self.database,
            role=role,
            password=self.password,
            sslmode=self._admin.info.get_parameters().get("sslmode", "prefer"),
        )

    @property
    def has_died(self) -> bool:
        """Whether the server cannot be asked anything any more."""
        try:
            self._rows("SELECT 1")
        except psycopg.Error:
            return True
        return False

    def lost(self, error: psycopg.OperationalError) -> ServerError:
        """Return the error that says what became of a connection."""
        state = "is gone" if self.has_died else "refuses to go on"
        message = _LOST.format(
            origin=self._place.origin, state=state, error=str(error).strip()
        )
        return ServerError(message)

    def url(self, database: str, role: str, *, password: str = "") -> str:
        """Return the URL of a database, with the password if one is given."""
        info = self._admin.info
        parameters = info.get_parameters()
        more: dict[str, str] = {
            name: parameters[name] for name in _SECURITY if name in parameters
        }
        if info.host.startswith("/"):
            more |= {"host": info.host, "port": str(info.port)}
            place = ""
        else:
            place = f"{info.host}:{info.port}"
        user = urllib.parse.quote(role, safe="")
        user += f":{urllib.parse.quote(password, safe='')}" if password else ""
        query = urllib.parse.urlencode(more)
        return f"postgresql://{user}@{place}/{database}{'?' * bool(query)}{query}"

    def keep(self, databases: cabc.Iterable[str], seconds: int) -> None:
        """Leave databases to runs that begin later than in so many seconds."""
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
        for name in databases:
            self._kept.add(name)
            text = f"{_KEPT_UNTIL}{until.isoformat(timespec='seconds')}"
            self._comment("DATABASE", name, text)

    def side_effects(self) -> tuple[str, ...]:
        """Say what migrations have made outside their database."""
        roles = self._mark_roles()
        self._expects_roles = False  # whatever appears from now on is not theirs
        databases = {name for (name,) in self._rows(_OTHER_DATABASES)}
        notes = []
        if roles:
            notes.append(_NEW_ROLES.format(names=", ".join(roles)))
        if new := sorted(databases - self._databases):
            notes.append(_NEW_DATABASES.format(names=", ".join(new)))
        return tuple(notes)

    def close(self) -> None:
        """Drop what was made; once more does no harm."""
        if self._connection is None:
            return
        with contextlib.closing(self._connection):
            if self._number:
                with contextlib.suppress(psycopg.OperationalError):
                    self._remove_own()
        self._connection = None

    def _remove_own(self) -> None:
        if self._expects_roles:
            self._mark_roles()
        for name, _ in self._rows(_DATABASES):
            if name.startswith(self.database) and name not in self._kept:
                self._drop_database(name)
        for role, number in self._rows(_MARKED):
            if number == self._number:
                self._drop_role(role)

    def _mark_roles(self) -> list[str]:
        """Mark the roles that appeared since the database was made; return them."""
        roles = sorted({role for (role,) in self._rows(_ROLES)} - self._roles)
        for role in roles:
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                self._comment("ROLE", role, f"{_MADE_BY}{self.database}")
        return roles

    def _remove_leftovers(self) -> None:
        """Remove what runs that were killed have left."""
        databases, alive = self._rows(_DATABASES), {n for (n,) in self._rows(_ALIVE)}
        for name, comment in databases:
            number = name.removeprefix(PREFIX)[:8]
            if number not in alive and not _is_kept(comment):
                for (role,) in self._rows(_ROLES_OF_KILLED, name):
                    self._comment("ROLE", role, f"{_MADE_BY}{PREFIX}{number}")
                self._drop_database(name)
        for role, number in self._rows(_MARKED):
            if number not in alive:
                self._drop_role(role)

    def _drop_database(self, name: str) -> None:
        """Drop a database, with the transactions that were prepared in it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        statement = drop.format(sql.Identifier(name))
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            try:
                self._admin.execute(statement)
            except psycopg.errors.ObjectInUse:
                self._roll_back_prepared(name)
                # Whatever else holds it (a replication slot) is for the next run.
                with contextlib.suppress(psycopg.errors.ObjectInUse):
                    self._admin.execute(statement)

    def _roll_back_prepared(self, database: str) -> None:
        query = "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = %s"
        with contextlib.closing(self.connect(dbname=database)) as connection:
            for (name,) in self._rows(query, database):
                statement = sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(name))
                connection.execute(statement)

    def _drop_role(self, name: str) -> None:
        """Drop a role, unless another database needs it."""
        with contextlib.suppress(
            psycopg.errors.DependentObjectsStillExist,
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.UndefinedObject,
        ):
            self._admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))

    @property
    def _admin(self) -> psycopg.Connection[typ.Any]:
        if self._connection is None:
            message = (
                "the given PostgreSQL is not connected to: enter its context first"
            )
            raise ServerError(message)
        return self._connection

    def _rows(self, query: str, *parameters: str) -> list[tuple[typ.Any, ...]]:
        cursor = psycopg.Cursor(self._admin)
        return cursor.execute(query.encode(), parameters or None).fetchall()

    def _comment(self, kind: typ.LiteralString, name: str, text: str) -> None:
        statement = sql.SQL("COMMENT ON {} {} IS {}").format(
            sql.SQL(kind), sql.Identifier(name), sql.Literal(text)
        )
        self._admin.execute(statement)

    def _unusable(self, found: str, needed: str) -> ServerError:
        return ServerError(
            _UNUSABLE.format(origin=self._place.origin, found=found, needed=needed)
        )


def _is_kept(comment: str) -> bool:
    """Whether a database is kept for somebody who wants to look into it."""
    if not comment.startswith(_KEPT_UNTIL):
        return False
    try:
        until = dt.datetime.fromisoformat(comment.removeprefix(_KEPT_UNTIL))
    except ValueError:
        return False
    return dt.datetime.now(dt.UTC) < until


_UNUSABLE = """\
the given PostgreSQL ({origin}) cannot be used.
  found      {found}
  needed     {needed}"""

_NOT_CREATED = """\
no database can be made on the given PostgreSQL ({origin}).
  error      {error}"""

_LOST = """\
the given PostgreSQL ({origin}) {state}.
  error      {error}"""

_PLATFORM = """\
the migrations need the roles of their tool's platform, and cannot be applied to the
given PostgreSQL ({origin}): a platform changes roles of the whole server.
  found      migrations that run as the role {role}
To fix it, leave --userstate-server and `[postgres] server` out: the embedded server
has what the platform provides."""

_NEW_ROLES = (
    "the migrations made roles on the given server, which are removed after the run:"
    " {names}"
)
_NEW_DATABASES = (
    "the migrations made databases on the given server, which nobody removes: {names}"
)
