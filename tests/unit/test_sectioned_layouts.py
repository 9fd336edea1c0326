"""Files with sections between comments run as their tools run them."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.finding.discovery import Target, locate
from pytest_userstate.outbound.migrations.plan import Mode, Plan
from pytest_userstate.outbound.migrations.tools import sections
from tests.helpers.folders import Folder

CHANGELOG = """\
--liquibase formatted sql
--changeset a:1
A;
--rollback X;
--changeset a:2 dbms:mysql
X;
--changeset a:3 dbms:postgresql,h2
B;
"""
# For each tool: its files in the order in which they run, and what of them is sent.
PROJECTS = {
    "sql-migrate": {
        "2_a.sql": ("-- +migrate Up\nA;\n-- +migrate Down\nX;\n", "A;"),
        "10_b.sql": (
            "-- +migrate Down\nX;\n-- +migrate Up notransaction\nB;\nC;\n",
            "B;\nC;",
        ),
    },
    "tern": {
        "001_a.sql": ("A;\n---- create above / drop below ----\nX;\n", "A;"),
        "002_b.sql": ("B;\n", "B;"),
    },
    "node-pg-migrate": {
        "1700_a.sql": ("-- Up Migration\nA;\n-- Down Migration\nX;\n", "A;"),
        "1701-b.sql": ("-- Up Migration\nB;\n", "B;"),
    },
    "mybatis": {
        "20240101_a.sql": ("-- // a\nA;\n-- //@UNDO\nX;\n", "A;"),
        "20240102_b.sql": ("B;\n-- //@UNDO\nX;\n", "B;"),
    },
    "graphile-migrate": {
        "000001.sql": ("--! Previous: -\n--! Hash: sha1:0\nA;\n", "A;"),
        "000002-b.sql": ("--! Previous: sha1:0\nB;\n", "B;"),
    },
    "atlas": {
        "20240101.sql": ("A;\n", "A;"),
        "20240102_b.sql": ("-- atlas:txmode none\n\nB;\n", "B;"),
        "atlas.sum": ("h1:x\n", ""),
    },
    "liquibase": {
        "01.sql": (
            CHANGELOG,
            "A;\nB;",
        ),
    },
    "hasura": {
        "1600000000000_a/up.sql": ("A;\n", "A;"),
        "1600000000001_b/up.sql": ("B;\n", "B;"),
        "1600000000001_b/down.sql": ("X;\n", ""),
    },
}


def project(root: pathlib.Path, tool: str) -> Target:
    """Write the tool's files in reverse, and find them with nothing said."""
    for name, (text, _) in reversed(PROJECTS[tool].items()):
        file = root / "migrations" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return locate(root=root, base=root, path=None)


def sent(plan: Plan) -> list[str]:
    """Return what is sent of each file, without comments and empty lines."""
    texts = (migration.batches[0].sql for migration in plan.migrations)
    return [
        "\n".join(
            line for line in text.splitlines() if line.strip() and line[:2] != "--"
        )
        for text in texts
    ]


@pytest.mark.parametrize("tool", PROJECTS)
def test_only_the_way_up_runs_in_the_tools_order(
    tmp_path: pathlib.Path, tool: str
) -> None:
    """The folder is recognized by itself, and lines stay those of the file."""
    target = project(tmp_path, tool)
    plan = target.plan
    assert isinstance(plan, Plan)
    assert plan.layout == tool
    assert sent(plan) == [text for _, text in PROJECTS[tool].values() if text]
    for migration in plan.migrations:
        text = (tmp_path / migration.path).read_text()
        assert migration.batches[0].sql.count("\n") == text.count("\n")


def test_a_file_may_run_outside_of_a_transaction(tmp_path: pathlib.Path) -> None:
    """Its marker says so; statements are then sent one by one."""
    plan = project(tmp_path, "sql-migrate").plan
    assert isinstance(plan, Plan)
    first, second = (migration.batches[0] for migration in plan.migrations)
    assert (first.in_transaction, second.in_transaction) == (True, False)
    assert second.mode is Mode.PIECES


def test_a_file_without_a_way_up_is_refused(tmp_path: pathlib.Path) -> None:
    """The tool would run nothing of it."""
    folder = Folder(sections.SQL_MIGRATE, tmp_path, "migrations")
    folder.write("1_a.sql", "CREATE TABLE a ();")
    with pytest.raises(MigrationError, match="no section that goes up"):
        folder.load()


def test_the_order_of_a_changelog_is_not_known(tmp_path: pathlib.Path) -> None:
    """A warning says which order is taken."""
    [warning] = project(tmp_path, "liquibase").plan.warnings
    assert "in the order of their names" in warning
