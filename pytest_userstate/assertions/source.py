"""What assertions are about, and how it is read."""

from __future__ import annotations

import os
import typing as typ

from pytest_userstate.application.asserting.handles import Read
from pytest_userstate.domain.snapshot import SchemaSnapshot

if typ.TYPE_CHECKING:
    import psycopg

SchemaSource: typ.TypeAlias = "SchemaSnapshot | psycopg.Connection[typ.Any]"
"""What can be asserted about: a snapshot, or an open connection."""


def reader(source: object) -> Read:
    """Return how to get the snapshot: of a connection, anew each time.

    Raises
    ------
    TypeError
        When the source is neither a snapshot nor a psycopg connection.
    """
    if isinstance(source, SchemaSnapshot):
        return lambda: source
    if isinstance(source, str):
        message = (
            "expected a SchemaSnapshot or an open psycopg connection first, not "
            f"{_told(source)}"
        )
        raise TypeError(message)
    # Imported here, since a snapshot needs neither driver nor adapters.
    from pytest_userstate.bootstrap import snapshot_of  # noqa: PLC0415

    return lambda: snapshot_of(source)


def accepted_schema(accepted: object) -> tuple[SchemaSnapshot, str | None]:
    """Return a schema to hold another one against, and the file that it stood in.

    Raises
    ------
    SnapshotFileError
        When it is a file that is not there, or cannot be read.
    TypeError
        When it is neither a snapshot, a psycopg connection, nor a file.
    """
    __tracebackhide__ = True
    if not isinstance(accepted, str | os.PathLike):
        return reader(accepted)(), None
    from pytest_userstate.bootstrap import read_snapshot  # noqa: PLC0415 - as above

    file: str = os.fspath(accepted)
    if _is_dsn(file) and not file.endswith(".json"):
        message = (
            "`accepted` takes a SchemaSnapshot, an open psycopg connection, or a "
            "snapshot file, not a connection string"
        )
        raise TypeError(message)
    return read_snapshot(file), file


def _told(text: str) -> str:
    """Repeat a name that was swapped, not a connection string: it has a password."""
    return "a connection string" if _is_dsn(text) else f"the string {text!r}"


def _is_dsn(text: str) -> bool:
    return "=" in text or "://" in text
