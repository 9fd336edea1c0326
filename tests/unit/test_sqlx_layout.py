"""sqlx's folders are read as sqlx reads them."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import ConfigurationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.finding.search import recognized
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.tools.sqlx import LAYOUT
from tests.helpers.folders import Folder


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the repository's migrations folder."""
    return Folder(LAYOUT, tmp_path)


def test_versions_are_integers_in_their_order(folder: Folder) -> None:
    """Leading zeros and signs are of no account."""
    for name in ("10_ten.sql", "9_nine.sql", "007_seven.sql", "+8_eight.sql"):
        folder.write(name)
    folder.write("20220721124650_first.up.sql")
    assert folder.versions == ["7", "8", "9", "10", "20220721124650"]


def test_other_names_are_ignored(folder: Folder) -> None:
    """No underscore, another suffix, a folder."""
    for name in ("1_a.sql", "README.md", "2.sql", "3_c.txt", "4_d.SQL", "5_e.sql/x"):
        folder.write(name)
    assert folder.versions == ["1"]


@pytest.mark.parametrize(
    "name", ["v1_a.sql", "_a.sql", ".hidden_a.sql", "1.0_a.sql", f"{2**63}_a.sql"]
)
def test_a_prefix_that_is_no_integer_is_refused(folder: Folder, name: str) -> None:
    """SQLx runs nothing at all then."""
    folder.write("1_a.sql")
    folder.write(name)
    error = folder.refusal()
    assert error.path == f"backend/migrations/{name}"
    assert "is no version" in str(error)


def test_ways_back_are_left_out(folder: Folder) -> None:
    """One without a way up is worth a warning."""
    for name in ("1_a.up.sql", "1_a.down.sql", "2_b.down.sql", "3_c_down.sql"):
        folder.write(name)
    plan = folder.load()
    assert [each.version for each in plan.migrations] == ["1", "3"]
    [warning] = plan.warnings
    assert "2_b.down.sql is a way back without a way up" in warning
    assert "2_b.up.sql" in warning


def test_a_row_remembers_each_migration(folder: Folder) -> None:
    """With its version and its description."""
    sql = "CREATE TABLE t ();\r\n-- é\n"
    folder.write("01_add_user_table.up.sql", sql)
    plan = folder.load()
    [migration] = plan.migrations
    [batch] = migration.batches
    assert batch.sql == sql
    assert batch.in_transaction
    [(statement, values)] = batch.record
    assert values == ("1", "add user table")
    assert "_sqlx_migrations" in statement
    assert plan.bookkeeping_tables == {"_sqlx_migrations"}
    assert plan.tolerates_commit


@pytest.mark.parametrize(
    ("start", "in_transaction", "warning"),
    [
        ("-- no-transaction\n", False, ""),
        ("-- no-transactions are needed\n", False, ""),
        ("--no-transaction\n", True, "sql:1: "),
        ("\n-- no-transaction\n", True, ""),
        ("-- NO TRANSACTION\n", True, "'-- NO TRANSACTION' has no effect"),
        ("-- a file\n", True, ""),
    ],
)
def test_only_the_very_start_of_a_file_takes_its_transaction_away(
    folder: Folder, start: str, *, in_transaction: bool, warning: str
) -> None:
    """Written exactly so; what looks like it is worth a warning."""
    folder.write("1_a.sql", f"{start}CREATE INDEX CONCURRENTLY i ON t (a);")
    plan = folder.load()
    assert plan.migrations[0].batches[0].in_transaction is in_transaction
    assert warning in "".join(plan.warnings)
    assert len(plan.warnings) == (1 if warning else 0)


def test_two_files_of_one_version_are_refused(folder: Folder) -> None:
    """SQLx would stop at the second."""
    folder.write("1_a.sql")
    folder.write("01_b.up.sql")
    message = str(folder.refusal())
    assert "01_b.up.sql" in message
    assert "1_a.sql" in message
    assert "the same version, 1" in message


def test_a_link_to_nothing_is_refused(folder: Folder) -> None:
    """SQLx asks every file for its kind."""
    folder.write("1_a.sql")
    (folder.path / "2_b.sql").symlink_to("nowhere")
    assert "a link to nothing" in str(folder.refusal())


def test_a_byte_order_mark_is_refused(folder: Folder) -> None:
    """SQLx sends it on."""
    folder.write("1_a.sql", b"\xef\xbb\xbfSELECT 1;")
    assert "byte order mark" in str(folder.refusal())


def test_sqlx_toml_names_folder_table_and_schemas(folder: Folder) -> None:
    """Other settings change nothing that the audit sees."""
    folder.write("1_a.sql", "SELECT\r\n1;")
    settings = folder.root / "backend/sqlx.toml"
    settings.write_text(
        "[migrate]\nmigrations-dir = 'migrations'\ntable-name = 'app.\"History\"'\n"
        'create-schemas = ["app"]\nignored-chars = ["\\r"]\n'
    )
    plan = folder.load()
    assert "CREATE SCHEMA IF NOT EXISTS app;" in plan.prepare
    assert 'CREATE TABLE IF NOT EXISTS app."History"' in plan.prepare
    assert plan.bookkeeping_tables == {"History"}
    [(statement, _)] = plan.migrations[0].batches[0].record
    assert 'INSERT INTO app."History"' in statement
    [project_file] = LAYOUT.project_files
    assert project_file.folder(settings, folder.root) == folder.path


def test_sqlx_toml_that_names_a_missing_folder(folder: Folder) -> None:
    """File, key and folder are named."""
    file = folder.root / "sqlx.toml"
    file.write_text("[migrate]\nmigrations-dir = 'nowhere'")
    with pytest.raises(TargetNotFoundError, match="nowhere") as caught:
        LAYOUT.project_files[0].folder(file, folder.root)
    assert "sqlx.toml says" in str(caught.value)
    assert "migrations-dir" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[migrate", "cannot be read"),
        ("[migrate]\ntable-name = 1", "has to be a string, not 1"),
    ],
)
def test_sqlx_toml_that_cannot_be_used(folder: Folder, text: str, words: str) -> None:
    """Guessing would be worse."""
    folder.write("1_a.sql")
    (folder.root / "sqlx.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        folder.load()
    assert caught.value.file == "sqlx.toml"


@pytest.mark.parametrize(
    ("manifest", "is_named"),
    [
        ('[dependencies]\nsqlx = "0.8"', True),
        ('[dependencies]\nsqlx = { version = "0.8" }', True),
        ("[dependencies]\nsqlx.workspace = true", True),
        ("[workspace.dependencies.sqlx]\nversion = '0.8'", True),
        ('[dependencies]\nsqlx-core = "0.8"', False),
        ('[dependencies]\n# sqlx = "0.8"', False),
    ],
)
def test_cargo_toml_tells_whose_the_numbered_files_are(
    folder: Folder, manifest: str, *, is_named: bool
) -> None:
    """Names alone do not: other tools have such names, too."""
    assert LAYOUT.recognizes(folder.root) is Confidence.NONE
    folder.write("1_a.sql")
    assert LAYOUT.recognizes(folder.path) is Confidence.POSSIBLE
    (folder.root / "backend/Cargo.toml").write_text(manifest)
    found = recognized(folder.path, [LAYOUT], folder.root)
    assert found == ((LAYOUT,) if is_named else ())
