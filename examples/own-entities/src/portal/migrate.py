"""Brings the database up to date: ``python -m portal.migrate``."""

from __future__ import annotations

import os
import pathlib

import psycopg

FOLDER = pathlib.Path("db/migrations")


def migrate(connection: psycopg.Connection, folder: pathlib.Path = FOLDER) -> None:
    """Apply what is new, in the order of the names, a transaction each."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations_done (name text PRIMARY KEY)"
    )
    for path in sorted(folder.glob("*.sql")):
        with connection.transaction():
            claimed = connection.execute(
                "INSERT INTO migrations_done VALUES (%s) ON CONFLICT DO NOTHING",
                [path.name],
            )
            if claimed.rowcount:
                connection.execute(path.read_bytes())


if __name__ == "__main__":
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        migrate(database)
