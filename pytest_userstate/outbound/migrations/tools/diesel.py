"""Diesel's layout: a folder per migration, with an ``up.sql`` in it.

The rules are those of Diesel 2 (``migrations_internals/src/lib.rs``,
``file_based_migrations.rs``, ``migration_harness.rs`` and
``diesel/src/migration/mod.rs``), its surprises included.
"""

from __future__ import annotations

import itertools
import os
import pathlib
import re
import tomllib

from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
)
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
from pytest_userstate.outbound.migrations.tools.files import loose_scripts

_UP = "up.sql"
_HASURAS = re.compile(r"[0-9]{13}(?:_.*)?")
_TABLE = "__diesel_schema_migrations"
# Diesel sets the first two when it connects, and creates the table if need be.
_PREPARE = f"""\
SET TIME ZONE 'UTC';
SET client_encoding TO 'UTF8';
CREATE TABLE IF NOT EXISTS {_TABLE} (
    version varchar(50) PRIMARY KEY NOT NULL,
    run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
)"""
_RECORD = f'INSERT INTO "{_TABLE}" ("version") VALUES ($1)'  # noqa: S608 - constant
_ADVICE = (
    "In Diesel's layout a migration runs outside of a transaction when its folder"
    " holds a metadata.toml with the line: run_in_transaction = false. A statement"
    " such as CREATE INDEX CONCURRENTLY must then also be the only one in its up.sql."
)


def _folder_named_by(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder that ``diesel.toml`` names, or ``migrations`` beside it."""
    path = label(project_file, base)
    named = _named_folder(project_file, path)
    folder = project_file.parent / (named or "migrations")
    if folder.is_dir():
        return folder
    if named is None:
        return None
    message = (
        f"{path} says that the migrations are in {named}, but there is no such\n"
        "folder beside it. Correct `dir` under [migrations_directory] there."
    )
    raise TargetNotFoundError(message)


def _named_folder(project_file: pathlib.Path, path: str) -> str | None:
    """Return what ``[migrations_directory] dir`` says, if it says anything."""
    try:
        settings = tomllib.loads(project_file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message, file=path) from error
    section = settings.get("migrations_directory", {})
    named = section.get("dir") if isinstance(section, dict) else section
    if named is None or isinstance(named, str):
        return named
    message = f"{path}: [migrations_directory] dir has to be a string, not {named!r}."
    raise ConfigurationError(message, file=path, key="migrations_directory.dir")


class DieselLayout(LayoutDefaults):
    """The layout of Diesel's command line tool and of ``diesel_migrations``."""

    name = "diesel"
    expects = "a folder per migration, each with an up.sql in it"
    project_files = (ProjectFile("diesel.toml", _folder_named_by),)

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge by folders with an ``up.sql``, unless all are named as Hasura's."""
        names = [
            entry.name
            for entry in visible(path)
            if entry.is_dir() and pathlib.Path(entry.path, _UP).exists()
        ]
        if not names:
            return Confidence.NONE
        if all(map(_HASURAS.fullmatch, names)):
            return Confidence.POSSIBLE
        return Confidence.CERTAIN

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all migrations, sorted by version."""
        del options  # there are none
        found = [
            entry
            for entry in listing(path, label(path, base))
            if not entry.name.startswith(".")
        ]
        warnings = [*loose_scripts(found, base, "Diesel")]
        migrations = []
        for entry in found:
            if _is_migration(entry, base):
                migration, warning = _read(pathlib.Path(entry.path), base)
                migrations.append(migration)
                warnings += filter(None, [warning])
        migrations.sort(key=lambda migration: migration.version)
        _refuse_duplicates(migrations)
        return Plan(
            layout=self.name,
            migrations=tuple(migrations),
            prepare=_PREPARE,
            bookkeeping_tables=frozenset({_TABLE}),
            restores_search_path=True,
            advice_on_transactions=_ADVICE,
            warnings=tuple(warnings),
        )


def _is_migration(entry: os.DirEntry[str], base: pathlib.Path) -> bool:
    """Whether Diesel takes an entry for a migration.

    Files and empty folders are none. Anything else has to hold an up.sql, also a
    folder with nothing but a hidden file in it.
    """
    if entry.is_file(follow_symlinks=False):
        return False
    path = label(entry.path, base)
    if entry.is_dir(follow_symlinks=False):
        names = {inner.name for inner in listing(pathlib.Path(entry.path), path)}
        if not names or _UP in names:
            return bool(names)
    elif pathlib.Path(entry.path, _UP).exists():
        return True
    message = (
        f"{path} holds no {_UP}.\n"
        "For Diesel every folder that is not empty is a migration, and it refuses to"
        f" run any\nwhile one has no {_UP}. Add the file, or remove the folder."
    )
    raise MigrationError(message, path=path)


def _read(folder: pathlib.Path, base: pathlib.Path) -> tuple[Migration, str]:
    """Read one migration, and what its metadata.toml gives cause to say."""
    file = folder / _UP
    path = label(file, base)
    sql = read_sql(file, path, strips_byte_order_mark=False)
    if not sql:
        message = (
            f"{path} is empty, which Diesel refuses.\n"
            "Write the migration, or remove its folder. (A comment is enough for one"
            " that has\nnothing to do.)"
        )
        raise MigrationError(message, path=path)
    version = label(folder, folder.parent).split("_", 1)[0].replace("-", "")
    in_transaction, warning = _runs_in_transaction(folder / "metadata.toml", base)
    migration = Migration(
        version=version,
        path=path,
        batches=(
            Batch(
                sql=sql,
                in_transaction=in_transaction,
                record=((_RECORD, (version,)),),
            ),
        ),
    )
    return migration, warning


def _runs_in_transaction(
    metadata: pathlib.Path, base: pathlib.Path
) -> tuple[bool, str]:
    """Read ``metadata.toml`` as Diesel does, and say what may surprise in it."""
    path = label(metadata, base)
    try:
        settings = tomllib.loads(metadata.read_text("utf-8"))
    except FileNotFoundError:
        return True, ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return True, f"{path} cannot be read ({error}): Diesel ignores it silently."
    match settings.get("run_in_transaction"):
        case bool(value):
            return value, ""
        case None:
            return False, (
                f"{path} has no run_in_transaction: Diesel takes that for false and"
                " runs the migration outside of a transaction."
            )
        case value:
            return True, (
                f"{path}: run_in_transaction has to be true or false, not {value!r}:"
                " Diesel ignores the file silently."
            )


def _refuse_duplicates(migrations: list[Migration]) -> None:
    for one, other in itertools.pairwise(migrations):
        if one.version == other.version:
            message = (
                f"{one.path}\nand {other.path}\nhave the same version,"
                f" {one.version}. Diesel would run only one of them, and which one is"
                " chance.\nRename one of the folders."
            )
            raise MigrationError(message, path=other.path)


LAYOUT = DieselLayout()
