"""Plain SQL folders: order, what is left out, and what is refused."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import MigrationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import Plan
from pytest_userstate.outbound.migrations.tools.plain import LAYOUT


def write(folder: pathlib.Path, name: str, content: str | bytes = "SELECT 1;") -> None:
    """Write one file of the folder."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def load(folder: pathlib.Path) -> Plan:
    """Read the folder as seen from the one above it."""
    return LAYOUT.load(folder, folder.parent)


def names(folder: pathlib.Path) -> list[str]:
    """Return the names of the migrations in the order in which they run."""
    return [pathlib.PurePath(each.path).name for each in load(folder).migrations]


@pytest.mark.parametrize(
    "in_order",
    [
        ["V1.sql", "V2.sql", "V10.sql"],
        ["1_a.sql", "02_b.sql", "2_c.sql", "003_d.sql", "10_e.sql"],
        ["2024-1-9.sql", "2024-1-10.sql", "2024-02-01.sql"],
        ["1.sql", "1.1.sql", "1.2.sql", "1.10.sql"],
        ["001_x.up.sql", "002_x.up.sql"],
        ["a.sql", "a1.sql", "a1b.sql", "b.SQL"],
    ],
)
def test_files_run_in_natural_order(
    tmp_path: pathlib.Path, in_order: list[str]
) -> None:
    """Digits count as numbers, whatever the order of the file system."""
    for name in reversed(in_order):
        write(tmp_path, name)
    assert names(tmp_path) == in_order


def test_what_is_not_a_way_up_is_left_out(tmp_path: pathlib.Path) -> None:
    """Ways back, hidden files, other files, folders."""
    write(tmp_path, "1_a.up.sql")
    write(tmp_path, "1_a.down.sql")
    write(tmp_path, "2_b.DOWN.SQL")
    write(tmp_path, ".3_c.sql")
    write(tmp_path, "README.md")
    (tmp_path / "4_d.sql").mkdir()
    assert names(tmp_path) == ["1_a.up.sql"]
    assert load(tmp_path).migrations[0].version == "1_a.up"


def test_each_file_runs_as_in_a_session_of_its_own(tmp_path: pathlib.Path) -> None:
    """There is no table of the tool's, since there is no tool."""
    write(tmp_path, "1.sql")
    plan = load(tmp_path)
    assert plan.separate_sessions
    assert plan.bookkeeping_tables == frozenset()
    assert plan.migrations[0].batches[0].record == ()
    assert (plan.prepare, plan.warnings) == ("", ())


@pytest.mark.parametrize(
    ("sql", "in_transaction"),
    [
        ("CREATE TABLE t (a int); CREATE INDEX ON t (a);", True),
        ("CREATE TABLE t (a int);", True),
        ("-- nothing", True),
        ("BEGIN; CREATE TABLE t (a int); COMMIT;", False),
        ("CREATE INDEX CONCURRENTLY i ON t (a); -- alone", False),
        ("CREATE INDEX CONCURRENTLY i ON t (a); SELECT 1;", True),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;",
            True,
        ),
        ("INSERT INTO t VALUES ('COMMIT;'); SELECT 1", True),
    ],
)
def test_a_file_is_one_transaction(
    tmp_path: pathlib.Path, sql: str, *, in_transaction: bool
) -> None:
    """Unless it controls transactions itself, or holds what must stand alone."""
    write(tmp_path, "1.sql", sql)
    assert load(tmp_path).migrations[0].batches[0].in_transaction is in_transaction


def test_a_byte_order_mark_is_left_out(tmp_path: pathlib.Path) -> None:
    """As psql leaves it out."""
    write(tmp_path, "1.sql", b"\xef\xbb\xbfSELECT 1;")
    assert load(tmp_path).migrations[0].batches[0].sql == "SELECT 1;"


def test_an_empty_file_does_nothing_and_is_told(tmp_path: pathlib.Path) -> None:
    """The server accepts it, but somebody may have meant to write something."""
    write(tmp_path, "1.sql", "\n")
    plan = load(tmp_path)
    assert len(plan.migrations) == 1
    [warning] = plan.warnings
    assert "1.sql is empty" in warning


def test_sql_in_a_folder_below_is_told(tmp_path: pathlib.Path) -> None:
    """A file that is silently left out could turn the verdict."""
    write(tmp_path, "1.sql")
    write(tmp_path, "later/2.sql")
    write(tmp_path, "docs/readme.md")
    [warning] = load(tmp_path).warnings
    assert f"{tmp_path.name}/later holds SQL files" in warning


