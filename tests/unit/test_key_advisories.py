"""Advisories about keys: what else keeps rows apart, and what the messages say."""

from __future__ import annotations

import typing as typ

import attrs
import pytest

from pytest_userstate.domain.advisories import advise
from pytest_userstate.domain.columns import (
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
    Trigger,
)
from pytest_userstate.domain.converters import identifier
from pytest_userstate.domain.model import Entity, StorageModel
from pytest_userstate.domain.snapshot import Domain, Enum, SchemaSnapshot, Table
from tests.helpers.schemas import model_with

USERS = Table("users", [Column("id", "uuid", is_primary_key=True)])


def refers(on_delete: str = "cascade") -> ForeignKey:
    """Return a foreign key of user_id to users."""
    return ForeignKey(
        name="f",
        columns=["user_id"],
        target_table="users",
        target_columns=["id"],
        on_delete=on_delete,
    )


PAIRS = Table(
    "user_interest_themes",
    [Column("user_id", "uuid"), Column("theme_id", "uuid"), Column("kind", "text")],
    foreign_keys=[refers()],
)
PAIR = ("user_id", "theme_id")
UNIQUE = Index(name="u", columns=PAIR, is_unique=True)
EXCLUDED = "EXCLUDE USING gist (user_id WITH =, theme_id WITH =, during WITH &&)"


def told(code: str, *tables: Table, **more: typ.Any) -> dict[str, str]:
    """Return the messages of this code by subject, each of which is told once."""
    model = more.pop("model", model_with())
    snapshot = SchemaSnapshot([USERS, *tables], **more)
    advisories = advise(snapshot, model=model)
    found = [(each.subject, each.message) for each in advisories if each.code == code]
    assert len(found) == len(dict(found))
    return dict(found)


@pytest.mark.parametrize(
    ("changes", "is_unique"),
    [
        ({}, False),
        ({"unique_constraints": [KeyConstraint(name="u", columns=PAIR)]}, True),
        ({"indexes": [UNIQUE]}, True),
        ({"indexes": [attrs.evolve(UNIQUE, is_unique=False)]}, False),
        ({"indexes": [attrs.evolve(UNIQUE, is_valid=False)]}, False),
        ({"indexes": [attrs.evolve(UNIQUE, predicate="(kind IS NULL)")]}, True),
        ({"indexes": [attrs.evolve(UNIQUE, columns=["user_id"])]}, True),
        (
            {
                "indexes": [
                    attrs.evolve(UNIQUE, columns=["user_id"], predicate="(kind = 'x')")
                ]
            },
            False,
        ),
        ({"indexes": [attrs.evolve(UNIQUE, columns=["lower(kind)"])]}, False),
        (
            {"indexes": [attrs.evolve(UNIQUE, columns=["(user_id)::text", *PAIR[1:]])]},
            True,
        ),
        (
            {"indexes": [attrs.evolve(UNIQUE, columns=["old_user_id", "theme_id"])]},
            False,
        ),
        (
            {
                "exclusion_constraints": [
                    ExclusionConstraint(name="e", definition=EXCLUDED)
                ]
            },
            True,
        ),
        (
            {
                "exclusion_constraints": [
                    ExclusionConstraint(
                        name="e", definition='EXCLUDE ("user_id" WITH =, kind WITH <>)'
                    )
                ]
            },
            True,
        ),
        (
            {
                "exclusion_constraints": [
                    ExclusionConstraint(
                        name="e", definition=f"{EXCLUDED} WHERE ((kind IS NULL))"
                    )
                ]
            },
            False,
        ),
        (
            {
                "exclusion_constraints": [
                    ExclusionConstraint(name="e", definition="EXCLUDE (kind WITH &&)")
                ]
            },
            False,
        ),
    ],
)
def test_what_else_keeps_a_pair_from_standing_twice(
    changes: dict[str, typ.Any],
    is_unique: bool,  # noqa: FBT001
) -> None:
    """Constraints and valid unique indexes; part of a pair only for all rows."""
    found = told("US205", attrs.evolve(PAIRS, **changes))
    assert (found == {}) is is_unique
    assert all(
        "nothing keeps the same user_id and theme_id from being stored twice; make "
        "(user_id, theme_id) the primary key, or unique" in message
        for message in found.values()
    )


BEFORE_INSERT = {"timing": "before", "events": ["insert"], "level": "row"}
AFTER_INSERT = {**BEFORE_INSERT, "timing": "after"}
CHOICES = model_with(
    Entity(
        name="choices",
        models=[StorageModel(name="m", tables="choices", columns=["user_id", "a_ids"])],
    )
)


