"""How the catalog reader treats connections, sessions, roles, and servers."""

from __future__ import annotations

import typing as typ

import attrs
import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from pytest_userstate.domain.errors import SchemaSnapshotRepositoryError
from pytest_userstate.domain.snapshot import SchemaSnapshot, View
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
    repository,
)
from pytest_userstate.outbound.postgres.server import SUPERUSER, EmbeddedServer
from tests.helpers.catalog import column, load, read, read_table, settings
from tests.helpers.servers import installations

SCHEMA = r"""
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN revision AS bigint NOT NULL CHECK (VALUE > 0);
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  "displayName" text NOT NULL CHECK ("displayName" <> E'\\'),
  mood mood DEFAULT 'ok',
  born timestamptz DEFAULT '2001-02-03 04:05:06+02',
  age interval DEFAULT '1 day 2 hours',
  avatar bytea DEFAULT '\x00ff',
  score float8 DEFAULT '0.30000000000000004'::float8,
  credit money DEFAULT 12.5,
  revision revision);
CREATE INDEX ON users (lower("displayName")) WHERE born > '2000-01-01 00:00+00';
CREATE TABLE hobbies (
  "user" uuid REFERENCES users ON DELETE CASCADE, theme text, UNIQUE ("user", theme));
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW shown AS
  SELECT u.id, h.theme FROM users u JOIN hobbies h ON h."user" = u.id;
"""
REVERSED = r"""
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE hobbies (theme text, "user" uuid);
CREATE DOMAIN revision AS bigint;
ALTER DOMAIN revision ADD CHECK (VALUE > 0);
ALTER DOMAIN revision SET NOT NULL;
CREATE TYPE mood AS ENUM ('ok');
ALTER TYPE mood ADD VALUE 'sad' BEFORE 'ok';
CREATE TABLE users (
  revision revision, credit money DEFAULT 12.5, gone json,
  score float8 DEFAULT '0.30000000000000004'::float8,
  avatar bytea DEFAULT '\x00ff', age interval DEFAULT '1 day 2 hours',
  born timestamptz DEFAULT '2001-02-03 04:05:06+02', mood mood DEFAULT 'ok',
  "displayName" text, id uuid DEFAULT gen_random_uuid());
ALTER TABLE users DROP COLUMN gone, ADD PRIMARY KEY (id),
  ALTER "displayName" SET NOT NULL, ADD CHECK ("displayName" <> E'\\');
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE hobbies ADD UNIQUE ("user", theme),
  ADD FOREIGN KEY ("user") REFERENCES users ON DELETE CASCADE;
CREATE INDEX ON users (lower("displayName")) WHERE born > '2000-01-01 00:00+00';
CREATE VIEW shown AS
  SELECT u.id, h.theme FROM users u JOIN hobbies h ON h."user" = u.id;
"""


