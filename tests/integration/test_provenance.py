"""Each name of the schema knows the migration that made it, or removed it."""

from __future__ import annotations

import collections.abc as cabc
import textwrap

import attrs
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Plan
from pytest_userstate.outbound.migrations.provenance.ledger import History, Key
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from pytest_userstate.outbound.postgres.settings import SUPERUSER
from tests.helpers.histories import fresh, notes_kept, plain, told_by_comparison


def plan(*batches: str, in_transaction: bool = True) -> Plan:
    """Return a plan whose migrations are ``1.sql``, ``2.sql`` and so on."""
    return Plan(
        layout="test",
        migrations=tuple(
            Migration(
                version=str(number),
                path=f"{number}.sql",
                batches=(
                    Batch(
                        sql=textwrap.dedent(batch).strip(),
                        in_transaction=in_transaction,
                    ),
                ),
            )
            for number, batch in enumerate(batches, 1)
        ),
    )


def history(
    database: psycopg.Connection, *batches: str, in_transaction: bool = True
) -> History:
    """Apply batches, each as a migration, and return what they did."""
    batched = plan(*batches, in_transaction=in_transaction)
    return MigrationRunner(database).run(batched)


def made(found: History, name: str) -> str | None:
    """Return where ``table`` or ``table.column`` (schema public) comes from."""
    return _source(found.created, name, "column")


def made_part(found: History, kind: str, name: str) -> str | None:
    """Return where a constraint or index, ``table.name``, comes from."""
    return _source(found.created, name, kind)


def changed(found: History, name: str, kind: str = "column") -> str | None:
    """Return which migration changed a table, or a part of one, after that."""
    return _source(found.changed, name, kind)


def _source(sources: cabc.Mapping[Key, Source], name: str, kind: str) -> str | None:
    table, _, part = name.partition(".")
    source = sources.get(("public", table, kind if part else "relation", part))
    return None if source is None else str(source)


def columns(found: History) -> dict[tuple[str, str, str], str]:
    """Return where tables, views (column "") and columns come from."""
    return {
        (schema, table, name): str(source)
        for (schema, table, kind, name), source in found.created.items()
        if kind in {"relation", "column"}
    }


def gone(found: History) -> dict[str, str]:
    """Return what tables and columns are gone, with the migration that removed them."""
    return {
        each.qualified_name.removeprefix("public."): str(each.source)
        for each in found.dropped
        if not (each.constraint or each.index)
    }


def renamed(found: History) -> dict[str, tuple[str, ...]]:
    """Return what names are gone because a thing has another one now."""
    return {
        each.qualified_name.removeprefix("public."): each.renamed_to
        for each in found.dropped
        if each.renamed_to
    }


def gone_parts(found: History) -> dict[str, str]:
    """Return what constraints and indexes are gone, and by which migration."""
    return {
        f"{each.table}.{each.part}": str(each.source)
        for each in found.dropped
        if each.constraint or each.index
    }


BOTH = pytest.mark.parametrize("in_transaction", [True, False])


