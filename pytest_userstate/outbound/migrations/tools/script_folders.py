"""Migrations that are folders, each with a script of one name in it."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib

from pytest_userstate.outbound.migrations.layout import label, visible


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