def test_the_order_of_creation_makes_no_difference(
    database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """Of tables, columns, constraints; columns that are gone leave nothing."""
    first = read(database, SCHEMA)
    superuser.execute("DROP SCHEMA public CASCADE")
    superuser.execute("CREATE SCHEMA public AUTHORIZATION userstate")
    second = read(database, REVERSED)
    assert first == second


def test_every_server_gives_the_same_snapshot() -> None:
    """Where all versions of PostgreSQL can express it."""
    snapshots = {}
    for binaries in installations():
        with EmbeddedServer(binaries) as server, server.connect() as connection:
            snapshots[server.version] = read(connection, SCHEMA)
    if len(snapshots) < 2:
        pytest.skip("only one PostgreSQL is installed")
    expected, *others = snapshots.values()
    assert all(snapshot == expected for snapshot in others), list(snapshots)


@pytest.mark.parametrize(
    "statement",
    [
        "SET search_path = public, pg_catalog",
        "SET search_path = nowhere",
        "SET DateStyle = 'German'",
        "SET IntervalStyle = 'iso_8601'",
        "SET TimeZone = 'Asia/Kolkata'",
        "SET bytea_output = 'escape'",
        "SET extra_float_digits = -3",
        "SET quote_all_identifiers = on",
        "SET standard_conforming_strings = off",
        "SET client_encoding = 'LATIN1'",
        "CREATE TEMPORARY TABLE users (); CREATE TEMPORARY TABLE pg_class (oid int)",
    ],
)
def test_the_state_of_the_session_makes_no_difference(
    server: EmbeddedServer, database: psycopg.Connection, statement: str
) -> None:
    """Nor is it changed."""
    plain = read(database, SCHEMA)
    with server.connect(dbname=database.info.dbname) as odd:
        odd.execute(statement)
        before = settings(odd)
        assert load(odd) == plain
        assert settings(odd) == before


def test_row_factories_and_adapters_of_the_connection_make_no_difference(
    server: EmbeddedServer, database: psycopg.Connection
) -> None:
    """A connection may be set up for other work."""
    plain = read(database, SCHEMA)
    with server.connect(dbname=database.info.dbname) as connection:
        connection.row_factory = dict_row  # type: ignore[assignment]
        connection.prepare_threshold = 0
        assert load(connection) == plain
        assert load(connection) == plain
        assert connection.row_factory is dict_row  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_databases_of_other_encodings_can_be_read(
    server: EmbeddedServer, superuser: psycopg.Connection, encoding: str
) -> None:
    """Names come as text all the same."""
    superuser.execute(
        "CREATE DATABASE encoded TEMPLATE template0 LOCALE 'C' "
        f"ENCODING '{encoding}' OWNER userstate"
    )
    try:
        with server.connect(dbname="encoded") as connection:
            before = connection.info.encoding
            connection.execute("SET client_encoding = 'UTF8'")
            connection.execute('CREATE TABLE "Übung" ("naïve" text)')
            connection.execute("RESET client_encoding")
            table = load(connection).tables[0]
            assert (table.name, table.columns[0].name) == ("Übung", "naïve")
            assert connection.info.encoding == before
    finally:
        superuser.execute("DROP DATABASE encoded WITH (FORCE)")


def test_a_role_without_privileges_gets_the_same_snapshot(
    server: EmbeddedServer, database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """Not even the use of the schemas is needed."""
    full = read(
        database,
        SCHEMA + "CREATE SCHEMA closed; CREATE TABLE closed.t (c public.mood);",
    )
    superuser.execute("CREATE ROLE nobody_much")
    try:
        superuser.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        superuser.execute("SET ROLE nobody_much")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            superuser.execute("SELECT * FROM public.users")
        assert load(superuser) == full
    finally:
        superuser.execute("RESET ROLE; DROP ROLE nobody_much")


def test_reading_is_one_read_only_repeatable_read_transaction(
    database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a schema that changes meanwhile is never seen by halves."""
    seen: list[typ.Any] = []
    assemble = repository.assemble

    def spy(*args: typ.Any, **kwargs: typ.Any) -> SchemaSnapshot:
        seen.extend(
            database.execute(f"SHOW transaction_{name}").fetchone()
            for name in ("isolation", "read_only")
        )
        return assemble(*args, **kwargs)

    monkeypatch.setattr(repository, "assemble", spy)
    load(database)
    assert seen == [("repeatable read",), ("on",)]


@pytest.mark.parametrize("autocommit", [True, False])
def test_an_idle_connection_is_idle_afterwards(
    server: EmbeddedServer, database: psycopg.Connection, *, autocommit: bool
) -> None:
    """With the characteristics for transactions that it had."""
    name = database.info.dbname
    with server.connect(dbname=name, autocommit=autocommit) as connection:
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.read_only = False
        load(connection)
        assert connection.info.transaction_status is TransactionStatus.IDLE
        assert connection.autocommit is autocommit
        assert connection.isolation_level is psycopg.IsolationLevel.SERIALIZABLE
        assert connection.read_only is False
        connection.execute("CREATE TABLE later (id int)")
        connection.rollback()


def test_inside_a_transaction_the_snapshot_is_taken_there(
    server: EmbeddedServer, database: psycopg.Connection
) -> None:
    """It sees what is not committed yet, and leaves the transaction open."""
    with server.connect(dbname=database.info.dbname, autocommit=False) as connection:
        connection.execute(
            "SET LOCAL search_path = elsewhere; SET TimeZone = 'PST8PDT'"
        )
        connection.execute("CREATE TABLE public.t (c int)")
        before = settings(connection)
        assert [table.name for table in load(connection).tables] == ["t"]
        assert settings(connection) == before
        assert connection.info.transaction_status is TransactionStatus.INTRANS
        connection.execute("CREATE TABLE public.u (c int)")
        connection.rollback()
        assert load(connection).tables == ()


def test_a_transaction_block_of_the_callers_goes_on(
    database: psycopg.Connection,
) -> None:
    """The reading nests in it as a savepoint."""
    with database.transaction():
        table = read_table(database, "CREATE TABLE t (c int)")
        assert column(table).data_type == "integer"
        database.execute("ALTER TABLE t ADD d int")
    assert [one.name for one in read_table(database).columns] == ["c", "d"]


def test_a_connection_of_its_own_is_closed_afterwards(
    server: EmbeddedServer, database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """Also when reading fails; each load opens a new one."""
    opened: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        opened.append(server.connect(dbname=database.info.dbname))
        return opened[-1]

    ours = PostgresSchemaSnapshotRepository(connect)
    assert opened == []
    assert ours.load() == ours.load()
    superuser.execute("REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC")
    with pytest.raises(SchemaSnapshotRepositoryError):
        ours.load()
    assert [connection.closed for connection in opened] == [True, True, True]


def test_views_differ_between_versions_in_nothing_but_their_text(
    database: psycopg.Connection,
) -> None:
    """Up to 15, PostgreSQL writes the table before each column."""
    (view,) = read(
        database, "CREATE TABLE t (c int); CREATE VIEW v AS SELECT c FROM t"
    ).views
    prefix = "t." if database.info.server_version < 160_000 else ""
    assert view.definition == f" SELECT {prefix}c\n   FROM public.t;"
    assert attrs.evolve(view, definition=None) == View(
        "v", [attrs.evolve(column(read_table(database)))]
    )


def test_reading_as_superuser_is_reading_as_anybody(
    server: EmbeddedServer, database: psycopg.Connection
) -> None:
    """The snapshot depends on the database only."""
    plain = read(database, SCHEMA)
    with server.connect(dbname=database.info.dbname, user=SUPERUSER) as connection:
        assert load(connection) == plain
