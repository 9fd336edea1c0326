"""What sqitch.conf says, and the variables that psql gets from it."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.tools.sqitch import LAYOUT, SqitchSettings
from tests.helpers.folders import Folder

PLAN = "%project=shop\n\na 2024-01-31T12:00:00Z A B <a@b.c>\n"

# One more section in each, which comes before all that stand above it.
SECTIONS = [
    '[core "variables"]\n\tschema = core\n',
    "[deploy.variables]\n\tschema = deploy\n",
    '[engine "pg.variables"]\n\tschema = engine\n',
    '[target "prod.variables"]\n\tschema = target\n',
]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make a project with one change."""
    made = Folder(LAYOUT, tmp_path, "db")
    made.write("sqitch.plan", PLAN)
    made.write("deploy/a.sql", "SELECT :'schema', :'x';")
    return made


def sent(folder: Folder, **options: object) -> str:
    """Return what would be sent of the one script."""
    [migration] = folder.load(**options).migrations
    return migration.batches[0].sql


def settings(tmp_path: pathlib.Path, text: str) -> SqitchSettings:
    """Read a file."""
    file = tmp_path / "sqitch.conf"
    file.write_text(text)
    return SqitchSettings.read(file)


@pytest.mark.parametrize(
    ("count", "schema"), [(1, "core"), (2, "deploy"), (3, "engine"), (4, "target")]
)
def test_which_section_comes_first(folder: Folder, count: int, schema: str) -> None:
    """As Sqitch merges them, in whatever order they stand."""
    sections = [*SECTIONS[:count], "[core]\n\tengine = pg\n\ttarget = prod\n"]
    for each in (sections, sections[::-1]):
        folder.write("sqitch.conf", "".join(each))
        assert sent(folder) == f"SELECT '{schema}', :'x';"


def test_the_option_comes_before_all(folder: Folder) -> None:
    """It stands for the command line."""
    folder.write("sqitch.conf", "".join(SECTIONS))
    given = {"schema": "given", "x": "it's"}
    assert sent(folder, variables=given) == "SELECT 'given', 'it''s';"


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        (SECTIONS[3], ":'schema'"),
        (f'[engine "pg"]\n\ttarget = prod\n{SECTIONS[3]}', "'target'"),
        (f"[core]\n\ttarget = test\n{SECTIONS[3]}", ":'schema'"),
        (
            f'[core]\n\ttarget = prod\n[engine "pg"]\n\ttarget = x\n{SECTIONS[3]}',
            "'target'",
        ),
        ('[engine "mysql.variables"]\n\tschema = no\n', ":'schema'"),
        ('[revert "variables"]\n\tschema = no\n', ":'schema'"),
    ],
)
def test_sections_of_other_targets_do_not_count(
    folder: Folder, text: str, schema: str
) -> None:
    """The one that is deployed to by default is named by core, or by the engine."""
    folder.write("sqitch.conf", text)
    assert sent(folder) == f"SELECT {schema}, :'x';"


def test_what_sqitch_and_psql_set_themselves(folder: Folder) -> None:
    """Whatever the file says."""
    folder.write(
        "sqitch.conf",
        '[target "prod"]\n\tregistry = meta\n[core]\n\ttarget = prod\n\tregistry = no\n'
        '[core "variables"]\n\tregistry = x\n\tDBNAME = x\n\tON_ERROR_STOP = 0\n',
    )
    folder.write("deploy/a.sql", "SELECT :'registry', :'DBNAME', :'USER'")
    assert sent(folder) == "SELECT 'meta', 'userstate', 'userstate'"
    assert "meta.tags" in folder.load().bookkeeping_tables


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x = a", "a"),
        ("x=a", "a"),
        ("x = a b\t # why", "a b"),
        ('x = "a;  b#" ; why', "a;  b#"),
        ("x = a\r", "a"),
        ("x =", ""),
        ("x = b\nx = a", "a"),
    ],
)
def test_values_are_read_as_git_reads_them(
    tmp_path: pathlib.Path, line: str, value: str
) -> None:
    """With quotes and comments."""
    text = f'# x = no\n[deploy "variables"]\n  {line}\n'
    assert settings(tmp_path, text).variables() == {"x": value}


def test_names_keep_their_case_where_psql_gets_them(tmp_path: pathlib.Path) -> None:
    """PostgreSQL takes the two for two."""
    read = settings(
        tmp_path,
        '[core]\n\ttop_dir = db\n[deploy "variables"]\n\tApp = 1\n\tapp = 2\n',
    )
    assert read.get("top_dir") == "db"
    assert read.variables() == {"App": "1", "app": "2"}


@pytest.mark.parametrize(
    ("options", "file"), [({}, "db/sqitch.conf"), ({"a-b": "1"}, "userstate.toml")]
)
def test_a_name_that_psql_refuses(
    folder: Folder, options: dict[str, str], file: str
) -> None:
    """It stops before it runs a script."""
    folder.write("sqitch.conf", '[deploy "variables"]\n\ta-b = 1\n')
    with pytest.raises(ConfigurationError) as caught:
        folder.load(variables=options)
    assert str(caught.value).startswith(f"{file} sets the variable 'a-b', which psql")
    assert caught.value.file == file
