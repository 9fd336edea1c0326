"""The fixtures, used alone and beside an audit."""

from __future__ import annotations

import collections.abc as cabc
import re
import subprocess
from urllib.parse import parse_qs, urlsplit

from tests.helpers import servers
from tests.helpers.backends import USERS, Backend

USES = """
import pytest

from pytest_userstate import EntitySchemaCoverage, SchemaSnapshot, Table


def test_database_is_migrated_and_private(userstate_connection):
    userstate_connection.execute("INSERT INTO users VALUES (gen_random_uuid(), 'a')")
    userstate_connection.execute("DROP TABLE user_credentials")
    userstate_connection.commit()


def test_the_next_test_gets_a_fresh_one(userstate_connection):
    assert userstate_connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
    userstate_connection.execute("SELECT FROM user_credentials")


def test_snapshot_and_report_are_of_the_baseline(schema_snapshot, userstate_report):
    assert schema_snapshot.table("users").source.path == "migrations/001_step.sql"
    assert userstate_report.users_coverage is EntitySchemaCoverage.COVERED


def test_audit_takes_a_connection(userstate_audit, userstate_connection):
    userstate_connection.execute("ALTER TABLE users DROP COLUMN display_name")
    report = userstate_audit(userstate_connection)
    assert report.users_coverage is EntitySchemaCoverage.MISSING
    assert userstate_connection.info.transaction_status.name == "INTRANS"


def test_the_old_name_says_what_replaces_it(request, userstate_connection):
    with pytest.deprecated_call(match="userstate_database is now userstate_connection"):
        assert request.getfixturevalue("userstate_database") is userstate_connection


def test_audit_takes_a_dsn_and_a_snapshot(userstate_audit, userstate_connection):
    report = userstate_audit(userstate_connection.info.dsn)
    assert report.users_coverage is EntitySchemaCoverage.COVERED
    assert userstate_audit(SchemaSnapshot()).profile_storage_migration.is_required
"""


def test_the_fixtures_work_without_an_audit(covered: Backend) -> None:
    """Nobody has to type --userstate-audit to use them."""
    covered.write("tests/test_own.py", USES)
    run = covered.run("-p", "no:cacheprovider", "-W", "error", audit=False)
    assert run.status == 0, run.output
    assert "6 passed" in run.output


def test_the_fixtures_work_beside_an_audit_and_under_xdist(covered: Backend) -> None:
    """Checks and tests share a run, on several workers."""
    covered.write("tests/test_own.py", USES)
    run = covered.run("tests", "-n", "2")
    assert run.status == 0, run.output
    assert "12 passed, 4 skipped" in run.output


def test_no_server_is_started_before_one_is_needed(covered: Backend) -> None:
    """A test that asks for no fixture needs no PostgreSQL."""
    covered.write("tests/test_own.py", "def test_own(): pass\n")
    run = covered.run("--postgresql-exec=/nowhere/pg_ctl", audit=False)
    assert run.status == 0, run.output


def test_they_are_documented(covered: Backend) -> None:
    """`--fixtures` says what each is for."""
    output = covered.run("--fixtures", audit=False).output
    for name in (
        "userstate_server",
        "userstate_connection",
        "schema_snapshot",
        "userstate_report",
        "userstate_audit",
        "userstate_configuration",
    ):
        assert re.search(rf"^{name} .*\n    \w", output, re.MULTILINE), name


