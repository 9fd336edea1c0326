"""What a migration cannot do, whoever wrote it.

What it can do to its own database, and what a setup file and `superuser = true`
give it beyond that, is said in docs/security.md.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib

import psycopg
import pytest

from pytest_userstate.outbound.migrations.running.runner import run_script
from pytest_userstate.outbound.migrations.tools import supabase
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.server import OWNER, SUPERUSER, EmbeddedServer
from pytest_userstate.outbound.postgres.stubs import STUB_EXTENSIONS, STUBS
from tests.helpers.servers import installations

PLATFORM = pathlib.Path(supabase.__file__).parent / "platforms/supabase.sql"

PROGRAMS_AND_FILES = [
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY t FROM PROGRAM 'id'",
    "COPY t FROM '/etc/passwd'",
    "COPY t TO '/tmp/userstate-was-here'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/userstate-was-here')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('postgresql.conf')",
    "SELECT pg_ls_dir('/')",
    "SELECT pg_stat_file('/etc/passwd')",
    "SELECT * FROM pg_hba_file_rules()",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE internal AS 'pg_read_file_all'",
    "CREATE LANGUAGE plpython3u",
    "CREATE TABLESPACE t LOCATION '/tmp'",
    "LOAD 'auto_explain'",
    "LOAD '/tmp/x.so'",
    "ALTER SYSTEM SET archive_command = 'id'",
    "ALTER DATABASE {database} SET session_preload_libraries = '/tmp/x.so'",
    "SET dynamic_library_path = '/tmp'",
    "CREATE FOREIGN DATA WRAPPER w",
]
ANOTHER_ROLE = [
    f"SET ROLE {SUPERUSER}",
    f"SET SESSION AUTHORIZATION {SUPERUSER}",
    f"GRANT {SUPERUSER} TO {{role}}",
    f"ALTER ROLE {SUPERUSER} PASSWORD 'x'",
    f"ALTER ROLE {SUPERUSER} SET search_path = evil",
    "ALTER ROLE {role} SUPERUSER",
    "CREATE ROLE strong SUPERUSER",
    "ALTER ROLE ALL SET search_path = evil",
    "GRANT pg_execute_server_program TO {role}",
    "GRANT pg_read_server_files TO {role}",
    "UPDATE pg_authid SET rolsuper = true",
    "CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION tsvector_update_trigger()",
    "CREATE FUNCTION pg_catalog.evil() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE CAST (text AS int) WITH INOUT AS IMPLICIT",
    "CREATE TYPE base (INPUT = textin, OUTPUT = textout)",
    "CREATE SUBSCRIPTION s CONNECTION 'host=/tmp' PUBLICATION p",
]
# What notes which migration did what runs as superuser.
THE_NOTES = [
    "INSERT INTO pg_catalog.userstate_notes (relation) VALUES (1)",
    "DELETE FROM pg_catalog.userstate_notes",
    "DROP TABLE pg_catalog.userstate_notes",
    (
        "CREATE TRIGGER t AFTER INSERT ON pg_catalog.userstate_notes"
        " EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()"
    ),
    "CREATE RULE r AS ON INSERT TO pg_catalog.userstate_notes DO ALSO SELECT 1",
    "CREATE INDEX ON pg_catalog.userstate_notes ((relation + 1))",
    "CREATE TABLE heir () INHERITS (pg_catalog.userstate_notes)",
    (
        "CREATE OR REPLACE FUNCTION pg_catalog.userstate_note_command()"
        " RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
    ),
    "ALTER FUNCTION pg_catalog.userstate_note_command() SET search_path = public",
    "ALTER EVENT TRIGGER userstate_commands DISABLE",
    "DROP EVENT TRIGGER userstate_drops",
]
EXTENSIONS = [
    "file_fdw",
    "dblink",
    "postgres_fdw",
    "adminpack",
    "plpython3u",
    "plperlu",
]
# What the platform of Supabase lends to who owns the database: each is one function.
LENT = [
    ("platform", "create extension hstore; {more}"),
    ("platform", 'create extension hstore version "1"; {more}'),
    ("platform", "create extension hstore --\n; {more}"),
    # PostgreSQL ends a comment here as well.
    ("platform", "create extension hstore --\r; {more}\n"),
    ("platform", "create extension hstore /* /* */ */; {more}"),
    ("platform", "create extension hstore version ''\\''; {more} --''"),
    ("platform", "create extension hstore version e''\\''; {more} --''"),
    ("platform", "create extension hstore version $$; {more} $$"),
    ("platform", "alter extension plpgsql add function f; {more}"),
    ("platform", "alter extension pgcrypto drop function extensions.fips_mode"),
    ("platform", "alter extension pgcrypto drop function fips_mode"),
    ("platform", "drop table auth.users"),
    ("services", "drop policy if exists p on auth.users; {more}"),
    ("services", "drop table auth.users"),
]
MORE = [
    "copy (select 1) to program ''true''",
    "alter role postgres superuser",
    f"set role {SUPERUSER}",
]


@pytest.fixture
def owner(database: psycopg.Connection) -> psycopg.Connection:
    """Return the session that migrations run in."""
    database.execute("CREATE TABLE t (x text)")
    return database


@pytest.fixture(scope="module", params=installations(), ids=lambda each: each.origin)
def on_platform(request: pytest.FixtureRequest) -> cabc.Iterator[psycopg.Connection]:
    """Return the session that migrations of Supabase's layout run in."""
    binaries: Binaries = request.param
    with EmbeddedServer(binaries, stub_extensions=STUBS) as server:
        with server.connect(user=SUPERUSER) as session:
            run_script(session, "the platform", PLATFORM.read_text())
        with server.connect(user="postgres") as session:
            session.execute("CREATE TABLE t (x text)")
            yield session


