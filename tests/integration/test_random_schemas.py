"""Schemas drawn at random, written as SQL, applied, and read back as was meant."""

from __future__ import annotations

import typing as typ

import hypothesis
import psycopg
from hypothesis import strategies as st
from psycopg import sql

from pytest_userstate.domain.columns import (
    Column,
    ForeignKey,
    Identity,
    Index,
    KeyConstraint,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from tests.helpers.catalog import read

NAMES = st.sampled_from(
    ["a", "b", "B", "user", "select", "é", "a b", 'q"q', "a.b", "'", "%s", "ß" * 31]
)
TYPES = st.sampled_from(
    ["integer", "text", "uuid", "boolean", "jsonb", "uuid[]", "numeric(10,2)",
     "character varying(40)", "timestamp with time zone", "bytea", "date"]
)  # fmt: skip
KEY_TYPES = {"integer", "text", "uuid", "boolean", "date"}
ACTIONS = ("no action", "cascade", "restrict", "set null")


def name(text: str) -> str:
    """Quote a name."""
    return sql.Identifier(text).as_string(None)


@st.composite
def columns(draw: st.DrawFn) -> list[Column]:
    """Draw columns, the first of which is never null."""
    found = []
    for number, each in enumerate(draw(st.lists(NAMES, min_size=1, unique=True))):
        kind = draw(TYPES) if number else "integer"
        identity = draw(st.sampled_from([None, *Identity])) if not number else None
        nullable = bool(number) and draw(st.booleans())
        found.append(Column(each, kind, is_nullable=nullable, identity=identity))
    return found


def written(column: Column) -> str:
    """Write a column as SQL."""
    words = [name(column.name), column.data_type]
    words += [] if column.is_nullable else ["NOT NULL"]
    if column.identity:
        how = "ALWAYS" if column.identity is Identity.ALWAYS else "BY DEFAULT"
        words.append(f"GENERATED {how} AS IDENTITY")
    return " ".join(words)


class Meant(typ.NamedTuple):
    """What a table is meant to be."""

    name: str
    columns: list[Column]
    key: list[str]
    unique: list[str]
    reference: tuple[str, str] | None  # the action, and the column that refers


@st.composite
def schemas(draw: st.DrawFn) -> list[Meant]:
    """Draw tables that may refer to the first one."""
    found: list[Meant] = []
    for each in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        own = draw(columns())
        usable = [column.name for column in own if column.data_type in KEY_TYPES]
        some = st.lists(st.sampled_from(usable), min_size=1, max_size=2, unique=True)
        numbers = [column.name for column in own if column.data_type == "integer"]
        key = draw(some | st.just([])) if found else [own[0].name]
        unique = draw(some | st.just([]))
        found.append(
            Meant(
                each,
                own,
                key=key,
                # PostgreSQL makes one of two constraints on the same columns.
                unique=[] if unique == key else unique,
                reference=draw(
                    st.none()
                    | st.tuples(st.sampled_from(ACTIONS), st.sampled_from(numbers))
                ),
            )
        )
    return found


def statements(schema: list[Meant]) -> str:
    """Write the schema as SQL."""
    first = schema[0]
    lines = []
    for number, each in enumerate(schema):
        parts = [*map(written, each.columns)]
        for what, names in (("PRIMARY KEY", each.key), ("UNIQUE", each.unique)):
            if names:
                listed = ", ".join(map(name, names))
                parts.append(f"CONSTRAINT c{number}{what[0]} {what} ({listed})")
        lines.append(f"CREATE TABLE {name(each.name)} ({', '.join(parts)});")
    for number, each in enumerate(schema):
        if each.reference:
            action, column = each.reference
            lines.append(
                f"ALTER TABLE {name(each.name)} ADD CONSTRAINT c{number}F"
                f" FOREIGN KEY ({name(column)}) REFERENCES {name(first.name)}"
                f" ({name(first.key[0])}) ON DELETE {action};"
            )
    return "\n".join(lines)


def expected(schema: list[Meant]) -> SchemaSnapshot:
    """Build the snapshot that the schema should be read as."""
    first = schema[0]
    return SchemaSnapshot([_table(number, each, first) for number, each in
                           enumerate(schema)])  # fmt: skip


def _table(number: int, meant: Meant, first: Meant) -> Table:
    def key(letter: str, columns: list[str]) -> KeyConstraint | None:
        if not columns:
            return None
        return KeyConstraint(name=f"c{number}{letter}".lower(), columns=columns)

    primary, unique = key("P", meant.key), key("U", meant.unique)
    references = [
        ForeignKey(
            name=f"c{number}f",
            columns=[column],
            target_table=first.name,
            target_columns=first.key,
            on_delete=action,
        )
        for action, column in filter(None, [meant.reference])
    ]
    return Table(
        meant.name,
        [
            Column(
                each.name,
                each.data_type,
                is_nullable=each.is_nullable and each.name not in meant.key,
                is_primary_key=each.name in meant.key,
                identity=each.identity,
            )
            for each in meant.columns
        ],
        primary_key=primary,
        unique_constraints=[each for each in [unique] if each],
        foreign_keys=references,
        indexes=[
            Index(
                name=each.name,
                columns=each.columns,
                is_unique=True,
                constraint=each.name,
            )
            for each in (primary, unique)
            if each
        ],
    )


@hypothesis.settings(
    max_examples=40,
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
    ],
)
@hypothesis.given(schema=schemas())
def test_a_schema_is_read_back_as_it_was_meant(
    database: psycopg.Connection, schema: list[Meant]
) -> None:
    """Names, types, keys, references: nothing is lost, added, or mixed up."""
    with database.transaction(force_rollback=True):
        found = read(database, statements(schema))
        meant = expected(schema)
        for table in meant.tables:
            [same] = [each for each in found.tables if each.name == table.name]
            for fact in (
                "primary_key",
                "unique_constraints",
                "foreign_keys",
                "indexes",
            ):
                assert getattr(same, fact) == getattr(table, fact)
            for column in table.columns:
                [read_back] = [c for c in same.columns if c.name == column.name]
                for fact in ("data_type", "is_nullable", "is_primary_key", "identity"):
                    assert getattr(read_back, fact) == getattr(column, fact)
            assert len(same.columns) == len(table.columns)
        assert len(found.tables) == len(meant.tables)
