"""The real Alembic, run against a real server."""

from __future__ import annotations

import pathlib
import sys

import pytest

from pytest_userstate.domain.errors import DefectError, MigrationError
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.migrations.programs import runner as programs_runner
from tests.helpers.programs import ENV, AlembicProject, Runs, unwrapped
from tests.helpers.servers import one_version

USERS = (
    'op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))'
)
# Without site-packages there is neither Alembic nor SQLAlchemy.
BARE_PYTHON = f'#!/bin/sh\nexec {sys.executable} -S "$@"\n'
HARD_CODED = ENV.replace(
    'engine_from_config(context.config.get_section("alembic"))',
    'create_engine("postgresql+psycopg://me:hunter2@db.example.invalid/production")',
).replace("engine_from_config", "create_engine")

pytestmark = one_version()


@pytest.fixture
def project(tmp_path: pathlib.Path) -> AlembicProject:
    """Make an empty project."""
    return AlembicProject(tmp_path)


def test_each_fact_has_its_revision_and_line(
    project: AlembicProject, runs: Runs
) -> None:
    """In one transaction for all, which is Alembic's default; helpers count."""
    project.revise(
        USERS,
        """
        op.alter_column("users", "name", new_column_name="display_name")
        for column in ("a", "b"):
            op.add_column("users", sa.Column(column, sa.Integer))
        """,
        'op.execute("CREATE TABLE notes (id int); CREATE TABLE drafts (id int)")',
        'op.drop_column("users", "a")\nop.drop_table("drafts")',
    )
    migrated = runs.run(project.plan())
    assert runs.sources(migrated) == {
        "users": "db/versions/r1.py:9",
        "users.id": "db/versions/r1.py:9",
        "users.display_name": "db/versions/r1.py:9",
        "users.b": "db/versions/r2.py:11",
        "notes": "db/versions/r3.py:9",
        "notes.id": "db/versions/r3.py:9",
    }
    renamed = migrated.history.changed["public", "users", "column", "display_name"]
    assert renamed == Source("db/versions/r2.py", 9)
    dropped = {
        (each.table, each.column): each.source for each in migrated.history.dropped
    }
    assert {key: (s.path, s.line) for key, s in dropped.items() if s} == {
        ("users", "name"): ("db/versions/r2.py", 9),
        ("users", "a"): ("db/versions/r4.py", 9),
        ("drafts", ""): ("db/versions/r4.py", 10),
        ("drafts", "id"): ("db/versions/r4.py", 10),
    }
    assert migrated.applied == 4
    assert migrated.bookkeeping_tables == {"alembic_version"}


@pytest.mark.parametrize("each", [False, True])
def test_what_leaves_the_transaction_is_seen(
    project: AlembicProject,
    runs: Runs,
    each: bool,  # noqa: FBT001 - a parameter
) -> None:
    """An autocommit block, a COMMIT, a second connection: locks do not tell."""
    env = ENV.replace(
        "connection=connection",
        f"connection=connection, transaction_per_migration={each}",
    )
    project.revise(
        USERS,
        """
        op.create_table("before", sa.Column("id", sa.Integer))
        with op.get_context().autocommit_block():
            op.create_index("by_name", "users", ["name"], postgresql_concurrently=True)
            op.create_table("within", sa.Column("id", sa.Integer))
        """,
        """
        op.create_table("committed", sa.Column("id", sa.Integer))
        op.execute("COMMIT")
        op.execute("BEGIN")
        """,
        """
        with op.get_bind().engine.begin() as other:
            other.execute(sa.text("CREATE TABLE elsewhere (id int)"))
        """,
        env=env,
    )
    found = runs.sources(runs.run(project.plan()))
    assert found["before"] == "db/versions/r2.py:9"
    assert found["within"] == "db/versions/r2.py:12"
    assert found["committed"] == "db/versions/r3.py:9"
    assert found["elsewhere"] == "db/versions/r4.py:10"


def test_what_passes_sqlalchemy_by_has_a_file_but_no_line(
    project: AlembicProject, runs: Runs
) -> None:
    """One statement that is known is not taken for one that is not."""
    project.revise(
        """
        op.execute("SET LOCAL work_mem = '4MB'")
        cursor = op.get_bind().connection.cursor()
        cursor.execute("CREATE TABLE raw (id int)")
        """
    )
    assert runs.sources(runs.run(project.plan()))["raw"] == "db/versions/r1.py:-"


