"""The preferences in PostgreSQL, each with its revision."""

from __future__ import annotations

import typing as typ

import psycopg

Connection = psycopg.Connection[typ.Any]


class StaleError(Exception):
    """Somebody else has saved since the preferences were read."""


def read(connection: Connection, user_id: str) -> tuple[str, int]:
    """Return the system of units that a user prefers, and the revision."""
    row = connection.execute(
        "SELECT unit_system, revision FROM user_preferences WHERE user_id = %s",
        [user_id],
    ).fetchone()
    if row is None:
        raise KeyError(user_id)
    return row


def save(connection: Connection, user_id: str, unit_system: str, revision: int) -> int:
    """Store the system of units, and return the new revision.

    A `StaleError` is raised if `revision` is not the newest one any more.
    """
    row = connection.execute(
        "UPDATE user_preferences SET unit_system = %s, revision = revision + 1"
        " WHERE user_id = %s AND revision = %s RETURNING revision",
        [unit_system, user_id, revision],
    ).fetchone()
    if row is None:
        raise StaleError
    return row[0]
