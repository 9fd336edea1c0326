"""Whatever something is called, assertions find it, and see that it is there."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import psycopg
import pytest
from psycopg import sql

from pytest_userstate.assertions import (
    assert_domain,
    assert_enum,
    assert_no_column,
    assert_no_constraint,
    assert_no_domain,
    assert_no_enum,
    assert_no_index,
    assert_no_policy,
    assert_no_sequence,
    assert_no_table,
    assert_no_trigger,
    assert_schema,
    assert_sequence,
    assert_table,
)
from pytest_userstate.bootstrap import snapshot_of

NAMES = [
    "a.b",
    "a, b",
    'say "x"',
    "delete",
    "x ON y",
    "Odd Name",
    "it's",
    "%s {0}",
    "ü",
]
SCHEMA = """
CREATE SCHEMA {name};
CREATE TYPE {name}.{name} AS ENUM ({label}, 'other');
CREATE DOMAIN {name}.{domain} AS {name}.{name}
  CONSTRAINT {name} CHECK (VALUE <> 'other');
CREATE SEQUENCE {name}.{sequence};
CREATE FUNCTION {name}.{name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TABLE {name}.{table} (
  {name} int CONSTRAINT {name} PRIMARY KEY CHECK ({name} > 0),
  a int, b int, CONSTRAINT {unique} UNIQUE (a, {name}));
CREATE TABLE {name}.{child} (
  {name} int CONSTRAINT {name} REFERENCES {name}.{table} ON DELETE SET NULL ({name}),
  a int);
CREATE TABLE {name}.{partitioned} ({name} int) PARTITION BY LIST ({name});
CREATE TABLE {name}.{partition} PARTITION OF {name}.{partitioned} FOR VALUES IN (1);
CREATE INDEX {index} ON {name}.{table} ({name}, a) INCLUDE (b) WHERE {name} > 1;
CREATE TRIGGER {name} BEFORE UPDATE OF {name} ON {name}.{table} FOR EACH ROW
  WHEN (NEW.{name} > 2) EXECUTE FUNCTION {name}.{name}();
CREATE POLICY {name} ON {name}.{table} USING ({name} > 3);
"""


def written(name: str) -> str:
    """Return a name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_found_and_their_absence_is_not(
    database: psycopg.Connection[typ.Any], name: str
) -> None:
    """Names with dots, commas, quotes, blanks, and of keywords."""
    others = (
        *("domain", "sequence", "table", "child", "partitioned", "partition"),
        *("index", "unique"),
    )
    database.execute(
        sql.SQL(SCHEMA).format(
            name=sql.Identifier(name),
            label=sql.Literal(name),
            **{other: sql.Identifier(f"{name}-{other}") for other in others},
        )
    )
    snapshot, odd = snapshot_of(database), written(name)

    def place(suffix: str = "") -> str:
        return f"{odd}.{written(name + suffix)}"

    table = assert_table(snapshot, place("-table"))
    table.has_primary_key(odd, name=odd)
    table.has_unique_constraint(["a", odd], name=written(f"{name}-unique"))
    table.has_exactly_unique_constraints([["a", odd]])
    table.has_exactly_columns([odd, "a", "b"])
    table.has_check_constraint(f"{odd} > 0", columns=odd)
    table.has_index([odd, "a"], included="b", where=f"{odd} > 1")
    table.has_exactly_indexes([written(f"{name}-index")])
    table.has_trigger(
        odd, function=place(), events="update", update_of=odd, when=f"NEW.{odd} > 2"
    )
    table.has_policy(odd, using=f"{odd} > 3")
    child = assert_table(snapshot, place("-child"))
    child.has_foreign_key(
        odd,
        references=place("-table"),
        references_columns=odd,
        on_delete="set null",
        on_delete_columns=odd,
        name=odd,
    )
    child.has_exactly_foreign_keys([odd])
    child.has_no_unique_constraint([odd, "a"])
    parent = assert_table(snapshot, place("-partitioned"))
    parent.is_partitioned(by=f"LIST ({odd})")
    parent.has_exactly_partitions([place("-partition")])
    assert_table(snapshot, place("-partition")).is_partition_of(place("-partitioned"))
    assert_enum(snapshot, place()).has_exactly_labels([name, "other"])
    domain = assert_domain(snapshot, place("-domain"), data_type=place())
    domain.has_check_constraint("VALUE <> 'other'", name=odd)
    assert_sequence(snapshot, place("-sequence"), owned_by=None)
    assert_schema(snapshot, odd).has_exactly_domains([written(f"{name}-domain")])

    absent: list[cabc.Callable[[], object]] = [
        lambda: assert_no_table(snapshot, place("-table")),
        lambda: assert_no_column(snapshot, odd, of=place("-table")),
        lambda: assert_no_constraint(snapshot, odd, of=place("-child")),
        lambda: assert_no_index(snapshot, written(f"{name}-index"), of=place("-table")),
        lambda: assert_no_trigger(snapshot, odd, of=place("-table")),
        lambda: assert_no_policy(snapshot, odd, of=place("-table")),
        lambda: assert_no_enum(snapshot, place()),
        lambda: assert_no_domain(snapshot, place("-domain")),
        lambda: assert_no_sequence(snapshot, place("-sequence")),
        table.has_no_primary_key,
        lambda: table.has_no_unique_constraint([odd, "a"]),
        lambda: table.has_no_index([odd, "a"]),
        lambda: child.has_no_foreign_key(odd),
        lambda: child.has_exactly_foreign_keys([]),
        parent.has_no_children,
        lambda: domain.is_not_based_on(place()),
    ]
    for assertion in absent:
        with pytest.raises(AssertionError):
            assertion()
