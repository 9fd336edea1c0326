"""The diagram of the user-state tables: which tables, which keys, which lines."""

from __future__ import annotations

import json
import typing as typ

import attrs
import pytest

from pytest_userstate.application.reporting.json_report import plain
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.domain.snapshot import (
    Column,
    ForeignKey,
    Index,
    KeyConstraint,
    SchemaSnapshot,
    Table,
)
from pytest_userstate.domain.state_diagram import (
    KeyRole,
    StateDiagram,
    StateRelation,
    draw,
)
from tests.helpers.schemas import model_with

USERS = Table(
    "users",
    [Column("id", "uuid", is_primary_key=True), Column("email", "text")],
    primary_key=KeyConstraint(name="users_pkey", columns=["id"]),
)
ID = Column("user_id", "uuid")
NULLABLE = Column("user_id", "uuid", is_nullable=True)
THEME = Column("theme_id", "uuid")
TENANT_OR_NONE = Column("tenant_id", "uuid", is_nullable=True)
KEY = ForeignKey(
    name="fk", columns=["user_id"], target_table="users", target_columns=["id"]
)


def diagram(*tables: Table) -> StateDiagram:
    """Return the diagram under the default model."""
    return draw(SchemaSnapshot(tables), DEFAULT_MODEL)


def child(*columns: Column, **facts: typ.Any) -> Table:
    """Return a table of interests that refers to users unless told otherwise."""
    return Table("user_preferences", columns, **{"foreign_keys": [KEY], **facts})


def relation(*columns: Column, **facts: typ.Any) -> StateRelation:
    """Return the one relation of such a table."""
    (found,) = diagram(USERS, child(*columns, **facts)).relations
    return found


def key(*columns: str, **facts: typ.Any) -> KeyConstraint:
    """Return a key over the columns."""
    return KeyConstraint(name="k", columns=columns, **facts)


@pytest.mark.parametrize(
    ("columns", "facts", "ends"),
    [
        ([ID], {}, (False, False, False)),
        ([NULLABLE], {}, (True, False, False)),
        ([ID], {"primary_key": key("user_id")}, (False, True, True)),
        ([NULLABLE], {"unique_constraints": [key("user_id")]}, (True, True, False)),
        (
            [ID, THEME],
            {"primary_key": key("user_id", "theme_id")},
            (False, False, True),
        ),
        ([ID, THEME], {"primary_key": key("theme_id")}, (False, False, False)),
        (
            [ID],
            {"indexes": [Index(name="i", columns=["user_id"], is_unique=True)]},
            (False, True, False),
        ),
        ([ID], {"indexes": [Index(name="i", columns=["user_id"])]}, (False,) * 3),
        (
            [ID],
            {
                "indexes": [
                    Index(name="i", columns=["user_id"], is_unique=True, predicate="x")
                ]
            },
            (False, False, False),
        ),
        (
            [ID],
            {
                "indexes": [
                    Index(name="i", columns=["user_id"], is_unique=True, is_valid=False)
                ]
            },
            (False, False, False),
        ),
        (
            [ID],
            {"indexes": [Index(name="i", columns=["lower(user_id)"], is_unique=True)]},
            (False, False, False),
        ),
        (
            [ID],
            {"unique_constraints": [key("user_id", is_temporal=True)]},
            (False, False, False),
        ),
        ([ID, TENANT_OR_NONE], {}, (False, False, False)),
        (
            [ID, attrs.evolve(THEME, is_primary_key=True)],
            {"primary_key": key("user_id", is_temporal=True)},
            (False, False, True),
        ),
        (
            [attrs.evolve(ID, is_primary_key=True)],
            {"primary_key": key("user_id", is_temporal=True)},
            (False, False, True),
        ),
        (
            [ID],
            {
                "unique_constraints": [key("user_id", is_temporal=True)],
                "indexes": [
                    Index(name="i", columns=["user_id"], is_unique=True, constraint="k")
                ],
            },
            (False, False, False),
        ),
        (
            [ID],
            {
                "foreign_keys": [attrs.evolve(KEY, is_temporal=True)],
                "unique_constraints": [key("user_id")],
            },
            (False, False, False),
        ),
        (
            [attrs.evolve(ID, is_primary_key=True)],
            {},
            (False, True, True),
        ),
    ],
)
def test_ends_follow_from_nullability_and_uniqueness(
    columns: list[Column], facts: dict[str, typ.Any], ends: tuple[bool, bool, bool]
) -> None:
    """Optional where the reference can be null, single where it is unique."""
    found = relation(*columns, **facts)
    assert (found.is_optional, found.is_single, found.is_identifying) == ends


