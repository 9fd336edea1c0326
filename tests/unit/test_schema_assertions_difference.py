"""The difference between two snapshots is empty exactly where they are equal."""

from __future__ import annotations

import attrs
import hypothesis
import hypothesis.strategies as st
import pytest

from pytest_userstate import (
    Access,
    Change,
    ChangeKind,
    CheckConstraint,
    Column,
    Difference,
    Domain,
    Enum,
    Extension,
    ForeignKey,
    Index,
    KeyConstraint,
    Policy,
    SchemaSnapshot,
    Sequence,
    Source,
    Table,
    Trigger,
    View,
)

USERS = Table(
    "users",
    [Column("id", "uuid"), Column("name", "text")],
    primary_key=KeyConstraint(name="users_pkey", columns=["id"]),
)
BASE = SchemaSnapshot(
    [USERS, Table("notes", [Column("body", "text")])],
    views=[View("people", [Column("id", "uuid")])],
    enums=[Enum(name="mood", labels=["sad", "ok"])],
    domains=[Domain(name="email", data_type="text")],
    sequences=[Sequence(name="numbers")],
    extensions=[Extension(name="citext", version="1.6")],
    schemas=["public"],
)


def changes(after: SchemaSnapshot) -> list[tuple[str, str, str]]:
    """Return what changed against the base, in short."""
    found = Difference.between(BASE, after).changes
    return [(str(each.kind), each.what, each.subject) for each in found]


def with_users(**facts: object) -> SchemaSnapshot:
    """Return the base with another table of users."""
    users = attrs.evolve(USERS, **facts)
    tables = [users if table is USERS else table for table in BASE.tables]
    return attrs.evolve(BASE, tables=tables)


FOREIGN_KEY = ForeignKey(
    name="boss", columns=["id"], target_table="users", target_columns=["id"]
)
COLUMNS = list(USERS.columns)
CASES = [
    (BASE, []),
    (attrs.evolve(BASE, tables=[USERS]), [("removed", "table", "public.notes")]),
    (
        attrs.evolve(BASE, tables=[*BASE.tables, Table("new", COLUMNS)]),
        [("added", "table", "public.new")],
    ),
    (with_users(comment="all"), [("changed", "table", "public.users")]),
    (with_users(columns=COLUMNS[:1]), [("removed", "column", "public.users.name")]),
    (
        with_users(columns=[COLUMNS[0], Column("name", "citext")]),
        [("changed", "column", "public.users.name")],
    ),
    (
        with_users(columns=[*COLUMNS, Column("age", "integer")], has_row_security=True),
        [
            ("changed", "table", "public.users"),
            ("added", "column", "public.users.age"),
        ],
    ),
    (
        with_users(primary_key=None),
        [("removed", "primary key", "public.users.users_pkey")],
    ),
    (
        with_users(primary_key=KeyConstraint(name="pk", columns=["id"])),
        [("changed", "primary key", "public.users.users_pkey")],
    ),
    (
        with_users(unique_constraints=[KeyConstraint(name="u", columns=["name"])]),
        [("added", "unique constraint", "public.users.u")],
    ),
    (
        with_users(foreign_keys=[FOREIGN_KEY]),
        [("added", "foreign key", "public.users.boss")],
    ),
    (
        with_users(
            check_constraints=[CheckConstraint(name="c", definition="CHECK (a)")]
        ),
        [("added", "check constraint", "public.users.c")],
    ),
    (
        with_users(indexes=[Index(name="i", columns=["id"])]),
        [("added", "index", "public.users.i")],
    ),
    (
        with_users(triggers=[Trigger(name="t", function="f", definition="")]),
        [("added", "trigger", "public.users.t")],
    ),
    (with_users(policies=[Policy(name="p")]), [("added", "policy", "public.users.p")]),
    (
        attrs.evolve(BASE, views=[View("people", [Column("id", "text")])]),
        [("changed", "column", "public.people.id")],
    ),
    (
        attrs.evolve(BASE, enums=[Enum(name="mood", labels=["ok", "sad"])]),
        [("changed", "enum", "public.mood")],
    ),
    (
        attrs.evolve(BASE, domains=[Domain(name="email", data_type="citext")]),
        [("changed", "domain", "public.email")],
    ),
    (
        attrs.evolve(
            BASE,
            domains=[
                Domain(
                    name="email",
                    data_type="text",
                    check_constraints=[CheckConstraint(name="c", definition="x")],
                )
            ],
        ),
        [("added", "check constraint", "public.email.c")],
    ),
    (
        attrs.evolve(BASE, sequences=[Sequence(name="numbers", start=9)]),
        [("changed", "sequence", "public.numbers")],
    ),
    (
        attrs.evolve(BASE, extensions=[Extension(name="citext", version="1.7")]),
        [("changed", "extension", "citext")],
    ),
    (attrs.evolve(BASE, schemas=[]), [("removed", "schema", "public")]),
    (
        attrs.evolve(BASE, tables=[USERS], views=[View("notes")]),
        [
            ("removed", "table", "public.notes"),
            ("added", "view", "public.notes"),
            ("removed", "view", "public.people"),
        ],
    ),
]


