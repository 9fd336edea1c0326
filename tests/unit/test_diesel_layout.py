"""Diesel's folders are read as Diesel 2 reads them, its surprises included."""

from __future__ import annotations

import pathlib
import textwrap

import pytest

from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
)
from pytest_userstate.outbound.migrations.layout import Plan
from pytest_userstate.outbound.migrations.tools.diesel import DieselLayout

LAYOUT = DieselLayout()


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Make the repository's migrations folder."""
    folder = tmp_path / "backend" / "migrations"
    folder.mkdir(parents=True)
    return folder


def write(folder: pathlib.Path, name: str, content: str | bytes = "SELECT 1;") -> None:
    """Write one file below the migrations folder."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def load(folder: pathlib.Path) -> Plan:
    """Read the folder as seen from the repository's root."""
    return LAYOUT.load(folder, folder.parents[1])


def refusal(folder: pathlib.Path) -> MigrationError:
    """Return the error that reading the folder ends in."""
    with pytest.raises(MigrationError) as caught:
        load(folder)
    return caught.value


def test_versions_are_sorted_as_strings(folder: pathlib.Path) -> None:
    """The version is what stands before the first underscore, without hyphens."""
    for name in (
        "2024-01-02-000000_second_one",
        "2024-01-01-000000_first",
        "00000000000000_diesel_initial_setup",
        "10_ten",
        "9_nine",
        "unnamed",
    ):
        write(folder, f"{name}/up.sql")
    plan = load(folder)
    assert [each.version for each in plan.migrations] == [
        *("00000000000000", "10", "20240101000000", "20240102000000", "9", "unnamed"),
    ]
    assert plan.migrations[2].path == (
        "backend/migrations/2024-01-01-000000_first/up.sql"
    )


def test_each_migration_is_recorded_in_diesels_own_table(folder: pathlib.Path) -> None:
    """The table is made first, and each row with its migration."""
    write(folder, "2024-01-01-000000_first/up.sql", "SELECT 'é';\r\n")
    plan = load(folder)
    [migration] = plan.migrations
    assert plan.bookkeeping_tables == {"__diesel_schema_migrations"}
    assert "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations" in plan.prepare
    assert plan.restores_search_path
    [batch] = migration.batches
    [(_, parameters)] = batch.record
    assert parameters == ("20240101000000",)
    assert batch.sql == "SELECT 'é';\r\n"
    assert plan.warnings == ()


def test_dot_folders_loose_files_and_empty_folders_are_left_out(
    folder: pathlib.Path,
) -> None:
    """As Diesel leaves them out; a loose SQL file is worth a warning."""
    write(folder, "1_first/up.sql")
    write(folder, ".hidden/x.txt")
    write(folder, ".keep", "")
    write(folder, "README.md", "")
    write(folder, "seed.sql")
    (folder / "2_empty").mkdir()
    plan = load(folder)
    assert [each.version for each in plan.migrations] == ["1"]
    [warning] = plan.warnings
    assert "backend/migrations/seed.sql" in warning


@pytest.mark.parametrize("inside", ["down.sql", ".keep", "UP.sql"])
def test_a_folder_with_anything_but_up_sql_is_refused(
    folder: pathlib.Path, inside: str
) -> None:
    """Diesel refuses all migrations then, also for a hidden file."""
    write(folder, "1_first/up.sql")
    write(folder, f"2_second/{inside}")
    error = refusal(folder)
    assert error.path == "backend/migrations/2_second"
    assert "holds no up.sql" in str(error)


def test_a_link_to_a_migration_is_followed(folder: pathlib.Path) -> None:
    """A link to a folder is a migration, a link to anything else is refused."""
    write(folder.parent, "shared/up.sql")
    (folder / "1_shared").symlink_to(folder.parent / "shared")
    assert [each.version for each in load(folder).migrations] == ["1"]
    (folder / "2_file").symlink_to(folder.parent / "shared" / "up.sql")
    assert refusal(folder).path == "backend/migrations/2_file"


def test_an_empty_up_sql_is_refused(folder: pathlib.Path) -> None:
    """A comment is enough; nothing at all is an error for Diesel."""
    write(folder, "1_first/up.sql", "-- nothing to do\n")
    assert load(folder).migrations[0].batches[0].sql
    write(folder, "2_second/up.sql", "")
    error = refusal(folder)
    assert error.path == "backend/migrations/2_second/up.sql"
    assert "is empty" in str(error)


def test_two_folders_of_one_version_are_refused(folder: pathlib.Path) -> None:
    """Diesel would run one of them by chance; hyphens make no difference."""
    write(folder, "2024-01-01_a/up.sql")
    write(folder, "20240101_b/up.sql")
    message = str(refusal(folder))
    assert "2024-01-01_a/up.sql" in message
    assert "20240101_b/up.sql" in message
    assert "the same version, 20240101" in message


