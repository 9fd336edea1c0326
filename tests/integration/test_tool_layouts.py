"""What each tool would leave in a database: its tables, its rows, its refusals."""

from __future__ import annotations

import hashlib
import pathlib

import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations import dbmate, sqlx
from pytest_userstate.outbound.migrations.layout import Layout
from pytest_userstate.outbound.migrations.runner import MigrationRunner
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
    run(database, tmp_path, sqlx.LAYOUT, files)
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
    assert rows[0][3] == hashlib.sha384(b"CREATE TABLE a (x int);").digest()
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
    message = failure(database, tmp_path, sqlx.LAYOUT, files)
    assert message.startswith("db/1_a.sql, line 3: ")
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
    run(database, tmp_path, dbmate.LAYOUT, files)
    assert columns(database, "public.schema_migrations") == [
        "version character varying NOT NULL"
    ]
    rows = database.execute("SELECT version FROM public.schema_migrations").fetchall()
    assert rows == [("1",), ("2",), ("3",)]


@pytest.mark.parametrize(
    ("up", "words"),
    [
        (
            "CREATE TABLE a (x int); COMMIT;",
            "ends the transaction that dbmate runs it in",
        ),
        (
            "CREATE SCHEMA app; SET search_path TO app, public;",
            'relation "app.schema_migrations" does not exist',
        ),
    ],
)
def test_dbmate_fails_where_dbmate_does(
    database: psycopg.Connection, tmp_path: pathlib.Path, up: str, words: str
) -> None:
    """Seen with dbmate 2.36 itself."""
    files = {"1_a.sql": f"-- migrate:up\n{up}\n-- migrate:down\n"}
    message = failure(database, tmp_path, dbmate.LAYOUT, files)
    assert message.startswith("db/1_a.sql")
    assert words in message
