"""What each tool would leave in a database: its tables, its rows, its refusals."""

from __future__ import annotations

import pathlib

import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import Layout
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.migrations.tools import (
    drizzle,
    flyway,
    liquibase,
    rules,
)
from tests.helpers.folders import Folder


def run(
    database: psycopg.Connection,
    folder: pathlib.Path,
    layout: Layout,
    files: dict[str, str],
) -> None:
    """Write the files, and apply them."""
    made = Folder(layout, folder, "db")
    for name, content in files.items():
        made.write(name, content)
    MigrationRunner(database).run(made.load())


def failure(
    database: psycopg.Connection,
    folder: pathlib.Path,
    layout: Layout,
    files: dict[str, str],
) -> str:
    """Return the message that applying the files ends in."""
    with pytest.raises(MigrationError) as caught:
        run(database, folder, layout, files)
    return str(caught.value)


def columns(database: psycopg.Connection, table: str) -> list[str]:
    """Return each column of a table, as PostgreSQL tells it."""
    rows = database.execute(
        """SELECT concat(attname, ' ', format_type(atttypid, atttypmod),
                CASE WHEN attnotnull THEN ' NOT NULL' END)
            FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
            ORDER BY attnum""",
        (table,),
    )
    return [row[0] for row in rows]


def test_sqlx(database: psycopg.Connection, tmp_path: pathlib.Path) -> None:
    """A file may end the transaction around it; only its row then comes later."""
    files = {
        "1_a_table.sql": "CREATE TABLE a (x int);",
        "2_b.up.sql": "BEGIN; CREATE TABLE b (x int); COMMIT;",
        "2_b.down.sql": "DROP TABLE b;",
        "3_c.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (x);",
    }
    run(database, tmp_path, rules.SQLX, files)
    assert columns(database, "_sqlx_migrations") == [
        "version bigint NOT NULL",
        "description text NOT NULL",
        "installed_on timestamp with time zone NOT NULL",
        "success boolean NOT NULL",
        "checksum bytea NOT NULL",
        "execution_time bigint NOT NULL",
    ]
    rows = database.execute(
        """SELECT version, description, success, checksum, execution_time > 0
        FROM _sqlx_migrations ORDER BY version"""
    ).fetchall()
    assert [row[:3] for row in rows] == [
        (1, "a table", True),
        (2, "b", True),
        (3, "c", True),
    ]
    assert all(row[4] for row in rows)
    zone = database.execute("SHOW TimeZone").fetchone()
    assert zone == ("UTC",)


