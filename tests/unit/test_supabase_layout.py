"""Supabase's files are read as its command line tool reads them."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.outbound.migrations.finding.search import recognized
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.plan import Mode
from pytest_userstate.outbound.migrations.tools.supabase import LAYOUT
from tests.helpers.folders import Folder


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the folder that Supabase's projects have."""
    return Folder(LAYOUT, tmp_path, "supabase/migrations")


def test_files_are_sorted_by_name(folder: Folder) -> None:
    """Other names are left out with a warning, folders without."""
    for name in ("20240102_b.down.sql", "20240101000000_a.sql", "9_.sql", "a/1_x.sql"):
        folder.write(name)
    for name in ("init.sql", "20240103-c.sql", "README.md"):
        folder.write(name)
    plan = folder.load()
    assert [each.version for each in plan.migrations] == [
        *("20240101000000", "20240102", "9"),
    ]
    [warning] = plan.warnings
    assert "20240103-c.sql" in warning
    assert "init.sql are left out: supabase runs only files named" in warning


def test_statements_and_their_record_are_one_transaction(folder: Folder) -> None:
    """In one transaction."""
    sql = "-- a\nSELECT 'x;\\\"';;\n\n/* b */ SELECT 2;\n-- end\n"
    folder.write("1_a_b.sql", sql)
    plan = folder.load()
    [migration] = plan.migrations
    [batch] = migration.batches
    assert (batch.mode, batch.sql) == (Mode.PIECES, sql)
    [(statement, values)] = batch.record
    assert "supabase_migrations.schema_migrations" in statement
    assert values == ("1", "a b")
    assert migration.before == (("RESET ALL", ()),)


@pytest.mark.parametrize(
    ("sql", "is_granted"),
    [
        ("create extension if not exists vector", True),
        ("DROP TRIGGER IF EXISTS t ON auth.users", True),
        ('CREATE POLICY "a b" ON "storage".objects USING (true)', True),
        ("ALTER POLICY p ON storage.objects RENAME TO q", True),
        ("DROP TRIGGER t ON public.users", False),
        ("DROP TRIGGER t ON auth", False),
        ("CREATE POLICY p ON posts USING (true)", False),
        ("DROP TABLE auth.users", False),
        ("CREATE TRIGGER t AFTER INSERT ON auth.users EXECUTE FUNCTION f()", False),
    ],
)
def test_what_the_platform_does_for_the_project(
    folder: Folder, sql: str, *, is_granted: bool
) -> None:
    """It owns neither extensions nor the tables of the services."""
    folder.write("1_a.sql", f"SELECT 1;\n{sql};")
    [migration] = folder.load().migrations
    pieces = [piece for piece, _ in migration.batches[0].substitutes]
    assert pieces == ([(10, 10 + len(sql))] if is_granted else [])


def test_roles_of_the_project_come_first(folder: Folder) -> None:
    """They are recorded nowhere."""
    folder.write("../roles.sql", "CREATE ROLE app;")
    folder.write("1_a.sql")
    plan = folder.load()
    assert [each.path for each in plan.migrations] == [
        *("supabase/roles.sql", "supabase/migrations/1_a.sql"),
    ]
    assert plan.migrations[0].batches[0].record == ()


def test_two_files_of_one_version_are_refused(folder: Folder) -> None:
    """As texts: 1 and 01 are two."""
    for name in ("1_a.sql", "01_b.sql"):
        folder.write(name)
    assert folder.versions == ["01", "1"]
    folder.write("1_c.sql")
    assert "the same version, 1" in str(folder.refusal())


def test_what_the_platform_provides_is_marked_as_its_own(folder: Folder) -> None:
    """With the schema: a table of the project may have the same name."""
    folder.write("1_a.sql")
    plan = folder.load()
    assert {
        *("auth.users", "auth.sessions", "storage.buckets", "storage.objects"),
        *("realtime.messages", "vault.secrets"),
        "supabase_migrations.schema_migrations",
    } <= plan.bookkeeping_tables
    assert "users" not in plan.bookkeeping_tables
    assert "CREATE TABLE auth.users" in plan.platform


def test_the_folder_is_known_by_its_place_or_by_the_configuration(
    folder: Folder,
) -> None:
    """Names alone do not tell."""
    other = Folder(LAYOUT, folder.root, "db/supabase_like")
    other.write("1_a.sql")
    assert LAYOUT.recognizes(other.path) is Confidence.POSSIBLE
    assert recognized(other.path, [LAYOUT], folder.root) == ()
    folder.write("README.md")
    assert LAYOUT.recognizes(folder.path) is Confidence.NONE
    folder.write("1_a.sql")
    assert LAYOUT.recognizes(folder.path) is Confidence.CERTAIN
    config = folder.root / "supabase/config.toml"
    config.write_text('project_id = "x"')
    [project_file] = LAYOUT.project_files
    assert project_file.folder(config, folder.root) == folder.path
