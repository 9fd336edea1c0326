"""What several tools do alike with their files."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import typing as typ

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import label
from pytest_userstate.outbound.migrations.options import Options
from pytest_userstate.outbound.migrations.plan import Migration
from pytest_userstate.outbound.migrations.programs.plan import ProgramFile

_SPLIT = re.compile(r"[-_.]+")
_MOST_NAMES = 5  # in one warning
WAYS_BACK = "down|undo|rollback|revert|backward|backout|unapply"
"""The words for a way back in the name of a file, as a pattern."""
_WAY_BACK = re.compile(rf"\.(?:{WAYS_BACK})\.", re.IGNORECASE)
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


def is_way_back(name: str) -> bool:
    """Whether a file is named as a way back, such as ``x.down.sql``."""
    return _WAY_BACK.search(name) is not None


def other_engines(name: str) -> set[str]:
    """Return the other databases that a name is for, such as ``x.mysql.up.sql``."""
    return set(name.lower().split(".")[1:-1]) & OTHER_ENGINES


def refuse_duplicates(
    migrations: cabc.Iterable[Migration], tool: str, folder: str
) -> None:
    """Refuse two migrations of one version."""
    seen: dict[str, Migration] = {}
    for migration in migrations:
        one = seen.setdefault(migration.version, migration)
        if one is not migration:
            message = (
                f"{one.path}\nand {migration.path}\nhave the same version,"
                f" {migration.version}, which {tool} refuses. Rename one of the files."
                "\nIf another program applies them, in the order of their names:\n"
                f'migrations = {{ path = "{folder}", tool = "plain" }}'
            )
            raise MigrationError(message, path=migration.path)


def left_out(
    paths: cabc.Sequence[str], reason: str, reason_of_several: str = ""
) -> cabc.Iterator[str]:
    """Yield one warning for all files that are left out for one reason."""
    if len(paths) == 1:
        yield f"{paths[0]} is left out: {reason}."
    elif paths:
        yield f"{_listed(paths)} are left out: {reason_of_several or reason}."


def _listed(paths: cabc.Sequence[str]) -> str:
    names = ", ".join(paths[:_MOST_NAMES])
    more = len(paths) - _MOST_NAMES
    return f"{names}, and {more:,} more" if more > 0 else names


def left_out_programs(paths: cabc.Sequence[str], tool: str) -> cabc.Iterator[str]:
    """Yield the warning about migrations that are programs, if there are any."""
    if paths:
        are, them = ("is", "it") if len(paths) == 1 else ("are", "them")
        yield (
            f"{_listed(paths)} {are} left out: {tool} applies SQL, and {them} only a"
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