def test_a_file_that_is_not_utf_8_is_named(tmp_path: pathlib.Path) -> None:
    """With the line, and where it goes wrong."""
    write(tmp_path, "1.sql", b"\n\nSELECT '\xff'")
    with pytest.raises(MigrationError) as caught:
        load(tmp_path)
    assert (caught.value.path, caught.value.line) == (f"{tmp_path.name}/1.sql", 3)


OF_OTHER_TOOLS = {
    "goose": ("1_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;"),
    "sql-migrate": ("1_a.sql", "-- +migrate Up\nSELECT 1;\n-- +migrate Down\n"),
    "dbmate": ("1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;"),
    "node-pg-migrate": ("1_a.sql", "-- Up Migration\nSELECT 1;\n-- Down Migration\n"),
    "tern": ("1_a.sql", "SELECT 1;\n---- create above / drop below ----\nSELECT 2;"),
    "mybatis": ("1_a.sql", "SELECT 1;\n-- //@UNDO\nSELECT 2;"),
    "play": ("1.sql", "# --- !Ups\nSELECT 1;\n# --- !Downs\n"),
    "both ways in one file": ("1.sql", "SELECT 1;\n-- Down\nSELECT 2;"),
    "Flyway": ("R__views.sql", "SELECT 1;"),
}


@pytest.mark.parametrize("tool", OF_OTHER_TOOLS)
def test_a_file_that_holds_its_way_back_is_never_run(
    tmp_path: pathlib.Path, tool: str
) -> None:
    """Not even when the layout is asked for by name."""
    name, text = OF_OTHER_TOOLS[tool]
    write(tmp_path, "0_plain.sql")
    write(tmp_path, name, text)
    with pytest.raises(TargetNotFoundError, match=tool) as caught:
        load(tmp_path)
    assert name in str(caught.value)


@pytest.mark.parametrize("tool", OF_OTHER_TOOLS)
def test_a_folder_of_another_tool_is_not_taken_for_plain(
    tmp_path: pathlib.Path, tool: str
) -> None:
    """A single file with its sign is enough."""
    name, text = OF_OTHER_TOOLS[tool]
    write(tmp_path, name, text)
    assert not LAYOUT.recognizes(tmp_path)


@pytest.mark.parametrize("sign", ["V1__init.sql", "meta/_journal.json", "atlas.sum"])
def test_a_folder_that_could_be_plain_is_not_taken_for_it(
    tmp_path: pathlib.Path, sign: str
) -> None:
    """Flyway's order, say, is not natural order: the user has to say so."""
    write(tmp_path, "1_a.sql")
    assert LAYOUT.recognizes(tmp_path)
    write(tmp_path, sign)
    assert not LAYOUT.recognizes(tmp_path)


def test_a_folder_that_could_be_plain_is_read_when_asked_for(
    tmp_path: pathlib.Path,
) -> None:
    """Versions of Flyway only go up."""
    write(tmp_path, "V2__b.sql")
    write(tmp_path, "V10__c.sql")
    assert names(tmp_path) == ["V2__b.sql", "V10__c.sql"]


@pytest.mark.parametrize(
    ("up", "back"),
    [
        ("001.do.users.sql", "001.undo.users.sql"),
        ("001.DO.sql", "001.UNDO.sql"),
        ("0001.users.sql", "0001.users.rollback.sql"),
        ("1_users.up.sql", "1_users.revert.sql"),
        ("1.up.users.sql", "1.down.users.sql"),
        ("1_users.forward.sql", "1_users.backward.sql"),
        ("1_users.sql", "1_users.backout.sql"),
    ],
)
def test_a_way_back_is_left_out_and_named(
    tmp_path: pathlib.Path, up: str, back: str
) -> None:
    """Files of Postgrator, yoyo and the like never run after the way up."""
    write(tmp_path, up)
    write(tmp_path, back)
    assert names(tmp_path) == [up]
    [warning] = load(tmp_path).warnings
    assert f"{back} is left out: it is a way back" in warning


