"""A schema means the same on every server, and however it was built."""

from __future__ import annotations

import functools
import pathlib

import psycopg
import pytest

from pytest_userstate import Difference, SchemaSnapshot, schema_difference
from pytest_userstate.application.explaining.differences import in_lines
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.server import SUPERUSER, EmbeddedServer
from pytest_userstate.outbound.postgres.stubs import STUBS
from tests.helpers.catalog import load, read
from tests.helpers.servers import installations

RICH = (pathlib.Path(__file__).parents[1] / "helpers/rich.sql").read_text()
SERVERS = installations()


@functools.cache
def rich_schema(binaries: Binaries) -> SchemaSnapshot:
    """Return the rich schema as a server of these programs has it."""
    with (
        EmbeddedServer(binaries, stub_extensions=STUBS, all_databases=True) as server,
        server.connect(user=SUPERUSER) as connection,
    ):
        connection.execute(RICH)
        return load(connection)


@pytest.mark.skipif(len(SERVERS) < 2, reason="there is only one PostgreSQL here")
@pytest.mark.parametrize("other", SERVERS[1:], ids=lambda each: each.origin)
def test_the_same_schema_on_another_version_is_no_difference(other: Binaries) -> None:
    """Deparsed queries, versions of extensions, and stubs differ; no meaning does."""
    here, there = rich_schema(SERVERS[0]), rich_schema(other)
    assert not Difference.between(here, there).is_empty
    for difference in (schema_difference(here, there), schema_difference(there, here)):
        assert in_lines(difference) == []


ONE_GO = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE a (id int PRIMARY KEY, b int UNIQUE, m mood, CHECK (b > 0));
CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE INDEX c_a ON c (a);
CREATE VIEW v AS SELECT id, b FROM a;
"""
STEP_BY_STEP = """
CREATE TABLE c (a int, gone int, id int);
ALTER TABLE c DROP gone;
CREATE INDEX c_a ON c USING btree (a);
CREATE TABLE a (b integer, id bigint NOT NULL);
CREATE VIEW w AS SELECT id, b FROM a;
DROP VIEW w;
ALTER TABLE a ALTER id TYPE int, ADD CHECK (b > 0), ADD UNIQUE (b);
ALTER TABLE a ADD PRIMARY KEY (id);
ALTER TABLE c ADD PRIMARY KEY (id);
ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES a ON DELETE CASCADE;
CREATE VIEW v AS SELECT a.id, a.b FROM a;
CREATE TYPE mood AS ENUM ('ok');
ALTER TYPE mood ADD VALUE 'sad' BEFORE 'ok';
ALTER TABLE a ADD m mood;
"""


def test_the_same_schema_built_otherwise_is_no_difference(
    database: psycopg.Connection,
) -> None:
    """Neither the order of statements nor that of columns is the schema's."""
    at_once = read(database, ONE_GO)
    database.execute("DROP VIEW v; DROP TABLE c, a; DROP TYPE mood")
    database.execute("DROP TABLE IF EXISTS a")
    for statement in STEP_BY_STEP.strip().split(";\n"):
        database.execute(statement)
    later = load(database)
    assert later == at_once
    assert in_lines(schema_difference(at_once, later)) == []
    database.execute("ALTER TABLE c DROP CONSTRAINT c_a_fkey")
    (change,) = schema_difference(at_once, load(database)).changes
    assert change.subject == "public.c.c_a_fkey"