def choices(kind: str, *triggers: Trigger) -> Table:
    """Return a table with ids of this type."""
    columns = [Column("user_id", "uuid"), Column("a_ids", kind)]
    return Table("choices", columns, foreign_keys=[refers()], triggers=triggers)


@pytest.mark.parametrize(
    ("kind", "is_told"),
    [
        ("json", True),
        ("text[]", True),
        ("colour[]", False),
        ('app."Size"[]', False),
        ('"Size"[]', False),
        ("other.colour[]", True),
    ],
)
def test_labels_of_an_enumerated_type_are_no_ids(kind: str, is_told: bool) -> None:  # noqa: FBT001
    """Written with its schema or without."""
    enums = [
        Enum(name="colour", labels=["x"]),
        Enum(name="Size", schema="app", labels=["x"]),
    ]
    found = told("US204", choices(kind), model=CHOICES, enums=enums)
    assert bool(found) is is_told


@pytest.mark.parametrize("written", ["ids", "public.ids", "more_ids"])
def test_ids_in_a_domain_are_ids(written: str) -> None:
    """However many domains there are around them."""
    domains = [
        Domain(name="ids", data_type="uuid[]"),
        Domain(name="more_ids", data_type="ids"),
    ]
    column = Column("a_ids", written, is_domain=True)
    table = attrs.evolve(choices("text"), columns=[Column("user_id", "uuid"), column])
    (message,) = told("US204", table, model=CHOICES, domains=domains).values()
    assert "the ids in this uuid[]" in message


@pytest.mark.parametrize(
    ("trigger", "may_check"),
    [
        (BEFORE_INSERT, True),
        (AFTER_INSERT, False),
        ({"is_constraint": True}, True),
        ({"is_constraint": True, "is_enabled": False}, False),
    ],
)
def test_a_trigger_may_guard_what_is_written(
    trigger: dict[str, typ.Any],
    may_check: bool,  # noqa: FBT001
) -> None:
    """Never what is deleted, which the message says."""
    made = Trigger(name="t", function="public.f", definition="x", **trigger)
    (message,) = told("US204", choices("uuid[]", made), model=CHOICES).values()
    assert ("a trigger may check what is written, not what is" in message) is may_check
    assert message.endswith("store them in a separate table, one in each row")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("set null (user_id)", "stay without an owner"),
        ("set default", "stay with another owner"),
        ("restrict", "refuse the deletion"),
    ],
)
def test_delete_rules_are_told_by_what_becomes_of_the_row(
    rule: str, words: str
) -> None:
    """Not by their names in SQL."""
    preferences = Table(
        "user_preferences",
        [Column("user_id", "uuid"), Column("interest_theme_ids", "theme")],
        foreign_keys=[refers()],
    )
    sibling = attrs.evolve(PAIRS, foreign_keys=[refers(rule)])
    (message,) = told("US203", preferences, sibling).values()
    assert f"rows of public.user_interest_themes {words}" in message


def test_a_table_that_is_tied_to_nobody_is_told_which_users_there_are() -> None:
    """The message names the table that a foreign key should lead to."""
    (message,) = told("US202", attrs.evolve(PAIRS, foreign_keys=())).values()
    assert "no foreign key ties the table to public.users, so its rows" in message


def test_a_contradiction_that_two_entities_share_is_told_once() -> None:
    """Their storages are the same tables."""
    (interests,) = (e for e in model_with().entities if e.name == "interests")
    preferences = Table(
        "user_preferences",
        [Column("user_id", "uuid"), Column("interest_theme_ids", "theme")],
        foreign_keys=[refers()],
    )
    sibling = attrs.evolve(PAIRS, foreign_keys=[refers("restrict")])
    model = model_with(attrs.evolve(interests, name="likes"))
    snapshot = SchemaSnapshot([USERS, preferences, sibling])
    codes = [each.code for each in advise(snapshot, model=model)]
    assert codes.count("US203") == 1