@pytest.mark.parametrize("word", ["down", "undo", "revert", "DOWN", "drop"])
@pytest.mark.parametrize(
    ("up", "back"),
    [
        ("1_users_up.sql", "1_users_{}.sql"),
        ("1_users.sql", "1_users_{}.sql"),
        ("1-do-users.sql", "1-{}-users.sql"),
        ("1_users.sql", "{}_1_users.sql"),
        ("create_users.sql", "{}_users.sql"),
        ("up.sql", "{}.sql"),
    ],
)
def test_a_way_back_beside_its_way_up_is_left_out_and_named(
    tmp_path: pathlib.Path, up: str, back: str, word: str
) -> None:
    """However the two are named: the pair says which is which."""
    write(tmp_path, up)
    write(tmp_path, back.format(word))
    assert names(tmp_path) == [up]
    [warning] = load(tmp_path).warnings
    assert f"{back.format(word)} is left out: it is a way back" in warning


def test_a_migration_about_going_back_is_a_migration(tmp_path: pathlib.Path) -> None:
    """A word in a name says nothing while no other file is its way up."""
    write(tmp_path, "1_users.sql")
    write(tmp_path, "2_rollback_of_users.sql")
    assert names(tmp_path) == ["1_users.sql", "2_rollback_of_users.sql"]


def test_programs_among_the_sql_are_named(tmp_path: pathlib.Path) -> None:
    """The schema lacks what they would make, so the verdict may be wrong."""
    write(tmp_path, "1_users.up.sql")
    write(tmp_path, "2_add_display_name.up.go", "package migrations")
    write(tmp_path, "2_add_display_name.down.go", "package migrations")
    write(tmp_path, "2_add_display_name_test.go", "package migrations")
    [warning] = load(tmp_path).warnings
    assert "2_add_display_name.up.go is left out" in warning
    assert "not in the audited schema" in warning
    assert "--userstate-dsn" in warning
    assert "down" not in warning


def test_a_link_that_leads_nowhere_is_named(tmp_path: pathlib.Path) -> None:
    """A migration that is not there may have made what a check misses."""
    write(tmp_path, "1_users.sql")
    (tmp_path / "2_more.sql").symlink_to("../shared/2_more.sql")
    assert names(tmp_path) == ["1_users.sql"]
    [warning] = load(tmp_path).warnings
    assert "2_more.sql is left out: the link leads nowhere" in warning


def test_a_tool_that_is_met_in_a_file_is_named_with_all_layouts(
    tmp_path: pathlib.Path,
) -> None:
    """The message says which tools could be chosen instead."""
    write(tmp_path, "1_a.up.sql", "CREATE TABLE a (id int);")
    write(tmp_path, "2_b.up.sql", "-- +migrate Up\nCREATE TABLE b (id int);")
    with pytest.raises(TargetNotFoundError) as caught:
        load(tmp_path)
    assert "migrations of sql-migrate: 2_b.up.sql" in str(caught.value)
    assert "alembic, " in str(caught.value)
    assert 'tool = "sql-migrate"' in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; -- down payment\n-- Down payments are kept\n",
        "COMMENT ON TABLE t IS 'x\n-- +something else';",
        "-- undo_log is another table\nSELECT 1;",
    ],
)
def test_words_in_comments_are_no_signs(tmp_path: pathlib.Path, text: str) -> None:
    """Only a line that says nothing else is a marker."""
    write(tmp_path, "1.sql", text)
    assert LAYOUT.recognizes(tmp_path)
    assert len(load(tmp_path).migrations) == 1


def test_files_for_other_databases_are_left_out_and_named(
    tmp_path: pathlib.Path,
) -> None:
    """Where a tool keeps one file for each engine."""
    write(tmp_path, "1_users.postgres.up.sql")
    write(tmp_path, "1_users.mysql.up.sql")
    write(tmp_path, "2_mysql_import.up.sql")
    assert names(tmp_path) == ["1_users.postgres.up.sql", "2_mysql_import.up.sql"]
    [warning] = load(tmp_path).warnings
    assert "1_users.mysql.up.sql is left out" in warning
    assert "it is for mysql" in warning


def test_many_files_that_are_left_out_are_one_warning(tmp_path: pathlib.Path) -> None:
    """Each reason is given once, with the first names and the number of the others."""
    write(tmp_path, "1_users.up.sql")
    for number in range(1, 9):
        write(tmp_path, f"{number}_users.mysql.up.sql")
        write(tmp_path, f"{number}_users.undo.sql")
    back, mysql = load(tmp_path).warnings
    assert back.endswith(
        "5_users.undo.sql, and 3 more are left out: they are ways back."
    )
    assert "and 3 more are left out: their names say that they are for mysql" in mysql
