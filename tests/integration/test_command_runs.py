"""Commands of a repository's own, run against a real server."""

from __future__ import annotations

import pathlib
import sys

import pytest

from tests.helpers.programs import Project, Runs
from tests.helpers.servers import one_version

MIGRATE = """\
import os
import sys
import psycopg

with psycopg.connect({how}) as connection:
    connection.execute(open("db/schema.sql").read())
print("done", file=sys.stderr)
"""

pytestmark = one_version()


@pytest.fixture
def project(tmp_path: pathlib.Path) -> Project:
    """Make a project with a schema to be applied."""
    project = Project(tmp_path)
    project.write("db/schema.sql", "CREATE TABLE users (id int);")
    return project


def python(project: Project, text: str) -> list[str]:
    """Return the command that runs a program in Python."""
    project.write("migrate.py", text)
    return [sys.executable, "migrate.py"]


def failure(runs: Runs, project: Project, command: list[str]) -> str:
    """Run a command, and return what its failure says."""
    return str(runs.failure(project.plan(command=command)))


@pytest.mark.parametrize("how", ['os.environ["DATABASE_URL"]', '""'])
def test_the_database_is_found_by_url_and_by_libpq(
    project: Project, runs: Runs, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Whatever the caller's own variables say."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@db.example.invalid/x")
    monkeypatch.setenv("PGSERVICE", "production")
    command = python(project, MIGRATE.format(how=how))
    migrated = runs.run(project.plan("db", command=command))
    assert runs.sources(migrated) == {"users": "db:-", "users.id": "db:-"}
    assert (migrated.applied, migrated.warnings) == (None, ())


def test_the_scheme_of_the_url_is_kept(
    project: Project, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the driver in some libraries."""
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://me:hunter2@x/y")
    command = ["sh", "-c", "echo $DATABASE_URL; exit 1"]
    assert (
        "    postgresql+asyncpg://userstate:********@127.0.0.1:PORT/test_"
        in failure(runs, project, command)
    )


# As JDBC, sequelize-cli and db-migrate read a URL: by its host and port, no socket.
BY_ITS_PARTS = """\
import os
import urllib.parse
import psycopg

place, account = os.environ["JDBC_DATABASE_URL"].split("?")
java = urllib.parse.urlsplit(place.removeprefix("jdbc:"))
url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
assert (url.hostname, url.port, url.path) == (java.hostname, java.port, java.path)
assert dict(urllib.parse.parse_qsl(account))["password"] == url.password
assert os.environ["DB_HOST"] == url.hostname
assert os.environ["DB_PASSWORD"] == os.environ["PGPASSWORD"] == url.password
assert os.environ["CALLERS"] == "kept"
with psycopg.connect(
    host=os.environ["DB_HOST"],
    port=url.port,
    user=os.environ["JDBC_DATABASE_USERNAME"],
    password=url.password,
    dbname=url.path[1:],
) as connection:
    connection.execute(os.environ["STATEMENT"])
"""


def test_programs_that_know_no_sockets(
    project: Project, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They connect over TCP, with what the variables say, under any name."""
    monkeypatch.setenv("CALLERS_SETTING", "kept")
    plan = project.plan(
        "db",
        command=python(project, BY_ITS_PARTS),
        environment={
            "DB_HOST": {"from": "PGHOST"},
            "DB_PASSWORD": {"from": "PGPASSWORD"},
            "CALLERS": {"from": "CALLERS_SETTING"},
            "STATEMENT": "CREATE TABLE users (id int)",
        },
    )
    assert runs.sources(runs.run(plan)) == {"users": "db:-", "users.id": "db:-"}


def test_without_a_path_nothing_has_a_source(project: Project, runs: Runs) -> None:
    """What made it is not known, and nothing is made up."""
    command = python(project, MIGRATE.format(how='""'))
    assert runs.sources(runs.run(project.plan(command=command))) == {}


def test_a_command_that_changes_nothing_is_warned_of(
    project: Project, runs: Runs
) -> None:
    """It may have migrated something else."""
    [warning] = runs.run(project.plan(command=["true"])).warnings
    assert warning.startswith("`true` ended without an error, but made and changed no")


def test_exit_status_and_output(
    project: Project, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last lines of both streams, without secrets."""
    monkeypatch.setenv("DEPLOY_TOKEN", "gh-very-secret")
    command = [
        "sh",
        "-c",
        'seq 100; echo "$DEPLOY_TOKEN postgres://a:b1@h/" >&2; exit 7',
    ]
    message = failure(runs, project, command)
    assert "failed with exit status 7." in message
    assert "    … (61 lines before)\n    62\n" in message
    assert "    ******** postgres://a:********@h/" in message
    assert "gh-very-secret" not in message


def test_a_signal_is_named(project: Project, runs: Runs) -> None:
    """A program that was killed has no exit status."""
    assert "was killed by SIGKILL" in failure(runs, project, ["sh", "-c", "kill -9 $$"])


@pytest.mark.parametrize(
    ("command", "mode", "told"),
    [
        ("no-such-program", None, "there is no program no-such-program"),
        ("./migrate.sh", 0o644, "is not executable\n\nMake it executable: chmod +x"),
        ("./migrate.sh", 0o755, "cannot be run: Exec format error"),
    ],
)
def test_what_cannot_be_started(
    project: Project, runs: Runs, command: str, mode: int | None, told: str
) -> None:
    """Which of the three it is, and what to do."""
    if mode is not None:
        project.write("migrate.sh", "echo no first line\n").chmod(mode)
    assert told in failure(runs, project, [command])
