"""refinery's files are read as refinery reads them."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.tools.refinery import LAYOUT
from tests.helpers.folders import Folder

INITIAL = """\
CREATE TABLE persons (
    id int,
    name varchar(255),
    city varchar(255)
);
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the repository's migrations folder."""
    return Folder(LAYOUT, tmp_path)


def test_versions_are_integers_in_their_order(folder: Folder) -> None:
    """In folders below, too, also in hidden ones; U and V are one row."""
    for name in ("V10__c.sql", "2024/V9__b.sql", ".old/U007__a.sql", "a/b/V11__d.sql"):
        folder.write(name)
    plan = folder.load()
    assert [each.version for each in plan.migrations] == ["7", "9", "10", "11"]
    assert plan.migrations[1].path == "backend/migrations/2024/V9__b.sql"


def test_other_names_are_ignored(folder: Folder) -> None:
    """A SQL file among them is worth a warning."""
    names = ("V1__a.sql", "V2_b.sql", "v3__c.sql", "R__d.sql", "V4__e-f.sql", "mod.rs")
    for name in names:
        folder.write(name)
    plan = folder.load()
    assert [each.version for each in plan.migrations] == ["1"]
    assert len(plan.warnings) == 4
    assert "V4__e-f.sql is left out, as refinery leaves it out" in "".join(
        plan.warnings
    )


@pytest.mark.parametrize("name", ["V1.1__a.sql", "|1__a.sql", "V\u0661__a.sql"])
def test_a_version_that_is_no_integer_is_refused(folder: Folder, name: str) -> None:
    """Names that the pattern lets through all the same."""
    folder.write(name)
    error = folder.refusal()
    assert error.path == f"backend/migrations/{name}"
    assert "is no version" in str(error)


def test_large_versions_need_a_feature(folder: Folder) -> None:
    """Of the crate; the table's column then differs, too."""
    folder.write("V20240504090241__initial.sql", INITIAL)
    assert "does not fit into an integer of 32 bits" in str(folder.refusal())
    manifest = folder.root / "backend/Cargo.toml"
    manifest.write_text('refinery = { version = "0.8", features = ["postgres"] }')
    assert "int8-versions" in str(folder.refusal())
    manifest.write_text('refinery = { version = "0.8", features = ["int8-versions"] }')
    plan = folder.load()
    assert "version int8 PRIMARY KEY" in plan.prepare


def test_two_files_of_one_version_are_refused(folder: Folder) -> None:
    """Whatever their prefixes and folders."""
    folder.write("V1__a.sql")
    folder.write("b/U01__b.sql")
    message = str(folder.refusal())
    assert "V1__a.sql" in message
    assert "b/U01__b.sql" in message


def test_a_migration_in_rust_is_named(folder: Folder) -> None:
    """Only refinery itself can run it."""
    folder.write("V1__a.sql")
    folder.write("V2__b.rs", "pub fn migration() -> String {}")
    [warning] = folder.load().warnings
    assert "backend/migrations/V2__b.rs is left out" in warning
    assert "not in the audited schema" in warning
    assert "--userstate-dsn" in warning


def test_the_row_is_written_after_the_transaction(folder: Folder) -> None:
    """With its version and its name."""
    folder.write("V1__initial.sql", INITIAL)
    [migration] = folder.load().migrations
    [batch] = migration.batches
    assert batch.in_transaction
    assert batch.record == ()
    [(statement, values)] = migration.after
    assert "INSERT INTO refinery_schema_history" in statement
    assert values == ("1", "initial")


def test_names_that_are_flyways_as_well(folder: Folder) -> None:
    """Names that only Flyway knows make refinery less likely."""
    folder.write("README.md")
    assert LAYOUT.recognizes(folder.path) is Confidence.NONE
    folder.write("below/V1__a.sql")
    assert LAYOUT.recognizes(folder.path) is Confidence.CERTAIN
    folder.write("R__views.sql")
    assert LAYOUT.recognizes(folder.path) is Confidence.POSSIBLE
