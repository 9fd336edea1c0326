"""Prisma's folders are read as Prisma reads them."""

from __future__ import annotations

import itertools
import pathlib

import pytest

from pytest_userstate.outbound.migrations.finding.search import recognized
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.tools.prisma import LAYOUT, collation_key
from tests.helpers.folders import Folder

# As sorted by node 20: names.sort((a, b) => a.localeCompare(b))
BY_JAVASCRIPT = [
    *("_a", "-a", "$a", "0_init", "00_x", "10", "1a", "2020", "20200101_a"),
    *("20200101_A", "20200101_a_b", "20200101_ab", "20200101000000_b", "9", "a"),
    *("\xe4", "a b", "a_b", "a-b", "a.b", "a$", "a1", "ab", "aB", "Ab", "AB"),
    *("ab_c", "aB_c", "abc", "add_user", "add-user", "adduser", "e1", "\xe91"),
    *("e2", "z", "Z"),
]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the repository's migrations folder."""
    return Folder(LAYOUT, tmp_path, "prisma/migrations")


def test_folders_are_sorted_as_javascript_sorts(folder: Folder) -> None:
    """An underscore comes before digits, unlike in the order of bytes."""
    for name in ("20240101000000_b", "20240101_a", "0_init", "00_more"):
        folder.write(f"{name}/migration.sql")
    assert folder.versions == ["0_init", "00_more", "20240101_a", "20240101000000_b"]


def test_the_order_is_that_of_locale_compare() -> None:
    """For each pair of names."""
    for one, other in itertools.combinations(BY_JAVASCRIPT, 2):
        assert collation_key(one) < collation_key(other)


def test_loose_files_are_left_out(folder: Folder) -> None:
    """A SQL file among them is worth a warning."""
    folder.write("1_a/migration.sql")
    folder.write("migration_lock.toml", 'provider = "postgresql"')
    folder.write("seed.sql")
    plan = folder.load()
    assert [each.path for each in plan.migrations] == [
        "prisma/migrations/1_a/migration.sql"
    ]
    [warning] = plan.warnings
    assert "seed.sql is left out" in warning


def test_a_folder_without_a_script_is_refused(folder: Folder) -> None:
    """Prisma stops there."""
    folder.write("1_a/migration.sql")
    folder.write("2_b/notes.md")
    error = folder.refusal()
    assert error.path == "prisma/migrations/2_b"
    assert "holds no migration.sql" in str(error)


def test_prisma_notes_start_and_end_around_the_script(folder: Folder) -> None:
    """In transactions of their own."""
    sql = 'CREATE TABLE "User" ();\r\n'
    folder.write("1_a/migration.sql", sql)
    plan = folder.load()
    [migration] = plan.migrations
    [batch] = migration.batches
    assert batch.sql == sql
    assert not batch.in_transaction
    [(start, (number, name))] = migration.before
    assert start.startswith("INSERT INTO _prisma_migrations")
    assert name == "1_a"
    [(finish, values)] = migration.after
    assert "finished_at" in finish
    assert values == (number,)
    assert len(str(number)) == 36
    assert plan.bookkeeping_tables == {"_prisma_migrations"}


@pytest.mark.parametrize(
    ("lock", "line", "words"),
    [
        ('# x\nprovider = "mysql"\n', 2, "'mysql'"),
        ('provider = "sqlite"', 1, "'sqlite'"),
        ('provider="postgresql"', 1, "'provider=\"postgresql'"),
        ("# nothing", 1, "no provider"),
    ],
)
def test_another_database_is_refused(
    folder: Folder, lock: str, line: int, words: str
) -> None:
    """The lock file names the provider, written as Prisma writes it."""
    folder.write("1_a/migration.sql")
    folder.write("migration_lock.toml", lock)
    error = folder.refusal()
    assert (error.path, error.line) == ("prisma/migrations/migration_lock.toml", line)
    assert words in str(error)


def test_without_a_lock_file_nothing_is_refused(folder: Folder) -> None:
    """As with Prisma."""
    folder.write("1_a/migration.sql")
    assert folder.versions == ["1_a"]


def test_the_folder_is_beside_the_schema(folder: Folder) -> None:
    """Unless the schema is of another database."""
    file = folder.root / "prisma/schema.prisma"
    find = next(each for each in LAYOUT.project_files if each.name == "schema.prisma")
    file.parent.mkdir()
    file.write_text('datasource db {\n  provider = "postgresql"\n}')
    assert find.folder(file, folder.root) is None
    folder.write("1_a/migration.sql")
    assert find.folder(file, folder.root) == folder.path
    file.write_text(
        'generator x {\n  provider = "y"\n}\ndatasource d {\n  provider = "mysql"\n}'
    )
    assert find.folder(file, folder.root) is None


def test_prisma_config_names_the_folder(folder: Folder) -> None:
    """Where it does so in a literal."""
    folder.write("1_a/migration.sql")
    file = folder.root / "prisma.config.ts"
    find = next(each for each in LAYOUT.project_files if each.name == file.name)
    file.write_text(
        "export default defineConfig({ schema: 'x',\n  migrations: { seed: 'y',"
        " path: 'prisma/migrations' } })"
    )
    assert find.folder(file, folder.root) == folder.path
    file.write_text("export default defineConfig({ migrations: { path: join(a, b) } })")
    assert find.folder(file, folder.root) is None


def test_a_lock_file_makes_a_folder_prismas(folder: Folder) -> None:
    """Without it the schema has to: Drizzle has such folders, too."""
    folder.write("1_a/migration.sql")
    assert LAYOUT.recognizes(folder.path) is Confidence.POSSIBLE
    assert recognized(folder.path, [LAYOUT], folder.root) == ()
    (folder.root / "prisma/schema.prisma").write_text("")
    assert recognized(folder.path, [LAYOUT], folder.root) == (LAYOUT,)
    folder.write("migration_lock.toml")
    assert LAYOUT.recognizes(folder.path) is Confidence.CERTAIN
