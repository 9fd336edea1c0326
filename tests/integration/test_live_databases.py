"""Reading a live database: as anybody who can connect, leaving nothing behind."""

from __future__ import annotations

import contextlib
import itertools
import urllib.parse

import psycopg
import pytest
from psycopg import sql

from pytest_userstate.domain.errors import SchemaSnapshotRepositoryError
from pytest_userstate.outbound import live_target as live
from pytest_userstate.outbound.live_target import live_target
from pytest_userstate.outbound.postgres.server import OWNER, EmbeddedServer
from tests.helpers import servers
from tests.helpers.catalog import load, settings

_numbers = itertools.count(1)
RICH = """
CREATE SCHEMA hidden;
CREATE TYPE hidden.mood AS ENUM ('sad', 'ok');
CREATE TABLE hidden.users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(20) NOT NULL CHECK (name <> ''),
    mood hidden.mood DEFAULT 'ok'
);
CREATE VIEW hidden.names AS SELECT name FROM hidden.users WHERE mood = 'ok';
CREATE INDEX users_lower ON hidden.users (lower(name)) WHERE mood IS NOT NULL;
CREATE TABLE plain (id int PRIMARY KEY, ref bigint REFERENCES hidden.users);
"""


def dsn_of(server: EmbeddedServer, database: str, user: str = OWNER) -> str:
    """Return the connection string of a database on the server."""
    query = urllib.parse.urlencode({"host": server.host, "port": server.port})
    return f"postgresql://{user}@/{database}?{query}"


@pytest.fixture
def outsider(
    server: EmbeddedServer, database: psycopg.Connection, superuser: psycopg.Connection
) -> str:
    """Return how to connect as a role that may do nothing else in this database."""
    superuser.execute(RICH)
    role, place = sql.Identifier(OWNER), sql.Identifier(database.info.dbname)
    for statement in (
        "ALTER DATABASE {place} OWNER TO postgres",
        "REVOKE ALL ON DATABASE {place} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {place} TO {role}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "ALTER ROLE {role} IN DATABASE {place} SET search_path = hidden, nowhere",
        "ALTER ROLE {role} IN DATABASE {place} SET datestyle = 'SQL, DMY'",
        "ALTER ROLE {role} IN DATABASE {place} SET quote_all_identifiers = on",
    ):
        superuser.execute(sql.SQL(statement).format(role=role, place=place))
    return dsn_of(server, database.info.dbname)


def test_a_role_with_nothing_but_connect_sees_all(
    superuser: psycopg.Connection, outsider: str
) -> None:
    """Whatever its settings, and without USAGE on any schema."""
    with psycopg.connect(outsider) as session:
        for name in ("public.plain", "hidden.users"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"SELECT * FROM {name}")
            session.rollback()
        for statement in ("CREATE TABLE public.mark ()", "CREATE TEMP TABLE mark ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)
            session.rollback()
    found = live_target(outsider).load()
    assert found == load(superuser)
    assert found.table("users", schema="hidden")


def test_all_is_set_for_one_transaction_and_all_of_it_is_read_only(
    server: EmbeddedServer, database: psycopg.Connection
) -> None:
    """With a pooler, the session belongs to the next one as much as to us."""
    database.execute(RICH)
    with live_target(dsn_of(server, database.info.dbname)).open() as opened:
        connection = opened.connection
        before = settings(database)
        connection.execute("SET TRANSACTION READ WRITE")
        connection.rollback()
        seen = opened.load()
        assert seen.table("plain")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mark (id int)")
        connection.rollback()
        connection.read_only = None
        connection.autocommit = True
        assert settings(connection) == before


def test_a_lock_that_is_not_let_go_is_told_as_one(
    server: EmbeddedServer,
    database: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Production is not kept waiting, and neither are we."""
    monkeypatch.setattr(live, "_LOCK_TIMEOUT", "100ms")
    database.execute(RICH)
    with server.connect(dbname=database.info.dbname, autocommit=False) as other:
        other.execute("ALTER TABLE hidden.users ADD extra int")
        with pytest.raises(SchemaSnapshotRepositoryError) as caught:
            live_target(dsn_of(server, database.info.dbname)).load()
        other.rollback()
    assert caught.value.operation == "query"
    assert "Another session holds a lock" in str(caught.value)


def test_a_statement_that_takes_too_long_is_told_as_one(
    server: EmbeddedServer,
    database: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even where the role has no limit of its own."""
    monkeypatch.setattr(live, "_STATEMENT_TIMEOUT", "100ms")
    database.execute(RICH)
    with server.connect(dbname=database.info.dbname, autocommit=False) as other:
        other.execute("ALTER TABLE hidden.users ADD extra int")
        with pytest.raises(
            SchemaSnapshotRepositoryError, match="took longer"
        ) as caught:
            live_target(dsn_of(server, database.info.dbname)).load()
        other.rollback()
    assert "statement timeout" in str(caught.value)


def test_libpq_finds_the_database_by_its_own_means(
    server: EmbeddedServer,
    database: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Variables, and a service file, by either way to name it."""
    database.execute(RICH)
    name = database.info.dbname
    file = tmp_path_factory.mktemp("libpq") / "services.conf"
    file.write_text(
        f"[orders]\nhost={server.host}\nport={server.port}\n"
        f"user={OWNER}\ndbname={name}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    assert live_target("service=orders").load().table("plain")
    with monkeypatch.context() as patch:
        patch.setenv("PGSERVICE", "orders")
        assert live_target("libpq").load().table("plain")
    for key, value in (
        ("PGHOST", server.host),
        ("PGPORT", server.port),
        ("PGUSER", OWNER),
        ("PGDATABASE", name),
    ):
        monkeypatch.setenv(key, str(value))
    assert live_target("libpq").load().table("plain")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dbname": "no_such"}, 'database "no_such" does not exist'),
        ({"user": "no_such"}, "no_such"),
        ({"port": "1"}, "Is the server running"),
        ({"service": "no_such"}, 'service "no_such" not found'),
    ],
)
def test_what_keeps_it_from_connecting_is_said(
    server: EmbeddedServer, change: dict[str, str], words: str
) -> None:
    """In libpq's words, after which database it is, and before what to check."""
    parts = {"host": server.host, "port": server.port, "user": OWNER} | change
    dsn = " ".join(f"{key}={value}" for key, value in parts.items())
    with pytest.raises(SchemaSnapshotRepositoryError) as caught:
        live_target(dsn).load()
    assert caught.value.operation == "connect"
    first, *rest = str(caught.value).splitlines()
    assert first == "the live database (--userstate-dsn) cannot be connected to:"
    assert words in " ".join(rest)
    assert "Check that the server runs" in rest[-2]


def test_nothing_is_left_open(
    server: EmbeddedServer, database: psycopg.Connection
) -> None:
    """The connection is gone when the schema is there."""
    live_target(dsn_of(server, database.info.dbname)).load()
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = %s AND pid <> %s AND pid <> pg_backend_pid()"
    )
    ours = [database.info.dbname, database.info.backend_pid]
    with contextlib.closing(server.connect(user="postgres")) as session:
        servers.wait_for(lambda: session.execute(query, ours).fetchone() == (0,))