def test_what_was_there_comes_from_the_setup_file(
    project: AlembicProject, runs: Runs
) -> None:
    """And Alembic's own table from nowhere."""
    runs.superuser.execute("CREATE TABLE roles (id int)")
    project.revise(USERS)
    found = runs.sources(runs.run(project.plan(), setup="tests/setup.sql"))
    assert found["roles"] == "tests/setup.sql:-"
    assert not [name for name in found if name.startswith("alembic_version")]


def test_a_version_table_of_another_name_is_bookkeeping(
    project: AlembicProject, runs: Runs
) -> None:
    """As env.py configures it, in a schema of its own."""
    runs.superuser.execute("CREATE SCHEMA books AUTHORIZATION userstate")
    options = (
        'connection=connection, version_table="kept", version_table_schema="books"'
    )
    project.revise(USERS, env=ENV.replace("connection=connection", options))
    assert "kept" in runs.run(project.plan()).bookkeeping_tables


def test_a_hard_coded_url_is_led_to_the_audit(
    project: AlembicProject, runs: Runs
) -> None:
    """Nobody looks the host up, and connection options are kept."""
    env = HARD_CODED.replace(
        '/production"', '/production", connect_args={"options": "-c search_path=own"}'
    )
    runs.superuser.execute("CREATE SCHEMA own AUTHORIZATION userstate")
    project.revise(USERS, env=env)
    migrated = runs.run(project.plan())
    assert ("own", "users", "column", "name") in migrated.history.created


def test_another_kind_of_database_is_not_connected_to(
    project: AlembicProject, runs: Runs
) -> None:
    """Its file is not even made."""
    env = HARD_CODED.replace(
        "postgresql+psycopg://me:hunter2@db.example.invalid/production",
        "sqlite:///x.db",
    )
    message = unwrapped(runs.failure(project.revise(USERS, env=env).plan()))
    assert (
        "was stopped: env.py connects to a database of sqlite, not of PostgreSQL"
        in message
    )
    assert "DATABASE_URL" in message
    assert not (project.path / "x.db").exists()


def test_a_second_database_is_not_connected_to(
    project: AlembicProject, runs: Runs
) -> None:
    """One of two would be migrated into the other; no password is repeated."""
    env = (
        HARD_CODED + HARD_CODED.replace("/production", "/analytics").partition("\n")[2]
    )
    message = unwrapped(runs.failure(project.revise(USERS, env=env).plan()))
    assert "more than one database" in message
    assert "analytics on db.example.invalid:5432 and production on" in message
    assert "hunter2" not in message


def test_a_failure_names_the_line_and_shows_the_output(
    project: AlembicProject, runs: Runs
) -> None:
    """What PostgreSQL said comes first, then what to do about it is known."""
    project.revise(USERS, 'print("working")\nop.execute("CREATE EXTENSION file_fdw")')
    error = runs.failure(project.plan())
    assert (error.path, error.line, error.applied) == ("db/versions/r2.py", 10, 1)
    message = str(error)
    assert message.startswith("db/versions/r2.py:10: permission denied to")
    for words in (
        *("SQLSTATE: 42501", "failed with exit status 1", "1 migration had been run"),
        *("    working\n", "[postgres] setup is SQL that"),
    ):
        assert words in message
    assert "site-packages" not in message
    assert str(project.path) not in message


def test_an_exception_in_a_revision_is_told(
    project: AlembicProject, runs: Runs
) -> None:
    """Not only what PostgreSQL refuses can go wrong."""
    project.revise('raise RuntimeError("no such luck")')
    message = unwrapped(runs.failure(project.plan()))
    assert message.startswith("db/versions/r1.py:9: RuntimeError: no such luck")


def test_what_is_not_committed_is_no_success(
    project: AlembicProject, runs: Runs
) -> None:
    """SQLAlchemy 2.0 does not commit by itself; Alembic ends well all the same."""
    env = ENV.replace("with context.begin_transaction():", "if True:")
    message = unwrapped(runs.failure(project.revise(USERS, env=env).plan()))
    assert "ended without an error, but the audit's database is not at r1" in message
    assert "with context.begin_transaction():" in message


