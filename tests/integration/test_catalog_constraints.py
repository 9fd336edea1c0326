"""What the catalog reader makes of keys, constraints, indexes, triggers."""

from __future__ import annotations

import psycopg
import pytest

from pytest_userstate.domain.snapshot import (
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    KeyConstraint,
)
from tests.helpers.catalog import read_table

TOUCH = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
"""


def test_a_primary_key_is_told_by_the_table_and_its_columns(
    database: psycopg.Connection,
) -> None:
    """In key order, which need not be the order of the columns."""
    table = read_table(
        database,
        "CREATE TABLE t (a int, b int, c int, CONSTRAINT pk PRIMARY KEY (c, a))",
    )
    assert table.primary_key == KeyConstraint(name="pk", columns=["c", "a"])
    assert [one.name for one in table.columns if one.is_primary_key] == ["a", "c"]
    assert [one.name for one in table.columns if one.is_nullable] == ["b"]


def test_unique_constraints_tell_all_that_was_declared(
    database: psycopg.Connection,
) -> None:
    """A unique index that was made by itself is no constraint."""
    table = read_table(
        database,
        """
        CREATE TABLE t (a int, b int, c int,
          CONSTRAINT plain UNIQUE (b, a),
          CONSTRAINT more UNIQUE (a) INCLUDE (c, b),
          CONSTRAINT later UNIQUE (c) DEFERRABLE INITIALLY DEFERRED);
        CREATE UNIQUE INDEX mere ON t (a);
        """,
    )
    assert table.unique_constraints == (
        KeyConstraint(
            name="later", columns=["c"], is_deferrable=True, is_initially_deferred=True
        ),
        KeyConstraint(name="more", columns=["a"], included=["c", "b"]),
        KeyConstraint(name="plain", columns=["b", "a"]),
    )
    assert table.primary_key is None


def test_nulls_can_count_as_equal_from_15_on(database: psycopg.Connection) -> None:
    """Of a constraint, and of an index."""
    if database.info.server_version < 150_000:
        pytest.skip("NULLS NOT DISTINCT came with PostgreSQL 15")
    table = read_table(
        database,
        """
        CREATE TABLE t (a int, CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a));
        CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;
        """,
    )
    assert table.unique_constraints == (
        KeyConstraint(name="u", columns=["a"], nulls_distinct=False),
    )
    assert [one.nulls_distinct for one in table.indexes] == [False, False]


def test_foreign_keys_tell_target_actions_and_when_they_are_checked(
    database: psycopg.Connection,
) -> None:
    """Pair by pair, into another schema, to the table itself."""
    table = read_table(
        database,
        """
        CREATE SCHEMA auth;
        CREATE TABLE auth."Users" (gone int, a int, "B" int, PRIMARY KEY ("B", a));
        ALTER TABLE auth."Users" DROP COLUMN gone;
        CREATE TABLE t (id int PRIMARY KEY, x int, y int, parent int,
          CONSTRAINT pairs FOREIGN KEY (y, x) REFERENCES auth."Users" MATCH FULL
            ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
          CONSTRAINT self FOREIGN KEY (parent) REFERENCES t
            ON UPDATE RESTRICT ON DELETE SET DEFAULT DEFERRABLE,
          CONSTRAINT plain FOREIGN KEY (x, y) REFERENCES auth."Users" (a, "B"));
        ALTER TABLE t ADD CONSTRAINT young FOREIGN KEY (x) REFERENCES t NOT VALID;
        """,
    )
    assert table.foreign_keys == (
        ForeignKey(
            name="pairs",
            columns=["y", "x"],
            target_schema="auth",
            target_table="Users",
            target_columns=["B", "a"],
            on_update="cascade",
            on_delete="set null",
            match="full",
            is_deferrable=True,
            is_initially_deferred=True,
        ),
        ForeignKey(
            name="plain",
            columns=["x", "y"],
            target_schema="auth",
            target_table="Users",
            target_columns=["a", "B"],
        ),
        ForeignKey(
            name="self",
            columns=["parent"],
            target_table="t",
            target_columns=["id"],
            on_update="restrict",
            on_delete="set default",
            is_deferrable=True,
        ),
        ForeignKey(
            name="young",
            columns=["x"],
            target_table="t",
            target_columns=["id"],
            is_validated=False,
        ),
    )


def test_only_some_columns_can_be_set_from_15_on(database: psycopg.Connection) -> None:
    """The action then names them."""
    if database.info.server_version < 150_000:
        pytest.skip("ON DELETE SET NULL (columns) came with PostgreSQL 15")
    table = read_table(
        database,
        """
        CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
        CREATE TABLE t (a int, "B" int,
          FOREIGN KEY (a, "B") REFERENCES p ON DELETE SET NULL ("B"));
        """,
    )
    assert table.foreign_keys[0].on_delete == "set null (B)"


def test_check_constraints_have_their_text_and_their_columns(
    database: psycopg.Connection,
) -> None:
    """Not-null constraints are told by the columns alone."""
    table = read_table(
        database,
        """
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE TABLE t (b int NOT NULL CHECK (b > 0), a int, m mood,
          CONSTRAINT "Both" CHECK (b > a OR a IS NULL),
          CONSTRAINT alone CHECK (a < 9) NO INHERIT,
          CONSTRAINT happy CHECK (m <> 'sad'));
        ALTER TABLE t ADD CONSTRAINT young CHECK (a <> 5) NOT VALID;
        """,
    )
    assert table.check_constraints == (
        CheckConstraint(
            name="Both",
            definition="CHECK (((b > a) OR (a IS NULL)))",
            columns=["a", "b"],
        ),
        CheckConstraint(
            name="alone", definition="CHECK ((a < 9)) NO INHERIT", columns=["a"]
        ),
        CheckConstraint(
            name="happy", definition="CHECK ((m <> 'sad'::public.mood))", columns=["m"]
        ),
        CheckConstraint(name="t_b_check", definition="CHECK ((b > 0))", columns=["b"]),
        CheckConstraint(
            name="young",
            definition="CHECK ((a <> 5)) NOT VALID",
            columns=["a"],
            is_validated=False,
        ),
    )


def test_what_18_brought_to_constraints_is_told(database: psycopg.Connection) -> None:
    """Constraints that are not enforced, and temporal keys."""
    if database.info.server_version < 180_000:
        pytest.skip("these constraints came with PostgreSQL 18")
    table = read_table(
        database,
        """
        CREATE TABLE p (span int4range PRIMARY KEY);
        CREATE TABLE t (a int CONSTRAINT c CHECK (a > 0) NOT ENFORCED,
          b int4range REFERENCES p NOT ENFORCED,
          id int4range, during daterange,
          CONSTRAINT once UNIQUE (id, during WITHOUT OVERLAPS),
          CONSTRAINT within FOREIGN KEY (id, PERIOD during)
            REFERENCES t (id, PERIOD during));
        """,
    )
    assert not table.check_constraints[0].is_enforced
    assert [
        (one.columns, one.is_enforced, one.is_temporal) for one in table.foreign_keys
    ] == [
        (("b",), False, False),
        (("id", "during"), True, True),
    ]
    assert table.unique_constraints == (
        KeyConstraint(name="once", columns=["id", "during"], is_temporal=True),
    )


def test_exclusion_constraints_have_their_text(database: psycopg.Connection) -> None:
    """And an index behind them."""
    table = read_table(
        database,
        """
        CREATE TABLE t (r int4range,
          CONSTRAINT apart EXCLUDE USING gist (r WITH &&) WHERE (NOT isempty(r)))
        """,
    )
    assert table.exclusion_constraints == (
        ExclusionConstraint(
            name="apart",
            definition="EXCLUDE USING gist (r WITH &&) WHERE ((NOT isempty(r)))",
        ),
    )
    assert [(one.name, one.method, one.constraint) for one in table.indexes] == [
        ("apart", "gist", "apart")
    ]
