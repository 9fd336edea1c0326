"""Migrations on a server that somebody else runs: nothing of them is left there."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import subprocess
import sys

import attrs
import psycopg
import pytest
from pytest_postgresql.janitor import DatabaseJanitor

from pytest_userstate.application.drafting import draft_migrations
from pytest_userstate.application.proving import prove
from pytest_userstate.application.settings import PostgresSettings, ProofSettings
from pytest_userstate.domain.errors import MigrationError, ServerError, UserStateError
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.outbound.baseline import open_baseline
from pytest_userstate.outbound.migrations.finding.discovery import LayoutChoice, locate
from pytest_userstate.outbound.migrations_target import MigrationsTarget, SetupScript
from pytest_userstate.outbound.postgres import given_server
from pytest_userstate.outbound.postgres.connection_strings import connection_string
from pytest_userstate.outbound.postgres.given_server import GivenServer
from tests.helpers.running_server import PASSWORD, RunningServer, running_server
from tests.helpers.servers import installations, read_line

OPTION = "--userstate-server"
NAMES = "SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles"
# A run that makes a role, says the name of its database, and waits.
RUN = """\
import sys
from pytest_userstate.outbound.postgres.connection_strings import connection_string
from pytest_userstate.outbound.postgres.given_server import GivenServer
with GivenServer(connection_string(sys.argv[1], option="a test")) as server:
    with server.connect() as session:
        session.execute("CREATE ROLE killed")
        session.execute("CREATE TABLE t ()")
        session.execute("GRANT SELECT ON t TO killed")
        if sys.argv[2]:
            server.side_effects()
        print(server.database, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def given() -> cabc.Iterator[RunningServer]:
    """Start a server of the machine, with a superuser and two ordinary roles."""
    with running_server(installations()[-1]) as server:
        server.ask(f"CREATE ROLE ci LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        server.ask(f"CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'")
        yield server


@pytest.fixture
def untouched(given: RunningServer) -> cabc.Iterator[RunningServer]:
    """Give the server, and expect the same databases and roles on it afterwards."""
    before = sorted(given.ask(NAMES))
    yield given
    assert sorted(given.ask(NAMES)) == before


def project(
    folder: pathlib.Path,
    dsn: str,
    *files: str,
    setup: str = "",
    settings: PostgresSettings | None = None,
) -> MigrationsTarget:
    """Return migrations that are to be applied on a server."""
    (folder / "migrations").mkdir()
    for number, text in enumerate(files, 1):
        (folder / f"migrations/{number}.sql").write_text(text)
    return MigrationsTarget(
        target=locate(root=folder, base=folder, path=None),
        binaries=None,
        given=connection_string(dsn, option=OPTION),
        setup=SetupScript("setup.sql", setup) if setup else None,
        settings=settings or PostgresSettings(),
    )


def test_a_superuser_gets_everything(
    untouched: RunningServer, tmp_path: pathlib.Path
) -> None:
    """Provenance, and the roles of migrations, which are reported and removed."""
    migrations = project(
        tmp_path,
        untouched.dsn(),
        "CREATE ROLE owner;\nCREATE TABLE t (a int);\nALTER TABLE t OWNER TO owner;",
        "CREATE ROLE unused;\nALTER TABLE t ADD b int REFERENCES seeds;",
        setup="CREATE TABLE seeds (id int PRIMARY KEY);",
    )
    assert migrations.description.server == f"a scratch database on {OPTION}"
    with migrations.open() as database:
        assert given_server.PREFIX in "".join(untouched.ask(NAMES))
        snapshot, warnings = database.load(), database.warnings
    [_, column] = snapshot.table("t").columns
    assert column.source is not None
    assert column.source.path == "migrations/2.sql"
    [roles] = [line for line in warnings if "roles" in line]
    assert roles.endswith(": owner, unused")
    assert not any("not known" in line for line in warnings)


def test_a_role_that_may_create_databases_is_enough(
    untouched: RunningServer, tmp_path: pathlib.Path
) -> None:
    """Only which migration did what is then unknown, and is said so once."""
    migrations = project(
        tmp_path, untouched.dsn("ci"), "CREATE TABLE a ();", "CREATE TABLE b ();"
    )
    with migrations.open() as database:
        snapshot, warnings = database.load(), database.warnings
    assert [table.source for table in snapshot.tables] == [None, None]
    [unknown] = [line for line in warnings if "is not known" in line]
    assert "only a superuser" in unknown


@pytest.mark.parametrize("user", ["admin", "ci"])
def test_programs_connect_with_the_roles_password(
    untouched: RunningServer, tmp_path: pathlib.Path, user: str
) -> None:
    """They find the scratch database in the usual variables, also by themselves."""
    program = (
        "import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL']);"
        "c.execute('CREATE TABLE one ()'); c.commit();"
        "c = psycopg.connect(''); c.execute('CREATE TABLE two ()'); c.commit()"
    )
    target = locate(
        root=tmp_path,
        base=tmp_path,
        path=str(tmp_path),
        choice=LayoutChoice(
            layout="command", options={"command": [sys.executable, "-c", program]}
        ),
    )
    migrations = MigrationsTarget(
        target=target,
        binaries=None,
        given=connection_string(untouched.dsn(user), option=OPTION),
        setup=None,
        settings=PostgresSettings(),
    )
    with migrations.open() as database:
        names = [table.name for table in database.load().tables]
    assert names == ["one", "two"]


def test_a_migration_that_fails_leaves_nothing(
    untouched: RunningServer, tmp_path: pathlib.Path
) -> None:
    """Its roles are removed as well, and so is what it prepared."""
    prepare = "BEGIN;\nCREATE TABLE p ();\nPREPARE TRANSACTION 'p';"
    migrations = project(
        tmp_path, untouched.dsn(), "CREATE ROLE made;", prepare, "SELECT 1 / 0;"
    )
    with pytest.raises(MigrationError), migrations.open():
        pass


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("plain", ["the role plain, which may not create databases", "CREATEDB"]),
        ("nobody", ["authentication failed", "Check that the server runs"]),
    ],
)
def test_what_keeps_a_server_from_being_used_is_said(
    untouched: RunningServer, user: str, words: list[str]
) -> None:
    """Without the password, in whichever way it is written."""
    place = connection_string(untouched.dsn(user), option=OPTION)
    with pytest.raises(ServerError) as caught, GivenServer(place):
        pass
    message = str(caught.value)
    assert message.startswith(f"the given PostgreSQL ({OPTION}) cannot be ")
    for word in words:
        assert word in message
    assert "heim" not in message


