"""Each way in which a tool sends a file: whole, in pieces, in a pipeline."""

from __future__ import annotations

import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Command,
    Migration,
    Mode,
    Piece,
    Plan,
)
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from tests.helpers.clocks import let_time_be_up_in_a_sleep
from tests.helpers.histories import notes_kept

LOG = "CREATE TABLE log (what text, at timestamptz DEFAULT now())"


def note(what: str) -> Command:
    """Return a statement of a tool's bookkeeping."""
    return "INSERT INTO log VALUES ($1)", (what,)


def plan(*batches: Batch, **around: tuple[Command, ...]) -> Plan:
    """Return a plan with one migration."""
    migration = Migration(version="1", path="1.sql", batches=batches, **around)
    return Plan(
        layout="test",
        migrations=(migration,),
        prepare=LOG,
        bookkeeping_tables=frozenset({"log"}),
    )


def run(database: psycopg.Connection, *batches: Batch) -> dict[str, int | None]:
    """Apply a plan; return the line of each table and view that it made."""
    history = MigrationRunner(database).run(plan(*batches))
    return {
        name: source.line
        for (_, name, kind, _), source in history.created.items()
        if kind == "relation"
    }


def failure(database: psycopg.Connection, plan: Plan) -> MigrationError:
    """Return the error that applying a plan ends in."""
    with pytest.raises(MigrationError) as caught:
        MigrationRunner(database).run(plan)
    return caught.value


def noted(database: psycopg.Connection) -> list[str]:
    """Return what the tool's bookkeeping says, in order."""
    rows = database.execute("SELECT what FROM log ORDER BY ctid").fetchall()
    return [what for (what,) in rows]


def exists(database: psycopg.Connection, name: str) -> bool:
    """Tell whether there is such a relation."""
    row = database.execute("SELECT to_regclass(%s)", [name]).fetchone()
    return row is not None and row[0] is not None


def pieces(sql: str, *ends: str) -> tuple[Piece, ...]:
    """Return the pieces of a text that end with these words."""
    found, start = [], 0
    for end in ends:
        stop = sql.index(end, start) + len(end)
        found.append((start, stop))
        start = stop
    return tuple(found)


ADDING = "CREATE TYPE mood AS ENUM ('a');\nALTER TYPE mood ADD VALUE 'b';\n"
USING = "CREATE TABLE t (m mood DEFAULT 'b');\n"


@pytest.mark.parametrize("mode", Mode)
def test_whether_statements_share_a_transaction(
    database: psycopg.Connection, mode: Mode
) -> None:
    """A value that was added to an enum can be used only after its transaction."""
    batch = Batch(sql=ADDING + "VACUUM;", mode=mode, in_transaction=False)
    if mode in {Mode.PIECES, Mode.SCRIPT}:
        MigrationRunner(database).run(plan(batch))
    else:
        assert "VACUUM" in str(failure(database, plan(batch)))
        found = database.execute("SELECT 1 FROM pg_type WHERE typname = 'mood'")
        assert found.fetchall() == []


def test_pieces_may_share_the_tools_transaction(database: psycopg.Connection) -> None:
    """What was done before the one that fails is undone."""
    batch = Batch(
        sql="CREATE TABLE t ();\n\nSELECT 1/0;\n", mode=Mode.PIECES, record=(note("1"),)
    )
    error = failure(database, plan(batch))
    assert error.line == 3
    assert not exists(database, "t")
    assert noted(database) == []


