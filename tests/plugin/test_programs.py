"""Whole runs in repositories whose migrations are a program's business."""

from __future__ import annotations

import sys

from tests.helpers import servers
from tests.helpers.backends import CREDENTIALS, PREFERENCES, USERS, Backend
from tests.helpers.programs import DjangoProject

PERSON = 'migrations.RunSQL("CREATE TABLE users (id uuid, display_name text)"),'


def test_a_django_project_without_configuration(backend: Backend) -> None:
    """The checks stand under manage.py, which nobody imports for that."""
    project = DjangoProject(backend.path)
    project.migrate(PERSON, apps='"django.contrib.contenttypes",')
    run = backend.run("-k", "users.schema")
    assert run.status == 0, run.output
    assert "userstate: ., django layout (found by manage.py; runs python" in run.output
    assert "manage.py::users.schema" in backend.run("--collect-only", "-q").output
    assert run.report is not None
    assert run.report["target"]["applied"] == 3
    assert {
        fact["source"]["path"] for fact in run.check("users.schema")["evidence"]
    } == {"people/migrations/0001_m.py"}


def test_a_command_in_place_of_a_tool(backend: Backend) -> None:
    """It is named in the header; what is not known is warned of, and null."""
    backend.write("db/schema.sql", f"{USERS}\n{CREDENTIALS}\n{PREFERENCES}\n")
    backend.write(
        "migrate.py",
        """
        import os
        import psycopg

        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute(open("db/schema.sql").read())
        """,
    )
    backend.configure(
        f'migrations = {{ command = ["{sys.executable}", "migrate.py"], path = "db" }}'
    )
    run = backend.run()
    assert run.status == 0, run.output
    assert "userstate: db, command layout (`migrations` in userstate.toml; runs" in (
        run.output
    )
    assert run.report is not None
    assert run.report["target"]["applied"] is None
    assert "a command of the repository's own" in run.report["warnings"][0]


def test_a_command_that_fails_shows_its_output(backend: Backend) -> None:
    """In the terminal and in the report, which tells it from a finding."""
    backend.configure(
        'migrations = { command = ["sh", "-c", "echo no luck >&2; exit 3"] }'
    )
    run = backend.run()
    assert run.status == 1
    assert run.report is not None
    assert run.report["error"]["kind"] == "tool"
    for text in (run.output, run.report["error"]["message"]):
        assert "failed with exit status 3." in text
        assert "    no luck\n" in text


def test_no_process_of_a_command_is_left(backend: Backend) -> None:
    """Not even one that it started and forgot."""
    backend.configure(
        'migrations = { command = ["sh", "-c", "sleep 4711 & touch begun"] }'
    )
    assert backend.run().status == 1
    assert (backend.path / "begun").exists()
    servers.wait_for(lambda: not servers.processes_of(backend.path))
