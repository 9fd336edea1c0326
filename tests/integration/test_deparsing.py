"""A database decides what texts alone do not show: whether two clauses say the same."""

from __future__ import annotations

import attrs
import psycopg
import pytest

from pytest_userstate import SchemaSnapshot, Table
from pytest_userstate.application.sql.equality import Clauses
from pytest_userstate.domain.ports import Clause
from tests.helpers.catalog import load, read, settings

SCHEMA = """
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN email AS text;
CREATE TABLE t (
  n int, b bigint, s varchar(20), e email, ch char(3), m mood,
  ts timestamptz, tn timestamp, ti time, iv interval, x text, tr tstzrange,
  "user" text, id int, c citext);
"""
CHECKS = [
    "n > 0.5",
    "n > 1e3",
    "ROW(n, b) = ROW(1, 2)",
    "(n, x) IS DISTINCT FROM (1, 'a')",
    "e ~ '.'",
    "e LIKE '%@%'",
    "upper(ch) = ch",
    "ts > '2020-01-01 10:00'",
    "tn >= '2020-01-01T00:00:00'",
    "iv > interval '1 hour'",
    "ti BETWEEN '08:00' AND '18:00'",
    "tr && '[2020-01-01,2021-01-01)'",
    "t IS NOT NULL",
    "t.n > 0",
    "2 ^ n > 1",
    "length(trim(both from x)) > 0",
    "n / 2.0 > 1",
    "n = 1.0",
    "e = 'x@y'",
    "|/ n > 0",
    "length(c) > 3",
    "lower(c) = c",
]


def _table(snapshot: SchemaSnapshot, name: str = "t") -> Table:
    table = snapshot.table(name)
    assert table is not None
    return table


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_can_be_written_as_in_the_migration(
    database: psycopg.Connection, check: str
) -> None:
    """What PostgreSQL resolves by types, it resolves for the expected text, too."""
    snapshot = read(
        database, f"{SCHEMA} ALTER TABLE t ADD CONSTRAINT c CHECK ({check})"
    )
    table = _table(snapshot)
    found = table.check_constraints[0].definition.removeprefix("CHECK ")
    assert Clauses(snapshot=snapshot, owner=table).same(Clause.CHECK, check, found)
    other = f"NOT ({check})"
    assert not Clauses(snapshot=snapshot, owner=table).same(Clause.CHECK, other, found)


@pytest.mark.parametrize(
    ("clause", "ddl", "expected", "column"),
    [
        (Clause.DEFAULT, "ALTER TABLE t ALTER ts SET DEFAULT '2020-01-01 10:00'",
         "'2020-01-01 10:00'", "ts"),
        (Clause.GENERATED, ("ALTER TABLE t ADD g numeric GENERATED ALWAYS AS "
         "(n * 1.5) STORED"), "n * 1.5", "g"),
        (Clause.POLICY, ("CREATE POLICY p ON t USING (EXISTS (SELECT FROM t o "
         "WHERE o.n = t.n AND o.ts > '2020-01-01 10:00'))"),
         "EXISTS (SELECT FROM t o WHERE o.n = t.n AND o.ts > '2020-01-01 10:00')", ""),
        (Clause.INDEX_KEY, "CREATE INDEX i ON t ((n * 1.5))", "n * 1.5", ""),
        (Clause.TRIGGER_CONDITION, ("CREATE FUNCTION f() RETURNS trigger LANGUAGE "
         "plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g AFTER UPDATE ON t FOR "
         "EACH ROW WHEN (OLD.n * 1.5 > NEW.n) EXECUTE FUNCTION f()"),
         "old.n * 1.5 > new.n", ""),
        (Clause.EXCLUSION, ("ALTER TABLE t ADD EXCLUDE USING gist (tr WITH &&) WHERE "
         "(n > 1.5)"), "EXCLUDE USING gist (tr WITH &&) WHERE (n > 1.5)", ""),
    ],
    ids=lambda value: value.name if isinstance(value, Clause) else "",
)  # fmt: skip
def test_a_clause_can_be_written_as_in_the_migration(
    database: psycopg.Connection, clause: Clause, ddl: str, expected: str, column: str
) -> None:
    """Defaults, generated columns, policies, indexes, triggers and exclusions alike."""
    snapshot = read(database, f"{SCHEMA} {ddl}")
    table = _table(snapshot)
    found = {
        Clause.DEFAULT: lambda: table.column(column).default,
        Clause.GENERATED: lambda: table.column(column).expression,
        Clause.POLICY: lambda: table.policies[0].using,
        Clause.INDEX_KEY: lambda: table.indexes[0].columns[0],
        Clause.TRIGGER_CONDITION: lambda: table.triggers[0].when,
        Clause.EXCLUSION: lambda: table.exclusion_constraints[0].definition,
    }[clause]()
    other = expected.replace("1.5", "2.5").replace("10:00", "11:00")

    def same(text: str, schema: SchemaSnapshot) -> bool:
        return Clauses(snapshot=schema, owner=table, column=column).same(
            clause, text, found
        )

    assert same(expected, snapshot)
    assert not same(other, snapshot)
    assert not same(expected, attrs.evolve(snapshot, deparser=None))