def test_an_env_that_migrates_nothing_is_no_success(
    project: AlembicProject, runs: Runs
) -> None:
    """It may never have called Alembic."""
    message = unwrapped(runs.failure(project.revise(USERS, env="# alembic\n").plan()))
    assert "ended without an error, but it ran no migrations" in message


def test_two_heads(project: AlembicProject, runs: Runs) -> None:
    """An error that says what to do; asked for, both are applied."""
    project.revise(USERS, 'op.execute("CREATE TABLE a (id int)")')
    project.write(
        "db/versions/other.py",
        'revision = "other"\ndown_revision = "r1"\n\n\ndef upgrade():\n    pass\n',
    )
    message = unwrapped(runs.failure(project.plan()))
    assert "Multiple head revisions" in message
    assert "alembic merge heads" in message
    assert 'target = "heads"' in message
    assert runs.run(project.plan(target="heads", layout="alembic")).applied == 3


def test_a_head_that_another_depends_on_is_no_row_of_the_version_table(
    project: AlembicProject, runs: Runs
) -> None:
    """Alembic keeps only the heads that no other revision depends on."""
    project.revise(USERS)
    project.write(
        "db/versions/other.py",
        'revision = "other"\ndown_revision = None\ndepends_on = "r1"\n'
        "\n\ndef upgrade():\n    pass\n",
    )
    assert runs.run(project.plan(target="heads", layout="alembic")).applied == 2