@pytest.mark.parametrize(
    ("columns", "any_of", "is_told"),
    [
        (("user_id", "theme_id"), (), True),
        (("userId", "themeId"), (), True),
        (("owner", "theme"), (), True),
        (("user_id", "note"), (), False),
        (("user_id",), (), False),
        (("user_id", "theme_id"), (("kind_id",),), False),
    ],
)
def test_what_makes_a_table_one_of_pairs(
    columns: tuple[str, ...],
    any_of: tuple[tuple[str, ...], ...],
    is_told: bool,  # noqa: FBT001
) -> None:
    """The model needs several columns, all of which refer to something."""
    stored = StorageModel(name="m", tables="pairs", columns=columns, any_of=any_of)
    names = dict.fromkeys([*columns, *(name for group in any_of for name in group)])
    keys = [
        attrs.evolve(refers(), name=name, columns=[name])
        for name in names
        if name in {"owner", "theme"}
    ]
    table = Table("pairs", [Column(n, "uuid") for n in names], foreign_keys=keys)
    model = model_with(Entity(name="pairs", models=[stored]))
    assert bool(told("US205", table, model=model)) is is_told


@pytest.mark.parametrize(
    ("kind", "is_new_each_time"),
    [
        ("date", True),
        ("time without time zone", True),
        ("timestamp without time zone", True),
        ("text", False),
    ],
)
def test_a_pair_comes_again_at_another_time(
    kind: str,
    is_new_each_time: bool,  # noqa: FBT001
) -> None:
    """Unless an exclusion constraint says so, which is over times by its nature."""
    columns = [*PAIRS.columns, Column("at", kind)]
    key = KeyConstraint(name="k", columns=[*PAIR, "at"])
    table = attrs.evolve(PAIRS, columns=columns, unique_constraints=[key])
    assert bool(told("US205", table)) is is_new_each_time
    definition = "EXCLUDE (user_id WITH =, theme_id WITH =, at WITH =)"
    excluded = ExclusionConstraint(name="e", definition=definition)
    table = attrs.evolve(table, exclusion_constraints=[excluded])
    assert told("US205", table) == {}


def kept(name: str, *tables: str, columns: tuple[str, ...] = ("user_id",)) -> Entity:
    """Return an entity that is stored in any of these tables."""
    models = [
        StorageModel(name=f"m{number}", tables=table, columns=columns)
        for number, table in enumerate(tables)
    ]
    return Entity(name=name, models=models)


def owned(name: str, *rules: str, schema: str = "public") -> Table:
    """Return a table that refers to users, with these rules on deletion."""
    keys = [attrs.evolve(refers(rule), name=rule) for rule in rules]
    return Table(name, [Column("user_id", "uuid")], schema, foreign_keys=keys)


def test_a_tied_table_hides_none_that_is_not() -> None:
    """All users' tables are named as targets, in one order."""
    schemas = ("a", "b", "c", "d", "public")
    model = model_with(kept("notes", "first", "last"), schemas=schemas)
    users = [attrs.evolve(USERS, schema=each) for each in schemas[:-1]]
    tables = [owned("first", "cascade"), owned("last"), *users]
    assert told("US202", *tables, model=model) == {
        "public.last": (
            "no foreign key ties the table to a.users, b.users, c.users, d.users, or "
            "public.users, so its rows can belong to nobody; add one to the column "
            "that holds the user's id"
        )
    }


def test_users_of_another_schema_can_refer_to_what_is_theirs() -> None:
    """The foreign key of exactly that table counts."""
    model = model_with(kept("notes", "app.notes"), schemas=["app", "public"])
    to_notes = ForeignKey(
        name="f",
        columns=["id"],
        target_schema="app",
        target_table="notes",
        target_columns=["user_id"],
    )
    users = attrs.evolve(USERS, schema="app", foreign_keys=[to_notes])
    notes = owned("notes", schema="app")
    assert told("US202", users, notes, model=model) == {}
    users = attrs.evolve(users, foreign_keys=())
    assert {*told("US202", users, notes, model=model)} == {"app.notes"}


@pytest.mark.parametrize(
    ("is_flagged", "is_named", "is_tied"),
    [(True, True, True), (True, False, True), (False, True, True), (False,) * 3],
)
def test_a_primary_key_says_whose_a_row_is(
    is_flagged: bool,  # noqa: FBT001
    is_named: bool,  # noqa: FBT001
    is_tied: bool,  # noqa: FBT001
) -> None:
    """Also where no model needs its columns, by whichever the snapshot has."""
    key = KeyConstraint(name="k", columns=["user_id"])
    table = Table(
        "notes",
        [Column("user_id", "uuid", is_primary_key=is_flagged), Column("note", "text")],
        primary_key=key if is_named else None,
        foreign_keys=[refers()],
    )
    model = model_with(kept("notes", "notes", columns=("note",)))
    assert (told("US202", table, model=model) == {}) is is_tied


