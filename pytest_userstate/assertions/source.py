"""What assertions are about, and how it is read."""

from __future__ import annotations

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


def _told(text: str) -> str:
    """Repeat a name that was swapped, not a connection string: it has a password."""
    is_dsn = "=" in text or "://" in text
    return "a connection string" if is_dsn else f"the string {text!r}"