def test_pyproject_is_enough(project: AlembicProject, runs: Runs) -> None:
    """Since Alembic 1.16 there need not be an alembic.ini."""
    engine = 'create_engine("postgresql+psycopg://app@localhost/app")'
    env = ENV.replace(
        'engine_from_config(context.config.get_section("alembic"))', engine
    ).replace("import engine_from_config", "import create_engine")
    project.revise(USERS, env=env)
    (project.path / "alembic.ini").unlink()
    project.write("pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s/db"\n')
    assert runs.run(project.plan()).applied == 1


def test_an_error_of_the_watcher_is_a_defect_of_the_plugin(
    project: AlembicProject, runs: Runs
) -> None:
    """An Alembic that is not as expected is not the repository's fault."""
    env = f"context_class = 0\n{ENV}".replace(
        "context.configure(",
        "context._proxy.context_opts['fn'] = lambda *_: [None]\n    context.configure(",
    )
    project.revise(USERS, env=env)
    with pytest.raises(DefectError) as caught:
        runs.run(project.plan())
    message = unwrapped(caught.value)
    assert "pytest-userstate has a defect: what watches alembic failed" in message
    assert "'NoneType' object has no attribute 'info'" in message
    assert "Nothing here says that the repository is at fault" in message


def test_a_revision_that_is_late_is_named(
    project: AlembicProject, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where all before it was quick."""
    is_late = project.path / "late"
    project.revise(f"import time\nopen({str(is_late)!r}, 'w')\ntime.sleep(300)")

    class Clock(programs_runner.Clock):
        is_up = property(lambda _: is_late.exists())

    monkeypatch.setattr(programs_runner, "Clock", Clock)
    with pytest.raises(MigrationError) as caught:
        runs.run(project.plan(), timeout=90)
    message = unwrapped(caught.value)
    assert message.startswith("db/versions/r1.py: timeout: not done after 90 seconds")
    assert "migration_timeout" in message


def test_a_program_has_more_time_to_start(project: AlembicProject, runs: Runs) -> None:
    """What it imports first is no migration."""
    project.revise(USERS, env=f"import time\ntime.sleep(1.5)\n{ENV}")
    assert runs.run(project.plan(), timeout=1).applied == 1


def test_a_python_without_alembic(project: AlembicProject, runs: Runs) -> None:
    """Which Python it was, what is missing, and how to name another one."""
    python = project.revise(USERS).write("bin/python", BARE_PYTHON)
    python.chmod(0o755)
    message = unwrapped(
        runs.failure(project.plan(python="bin/python", layout="alembic"))
    )
    assert "alembic cannot be imported by the Python that was to run it" in message
    assert "python bin/python found No module named" in message
    assert 'python = ".venv/bin/python" }' in message


def test_a_module_that_only_another_python_has(
    project: AlembicProject, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is there is suggested."""
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    project.revise(USERS, env=f"import no_such_module\n{ENV}")
    project.write("venv/bin/python", "#!/bin/sh\n")
    project.write("venv/lib/python3.9/site-packages/alembic/__init__.py", "")
    message = unwrapped(runs.failure(project.plan()))
    assert "ModuleNotFoundError: No module named 'no_such_module'" in message
    assert "It was run with the Python that runs pytest. If the module" in message
    assert 'python = "venv/bin/python" }' in message


def test_the_python_that_was_used_is_not_suggested(
    project: AlembicProject, runs: Runs
) -> None:
    """A module that it does not have is one of the repository's own, perhaps."""
    project.revise(USERS, env=f"import no_such_module\n{ENV}")
    python = project.path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    plan = project.plan(python=".venv/bin/python", layout="alembic")
    message = unwrapped(runs.failure(plan))
    assert "It was run with .venv/bin/python. Install the module there" in message
    assert "python = " not in message
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    message = unwrapped(runs.failure(plan))
    assert message.endswith("Install it there.")


def test_constraints_indexes_and_changes_have_their_lines(
    project: AlembicProject, runs: Runs
) -> None:
    """In one transaction for all: the locks of earlier revisions are still held."""
    project.revise(
        'op.execute("CREATE DOMAIN email AS text")\n'
        'op.execute("CREATE TABLE users (id int, mail email)")',
        'op.create_primary_key("users_pk", "users", ["id"])\n'
        'op.create_index("users_by_mail", "users", ["mail"])',
        'op.alter_column("users", "id", type_=sa.BigInteger)',
        'op.execute("ALTER DOMAIN email SET NOT NULL")',
        'op.drop_index("users_by_mail")',
    )
    history = runs.run(project.plan()).history
    created, changed = history.created, history.changed
    key = ("public", "users")
    assert created[*key, "constraint", "users_pk"] == Source("db/versions/r2.py", 9)
    assert changed[*key, "column", "id"] == Source("db/versions/r3.py", 9)
    assert changed[*key, "column", "mail"].path == "db/versions/r4.py"
    [index] = [each for each in history.dropped if each.index == "users_by_mail"]
    assert index.source == Source("db/versions/r5.py", 9)


FLASK_ENV = """\
from alembic import context
from flask import current_app

engine = current_app.extensions["migrate"].db.engine
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
SHOP = """\
import os
import flask
import flask_migrate
import flask_sqlalchemy

def create_app():
    app = flask.Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg://me@db.invalid/x"
    flask_migrate.Migrate(app, flask_sqlalchemy.SQLAlchemy(app))
    return app
"""


def test_flask_migrate_is_run_by_flask(
    project: AlembicProject, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its alembic.ini names no folder, and the application is found by what it says."""
    monkeypatch.delenv("FLASK_APP", raising=False)
    project.revise(USERS, env=FLASK_ENV)
    (project.path / "alembic.ini").unlink()
    project.write("db/alembic.ini", "[alembic]\n")
    project.write("shop/__init__.py", SHOP)
    plan = project.plan()
    assert plan.program.command == "python -m flask db upgrade -d db head"
    assert plan.program.environment == {"FLASK_APP": "shop"}
    migrated = runs.run(plan)
    assert migrated.applied == 1
    assert runs.sources(migrated)["users.id"].startswith("db/versions/r1.py:")


def test_a_location_relative_to_the_working_directory(
    project: AlembicProject, runs: Runs
) -> None:
    """As for `alembic -c api/alembic.ini`; further locations are relative as well."""
    project.revise(USERS)
    (project.path / "alembic.ini").unlink()
    project.write(
        "api/alembic.ini",
        "[alembic]\nscript_location = db\npath_separator = os\n"
        "version_locations = db/versions:api/more\n",
    )
    project.write(
        "api/more/m.py",
        'from alembic import op\nrevision = "m"\ndown_revision = None\n'
        'depends_on = "r1"\n\ndef upgrade():\n    op.execute("CREATE TABLE more ()")\n',
    )
    plan = project.plan("api", target="heads")
    assert plan.program.arguments == ("-c", "api/alembic.ini", "upgrade", "heads")
    migrated = runs.run(plan)
    assert migrated.applied == 2
    assert runs.sources(migrated)["more"] == "api/more/m.py:7"
