"""What Sqitch would leave in a database: its tables, their rows, its refusals."""

from __future__ import annotations

import pathlib
import re
import subprocess

import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.provenance.ledger import History
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.migrations.tools.sqitch import LAYOUT
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from tests.helpers.folders import Folder
from tests.helpers.psql_variables import SENT, VALUES

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
    """For each change, and the tags behind it."""
    created = run(
        database,
        tmp_path,
        f"a{BY} # it's\nb [a !other:x]{BY}\n@v1{BY}\n",
        a="BEGIN;\n\nCREATE TABLE a (x int);\nCOMMIT;\n",
        b="SET search_path TO '';\nCREATE TABLE public.b AS"
        " SELECT count(*) FROM sqitch.changes;\n",
    ).created
    assert created["public", "a", "relation", ""].line == 3
    assert rows(database, "SELECT * FROM b") == [(1,)]
    assert rows(
        database, "SELECT change, project FROM sqitch.changes ORDER BY committed_at"
    ) == [("a", "shop"), ("b", "shop")]
    assert rows(database, "SELECT tag, project FROM sqitch.tags") == [("@v1", "shop")]
    assert rows(database, "SELECT project FROM sqitch.projects") == [("shop",)]


def test_only_its_own_tables_are_its_bookkeeping(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """A shop has tags and changes of its own."""
    run(
        database,
        tmp_path,
        f"a{BY}\n",
        a="CREATE TABLE tags (); CREATE TABLE changes ();",
    )
    plan = Folder(LAYOUT, tmp_path, "db").load()
    snapshot = PostgresSchemaSnapshotRepository(
        database, bookkeeping=plan.bookkeeping_tables
    ).load()
    marked = {
        table.qualified_name: table.is_bookkeeping
        for table in snapshot.tables
        if table.name in {"tags", "changes"}
    }
    assert marked == {
        "public.tags": False,
        "public.changes": False,
        "sqitch.tags": True,
        "sqitch.changes": True,
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


def test_variables_have_the_values_of_a_deployment(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """In names and literals; rows, quotes, and casts are left alone."""
    (tmp_path / "db").mkdir()
    (tmp_path / "db/sqitch.conf").write_text(
        '[deploy "variables"]\n\tschema = App\n\tcolumns = "a text, b text"\n'
    )
    created = run(
        database,
        tmp_path,
        f"a{BY}\n",
        a='CREATE SCHEMA :"schema";\nCREATE TABLE :"schema".t (:columns);\n\n'
        'CREATE TABLE :"schema".u AS SELECT 1::int AS i FROM :"registry".projects;\n'
        "COPY \"App\".t FROM stdin;\n:schema\t:'schema'\n\\.\n"
        "INSERT INTO \"App\".t VALUES (:'schema', ':schema');\n",
    ).created
    assert rows(database, 'SELECT a, b FROM "App".t') == [
        (":schema", ":'schema'"),
        ("App", ":schema"),
    ]
    assert created["App", "t", "relation", ""].line == 2
    assert created["App", "u", "relation", ""].line == 4


@pytest.mark.parametrize(
    ("script", "place", "words"),
    [
        ("SELECT :n,\n  nowhere;", (2, 3), ['"nowhere" does', "      nowhere;\n"]),
        ("\n\nSELECT :n;\nSELECT :col;", (4, 8), ['"lost" does', "SELECT lost;"]),
        ("SELECT :n;\nSELECT 1/0;", (2, None), ["division by zero", "SELECT 1/0"]),
        (
            "CREATE TABLE t AS SELECT :n;\nCOPY t FROM stdin;\n:n\n\\.\nSELECT :n;",
            (3, None),
            ['invalid input syntax for type integer: ":n"', "    :n\n"],
        ),
        (
            "SELECT :n;\n\\echo :n\n",
            (2, None),
            ["\\echo is a command", "\\echo :n"],
        ),
    ],
)
def test_an_error_is_shown_in_the_file(
    database: psycopg.Connection,
    tmp_path: pathlib.Path,
    script: str,
    place: tuple[int, int | None],
    words: list[str],
) -> None:
    """With the values of variables, as they are sent."""
    (tmp_path / "db").mkdir()
    (tmp_path / "db/sqitch.conf").write_text(
        '[core "variables"]\n\tn = 1 + 1\n\tcol = lost\n'
    )
    with pytest.raises(MigrationError) as caught:
        run(database, tmp_path, f"a{BY}\n", a=script)
    assert (caught.value.line, caught.value.column) == place
    assert [each for each in words if each not in str(caught.value)] == []


def test_a_variable_that_is_not_set(
    database: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """The server cannot read what psql leaves; the message says what to set where."""
    with pytest.raises(MigrationError) as caught:
        run(database, tmp_path, f"a{BY}\n", a='\nCREATE TABLE :"schema".a ();')
    assert caught.value.line == 2
    message = " ".join(str(caught.value).split())
    assert 'variable schema is not set, so that psql leaves :"schema" as it' in message
    assert 'db/sqitch.conf, in the section [deploy "variables"], or in' in message
    assert 'tool = "sqitch", variables = { name = "…" } }' in message


def test_psql_sends_the_same(
    superuser: psycopg.Connection, tmp_path: pathlib.Path
) -> None:
    """As it shows with ``--echo-queries``; blanks and semicolons are its own."""
    bindir = "SELECT setting FROM pg_catalog.pg_config WHERE name = 'BINDIR'"
    [(folder,)] = rows(superuser, bindir)
    psql = pathlib.Path(str(folder), "psql")
    if not psql.is_file():
        pytest.skip(f"there is no {psql}")
    (tmp_path / "script.sql").write_text(";\n".join(SENT) + ";\n", "utf-8")
    connection = superuser.info
    where = {"host": connection.host, "port": str(connection.port)}
    where |= {"username": connection.user, "dbname": connection.dbname}
    done = subprocess.run(
        [
            *(psql, "--no-psqlrc", "--quiet", "--echo-queries", "--file=script.sql"),
            *("--output=/dev/null", *(f"--{key}={where[key]}" for key in where)),
            *(f"--set={name}={value}" for name, value in VALUES.items()),
        ],
        cwd=tmp_path,
        env={"PGCLIENTENCODING": "UTF8", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert _text_of(done.stdout) == _text_of("".join(SENT.values())), done.stderr


def _text_of(sql: str) -> str:
    return re.sub(r"[\s;]+", "", sql)
