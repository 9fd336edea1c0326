"""What keeps the past while migrations are applied is let go, whatever they do."""

from __future__ import annotations

import collections.abc as cabc
import gc

import attrs
import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError, ServerError
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.postgres.settings import OWNER
from tests.integration.test_provenance import gone, history, made, plan

SQL = """
    SET ROLE someone
    SET SESSION AUTHORIZATION someone
    SET default_transaction_read_only = on
    SET statement_timeout = 9
    SET search_path = ''
    SET client_encoding = 'LATIN1'
    SET SESSION AUTHORIZATION someone; SET default_transaction_isolation = serializable
"""
STATES = pytest.mark.parametrize(
    "state", list(filter(None, map(str.strip, SQL.splitlines())))
)


@pytest.fixture
def session(superuser: psycopg.Connection) -> cabc.Iterator[psycopg.Connection]:
    """Return a session of somebody who can become `someone`, who is allowed nothing."""
    superuser.execute("CREATE ROLE someone")
    yield superuser
    superuser.execute("RESET SESSION AUTHORIZATION")
    superuser.execute("RESET ALL")
    superuser.execute("DROP ROLE someone")


def held(database: psycopg.Connection) -> list[str]:
    """Return the prepared transactions of a database."""
    query = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
    return [name for (name,) in database.execute(query)]


def failure(
    database: psycopg.Connection, plan: Plan, **options: float
) -> MigrationError:
    """Return the error that a plan ends in."""
    with pytest.raises(MigrationError) as caught:
        MigrationRunner(database, **options).run(plan)
    return caught.value


@STATES
def test_after_success(session: psycopg.Connection, state: str) -> None:
    """Whoever the session is by then, and whatever it has set."""
    found = history(session, "CREATE TABLE t (a int)", f"{state};")
    assert held(session) == []
    assert made(found, "t.a") == "1.sql:1"


@STATES
@pytest.mark.parametrize("begin", ["", "BEGIN; "])
def test_after_failure(session: psycopg.Connection, begin: str, state: str) -> None:
    """Also inside a transaction; and the failure is what is told."""
    steps = plan("SELECT 1", f"{state}; {begin}SELECT 1/0;", in_transaction=False)
    error = failure(session, steps)
    assert held(session) == []
    assert (error.path, error.applied) == ("2.sql", 1)


@pytest.mark.parametrize(
    ("sql", "in_transaction", "words"),
    [
        ("BEGIN", False, "leaves a transaction open"),
        ("COMMIT", True, "ends the transaction"),
        ("SET SESSION AUTHORIZATION someone; BEGIN; COMMIT; COMMIT", True, "ends the"),
        ("SET ROLE someone; SELECT pg_sleep(9)", False, "timeout"),
        ("COPY t FROM STDIN", False, "no input"),
    ],
)
def test_after_what_its_tool_does_not_allow(
    session: psycopg.Connection, sql: str, *, in_transaction: bool, words: str
) -> None:
    """A transaction that is open, or no longer open, and what takes too long."""
    steps = plan("CREATE TABLE t ()", sql, in_transaction=in_transaction)
    assert words in str(failure(session, steps, timeout=0.3))
    assert held(session) == []


def test_after_a_failure_of_the_tool(database: psycopg.Connection) -> None:
    """Where it keeps its records, or at the end."""
    done = plan("SELECT 1")
    fails = (("SELECT 1/0", ()),)
    [first] = done.migrations
    [batch] = first.batches
    for steps in (
        attrs.evolve(done, finish=fails),
        attrs.evolve(done, migrations=(attrs.evolve(first, before=fails),)),
        attrs.evolve(done, migrations=(attrs.evolve(first, after=fails),)),
        attrs.evolve(
            done,
            migrations=(
                attrs.evolve(first, batches=(attrs.evolve(batch, record=fails),)),
            ),
        ),
    ):
        assert "division by zero" in str(failure(database, steps))
        assert held(database) == []


def test_a_session_that_has_another_role_from_the_start(
    session: psycopg.Connection, database: psycopg.Connection
) -> None:
    """As its tool may set one, or ALTER ROLE; it could not end what that one owns."""
    session.execute(f"GRANT someone TO {OWNER}")
    steps = attrs.evolve(plan("SET ROLE NONE"), prepare="SET ROLE someone")
    MigrationRunner(database).run(steps)
    assert held(session) == []


def test_a_role_that_is_not_allowed_to_read_the_past(
    session: psycopg.Connection,
) -> None:
    """Whoever the session was at first reads it, then."""
    found = history(
        session,
        "CREATE TABLE t (a int);\n"
        "REVOKE ALL ON FUNCTION pg_catalog.userstate_pages FROM PUBLIC;",
        "SET ROLE someone;",
    )
    assert made(found, "t.a") == "1.sql:1"


def test_a_migration_of_several_batches(database: psycopg.Connection) -> None:
    """All of them are its own."""
    first, *others = plan(
        "CREATE TABLE t (a int)", "ALTER TABLE t ADD b int"
    ).migrations
    [batch] = first.batches
    more = tuple(
        attrs.evolve(batch, sql=sql, in_transaction=False)
        for sql in ("ALTER TABLE t ADD c int", "ALTER TABLE t ADD d int")
    )
    several = attrs.evolve(first, batches=(batch, *more))
    steps = attrs.evolve(plan(), migrations=(several, *others))
    found = MigrationRunner(database).run(steps)
    assert {made(found, f"t.{name}") for name in "acd"} == {"1.sql:1"}
    assert made(found, "t.b") == "2.sql:1"


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_as_before(
    database: psycopg.Connection, *, collects: bool
) -> None:
    """Whatever the run had decided about it."""
    (gc.enable if collects else gc.disable)()
    try:
        history(database, "CREATE TABLE t (a int)")
        assert gc.isenabled() is collects
    finally:
        gc.enable()