def test_pieces_without_a_transaction_stay(database: psycopg.Connection) -> None:
    """Those before the one that fails, but not the tool's record."""
    batch = Batch(
        sql="CREATE TABLE t ();\n\nCREATE TABLE t ();\n",
        mode=Mode.PIECES,
        in_transaction=False,
        record=(note("1"),),
    )
    error = failure(database, plan(batch))
    assert error.line == 3
    assert exists(database, "t")
    assert noted(database) == []


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("SELECT 1;\n  SELECT 'é', nothing;\n", 2, 15),
        ("SELECT 1;\n  SELECT\n\n  nothing;\n", 4, 3),
        ("SELECT 1;\n SELEKT;", 2, 2),
        ("SELECT 1;\n\n SELECT 1/length('');", 3, None),
        ("SELECT 1; SELECT 2;\n\n DO $$ BEGIN RAISE 'no'; END $$;", 3, None),
    ],
)
@pytest.mark.parametrize("in_transaction", [True, False])
def test_the_place_of_an_error_is_that_in_the_file(
    database: psycopg.Connection,
    *,
    sql: str,
    line: int,
    column: int | None,
    in_transaction: bool,
) -> None:
    """Whichever piece it was in."""
    batch = Batch(sql=sql, mode=Mode.PIECES, in_transaction=in_transaction)
    error = failure(database, plan(batch))
    assert (error.line, error.column) == (line, column)
    assert f"1.sql:{line}" in str(error)


def test_several_batches_are_several_transactions(
    database: psycopg.Connection,
) -> None:
    """Each with its record; lines are those of the file in all of them."""
    made = run(
        database,
        Batch(sql=f"{ADDING}\n", record=(note("first"),)),
        Batch(sql=f"\n\n{USING}", record=(note("second"),)),
        Batch(
            sql="\n\n\nCREATE INDEX CONCURRENTLY i ON t (m);\n",
            in_transaction=False,
            record=(note("third"),),
        ),
    )
    assert made == {"t": 3}
    assert noted(database) == ["first", "second", "third"]


def test_what_a_tool_does_around_a_file(database: psycopg.Connection) -> None:
    """Before and after it, in transactions of their own."""
    batch = Batch(
        sql="INSERT INTO log VALUES ('the file');", record=(note("in its transaction"),)
    )
    around = plan(batch, before=(note("before"),), after=(note("after"),))
    whole = Plan(
        layout="test",
        migrations=around.migrations,
        prepare=LOG,
    )
    MigrationRunner(database).run(whole)
    assert noted(database) == [
        *("before", "the file", "in its transaction", "after"),
    ]
    moments = database.execute("SELECT count(DISTINCT at) FROM log").fetchone()
    assert moments == (3,)


def test_what_was_done_before_a_file_that_fails_stays(
    database: psycopg.Connection,
) -> None:
    """It tells the tool's user where it stopped."""
    error = failure(
        database,
        plan(Batch(sql="SELECT 1/0"), before=(note("dirty"),), after=(note("clean"),)),
    )
    assert error.line == 1
    assert noted(database) == ["dirty"]


def test_a_tool_that_fails_around_a_file(database: psycopg.Connection) -> None:
    """The file is named, and which part of the tool's work it was."""
    broken: Command = ("INSERT INTO nowhere VALUES (1)", ())
    before = plan(Batch(sql="DROP TABLE log"), before=(broken,))
    assert "1.sql: what the tool does before the file failed" in str(
        failure(database, before)
    )
    database.execute("DROP TABLE log")
    after = plan(Batch(sql="DROP TABLE log"), after=(note("1"),))
    message = str(failure(database, after))
    assert "1.sql:1: what the tool does after the file failed" in message
    assert 'relation "log" does not exist' in message


def test_a_piece_that_never_ends(
    database: psycopg.Connection,
    superuser: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The statement that was running is named."""
    let_time_be_up_in_a_sleep(monkeypatch, superuser)
    batch = Batch(
        sql="SELECT 1;\nSELECT pg_sleep(600);", mode=Mode.PIECES, in_transaction=False
    )
    with pytest.raises(MigrationError) as caught:
        MigrationRunner(database, timeout=90).run(plan(batch))
    assert caught.value.line == 2
    assert "timeout: not done after 90 seconds" in str(caught.value)


def test_who_made_what_in_pieces(database: psycopg.Connection) -> None:
    """Each with the line of its statement, in a transaction or not."""
    sql = "CREATE TABLE a ();\n\nCREATE TABLE b ();\nDROP TABLE a;\n"
    with notes_kept():
        assert run(database, Batch(sql=sql, mode=Mode.PIECES)) == {"b": 3}
    database.execute("DROP TABLE log, b")
    bare = Batch(sql=sql, mode=Mode.PIECES, in_transaction=False)
    assert run(database, bare) == {"b": 3}
