"""What golang-migrate would leave in a database: its table, its row, its refusals."""

from __future__ import annotations

import pathlib

import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.migrations.tools.rules import (
    GOLANG_MIGRATE as LAYOUT,
)
from tests.helpers.folders import Folder


def run(
    database: psycopg.Connection, root: pathlib.Path, *files: str, **options: object
) -> None:
    """Apply files that are numbered in their order."""
    folder = Folder(LAYOUT, root, "db")
    for number, text in enumerate(files, 1):
        folder.write(f"{number}_step.up.sql", text)
    MigrationRunner(database).run(folder.load(**options))


def failure(
    database: psycopg.Connection, root: pathlib.Path, *files: str, **options: object
) -> MigrationError:
    """Return the error that applying files ends in."""
    with pytest.raises(MigrationError) as caught:
        run(database, root, *files, **options)
    return caught.value


def rows(database: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    """Return what a query yields."""
    return database.execute(query).fetchall()


STATE = "SELECT version, dirty FROM schema_migrations"


def test_its_table_has_the_last_version_alone(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Dirty while a file runs, as migrations can see."""
    run(database, tmp_path, "SELECT 1;", f"CREATE TABLE seen AS {STATE};", "")
    assert rows(database, STATE) == [(3, False)]
    assert rows(database, "SELECT * FROM seen") == [(2, True)]


def test_a_version_stays_dirty_where_its_file_fails(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """A batch of several statements is undone as a whole."""
    error = failure(database, tmp_path, "CREATE TABLE t ();\nSELECT 1/0;\n")
    assert error.line == 2
    assert rows(database, STATE) == [(1, True)]
    assert rows(database, "SELECT to_regclass('t')") == [(None,)]


CONCURRENTLY = "CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\n"


def test_what_has_to_stand_alone_says_how(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Alone in its file, or with the tool's setting."""
    error = failure(database, tmp_path, CONCURRENTLY)
    assert error.line == 2
    assert "multi_statement = true" in " ".join(str(error).split())
    database.execute("DROP TABLE schema_migrations")
    run(database, tmp_path, CONCURRENTLY, multi_statement=True)
    assert rows(database, "SELECT to_regclass('i')::text") == [("i",)]


def test_a_file_that_leaves_a_transaction_open(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The tool could not note its version."""
    error = failure(database, tmp_path, "BEGIN;\nCREATE TABLE t ();\n")
    assert error.line == 1
    assert "leaves a transaction open" in str(error)


@pytest.mark.parametrize("name", ["SCHEMA public CASCADE", "TABLE schema_migrations"])
def test_a_file_that_drops_the_tools_table(
    database: psycopg.Connection, tmp_path: pathlib.Path, name: str
) -> None:
    """Or the schema around it: its line is named, and that the tool stops too."""
    error = failure(database, tmp_path, f"SELECT 1;\n\nDROP {name};\n")
    assert error.line == 3
    message = " ".join(str(error).split())
    assert "1_step.up.sql:3: what the tool does after the file failed" in message
    assert f"DROP {name}" in message
    assert "golang-migrate itself stops here, too" in message
