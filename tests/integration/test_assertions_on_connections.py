"""Assertions take any psycopg connection, and leave it as it was."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import psycopg
import pytest
from psycopg import sql

from pytest_userstate import SchemaSnapshot, SchemaSnapshotRepositoryError, Securable
from pytest_userstate.assertions import (
    assert_domain,
    assert_no_table,
    assert_same_schema,
    assert_table,
)
from pytest_userstate.bootstrap import snapshot_of
from pytest_userstate.domain.access import COLUMN_PRIVILEGES
from pytest_userstate.outbound.postgres.server import SUPERUSER, EmbeddedServer
from tests.helpers.catalog import settings
from tests.helpers.shop import shop_database

Connection = psycopg.Connection[typ.Any]


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> cabc.Iterator[Connection]:
    """Connect to a database with an object of every kind."""
    with shop_database(server) as connection:
        yield connection


@pytest.fixture(scope="module")
def snapshot(shop: Connection) -> SchemaSnapshot:
    """Read the schema once."""
    return snapshot_of(shop)


def test_a_connection_is_read_anew_each_time(database: Connection) -> None:
    """An assertion that is kept cannot pass on a schema that is gone."""
    database.execute("CREATE TABLE notes (body text)")
    notes = assert_table(database, "notes")
    notes.has_no_column("title")
    database.execute("ALTER TABLE notes ADD title text")
    notes.has_column("title")
    with pytest.raises(AssertionError, match="'title', and"):
        notes.has_no_column("title")
    database.execute("DROP TABLE notes")
    with pytest.raises(AssertionError, match=r"there is no table public\.notes"):
        notes.has_no_column("anything")


def test_whole_schemas_are_read_anew_each_time(database: Connection) -> None:
    """On either side; that both are one connection is no shortcut."""
    before = snapshot_of(database)
    database.execute("CREATE TABLE notes (body text)")
    with pytest.raises(AssertionError, match=r"\+ table public\.notes with 1 column"):
        assert_same_schema(database, accepted=before)
    with pytest.raises(AssertionError, match=r"- table public\.notes with 1 column"):
        assert_same_schema(before, accepted=database)
    database.execute("DROP TABLE notes")
    assert_same_schema(database, accepted=before)
    assert_same_schema(before, accepted=database)


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_connection_is_left_as_it_was(
    server: EmbeddedServer, database: Connection, *, autocommit: bool
) -> None:
    """No transaction is begun, ended or changed, and no setting either."""
    name = database.info.dbname
    with server.connect(dbname=name, autocommit=autocommit) as connection:
        before = connection.info.transaction_status
        assert_no_table(connection, "notes")
        assert connection.info.transaction_status == before
        connection.execute("BEGIN" if autocommit else "SELECT 1")
        connection.execute("SET LOCAL search_path = pg_catalog")
        connection.execute("CREATE TABLE public.notes (body text)")
        inside, shown = connection.info.transaction_status, settings(connection)
        assert_table(connection, "notes")
        assert connection.info.transaction_status == inside
        assert settings(connection) == shown
        connection.rollback()
        assert_no_table(connection, "notes")


def test_a_connection_may_make_rows_of_any_kind(
    server: EmbeddedServer, database: Connection
) -> None:
    """What the user's cursors return is no business of ours."""
    database.execute("CREATE TABLE notes (body text)")
    with server.connect(dbname=database.info.dbname) as connection:
        by_name = typ.cast("psycopg.Connection[typ.Any]", connection)
        by_name.row_factory = psycopg.rows.dict_row
        assert_table(by_name, "notes").has_column("body", data_type="text")


def test_a_connection_in_a_failed_transaction_says_so(
    server: EmbeddedServer, database: Connection
) -> None:
    """It cannot be read before the user has rolled back, and stays as it was."""
    name = database.info.dbname
    with server.connect(dbname=name, autocommit=False) as connection:
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM nowhere")
        before = connection.info.transaction_status
        with pytest.raises(SchemaSnapshotRepositoryError, match="aborted"):
            assert_no_table(connection, "notes")
        assert connection.info.transaction_status == before


def test_a_closed_connection_says_so(database: Connection) -> None:
    """The message is about the connection, and not about a missing table."""
    database.close()
    with pytest.raises(SchemaSnapshotRepositoryError, match="closed"):
        assert_table(database, "notes")