def answers(
    session: psycopg.Connection, statements: cabc.Iterable[str]
) -> dict[str, str]:
    """Return what the server says to each statement."""
    names = {"database": session.info.dbname, "role": session.info.user}
    said = {}
    for each in statements:
        statement = each.format(**names)
        try:
            session.execute(statement)
        except psycopg.Error as error:
            said[statement] = f"{type(error).__name__}: {error}"
        else:
            said[statement] = "done"
    return said


def not_refused(said: dict[str, str], *refusals: str) -> dict[str, str]:
    """Return what was answered otherwise than with one of these words."""
    return {
        statement: answer
        for statement, answer in said.items()
        if not any(refusal in answer for refusal in refusals)
    }


def test_a_migration_stays_in_its_database(owner: psycopg.Connection) -> None:
    """It runs no program, reads no file, and becomes nobody else."""
    said = answers(owner, [*PROGRAMS_AND_FILES, *ANOTHER_ROLE])
    assert not_refused(said, "InsufficientPrivilege", "is not available") == {}


@pytest.mark.parametrize("user", [OWNER, SUPERUSER])
def test_no_setting_gives_a_later_session_another_role(
    owner: psycopg.Connection, server: EmbeddedServer, user: str
) -> None:
    """What a role or database can set for its sessions is no way to more rights."""
    name = owner.info.dbname
    for statement in (
        f"ALTER ROLE {OWNER} SET session_authorization = {SUPERUSER}",
        f"ALTER ROLE {OWNER} IN DATABASE {name} SET role = {SUPERUSER}",
        f"ALTER DATABASE {name} SET role = {OWNER}",
    ):
        owner.execute(statement)
    with server.connect(dbname=name, user=user) as session:
        row = session.execute(
            "SELECT current_user, session_user, current_setting('is_superuser')"
        ).fetchone()
    owner.execute(f"ALTER ROLE {OWNER} RESET session_authorization")
    assert row == (OWNER, user, "off")


def test_a_platform_gives_no_more(on_platform: psycopg.Connection) -> None:
    """What stands in for Supabase's postgres is no superuser, and cannot become one."""
    said = answers(on_platform, [*PROGRAMS_AND_FILES, *ANOTHER_ROLE])
    assert not_refused(said, "InsufficientPrivilege", "is not available") == {}


def test_what_notes_its_doings_is_out_of_its_reach(owner: psycopg.Connection) -> None:
    """Neither its table nor its functions and triggers can be changed."""
    assert not_refused(answers(owner, THE_NOTES), "InsufficientPrivilege") == {}