def test_sqlx_sends_a_file_without_transaction_as_one_batch(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Of which the server makes a transaction: the message says so."""
    files = {
        "1_a.sql": "-- no-transaction\nCREATE TABLE a (x int);\n"
        "CREATE INDEX CONCURRENTLY i ON a (x);"
    }
    message = failure(database, tmp_path, rules.SQLX, files)
    assert message.startswith("db/1_a.sql:3: ")
    assert "cannot run inside a transaction block" in message
    assert "the only one in its file" in " ".join(message.split())


def test_dbmate(database: psycopg.Connection, tmp_path: pathlib.Path) -> None:
    """The same tables and rows as dbmate 2.36 leaves."""
    files = {
        "1_a.sql": "-- migrate:up\nCREATE TABLE a (x int);\n-- migrate:down\n",
        "2_i.sql": "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i"
        " ON a (x);\n-- migrate:down\nDROP INDEX i;\n",
        "3_path.sql": "-- migrate:up\nSET search_path TO '';\n-- migrate:down\n",
    }
    run(database, tmp_path, rules.DBMATE, files)
    assert columns(database, "public.schema_migrations") == [
        "version character varying NOT NULL"
    ]
    rows = database.execute("SELECT version FROM public.schema_migrations").fetchall()
    assert rows == [("1",), ("2",), ("3",)]


def test_dbmate_refuses_a_file_that_ends_its_transaction(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Seen with dbmate 2.36 itself."""
    up = "CREATE TABLE a (x int); COMMIT;"
    files = {"1_a.sql": f"-- migrate:up\n{up}\n-- migrate:down\n"}
    message = failure(database, tmp_path, rules.DBMATE, files)
    assert message.startswith("db/1_a.sql")
    assert "ends the transaction that dbmate runs it in" in message


def test_refinery(database: psycopg.Connection, tmp_path: pathlib.Path) -> None:
    """The row comes after the transaction, also after one that the file ended."""
    files = {
        "V1__a.sql": "CREATE TABLE a AS SELECT count(*) FROM refinery_schema_history;",
        "below/U2__b.sql": "BEGIN; CREATE TABLE b (x int); COMMIT;",
    }
    run(database, tmp_path, rules.REFINERY, files)
    assert columns(database, "refinery_schema_history") == [
        "version bigint NOT NULL",
        "name character varying(255)",
        "applied_on character varying(255)",
        "checksum character varying(255)",
    ]
    rows = database.execute(
        """SELECT version, name, applied_on::timestamptz <= now()
        FROM refinery_schema_history ORDER BY version"""
    ).fetchall()
    assert rows == [(1, "a", True), (2, "b", True)]


def test_refinery_has_no_way_out_of_the_transaction(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The message says that there is none."""
    files = {"V1__a.sql": "CREATE INDEX CONCURRENTLY i ON pg_class (relname);"}
    message = failure(database, tmp_path, rules.REFINERY, files)
    assert "cannot run inside a transaction block" in message
    assert "cannot be a migration of refinery's" in " ".join(message.split())


def test_prisma(database: psycopg.Connection, tmp_path: pathlib.Path) -> None:
    """A script sees its own row, not finished; search_path is the schema alone."""
    files = {
        "1_a/migration.sql": "CREATE TABLE a AS SELECT finished_at IS NULL AS runs,"
        " current_setting('search_path') AS path FROM _prisma_migrations;",
        "2_i/migration.sql": "CREATE INDEX CONCURRENTLY i ON a (runs);",
    }
    run(database, tmp_path, rules.PRISMA, files)
    assert columns(database, "_prisma_migrations") == [
        "id character varying(36) NOT NULL",
        "checksum character varying(64) NOT NULL",
        "finished_at timestamp with time zone",
        "migration_name character varying(255) NOT NULL",
        "logs text",
        "rolled_back_at timestamp with time zone",
        "started_at timestamp with time zone NOT NULL",
        "applied_steps_count integer NOT NULL",
    ]
    assert database.execute("TABLE a").fetchall() == [(True, "public")]
    rows = database.execute(
        """SELECT migration_name, started_at <= finished_at, applied_steps_count, logs
        FROM _prisma_migrations ORDER BY 1"""
    ).fetchall()
    assert rows == [("1_a", True, 1, None), ("2_i", True, 1, None)]


def test_prisma_sends_a_script_as_one_batch(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Of which the server makes a transaction."""
    files = {
        "1_a/migration.sql": "CREATE TABLE a (x int);\n"
        "CREATE INDEX CONCURRENTLY i ON a (x);"
    }
    message = failure(database, tmp_path, rules.PRISMA, files)
    assert message.startswith("db/1_a/migration.sql:2: ")
    assert "the only one in its migration.sql" in " ".join(message.split())
    assert database.execute("SELECT to_regclass('a')").fetchone() == (None,)


def test_flyway(database: psycopg.Connection, tmp_path: pathlib.Path) -> None:
    """Rows come after the transaction, whatever a migration leaves behind."""
    files = {
        "V1__a_table.sql": "CREATE TABLE a (x int); COMMIT; SET search_path TO '';",
        "V1_1__i.sql": "CREATE INDEX CONCURRENTLY i ON a (x);",
        "R__v.sql": "CREATE VIEW v AS SELECT max(installed_rank) AS last"
        " FROM flyway_schema_history;",
    }
    run(database, tmp_path, flyway.LAYOUT, files)
    assert columns(database, "public.flyway_schema_history") == [
        "installed_rank integer NOT NULL",
        "version character varying(50)",
        "description character varying(200) NOT NULL",
        "type character varying(20) NOT NULL",
        "script character varying(1000) NOT NULL",
        "checksum integer",
        "installed_by character varying(100) NOT NULL",
        "installed_on timestamp without time zone NOT NULL",
        "execution_time integer NOT NULL",
        "success boolean NOT NULL",
    ]
    rows = database.execute(
        """SELECT installed_rank, version, description, type, script, installed_by,
            success FROM public.flyway_schema_history ORDER BY 1"""
    ).fetchall()
    assert rows == [
        (1, "1", "a table", "SQL", "V1__a_table.sql", "userstate", True),
        (2, "1.1", "i", "SQL", "V1_1__i.sql", "userstate", True),
        (3, None, "v", "SQL", "R__v.sql", "userstate", True),
    ]
    assert database.execute("SELECT last FROM public.v").fetchone() == (3,)


def test_flyway_reads_the_rows_of_a_copy(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """In the transaction of its file, with what follows the rows."""
    copy = "COPY a FROM STDIN;\n1\n2\n\\.\n"
    sql = f"CREATE TABLE a (x int);\n{copy}DELETE FROM a WHERE x = 1;"
    run(database, tmp_path, flyway.LAYOUT, {"V1__a.sql": sql})
    assert database.execute("SELECT x FROM a").fetchall() == [(2,)]
    broken = f"{sql.replace(' a ', ' b ')}\nSELECT 1/0;"
    failure(database, tmp_path / "other", flyway.LAYOUT, {"V1__b.sql": broken})
    assert database.execute("SELECT to_regclass('b')").fetchone() == (None,)


def test_drizzle(database: psycopg.Connection, tmp_path: pathlib.Path) -> None:
    """A file is cut at its breakpoints; its row is in the schema `drizzle`."""
    files = {
        "0000_a.sql": "CREATE TABLE a (x int);\n--> statement-breakpoint\n"
        "DO $$ BEGIN ALTER TABLE a ADD y int; END $$;\n--> statement-breakpoint\n"
        "BEGIN;\n--> statement-breakpoint\nCOMMIT;\n",
        "0001_thrown_away.sql": "ALTER TABLE a ADD z int;",
        "meta/_journal.json": '{"entries": [{"tag": "0000_a"}]}',
    }
    run(database, tmp_path, drizzle.LAYOUT, files)
    assert columns(database, "a") == ["x integer", "y integer"]
    rows = database.execute("SELECT hash FROM drizzle.__drizzle_migrations")
    assert rows.fetchall() == [("0000_a",)]


def test_flyway_in_a_schema_of_its_own(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """It makes the schema, keeps its table there, and puts it first."""
    (tmp_path / "flyway.conf").write_text("flyway.schemas=app\n")
    run(database, tmp_path, flyway.LAYOUT, {"V1__a.sql": "CREATE TABLE a ();"})
    rows = database.execute(
        "SELECT installed_rank, type, script FROM app.flyway_schema_history ORDER BY 1"
    ).fetchall()
    assert rows == [(1, "SQL", "V1__a.sql")]
    assert database.execute("SELECT to_regclass('app.a')::text").fetchone() is not None
    assert database.execute("SELECT to_regclass('public.a')").fetchone() == (None,)


TABLES = "CREATE TABLE a (x int);\nALTER TABLE a ADD y int;\n"
DOWN = "DROP TABLE a;\n"
# A file of each tool: its name, and what is in it.
WRITTEN = {
    "atlas": ("20240101_a.sql", TABLES),
    "bun": ("20240101_a.up.sql", TABLES),
    "graphile-migrate": ("000001.sql", f"--! Previous: -\n\n{TABLES}"),
    "hasura": ("1600000000000_a/up.sql", TABLES),
    "micrate": ("1_a.sql", f"-- +micrate Up\n{TABLES}-- +micrate Down\n{DOWN}"),
    "mybatis": (
        "1_a.sql",
        (
            "CREATE TABLE ${changelog} (id numeric(20), applied_at varchar(25),"
            f" description varchar(255));\n{TABLES}-- //@UNDO\n{DOWN}"
        ),
    ),
    "node-pg-migrate": (
        "1_a.sql",
        f"-- Up Migration\n{TABLES}-- Down Migration\n{DOWN}",
    ),
    "play": ("1.sql", f"# --- !Ups\n{TABLES}# --- !Downs\n{DOWN}"),
    "pop": ("20240101_a.postgres.up.sql", TABLES),
    "postgrator": ("001.do.a.sql", TABLES),
    "rambler": ("1.sql", f"-- rambler up\n{TABLES}-- rambler down\n{DOWN}"),
    "sql-migrate": ("1.sql", f"-- +migrate Up\n{TABLES}-- +migrate Down\n{DOWN}"),
    "tern": ("1_a.sql", f"{TABLES}---- create above / drop below ----\n{DOWN}"),
    "yoyo": ("1.a.sql", f"-- depends:\n\n{TABLES}"),
}


def test_every_other_tool_of_sql_files(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The way up runs, and the tool's own table says so."""
    for tool, (name, sql) in WRITTEN.items():
        [layout] = [row for row in rules.ROWS if row.name == tool]
        run(database, tmp_path / tool, layout, {name: sql})
        assert columns(database, "a") == ["x integer", "y integer"], tool
        rows = database.execute(f"SELECT count(*) FROM {layout.table}")
        assert rows.fetchone() == (2 if tool == "postgrator" else 1,), tool
        database.execute("DROP TABLE a")


def test_liquibase(database: psycopg.Connection, tmp_path: pathlib.Path) -> None:
    """Each changeset is sent by itself, and has a row."""
    sql = f"""\
--liquibase formatted sql
--changeset ann:1
{TABLES}
--rollback DROP TABLE a;
--changeset ann:2 splitStatements:true endDelimiter:/ runInTransaction:false
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END;';
/
CREATE INDEX CONCURRENTLY i ON a (x)
/
--changeset ann:3 dbms:mysql
BROKEN;
"""
    run(database, tmp_path, liquibase.LAYOUT, {"1.sql": sql})
    assert columns(database, "a") == ["x integer", "y integer"]
    rows = database.execute("SELECT id, author FROM databasechangelog ORDER BY 1")
    assert rows.fetchall() == [("1", "ann"), ("2", "ann")]


def test_what_a_program_would_have_made_is_missing(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The error says that there are programs, and what to do about them."""
    files = {
        "1_a.go": "package migrations",
        "2_b.sql": "-- +goose Up\nALTER TABLE a ADD y int;\n",
    }
    message = " ".join(failure(database, tmp_path, rules.GOOSE, files).split())
    assert "1 migration of this folder is a program (db/1_a.go)" in message
    assert "--userstate-dsn" in message
