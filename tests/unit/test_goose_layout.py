"""Goose's folders are read as goose reads them."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.plan import Batch, Mode
from pytest_userstate.outbound.migrations.tools.goose import LAYOUT
from tests.helpers.folders import Folder

UP = "-- +goose Up\n"
DOWN = "-- +goose Down\n"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the repository's migrations folder."""
    return Folder(LAYOUT, tmp_path)


def batch(folder: Folder, text: str, **options: object) -> Batch:
    """Return what is sent of a file."""
    folder.write("1_a.sql", text)
    [migration] = folder.load(**options).migrations
    [sent] = migration.batches
    return sent


def pieces(folder: Folder, text: str, **options: object) -> list[str]:
    """Return the statements that goose sends of a file."""
    sent = batch(folder, text, **options)
    assert sent.mode is Mode.PIECES
    assert sent.pieces is not None
    return [sent.sql[slice(*piece)] for piece in sent.pieces]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{UP}A;\nB;\n{DOWN}C;\n", ["A;", "B;"]),
        (f"\n \n-- what it is for\n{UP}A;\n", ["A;"]),
        ("-- +GOOSE up", None),
        ("--+goose UP\nA;", ["A;"]),
        ("-- +goose Up --\nA;", ["A;"]),
        (
            f"{UP}A\n  b\n-- inside;\n\nc ;  -- after\nD;",
            ["A\n  b\n-- inside;\n\nc ;  -- after", "D;"],
        ),
        (f"{UP}A; B;\nC;", ["A; B;", "C;"]),
        (f"{UP}A;--no word of its own\nB;", ["A;--no word of its own\nB;"]),
        (
            f"{UP}-- +goose StatementBegin\nA;\nB\n-- +goose StatementEnd\nC;",
            ["A;\nB", "C;"],
        ),
        (
            (
                f"{UP}-- +goose StatementBegin\n-- first\n\nA;\n-- last\n"
                f"-- +goose StatementEnd\n{DOWN}"
            ),
            ["A;\n-- last"],
        ),
        (f"{UP}\n", []),
        (f"{UP}{DOWN}A", []),
        (f"{UP}{DOWN}-- +goose StatementBegin\nA\n-- +goose StatementEnd\nB", []),
        (f"{UP}A\r\nb;\r\nC;\r\n", ["A\nb;", "C;"]),
        (f"{UP}A\n-- +goose NO TRANSACTION\nb;", ["A\n\nb;"]),
    ],
)
def test_what_is_sent_of_a_file(
    folder: Folder, text: str, expected: list[str] | None
) -> None:
    """Statements end at lines that end in a semicolon, or where it is said."""
    if expected is None:
        folder.write("1_a.sql", text)
        assert "is no annotation" not in str(folder.refusal())
        return
    assert [piece.strip() for piece in pieces(folder, text)] == expected


def test_a_line_behind_an_empty_statement_is_lost(folder: Folder) -> None:
    """Goose drops what it meets there; so is what the audit does."""
    text = f"{UP}-- +goose StatementBegin\n-- +goose StatementEnd\nA;\nB;\n"
    assert pieces(folder, text) == ["B;"]


def test_lines_are_those_of_the_file(folder: Folder) -> None:
    """Whatever is left out before them."""
    sent = batch(folder, f"-- why\n{UP}\n-- what\n  A;\n{DOWN}B;\n")
    assert sent.sql.split("\n") == ["", "", "", "", "  A;", "", ""]


@pytest.mark.parametrize("place", ["before", "between", "after"])
def test_a_file_may_run_outside_of_a_transaction(folder: Folder, place: str) -> None:
    """The line may stand anywhere, for both ways."""
    line = "-- +goose NO TRANSACTION\n"
    text = {
        "before": f"{line}{UP}A;\n{DOWN}",
        "between": f"{UP}{line}A;\n{DOWN}",
        "after": f"{UP}A;\n{DOWN}{line}",
    }[place]
    assert not batch(folder, text).in_transaction
    assert batch(folder, f"{UP}A;\n").in_transaction