@pytest.mark.parametrize(("after", "expected"), CASES)
def test_changes_are_told_in_the_terms_of_the_schema(
    after: SchemaSnapshot, expected: list[tuple[str, str, str]]
) -> None:
    """A table is one change, and so is each part of one that both sides have."""
    assert changes(after) == expected


@pytest.mark.parametrize(("after", "expected"), CASES)
def test_the_other_way_round_it_is_the_opposite(
    after: SchemaSnapshot, expected: list[tuple[str, str, str]]
) -> None:
    """What was added is removed, and what changed still does."""
    opposite = {"added": "removed", "removed": "added", "changed": "changed"}
    found = Difference.between(after, BASE).changes
    kinds = sorted((opposite[each.kind], each.what) for each in found)
    assert kinds == sorted((kind, what) for kind, what, _ in expected)


def test_what_differs_in_a_thing_is_told_field_by_field() -> None:
    """With the values of both sides."""
    after = with_users(columns=[COLUMNS[0], Column("name", "citext", default="'x'")])
    (change,) = Difference.between(BASE, after).changes
    assert [(each.field, each.before, each.after) for each in change.fields] == [
        ("data_type", "text", "citext"),
        ("default", None, "'x'"),
    ]
    added = Change(what="table", subject="t", before=None, after=USERS)
    assert (added.kind, added.fields) == (ChangeKind.ADDED, ())


def test_sources_and_access_do_not_count() -> None:
    """They take no part in the equality of snapshots either."""
    after = with_users(source=Source("m.sql"))
    assert Difference.between(BASE, after).is_empty
    assert Difference.between(BASE, attrs.evolve(BASE, access=Access())).is_empty


def test_bookkeeping_is_left_out_unless_asked_for() -> None:
    """A migration tool's records are none of the schema's business."""
    records = Table("records", [Column("version", "text")], is_bookkeeping=True)
    after = attrs.evolve(BASE, tables=[*BASE.tables, records])
    assert Difference.between(BASE, after).is_empty
    assert not Difference.between(BASE, after, bookkeeping=True).is_empty


def test_parts_of_the_same_name_do_not_hide_a_difference() -> None:
    """A snapshot made by hand may hold two; something is told all the same."""
    twice = [Index(name="i", columns=["id"]), Index(name="i", columns=["name"])]
    before, after = with_users(indexes=twice[1:]), with_users(indexes=twice)
    assert not Difference.between(before, after).is_empty


NAMES = st.sampled_from(["a", "b", "c"])
TYPES = st.sampled_from(["text", "uuid"])
TABLES = st.builds(
    Table,
    NAMES,
    st.lists(st.builds(Column, NAMES, TYPES), unique_by=lambda each: each.name),
    st.sampled_from(["public", "app"]),
    comment=st.none() | st.just("x"),
    indexes=st.lists(
        st.builds(Index, name=NAMES, columns=st.just(["a"]), is_unique=st.booleans()),
        unique_by=lambda each: each.name,
    ),
)
SNAPSHOTS = st.builds(
    SchemaSnapshot,
    st.lists(TABLES, unique_by=lambda each: each.qualified_name),
    enums=st.lists(
        st.builds(Enum, name=NAMES, labels=st.lists(NAMES)),
        unique_by=lambda each: each.name,
    ),
    schemas=st.lists(NAMES, unique=True),
)


@hypothesis.given(SNAPSHOTS, SNAPSHOTS)
@pytest.mark.many_examples
def test_a_difference_is_empty_exactly_for_equal_snapshots(
    before: SchemaSnapshot, after: SchemaSnapshot
) -> None:
    """Nothing that counts for equality is overlooked, and nothing else is told."""
    difference = Difference.between(before, after)
    assert difference.is_empty == (before == after)
    assert all(each.before != each.after for each in difference.changes)
    assert Difference.between(before, before).is_empty
