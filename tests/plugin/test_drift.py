"""Drift: the migrations against a live database."""

from __future__ import annotations

import collections.abc as cabc
import json
import os

import jsonschema
import pytest

from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.backends import (
    CREDENTIALS,
    PREFERENCES,
    ROOT,
    USERS,
    Backend,
)

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())
DIESEL = "CREATE TABLE __diesel_schema_migrations (version text PRIMARY KEY);"
UNREACHABLE = "postgresql://me:geh%65im@127.0.0.1:1/nowhere"


@pytest.fixture(scope="module")
def server() -> cabc.Iterator[EmbeddedServer]:
    """Start a server that stands for production."""
    with EmbeddedServer(find_binaries(), all_databases=True) as running:
        yield running


@pytest.fixture
def live(server: EmbeddedServer) -> cabc.Iterator[str]:
    """Return the DSN of a live database that has what the migrations make."""
    with server.connect(dbname="postgres", user="postgres") as session:
        session.execute("CREATE DATABASE live OWNER userstate")
        with server.connect(dbname="live") as connection:
            for statement in (USERS, CREDENTIALS, PREFERENCES, DIESEL):
                connection.execute(statement)
        yield f"postgresql://userstate@/live?host={server.host}&port={server.port}"
        session.execute("DROP DATABASE live WITH (FORCE)")


@pytest.fixture
def migrated(backend: Backend) -> Backend:
    """Return a repository of a tool that keeps records, with one column dropped."""
    for number, sql in enumerate(
        (
            USERS,
            CREDENTIALS,
            PREFERENCES,
            "ALTER TABLE users ADD nick text;",
            "ALTER TABLE users DROP nick;",
        )
    ):
        backend.write(f"migrations/2026-01-0{number + 1}-000000_step/up.sql", sql)
    return backend


def test_a_database_that_was_migrated_has_not_drifted(
    migrated: Backend, live: str
) -> None:
    """The tool's own table is there, and no matter."""
    run = migrated.run("--userstate-drift=env:LIVE", LIVE=live)
    assert run.status == 0, run.output
    assert "7 passed, 4 skipped" in run.output
    assert run.report is not None
    (comparison,) = run.report["comparisons"]
    assert (comparison["id"], comparison["outcome"]) == ("drift", "passed")
    assert comparison["changes"] == []


def test_drift_fails_the_run_and_is_told_everywhere(
    migrated: Backend, server: EmbeddedServer, live: str
) -> None:
    """In the failure, the summary, both reports, and the same under xdist."""
    with server.connect(dbname="live") as connection:
        connection.execute("ALTER TABLE users ADD nick text")
        connection.execute("ALTER TABLE users ALTER display_name DROP NOT NULL")
    run = migrated.run(
        "--userstate-drift=env:LIVE", "--userstate-report=audit.md", LIVE=live
    )
    assert run.status == 1, run.output
    dropped = "migrations/2026-01-05-000000_step/up.sql:1"
    for words in (
        "userstate: compared with a live database (--userstate-drift=env:LIVE)",
        "\n2 differences: 2 columns\n",
        "expected: the live database to have the schema that the migrations make",
        "! column public.users.display_name",
        "[migrations/2026-01-01-000000_step/up.sql:1]",
        "nullable: no != yes",
        "+ column public.users.nick text  [dropped by",
        "failed     drift: 2 differences",
    ):
        assert words in run.output
    assert run.report is not None
    jsonschema.validate(run.report, SCHEMA)
    assert (run.report["status"], run.report["complete"]) == ("failed", True)
    assert set(run.outcomes().values()) <= {"passed", "not_gated"}
    (comparison,) = run.report["comparisons"]
    _, nick = comparison["changes"]
    assert nick["subject"] == "public.users.nick"
    assert nick["dropped_by"] == {
        "path": "migrations/2026-01-05-000000_step/up.sql",
        "line": 1,
    }
    text = (migrated.path / "audit.md").read_text()
    assert "### drift" in text
    assert "- added: column `public.users.nick` text, dropped by [" in text
    assert f"]({dropped.replace(':', '#L')})" in text
    spread = migrated.run("--userstate-drift=env:LIVE", "-n", "2", LIVE=live)
    assert spread.status == 1
    assert json.dumps(spread.report) == json.dumps(run.report)
    assert spread.output.count("expected: the live database") == 1


def test_a_database_that_cannot_be_read_is_an_error_of_the_check_alone(
    covered: Backend,
) -> None:
    """Nothing that pytest can be told to show has the password in it."""
    run = covered.run(
        *("--userstate-drift=env:LIVE", "--userstate-report=audit.md"),
        *("--junitxml=junit.xml", "-vv", "-l", "--full-trace", "-rA"),
        LIVE=UNREACHABLE,
    )
    assert run.status == 1, run.output
    assert "6 passed, 4 skipped, 1 error" in run.output
    assert "the comparison could not be carried out" in run.output
    assert run.report is not None
    jsonschema.validate(run.report, SCHEMA)
    assert run.report["status"] == "error"
    assert run.report["error"]["kind"] == "tool"
    (comparison,) = run.report["comparisons"]
    assert comparison["outcome"] == "error"
    assert "cannot be connected to" in comparison["error"]
    assert "error     " in run.output
    shown = [run.output, json.dumps(run.report)]
    shown += [(covered.path / name).read_text() for name in ("audit.md", "junit.xml")]
    for text in shown:
        assert "geheim" not in text
        assert "geh%65im" not in text


def test_nobody_connects_where_the_check_is_deselected(covered: Backend) -> None:
    """The audit is partial, and says which checks did not run."""
    run = covered.run(
        "--userstate-drift=env:LIVE", "-k", "users.schema", LIVE=UNREACHABLE
    )
    assert run.status == 0, run.output
    assert run.report is not None
    assert (run.report["status"], run.report["complete"]) == ("passed", False)
    assert run.report["comparisons"] == []
    assert "drift" in run.output.split("these checks did not run")[1]


def test_a_check_that_vanishes_fails_the_run(covered: Backend, live: str) -> None:
    """As any other of the audit."""
    covered.write(
        "conftest.py",
        """
        def pytest_collection_modifyitems(items):
            items[:] = [item for item in items if item.name != "drift"]
        """,
    )
    run = covered.run("--userstate-drift=env:LIVE", LIVE=live)
    assert run.status == 1, run.output
    assert run.report is not None
    assert run.report["vanished"] == ["drift"]


def test_a_failed_migration_is_told_as_ever(backend: Backend) -> None:
    """There is nothing to compare."""
    backend.migrate("CREATE TABLE broken (id nothing);")
    run = backend.run("--userstate-drift=env:LIVE", LIVE=UNREACHABLE)
    assert run.status == 1
    assert run.report is not None
    assert "001_step.sql" in run.report["error"]["message"]
    assert run.report["comparisons"] == []
    assert "127.0.0.1" not in run.output


def test_the_environment_of_libpq_names_the_database(
    migrated: Backend, server: EmbeddedServer, live: str
) -> None:
    """Our own server is not confused by it."""
    assert live
    run = migrated.run(
        *("--userstate-drift=libpq", "-k", "drift"),
        PGHOST=str(server.host),
        PGPORT=str(server.port),
        PGUSER="userstate",
        PGDATABASE="live",
        USER=os.environ.get("USER", "root"),
    )
    assert run.status == 0, run.output
    assert "(--userstate-drift=libpq)" in run.output
