"""Sqitch's plans and scripts are read as Sqitch reads them."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import MigrationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.plan import Mode
from pytest_userstate.outbound.migrations.tools.sqitch import (
    LAYOUT,
    SqitchChange,
    read_plan,
)
from tests.helpers.folders import Folder

HEAD = "%syntax-version=1.0.0\n%project=shop\n\n"
BY = " 2024-01-31T12:00:00Z A B <a@b.c>"


def changes(text: str) -> list[SqitchChange]:
    """Return the changes of a plan."""
    return read_plan(text, "sqitch.plan")[1]


@pytest.mark.parametrize("text", ["[a]", f"@v1{BY}", f"a{BY}\n[b]"])
def test_a_line_that_is_no_change(text: str) -> None:
    """With the line."""
    with pytest.raises(MigrationError) as caught:
        changes(HEAD + text)
    line = 4 + text.count("\n")
    assert str(caught.value).startswith(f"sqitch.plan:{line}: this is neither")
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}  a{BY}  # note\n\n# a comment\n+ b [a]{BY}\n- c{BY}\n",
        f"{HEAD}d/a{BY}\r\n@v1.0{BY}\r\na-1 [d/a@v1.0 @v1.0]{BY}\r\n",
        f"# why\n%project=p\n# another\n\na{BY}\nb [!later]{BY}\nlater{BY}",
        f"{HEAD}a{BY}\nb [shop:a {'0' * 40} !other:x]{BY}",
    ],
)
def test_what_sqitch_accepts(text: str) -> None:
    """Blanks, comments, operators, paths, and conflicts with what comes later."""
    assert changes(text)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make a project with two changes, one of which was reworked."""
    made = Folder(LAYOUT, tmp_path)
    made.write("sqitch.plan", f"{HEAD}a{BY}\nb [a]{BY}\n@v1{BY}\na [a@v1]{BY}\n")
    for name in ("a@v1", "b", "a"):
        made.write(f"deploy/{name}.sql", f"-- {name}\n")
        made.write(f"revert/{name}.sql", "DROP TABLE a;")
    return made


def test_scripts_run_in_the_plans_order(folder: Folder) -> None:
    """What was reworked has a tag in its name; ways back are not looked at."""
    plan = folder.load()
    assert [each.version for each in plan.migrations] == ["a", "b", "a"]
    assert [each.path for each in plan.migrations] == [
        f"backend/migrations/deploy/{name}.sql" for name in ("a@v1", "b", "a")
    ]
    assert all(
        each.batches[0].mode is Mode.SCRIPT and not each.batches[0].in_transaction
        for each in plan.migrations
    )
    assert plan.separate_sessions


def test_its_tables_are_in_a_schema_of_their_own(folder: Folder) -> None:
    """So that a table named `tags` elsewhere is nobody's bookkeeping."""
    plan = folder.load()
    assert "sqitch.tags" in plan.bookkeeping_tables
    assert 'CREATE SCHEMA IF NOT EXISTS "sqitch"' in plan.prepare
    [change, tag] = plan.migrations[1].after
    assert change[0].startswith('INSERT INTO "sqitch".changes (')
    assert change[1][1:] == ("b", "shop")
    assert tag[1] == (change[1][0], "@v1", "shop")


def test_a_script_that_is_missing(folder: Folder) -> None:
    """Its line in the plan is named."""
    (folder.path / "deploy/b.sql").unlink()
    message = str(folder.refusal())
    assert "backend/migrations/deploy/b.sql does not exist" in message
    assert "sqitch.plan:5 has the change b" in message


def test_settings_are_heeded(folder: Folder) -> None:
    """Folders, suffix and registry, where the engine's come before the core's."""
    folder.write("db/change/c.pgsql", "-- c\n")
    folder.write("my.plan", f"{HEAD}c{BY}\n")
    folder.write(
        "sqitch.conf",
        "[core]\n\tengine = pg\n\tplan_file = my.plan\n\textension = pgsql\n"
        "\t# top_dir = elsewhere\n\tdeploy_dir = db/change\n\tregistry = no\n"
        '[engine "pg"]\n\tregistry = meta # so\n[engine "mysql"]\n\tregistry = my\n',
    )
    plan = folder.load()
    assert [each.path for each in plan.migrations] == [
        "backend/migrations/db/change/c.pgsql"
    ]
    assert "meta.changes" in plan.bookkeeping_tables
    assert LAYOUT.recognizes(folder.path) is Confidence.CERTAIN


def test_a_plan_gives_a_folder_away(folder: Folder) -> None:
    """Nothing else does."""
    assert LAYOUT.recognizes(folder.path) is Confidence.CERTAIN
    assert LAYOUT.recognizes(folder.path / "deploy") is Confidence.NONE
    assert LAYOUT.recognizes(folder.path / "sqitch.plan") is Confidence.NONE


def test_project_files_say_where_the_plan_is(folder: Folder) -> None:
    """The settings by `top_dir`, the plan by where it is."""
    settings, plan = LAYOUT.project_files
    file = folder.root / "sqitch.conf"
    file.write_text("[core]\n\ttop_dir = backend/migrations\n")
    assert settings.folder(file, folder.root) == folder.path
    assert plan.folder(folder.path / "sqitch.plan", folder.root) == folder.path
    file.write_text("[core]\n\tengine = pg\n")
    assert settings.folder(file, folder.root) is None
    file.write_text("[core]\n\ttop_dir = nowhere\n")
    with pytest.raises(TargetNotFoundError, match="nowhere"):
        settings.folder(file, folder.root)