def test_everybody_reads_the_same_access(
    server: EmbeddedServer, shop: Connection, snapshot: SchemaSnapshot
) -> None:
    """A role without any privilege sees owners, privileges, roles and sequences."""
    with server.connect(user=SUPERUSER) as session:
        session.execute("ALTER ROLE shop_clerk LOGIN")
    shop.execute("GRANT CONNECT ON DATABASE shop TO PUBLIC")
    with server.connect(dbname="shop", user=SUPERUSER) as connection:
        connection.execute("SET ROLE shop_auditor")
        seen = snapshot_of(connection)
    assert seen == snapshot
    assert seen.access == snapshot.access
    assert seen.sequences == snapshot.sequences


QUESTIONS = {
    Securable.TABLE: "has_table_privilege",
    Securable.SEQUENCE: "has_sequence_privilege",
    Securable.SCHEMA: "has_schema_privilege",
    Securable.TYPE: "has_type_privilege",
}


def test_privileges_are_what_the_server_says(
    shop: Connection, snapshot: SchemaSnapshot
) -> None:
    """PostgreSQL's own functions give the same answers for every role and object."""
    access = snapshot.access
    assert access is not None
    assert {target.kind for target in access.objects} == set(QUESTIONS)
    for target in access.objects:
        names = sql.Identifier(target.schema, target.name).as_string(shop)
        shown = names if target.name else target.schema
        for role in access.roles:
            row = shop.execute(
                sql.SQL(
                    "SELECT array_agg(lower(asked)) FROM unnest(%s::text[]) AS asked"
                    " WHERE {}(%s::name, %s::text, asked)"
                ).format(sql.SQL(QUESTIONS[target.kind])),
                (
                    [*access.possible(target.kind)],
                    role.name,
                    shown,
                ),
            ).fetchone()
            assert row is not None
            found = access.privileges(role.name, target)
            assert found == set(row[0] or ()), (role.name, shown)


def test_column_privileges_are_what_the_server_says(
    shop: Connection, snapshot: SchemaSnapshot
) -> None:
    """Also where they come from the table, from everybody, or from another role."""
    access = snapshot.access
    assert access is not None
    notes = access.of(Securable.TABLE, "public", "notes")
    assert notes is not None
    for role in access.roles:
        for column in ("body", "owner"):
            row = shop.execute(
                "SELECT array_agg(lower(asked)) FROM unnest(%s::text[]) AS asked"
                " WHERE has_column_privilege(%s::name, 'notes', %s::text, asked)",
                ([*COLUMN_PRIVILEGES], role.name, column),
            ).fetchone()
            assert row is not None
            found = access.privileges(role.name, notes, column=column)
            assert found == set(row[0] or ()), (role.name, column)


def test_sequences_know_their_columns(snapshot: SchemaSnapshot) -> None:
    """Those of serial and identity columns are told apart."""
    found = {
        each.name: (each.owned_by, each.is_identity) for each in snapshot.sequences
    }
    assert found == {
        "order_numbers": (None, False),
        "users_number_seq": ("public.users.number", False),
        "users_code_seq": ("public.users.code", True),
        "users_other_seq": ("public.users.other", True),
    }


def test_what_extensions_bring_along_is_not_ours(superuser: Connection) -> None:
    """Neither their sequences nor who may use what they made."""
    superuser.execute(
        "CREATE EXTENSION citext;"
        "CREATE SEQUENCE theirs; ALTER EXTENSION citext ADD SEQUENCE theirs;"
    )
    snapshot = snapshot_of(superuser)
    assert snapshot.sequences == ()
    assert snapshot.access is not None
    assert snapshot.access.of(Securable.SEQUENCE, "public", "theirs") is None
    assert snapshot.access.of(Securable.TYPE, "public", "citext") is None


