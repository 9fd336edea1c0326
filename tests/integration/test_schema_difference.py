"""A schema means the same on every server, and however it was built."""

from __future__ import annotations

import functools
import pathlib
import re
import subprocess

import psycopg
import pytest

from pytest_userstate import Difference, SchemaSnapshot, schema_difference
from pytest_userstate.application.schema_words import in_lines
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
        assert in_lines(difference.changes) == []


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
    assert in_lines(schema_difference(at_once, later).changes) == []
    database.execute("ALTER TABLE c DROP CONSTRAINT c_a_fkey")
    (change,) = schema_difference(at_once, load(database)).changes
    assert change.subject == "public.c.c_a_fkey"


ONCE = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN code AS varchar(8) CHECK (VALUE IN ('a', 'b'));
CREATE TABLE t (
  s varchar(20) DEFAULT 'a', n int, m mood, c code, ok boolean GENERATED ALWAYS AS
    (s IN ('a', 'b') AND n BETWEEN 1 AND 5) STORED,
  CHECK (s IN ('a', 'b') OR s IS NULL), CHECK (m IN ('sad', 'ok')),
  CHECK (n > 0 AND n BETWEEN 1 AND 5), CHECK (s NOT IN ('c', 'd')));
CREATE INDEX i ON t ((s IN ('a', 'b'))) WHERE s IN ('a', 'b') AND n BETWEEN 1 AND 5;
CREATE VIEW v AS SELECT n, s IN ('a', 'b') AS known FROM t
  WHERE s IN ('a', 'b') AND n BETWEEN 1 AND 5 AND (n > 2 OR (n < 0 OR m = 'ok'));
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (s IN ('a', 'b') AND EXISTS (SELECT FROM t o
  WHERE o.s IN ('x', 'y') AND o.n BETWEEN 1 AND t.n));
CREATE RULE r AS ON DELETE TO v WHERE old.n BETWEEN 1 AND 5 AND old.known
  DO INSTEAD NOTHING;
CREATE RULE r2 AS ON DELETE TO v DO INSTEAD DELETE FROM t WHERE t.n = old.n
  AND t.s IN ('a', 'b');
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW
  WHEN (NEW.s IN ('a', 'b') AND NEW.n BETWEEN 1 AND 5) EXECUTE FUNCTION f();
CREATE FUNCTION seen(v varchar, n int) RETURNS boolean LANGUAGE sql IMMUTABLE
  RETURN v IN ('a', 'b') AND n BETWEEN 1 AND 5 AND n > 0;
CREATE POLICY q ON t USING (seen(s, n));
CREATE TABLE parts (at timestamptz, n int) PARTITION BY RANGE (at);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""


def test_a_database_restored_from_its_own_dump_is_no_difference(
    database: psycopg.Connection,
) -> None:
    """Lists and ranges come back in another spelling, which means the same."""
    before = read(database, ONCE)
    version = database.info.server_version // 10_000
    dump = pathlib.Path(f"/usr/lib/postgresql/{version}/bin/pg_dump")
    if not dump.exists():
        pytest.skip(f"there is no pg_dump of PostgreSQL {version} here")
    info = database.info
    place = f"host={info.host} port={info.port} dbname={info.dbname} user={info.user}"
    dumped = subprocess.run(
        [dump, "--schema-only", "--no-owner", "--schema=public", place],
        check=False,
        capture_output=True,
        text=True,
    )
    assert dumped.returncode == 0, dumped.stderr
    database.execute("DROP SCHEMA public CASCADE")
    # Lines with a backslash are psql's; the dump empties the search path.
    database.execute(re.sub(r"(?m)^\\.*$", "", dumped.stdout).encode())
    database.execute("RESET ALL")
    after = load(database)
    assert after != before
    assert in_lines(schema_difference(before, after).changes) == []
    database.execute("ALTER TABLE t DROP CONSTRAINT t_s_check")
    database.execute("ALTER TABLE t ADD CONSTRAINT t_s_check CHECK (s IN ('a', 'c'))")
    (change,) = schema_difference(before, load(database)).changes
    assert change.subject == "public.t.t_s_check"
