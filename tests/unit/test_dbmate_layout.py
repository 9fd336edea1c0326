"""dbmate's files are read as dbmate reads them."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.tools.dbmate import LAYOUT
from tests.helpers.folders import Folder

BOTH = "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the repository's migrations folder."""
    return Folder(LAYOUT, tmp_path, "db/migrations")


def test_files_are_sorted_by_name(folder: Folder) -> None:
    """Not by number; the version is the digits, and no underscore is needed."""
    for name in ("9_a.sql", "10_a.sql", "010_a.sql", "11.sql", "12-b.sql"):
        folder.write(name, BOTH)
    assert folder.versions == ["010", "10", "11", "12", "9"]


def test_other_names_are_ignored(folder: Folder) -> None:
    """No digits at the start, another suffix, a folder."""
    for name in ("1_a.sql", "x_2.sql", "3.txt", ".4.sql", "schema.sql", "5_e.sql/x"):
        folder.write(name, BOTH)
    assert folder.versions == ["1"]


def test_only_the_way_up_is_sent(folder: Folder) -> None:
    """With its marker, and on the lines of the file."""
    folder.write("1_a.sql", f"-- users\n\n{BOTH}")
    [migration] = folder.load().migrations
    [batch] = migration.batches
    assert batch.sql.split("\n") == [
        *("        ", "", "-- migrate:up", "SELECT 1;"),
        *(" " * 15, " " * 9, ""),
    ]
    assert batch.in_transaction
    [(statement, values)] = batch.record
    assert "(''1'')" in statement
    assert values == ()


@pytest.mark.parametrize(
    ("marker", "in_transaction", "is_surprising"),
    [
        ("-- migrate:up", True, False),
        ("--migrate:up", True, False),
        ("--\tmigrate:up \r", True, False),
        ("-- migrate:up transaction:false", False, False),
        ("-- migrate:up foo:bar transaction:false", False, False),
        ("-- migrate:up transaction:true", True, False),
        ("-- migrate:up transaction: false", True, True),
        ("-- migrate:up transaction:False", True, True),
        ("-- migrate:up transaction=false", True, True),
    ],
)
def test_the_markers_line_decides_about_the_transaction(
    folder: Folder, marker: str, *, in_transaction: bool, is_surprising: bool
) -> None:
    """What looks like it, but is not, is worth a warning."""
    folder.write("1_a.sql", f"{marker}\nSELECT 1;\n-- migrate:down transaction:false")
    plan = folder.load()
    assert plan.migrations[0].batches[0].in_transaction is in_transaction
    assert len(plan.warnings) == is_surprising
    assert "1_a.sql:1" in "".join(plan.warnings) or not is_surprising


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("SELECT 1;", 1, "no marker -- migrate:up"),
        ("", 1, "no marker -- migrate:up"),
        ("-- x\n -- migrate:up\nSELECT 1;", 2, "a marker starts its line"),
        ("-- Migrate:Up\nSELECT 1;\n", 1, "'-- Migrate:Up' is none"),
        ("-- migrate:up_\nSELECT 1;\n", 2, "no marker -- migrate:up"),
        ("-- migrate:up\nSELECT 1;\n", 1, "without a way back"),
        ("-- migrate:up\nSELECT 1;\n  -- migrate:down", 3, "a marker starts its line"),
        ("\nSELECT 0;\n-- migrate:up\n-- migrate:down", 2, "before the first"),
        ("-- migrate:down\nSELECT 2;\n-- migrate:up\n", 2, "before the first"),
        ("-- migrate:down\n-- migrate:up\nSELECT 1;", 2, "without a way back"),
        (f"{BOTH}-- migrate:down\n", 5, "a second -- migrate:down"),
        (f"{BOTH}{BOTH}", 5, "a second -- migrate:up"),
        (f"-- migrate:up\n{BOTH}", 1, "without a way back"),
    ],
)
def test_what_dbmate_refuses(folder: Folder, text: str, line: int, words: str) -> None:
    """File and line are named, and what the markers have to be."""
    folder.write("1_a.sql", text)
    error = folder.refusal()
    assert (error.path, error.line) == ("db/migrations/1_a.sql", line)
    assert error.applied == 0
    assert words in str(error)
    assert f"1_a.sql:{line}: " in str(error)


