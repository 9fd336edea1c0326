"""Small projects of Alembic and Django, and what it takes to run them."""

from __future__ import annotations

import pathlib
import textwrap
import typing as typ

import attrs
import psycopg
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.finding.discovery import LayoutChoice, locate
from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan
from pytest_userstate.outbound.migrations.programs.runner import ProgramRunner
from pytest_userstate.outbound.migrations.running.runner import Migrated
from pytest_userstate.outbound.postgres.server import OWNER, EmbeddedServer

ENV = """\
from alembic import context
from sqlalchemy import engine_from_config

engine = engine_from_config(context.config.get_section("alembic"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
MANAGE = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
execute_from_command_line(sys.argv)
"""
SETTINGS = """\
SECRET_KEY = "of no use"
USE_TZ = True
INSTALLED_APPS = [{apps}]
DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "production",
        "USER": "somebody",
        "PASSWORD": "hunter2",
        "HOST": "db.example.invalid",
        {more}
    }},
}}
"""


@attrs.frozen
class Project:
    """A repository whose migrations a program applies."""

    path: pathlib.Path

    def write(self, name: str, text: str) -> pathlib.Path:
        """Write a file, its text dedented."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    def plan(self, path: str | None = None, **options: typ.Any) -> ProgramPlan:
        """Find the migrations as an audit does."""
        target = locate(
            root=self.path,
            base=self.path,
            path=None if path is None else str(self.path / path),
            path_given_by="`migrations` in userstate.toml",
            choice=LayoutChoice(layout=options.pop("layout", None), options=options),
        )
        assert isinstance(target.plan, ProgramPlan)
        return target.plan


class AlembicProject(Project):
    """A project with revisions one after the other."""

    def revise(self, *bodies: str, env: str = ENV) -> AlembicProject:
        """Write a revision for each body of an ``upgrade()``: r1.py, r2.py, …."""
        self.write("alembic.ini", "[alembic]\nscript_location = %(here)s/db\n")
        self.write("db/env.py", env)
        for number, body in enumerate(bodies, 1):
            before = f'"r{number - 1}"' if number > 1 else "None"
            lines = textwrap.indent(textwrap.dedent(body).strip(), "    ")
            self.write(
                f"db/versions/r{number}.py",
                "import sqlalchemy as sa\nfrom alembic import op\n\n"
                f'revision = "r{number}"'
                f"\ndown_revision = {before}\n\n\ndef upgrade():\n{lines}\n",
            )
        return self


class DjangoProject(Project):
    """A project with one app, `people`."""

    def migrate(
        self, *operations: str, apps: str = "", more: str = "", extra: str = ""
    ) -> DjangoProject:
        """Write a migration for each list of operations: 0001_m.py, …."""
        self.write("manage.py", MANAGE)
        self.write(
            "site_settings.py", SETTINGS.format(apps=f'{apps} "people"', more=more)
        )
        self.write("people/__init__.py", "")
        self.write("people/migrations/__init__.py", "")
        for number, body in enumerate(operations, 1):
            before = f'("people", "000{number - 1}_m")' if number > 1 else ""
            lines = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
            self.write(
                f"people/migrations/000{number}_m.py",
                "from django.db import migrations, models\n\n"
                f"{textwrap.dedent(extra)}\n"
                "class Migration(migrations.Migration):\n"
                f"    dependencies = [{before}]\n"
                f"    operations = [\n{lines}\n    ]\n",
            )
        return self


def unwrapped(error: Exception) -> str:
    """Return a message as one line, wherever it was broken."""
    return " ".join(str(error).split())


@attrs.frozen
class Runs:
    """Runs plans against one database."""

    server: EmbeddedServer
    superuser: psycopg.Connection

    def run(
        self, plan: ProgramPlan, *, timeout: float = 60, setup: str = ""
    ) -> Migrated:
        """Run a plan to its end."""
        database = self.superuser.info.dbname
        with self.server.program_access(OWNER, database) as address:
            runner = ProgramRunner(self.superuser, address, timeout=timeout)
            return runner.run(plan, setup=setup)

    def failure(self, plan: ProgramPlan) -> MigrationError:
        """Run a plan, and expect it to fail."""
        with pytest.raises(MigrationError) as caught:
            self.run(plan)
        return caught.value

    def sources(self, migrated: Migrated) -> dict[str, str]:
        """Return where tables and columns come from, as `path:line`, by name."""
        return {
            ".".join(filter(None, (table, name))): f"{source.path}:{source.line or '-'}"
            for (_, table, kind, name), source in migrated.history.created.items()
            if kind in {"relation", "column"}
        }
