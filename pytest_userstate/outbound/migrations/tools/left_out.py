"""Migrations that are programs among files of SQL, which the audit cannot run."""

from __future__ import annotations

import collections.abc as cabc


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
