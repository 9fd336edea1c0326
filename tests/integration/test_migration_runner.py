"""Migrations run as their tools would run them, and fail with words that help."""

from __future__ import annotations

import pathlib
import re
import time
import types
import typing as typ

import attrs
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import pq

from pytest_userstate.domain.errors import MigrationError, ServerError
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Plan
from pytest_userstate.outbound.migrations.running import session
from pytest_userstate.outbound.migrations.running.runner import (
    MigrationRunner,
    run_script,
)
from pytest_userstate.outbound.migrations.running.session import BatchResult, Session
from pytest_userstate.outbound.migrations.sql import statements
from pytest_userstate.outbound.migrations.tools.plain import LAYOUT as PLAIN
from pytest_userstate.outbound.migrations.tools.rules import DIESEL
from tests.helpers import servers
from tests.helpers.clocks import let_time_be_up_in_a_sleep
from tests.helpers.sql_batches import batches


def plain(folder: pathlib.Path, *files: str | bytes) -> Plan:
    """Return the plan of a plain folder with these files."""
    folder = folder / "db"
    folder.mkdir()
    for number, content in enumerate(files, 1):
        data = content if isinstance(content, bytes) else content.encode()
        (folder / f"{number}.sql").write_bytes(data)
    return PLAIN.load(folder, folder.parent)


def diesel(folder: pathlib.Path, *files: str, bare: tuple[int, ...] = ()) -> Plan:
    """Return the plan of a Diesel folder; `bare` ones are without transaction."""
    folder = folder / "db"
    for number, content in enumerate(files, 1):
        migration = folder / f"{number}_step"
        migration.mkdir(parents=True)
        (migration / "up.sql").write_text(content)
        if number in bare:
            metadata = migration / "metadata.toml"
            metadata.write_text("run_in_transaction = false")
    return DIESEL.load(folder, folder.parent)


def run(database: psycopg.Connection, plan: Plan, **options: float) -> None:
    """Apply a plan."""
    MigrationRunner(database, **options).run(plan)


def failure(
    database: psycopg.Connection, plan: Plan, **options: float
) -> MigrationError:
    """Return the error that applying a plan ends in."""
    with pytest.raises(MigrationError) as caught:
        run(database, plan, **options)
    return caught.value


def ask(database: psycopg.Connection, query: str) -> object:
    """Return the single value that a query yields."""
    row = database.execute(query).fetchone()
    assert row is not None
    return row[0]


BATCHES = [
    "",
    ";;",
    "-- nothing\n/* /* nested; */ ; */;",
    "SELECT 1",
    "SELECT 1;;SELECT 2;",
    "SELECT ';', 'it''s;', $$;$$, $a$;$$;$a$, E'\\';', U&'\\0041;', N';', B'1', X'F';",
    "SELECT E'a'\n'\\';b', 'c';SELECT 2",
    "SELECT E'a' -- c;\n  '\\';b';SELECT 2",
    "SELECT 'a\\';SELECT 'b'",
    'SELECT 1 AS ";", 2 AS "a"";", 3 AS U&"\\0041;";',
    "SELECT 1 AS a$$;SELECT 1 AS c$$",
    "SELECT 1--2;\n+3;SELECT 2/* ; /* */ ; */*3",
    """CREATE TABLE t (a int);
    CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);
    INSERT INTO t VALUES (1)""",
    """CREATE TABLE t (a int); CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING;
    INSERT INTO t VALUES (1)""",
    """CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
    SELECT CASE WHEN a = 1 THEN 2 END AS end; SELECT 1 end; SELECT 2; END;
    SELECT f(1)""",
    "CREATE OR REPLACE PROCEDURE p() BEGIN /* ; */ ATOMIC SELECT 1; END; CALL p();",
    "CREATE PROCEDURE q() LANGUAGE sql BEGIN ATOMIC END; SELECT 1",
    "CREATE FUNCTION g() RETURNS int LANGUAGE sql RETURN 1; SELECT g()",
    "DO $do$ BEGIN EXECUTE 'SELECT 1; SELECT 2'; END $do$; SELECT 1",
    "BEGIN; SELECT 1; END; SELECT 2",
    "START TRANSACTION; SAVEPOINT a; ROLLBACK TO a; COMMIT",
    'SELECT 1 AS begin, 2 AS atomic; SELECT 3 AS "end"',
    "SELECT '\u00e9;\u4e2d' AS \u00e9\u4e2d; SELECT $\u00e9$;$\u00e9$",
    "COPY (SELECT 1) TO STDOUT; SELECT 1",
    "SELECT\f1\r;\tSELECT 2;\r-- a comment to the end of its line\rSELECT 3",
    "EXPLAIN SELECT 1; SHOW work_mem; VALUES (1), (2); TABLE pg_catalog.pg_am",
]