def test_a_collation_of_an_expression_counts(database: psycopg.Connection) -> None:
    """An index on lower(x) is none on lower(x) in another collation."""
    snapshot = read(database, f"{SCHEMA} CREATE INDEX i ON t (lower(ch))")
    clauses = Clauses(snapshot=snapshot, owner=_table(snapshot))
    (key,) = _table(snapshot).indexes[0].columns
    assert clauses.same(Clause.INDEX_KEY, "lower(ch)", key)
    assert not clauses.same(Clause.INDEX_KEY, 'lower(ch) COLLATE "C"', key)


def test_partitions_can_be_written_as_in_the_migration(
    database: psycopg.Connection,
) -> None:
    """A date is the bound that PostgreSQL writes with a time."""
    snapshot = read(
        database,
        """
        CREATE TABLE p (at timestamptz, n int) PARTITION BY RANGE (at, (n * 1.5));
        CREATE TABLE c PARTITION OF p
          FOR VALUES FROM ('2020-01-01', 0) TO ('2021-01-01', MAXVALUE);
        """,
    )
    parent, child = _table(snapshot, "p"), _table(snapshot, "c")
    assert parent.partition_key is not None
    assert child.partition_bound is not None
    for clause, expected, found, owner in (
        (Clause.PARTITION_KEY, "range (at, (n * 1.5))", parent.partition_key, parent),
        (
            Clause.PARTITION_BOUND,
            "for values from ('2020-01-01', 0) to ('2021-01-01', maxvalue)",
            child.partition_bound,
            child,
        ),
    ):
        assert Clauses(snapshot=snapshot, owner=owner).same(clause, expected, found)
        other = expected.replace("1.5", "2").replace("2021", "2022")
        assert not Clauses(snapshot=snapshot, owner=owner).same(clause, other, found)


def test_checks_and_defaults_of_domains_can_be_written_as_in_the_migration(
    database: psycopg.Connection,
) -> None:
    """A domain has no table, and its value is VALUE."""
    snapshot = read(
        database,
        "CREATE DOMAIN d AS timestamptz DEFAULT '2020-01-01 10:00'"
        " CHECK (value > '2020-01-01 09:00')",
    )
    (domain,) = snapshot.domains
    found = domain.check_constraints[0].definition.removeprefix("CHECK ")
    for clause, expected, text in (
        (Clause.CHECK, "value > '2020-01-01 09:00'", found),
        (Clause.DEFAULT, "'2020-01-01 10:00'", domain.default or ""),
    ):
        assert Clauses(snapshot=snapshot, owner=domain).same(clause, expected, text)
        other = expected.replace("2020", "2021")
        assert not Clauses(snapshot=snapshot, owner=domain).same(clause, other, text)


@pytest.mark.parametrize("autocommit", [True, False])
def test_asking_leaves_the_connection_as_it_was(
    database: psycopg.Connection,
    autocommit: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Neither a table, a setting nor a transaction stays behind."""
    snapshot = read(database, SCHEMA)
    database.commit()
    database.autocommit = autocommit
    before = settings(database)
    database.rollback()
    assert snapshot.deparser is not None
    ask = snapshot.deparser.deparse
    assert ask(Clause.CHECK, "n > 0.5", schema="public", name="t") is not None
    assert ask(Clause.CHECK, "nothing > 0", schema="public", name="t") is None
    assert (
        ask(Clause.CHECK, "n > 0); DROP TABLE t; --", schema="public", name="t") is None
    )
    assert database.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    assert settings(database) == before
    assert load(database) == snapshot


def test_a_name_without_a_schema_is_the_search_paths(
    database: psycopg.Connection,
) -> None:
    """The path is the session's, as it was when the schema was read."""
    database.execute("CREATE SCHEMA app; SET search_path = app, public")
    assert load(database).search_path == ("app", "public")
