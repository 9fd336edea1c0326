"""What several tools do alike with their files."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import typing as typ

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import label, visible
from pytest_userstate.outbound.migrations.options import Options
from pytest_userstate.outbound.migrations.plan import Migration
from pytest_userstate.outbound.migrations.programs.plan import ProgramFile

_SPLIT = re.compile(r"[-_.]+")
POSTGRESQL = frozenset({"pg", "pgsql", "postgre", "postgres", "postgresql", "psql"})
OTHER_ENGINES = frozenset(
    {
        *("cassandra", "clickhouse", "cockroach", "cockroachdb", "crdb", "derby"),
        *("duckdb", "h2", "hsqldb", "libsql", "mariadb", "mongo", "mongodb", "mssql"),
        *("mysql", "oracle", "scylla", "spanner", "sqlite", "sqlite3", "sqlserver"),
        *("turso", "ydb"),
    }
)


def tokens_of(name: str) -> set[str]:
    """Return the words of a name, and the name without what separates them."""
    parts = _SPLIT.split(name.lower())
    return {*parts, "".join(parts)}


def refuse_duplicates(
    migrations: cabc.Iterable[Migration], tool: str, *, outcome: str
) -> None:
    """Refuse two migrations of one version."""
    seen: dict[str, Migration] = {}
    for migration in migrations:
        one = seen.setdefault(migration.version, migration)
        if one is not migration:
            message = (
                f"{one.path}\nand {migration.path}\nhave the same version,"
                f" {migration.version}. {tool} {outcome}.\nRename one of the files."
            )
            raise MigrationError(message, path=migration.path)


def has_script_folder(path: pathlib.Path, script: str) -> bool:
    """Whether some folder below holds such a script."""
    return any(
        pathlib.Path(entry.path, script).exists()
        for entry in visible(path)
        if entry.is_dir()
    )


def loose_scripts(
    entries: cabc.Iterable[os.DirEntry[str]], base: pathlib.Path, tool: str
) -> cabc.Iterator[str]:
    """Yield a warning for each file of SQL that the tool leaves out."""
    for entry in entries:
        if entry.name.endswith(".sql") and not entry.is_dir():
            yield (
                f"{label(entry.path, base)} is left out, as {tool} leaves it out: its"
                " migrations are folders."
            )


def left_out_programs(paths: cabc.Sequence[str], tool: str) -> cabc.Iterator[str]:
    """Yield the warning about migrations that are programs, if there are any."""
    if paths:
        are, them = ("is", "it") if len(paths) == 1 else ("are", "them")
        yield (
            f"{', '.join(paths)} {are} left out: {tool} applies SQL, and {them} only a"
            f" program can run. Columns, tables and rows made by {them} are not in the"
            " audited schema: a check that misses one of these may be wrong. Apply all"
            " migrations with the project's own program and audit that database:"
            ' --userstate-dsn, or name the program: command = ["…"].'
        )


def read_program_file(file: pathlib.Path, base: pathlib.Path) -> ProgramFile:
    """Read a file that a program reads; its path is relative to `base`."""
    path = label(file, base)
    try:
        return ProgramFile(path, file.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise MigrationError(message, path=path) from error


def environment_of(options: Options) -> dict[str, typ.Any]:
    """Return the variables that are configured for a program, once checked."""
    configured = options.table("environment")
    if configured:
        # Imported here, since every search for migrations imports this module.
        from pytest_userstate.outbound.migrations.programs.environment import (  # noqa: PLC0415
            check_configured,
        )

        check_configured(configured, os.environ)
    return configured


def text_of(file: str | os.PathLike[str]) -> str:
    """Return the text of a file; nothing if it cannot be read."""
    try:
        return pathlib.Path(file).read_text("utf-8", errors="replace")
    except OSError:
        return ""