def test_comments_and_empty_lines_may_stand_before_the_way_up(folder: Folder) -> None:
    """Comments of one line only."""
    folder.write("1_a.sql", f"\n  -- a\n\t\n{BOTH}")
    assert folder.versions == ["1"]
    folder.write("2_b.sql", f"/* a */\n{BOTH}")
    assert "before the first" in str(folder.refusal())


def test_two_files_of_one_version_are_refused(folder: Folder) -> None:
    """As strings, not as numbers: dbmate would stop at the second."""
    folder.write("1_a.sql", BOTH)
    folder.write("01_b.sql", BOTH)
    assert folder.versions == ["01", "1"]
    folder.write("1_c.sql", BOTH)
    message = str(folder.refusal())
    assert "db/migrations/1_a.sql" in message
    assert "db/migrations/1_c.sql" in message


def test_several_folders_are_one_row_of_migrations(folder: Folder) -> None:
    """As with several ``--migrations-dir``, by name and not folder by folder."""
    folder.write("2_b.sql", BOTH)
    folder.write("../tenants/1_a.sql", BOTH)
    folder.write("../../more/3_c.sql", BOTH)
    folder.write("../../more/10_d.sql", BOTH)
    for tenants in ("tenants", "db/tenants"):
        plan = folder.load(folders=["more", tenants])
        assert [each.path for each in plan.migrations] == [
            *("more/10_d.sql", "db/tenants/1_a.sql"),
            *("db/migrations/2_b.sql", "more/3_c.sql"),
        ]


def test_a_folder_is_named_as_the_first_is(folder: Folder) -> None:
    """Before it is looked for beside that one."""
    folder.write("2_b.sql", BOTH)
    folder.write("../more/1_a.sql", BOTH)
    folder.write("../../more/1_b.sql", BOTH)
    paths = [each.path for each in folder.load(folders=["more"]).migrations]
    assert paths == ["more/1_b.sql", "db/migrations/2_b.sql"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["nowhere"], ["names 'nowhere'", "looked for nowhere and db/nowhere"]),
        (["db/migrations/1_a.sql"], ["no such folder", "db/db/migrations/1_a.sql"]),
        (["migrations"], ["'migrations', which is db/migrations, and that is named"]),
        (["db/migrations/../migrations"], ["run its files twice"]),
        (["more", "./more"], ["'./more', which is more, and that is named already"]),
    ],
)
def test_a_folder_that_cannot_be_meant(
    folder: Folder, names: list[str], words: list[str]
) -> None:
    """It is missing, a file, or named already."""
    folder.write("1_a.sql", BOTH)
    folder.write("../../more/2_a.sql", BOTH)
    with pytest.raises(TargetNotFoundError) as caught:
        folder.load(folders=names)
    assert [each for each in words if each not in str(caught.value)] == []


def test_a_byte_order_mark_is_refused(folder: Folder) -> None:
    """Dbmate finds no marker in the first line then."""
    folder.write("1_a.sql", b"\xef\xbb\xbf-- migrate:up\n-- migrate:down\n")
    assert "byte order mark" in str(folder.refusal())


def test_a_marker_tells_dbmates_files(folder: Folder) -> None:
    """Also one that is written wrongly, so that the error tells how it should be."""
    folder.write("1_a.sql", "SELECT 1;")
    assert LAYOUT.recognizes(folder.path) is Confidence.NONE
    for text in (BOTH, "-- migrate:down\n", "-- Migrate:Up\nSELECT 1;"):
        folder.write("1_a.sql", text)
        assert LAYOUT.recognizes(folder.path) is Confidence.CERTAIN
