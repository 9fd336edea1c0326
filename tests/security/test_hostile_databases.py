"""Reading a database never runs the code of whoever owns it."""

from __future__ import annotations

import pathlib

import psycopg
import pytest

from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.server import SUPERUSER, EmbeddedServer
from tests.helpers.catalog import read

DOUBLES = pathlib.Path(__file__).parents[1] / "helpers/hostile.sql"
SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE users (
  id uuid PRIMARY KEY, name text DEFAULT lower('X') CHECK (name <> ''), mood mood,
  n positive, pair int4range DEFAULT '[1,2)', UNIQUE (name, mood));
CREATE INDEX ON users (lower(name)) WHERE n > 1;
CREATE VIEW shown AS SELECT id FROM users WHERE name = 'x';
COMMENT ON TABLE users IS 'people';
"""


@pytest.mark.parametrize("path", ["evil, pg_catalog", "evil, pg_catalog, pg_temp"])
def test_a_privileged_reader_runs_no_code_of_the_owner(
    server: EmbeddedServer, database: psycopg.Connection, path: str
) -> None:
    """Whatever the database makes the search path of who connects to it."""
    name = database.info.dbname
    database.execute(SCHEMA)
    expected = read(database).tables
    database.execute(DOUBLES.read_text())
    database.execute(f'ALTER DATABASE "{name}" SET search_path = {path}')
    trapped = pytest.raises(psycopg.errors.RaiseException, match=f"as {SUPERUSER}")
    with server.connect(dbname=name, user=SUPERUSER) as session, trapped:
        session.execute("SELECT set_config('a.b', 'c', true)")  # without care
    snapshot = PostgresSchemaSnapshotRepository(
        lambda: server.connect(dbname=name, user=SUPERUSER)
    ).load()
    assert snapshot.tables == expected
