"""What Prisma's own files say: where the migrations are, and for which database.

The rules are those of ``listMigrations.ts`` of prisma and ``migrations_directory.rs``
of prisma-engines. Its row is in `rules`.
"""

from __future__ import annotations

import pathlib
import re

from pytest_userstate.domain.errors import ConfigurationError, MigrationError
from pytest_userstate.outbound.migrations.layout import ProjectFile, label
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.tools.reader import SqlLayout

_LOCK = "migration_lock.toml"
_PROVIDER = "postgresql"
_DATASOURCE = re.compile(r"^\s*datasource\s+\w+\s*\{([^}]*)\}", re.MULTILINE)
_NAMED_PROVIDER = re.compile(r'^\s*provider\s*=\s*"([^"]*)"', re.MULTILINE)
_CONFIGURED = re.compile(r"""\bmigrations\s*:\s*\{[^}]*?\bpath\s*:\s*["']([^"']+)""")


def _folder_beside(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder ``migrations`` beside the Prisma schema, if there is one."""
    folder = project_file.parent / "migrations"
    if not folder.is_dir():
        return None
    path = label(project_file, base)
    try:
        text = project_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message, file=path) from error
    source = _DATASOURCE.search(text)
    provider = _NAMED_PROVIDER.search(source[1]) if source else None
    if provider is not None and provider[1] not in {_PROVIDER, "postgres"}:
        return None  # of another database
    return folder


def _folder_configured_by(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder that ``prisma.config.ts`` names, if it does so in a literal."""
    del base
    try:
        text = project_file.read_text("utf-8", errors="replace")
    except OSError:
        return None
    match = _CONFIGURED.search(text)
    folder = project_file.parent / match[1] if match else project_file
    return folder if folder.is_dir() else None


class PrismaLayout(SqlLayout):
    """The layout of Prisma Migrate."""

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all folders, if they are for PostgreSQL."""
        _expect_postgresql(path / _LOCK, base)
        return super().load(path, base, options)


def _expect_postgresql(lock: pathlib.Path, base: pathlib.Path) -> None:
    """Refuse migrations that are written for another database.

    Prisma takes the first line that starts with the key, and no file for consent.
    """
    path = label(lock, base)
    try:
        lines = lock.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message, file=path) from error
    numbered = enumerate(lines, 1)
    number, line = next(
        (pair for pair in numbered if pair[1].startswith("provider")), (1, "")
    )
    provider = line.removeprefix("provider = ").strip('"')
    if provider == _PROVIDER:
        return
    found = f"the provider is {provider!r}" if provider else "no provider is named"
    message = (
        f"{path}:{number}: {found}.\nThese migrations can be applied to"
        f' PostgreSQL only where it says: provider = "{_PROVIDER}".'
    )
    raise MigrationError(message, path=path, line=number)


PRISMA_FILES = (
    ProjectFile("prisma.config.ts", _folder_configured_by),
    ProjectFile("schema.prisma", _folder_beside),
    ProjectFile("prisma/schema.prisma", _folder_beside),
)
