"""Small programs that write a table, read by the real parser."""

from __future__ import annotations

import collections.abc as cabc
import pathlib

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.snapshot import Table
from pytest_userstate.domain.writes import TableWrite, TableWrites
from pytest_userstate.outbound.wiring.writes import WriteReader
from tests.helpers.wiring import write

SETTINGS = Table(
    "account_settings",
    [
        Column("account_id", "uuid", is_primary_key=True),
        Column("theme", "text"),
        Column("last_seen_at", "timestamp with time zone"),
        Column("version", "integer"),
    ],
)


def read_writes(
    folder: pathlib.Path,
    files: cabc.Mapping[str, str],
    tables: cabc.Sequence[Table] = (SETTINGS,),
) -> TableWrites:
    """Write the files, and return what they write to the tables."""
    write(folder, files)
    return WriteReader(folder, (".",)).read(tables)


def in_a_line(found: TableWrite) -> str:
    """Return a write as ``LINE: columns | compared``, with what else there is to it."""
    columns = "?" if found.columns is None else ", ".join(found.columns)
    words = [f"{found.source.line}: {columns} | {', '.join(found.compared)}"]
    words += ["versioned"] if found.is_versioned else []
    return "; ".join([*words, *filter(None, [found.unread])])