@pytest.mark.parametrize("sql", BATCHES)
def test_the_server_runs_as_many_statements_as_the_lexer_finds(
    database: psycopg.Connection, sql: str
) -> None:
    """PostgreSQL returns one result for each statement of a batch."""
    assert len(statements(sql)) == _executed(database, sql)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known=batches())
def test_the_server_runs_as_many_statements_as_were_generated(
    database: psycopg.Connection, known: tuple[str, list[str]]
) -> None:
    """Quotes, comments and bodies of every kind, in every order."""
    sql, expected = known
    assert _executed(database, sql) == len(expected)
    for each in statements(sql):
        assert _executed(database, each.text) == 1


def _executed(database: psycopg.Connection, sql: str) -> int:
    """Run a batch; return how many statements the server found in it."""
    pgconn = database.pgconn
    pgconn.send_query(sql.encode())
    done = []
    while (result := _next_result(pgconn)) is not None:
        assert result.status != pq.ExecStatus.FATAL_ERROR, result.error_message
        if result.status == pq.ExecStatus.COPY_OUT:
            while pgconn.get_copy_data(0)[0] > 0:
                pass
        elif result.command_status:
            done.append(result)
    return len(done)


def _next_result(pgconn: pq.abc.PGconn) -> pq.abc.PGresult | None:
    while pgconn.is_busy():
        pgconn.consume_input()
    return pgconn.get_result()