COMPOSITE = ForeignKey(
    name="fk",
    columns=["user_id", "tenant_id"],
    target_table="users",
    target_columns=["id", "tenant_id"],
)
TENANT = Column("tenant_id", "uuid", is_nullable=True)


@pytest.mark.parametrize(
    ("match", "columns", "is_optional"),
    [
        ("simple", [ID, TENANT], True),
        ("full", [ID, TENANT], False),
        ("full", [NULLABLE, TENANT], True),
    ],
)
def test_composite_keys_are_optional_by_their_match(
    match: str,
    columns: list[Column],
    is_optional: bool,  # noqa: FBT001
) -> None:
    """MATCH SIMPLE is let off by any null, MATCH FULL only by nulls throughout."""
    reference = attrs.evolve(COMPOSITE, match=match)
    assert relation(*columns, foreign_keys=[reference]).is_optional is is_optional


def test_a_composite_reference_is_single_by_any_key_within_it() -> None:
    """A unique key over part of the referring columns is enough."""
    unique = {"unique_constraints": [key("user_id")]}
    assert relation(ID, TENANT, foreign_keys=[COMPOSITE], **unique).is_single
    wider = {"unique_constraints": [key("user_id", "tenant_id", "theme_id")]}
    found = relation(ID, TENANT, THEME, foreign_keys=[COMPOSITE], **wider)
    assert not found.is_single


@pytest.mark.parametrize("fact", ["is_enforced", "is_validated"])
def test_what_is_not_enforced_promises_nothing(fact: str) -> None:
    """A row may then refer to none, although its column is never null."""
    found = relation(ID, foreign_keys=[attrs.evolve(KEY, **{fact: False})])
    assert (found.is_certain, found.is_optional) == (False, True)


def test_a_table_may_refer_to_itself() -> None:
    """Both ends are the same table."""
    manager = ForeignKey(
        name="m", columns=["manager"], target_table="users", target_columns=["id"]
    )
    table = attrs.evolve(
        USERS,
        columns=[*USERS.columns, Column("manager", "uuid", is_nullable=True)],
        foreign_keys=[manager],
    )
    found = diagram(table)
    assert [each.qualified_name for each in found.tables] == ["public.users"]
    (line,) = found.relations
    assert (line.table, line.target_table, line.is_optional) == ("users", "users", True)


def test_tables_that_are_only_referred_to_show_their_keys() -> None:
    """Other tables, and what those refer to, are left out."""
    themes = Table(
        "themes",
        [Column("id", "uuid", is_primary_key=True), Column("title", "text")],
        foreign_keys=[attrs.evolve(KEY, columns=["id"], target_table="others")],
    )
    join = Table(
        "user_interest_themes",
        [ID, THEME],
        foreign_keys=[
            attrs.evolve(KEY, name="t", columns=["theme_id"], target_table="themes")
        ],
    )
    others = Table("others", [Column("id", "uuid")])
    found = diagram(join, themes, others)
    assert [(each.name, each.holds_state) for each in found.tables] == [
        ("user_interest_themes", True),
        ("themes", False),
    ]
    assert [column.name for column in found.tables[1].columns] == ["id"]
    assert [line.name for line in found.relations] == ["t"]


def test_what_is_referred_to_shows_the_columns_that_references_reach() -> None:
    """Of each table its own, where schemas have tables of one name, in their order."""
    columns = [Column(name, "text") for name in ("email", "id", "nick", "region")]
    primary = key("region", "id")
    themes = Table("themes", columns, primary_key=primary)
    copy = Table("themes", columns, schema="old", primary_key=primary)
    tags = Table("tags", columns, primary_key=primary)
    to_email, to_old_nick, to_tag, nowhere = (
        ForeignKey(
            name=name,
            columns=["theme_id"],
            target_schema=schema,
            target_table=table,
            target_columns=[column],
        )
        for name, schema, table, column in (
            ("a", "public", "themes", "email"),
            ("b", "old", "themes", "nick"),
            ("c", "public", "tags", "region"),
            ("d", "hidden", "themes", "id"),
        )
    )
    holder = child(ID, THEME, foreign_keys=[to_email, to_old_nick, to_tag, nowhere])
    found = diagram(holder, themes, copy, tags)
    shown = {
        each.qualified_name: [column.name for column in each.columns]
        for each in found.tables
        if not each.holds_state
    }
    assert shown == {
        "public.themes": ["region", "id", "email"],
        "old.themes": ["region", "id", "nick"],
        "public.tags": ["region", "id"],
    }
    assert [line.name for line in found.relations] == ["a", "b", "c"]