def test_roles_that_a_migration_makes_have_no_more_rights(
    owner: psycopg.Connection,
) -> None:
    """From 16 on it may make them; no other role comes with that, nor its rights."""
    is_new = owner.info.server_version >= 160_000
    said = answers(owner, ["CREATE ROLE made"])
    assert bool(not_refused(said, "InsufficientPrivilege")) == is_new
    attempts = [
        *("CREATE ROLE a SUPERUSER", "CREATE ROLE a REPLICATION"),
        *("CREATE ROLE a BYPASSRLS", "CREATE ROLE a IN ROLE postgres"),
        *("GRANT postgres TO made", "GRANT pg_read_server_files TO made"),
        *("ALTER ROLE postgres PASSWORD 'x'", "ALTER ROLE userstate SUPERUSER"),
        *("ALTER ROLE userstate CREATEDB", "DROP ROLE postgres"),
    ]
    refusals = ("InsufficientPrivilege", "UndefinedObject")
    assert not_refused(answers(owner, attempts), *refusals) == {}
    if is_new:
        owner.execute("CREATE SCHEMA of_made AUTHORIZATION made")
        owner.execute("DROP OWNED BY made")
        owner.execute("DROP ROLE made")


def test_extensions_that_reach_out_are_refused(owner: psycopg.Connection) -> None:
    """Files, other servers, and languages without limits take a superuser."""
    said = answers(owner, [f"CREATE EXTENSION {each}" for each in EXTENSIONS])
    assert not_refused(said, "InsufficientPrivilege", "is not available") == {}


def test_what_a_platform_lends_does_nothing_else(
    on_platform: psycopg.Connection,
) -> None:
    """Each function runs its own kind of statement, and no second one."""
    calls = [
        f"SELECT extensions.run_as_the_{lender}('{statement.replace('{more}', more)}')"
        for lender, statement in LENT
        for more in MORE
    ]
    assert (
        not_refused(
            answers(on_platform, calls),
            "this is not for",
            "InsufficientPrivilege",
            "within security-definer function",
        )
        == {}
    )


def test_a_platform_runs_no_code_of_its_caller(on_platform: psycopg.Connection) -> None:
    """Operators that come before PostgreSQL's own are not found by its functions."""
    with on_platform.transaction(force_rollback=True):
        on_platform.execute(
            """
            CREATE SCHEMA evil;
            CREATE FUNCTION evil.f(text, text) RETURNS boolean LANGUAGE plpgsql
              AS $$ BEGIN RAISE 'ran as %', current_user; END $$;
            CREATE OPERATOR evil.~* (
              leftarg = text, rightarg = text, function = evil.f);
            CREATE OPERATOR evil.!~* (
              leftarg = text, rightarg = text, function = evil.f);
            SET LOCAL search_path = evil, pg_catalog;
            """
        )
        for call in (
            "run_as_the_platform('create extension hstore')",
            "run_as_the_services('drop policy if exists p on auth.users')",
        ):
            on_platform.execute(f"SELECT extensions.{call}")


def test_a_connection_back_finds_no_way_in(on_platform: psycopg.Connection) -> None:
    """With dblink, which the platform has: the account's own way in is not lent."""
    on_platform.execute(
        "SELECT extensions.run_as_the_platform('create extension dblink')"
    )
    place = f"host={on_platform.info.host} port={on_platform.info.port}"
    whom = f"dbname=userstate user={SUPERUSER} password=x"
    calls = [
        f"SELECT {function}('{place} {whom}')"
        for function in ("dblink_connect", "dblink_connect_u")
    ]
    said = answers(on_platform, calls)
    on_platform.execute(
        "SELECT extensions.run_as_the_platform('drop extension dblink')"
    )
    assert not_refused(said, "required", "InsufficientPrivilege") == {}


def unpinned(session: psycopg.Connection) -> set[str]:
    """Return what runs with its owner's rights, and in its caller's search path."""
    if session.info.server_version >= 180_000:
        for stub in sorted(STUB_EXTENSIONS - {"pg_graphql", "supabase_vault"}):
            session.execute(f'CREATE EXTENSION IF NOT EXISTS "{stub}"')
    found = session.execute(
        """SELECT proname FROM pg_proc WHERE prosecdef
        AND 'search_path=pg_catalog, pg_temp' = ANY (proconfig) IS NOT TRUE"""
    )
    return {name for (name,) in found}


def test_stubs_run_in_no_search_path_of_their_caller(owner: psycopg.Connection) -> None:
    """Those that belong to the superuser say where they look."""
    assert unpinned(owner) == set()


def test_two_functions_of_the_platform_cannot_pin_theirs(
    on_platform: psycopg.Connection,
) -> None:
    """An extension goes where the caller's path says: nothing else is found by it."""
    assert unpinned(on_platform) == {"run_as_the_platform", "run_as_the_services"}