def test_a_conftest_can_override_the_configuration(backend: Backend) -> None:
    """The fixture userstate_configuration takes a path or a mapping."""
    backend.migrate(USERS, folder="elsewhere")
    backend.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(scope="session")
        def userstate_configuration():
            return {"migrations": "elsewhere"}
        """,
    )
    backend.write(
        "test_own.py",
        """
        def test_own(schema_snapshot):
            assert schema_snapshot.table("users")
        """,
    )
    run = backend.run(audit=False)
    assert run.status == 0, run.output


def test_a_problem_is_told_without_a_traceback(backend: Backend) -> None:
    """Without migrations the fixtures say so, as the audit does."""
    backend.write("test_own.py", "def test_own(schema_snapshot): pass\n")
    run = backend.run(audit=False)
    assert run.status == 1
    assert "No migrations were found" in run.output
    assert "Traceback" not in run.output
    assert "fixtures.py" not in run.output


def test_pytest_postgresql_can_use_the_server(covered: Backend) -> None:
    """Its client factory makes databases of the migrated baseline."""
    covered.write(
        "test_own.py",
        """
        from pytest_postgresql import factories

        client = factories.postgresql("userstate_server")

        def test_client(client, userstate_audit):
            client.execute("INSERT INTO users VALUES (gen_random_uuid(), 'a')")
            assert userstate_audit(client).users_coverage == "covered"

        def test_fresh(client):
            assert client.execute("SELECT count(*) FROM users").fetchone() == (0,)
        """,
    )
    run = covered.run(audit=False)
    assert run.status == 0, run.output


def test_the_database_of_a_failed_test_can_be_kept(covered: Backend) -> None:
    """Its connection string is printed, works after the run, and is let go."""
    covered.write(
        "test_own.py",
        """
        def test_fails(userstate_connection):
            userstate_connection.execute("CREATE TABLE evidence (id int)")
            userstate_connection.commit()
            assert False

        def test_passes(userstate_connection):
            pass
        """,
    )
    run = covered.run("--userstate-keep-failed", audit=False)
    assert run.status == 1
    found = re.findall(r"psql '(postgresql://.+)'", run.output)
    assert len(found) == 1, run.output
    assert "test_own.py::test_fails" in run.output
    try:
        code = (
            f"import psycopg; psycopg.connect({found[0]!r}).execute('TABLE evidence')"
        )
        subprocess.run([covered.command()[0], "-c", code], check=True)
    finally:
        [holder] = servers.processes_of(covered.path)
        servers.kill(holder)
    servers.wait_until_gone(parse_qs(urlsplit(found[0]).query)["host"][0])


def test_another_pytest_postgresql_configuration_does_not_leak(
    covered: Backend,
) -> None:
    """What a repository loads into its own databases does not reach ours."""
    covered.write("leak.sql", "CREATE TABLE leak (id int);")
    covered.write(
        "pytest.ini",
        "[pytest]\npostgresql_load = leak.sql\npostgresql_dbname = theirs\n"
        "postgresql_user = somebody\npostgresql_options = -c work_mem=1MB\n",
    )
    covered.write(
        "test_own.py",
        """
        from pytest_postgresql import factories

        client = factories.postgresql("userstate_server")

        def test_ours(userstate_connection, schema_snapshot):
            assert schema_snapshot.table("leak") is None
            assert userstate_connection.info.user == "userstate"
            found = userstate_connection.execute(
                "SELECT to_regclass('leak')"
            ).fetchone()
            assert found == (None,)

        def test_client(client):
            assert client.execute("SELECT to_regclass('leak')").fetchone() == (None,)
            assert client.info.dbname == "tests"
        """,
    )
    run = covered.run(audit=False)
    assert run.status == 0, run.output


def test_fixtures_recognize_what_the_command_recognizes(
    example: cabc.Callable[[str], Backend],
) -> None:
    """In the migrated baseline: what a test drops from a copy is missing there."""
    recognized = example("recognized")
    recognized.write(
        "test_state.py",
        """
        def test_the_same(userstate_report, userstate_audit, userstate_connection):
            report = userstate_report
            assert report.check("login.schema").models == ("accounts",)
            assert report.check("interests.conflict").coverage == "detectable"
            userstate_connection.execute(
                "ALTER TABLE accounts RENAME password_digest TO password_hash"
            )
            changed = userstate_audit(userstate_connection)
            assert changed.login_coverage == "missing_credential_storage"
            assert "accounts has no column password_digest" in (
                changed.check("login.schema").rationale
            )
            assert changed.users_coverage == "covered"
        """,
    )
    run = recognized.run("test_state.py", audit=False)
    assert run.status == 0, run.output
    recognized.write("userstate.toml", "recognize = false")
    run = recognized.run("test_state.py", audit=False)
    assert run.status == 1
    assert "AssertionError" in run.output