def test_variables_are_replaced_where_that_is_on(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment, and from the configuration, which comes first."""
    monkeypatch.setenv("GOOSE_ONE", "one")
    monkeypatch.setenv("GOOSE_TWO", "env")
    text = (
        f"{UP}${{GOOSE_ONE}};\n-- +goose ENVSUB ON\n${{GOOSE_ONE}} $GOOSE_TWO;\n"
        "-- +goose ENVSUB OFF\n$$;\n"
    )
    found = pieces(folder, text, variables={"GOOSE_TWO": "two"})
    assert found == ["${GOOSE_ONE};", "one two;", "$$;"]


def test_a_variable_that_is_not_set_is_refused(folder: Folder) -> None:
    """Goose would put nothing in its place."""
    folder.write("1_a.sql", f"-- +goose ENVSUB ON\n{UP}\nGRANT a TO ${{GOOSE_NO}};")
    error = folder.refusal()
    assert error.line == 4
    assert "1_a.sql:4" in str(error)
    assert "the variable GOOSE_NO is not set" in str(error)
    assert 'variables = { NAME = "value" }' in str(error)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "there is no line: -- +goose Up"),
        ("-- a comment\n", 1, "there is no line: -- +goose Up"),
        ("\nA;\n" + UP, 2, "there is SQL before the line: -- +goose Up"),
        (f"{UP}A;\n{UP}B;", 3, "there is a second -- +goose Up"),
        (f"{DOWN}A;\n", 1, "-- +goose Down is before -- +goose Up"),
        (f"{UP}{DOWN}{DOWN}", 3, "there is a second -- +goose Down"),
        (f"{UP}{DOWN}{UP}", 3, "there is a second -- +goose Up"),
        (f"{UP}A;\n -- +goose Down\n", 3, "white space is before an annotation"),
        (f"\t{UP}A;", 1, "white space is before an annotation"),
        (f"{UP}-- +goose Upp\n", 2, "'Upp' is no annotation of goose's"),
        (f"{UP}-- +goose\n", 2, "'' is no annotation of goose's"),
        (f"{UP}-- +goose Up +goose Up\n", 2, "'Up +goose Up' is no annotation"),
        (f"{UP}A\n{DOWN}B;", 2, "begins here has no line that ends in a semicolon"),
        (f"{UP}A;\n\nB\nc", 4, "begins here has no line that ends in a semicolon"),
        (f"{UP}-- +goose StatementEnd\n", 2, "StatementEnd has no StatementBegin"),
        ("-- +goose StatementBegin\n", 1, "StatementBegin is before -- +goose Up"),
        (f"{UP}" + "-- +goose StatementBegin\n" * 2, 3, "inside another"),
        (f"{UP}-- +goose StatementBegin\n{DOWN}", 3, "Down is inside a statement"),
        (f"{UP}-- +goose StatementBegin\nA;\n", 2, "this StatementBegin has no"),
        (f"{UP}{DOWN}-- +goose StatementBegin\nA;", 3, "this StatementBegin has no"),
    ],
)
def test_a_file_that_goose_refuses(
    folder: Folder, text: str, line: int, problem: str
) -> None:
    """With the line, and what is wrong there."""
    folder.write("1_a.sql", text)
    error = folder.refusal()
    assert problem in str(error)
    assert error.line == line
    assert str(error).startswith(f"backend/migrations/1_a.sql:{line}: ")
    assert "goose refuses the file" in str(error)


def test_versions_are_numbers_in_their_order(folder: Folder) -> None:
    """Leading zeros are of no account."""
    for name in ("10_a.sql", "9_b.sql", "00007_c.sql", "20240101000000_d.sql"):
        folder.write(name, UP)
    folder.write("README.md")
    folder.write("helpers.go")
    folder.write("1_x_test.go")
    assert folder.versions == ["7", "9", "10", "20240101000000"]


@pytest.mark.parametrize("name", ["a.sql", "a_1.sql", "0_a.sql", "-1_a.sql", ".x_.sql"])
def test_a_name_without_a_version_is_refused(folder: Folder, name: str) -> None:
    """Goose runs none while there is one."""
    folder.write("1_a.sql", UP)
    folder.write(name, UP)
    assert f"{name} has no version" in str(folder.refusal())


def test_a_migration_in_go_is_named(folder: Folder) -> None:
    """No audit can build the program that it is part of."""
    folder.write("1_a.sql", UP)
    folder.write("2_b.go")
    folder.write("2_b_test.go")
    [warning] = folder.load().warnings
    assert "migrations/2_b.go is left out" in warning
    assert "not in the audited schema" in warning
    assert "--userstate-dsn" in warning


def test_two_files_of_one_version_are_refused(folder: Folder) -> None:
    """Both are named."""
    folder.write("1_a.sql", UP)
    folder.write("001_b.sql", UP)
    message = str(folder.refusal())
    assert "1_a.sql" in message
    assert "001_b.sql" in message
    assert "have the same version, 1" in message


def test_the_table_is_gooses_own(folder: Folder) -> None:
    """With a first row, and another name if that is configured."""
    folder.write("1_a.sql", f"{UP}A;")
    plan = folder.load()
    assert plan.bookkeeping_tables == {"goose_db_version"}
    assert "INSERT INTO goose_db_version (version_id, is_applied)" in plan.prepare
    named = folder.load(table="app.versions")
    assert named.bookkeeping_tables == {"versions"}
    assert "CREATE TABLE app.versions" in named.prepare
    [(record, values)] = named.migrations[0].batches[0].record
    assert record.startswith("INSERT INTO app.versions ")
    assert values == ("1",)


def test_a_byte_order_mark_is_refused(folder: Folder) -> None:
    """Goose does not see the annotation behind it."""
    folder.write("1_a.sql", f"\ufeff{UP}A;")
    assert "byte order mark" in str(folder.refusal())


@pytest.mark.parametrize(
    ("names", "text", "likeness"),
    [
        (["1_a.sql"], f"-- why\n{UP}A;", Confidence.CERTAIN),
        (["1_a.sql"], "-- +GOOSE\nA;", Confidence.POSSIBLE),
        (["1_a.sql"], "A;", Confidence.POSSIBLE),
        (["README.sql", "1_a.sql"], UP, Confidence.CERTAIN),
        (["a.sql"], UP, Confidence.NONE),
        (["0_a.sql"], UP, Confidence.NONE),
        (["1_a.txt"], UP, Confidence.NONE),
    ],
)
def test_its_annotations_give_it_away(
    folder: Folder, names: list[str], text: str, likeness: Confidence
) -> None:
    """Numbered names alone do not."""
    for name in names:
        folder.write(name, text)
    assert LAYOUT.recognizes(folder.path) is likeness