def test_what_makes_columns_unique_is_seen_on_a_server(database: Connection) -> None:
    """Exclusion constraints do so; an index that could not be built does not."""
    database.execute(
        """
        CREATE TABLE seats (row_number int, "seat, number" int, note text,
          EXCLUDE USING btree (row_number WITH =, "seat, number" WITH =),
          EXCLUDE USING btree (note WITH =) WHERE (note <> ''));
        CREATE TABLE votes (voter int); INSERT INTO votes VALUES (1), (1);
        CREATE TABLE logs (id int, at date) PARTITION BY RANGE (at);
        CREATE TABLE logs_1 PARTITION OF logs DEFAULT;
        ALTER TABLE ONLY logs ADD CONSTRAINT logs_key UNIQUE (id, at);
        """
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON votes (voter)")
    seats = assert_table(database, "seats")
    with pytest.raises(AssertionError, match="the exclusion constraint seats_row_numb"):
        seats.has_no_unique_constraint(["row_number", "seat, number"])
    seats.has_no_unique_constraint("note")
    votes = assert_table(database, "votes")
    votes.has_no_unique_constraint("voter")
    with pytest.raises(AssertionError, match="yes, but the index is not valid"):
        votes.has_index("voter", unique=True)
    with pytest.raises(AssertionError, match="some partition lacks it"):
        assert_table(database, "logs").has_unique_constraint(["id", "at"])


def test_columns_that_are_named_like_a_list_or_a_clause(database: Connection) -> None:
    """A name is what the catalog has, whatever it looks like."""
    database.execute(
        """
        CREATE TABLE t (a int, b int, "a, b" int, "delete" int, "x ON y" int,
          UNIQUE (a, b));
        CREATE TABLE u (a int, b int, "a, b" int,
          CONSTRAINT one FOREIGN KEY (a, b) REFERENCES t (a, b)
            ON DELETE SET NULL (a, b),
          CONSTRAINT two FOREIGN KEY (b, "a, b") REFERENCES t (a, b)
            ON DELETE SET NULL ("a, b"));
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE TRIGGER odd AFTER UPDATE OF "x ON y", "delete" ON t EXECUTE FUNCTION f();
        """
    )
    keys = assert_table(database, "u")
    facts: dict[str, typ.Any] = {"on_delete": "set null", "on_delete_columns": "a, b"}
    keys.has_foreign_key(["b", "a, b"], **facts)
    with pytest.raises(AssertionError, match="on_delete"):
        keys.has_foreign_key(["a", "b"], **facts)
    with pytest.raises(AssertionError, match='missing     "a, b"'):
        assert_table(database, "t").has_exactly_unique_constraints(["a, b"])
    odd = assert_table(database, "t").has_trigger(
        "odd", events="update", update_of=["delete", "x ON y"], timing="after"
    )
    assert odd.level == "statement"


def test_foreign_tables_inherit_and_are_partitions_too(
    database: Connection, server: EmbeddedServer
) -> None:
    """Nothing that hangs on a table is left out because it is stored elsewhere."""
    with server.connect(dbname=database.info.dbname, user=SUPERUSER) as superuser:
        superuser.execute(
            """
            CREATE FOREIGN DATA WRAPPER elsewhere;
            CREATE SERVER other FOREIGN DATA WRAPPER elsewhere;
            GRANT USAGE ON FOREIGN SERVER other TO public;
            """
        )
    database.execute(
        """
        CREATE TABLE logs (at date) PARTITION BY RANGE (at);
        CREATE FOREIGN TABLE logs_old PARTITION OF logs
          FOR VALUES FROM (MINVALUE) TO ('2026-01-01') SERVER other;
        CREATE TABLE notes (body text);
        CREATE FOREIGN TABLE far_notes () INHERITS (notes) SERVER other;
        """
    )
    logs, notes = assert_table(database, "logs"), assert_table(database, "notes")
    logs.has_exactly_partitions(["logs_old"])
    logs.has_children()
    with pytest.raises(AssertionError, match=r"public\.far_notes"):
        notes.has_no_children()
    with pytest.raises(AssertionError, match="logs_old"):
        logs.has_exactly_partitions([])


def test_parameters_of_a_base_type_are_seen_on_a_server(database: Connection) -> None:
    """Also beneath another domain."""
    database.execute(
        """
        CREATE DOMAIN short AS varchar(32);
        CREATE DOMAIN shorter AS short CHECK (VALUE <> '');
        CREATE SCHEMA other; CREATE DOMAIN other.shorter AS shorter;
        """
    )
    for name in ("short", "shorter", "other.shorter"):
        with pytest.raises(AssertionError, match="is based on character varying"):
            assert_domain(database, name).is_not_based_on("varchar")
        assert_domain(database, name).is_not_based_on("varchar(33)")
