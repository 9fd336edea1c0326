"""What Sqitch would leave in a database: its tables, their rows, its refusals."""

from __future__ import annotations

import pathlib

import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.provenance.ledger import History
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.migrations.tools.sqitch import LAYOUT
from pytest_userstate.outbound.postgres.catalogue import (
    PostgresSchemaSnapshotRepository,
)
from tests.helpers.folders import Folder

HEAD = "%project=shop\n\n"
BY = " 2024-01-31T12:00:00Z A B <a@b.c>"


def run(
    database: psycopg.Connection, root: pathlib.Path, plan: str, **scripts: str
) -> History:
    """Deploy a plan."""
    folder = Folder(LAYOUT, root, "db")
    folder.write("sqitch.plan", HEAD + plan)
    for name, text in scripts.items():
        folder.write(f"deploy/{name}.sql", text)
    return MigrationRunner(database).run(folder.load())


def rows(database: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    """Return what a query yields."""
    return database.execute(query).fetchall()


def test_its_tables_have_their_rows(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """For each change, what it needs, and the tags behind it."""
    created = run(
        database,
        tmp_path,
        f"a{BY} # it's\nb [a !other:x]{BY}\n@v1{BY}\n",
        a="BEGIN;\n\nCREATE TABLE a (x int);\nCOMMIT;\n",
        b="SET search_path TO '';\nCREATE TABLE public.b AS"
        " SELECT count(*) FROM sqitch.changes;\n",
    ).created
    assert created["public", "a", "", ""].line == 3
    assert rows(database, "SELECT * FROM b") == [(1,)]
    changes = "SELECT change, project, note, planner_name, planned_at::date::text"
    assert rows(database, f"{changes} FROM sqitch.changes ORDER BY committed_at") == [
        ("a", "shop", "it's", "A B", "2024-01-31"),
        ("b", "shop", "", "A B", "2024-01-31"),
    ]
    assert rows(
        database,
        "SELECT d.type, d.dependency, c.change FROM sqitch.dependencies d"
        " LEFT JOIN sqitch.changes c ON c.change_id = d.dependency_id ORDER BY 1",
    ) == [("conflict", "other:x", None), ("require", "a", "a")]
    assert rows(database, "SELECT tag, project FROM sqitch.tags") == [("@v1", "shop")]
    assert rows(
        database,
        "SELECT event, change, requires, conflicts, tags FROM sqitch.events"
        " ORDER BY committed_at",
    ) == [
        ("deploy", "a", [], [], []),
        ("deploy", "b", ["a"], ["other:x"], ["@v1"]),
    ]
    assert rows(database, "SELECT project, uri FROM sqitch.projects") == [
        ("shop", None)
    ]


def test_only_its_own_tables_are_its_bookkeeping(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """A shop has tags and events of its own."""
    run(
        database,
        tmp_path,
        f"a{BY}\n",
        a="CREATE TABLE tags (); CREATE TABLE events ();",
    )
    plan = Folder(LAYOUT, tmp_path, "db").load()
    snapshot = PostgresSchemaSnapshotRepository(
        database, bookkeeping=plan.bookkeeping_tables
    ).load()
    marked = {
        table.qualified_name: table.is_bookkeeping
        for table in snapshot.tables
        if table.name in {"tags", "events"}
    }
    assert marked == {
        "public.tags": False,
        "public.events": False,
        "sqitch.tags": True,
        "sqitch.events": True,
    }


def test_a_script_that_leaves_its_transaction_open(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Psql would end, and Sqitch would count the change as deployed."""
    with pytest.raises(MigrationError) as caught:
        run(database, tmp_path, f"a{BY}\n", a="BEGIN;\nCREATE TABLE a ();\n")
    assert caught.value.line == 1
    assert "What it did would be lost" in str(caught.value)


def test_each_script_is_a_session_of_its_own(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """Neither the next script nor Sqitch itself has the settings that it leaves."""
    run(
        database,
        tmp_path,
        f"a{BY}\nb{BY}\n",
        a="SET search_path TO ''; SET default_transaction_read_only TO on;",
        b="CREATE TABLE b ();",
    )
    assert rows(database, "SELECT to_regclass('public.b')::text") == [("b",)]


def test_a_variable_of_psql(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """They are not replaced, and the message says what it met."""
    with pytest.raises(MigrationError) as caught:
        run(database, tmp_path, f"a{BY}\n", a='\nCREATE TABLE :"schema".a ();')
    assert caught.value.line == 2
    assert "looks like a variable of psql" in str(caught.value)