def test_more_that_keeps_a_server_from_being_used(
    untouched: RunningServer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is too old or not there, a wish for a superuser, a platform."""
    ordinary = connection_string(untouched.dsn("ci"), option=OPTION)
    nowhere = connection_string("host=127.0.0.1 port=1 password=x", option=OPTION)
    with pytest.raises(ServerError, match="Connection refused"), GivenServer(nowhere):
        pass
    with GivenServer(ordinary) as server:
        with pytest.raises(ServerError, match="superuser is true"):
            server.role("", superuser=True)
        with pytest.raises(UserStateError, match="changes roles of the whole server"):
            server.role("postgres", superuser=False)
    monkeypatch.setattr(given_server, "OLDEST_MAJOR", 99)
    with pytest.raises(ServerError, match="version 99 or newer"), GivenServer(ordinary):
        pass


@pytest.mark.parametrize("is_marked", ["", "marked"])
def test_what_a_killed_run_has_left_is_removed_by_the_next(
    untouched: RunningServer, is_marked: str
) -> None:
    """But not what belongs to a run that is alive, to others, or is kept."""
    untouched.ask("CREATE DATABASE pytest_userstate_mine")
    untouched.ask("CREATE DATABASE pytest_userstate_0000000g")
    place = connection_string(untouched.dsn(), option=OPTION)
    arguments = [sys.executable, "-c", RUN, untouched.dsn(), is_marked]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        arguments, stderr=subprocess.PIPE, text=True, **pipes
    ) as killed:
        name = read_line(killed)
        with GivenServer(place):
            assert name in untouched.ask(NAMES)
        killed.kill()
        killed.wait()
    with GivenServer(connection_string(untouched.dsn("ci"), option=OPTION)):
        assert name in untouched.ask(NAMES)
    with GivenServer(place):
        left = untouched.ask(NAMES)
    assert name not in left
    assert "killed" not in left
    for mine in ("pytest_userstate_mine", "pytest_userstate_0000000g"):
        assert mine in left
        untouched.ask(f"DROP DATABASE {mine}")


def test_two_runs_may_use_one_role(untouched: RunningServer) -> None:
    """The one that made it cannot remove it while the other has need of it."""
    place = connection_string(untouched.dsn(), option=OPTION)
    with GivenServer(place) as other:
        other.side_effects()
        with GivenServer(place) as first, first.connect() as session:
            session.execute("CREATE ROLE shared")
            first.side_effects()
            with other.connect() as session_of_other:
                session_of_other.execute("CREATE SCHEMA s AUTHORIZATION shared")
        assert "shared" in untouched.ask(NAMES)
    assert "shared" in untouched.ask(NAMES)
    with GivenServer(place):
        assert "shared" not in untouched.ask(NAMES)


def test_tests_get_copies(untouched: RunningServer, tmp_path: pathlib.Path) -> None:
    """Also those of pytest-postgresql; a copy that is kept outlives the run."""
    migrations = project(tmp_path, untouched.dsn("ci"), "CREATE TABLE t (a int);")
    with contextlib.ExitStack() as stack:
        baseline = stack.enter_context(open_baseline(migrations))
        for _ in range(2):
            with baseline.copy() as connection:
                connection.execute("INSERT INTO t VALUES (1)")
                connection.commit()
                kept = connection.info.dbname
                url = baseline.keep(connection)
        executor = baseline.executor()
        janitor = DatabaseJanitor(
            user=executor.user,
            host=executor.host,
            port=executor.port,
            dbname=executor.dbname,
            template_dbname=executor.template_dbname,
            password=executor.password,
        )
        with janitor:
            assert executor.dbname in untouched.ask(NAMES)
    assert "heim" not in url
    with psycopg.connect(url, password=PASSWORD) as connection:
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
    with GivenServer(connection_string(untouched.dsn(), option=OPTION)) as server:
        assert kept in untouched.ask(NAMES)
        server.keep([kept, kept.removesuffix("2") + "1"], -1)
    with GivenServer(connection_string(untouched.dsn(), option=OPTION)):
        assert kept not in untouched.ask(NAMES)


def test_proofs_and_drafts_are_tried_in_copies(
    untouched: RunningServer, tmp_path: pathlib.Path
) -> None:
    """Of a role that may only create databases, too; none of them stays."""
    target = project(
        tmp_path,
        untouched.dsn("ci"),
        "CREATE TABLE users (id int PRIMARY KEY, display_name text NOT NULL);",
        "CREATE TABLE user_preferences (user_id int PRIMARY KEY REFERENCES users,"
        " interest_theme_ids int[] NOT NULL DEFAULT '{}',"
        " revision int NOT NULL DEFAULT 1);",
    )
    with attrs.evolve(target, is_copied=True).open() as database:
        snapshot, scratch = database.load(), database.scratch
        proof = prove(scratch, snapshot, DEFAULT_MODEL, ProofSettings())
        [draft] = draft_migrations(scratch, snapshot, DEFAULT_MODEL)
    assert [token.result for token in proof.stale_writes] == ["conditional"]
    assert {fact.result for fact in proof.facts} == {"proved"}
    assert draft.closes == ("login.schema",)
    assert [file.path for file in draft.files] == ["3.sql"]
