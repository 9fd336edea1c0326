"""Prisma's layout: a folder per migration, with a ``migration.sql`` in it.

The rules are those of Prisma 6 and 7 (``packages/migrate/src/utils/listMigrations.ts``
of prisma, and of prisma-engines ``migrations_directory.rs``,
``apply_migrations.rs``, ``sql_migration_persistence.rs`` and
``flavour/postgres.rs``).
"""

from __future__ import annotations

import os
import pathlib
import re
import unicodedata
import uuid

from pytest_userstate.domain.errors import ConfigurationError, MigrationError
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    ProjectFile,
    label,
    listing,
    read_sql,
    visible,
)
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Plan
from pytest_userstate.outbound.migrations.tools.files import (
    has_script_folder,
    loose_scripts,
)

_SCRIPT = "migration.sql"
_LOCK = "migration_lock.toml"
_TABLE = "_prisma_migrations"
_PROVIDER = "postgresql"
_DATASOURCE = re.compile(r"^\s*datasource\s+\w+\s*\{([^}]*)\}", re.MULTILINE)
_NAMED_PROVIDER = re.compile(r'^\s*provider\s*=\s*"([^"]*)"', re.MULTILINE)
_CONFIGURED = re.compile(r"""\bmigrations\s*:\s*\{[^}]*?\bpath\s*:\s*["']([^"']+)""")
# Prisma sets search_path when it connects, to what its URL calls the schema.
_PREPARE = f"""\
SET search_path TO public;
CREATE TABLE {_TABLE} (
    id varchar(36) PRIMARY KEY NOT NULL,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
)"""
_START = f"""\
INSERT INTO {_TABLE} (id, checksum, started_at, migration_name)
VALUES ($1, '', clock_timestamp(), $2)"""  # noqa: S608 - constant
_FINISH = f"""\
UPDATE {_TABLE} SET applied_steps_count = applied_steps_count + 1,
    finished_at = clock_timestamp() WHERE id = $1"""  # noqa: S608 - constant
_ADVICE = (
    "Prisma opens no transaction, but sends each file as one batch, which the server"
    " makes one transaction: a statement such as CREATE INDEX CONCURRENTLY has to be"
    f" the only one in its {_SCRIPT}."
)
# The order of characters below the digits in the collation of JavaScript's
# localeCompare, for the names that folders have.
_PUNCTUATION = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"


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


class PrismaLayout(LayoutDefaults):
    """The layout of Prisma Migrate."""

    name = "prisma"
    expects = f"a folder per migration, each with a {_SCRIPT} in it, and a {_LOCK}"
    project_files = (
        ProjectFile("prisma.config.ts", _folder_configured_by),
        ProjectFile("schema.prisma", _folder_beside),
        ProjectFile("prisma/schema.prisma", _folder_beside),
    )

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether there is a lock file, or folders such as Drizzle's, too."""
        if (path / _LOCK).exists():
            return Confidence.CERTAIN
        is_one = has_script_folder(path, _SCRIPT)
        return Confidence.POSSIBLE if is_one else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all folders, in the order of JavaScript's localeCompare."""
        del options  # there are none
        _expect_postgresql(path / _LOCK, base)
        folders = [
            entry
            for entry in listing(path, label(path, base))
            if entry.is_dir(follow_symlinks=False)
        ]
        folders.sort(key=lambda entry: collation_key(entry.name))
        return Plan(
            layout=self.name,
            migrations=tuple(_read(entry, base) for entry in folders),
            prepare=_PREPARE,
            bookkeeping_tables=frozenset({_TABLE}),
            advice_on_transactions=_ADVICE,
            warnings=tuple(loose_scripts(visible(path), base, "Prisma")),
        )


def collation_key(name: str) -> tuple[list[int], list[bool], str]:
    """Return a key that sorts names as JavaScript's localeCompare sorts them.

    That is the root collation of Unicode: punctuation before digits before letters,
    whatever their case; among equals without accents first, then lower case. Of
    letters beyond the Latin ones the code points decide.
    """
    letters = [
        letter for letter in unicodedata.normalize("NFD", name) if letter.isprintable()
    ]
    plain = [letter for letter in letters if not unicodedata.combining(letter)]
    weights = [
        _PUNCTUATION.index(letter) - len(_PUNCTUATION)
        if letter in _PUNCTUATION
        else ord(letter.casefold()[0])
        for letter in plain
    ]
    return weights, [letter.isupper() for letter in plain], name


def _read(entry: os.DirEntry[str], base: pathlib.Path) -> Migration:
    """Read one migration; Prisma notes its start and its end outside of it."""
    file = pathlib.Path(entry.path, _SCRIPT)
    path = label(file, base)
    if not file.exists():
        folder = label(entry.path, base)
        message = (
            f"{folder} holds no {_SCRIPT}.\nFor Prisma every folder is a migration, and"
            " it stops at one that cannot be read.\nRestore the file, or remove the"
            " folder."
        )
        raise MigrationError(message, path=folder)
    sql = read_sql(file, path, strips_byte_order_mark=False)
    number = str(uuid.uuid5(uuid.NAMESPACE_URL, entry.name))
    return Migration(
        version=entry.name,
        path=path,
        batches=(Batch(sql=sql, in_transaction=False),),
        before=((_START, (number, entry.name)),),
        after=((_FINISH, (number,)),),
    )


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


LAYOUT = PrismaLayout()