@BOTH
def test_tables_views_and_columns_know_their_migration(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """Of every kind of relation."""
    found = history(
        database,
        "CREATE TABLE t (a int, b int); CREATE TABLE p (k int) PARTITION BY LIST (k);",
        "CREATE VIEW v AS SELECT a FROM t; CREATE TABLE p1 PARTITION OF p DEFAULT;",
        "CREATE MATERIALIZED VIEW m AS SELECT a FROM t;",
        'ALTER TABLE t ADD c int;\nCREATE SCHEMA "S 2"; CREATE TABLE "S 2"."Ü" ()',
        in_transaction=in_transaction,
    )
    assert found.applied == 4
    assert columns(found) == {
        ("public", "t", ""): "1.sql:1",
        ("public", "t", "a"): "1.sql:1",
        ("public", "t", "b"): "1.sql:1",
        ("public", "p", ""): "1.sql:1",
        ("public", "p", "k"): "1.sql:1",
        ("public", "v", ""): "2.sql:1",
        ("public", "v", "a"): "2.sql:1",
        ("public", "p1", ""): "2.sql:1",
        ("public", "p1", "k"): "2.sql",
        ("public", "m", ""): "3.sql:1",
        ("public", "m", "a"): "3.sql:1",
        ("public", "t", "c"): "4.sql:1",
        ("S 2", "Ü", ""): "4.sql:2",
    }
    assert found.dropped == ()


@BOTH
def test_what_only_touches_a_row_of_the_catalog_changes_nothing(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """Foreign keys, rights, indexes, triggers, defaults, types: not names."""
    found = history(
        database,
        "CREATE TABLE t (a int PRIMARY KEY, b int);",
        """\
        CREATE TABLE u (a int REFERENCES t);
        GRANT SELECT ON t TO PUBLIC; CREATE INDEX ON t (b);
        ALTER TABLE t ALTER b SET DEFAULT 1, ALTER b TYPE bigint, ADD CHECK (b > 0);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; COMMENT ON TABLE t IS 'x';
        CLUSTER t USING t_pkey; ANALYZE t; TRUNCATE t CASCADE;""",
        in_transaction=in_transaction,
    )
    for name in ("t", "t.a", "t.b"):
        assert made(found, name) == "1.sql:1"


@BOTH
def test_a_renamed_table_is_the_same_table(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """It keeps the migration that made it; its old name says what it is now."""
    found = history(
        database,
        "CREATE TABLE accounts (id int);",
        "SELECT 1;\nALTER TABLE accounts RENAME TO users;",
        in_transaction=in_transaction,
    )
    assert made(found, "users") == "1.sql:1"
    assert changed(found, "users") == "2.sql:2"
    assert made(found, "users.id") == "1.sql:1"
    assert changed(found, "users.id") is None
    assert made(found, "accounts") is None
    assert gone(found) == {"accounts": "2.sql:2", "accounts.id": "2.sql:2"}
    assert renamed(found) == {
        "accounts": ("public", "users"),
        "accounts.id": ("public", "users", "id"),
    }


@BOTH
def test_a_renamed_column_is_the_same_column(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """Its old name says who introduced it, who renamed it, and what it is now."""
    found = history(
        database,
        "CREATE TABLE t (a int, b int);",
        "ALTER TABLE t RENAME a TO x;\nALTER TABLE t RENAME COLUMN b TO y;",
        in_transaction=in_transaction,
    )
    assert (made(found, "t.x"), made(found, "t.y")) == ("1.sql:1", "1.sql:1")
    assert (changed(found, "t.x"), changed(found, "t.y")) == ("2.sql:1", "2.sql:2")
    assert gone(found) == {"t.a": "2.sql:1", "t.b": "2.sql:2"}
    assert renamed(found) == {
        "t.a": ("public", "t", "x"),
        "t.b": ("public", "t", "y"),
    }
    assert [str(each.introduced_by) for each in found.dropped] == ["1.sql:1"] * 2
    assert [each.fate for each in found.dropped] == [
        *("renamed to public.t.x", "renamed to public.t.y"),
    ]


def test_what_is_renamed_and_dropped_is_dropped(database: psycopg.Connection) -> None:
    """Each name says what became of it; another thing may have it by now."""
    found = history(
        database,
        "CREATE TABLE t (a int, b int, CONSTRAINT c CHECK (a > 0));",
        "ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME CONSTRAINT c TO d;",
        "ALTER TABLE t DROP x;",
        "ALTER TABLE t RENAME b TO a;",
    )
    assert gone(found) == {"t.x": "3.sql:1", "t.b": "4.sql:1"}
    assert renamed(found) == {
        "t.b": ("public", "t", "a"),
        "t.c": ("public", "t", "d"),
    }
    assert (made(found, "t.a"), changed(found, "t.a")) == ("1.sql:1", "4.sql:1")


@BOTH
def test_a_dropped_column_knows_who_dropped_it(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """The last one counts where it was made again in between."""
    found = history(
        database,
        "CREATE TABLE t (a int, b int);",
        "ALTER TABLE t DROP COLUMN a;",
        "ALTER TABLE t ADD a int;",
        "-- last\n\nALTER TABLE t DROP a, DROP COLUMN IF EXISTS b;",
        in_transaction=in_transaction,
    )
    assert gone(found) == {"t.a": "4.sql:3", "t.b": "4.sql:3"}
    assert columns(found) == {("public", "t", ""): "1.sql:1"}


@BOTH
def test_a_dropped_table_takes_its_columns_with_it(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """Also what depends on it."""
    found = history(
        database,
        "CREATE TABLE t (a int);\nCREATE VIEW v AS TABLE t;\nCREATE TABLE u ();",
        "SELECT 1;\nDROP TABLE t CASCADE;",
        in_transaction=in_transaction,
    )
    assert gone(found) == {
        "t": "2.sql:2",
        "t.a": "2.sql:2",
        "v": "2.sql",
        "v.a": "2.sql",
    }


@BOTH
def test_a_table_that_is_made_again_is_not_gone(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """In a later migration, or in the same."""
    found = history(
        database,
        "CREATE TABLE t (a int); CREATE TABLE u (a int, b int);",
        "DROP TABLE t;\nDROP TABLE u;\nCREATE TABLE u (a int, c int);",
        "CREATE TABLE t (a int);",
        in_transaction=in_transaction,
    )
    assert made(found, "t") == made(found, "t.a") == "3.sql:1"
    assert made(found, "u") == made(found, "u.a") == "2.sql:3"
    assert gone(found) == {"u.b": "2.sql:2"}


@BOTH
def test_names_can_be_swapped(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """By the number of the relation and the column, not by name."""
    found = history(
        database,
        "CREATE TABLE a (x int, y int); CREATE TABLE b (z int);",
        """\
        ALTER TABLE a RENAME TO tmp; ALTER TABLE b RENAME TO a;
        ALTER TABLE tmp RENAME TO b;
        ALTER TABLE b RENAME x TO tmp; ALTER TABLE b RENAME y TO x;
        ALTER TABLE b RENAME tmp TO y;""",
        in_transaction=in_transaction,
    )
    assert set(columns(found)) == {
        *(("public", "a", ""), ("public", "a", "z")),
        *(("public", "b", ""), ("public", "b", "x"), ("public", "b", "y")),
    }
    assert made(found, "a") == "1.sql:1"
    assert changed(found, "a") == "2.sql:1"
    assert made(found, "a.z") == "1.sql:1"
    assert gone(found) == {"a.x": "2.sql:1", "a.y": "2.sql:1", "b.z": "2.sql:1"}


@BOTH
def test_schemas_can_be_dropped_renamed_and_changed(
    database: psycopg.Connection, *, in_transaction: bool
) -> None:
    """A relation is known by its schema and its name."""
    found = history(
        database,
        "CREATE SCHEMA one; CREATE TABLE one.t (a int); CREATE TABLE one.u ();",
        "SELECT 1;\nALTER SCHEMA one RENAME TO two;",
        "SELECT 1;\n\nALTER TABLE two.t SET SCHEMA public;",
        "SELECT 1;\nDROP SCHEMA two CASCADE;",
        in_transaction=in_transaction,
    )
    assert (made(found, "t"), changed(found, "t")) == ("1.sql:1", "3.sql:3")
    assert made(found, "t.a") == "1.sql:1"
    assert gone(found) == {
        "one.t": "2.sql:2",
        "one.t.a": "2.sql:2",
        "one.u": "2.sql:2",
        "two.t": "3.sql:3",
        "two.t.a": "3.sql:3",
        "two.u": "4.sql:2",
    }


def test_what_is_not_the_repositorys_schema_is_left_out(
    database: psycopg.Connection,
) -> None:
    """Temporary tables, sequences, indexes, composite types."""
    found = history(
        database,
        "CREATE TEMP TABLE t (a int); CREATE SEQUENCE s; CREATE TYPE c AS (a int);"
        "CREATE TABLE big (a text PRIMARY KEY);",
        "DROP TABLE t; DROP SEQUENCE s; DROP TYPE c;",
    )
    assert set(columns(found)) == {("public", "big", ""), ("public", "big", "a")}
    assert found.dropped == ()


def test_inherited_and_typed_columns_are_followed(database: psycopg.Connection) -> None:
    """Though no statement names the tables that have them."""
    found = history(
        database,
        "CREATE TABLE a (x int); CREATE TABLE b () INHERITS (a);",
        "SELECT 1;\nALTER TABLE a ADD y int;",
        "CREATE TYPE c AS (k int); CREATE TABLE d OF c;",
        "SELECT 1;\nALTER TYPE c RENAME ATTRIBUTE k TO l CASCADE;",
    )
    assert (made(found, "a.y"), made(found, "b.y")) == ("2.sql:2", "2.sql")
    assert (made(found, "d.l"), changed(found, "d.l")) == ("3.sql", "4.sql")
    assert gone(found) == {"d.k": "4.sql"}


def test_columns_that_go_with_their_type(database: psycopg.Connection) -> None:
    """The file is certain, the line is not."""
    found = history(
        database,
        "CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (a m, b int);",
        "SELECT 1;\nDROP TYPE m CASCADE;",
    )
    assert gone(found) == {"t.a": "2.sql"}


def test_what_existed_before_comes_from_setup(
    database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """If there was a setup file; the tool's own table has no source at all."""
    superuser.execute("CREATE SCHEMA auth; CREATE TABLE auth.users (id int)")
    batches = plan("CREATE TABLE t ();")
    prepared = Plan(
        layout="test",
        migrations=batches.migrations,
        prepare="CREATE TABLE own (version text)",
        bookkeeping_tables=frozenset({"own"}),
    )
    found = MigrationRunner(database).run(prepared, setup="tests/roles.sql")
    assert columns(found) == {
        ("auth", "users", ""): "tests/roles.sql",
        ("auth", "users", "id"): "tests/roles.sql",
        ("public", "t", ""): "1.sql:1",
    }


def test_what_was_rolled_back_before_is_as_it_was(
    database: psycopg.Connection,
) -> None:
    """Setup files try things, too: what they undid has left its rows behind."""
    database.execute("CREATE TABLE t (a int); CREATE TABLE u (a int)")
    database.execute("BEGIN; DROP TABLE t; CREATE TABLE v (); ROLLBACK")
    batches = plan("CREATE TABLE v ();", "DROP TABLE v;\nDROP TABLE u;")
    found = MigrationRunner(database).run(batches, setup="roles.sql")
    assert set(columns(found).items()) == {
        (("public", "t", ""), "roles.sql"),
        (("public", "t", "a"), "roles.sql"),
    }
    assert gone(found) == {"v": "2.sql:1", "u": "2.sql:2", "u.a": "2.sql:2"}


def test_what_a_superuser_writes_to_the_catalog_has_no_known_author(
    superuser: psycopg.Connection,
) -> None:
    """No command is noted for it; the history says once that it does not know."""
    found = history(
        superuser,
        "CREATE TABLE t (a int);",
        "UPDATE pg_attribute SET attname = 'b' WHERE attrelid = 't'::regclass"
        " AND attname = 'a';",
        "CREATE TABLE u ();",
    )
    assert (made(found, "t.b"), made(found, "u")) == ("1.sql:1", "3.sql:1")
    assert changed(found, "t.b") is None
    assert gone(found) == {}
    [warning] = found.warnings
    assert "by writing to the catalog" in warning


def test_what_is_done_without_event_triggers_has_no_known_author(
    superuser: psycopg.Connection,
) -> None:
    """A superuser may turn them off, from PostgreSQL 17 on."""
    if superuser.info.server_version < 170000:
        pytest.skip("there is no such setting before PostgreSQL 17")
    found = history(
        superuser,
        "CREATE TABLE t (a int);",
        "SET LOCAL event_triggers = off; CREATE TABLE u (); DROP TABLE t;",
    )
    assert columns(found) == {}
    [warning] = found.warnings
    assert "while event triggers were off" in warning


def test_a_migration_that_ends_the_notes_ends_nothing_else(
    database: psycopg.Connection,
) -> None:
    """The migrations after it are applied, and the history says what it lacks."""
    ending = "SELECT pg_catalog.userstate_end();"
    found = history(database, "CREATE TABLE t ();", ending, "CREATE TABLE u ();")
    assert found.applied == 3
    assert columns(found) == {("public", "t", ""): "1.sql:1"}
    [warning] = found.warnings
    assert "is not known from 2.sql on" in warning


SETTINGS = [
    "SET statement_timeout = '1ms'; SELECT 1",
    "DISCARD ALL",
    "SET default_transaction_read_only = on",
    "SET search_path = ''",
    "SET client_encoding = 'LATIN1'",
    """CREATE SCHEMA evil; CREATE FUNCTION evil.format(text, text, text) RETURNS text
    LANGUAGE sql AS $f$ SELECT 'x' $f$; SET search_path = evil, pg_catalog""",
    "CREATE TEMP TABLE userstate_notes (number int); CREATE TEMP TABLE pg_class ()",
    "SET standard_conforming_strings = off",
    "SET row_security = off; SET default_tablespace = ''",
    "SET plan_cache_mode = force_custom_plan; SET plpgsql.extra_errors = 'all'",
    "SET default_transaction_isolation = 'serializable'",
    "SET bytea_output = 'escape'; SET intervalstyle = 'iso_8601'",
]


@pytest.mark.parametrize("sql", SETTINGS)
def test_no_setting_of_a_migration_keeps_the_next_from_being_noted(
    database: psycopg.Connection, sql: str
) -> None:
    """Whatever a session is set to, the answer is the same."""
    found = history(
        database,
        "CREATE TABLE public.t (a int);",
        f"CREATE TABLE public.u (a int); {sql}" if "DISCARD" not in sql else sql,
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "ALTER TABLE public.t ADD b int;",
        in_transaction=False,
    )
    assert found.warnings == ()
    assert made(found, "t.b") == "4.sql:1"


def test_nothing_of_the_notes_is_left(
    database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """No event trigger, function, or table, whatever role the session ends with."""
    superuser.execute("CREATE ROLE weak; GRANT weak TO userstate")
    history(database, "CREATE TABLE t ();", "SET ROLE weak;")
    left = """
        SELECT evtname FROM pg_event_trigger
        UNION SELECT proname FROM pg_proc WHERE proname LIKE 'userstate%'
        UNION SELECT relname FROM pg_class WHERE relname LIKE 'userstate%'"""
    assert superuser.execute(left).fetchall() == []
    superuser.execute("DROP ROLE weak")


def test_the_database_can_be_copied_by_a_migration(
    server: EmbeddedServer,
) -> None:
    """Nothing that finds out what migrations do is connected to it, or holds it."""
    with fresh(server, SUPERUSER) as connection:
        found = history(
            connection,
            "CREATE TABLE t ();",
            f"CREATE DATABASE copy TEMPLATE {connection.info.dbname};",
            "DROP DATABASE copy;",
            in_transaction=False,
        )
    assert made(found, "t") == "1.sql:1"


def test_a_migration_of_several_batches(database: psycopg.Connection) -> None:
    """What each batch does is done by the migration."""
    first, *others = plan(
        "CREATE TABLE t (a int)", "ALTER TABLE t ADD b int"
    ).migrations
    [batch] = first.batches
    more = tuple(
        attrs.evolve(batch, sql=sql, in_transaction=False)
        for sql in ("ALTER TABLE t ADD c int", "ALTER TABLE t ADD d int")
    )
    several = attrs.evolve(first, batches=(batch, *more))
    steps = attrs.evolve(plan(), migrations=(several, *others))
    found = MigrationRunner(database).run(steps)
    assert {made(found, f"t.{name}") for name in "acd"} == {"1.sql:1"}
    assert made(found, "t.b") == "2.sql:1"


def test_a_prepared_transaction_is_of_the_file_that_commits_it(
    database: psycopg.Connection,
) -> None:
    """Before that it is no part of the schema; notes of later files do not hide it."""
    found = history(
        database,
        "CREATE TABLE t (a int); CREATE TABLE u (a int);",
        "BEGIN; ALTER TABLE t ADD b int; DROP TABLE u; PREPARE TRANSACTION 'x'",
        "CREATE TABLE v ()",
        "BEGIN; CREATE TABLE w (); PREPARE TRANSACTION 'y'",
        "ROLLBACK PREPARED 'y'",
        "COMMIT PREPARED 'x'",
        in_transaction=False,
    )
    assert gone(found) == {"u": "6.sql:1", "u.a": "6.sql:1"}
    assert made(found, "t.b") == "6.sql:1"
    assert made(found, "v") == "3.sql:1"
    assert made(found, "w") is None


def test_a_deferred_trigger_that_changes_the_schema(
    database: psycopg.Connection,
) -> None:
    """What happens in the COMMIT is done by the migration as well."""
    found = history(
        database,
        """CREATE TABLE t (a int);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN CREATE TABLE made_late (a int); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION f();""",
        "INSERT INTO t VALUES (1)",
        "SELECT 1",
    )
    assert made(found, "made_late") == "2.sql:1"


@pytest.mark.parametrize(
    "control",
    [
        "COMMIT; BEGIN;",
        "ROLLBACK; BEGIN; CREATE TABLE t (a int); COMMIT; BEGIN;",
        "SAVEPOINT s; DROP TABLE t; ROLLBACK TO s;",
    ],
)
def test_a_file_that_controls_transactions_is_followed(
    database: psycopg.Connection, control: str
) -> None:
    """Locks of a transaction that has ended tell nothing."""
    found = history(
        database,
        "CREATE TABLE first (); CREATE TABLE gone ();",
        f"DROP TABLE gone; CREATE TABLE t (a int); {control} CREATE TABLE u ();",
    )
    assert made(found, "t.a") == ("2.sql" if control.count("t (a int)") else "2.sql:1")
    assert made(found, "u") == "2.sql:1"
    expected = {} if control.startswith("ROLLBACK") else {"gone": "2.sql:1"}
    assert gone(found) == expected


LINES = [
    ("CREATE TABLE IF NOT EXISTS t (a int);", "t", 2),
    ("CREATE TABLE public.t (a int);", "t", 2),
    ("CREATE UNLOGGED TABLE t (a int);", "t.a", 2),
    ('CREATE TABLE "T" (a int);', "T", 2),
    ("CREATE TABLE T (A int);", "t.a", 2),
    ("CREATE TABLE/**/t --x\n(a int);", "t", 2),
    ("CREATE TABLE t AS SELECT 1 AS a;", "t.a", 2),
    ("CREATE OR REPLACE VIEW t AS SELECT 1 AS a;", "t.a", 2),
    ("CREATE TABLE t (LIKE old);", "t", 2),
    ("CREATE TABLE t (LIKE old);", "t.o", None),
    (
        "CREATE TABLE t (); ALTER TABLE IF EXISTS ONLY t ADD IF NOT EXISTS a int;",
        "t.a",
        2,
    ),
    ("CREATE TABLE t (a int); ALTER TABLE t RENAME a TO b;", "t.b", 2),
    ("CREATE TABLE t (a int);\nALTER TABLE t ADD b int;", "t.b", 3),
    (
        "CREATE TABLE t (a int);\nALTER TABLE t DROP a;\nALTER TABLE t ADD a int;",
        "t.a",
        None,
    ),
    ("DO $$BEGIN CREATE TABLE t (a int); END$$;", "t", None),
    ("DO $$BEGIN CREATE TABLE t (a int); END$$; CREATE TABLE u ();", "u", 2),
    (
        "DO $$BEGIN CREATE TABLE t (a int); END$$;\nALTER TABLE t ADD b int;",
        "t.b",
        None,
    ),
    ("CREATE TABLE t (a int); SELECT pg_sleep(0);", "t", 2),
    ("CREATE TABLE t (a int); SELECT quote_literal('t');", "t", None),
    ("CREATE TABLE t (a int); SELECT setval('s', 1), count(*) FROM t;", "t", 2),
    ("CREATE TABLE t (a int); INSERT INTO t VALUES (abs(1));", "t", 2),
    ("CREATE TABLE t (a int); DROP TABLE t; CREATE TABLE t (a int);", "t", None),
    ("SELECT 1 AS a INTO t;", "t", None),
    ("CREATE SCHEMA s CREATE TABLE t (a int);", "s.t", None),
]


@pytest.mark.parametrize(("sql", "name", "line"), LINES)
def test_a_line_is_given_only_where_it_is_certain(
    database: psycopg.Connection, sql: str, name: str, line: int | None
) -> None:
    """Exactly one statement fits, and none runs code."""
    setup = "CREATE TABLE old (o int); CREATE SEQUENCE s;"
    found = history(database, setup, f"SELECT 1;\n{sql}")
    if name.startswith("s."):
        assert found.created["s", "t", "relation", ""] == Source("2.sql", line)
    else:
        assert made(found, name) == str(Source("2.sql", line))


def test_a_conditional_statement_may_not_have_done_it(
    database: psycopg.Connection,
) -> None:
    """Where another one could have come before it."""
    found = history(
        database,
        "CREATE TABLE u (a int);",
        "DROP SCHEMA IF EXISTS no CASCADE;\nDROP TABLE IF EXISTS u;",
        "CREATE EXTENSION IF NOT EXISTS plpgsql;\nCREATE TABLE IF NOT EXISTS v ();",
    )
    assert gone(found)["u"] == "2.sql"
    assert made(found, "v") == "3.sql"


NAMES = st.sampled_from(["a", "b", "c", '"D"'])
NUMBERS = st.sampled_from("12")
SCHEMAS = st.sampled_from(["public", "one", "two"])
RELATIONS = st.builds("{}.{}".format, SCHEMAS, NAMES)
CHANGES = st.one_of(
    st.builds("CREATE TABLE IF NOT EXISTS {} ({} int)".format, RELATIONS, NAMES),
    st.builds("CREATE TABLE {} () INHERITS ({})".format, RELATIONS, RELATIONS),
    st.builds("CREATE TABLE {} AS TABLE {}".format, RELATIONS, RELATIONS),
    st.builds("CREATE OR REPLACE VIEW {} AS TABLE {}".format, RELATIONS, RELATIONS),
    st.builds("CREATE MATERIALIZED VIEW {} AS TABLE {}".format, RELATIONS, RELATIONS),
    st.builds("ALTER TABLE {} ADD {} int".format, RELATIONS, NAMES),
    st.builds("ALTER TABLE {} DROP {} CASCADE".format, RELATIONS, NAMES),
    st.builds("ALTER TABLE {} RENAME {} TO {}".format, RELATIONS, NAMES, NAMES),
    st.builds("ALTER TABLE {} RENAME TO {}".format, RELATIONS, NAMES),
    st.builds("ALTER TABLE {} SET SCHEMA {}".format, RELATIONS, SCHEMAS),
    st.builds("DROP TABLE {} CASCADE".format, RELATIONS),
    st.builds("DROP VIEW {} CASCADE".format, RELATIONS),
    st.builds("ALTER SCHEMA {} RENAME TO {}".format, SCHEMAS, SCHEMAS),
    st.builds("DROP SCHEMA {} CASCADE".format, SCHEMAS),
    st.builds("CREATE SCHEMA {}".format, SCHEMAS),
    st.builds("GRANT SELECT ON {} TO PUBLIC".format, RELATIONS),
    st.builds("ALTER TABLE {} ALTER {} SET NOT NULL".format, RELATIONS, NAMES),
    st.builds("ALTER TABLE {} ALTER {} SET DEFAULT 1".format, RELATIONS, NAMES),
    st.builds("ALTER TABLE {} ALTER {} TYPE bigint".format, RELATIONS, NAMES),
    st.builds("ALTER TABLE {} ADD PRIMARY KEY ({})".format, RELATIONS, NAMES),
    st.builds(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {}".format,
        RELATIONS,
        NAMES,
        NAMES,
        RELATIONS,
    ),
    st.builds("ALTER TABLE {} ADD CHECK ({} > 0)".format, RELATIONS, NAMES),
    st.builds("ALTER TABLE {} DROP CONSTRAINT {}".format, RELATIONS, NAMES),
    st.builds(
        "ALTER TABLE {} RENAME CONSTRAINT {} TO {}".format, RELATIONS, NAMES, NAMES
    ),
    st.builds("CREATE INDEX i_{} ON {} ({})".format, NUMBERS, RELATIONS, NAMES),
    st.builds("ALTER INDEX {}.i_{} RENAME TO i_{}".format, SCHEMAS, NUMBERS, NUMBERS),
    st.builds("DROP INDEX {}.i_{}".format, SCHEMAS, NUMBERS),
    st.builds("COMMENT ON COLUMN {}.{} IS $x$x$x$".format, RELATIONS, NAMES),
)


ANEW = """
BEGIN;
DROP SCHEMA IF EXISTS one, two, public, helpers CASCADE;
CREATE SCHEMA public;
CREATE SCHEMA helpers;
CREATE FUNCTION helpers.attempt(change text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN EXECUTE change; EXCEPTION WHEN others THEN NULL; END $$;
COMMIT"""


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.booleans(), st.lists(CHANGES, min_size=1, max_size=5)), max_size=8
    )
)
def test_notes_say_as_much_as_comparing_everything(
    database: psycopg.Connection, batches: list[tuple[bool, list[str]]]
) -> None:
    """Whatever migrations do, no change of a name is missed, and none invented."""
    migrations = [
        Migration(
            version="",
            path=f"{number}.sql",
            batches=(
                Batch(
                    sql=";".join(
                        f"SELECT helpers.attempt('{each}')" for each in changes
                    ),
                    in_transaction=in_transaction,
                ),
            ),
        )
        for number, (in_transaction, changes) in enumerate(batches, 1)
    ]
    database.execute(ANEW)
    names = [all_names(database)]
    for migration in migrations:
        database.execute(migration.batches[0].sql)
        names.append(all_names(database))
    database.execute(ANEW)
    everything = Plan(layout="test", migrations=tuple(migrations))
    with notes_kept():
        found = MigrationRunner(database).run(everything)
    database.execute(ANEW)
    compared = told_by_comparison(database, database, everything)
    assert compared[everything.migrations[-1].path if batches else ""] == plain(found)
    lost = {
        (each.schema, each.table, each.column)
        for each in found.dropped
        if not (each.constraint or each.index)
    }
    assert set(columns(found)) == names[-1]
    assert lost == set().union(*names) - names[-1]


def all_names(database: psycopg.Connection) -> set[tuple[str, str, str]]:
    """Return every name there is now, read in another way."""
    query = """
        SELECT n.nspname, c.relname, unnest(array_agg(attname::text) || '{""}')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        WHERE nspname IN ('one', 'two', 'public') AND relkind IN ('r', 'v', 'm')
        GROUP BY 1, 2"""
    return {(*row[:2], row[2] or "") for row in database.execute(query)}
