"""Golang-migrate's folders are read as golang-migrate reads them."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.outbound.migrations.finding.search import recognized
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.plan import Mode
from pytest_userstate.outbound.migrations.tools.golang_migrate import LAYOUT
from tests.helpers.folders import Folder


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the repository's migrations folder."""
    return Folder(LAYOUT, tmp_path)


def test_versions_are_unsigned_numbers(folder: Folder) -> None:
    """Zero is one of them; leading zeros are of no account."""
    for name in ("10_a", "9_b", "0_c", "0011_d_e.f", "20240101000000_"):
        folder.write(f"{name}.up.sql")
        folder.write(f"{name}.down.sql")
    assert folder.versions == ["0", "9", "10", "11", "20240101000000"]


def test_other_names_are_ignored(folder: Folder) -> None:
    """No way in it, no version, a folder; but any suffix will do."""
    for name in ("1_a.sql", "a_1.up.sql", "-1_a.up.sql", "2_b.up", "3_c.up.sql/x"):
        folder.write(name)
    folder.write("4_d.up.pgsql")
    assert folder.versions == ["4"]


def test_migrations_in_go_are_named(folder: Folder) -> None:
    """The schema lacks what they would make, so the verdict may be wrong."""
    folder.write("1_a.up.sql")
    folder.write("2_b.up.go")
    folder.write("2_b.down.go")
    assert folder.versions == ["1"]
    [warning] = folder.load().warnings
    assert "migrations/2_b.up.go is left out" in warning
    assert "not in the audited schema" in warning


def test_a_file_is_one_batch_without_a_transaction(folder: Folder) -> None:
    """Its text is what is in it."""
    folder.write("1_a.up.sql", "A;\r\nB;")
    folder.write("1_a.down.sql", "C;")
    [migration] = folder.load().migrations
    [batch] = migration.batches
    assert migration.path == "backend/migrations/1_a.up.sql"
    assert (batch.sql, batch.mode, batch.in_transaction) == (
        *("A;\r\nB;", Mode.WHOLE, False),
    )


def test_statements_may_be_sent_one_by_one(folder: Folder) -> None:
    """Cut at every semicolon, as the tool cuts them."""
    sql = "A;\n\n;-- b;\nC ';';  \n D"
    folder.write("1_a.up.sql", sql)
    [migration] = folder.load(multi_statement=True).migrations
    [batch] = migration.batches
    assert batch.mode is Mode.PIECES
    assert batch.pieces is not None
    sent = [sql[slice(*piece)] for piece in batch.pieces]
    assert sent == ["A;", "\n\n;", "-- b;", "\nC ';", "';", "  \n D"]


def test_the_version_is_noted_before_and_after(folder: Folder) -> None:
    """The table has one row: the last version, dirty while its file runs."""
    folder.write("7_a.up.sql")
    plan = folder.load()
    [migration] = plan.migrations
    truncate = ('TRUNCATE "public"."schema_migrations"', ())
    insert = 'INSERT INTO "public"."schema_migrations" (version, dirty) VALUES ($1, $2)'
    assert migration.before == (truncate, (insert, ("7", "true")))
    assert migration.after == (truncate, (insert, ("7", "false")))
    assert plan.bookkeeping_tables == {"schema_migrations"}


def test_the_table_may_have_another_name(folder: Folder) -> None:
    """And be in another schema."""
    folder.write("1_a.up.sql")
    assert '"public"."versions" (' in folder.load(table="versions").prepare
    plan = folder.load(table="app.versions")
    assert '"app"."versions" (' in plan.prepare
    assert plan.bookkeeping_tables == {"versions"}


def test_a_way_back_alone_is_counted_and_does_nothing(folder: Folder) -> None:
    """As for the tool, which the report says."""
    folder.write("1_a.down.sql", "DROP TABLE t;")
    plan = folder.load()
    [migration] = plan.migrations
    assert (migration.version, migration.batches[0].sql) == ("1", "")
    [warning] = plan.warnings
    assert "1_a.down.sql is a way back without a way up" in warning


@pytest.mark.parametrize("other", ["01_b.up.sql", "1_a.up.sql.bak"])
def test_two_ways_up_of_one_version_are_refused(folder: Folder, other: str) -> None:
    """Both are named."""
    folder.write("1_a.up.sql")
    folder.write(other)
    message = str(folder.refusal())
    assert "1_a.up.sql" in message
    assert other in message
    assert "are both the way up of version 1" in message


def test_a_version_that_the_table_could_not_hold(folder: Folder) -> None:
    """It is read as an unsigned number, and kept as a signed one."""
    folder.write(f"{2**63}_a.up.sql")
    assert "too large for the bigint" in str(folder.refusal())


def test_a_byte_order_mark_is_refused(folder: Folder) -> None:
    """It would be sent to the server."""
    folder.write("1_a.up.sql", "\ufeffSELECT 1;")
    assert "byte order mark" in str(folder.refusal())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("go.mod", "require (\n\tgithub.com/golang-migrate/migrate/v4 v4.17.0\n)\n"),
        ("Makefile", "up:\n\tmigrate -path db/migrations -database $(DSN) up\n"),
        ("compose.yaml", "  image: migrate/migrate:v4.17.0\n"),
    ],
)
def test_the_project_names_it(folder: Folder, name: str, text: str) -> None:
    """Names of files alone do not."""
    folder.write("1_a.up.sql")
    assert LAYOUT.recognizes(folder.path) is Confidence.POSSIBLE
    assert recognized(folder.path, [LAYOUT], folder.root) == ()
    (folder.root / name).write_text(text)
    assert recognized(folder.path, [LAYOUT], folder.root) == (LAYOUT,)


def test_a_dependency_of_a_dependency_names_nothing(folder: Folder) -> None:
    """Modules that are only indirectly required are not the project's tools."""
    folder.write("1_a.up.sql")
    (folder.root / "go.mod").write_text(
        "require github.com/golang-migrate/migrate/v4 v4.17.0 // indirect\n"
    )
    assert recognized(folder.path, [LAYOUT], folder.root) == ()


def test_other_folders_are_not_its_own(folder: Folder) -> None:
    """Without a way in any name."""
    folder.write("1_a.sql")
    assert LAYOUT.recognizes(folder.path) is Confidence.NONE
