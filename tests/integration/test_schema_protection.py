"""What decides about rows besides tables and columns is part of the schema."""

from __future__ import annotations

import psycopg
import pytest

from pytest_userstate import SchemaSnapshot, schema_difference
from pytest_userstate.application.snapshot_text import read_snapshot, write_snapshot
from tests.helpers.catalog import load, read

SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, tenant int NOT NULL);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE TABLE other (id int PRIMARY KEY);
CREATE VIEW open_users WITH (security_invoker, security_barrier) AS
  SELECT id, email FROM users WHERE tenant = 1 WITH CASCADED CHECK OPTION;
CREATE VIEW plain_users AS SELECT id FROM users;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = '' AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE OF email ON users FOR EACH ROW
  EXECUTE FUNCTION touch();
CREATE FUNCTION may_see(tenant int, wanted int DEFAULT 1) RETURNS boolean
  LANGUAGE sql STABLE RETURN tenant = wanted;
REVOKE EXECUTE ON FUNCTION may_see FROM PUBLIC;
CREATE FUNCTION unused() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (may_see(tenant));
CREATE TYPE address AS (street text, zip varchar(5));
CREATE TYPE span AS RANGE (subtype = timestamptz);
"""

MAY_SEE = "function public.may_see(tenant integer, wanted integer)"
CHANGES = {
    "ALTER VIEW open_users RESET (security_invoker)": "view public.open_users",
    "ALTER VIEW open_users SET (security_barrier = off)": "view public.open_users",
    "ALTER VIEW open_users RESET (check_option)": "view public.open_users",
    "ALTER VIEW open_users SET (check_option = local)": "view public.open_users",
    "ALTER VIEW plain_users SET (security_barrier)": "view public.plain_users",
    "CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING": (
        "rule public.users.keep"
    ),
    "CREATE RULE keep AS ON DELETE TO plain_users DO INSTEAD NOTHING": (
        "rule public.plain_users.keep"
    ),
    "ALTER TABLE users ENABLE ALWAYS TRIGGER touched": "trigger public.users.touched",
    "ALTER TABLE users ENABLE REPLICA TRIGGER touched": "trigger public.users.touched",
    "ALTER TABLE users REPLICA IDENTITY FULL": "table public.users",
    "ALTER TABLE users REPLICA IDENTITY NOTHING": "table public.users",
    "ALTER TABLE users REPLICA IDENTITY USING INDEX users_email": "table public.users",
    "ALTER TABLE users OWNER TO someone": "table public.users",
    "ALTER VIEW plain_users OWNER TO someone": "view public.plain_users",
    "GRANT SELECT ON users TO someone": "table public.users",
    "GRANT UPDATE (email) ON users TO PUBLIC": "table public.users",
    "GRANT SELECT ON plain_users TO someone WITH GRANT OPTION": (
        "view public.plain_users"
    ),
    "ALTER FUNCTION touch SECURITY INVOKER": "function public.touch()",
    "ALTER FUNCTION touch RESET search_path": "function public.touch()",
    "ALTER FUNCTION touch OWNER TO someone": "function public.touch()",
    "REVOKE EXECUTE ON FUNCTION touch FROM PUBLIC": "function public.touch()",
    "GRANT EXECUTE ON FUNCTION may_see TO someone": (MAY_SEE),
    "ALTER FUNCTION may_see VOLATILE": MAY_SEE,
    "CREATE OR REPLACE FUNCTION may_see(tenant int, wanted int DEFAULT 1) "
    "RETURNS boolean LANGUAGE sql STABLE RETURN true": MAY_SEE,
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql "
    "SECURITY DEFINER SET search_path = '' AS 'BEGIN RETURN NULL; END'": (
        "function public.touch()"
    ),
    "CREATE OR REPLACE FUNCTION may_see(tenant int, wanted int DEFAULT 2) "
    "RETURNS boolean LANGUAGE sql STABLE RETURN tenant = wanted": (MAY_SEE),
    "ALTER TYPE address ADD ATTRIBUTE city text": "composite type public.address",
    "DROP TYPE span; CREATE TYPE span AS RANGE (subtype = timestamp)": (
        "range type public.span"
    ),
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO someone": (
        "default privileges tables in public"
    ),
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC": (
        "default privileges functions"
    ),
}


@pytest.fixture
def schema(
    database: psycopg.Connection, superuser: psycopg.Connection
) -> SchemaSnapshot:
    """Give the schema as it is before a change."""
    superuser.execute("DROP ROLE IF EXISTS someone; CREATE ROLE someone")
    superuser.execute(
        "GRANT someone TO userstate; GRANT CREATE ON SCHEMA public TO someone"
    )
    return read(database, SCHEMA)


@pytest.mark.parametrize("statement", CHANGES)
def test_what_protects_rows_is_compared(
    database: psycopg.Connection,
    superuser: psycopg.Connection,
    schema: SchemaSnapshot,
    statement: str,
) -> None:
    """A changed view, rule, trigger, function, owner or grant is a difference."""
    if "security_invoker" in statement and database.info.server_version < 150_000:
        pytest.skip("security_invoker came with PostgreSQL 15")
    try:
        database.execute(statement)
        after = load(database)
        (change,) = schema_difference(schema, after).changes
        assert f"{change.what} {change.subject}" == CHANGES[statement]
        restored = read_snapshot(write_snapshot(after), file="a.json")
        assert restored == after
        (from_file,) = schema_difference(schema, restored).changes
        assert from_file.subject == change.subject
    finally:
        superuser.execute("DROP OWNED BY someone CASCADE; DROP ROLE someone")


@pytest.mark.parametrize("table", ["users", "notes"])
def test_a_foreign_key_without_its_triggers_is_not_enforced(
    database: psycopg.Connection, superuser: psycopg.Connection, table: str
) -> None:
    """PostgreSQL keeps foreign keys by triggers, and these can be disabled."""
    before = read(
        database,
        """
        CREATE TABLE users (id int PRIMARY KEY);
        CREATE TABLE notes (user_id int REFERENCES users);
        """,
    )
    superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    (change,) = schema_difference(before, load(database)).changes
    assert (change.what, change.subject) == (
        "foreign key",
        "public.notes.notes_user_id_fkey",
    )
    assert [fact.field for fact in change.fields] == ["is_enforced"]


def test_functions_that_nothing_calls_are_not_compared(
    database: psycopg.Connection, schema: SchemaSnapshot
) -> None:
    """Only those that triggers, policies, defaults, checks and views call count."""
    assert [value.name for value in schema.functions] == ["may_see", "touch"]
    database.execute("DROP FUNCTION unused()")
    assert load(database) == schema


def test_names_with_dots_are_different_tables(database: psycopg.Connection) -> None:
    """Partitions and children say which of two such tables their parent is."""
    one, other = (
        read(
            database,
            f"""
            DROP SCHEMA IF EXISTS a, "a.b" CASCADE;
            CREATE SCHEMA a; CREATE SCHEMA "a.b";
            CREATE TABLE a."b.c" (id int); CREATE TABLE "a.b".c (id int);
            CREATE TABLE child () INHERITS ({parent});
            """,
        )
        for parent in ('a."b.c"', '"a.b".c')
    )
    (change,) = schema_difference(one, other).changes
    assert change.subject == "public.child"
    assert [field.field for field in change.fields] == ["inherits"]


def test_the_role_that_owns_the_schema_has_no_name(
    database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """The same schema belongs to other roles on other servers."""
    before = read(database, SCHEMA)
    superuser.execute("DROP ROLE IF EXISTS someone; CREATE ROLE someone")
    try:
        superuser.execute("REASSIGN OWNED BY userstate TO someone")
        assert schema_difference(before, load(superuser)).is_empty
        superuser.execute("ALTER TABLE users OWNER TO userstate")
        changes = schema_difference(before, load(superuser)).changes
        assert "public.users" in [change.subject for change in changes]
    finally:
        superuser.execute("REASSIGN OWNED BY someone TO userstate; DROP ROLE someone")