def test_rows_that_several_transactions_have_locked(
    superuser: psycopg.Connection,
) -> None:
    """Such a row does not say who has ended it."""
    locked = """
        BEGIN; SELECT 1 FROM pg_class WHERE relname = 't' FOR KEY SHARE;
        SAVEPOINT s; ALTER TABLE t SET (fillfactor = 50); COMMIT"""
    with pytest.raises(ServerError, match=r"locked by\s+several transactions"):
        history(superuser, "CREATE TABLE t ()", locked, in_transaction=False)
    assert held(superuser) == []


def test_migrations_that_prepare_transactions(database: psycopg.Connection) -> None:
    """There is room for ten; each is credited to the file that it stands in."""
    many = "".join(
        f"BEGIN; CREATE TABLE t{n} (); PREPARE TRANSACTION '{n}';" for n in range(9)
    )
    found = history(
        database,
        "CREATE TABLE t (a int); CREATE TABLE u (a int);",
        "BEGIN; ALTER TABLE t ADD b int; DROP TABLE u; PREPARE TRANSACTION 'x'",
        many,
        "CREATE TABLE v ()",
        *(f"COMMIT PREPARED '{n}'" for n in range(8)),
        "ROLLBACK PREPARED '8'",
        "COMMIT PREPARED 'x'",
        "ALTER TABLE t DROP b",
        in_transaction=False,
    )
    assert gone(found) == {"u": "2.sql:1", "u.a": "2.sql:1", "t.b": "15.sql:1"}
    assert {made(found, f"t{n}") for n in range(8)} == {"3.sql:1"}
    assert made(found, "t8") is None
    assert made(found, "v") == "4.sql:1"


def test_a_prepared_transaction_is_its_files_however_it_is_applied(
    database: psycopg.Connection,
) -> None:
    """Though it is the last one of the file, and nothing is recorded after it."""
    found = history(
        database,
        "BEGIN; CREATE TABLE t (a int); PREPARE TRANSACTION 'x'",
        "COMMIT PREPARED 'x'",
        in_transaction=False,
    )
    assert made(found, "t.a") == "1.sql:1"


def test_one_that_is_named_like_ours_is_not_ours(database: psycopg.Connection) -> None:
    """It is never finished, as any other."""
    name = "pytest-userstate 1"
    steps = plan(f"BEGIN; PREPARE TRANSACTION '{name}'", in_transaction=False)
    error = failure(database, steps)
    assert held(database) == [name]
    database.execute(f"ROLLBACK PREPARED '{name}'")
    assert f"the transaction '{name}' is prepared, and never finished" in str(error)


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_migrations_that_end_ours(database: psycopg.Connection, end: str) -> None:
    """What they did can no longer be known."""
    name = f"pytest-userstate {database.info.backend_pid}"
    steps = plan("SELECT 1", f"-- 2\n{end} PREPARED '{name}'", in_transaction=False)
    error = failure(database, steps)
    assert held(database) == []
    assert (error.path, error.line) == ("2.sql", 2)
    assert f"2.sql:2: the transaction '{name}' was ended" in str(error)


def test_a_failure_comes_before_that(database: psycopg.Connection) -> None:
    """It is what is to be mended first."""
    name = f"pytest-userstate {database.info.backend_pid}"
    steps = plan(f"ROLLBACK PREPARED '{name}'", "SELECT 1/0", in_transaction=False)
    assert "division by zero" in str(failure(database, steps))


ALL_OF_THEM = """
    SELECT dblink_exec(
        format('host=%s port=%s dbname=%s user=%s',
               current_setting('unix_socket_directories'), current_setting('port'),
               current_database(), session_user),
        format('ROLLBACK PREPARED %L', gid))
    FROM pg_prepared_xacts"""


def test_one_that_ends_ours_in_a_session_of_its_own(
    superuser: psycopg.Connection,
) -> None:
    """No file says it, and none is blamed."""
    superuser.execute("CREATE EXTENSION dblink")
    name = f"pytest-userstate {superuser.info.backend_pid}"
    error = failure(superuser, plan(ALL_OF_THEM))
    assert (error.path, error.line) == ("", None)
    assert str(error).startswith(f"the transaction '{name}' was ended, which no")


def test_a_server_that_lacks_what_reads_the_past(session: psycopg.Connection) -> None:
    """A migration that removes it is told by name."""
    with pytest.raises(ServerError, match="userstate_pages"):
        history(session, "DROP FUNCTION pg_catalog.userstate_pages")
    assert held(session) == []


def test_nobody_has_to_wait_for_it(session: psycopg.Connection) -> None:
    """Not even who waits for everything that could be serialized before."""
    session.execute("SET default_transaction_isolation = serializable")
    sql = "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE; SELECT 1; COMMIT"
    steps = plan(sql, "CREATE TABLE t ()", in_transaction=False)
    found = MigrationRunner(session, timeout=5).run(steps)
    assert made(found, "t") == "2.sql:1"


# What CREATE DATABASE … TEMPLATE says of the database itself, after five seconds.
IN_USE = """
    DO $$BEGIN RAISE 'source database is being accessed by other users' USING
        ERRCODE = '55006',
        DETAIL = 'There is 1 prepared transaction using the database.'; END$$"""


def test_a_database_that_cannot_be_copied_meanwhile(
    database: psycopg.Connection,
) -> None:
    """It is the audit's own doing, which is said."""
    error = " ".join(str(failure(database, plan(IN_USE))).split())
    assert "the audit keeps a prepared transaction in the database" in error
