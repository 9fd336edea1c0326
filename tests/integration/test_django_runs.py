"""The real Django, run against a real server."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.programs import DjangoProject, Runs, unwrapped
from tests.helpers.servers import one_version

PERSON = """\
migrations.CreateModel(
    "Person",
    [("id", models.AutoField(primary_key=True)), ("name", models.TextField())],
    {"db_table": "users"},
),
"""

pytestmark = one_version()


@pytest.fixture
def project(tmp_path: pathlib.Path) -> DjangoProject:
    """Make an empty project."""
    return DjangoProject(tmp_path)


def test_each_fact_has_its_operation(project: DjangoProject, runs: Runs) -> None:
    """Of SQL and of code as well; the settings' host is never looked up."""
    project.migrate(
        PERSON,
        """
        migrations.RenameField("person", "name", "display_name"),
        migrations.RunSQL("CREATE TABLE by_sql (id int)"),
        migrations.RunPython(by_code),
        """,
        'migrations.RunSQL("DROP TABLE by_sql"),',
        extra="""
        def by_code(apps, editor):
            editor.execute("CREATE TABLE by_code (id int)")


        """,
    )
    migrated = runs.run(project.plan())
    assert runs.sources(migrated) == {
        "users": "people/migrations/0001_m.py:12",
        "users.id": "people/migrations/0001_m.py:12",
        "users.display_name": "people/migrations/0001_m.py:12",
        "by_code": "people/migrations/0002_m.py:5",
        "by_code.id": "people/migrations/0002_m.py:5",
    }
    [column] = [each for each in migrated.history.dropped if each.table == "by_sql"][:1]
    assert column.source is not None
    assert (column.source.path, column.source.line) == (
        *("people/migrations/0003_m.py", 12),
    )
    assert migrated.applied == 3
    assert migrated.bookkeeping_tables == {"django_migrations"}


def test_apps_of_others_are_named_by_module(project: DjangoProject, runs: Runs) -> None:
    """Their tables are no bookkeeping, and no path of this machine is told."""
    project.migrate(PERSON, apps='"django.contrib.contenttypes",')
    migrated = runs.run(project.plan())
    source = runs.sources(migrated)["django_content_type"]
    assert source.startswith("django/contrib/contenttypes/migrations/0001_initial.py")
    assert migrated.applied == 3
    assert "django_content_type" not in migrated.bookkeeping_tables


def test_options_of_the_connection_are_kept(project: DjangoProject, runs: Runs) -> None:
    """All that do not say where and as whom to connect."""
    runs.superuser.execute("CREATE SCHEMA own AUTHORIZATION userstate")
    options = '"OPTIONS": {"options": "-c search_path=own", "sslmode": "verify-full"},'
    migrated = runs.run(project.migrate(PERSON, more=options).plan())
    assert ("own", "users", "column", "name") in migrated.history.created


@pytest.mark.parametrize("failing", ["CREATE TABL x ()", "CREATE EXTENSION file_fdw"])
def test_a_failure_names_the_operation(
    project: DjangoProject, runs: Runs, failing: str
) -> None:
    """File, line, what PostgreSQL said, and the end of the output."""
    project.migrate(PERSON, f'migrations.RunSQL("{failing}"),')
    error = runs.failure(project.plan())
    assert (error.path, error.line) == ("people/migrations/0002_m.py", 7)
    message = str(error)
    assert "failed with exit status 1" in message
    assert "Applying people.0001_m... OK" in message
    assert ("[postgres] setup" in message) == ("EXTENSION" in failing)


def test_a_model_that_is_not_there_has_its_line_too(
    project: DjangoProject, runs: Runs
) -> None:
    """Django finds that out before it executes anything."""
    project.migrate(PERSON, 'migrations.RenameField("person", "nam", "x"),')
    message = unwrapped(runs.failure(project.plan()))
    assert message.startswith("people/migrations/0002_m.py:7: FieldDoesNotExist")


def test_settings_that_need_a_variable(project: DjangoProject, runs: Runs) -> None:
    """It gets values, and a warning says which; a wrong one is in the message."""
    settings = project.migrate(PERSON).path / "site_settings.py"
    settings.write_text(
        f"import os\nfrom os import environ\n{settings.read_text()}"
        'NEEDED = os.environ["NEEDED"]\nDB = environ["DB_HOST"]\n'
    )
    right = settings.read_text()
    settings.write_text(f'{right}assert NEEDED == "right"\n')
    message = str(runs.failure(project.plan()))
    assert "AssertionError" in message
    assert '\n  [migrations.environment]\n  NEEDED = "for-the-audit"\n' in message
    settings.write_text(right)
    [warning] = runs.run(project.plan()).warnings
    environment = '{ NEEDED = "for-the-audit", DB_HOST = { from = "PGHOST" } }'
    assert warning.endswith(f"userstate.toml: migrations.environment = {environment}")


def test_another_kind_of_database_is_not_connected_to(
    project: DjangoProject, runs: Runs
) -> None:
    """SQLite would be migrated happily, and its file made."""
    settings = project.migrate(PERSON).path / "site_settings.py"
    settings.write_text(settings.read_text().replace("postgresql", "sqlite3"))
    message = unwrapped(runs.failure(project.plan()))
    assert "was stopped: the database 'default' of the settings is" in message
    assert not (project.path / "production").exists()


def test_another_database_is_not_connected_to(
    project: DjangoProject, runs: Runs
) -> None:
    """Code that reaches for a second one is stopped; a copy of the first is led."""
    reach = """
    from django.db import connections

    def reach(apps, editor):
        connections["other"].ensure_connection()

    """
    project.migrate(PERSON, "migrations.RunPython(reach),", extra=reach)
    settings = project.path / "site_settings.py"
    text = settings.read_text()
    other = (
        '\nDATABASES["other"] = {**DATABASES["default"], "HOST": "replica.invalid"}\n'
    )
    settings.write_text(f"{text}{other}")
    assert runs.run(project.plan()).applied == 2
    runs.superuser.execute("DROP TABLE users, django_migrations")
    settings.write_text(f'{text}{other}DATABASES["other"]["NAME"] = "analytics"\n')
    message = unwrapped(runs.failure(project.plan()))
    assert "the database 'other' of the settings is not the default one" in message


def test_a_python_without_psycopg(project: DjangoProject, runs: Runs) -> None:
    """Django is there, but nothing to connect with."""
    project.migrate(PERSON)
    for module in ("psycopg", "psycopg2"):
        project.write(f"{module}.py", "raise ImportError('not here')\n")
    message = unwrapped(runs.failure(project.plan()))
    assert "Django cannot connect to PostgreSQL: psycopg is not installed" in message
    assert "Install psycopg[binary] there, or name" in message