def test_a_contradiction_names_each_table_once_with_each_effect() -> None:
    """At the first that differs; in one order where a table differs from itself."""
    parting = [owned("a", "cascade"), owned("b", "restrict"), owned("c", "restrict")]
    model = model_with(kept("notes", "a", "a", "b", "c"))
    assert told("US203", *parting, model=model) == {
        "public.b": (
            "notes is kept in tables that part when a user is deleted: rows of "
            "public.a go with the user; rows of public.b and public.c refuse the "
            "deletion; give their foreign keys the same ON DELETE"
        )
    }
    itself = owned("a", "set null", "set default", "restrict", "cascade")
    (message,) = told("US203", itself, model=model).values()
    assert (
        ": rows of public.a go with the user; rows of public.a refuse the deletion; "
        "rows of public.a stay with another owner; rows of public.a stay without an "
        "owner; give" in message
    )


@pytest.mark.parametrize(
    "others", [("public.a", "public.b"), ("app.c", "app.d"), ("app.a", "app.b")]
)
def test_contradictions_of_two_entities_are_both_told(others: tuple[str, str]) -> None:
    """Where they are not the same tables; a schema or a name may be the same."""
    one, two = (each.split(".") for each in others)
    tables = [
        owned("c", "cascade"),
        owned("d", "restrict"),
        owned(one[1], "cascade", schema=one[0]),
        owned(two[1], "restrict", schema=two[0]),
    ]
    model = model_with(kept("notes", "public.c", "public.d"), kept("likes", *others))
    assert {*told("US203", *tables, model=model)} == {"public.d", others[1]}


def test_one_trigger_that_checks_is_enough() -> None:
    """Others may do something else."""
    checks = Trigger(name="a", function="f", definition="x", is_constraint=True)
    other = Trigger(name="b", function="f", definition="x")
    table = choices("uuid[]", checks, other)
    (message,) = told("US204", table, model=CHOICES).values()
    assert "a trigger may check what is written" in message


def test_a_pair_that_two_entities_store_is_told_once() -> None:
    """It is the same table, and one key mends it for both."""
    model = model_with(
        kept("likes", PAIRS.name, columns=PAIR), kept("tags", PAIRS.name, columns=PAIR)
    )
    assert {*told("US205", PAIRS, model=model)} == {"public.user_interest_themes"}


def test_what_is_joined_may_have_a_default() -> None:
    """A default that looks up who is asking makes no pair a new one."""
    asking = "(current_setting('app.user'::text))::uuid"
    columns = [
        *(Column(name, "uuid", default=asking) for name in PAIR),
        Column("kind", "text"),
    ]
    keys = [KeyConstraint(name="k", columns=[*PAIR, "kind"])]
    table = attrs.evolve(PAIRS, columns=columns, unique_constraints=keys)
    assert told("US205", table) == {}


def test_a_joined_column_may_have_any_name() -> None:
    """It is found in a larger key by its whole name."""
    pair = ("#user_id", "#theme_id")
    table = Table(
        "pairs",
        [Column(name, "uuid") for name in (*pair, "kind")],
        unique_constraints=[KeyConstraint(name="k", columns=[*pair, "kind"])],
    )
    model = model_with(kept("pairs", "pairs", columns=pair))
    assert told("US205", table, model=model) == {}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("revision", "revision"),
        ("_1", "_1"),
        ("Revision", '"Revision"'),
        ("1st", '"1st"'),
        ('the "first"', '"the ""first"""'),
    ],
)
def test_a_name_is_written_as_sql_takes_it(name: str, written: str) -> None:
    """Quoted where it has to be, so that the advice can be pasted."""
    assert identifier(name) == written


def test_pairs_of_one_table_are_told_in_the_order_of_the_model() -> None:
    """Each with its own key."""
    pairs = [("user_id", "theme_id"), ("user_id", "place_id")]
    storages = [
        StorageModel(name="_".join(pair), tables="pairs", columns=pair)
        for pair in pairs
    ]
    names = dict.fromkeys(name for pair in pairs for name in pair)
    table = Table("pairs", [Column(name, "uuid") for name in names])
    model = model_with(Entity(name="pairs", models=storages))
    advisories = advise(SchemaSnapshot([table]), model=model)
    assert [each.message for each in advisories if each.code == "US205"] == [
        f"nothing keeps the same {one} and {other} from being stored twice; make "
        f"({one}, {other}) the primary key, or unique"
        for one, other in pairs
    ]