@pytest.mark.parametrize(
    ("metadata", "in_transaction", "warning"),
    [
        ("run_in_transaction = true", True, ""),
        ("run_in_transaction = false", False, ""),
        ("run_in_transaction = false\n[other]\nkey = 1", False, ""),
        ("", False, "has no run_in_transaction"),
        ("[metadata]\nrun_in_transaction = true", False, "has no run_in_transaction"),
        ("run_in_transaction = 'false'", True, "has to be true or false"),
        ("run_in_transaction: false", True, "cannot be read"),
        (b"run_in_transaction = false # \xff", True, "cannot be read"),
    ],
)
def test_metadata_decides_about_the_transaction(
    folder: pathlib.Path, metadata: str | bytes, *, in_transaction: bool, warning: str
) -> None:
    """A file without the key means false, a file that is not valid means true."""
    write(folder, "1_first/up.sql")
    write(folder, "1_first/metadata.toml", metadata)
    plan = load(folder)
    assert plan.migrations[0].batches[0].in_transaction is in_transaction
    assert len(plan.warnings) == (1 if warning else 0)
    assert warning in "".join(plan.warnings)
    if warning:
        assert "backend/migrations/1_first/metadata.toml" in plan.warnings[0]


def test_without_metadata_there_is_a_transaction(folder: pathlib.Path) -> None:
    """The usual case."""
    write(folder, "1_first/up.sql")
    assert load(folder).migrations[0].batches[0].in_transaction


def test_a_file_that_is_not_utf_8_is_named_with_its_line(folder: pathlib.Path) -> None:
    """Byte, offset and line, and how to convert it."""
    write(folder, "1_first/up.sql", b"SELECT 1;\n-- \xe9t\xe9\n")
    error = refusal(folder)
    assert (error.path, error.line) == ("backend/migrations/1_first/up.sql", 2)
    assert "byte 0xe9 at offset 13" in str(error)
    assert "iconv -f ISO-8859-1" in str(error)


def test_a_file_of_utf_16_is_told_as_one(folder: pathlib.Path) -> None:
    """What editors of another system save."""
    write(folder, "1_first/up.sql", "SELECT 1;".encode("utf-16"))
    assert "iconv -f UTF-16" in str(refusal(folder))


def test_a_byte_order_mark_is_refused(folder: pathlib.Path) -> None:
    """Diesel sends it on, and the server takes it for part of a word."""
    write(folder, "1_first/up.sql", b"\xef\xbb\xbfSELECT 1;")
    assert "byte order mark" in str(refusal(folder))


def test_a_zero_byte_is_refused(folder: pathlib.Path) -> None:
    """No SQL can contain one, and libpq would stop reading there."""
    write(folder, "1_first/up.sql", "SELECT 1;\nSELECT '\0';")
    error = refusal(folder)
    assert error.line == 2
    assert "zero byte" in str(error)


def test_a_folder_in_place_of_up_sql_cannot_be_read(folder: pathlib.Path) -> None:
    """An error of the operating system is a clear message, too."""
    (folder / "1_first" / "up.sql").mkdir(parents=True)
    assert "cannot be read" in str(refusal(folder))


def test_what_makes_a_folder_diesels(folder: pathlib.Path) -> None:
    """A folder below with an up.sql, hidden ones not counted."""
    assert not LAYOUT.recognizes(folder)
    write(folder, "1.sql")
    write(folder, ".hidden/up.sql")
    write(folder, "1_first/migration.sql")
    assert not LAYOUT.recognizes(folder)
    write(folder, "2_second/up.sql")
    assert LAYOUT.recognizes(folder)


def named_by(root: pathlib.Path, text: str) -> pathlib.Path | None:
    """Return the folder that a diesel.toml of this text in `root` names."""
    write(root, "backend/diesel.toml", textwrap.dedent(text))
    [project_file] = LAYOUT.project_files
    assert project_file.name == "diesel.toml"
    return project_file.folder(root / "backend" / "diesel.toml", root)


def test_diesel_toml_names_the_folder(tmp_path: pathlib.Path) -> None:
    """Relative to the file itself; without the key, `migrations` beside it."""
    assert named_by(tmp_path, "[print_schema]\nfile = 'src/schema.rs'") is None
    beside = tmp_path / "backend" / "migrations"
    beside.mkdir()
    assert named_by(tmp_path, "") == beside
    other = tmp_path / "db"
    other.mkdir()
    found = named_by(tmp_path, "[migrations_directory]\ndir = '../db'")
    assert found is not None
    assert found.resolve() == other.resolve()


def test_diesel_toml_that_names_a_missing_folder(tmp_path: pathlib.Path) -> None:
    """File, key and folder are named."""
    with pytest.raises(TargetNotFoundError) as caught:
        named_by(tmp_path, "[migrations_directory]\ndir = 'nowhere'")
    message = str(caught.value)
    assert message.startswith("backend/diesel.toml")
    assert "nowhere" in message
    assert "[migrations_directory]" in message


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[migrations_directory\n", "", "cannot be read"),
        (
            "[migrations_directory]\ndir = 1",
            "migrations_directory.dir",
            "has to be a string",
        ),
        (
            "migrations_directory = ['x']",
            "migrations_directory.dir",
            "has to be a string",
        ),
    ],
)
def test_diesel_toml_that_cannot_be_used(
    tmp_path: pathlib.Path, text: str, key: str, words: str
) -> None:
    """Guessing where the migrations are would be worse."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        named_by(tmp_path, text)
    assert (caught.value.file, caught.value.key) == ("backend/diesel.toml", key)
