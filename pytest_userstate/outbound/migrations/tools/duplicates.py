"""Versions that two files claim."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.plan import Migration


def refuse_duplicates(
    migrations: cabc.Iterable[Migration], tool: str, *, outcome: str
) -> None:
    """Refuse two migrations of one version.

    Parameters
    ----------
    migrations : iterable of Migration
        In the order in which they would run.
    tool : str
        The tool, for the message.
    outcome : str
        What the tool would do with them, after its name.

    Raises
    ------
    MigrationError
        Naming both files.
    """
    seen: dict[str, Migration] = {}
    for migration in migrations:
        one = seen.setdefault(migration.version, migration)
        if one is not migration:
            message = (
                f"{one.path}\nand {migration.path}\nhave the same version,"
                f" {migration.version}. {tool} {outcome}.\nRename one of the files."
            )
            raise MigrationError(message, path=migration.path)