def test_migrations_are_applied_in_order(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Each sees what those before it did."""
    plan = plain(
        tmp_path,
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1);",
        "-- nothing",
        "ALTER TABLE t ADD b int DEFAULT 2;",
    )
    assert MigrationRunner(database).run(plan).applied == 3
    assert ask(database, "SELECT a + b FROM t") == 3


def test_diesels_table_has_a_row_for_each_migration(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Made before the first, so that migrations can read and alter it."""
    plan = diesel(
        tmp_path,
        "CREATE TABLE seen AS SELECT count(*) n FROM __diesel_schema_migrations;",
        "INSERT INTO seen SELECT count(*) FROM __diesel_schema_migrations;",
        "VACUUM;",
        bare=(3,),
    )
    run(database, plan)
    assert database.execute("SELECT n FROM seen ORDER BY n").fetchall() == [(0,), (1,)]
    versions = "SELECT string_agg(version, ',' ORDER BY run_on, version)"
    assert ask(database, f"{versions} FROM __diesel_schema_migrations") == "1,2,3"


def test_diesel_puts_the_search_path_back_and_nothing_else(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Other settings stay for the migrations that follow."""
    plan = diesel(
        tmp_path,
        "CREATE SCHEMA other; SET search_path TO other; SET work_mem TO '7MB';"
        " CREATE TABLE t (a int);",
        "CREATE TABLE u AS SELECT current_setting('search_path') p,"
        " current_setting('work_mem') m, current_setting('TimeZone') z;"
        "SET search_path TO other;",
        "CREATE TABLE v (a int);",
        bare=(2,),
    )
    run(database, plan)
    assert database.execute("SELECT * FROM public.u").fetchone() == (
        *('"$user", public', "7MB", "UTC"),
    )
    assert ask(database, "SELECT to_regclass('public.v')::text") == "v"


def test_a_plain_file_leaves_no_settings_behind(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Each is as a session of its own: role, settings, temporary tables."""
    plan = plain(
        tmp_path,
        "SET search_path TO ''; SET TIME ZONE 'Asia/Tokyo'; CREATE TEMP TABLE x ();"
        "SET standard_conforming_strings TO off; PREPARE p AS SELECT 1;",
        "CREATE TABLE t AS SELECT current_setting('search_path') p, to_regclass('x') x,"
        " 'a\\' AS s, 1 AS n;",
    )
    run(database, plan)
    found = database.execute("SELECT p, x, s FROM public.t").fetchone()
    assert found == ('"$user", public', None, "a\\")


@pytest.mark.parametrize("layout", [plain, diesel])
def test_a_failing_migration_leaves_nothing_of_itself(
    database: psycopg.Connection, tmp_path: pathlib.Path, layout: type
) -> None:
    """A file is one transaction; what was applied before it stays."""
    plan = layout(
        tmp_path, "CREATE TABLE t (a int);", "CREATE TABLE u (a int); SELECT 1/0;"
    )
    error = failure(database, plan)
    assert error.applied == 1
    assert ask(database, "SELECT to_regclass('t')::text") == "t"
    assert ask(database, "SELECT to_regclass('u')") is None


def test_an_index_can_be_made_concurrently(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Alone in a plain file, comments and semicolons not counted."""
    index = "-- alone\n;CREATE INDEX CONCURRENTLY i ON t (a);;\n"
    run(database, plain(tmp_path, "CREATE TABLE t (a int);", index))
    assert ask(database, "SELECT to_regclass('i')::text") == "i"


def test_diesel_makes_an_index_concurrently_without_transaction(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """With its metadata.toml; without, the message says which line it needs."""
    table, index = "CREATE TABLE t (a int);", "CREATE INDEX CONCURRENTLY i ON t (a);"
    run(database, diesel(tmp_path / "a", table, index, bare=(2,)))
    assert ask(database, "SELECT to_regclass('i')::text") == "i"
    database.execute("DROP TABLE t; DROP TABLE __diesel_schema_migrations")
    message = str(failure(database, diesel(tmp_path / "b", table, index)))
    assert "metadata.toml with the line: run_in_transaction = false" in message
    assert "the only one in its file" in " ".join(message.split())
    database.execute("DROP TABLE t; DROP TABLE __diesel_schema_migrations")
    both = failure(
        database, diesel(tmp_path / "c", table, f"{index} {table}", bare=(2,))
    )
    assert "SQLSTATE: 25001" in str(both)


def test_two_statements_without_transaction_are_one_all_the_same(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The server makes a batch one transaction, under Diesel and here."""
    plan = diesel(tmp_path, "CREATE TABLE t (a int);\nSELECT 1/0;", bare=(1,))
    error = failure(database, plan)
    assert error.line == 2
    assert ask(database, "SELECT to_regclass('t')") is None


def test_a_commit_in_diesels_transaction_is_an_error(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Diesel stops as well: its own COMMIT is outside of a transaction."""
    error = failure(database, diesel(tmp_path, "SELECT 1;\nCOMMIT;\nSELECT 2;"))
    assert error.line == 2
    assert "ends the transaction that diesel runs it in" in str(error)
    assert "run_in_transaction = false" in str(error)


@pytest.mark.parametrize(
    "sql", ["COMMIT; BEGIN; CREATE TABLE t ();", "BEGIN; SELECT 1;"]
)
def test_what_ends_inside_a_transaction_is_fine_for_diesel(
    database: psycopg.Connection, tmp_path: pathlib.Path, sql: str
) -> None:
    """Its own COMMIT then finds a transaction to commit."""
    run(database, diesel(tmp_path, sql))
    assert ask(database, "SELECT count(*) FROM __diesel_schema_migrations") == 1


def test_a_plain_file_may_bring_its_own_transaction(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Hand-written files often do."""
    run(database, plain(tmp_path, "BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;"))
    assert ask(database, "SELECT to_regclass('t')::text") == "t"


@pytest.mark.parametrize("layout", [plain, diesel])
def test_a_transaction_left_open_is_an_error(
    database: psycopg.Connection, tmp_path: pathlib.Path, layout: type
) -> None:
    """What it did would be lost, or be part of the next migration."""
    options = {"bare": (1,)} if layout is diesel else {}
    sql = "BEGIN;\nCREATE TABLE t (a int);"
    error = failure(database, layout(tmp_path, sql, "SELECT 1;", **options))
    assert error.line == 1
    assert "leaves a transaction open" in str(error)
    assert ask(database, "SELECT to_regclass('t')") is None


def test_a_constraint_that_is_checked_at_the_end(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """COMMIT itself can fail; the migration is named, no statement is."""
    table = "CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t DEFERRABLE INITIALLY"
    plan = plain(
        tmp_path, f"{table} DEFERRED);", "INSERT INTO t VALUES (1, 2); SELECT 1;"
    )
    error = failure(database, plan)
    assert (error.path, error.line, error.applied) == ("db/2.sql", None, 1)
    assert "violates foreign key constraint" in str(error)
    assert "deferred" in str(error)


def test_a_migration_that_breaks_diesels_own_table(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Diesel could not record it either."""
    plan = diesel(tmp_path, "SELECT 1;", "DROP TABLE __diesel_schema_migrations;")
    error = failure(database, plan)
    assert (error.path, error.applied) == ("db/2_step/up.sql", 1)
    assert "recording" in str(error)
    assert '"__diesel_schema_migrations" does not exist' in str(error)


def test_an_error_with_a_position_names_line_and_column(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Characters count, not bytes, over the whole batch; LF and CRLF alike."""
    sql = "SELECT 'é中';\r\n\r\nALTER TABLE t\r\n  ADD x int, 'é', b nope;\r\n"
    plan = plain(tmp_path, "CREATE TABLE t (a int);", sql)
    error = failure(database, plan)
    assert (error.path, error.line, error.column) == ("db/2.sql", 4, 14)
    message = str(error)
    assert message.startswith("db/2.sql:4:14: syntax error at or near")
    assert "\n    ALTER TABLE t\n      ADD x int, 'é', b nope;\n" in message
    assert f"\n{' ' * (4 + 13)}^\n" in message
    assert "SQLSTATE: 42601" in message
    assert "1 migration of 2 had been applied before it." in message


def test_an_error_at_run_time_is_found_by_counting(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """PostgreSQL gives it no position; detail and hint are told."""
    sql = (
        "CREATE TABLE t (a int NOT NULL);\n-- two\nINSERT INTO t VALUES (1);\n\n"
        "INSERT INTO t\nVALUES (NULL);\nSELECT 1;"
    )
    error = failure(database, plain(tmp_path, sql))
    assert (error.line, error.column, error.applied) == (5, None, 0)
    assert "null value in column" in str(error)
    assert "DETAIL: Failing row contains (null)." in str(error)
    assert "    INSERT INTO t\n" in str(error)
    assert "No migration of 1 had been applied" in str(error)


def test_what_rules_add_to_a_statement_does_not_count(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """A rule's queries return rows of their own, but are no statements."""
    sql = """CREATE TABLE t (a int);
    CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);
    INSERT INTO t VALUES (1);
    SELECT 1;
    INSERT INTO t SELECT 1 / (a - 1) FROM t;
    SELECT 1;"""
    error = failure(database, plain(tmp_path, sql))
    assert error.line == 5
    assert "division by zero" in str(error)


def test_an_error_of_the_parser_blames_no_other_statement(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """It comes before anything runs, so that counting would blame the first."""
    sql = "SELECT 1;\nCREATE ASSERTION a CHECK (true);"
    error = failure(database, plain(tmp_path, sql))
    has_position = database.info.server_version >= 180000
    assert (error.line, error.column) == ((2, 1) if has_position else (None, None))
    assert "CREATE ASSERTION is not yet implemented" in str(error)


def test_an_error_in_a_function_shows_its_context(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The line is that of the statement in the file."""
    sql = "SELECT 1;\nDO $$\nBEGIN\n  PERFORM 1/0;\nEND\n$$;"
    error = failure(database, plain(tmp_path, sql))
    assert error.line == 2
    assert "CONTEXT: " in str(error)


@pytest.mark.parametrize(
    ("sql", "line"),
    [("SELECT 1;\nSELECT 'abc;\n", 2), ("SELECT 1;\n/* abc", 2), ("SELECT (1;\nx;", 1)],
)
def test_what_is_not_closed_is_refused_by_the_server(
    database: psycopg.Connection, tmp_path: pathlib.Path, sql: str, line: int
) -> None:
    """With its own words, and nothing of the file was run."""
    for layout, options in ((plain, {}), (diesel, {"bare": (1,)})):
        folder = tmp_path / layout.__name__
        folder.mkdir()
        error = failure(database, layout(folder, sql, **options))
        assert error.line == line
        assert "userstate" not in str(error)


REMEDIES = {
    "rights": (
        "ALTER SYSTEM SET work_mem = '1MB';",
        ["[postgres] setup", "[postgres] superuser = true", "42501"],
    ),
    "role": (
        "CREATE TABLE t (); GRANT SELECT ON t TO reporting;",
        ["CREATE ROLE reporting;", "[postgres] setup"],
    ),
    "extension of a type": (
        "CREATE TABLE t (name public.citext);",
        ["citext is part of the extension citext", 'IF NOT EXISTS "citext";'],
    ),
    "role with a capital letter": (
        'CREATE TABLE t (); GRANT SELECT ON t TO "Reports";',
        ['CREATE ROLE "Reports";'],
    ),
    "role of a session": ("SET ROLE shop;", ["CREATE ROLE shop;"]),
    "search path of the catalog": (
        "SET search_path = pg_catalog;\nCREATE TABLE users ();",
        [":1 sets search_path to pg_catalog, so that names"],
    ),
    "database with a capital letter": (
        "ALTER DATABASE \"My-Shop\" SET timezone TO 'UTC';",
        ['CREATE DATABASE "My-Shop";'],
    ),
    "extension of an array's type": (
        "CREATE TABLE t (names citext[]);",
        ["citext is part of the extension citext"],
    ),
    "extension of a foreign-data wrapper": (
        "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;",
        ["postgres_fdw is part of the extension postgres_fdw"],
    ),
    "extension of an operator class": (
        "CREATE TABLE t (a text); CREATE INDEX ON t USING gin (a gin_trgm_ops);",
        ["gin_trgm_ops is part of the extension pg_trgm", "[postgres] setup"],
    ),
    "extension of a default operator class": (
        "CREATE TABLE t (a int, b int4range, EXCLUDE USING gist (a WITH =));",
        ["Such an operator class for gist is part of the extension btree_gist"],
    ),
    "extension of a function": (
        "CREATE TABLE t (id uuid DEFAULT uuid_generate_v4());",
        ["uuid_generate_v4 is part of the extension uuid-ossp", '"uuid-ossp";'],
    ),
    "extension": (
        "CREATE EXTENSION nowhere;",
        ["extension nowhere", "neither part of this server", "--postgresql-exec"],
    ),
    "untrusted language": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '$libdir/nowhere', 'f';",
        ["[postgres] setup"],
    ),
    "schema": ("CREATE TABLE auth.t ();", ["schema auth", "[postgres] setup"]),
    "collation": (
        'CREATE TABLE t (a text COLLATE "xx-nowhere-x-icu");',
        ["collation or locale", "--postgresql-exec"],
    ),
    "concurrently": (
        "SELECT 1; CREATE INDEX CONCURRENTLY i ON pg_am (oid);",
        ["move it to a separate file"],
    ),
    "enum": (
        """CREATE TYPE m AS ENUM ('a'); COMMIT;
        BEGIN; ALTER TYPE m ADD VALUE 'b'; SELECT 'b'::m;""",
        ["in a separate migration"],
    ),
    "full disk": (
        "DO $$ BEGIN RAISE disk_full; END $$;",
        ["folder for temporary files", "set TMPDIR to a folder on a larger disk"],
    ),
    "psql command": ("SELECT 1;\n\\i other.sql\n", ["\\i is a command of psql"]),
    "psql connects": (
        "\\connect shop\nSELECT 1;\n",
        ["the audit has one database of its own. Leave it out"],
    ),
    "psql variable": ("SELECT :'name';", [":'name' looks like a variable of psql"]),
    "mustache": ("CREATE TABLE {{ schema }}.t ();", ["template: {{ schema }}"]),
    "jinja": ("{% if x %}\nSELECT 1;\n{% endif %}", ["template: {% if x %}"]),
    "shell": ("GRANT ALL ON t TO ${OWNER};", ["template: ${OWNER}"]),
    "quoted": ("SELECT '{{ id }}'::uuid;", ["{{ id }}, which looks like"]),
    "dump": (
        "CREATE TABLE t (a int);\nCOPY t (a) FROM stdin;\n1\n\\.\n",
        ["COPY … FROM stdin"],
    ),
    "empty dump": (
        "CREATE TABLE t (a int);\nCOPY t (a) FROM stdin;\n\\.\n",
        ["COPY … FROM stdin"],
    ),
    "copy": ("CREATE TABLE t (a int); COPY t FROM STDIN;", ["COPY … FROM stdin"]),
}


SEARCH_PATHS = {
    "emptied as in a dump": (
        "SELECT pg_catalog.set_config('search_path', '', false);",
        "1.sql:2 sets search_path empty",
    ),
    "emptied": ("SET search_path = '';", "1.sql:2 sets search_path empty"),
    "another": ("SET search_path TO audit;", "1.sql:2 sets search_path to audit"),
}


@pytest.mark.parametrize(("setting", "said"), SEARCH_PATHS.values(), ids=SEARCH_PATHS)
@pytest.mark.parametrize(
    "sql", ["ALTER TABLE users ADD a int;", "SELECT f();", "SELECT 'x'::mood;"]
)
def test_the_file_that_set_the_search_path_is_named(
    database: psycopg.Connection,
    tmp_path: pathlib.Path,
    setting: str,
    said: str,
    sql: str,
) -> None:
    """A name without a schema that is not found leads to the file that hides it."""
    first = f"CREATE TABLE users ();\n{setting}"
    plan = flyway_like(tmp_path, first, "SELECT 1;", sql)
    assert said in wrapped_words(failure(database, plan))


@pytest.mark.parametrize("where", ["this file", "another file"])
def test_nothing_can_be_created_without_a_search_path(
    database: psycopg.Connection, tmp_path: pathlib.Path, where: str
) -> None:
    """PostgreSQL says that no schema has been selected; the message says by whom."""
    setting, making = "SELECT 1;\nSET search_path TO '';", "CREATE TABLE users ();"
    if where == "this file":
        plan = plain(tmp_path, f"{setting}\n{making}")
        said = "1.sql:2 sets search_path empty"
    else:
        plan = flyway_like(tmp_path, setting, making)
        said = "1.sql:2 sets search_path empty"
    assert said in wrapped_words(failure(database, plan))


def test_a_search_path_that_hides_nothing_is_not_mentioned(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """A name with its schema is looked for there, whatever the setting is."""
    sql = "SET search_path = '';\nALTER TABLE public.users ADD a int;"
    assert (
        "search_path"
        not in str(failure(database, plain(tmp_path, sql))).split("\n\n")[-1]
    )


ITS_BODY = "BEGIN PERFORM * FROM users; END"
FUNCTIONS = {
    "PL/pgSQL": (
        (
            "CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql"
            f" SET search_path = '' AS $${ITS_BODY}$$;\nSELECT f();"
        ),
        "The function f has its own search_path, which is empty (db/1.sql:2)",
    ),
    "SQL": (
        (
            "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER\n"
            "SET search_path TO pg_catalog, pg_temp AS 'SELECT count(*) FROM users';"
        ),
        (
            "The function f has its own search_path, which is pg_catalog, pg_temp"
            " (db/1.sql:2)"
        ),
    ),
    "a declared type": (
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET search_path = ''"
            " AS $$DECLARE one users; BEGIN END$$;"
        ),
        "which is empty (db/1.sql:2)",
    ),
    "altered": (
        (
            f"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $${ITS_BODY}$$;\n"
            "ALTER FUNCTION public.f() SET search_path = '';\nSELECT f();"
        ),
        "which is empty (db/1.sql:3)",
    ),
    "called by another": (
        (
            f"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $${ITS_BODY}$$;\n"
            "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql SET search_path = auth"
            " AS $$BEGIN PERFORM public.f(); END$$;\nSELECT g();"
        ),
        "The function g has its own search_path, which is auth (db/1.sql:3)",
    ),
    "a trigger": (
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SET search_path = ''"
            " AS $$BEGIN INSERT INTO users DEFAULT VALUES; RETURN NEW; END$$;\n"
            "CREATE TABLE t (); CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE"
            " FUNCTION f();\nINSERT INTO t DEFAULT VALUES;"
        ),
        "which is empty (db/1.sql:2)",
    ),
}


@pytest.mark.parametrize(("sql", "advice"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_that_hides_a_name_is_named(
    database: psycopg.Connection, tmp_path: pathlib.Path, sql: str, advice: str
) -> None:
    """Its own search path holds while it runs; the setting and its place are given."""
    plan = plain(tmp_path, f"CREATE TABLE users ();\n{sql}")
    words = wrapped_words(failure(database, plan))
    assert advice in words
    assert "Write the schema before the name in the function" in words


def test_the_file_of_a_function_that_hides_a_name_is_named(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Another file may call it; what has since taken its setting away counts."""
    first = (
        "CREATE TABLE users ();\nCREATE FUNCTION f() RETURNS void LANGUAGE plpgsql"
        f" SET search_path = '' AS $${ITS_BODY}$$;"
    )
    error = failure(database, plain(tmp_path, first, "SELECT 1;", "SELECT f();"))
    assert "which is empty (db/1.sql:2)" in wrapped_words(error)


@pytest.mark.parametrize(
    "setting", ["ALTER FUNCTION f() RESET search_path;", "ALTER FUNCTION f() STABLE;"]
)
def test_a_function_without_a_search_path_is_not_named(
    database: psycopg.Connection, tmp_path: pathlib.Path, setting: str
) -> None:
    """The name that it looks for may be missing everywhere."""
    own = "SET search_path = ''" if "RESET" in setting else ""
    sql = (
        f"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql {own} AS $${ITS_BODY}$$;"
        f"\n{setting}\nSELECT f();"
    )
    assert "of its own" not in wrapped_words(failure(database, plain(tmp_path, sql)))


def test_a_function_that_finds_public_may_miss_an_extension(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Its search path has the schema in which extensions usually are."""
    sql = (
        "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql SET search_path = public"
        " AS $$BEGIN RETURN gen_salt('bf'); END$$;\nSELECT f();"
    )
    words = wrapped_words(failure(database, plain(tmp_path, sql)))
    assert "gen_salt is part of the extension pgcrypto" in words


def test_a_database_by_name_is_not_the_audits(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The message says how to name the database that the migrations are applied to."""
    sql = "GRANT CONNECT ON DATABASE shop TO PUBLIC;"
    said = wrapped_words(failure(database, plain(tmp_path, sql)))
    assert "The audit's database is not called shop" in said
    assert "current_database()" in said
    assert "CREATE DATABASE shop;" in said


def flyway_like(folder: pathlib.Path, *files: str) -> Plan:
    """Return the plan of a tool that keeps the session's settings between files."""
    return attrs.evolve(plain(folder, *files), separate_sessions=False)


def wrapped_words(error: MigrationError) -> str:
    """Return the message on one line."""
    return " ".join(str(error).split())


@pytest.mark.parametrize("name", REMEDIES)
def test_what_is_known_to_help_is_said(
    database: psycopg.Connection, tmp_path: pathlib.Path, name: str
) -> None:
    """For each kind of error the settings, files or commands that mend it."""
    sql, words = REMEDIES[name]
    message = str(failure(database, plain(tmp_path, sql)))
    flat = " ".join(message.split())
    for each in words:
        assert each in flat, message
    remedy = message.rpartition("\n\n")[2]
    assert max(map(len, remedy.splitlines())) <= 79


def test_a_library_that_the_server_does_not_have(
    superuser: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The library is named, and the way to a server that has it."""
    library = "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '$libdir/nowhere', 'f';"
    message = str(failure(superuser, plain(tmp_path, library)))
    assert re.search(r"This server does not have \S*nowhere\.", message)
    assert "--postgresql-exec" in message


def test_a_server_without_icu(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The embedded one has no collations of ICU."""
    if ask(database, "SELECT count(*) > 9 FROM pg_collation WHERE collprovider = 'i'"):
        pytest.skip("this server has ICU")
    collation = "CREATE COLLATION c (provider = icu, locale = 'und');"
    message = str(failure(database, plain(tmp_path, collation)))
    assert "ICU is not supported" in message
    assert "--postgresql-exec" in message


def test_the_place_in_a_long_line_is_shown(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """As much of the line as there is room for, with a caret below the place."""
    sql = f"SELECT {'1 + ' * 100} nope{' + 1' * 100};"
    lines = str(failure(database, plain(tmp_path, sql))).splitlines()
    caret = next(number for number, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^") :].startswith("nope")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '{{1,2},{3,4}}'::int[], '{\"a\": {\"b\": 1}}'::jsonb, '${x}';",
        "SELECT $${{ x }}$$, $a$${OWNER}$a$, '$.a.b'::jsonpath; -- {{ x }} ${y}",
        'CREATE TABLE "{{ t }}" ("${a}" int);',
    ],
)
def test_braces_that_postgresql_accepts_are_no_template(
    database: psycopg.Connection, tmp_path: pathlib.Path, sql: str
) -> None:
    """Only what the server refuses is told to be one."""
    run(database, plain(tmp_path, sql))


def test_copy_from_stdin_does_not_hang_without_transaction(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """It is ended with an error, and the connection goes on."""
    plan = diesel(tmp_path, "CREATE TABLE t (a int);", "COPY t FROM STDIN;", bare=(2,))
    error = failure(database, plan)
    assert error.line == 1
    assert "belongs to dumps" in " ".join(str(error).split())
    assert ask(database, "SELECT count(*) FROM t") == 0


def test_what_copy_writes_is_thrown_away(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """However much it is."""
    sql = "COPY (SELECT generate_series(1, 100000)) TO STDOUT;\nSELECT 1/0;"
    assert failure(database, plain(tmp_path, sql)).line == 2


def test_a_large_file_with_many_notices_passes(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Sending and hearing take turns, so that neither side waits for the other."""
    notice = "DO $$ BEGIN FOR i IN 1..50 LOOP RAISE NOTICE '%', repeat('x', 999);"
    sql = f"{notice} END LOOP; END $$;\n" * 100 + "SELECT 1;\n" * 100_000
    run(database, plain(tmp_path, sql))


def test_what_takes_too_long_is_cancelled(
    database: psycopg.Connection,
    superuser: psycopg.Connection,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """File, line and setting are named; the connection stays usable."""
    let_time_be_up_in_a_sleep(monkeypatch, superuser)
    sql = "CREATE TABLE t (a int);\nSELECT pg_sleep(600);\nSELECT 1;"
    error = failure(database, plain(tmp_path, "SELECT 1;", sql), timeout=90)
    assert (error.path, error.line, error.applied) == ("db/2.sql", 2, 1)
    assert "not done after 90 seconds" in str(error)
    assert "[postgres] migration_timeout" in str(error)
    assert ask(database, "SELECT to_regclass('t')") is None


def test_what_is_deferred_has_no_more_time(
    database: psycopg.Connection,
    superuser: psycopg.Connection,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """COMMIT can hang as well."""
    let_time_be_up_in_a_sleep(monkeypatch, superuser)
    sql = """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(600); RETURN NULL; END';
    CREATE TABLE t (a int);
    CREATE CONSTRAINT TRIGGER c AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION f();
    INSERT INTO t VALUES (1);"""
    error = failure(database, plain(tmp_path, sql))
    assert error.line is None
    assert "timeout while recording and committing it" in str(error)
    assert "[postgres] migration_timeout" in str(error)


def test_each_migration_has_the_whole_time(
    database: psycopg.Connection,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock starts anew."""
    passed, batch = [0.0], Session.batch

    def slow(self: Session, sql: str, **options: typ.Any) -> BatchResult:
        outcome = batch(self, sql, **options)
        passed[0] += 400 if "slow" in sql else 0
        return outcome

    clock = types.SimpleNamespace(monotonic=lambda: time.monotonic() + passed[0])
    monkeypatch.setattr(session, "time", clock)
    monkeypatch.setattr(Session, "batch", slow)
    run(database, plain(tmp_path, *["SELECT 'slow';"] * 3), timeout=600)
    assert passed == [1200.0]


def test_an_interruption_cancels_and_closes(
    database: psycopg.Connection, superuser: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Ctrl-C arrives at once, and nothing goes on running on the server."""
    plan = plain(tmp_path, "SELECT pg_sleep(600);")
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )

    def sleeps() -> bool:
        return ask(superuser, f"{others} AND wait_event = 'PgSleep'") == 1

    with servers.interrupted(sleeps), pytest.raises(KeyboardInterrupt):
        run(database, plan)
    assert database.closed
    servers.wait_for(lambda: ask(superuser, others) == 0)


@pytest.mark.parametrize("layout", [plain, diesel])
def test_a_lost_connection_is_not_the_migrations_failure(
    database: psycopg.Connection, tmp_path: pathlib.Path, layout: type
) -> None:
    """The file that ran is named all the same."""
    plan = layout(tmp_path, "SELECT 1; SELECT pg_terminate_backend(pg_backend_pid());")
    with pytest.raises(ServerError, match=r"^db/1.*the server went away") as caught:
        run(database, plan)
    assert "terminating connection" in str(caught.value)


def test_a_closed_connection_is_a_server_error(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """No traceback of libpq."""
    plan = plain(tmp_path, "SELECT 1;")
    database.close()
    with pytest.raises(ServerError, match="connection to PostgreSQL was lost"):
        run(database, plan)


def test_a_session_may_change_its_encoding_and_forget_what_is_prepared(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Neither the next migration nor what is known about tables suffers."""
    plan = diesel(
        tmp_path,
        "DEALLOCATE ALL; CREATE TABLE é (ü int);",
        "SET client_encoding TO 'LATIN1'; CREATE TABLE t (a int);",
        "CREATE TABLE \u00e4 (); DO $$BEGIN EXECUTE format("
        "'CREATE TABLE %I (%I int)', chr(20013), chr(20014)); END$$;",
        "DISCARD ALL;",
        "CREATE TABLE u (a int);",
        bare=(4,),
    )
    created = MigrationRunner(database).run(plan).created
    assert {(schema, table, name) for schema, table, _, name in created} == {
        *(("public", "é", ""), ("public", "é", "ü")),
        *(("public", "t", ""), ("public", "t", "a")),
        *(("public", "\u4e2d", ""), ("public", "\u4e2d", "\u4e2e")),
        *(("public", "\u00c3\u00a4", ""), ("public", "u", ""), ("public", "u", "a")),
    }


def test_a_runner_can_run_twice_on_one_connection(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Nothing that it leaves in the session is in its own way."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        run(database, plain(tmp_path / name, f"CREATE TABLE {name} ();"))


def test_a_layout_may_record_with_parameters(database: psycopg.Connection) -> None:
    """In the migration's own transaction, so that both or none are there."""
    record = (("INSERT INTO log VALUES ($1, $2)", ("it's", "é")),)
    good, bad = (
        Migration(version="1", path="1.sql", batches=(Batch(sql=sql, record=record),))
        for sql in ("SELECT 1", "SELECT 1/0")
    )
    plan = Plan(
        layout="test",
        migrations=(good, bad),
        prepare="CREATE TABLE log (a text, b text)",
    )
    assert failure(database, plan).applied == 1
    assert database.execute("SELECT * FROM log").fetchall() == [("it's", "é")]


def test_what_a_tool_prepares_may_fail(
    database: psycopg.Connection, superuser: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """No migration is blamed, and what would help is said."""
    superuser.execute("DROP SCHEMA public CASCADE")
    error = failure(database, diesel(tmp_path, "SELECT 1;"))
    assert "preparing diesel's own table failed: no schema" in str(error)


def test_setup_runs_as_one_batch(superuser: psycopg.Connection) -> None:
    """With all rights, and errors told like those of migrations."""
    run_script(superuser, "tests/roles.sql", "CREATE SCHEMA auth; SELECT 1;")
    with pytest.raises(MigrationError) as caught:
        run_script(superuser, "tests/roles.sql", "SELECT 1;\nCREATE SCHEMA auth;")
    assert (caught.value.path, caught.value.line) == ("tests/roles.sql", 2)
    assert "setup file" in str(caught.value)
    with pytest.raises(MigrationError, match="leaves a transaction open"):
        run_script(superuser, "tests/roles.sql", "BEGIN;")
    with pytest.raises(MigrationError, match="not done after"):
        run_script(superuser, "x.sql", "SELECT pg_sleep(600)", timeout=0.2)
    assert ask(superuser, "SELECT 1") == 1


def test_setup_does_not_advise_setup(superuser: psycopg.Connection) -> None:
    """The remedies for migrations would mislead."""
    with pytest.raises(MigrationError) as caught:
        run_script(superuser, "roles.sql", "GRANT SELECT ON pg_am TO nobody_at_all;")
    assert "[postgres]" not in str(caught.value)
