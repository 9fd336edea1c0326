r"""Scripts run as psql runs them, but for its commands, which are refused."""

from __future__ import annotations

import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Mode, Plan
from pytest_userstate.outbound.migrations.provenance.ledger import History
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from tests.helpers.clocks import let_time_be_up_in_a_sleep


def plan(*scripts: str) -> Plan:
    """Return a plan of scripts."""
    return Plan(
        layout="test",
        migrations=tuple(
            Migration(
                version=str(number),
                path=f"{number}.sql",
                batches=(Batch(sql=sql, mode=Mode.SCRIPT, in_transaction=False),),
            )
            for number, sql in enumerate(scripts, 1)
        ),
    )


def run(database: psycopg.Connection, *scripts: str) -> History:
    """Run scripts one after the other."""
    return MigrationRunner(database).run(plan(*scripts))


def failure(database: psycopg.Connection, *scripts: str) -> MigrationError:
    """Return the error that running scripts ends in."""
    with pytest.raises(MigrationError) as caught:
        run(database, *scripts)
    return caught.value


def rows(database: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    """Return what a query yields."""
    return database.execute(query).fetchall()


DUMP = """\
--
-- PostgreSQL database dump
--

\\restrict 3fVpQ

SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.users (
    id integer NOT NULL,
    display_name text
);

COPY public.users (id, display_name) FROM stdin;
1\tit's; $$ "é" /*
2\t\\N
\\.


CREATE INDEX CONCURRENTLY users_by_name ON public.users (display_name);

\\unrestrict 3fVpQ
"""


def test_a_dump_is_loaded_with_its_rows(database: psycopg.Connection) -> None:
    """Statements are transactions of their own, as the last one needs."""
    history = run(database, DUMP)
    found = rows(database, "SELECT id, display_name FROM public.users ORDER BY id")
    assert found == [(1, 'it\'s; $$ "é" /*'), (2, None)]
    assert history.created["public", "users", "relation", ""].line == 10


def test_many_rows_are_sent(database: psycopg.Connection) -> None:
    """More than the socket takes at once."""
    lines = "".join(f"{number}\t{'é' * 100}\n" for number in range(30_000))
    run(database, f"CREATE TABLE t (a int, b text);\nCOPY t FROM stdin;\n{lines}\\.\n")
    assert rows(database, "SELECT count(*), max(a) FROM t") == [(30_000, 29_999)]


def test_a_script_may_open_transactions(database: psycopg.Connection) -> None:
    """Between them each statement stands alone."""
    run(
        database,
        "BEGIN;\nCREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n\\.\nCOMMIT;\n"
        "VACUUM t;",
    )
    assert rows(database, "SELECT a FROM t") == [(1,)]


@pytest.mark.parametrize(
    ("end", "kept"),
    [("COMMIT", True), ("END", True), ("ROLLBACK", False), ("COMMIT AND CHAIN", None)],
)
def test_who_made_what_in_one_transaction(
    database: psycopg.Connection, end: str, *, kept: bool | None
) -> None:
    """Nothing is credited with what was rolled back, nor left open unseen."""
    sql = f"BEGIN;\n\nCREATE TABLE t (a int);\n{end};\n"
    if kept is None:
        assert "leaves a transaction open" in str(failure(database, sql))
        return
    created = run(database, sql).created
    assert (("public", "t", "relation", "") in created) is kept
    assert not kept or created["public", "t", "relation", ""].line == 3


def test_one_that_fails_keeps_what_it_had_committed(
    database: psycopg.Connection,
) -> None:
    """And nothing of its open transaction."""
    error = failure(
        database,
        "CREATE TABLE a ();\nBEGIN;\nCREATE TABLE b ();\nSELECT 1/0;\nCOMMIT;",
    )
    assert error.line == 4
    found = rows(database, "SELECT to_regclass('a')::text, to_regclass('b')::text")
    assert found == [("a", None)]


def test_a_row_that_cannot_be_taken_is_named(database: psycopg.Connection) -> None:
    """By its line in the file, not in the block."""
    error = failure(
        database,
        "CREATE TABLE t (a int);\n\nCOPY t (a) FROM stdin;\n1\ntwo\n\\.\nSELECT 1;\n",
    )
    assert error.line == 5
    message = str(error)
    assert "1.sql:5: invalid input syntax for type integer" in message
    assert "    COPY t (a) FROM stdin\n    …\n    two\n" in message
    assert rows(database, "SELECT * FROM t") == []


@pytest.mark.parametrize(
    ("sql", "line", "words"),
    [
        ("SELECT 1;\n\\! touch /tmp/x\n", 2, "\\! is a command of psql, and not run"),
        ("\\i other.sql\n", 1, "\\i is a command of psql"),
        ("\n\\set x 1\n", 2, "\\set is a command of psql"),
        ("SELECT 1\n\\gexec\n", 2, "\\gexec is a command of psql, inside a statement"),
        ("SELECT 1\n\\restrict a\n;", 2, "\\restrict is a command of psql, inside a"),
    ],
)
def test_commands_of_psql_are_refused_by_name_and_line(
    database: psycopg.Connection, sql: str, line: int, words: str
) -> None:
    """Before anything of the file is run."""
    error = failure(database, f"{sql}")
    assert error.line == line
    assert words in str(error)
    assert "which could run programs" in " ".join(str(error).split())


def test_nothing_runs_before_a_command_that_is_refused(
    database: psycopg.Connection,
) -> None:
    """The file is read first."""
    failure(database, "CREATE TABLE t ();\n\\i other.sql\n")
    assert rows(database, "SELECT to_regclass('t')") == [(None,)]


def test_a_statement_that_never_ends_ends_with_the_time(
    database: psycopg.Connection,
    superuser: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is named also in a script."""
    let_time_be_up_in_a_sleep(monkeypatch, superuser)
    with pytest.raises(MigrationError) as caught:
        MigrationRunner(database).run(plan("SELECT 1;\n\nSELECT pg_sleep(600);"))
    assert caught.value.line == 3
    assert "timeout" in str(caught.value)


def test_a_script_may_run_in_the_tools_transaction(
    database: psycopg.Connection,
) -> None:
    """As with psql's own --single-transaction."""
    sql = "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n\\.\nSELECT 1/0;\n"
    batch = Batch(sql=sql, mode=Mode.SCRIPT, in_transaction=True)
    migration = Migration(version="1", path="1.sql", batches=(batch,))
    with pytest.raises(MigrationError) as caught:
        MigrationRunner(database).run(Plan(layout="test", migrations=(migration,)))
    assert caught.value.line == 5
    assert rows(database, "SELECT to_regclass('t')") == [(None,)]
