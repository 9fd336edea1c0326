"""Django: ``manage.py migrate``, run by itself, in the repository's own Python."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import posixpath
import re

from pytest_userstate.domain.drafts import DraftFile
from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.outbound.migrations.layout import (
    ENVIRONMENT,
    NO_OPTIONS,
    Confidence,
    LayoutDefaults,
    Option,
    OptionKind,
    Options,
    ProjectFile,
    label,
    text_of,
    upward,
    visible,
)
from pytest_userstate.outbound.migrations.next_files import NewMigration, next_path
from pytest_userstate.outbound.migrations.programs.plan import (
    Program,
    ProgramFile,
    ProgramPlan,
    environment_of,
    interpreter,
    read_program_file,
)

_MANAGE = "manage.py"
_ARGUMENTS = ("migrate", "--noinput")
_MIGRATION = re.compile(r"\d{4}_\w+\.py")
_MIGRATION_FILE = '''from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("{app}", "{last}")]
    operations = [
        migrations.RunSQL(
            """
{up}            """,
            reverse_sql="""
{down}            """,
        )
    ]
'''
_NEVER_IN = frozenset({"node_modules", "site-packages", "venv", "env", "__pycache__"})


def _folder_of(file: pathlib.Path, base: pathlib.Path) -> pathlib.Path | None:
    """Return the folder of a ``manage.py``, if it is Django's."""
    del base  # nothing can be wrong with it yet
    return file.parent if _is_of_django(file) else None


class DjangoLayout(LayoutDefaults):
    """Migrations of Django's apps, applied by ``manage.py migrate``."""

    name = "django"
    expects = "Django's manage.py"
    project_files = (ProjectFile(_MANAGE, _folder_of),)
    options = (Option("python", OptionKind.TEXT), ENVIRONMENT)

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the migration that follows the last one of the table's app."""
        folder = posixpath.dirname(new.beside)
        if posixpath.basename(folder) != "migrations":
            message = "it is not known which app's migration made the table"
            raise UntriableError(message)
        files = [
            file.path
            for file in getattr(new.plan, "others", ())
            if posixpath.dirname(file.path) == folder
        ]
        last = posixpath.basename(files[-1]).removesuffix(".py")
        text = _MIGRATION_FILE.format(
            app=posixpath.basename(posixpath.dirname(folder)),
            last=last,
            up=new.up,
            down=new.down,
        )
        return (DraftFile(path=next_path(files[-1], new.name), text=text),)

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether there is a ``manage.py``, or an app's migrations."""
        if _is_of_django(path / _MANAGE):
            return Confidence.CERTAIN
        is_app = any(
            _MIGRATION.fullmatch(entry.name) and "django" in text_of(entry.path)
            for entry in visible(path)
        )
        return Confidence.CERTAIN if is_app else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> ProgramPlan:
        """Find the migrations of the repository's apps; Django finds all."""
        folder = _folder_of_manage(path, base)
        python = interpreter(
            self.name, configured=options.text("python"), folder=folder, base=base
        )
        command = " ".join((_MANAGE, *_ARGUMENTS))
        return ProgramPlan(
            layout=self.name,
            program=Program(
                arguments=_ARGUMENTS,
                command=f"{python.command} {command}",
                folder=folder,
                watched="django",
                python=python,
                environment=environment_of(options),
            ),
            base=base,
            project_file=label(folder / _MANAGE, base),
            others=tuple(_files(folder, base)),
            origin=label(folder / _MANAGE, base),
            bookkeeping_tables=frozenset({"django_migrations"}),
        )


def _folder_of_manage(path: pathlib.Path, base: pathlib.Path) -> pathlib.Path:
    """Return the folder of ``manage.py``: the one given, or one above it."""
    for folder in upward(path, base):
        if _is_of_django(folder / _MANAGE):
            return folder
    message = (
        f"{label(path, base)} is of Django, but there is no {_MANAGE} in it or above"
        f" it.\nName the folder that holds {_MANAGE}; or, where another program"
        " migrates, that one:\n"
        'migrations = { command = ["…", "migrate", "--noinput"], path = "…" }.'
    )
    raise TargetNotFoundError(message)


def _is_of_django(file: pathlib.Path) -> bool:
    return "django" in text_of(file)


def _files(folder: pathlib.Path, base: pathlib.Path) -> cabc.Iterator[ProgramFile]:
    """Yield the modules of every app's ``migrations``, in the order of their paths."""
    for step, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _NEVER_IN
        )
        if pathlib.PurePath(step).name != "migrations" or "__init__.py" not in names:
            continue
        for name in sorted(names):
            if name.endswith(".py") and name != "__init__.py":
                yield read_program_file(pathlib.Path(step, name), base)


LAYOUT = DjangoLayout()
