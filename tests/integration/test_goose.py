"""What goose would leave in a database: its table, its rows, its refusals."""

from __future__ import annotations

import pathlib

import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.provenance.ledger import History
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.migrations.tools.rules import GOOSE as LAYOUT
from tests.helpers.folders import Folder

UP = "-- +goose Up\n"


def run(database: psycopg.Connection, root: pathlib.Path, *files: str) -> History:
    """Apply files that are numbered in their order."""
    folder = Folder(LAYOUT, root, "db")
    for number, text in enumerate(files, 1):
        folder.write(f"{number}_step.sql", UP + text)
    return MigrationRunner(database).run(folder.load())


def failure(
    database: psycopg.Connection, root: pathlib.Path, *files: str
) -> MigrationError:
    """Return the error that applying files ends in."""
    with pytest.raises(MigrationError) as caught:
        run(database, root, *files)
    return caught.value


def rows(database: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    """Return what a query yields."""
    return database.execute(query).fetchall()


def test_its_table_has_a_row_for_each_version(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """And a first one, which was there before the first migration."""
    run(
        database,
        tmp_path,
        "CREATE TABLE seen AS SELECT count(*) FROM goose_db_version;\n"
        "-- +goose Down\nDROP TABLE seen;\n",
        "-- +goose NO TRANSACTION\nVACUUM;\nVACUUM seen;\n",
    )
    found = rows(database, "SELECT id, version_id, is_applied FROM goose_db_version")
    assert found == [(1, 0, True), (2, 1, True), (3, 2, True)]
    assert rows(database, "SELECT * FROM seen") == [(1,)]


def test_statements_are_credited_with_their_lines(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Whatever annotations stand between them."""
    created = run(
        database,
        tmp_path,
        "-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS"
        " $$\nBEGIN\n  RETURN 1;\nEND $$;\n-- +goose StatementEnd\n\n"
        "CREATE TABLE t (a int);\n-- +goose Down\nDROP TABLE t;\n",
    ).created
    assert created["public", "t", "relation", ""].line == 9
    assert created["public", "t", "column", "a"].line == 9


def test_a_file_is_one_transaction(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Statements that cannot be in one fail, and the message says what to write."""
    error = failure(
        database,
        tmp_path,
        "CREATE TABLE t (a int);\n\nCREATE INDEX CONCURRENTLY i ON t (a);\n",
    )
    assert error.line == 4
    assert "-- +goose NO TRANSACTION" in str(error)
    assert rows(database, "SELECT to_regclass('t')") == [(None,)]


def test_goose_goes_on_after_a_commit_in_a_file(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Its row is then written outside of the transaction."""
    run(database, tmp_path, "CREATE TABLE t ();\nCOMMIT;\nVACUUM t;\n")
    found = rows(database, "SELECT version_id FROM goose_db_version ORDER BY id")
    assert found == [(0,), (1,)]


def test_a_file_that_hides_gooses_table(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Goose names it without a schema, and so fails itself."""
    error = failure(
        database, tmp_path, "SELECT set_config('search_path', '', false);\n"
    )
    message = " ".join(str(error).split())
    assert 'relation "goose_db_version" does not exist' in message
    assert "recording and committing it failed" in message