def test_incomplete_tables_are_shown_and_unexpected_ones_are_not() -> None:
    """What is there under a model's name is worth seeing, complete or not."""
    assert diagram(Table("users", [Column("id", "uuid")])).tables
    entities = [
        attrs.evolve(each, expected=False, reason="x")
        for each in DEFAULT_MODEL.entities
    ]
    assert draw(SchemaSnapshot([USERS]), model_with(*entities)).tables == ()


def test_columns_say_which_keys_they_are_part_of() -> None:
    """The primary key comes first, in its order; then references; then the rest."""
    table = child(
        Column("email", "text"),
        Column("a", "text"),
        ID,
        Column("region", "text"),
        primary_key=key("region", "a"),
        unique_constraints=[
            key("email"),
            KeyConstraint(name="k2", columns=["user_id", "a"]),
        ],
    )
    (found,) = (t for t in diagram(USERS, table).tables if t.name == table.name)
    assert [(c.name, c.roles, c.unique_with) for c in found.columns] == [
        ("region", (KeyRole.PRIMARY,), ()),
        ("a", (KeyRole.PRIMARY,), (("user_id",),)),
        ("user_id", (KeyRole.FOREIGN,), (("a",),)),
        ("email", (KeyRole.UNIQUE,), ()),
    ]


def test_a_column_of_several_references_is_a_foreign_key() -> None:
    """Each of them is drawn; keys that constraints keep are told before indexes."""
    table = child(
        Column("email", "text"),
        Column("theme_id", "uuid"),
        ID,
        foreign_keys=[
            KEY,
            attrs.evolve(KEY, name="k2", columns=["theme_id"]),
        ],
        unique_constraints=[key("user_id", "theme_id")],
        indexes=[Index(name="i", columns=["user_id", "email"], is_unique=True)],
    )
    (found,) = (t for t in diagram(USERS, table).tables if t.name == table.name)
    assert [(c.name, c.roles, c.unique_with) for c in found.columns] == [
        ("theme_id", (KeyRole.FOREIGN,), (("user_id",),)),
        ("user_id", (KeyRole.FOREIGN,), (("theme_id",), ("email",))),
        ("email", (), (("user_id",),)),
    ]


def test_a_key_is_told_once_and_expressions_are_none() -> None:
    """Whatever indexes say again; a primary key of one column is no unique one too."""
    pair = ["email", "user_id"]
    table = child(
        Column("email", "text"),
        attrs.evolve(ID, is_primary_key=True),
        unique_constraints=[key(*pair), key("user_id")],
        indexes=[
            Index(name="again", columns=pair, is_unique=True),
            Index(name="folded", columns=["user_id", "lower(email)"], is_unique=True),
        ],
    )
    (found,) = (t for t in diagram(USERS, table).tables if t.name == table.name)
    assert [(c.name, c.roles, c.unique_with) for c in found.columns] == [
        ("user_id", (KeyRole.PRIMARY, KeyRole.FOREIGN), (("email",),)),
        ("email", (), (("user_id",),)),
    ]


def test_the_diagram_is_plain_values_in_reports() -> None:
    """Programs that draw it themselves have every table, column, and relation."""
    table = child(
        ID,
        Column("email", "text"),
        primary_key=key("user_id"),
        unique_constraints=[key("email", "user_id")],
    )
    drawn = diagram(USERS, table)
    value = json.loads(json.dumps(plain(drawn)))
    assert [t["name"] for t in value["tables"]] == [t.name for t in drawn.tables]
    assert [r["name"] for r in value["relations"]] == [r.name for r in drawn.relations]
    assert drawn.relations
