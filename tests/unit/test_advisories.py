"""Advisories: each rule with schemas that it is about, and some that only look so."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.advisories import RULES, advise
from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ForeignKey,
    Generated,
    Identity,
    Index,
    KeyConstraint,
    Source,
    Trigger,
)
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Entity,
    StorageModel,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table, View
from tests.helpers.schemas import model_with

ID = Column("id", "uuid", is_primary_key=True)
REVISION = Column("revision", "integer", default="1")
POSITIVE = CheckConstraint(name="c", definition="CHECK ((revision > 0))")


def key(*columns: str) -> KeyConstraint:
    """Return a key over the columns."""
    return KeyConstraint(name="key", columns=columns)


def refers(
    column: str = "user_id", to: str = "users", on_delete: str = "cascade"
) -> ForeignKey:
    """Return a foreign key."""
    schema, _, name = f"public.{to}".rpartition(".")
    return ForeignKey(
        name=f"{column}_to_{to}",
        columns=[column],
        target_table=name,
        target_schema=schema.rpartition(".")[2],
        target_columns=["id"],
        on_delete=on_delete,
    )


USERS = Table("users", [ID, Column("display_name", "text")], primary_key=key("id"))
PREFERENCES = Table(
    "user_preferences",
    [Column("user_id", "uuid"), Column("interest_theme_ids", "theme"), REVISION],
    primary_key=key("user_id"),
    foreign_keys=[refers()],
    check_constraints=[POSITIVE],
)
JOIN_TABLE = Table(
    "user_interest_themes",
    [Column("user_id", "uuid"), Column("theme_id", "uuid")],
    primary_key=key("user_id", "theme_id"),
    foreign_keys=[refers(), refers("theme_id", "themes", "restrict")],
)
CREDENTIALS = Table(
    "user_credentials",
    [Column("user_id", "uuid"), Column("password_hash", "text")],
    primary_key=key("user_id"),
    foreign_keys=[refers()],
)


BY_PAIR = Index(name="by_pair", columns=["user_id", "theme_id"], is_unique=True)


def found(*tables: Table, model: AuditModel = DEFAULT_MODEL) -> list[tuple[str, str]]:
    """Return code and subject of each advisory; users are added where missing."""
    users = () if any(each.name == "users" for each in tables) else (USERS,)
    snapshot = SchemaSnapshot([*users, *tables])
    return [(each.code, each.subject) for each in advise(snapshot, model=model)]


def with_revision(**changes: object) -> Table:
    """Return the preferences with another revision column."""
    column = attrs.evolve(REVISION, **changes)  # type: ignore[arg-type]
    others = [each for each in PREFERENCES.columns if each.name != "revision"]
    return attrs.evolve(PREFERENCES, columns=[*others, column])


def test_a_careful_schema_has_nothing_to_say() -> None:
    """Also with each of the storages beside the others."""
    assert found(PREFERENCES, JOIN_TABLE, CREDENTIALS) == []


def test_what_keeps_no_user_state_is_left_alone() -> None:
    """A name alone is not enough, nor is a view; nor what is not expected."""
    bare = Table(
        "orders", [Column("revision", "integer"), Column("updated_at", "date")]
    )
    incomplete = Table("credentials", [Column("password_hash", "char(2)")])
    elsewhere = Table("user_preferences", bare.columns, "billing")
    assert found(bare, incomplete, elsewhere) == []
    view = View("user_interest_themes", JOIN_TABLE.columns)
    assert advise(SchemaSnapshot([USERS], views=[view])) == ()
    (login,) = (each for each in DEFAULT_MODEL.entities if each.name == "login")
    login = attrs.evolve(login, expected=False, reason="single sign-on")
    nullable = Column("password_hash", "text", is_nullable=True)
    users = attrs.evolve(USERS, columns=[*USERS.columns, nullable])
    assert found(users) == [("US301", "public.users.password_hash")]
    assert found(users, model=model_with(login)) == []


# US101, US102


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ["US101"]),
        ({"data_type": "bigint"}, ["US101"]),
        ({"data_type": "numeric(20,0)"}, ["US101"]),
        ({"data_type": "uuid"}, []),
        ({"data_type": "xid8"}, []),
        ({"data_type": "timestamp with time zone"}, []),
        ({"default": None}, ["US101", "US102"]),
        ({"default": None, "data_type": "uuid"}, ["US102"]),
        ({"default": "NULL::integer"}, ["US101", "US102"]),
        ({"default": None, "identity": Identity.BY_DEFAULT}, []),
        ({"default": None, "generated": Generated.STORED}, []),
    ],
)
def test_revision_columns(changes: dict[str, object], codes: list[str]) -> None:
    """Numbers want a check; whatever can be written wants a default."""
    table = attrs.evolve(with_revision(**changes), check_constraints=())
    subject = "public.user_preferences.revision"
    assert found(table) == [(code, subject) for code in codes]


@pytest.mark.parametrize(
    ("check", "is_enough"),
    [
        (POSITIVE, True),
        (attrs.evolve(POSITIVE, columns=["revision"]), True),
        (attrs.evolve(POSITIVE, is_validated=False), True),
        (attrs.evolve(POSITIVE, is_enforced=False), False),
        (attrs.evolve(POSITIVE, columns=["old_revision"]), False),
        (attrs.evolve(POSITIVE, definition="CHECK ((old_revision > 0))"), False),
    ],
)
def test_which_checks_count(check: CheckConstraint, is_enough: bool) -> None:  # noqa: FBT001
    """Those that hold for new rows; old ones need not have been looked at."""
    table = attrs.evolve(PREFERENCES, check_constraints=[check])
    assert (found(table) == []) is is_enough


def test_a_missing_default_says_what_an_insert_does() -> None:
    """It fails, or leaves a null behind."""
    messages = [
        advise(SchemaSnapshot([with_revision(default=None, is_nullable=nullable)]))
        for nullable in (False, True)
    ]
    assert "an insert that does not name it fails" in messages[0][0].message
    assert "does not name it starts as null" in messages[1][0].message


# US103


def test_several_revision_sources() -> None:
    """Of one entity's state; where one storage was declared, that one counts."""
    both = attrs.evolve(
        JOIN_TABLE,
        columns=[*JOIN_TABLE.columns, REVISION],
        check_constraints=[POSITIVE],
    )
    (advisory,) = advise(SchemaSnapshot([USERS, PREFERENCES, both]))
    assert advisory.code == "US103"
    assert (
        "interests has 2 revisions, public.user_preferences.revision and "
        "public.user_interest_themes.revision" in advisory.message
    )
    assert found(PREFERENCES, both, model=model_with(canonical="join_table")) == []
    assert found(both) == []


def test_two_revisions_in_one_table() -> None:
    """Also where several storages are fine, each of which keeps its own."""
    models = [
        StorageModel(
            name=name,
            tables=name,
            columns=["user_id"],
            revision=["revision", "version"],
        )
        for name in ("one", "two")
    ]
    consents = Entity(name="consents", models=models, allow_multiple=True)
    one = attrs.evolve(PREFERENCES, name="one")
    assert found(one, attrs.evolve(one, name="two"), model=model_with(consents)) == []
    version = Column("version", "uuid", default="gen_random_uuid()")
    twice = attrs.evolve(one, columns=[*one.columns, version])
    assert found(twice, attrs.evolve(one, name="two"), model=model_with(consents)) == [
        ("US103", "public.one.revision")
    ]


# US201


def test_a_table_without_a_primary_key() -> None:
    """Named by the constraint, or by the columns where a snapshot has only these."""
    bare = attrs.evolve(USERS, primary_key=None)
    assert found(bare) == []
    no_key = attrs.evolve(bare, columns=[Column("id", "uuid"), *USERS.columns[:1]])
    (advisory,) = advise(SchemaSnapshot([no_key]))
    assert (advisory.code, advisory.subject) == ("US201", "public.users")
    assert "add one, on the columns that distinguish its rows" in advisory.message


@pytest.mark.parametrize(
    ("changes", "could"),
    [
        ({}, True),
        ({"is_unique": False}, False),
        ({"is_valid": False}, False),
        ({"predicate": "(deleted_at IS NULL)"}, False),
        ({"columns": ["nickname"]}, False),
        ({"columns": ["lower(display_name)"]}, False),
        ({"columns": ["id", "display_name"]}, True),
        ({"constraint": "key"}, False),
        ({"constraint": "firm"}, True),
    ],
)
def test_a_unique_index_that_could_become_the_primary_key(
    changes: dict[str, object],
    could: bool,  # noqa: FBT001
) -> None:
    """PostgreSQL takes a valid, plain one over columns that are never null."""
    index = Index(name="By id", columns=["id"], is_unique=True)
    users = Table(
        "users",
        [
            Column("id", "uuid"),
            Column("display_name", "text"),
            Column("nickname", "text", is_nullable=True),
        ],
        unique_constraints=[
            attrs.evolve(key("id"), is_deferrable=True),
            attrs.evolve(key("id"), name="firm"),
        ],
        indexes=[attrs.evolve(index, **changes)],  # type: ignore[arg-type]
    )
    (advisory,) = advise(SchemaSnapshot([users]))
    assert advisory.message == (
        "the table has no primary key, so nothing names one of its rows; "
        + (
            'the unique index "By id" could become it'
            if could
            else "add one, on the columns that distinguish its rows"
        )
    )


def test_every_table_without_a_primary_key_is_told() -> None:
    """Those before it may have one."""
    bare = attrs.evolve(JOIN_TABLE, primary_key=None, indexes=[BY_PAIR])
    assert found(CREDENTIALS, bare) == [("US201", "public.user_interest_themes")]


# US202, US203


@pytest.mark.parametrize(
    ("foreign_key", "is_enough"),
    [
        (refers(), True),
        (refers(to="auth.users"), True),
        (attrs.evolve(refers(), is_validated=False), True),
        (attrs.evolve(refers(), is_enforced=False), False),
        (refers("created_by"), False),
        (refers("theme_id", "themes"), False),
        (refers(to="people"), False),
    ],
)
def test_a_foreign_key_to_users(foreign_key: ForeignKey, is_enough: bool) -> None:  # noqa: FBT001
    """From a column that says whose a row is, and checked for new rows."""
    columns = [*JOIN_TABLE.columns, Column("created_by", "uuid")]
    table = attrs.evolve(JOIN_TABLE, columns=columns, foreign_keys=[foreign_key])
    advisories = found(table)
    assert (advisories == []) is is_enough
    assert {*advisories} <= {("US202", "public.user_interest_themes")}


def test_users_can_be_reached_over_other_user_state() -> None:
    """But not over a table that only both refer to."""
    over = attrs.evolve(JOIN_TABLE, foreign_keys=[refers(to="user_preferences")])
    assert found(PREFERENCES, over) == []
    themes = Table("themes", [ID], foreign_keys=[refers("id", "users")])
    users = attrs.evolve(USERS, foreign_keys=[refers("id", "themes")])
    astray = attrs.evolve(JOIN_TABLE, foreign_keys=[refers("theme_id", "themes")])
    assert found(users, themes, astray) == [("US202", "public.user_interest_themes")]


def test_users_can_refer_to_what_is_theirs() -> None:
    """Then the foreign key stands on the other side."""
    users = attrs.evolve(USERS, foreign_keys=[refers("id", "user_preferences")])
    assert found(users, attrs.evolve(PREFERENCES, foreign_keys=())) == []


def test_without_users_nothing_could_refer_to_them() -> None:
    """That there are none is what the schema check says."""
    alone = attrs.evolve(PREFERENCES, foreign_keys=())
    assert advise(SchemaSnapshot([alone])) == ()
    assert found(alone) == [("US202", "public.user_preferences")]


@pytest.mark.parametrize(
    ("rule", "agrees"),
    [
        ("cascade", True),
        ("no action", False),
        ("restrict", False),
        ("set null", False),
        ("set null (user_id)", False),
        ("set default", False),
    ],
)
def test_delete_rules_of_siblings(rule: str, agrees: bool) -> None:  # noqa: FBT001
    """Storages of one entity; what else refers to users is no sibling."""
    sibling = attrs.evolve(JOIN_TABLE, foreign_keys=[refers(on_delete=rule)])
    expected = [] if agrees else [("US203", "public.user_interest_themes")]
    assert found(PREFERENCES, sibling) == expected
    other = attrs.evolve(CREDENTIALS, foreign_keys=[refers(on_delete=rule)])
    assert found(PREFERENCES, other) == []


def test_rules_that_do_the_same_do_not_contradict() -> None:
    """Both refuse; only when they are checked differs."""
    one = attrs.evolve(PREFERENCES, foreign_keys=[refers(on_delete="restrict")])
    two = attrs.evolve(JOIN_TABLE, foreign_keys=[refers(on_delete="no action")])
    assert found(one, two) == []


def test_only_whose_a_row_is_counts_for_delete_rules() -> None:
    """A note of who made the row may stay when its maker goes."""
    made_by = refers("created_by", on_delete="set null")
    sibling = attrs.evolve(
        JOIN_TABLE,
        columns=[*JOIN_TABLE.columns, Column("created_by", "uuid", is_nullable=True)],
        foreign_keys=[refers(), made_by],
    )
    assert found(PREFERENCES, sibling) == []


def test_contradicting_delete_rules_are_told_in_words() -> None:
    """Which table does what."""
    sibling = attrs.evolve(JOIN_TABLE, foreign_keys=[refers(on_delete="set null")])
    (advisory,) = advise(SchemaSnapshot([USERS, PREFERENCES, sibling]))
    assert (
        ": rows of public.user_preferences go with the user; rows of "
        "public.user_interest_themes stay without an owner; " in advisory.message
    )


# US204


@pytest.mark.parametrize(
    ("name", "kind", "is_told"),
    [
        ("interest_theme_ids", "uuid[]", True),
        ("interest_theme_ids", "bigint[]", True),
        ("interest_theme_ids", "jsonb", True),
        ("interest_theme_ids", "uuid", False),
        ("interest_theme_ids", "text", False),
        ("themes", "uuid[]", True),
        ("themes", "text[]", False),
        ("scores", "integer[]", False),
        ("grids", "integer[]", False),
    ],
)
def test_ids_that_no_foreign_key_guards(name: str, kind: str, is_told: bool) -> None:  # noqa: FBT001
    """In what the model needs: other columns may hold ids of somebody else."""
    stored = StorageModel(name="m", tables="choices", columns=["user_id", name])
    entity = Entity(name="choices", models=[stored])
    table = Table(
        "choices",
        [Column("user_id", "uuid"), Column(name, kind), Column("device_ids", "uuid[]")],
        primary_key=key("user_id"),
        foreign_keys=[refers()],
    )
    expected = [("US204", f"public.choices.{name}")] if is_told else []
    assert found(table, model=model_with(entity)) == expected


# US205


@pytest.mark.parametrize(
    ("columns", "is_unique"),
    [
        (["user_id", "theme_id"], True),
        (["theme_id", "user_id"], True),
        (["user_id"], True),
        (["tenant_id", "user_id", "theme_id"], True),
        (["user_id", "theme_id", "bucket"], True),
        (["user_id", "theme_id", "kind"], True),
        (["user_id", "theme_id", "chosen_at"], False),
        (["user_id", "theme_id", "number"], False),
        (["user_id", "theme_id", "counted"], False),
        (["user_id", "theme_id", "drawn"], False),
        (["id"], False),
        (["tenant_id", "user_id"], False),
    ],
)
def test_what_keeps_a_pair_from_standing_twice(
    columns: list[str],
    is_unique: bool,  # noqa: FBT001
) -> None:
    """What is new each time does not; a partition's column has to be in the key."""
    more = [
        Column("id", "text"),
        Column("tenant_id", "uuid"),
        Column("kind", "text", is_primary_key=True, default="'likes'::text"),
        Column("bucket", "timestamp with time zone"),
        Column("chosen_at", "timestamp with time zone"),
        Column("number", "bigint", identity=Identity.ALWAYS),
        Column("counted", "bigint", default="nextval('s'::regclass)"),
        Column("drawn", "uuid", default="gen_random_uuid()"),
    ]
    table = attrs.evolve(
        JOIN_TABLE,
        columns=[*JOIN_TABLE.columns, *more],
        primary_key=key(*columns),
        partition_key="RANGE (bucket)",
    )
    expected = [] if is_unique else [("US205", "public.user_interest_themes")]
    assert found(table) == expected


def test_a_key_may_be_known_by_its_columns_only() -> None:
    """As in a snapshot that was built by hand."""
    columns = [attrs.evolve(each, is_primary_key=True) for each in JOIN_TABLE.columns]
    assert found(attrs.evolve(JOIN_TABLE, columns=columns, primary_key=None)) == []


def test_a_temporal_key_keeps_pairs_apart() -> None:
    """Its last column says when the pair holds."""
    temporal = attrs.evolve(key("user_id", "theme_id", "during"), is_temporal=True)
    columns = [*JOIN_TABLE.columns, Column("during", "daterange")]
    assert found(attrs.evolve(JOIN_TABLE, columns=columns, primary_key=temporal)) == []


def test_a_log_is_no_join_table() -> None:
    """The same user may agree to the same policy twice."""
    agreed = StorageModel(
        name="log", tables="consents", columns=["user_id", "policy_id", "accepted_at"]
    )
    any_of = StorageModel(
        name="any", tables="consents", columns=["user_id"], any_of=[["policy_id"]]
    )
    table = Table(
        "consents",
        [ID, *(Column(name, "uuid") for name in agreed.columns)],
        foreign_keys=[refers()],
    )
    for stored in (agreed, any_of):
        entity = Entity(name="consents", models=[stored])
        assert found(table, model=model_with(entity)) == []
    pairs = StorageModel(name="m", tables="consents", columns=["user_id", "policy_id"])
    entity = Entity(name="consents", models=[pairs])
    assert found(table, model=model_with(entity)) == [("US205", "public.consents")]


# US301, US302


def test_credentials_of_the_users_table_count_too() -> None:
    """Wherever the login entity keeps them."""
    short = Column("credential_hash", "character varying(32)", is_nullable=True)
    assert found(attrs.evolve(USERS, columns=[*USERS.columns, short])) == [
        ("US301", "public.users.credential_hash"),
        ("US302", "public.users.credential_hash"),
    ]


def test_what_else_a_login_needs_is_no_credential() -> None:
    """The user's id may be short, and the e-mail address null."""
    stored = StorageModel(
        name="m", tables="users", columns=["id", "email", "secret"], revision=[]
    )
    login = Entity(name="login", models=[stored])
    columns = [
        *USERS.columns,
        Column("email", "character varying(20)", is_nullable=True),
        Column("secret", "bytea"),
    ]
    users = attrs.evolve(USERS, columns=columns)
    assert found(users, model=model_with(login)) == []


# US401


@pytest.mark.parametrize(
    ("column", "is_told"),
    [
        (Column("updated_at", "timestamp with time zone"), True),
        (Column("updated_at", "timestamp(6) without time zone"), True),
        (Column("updated_at", "date"), True),
        (Column("updated_at", "bigint"), False),
        (Column("created_at", "timestamp with time zone"), False),
        (Column("Updated_at", "timestamp with time zone"), False),
    ],
)
def test_updated_at(column: Column, is_told: bool) -> None:  # noqa: FBT001
    """A time of the last change, by its name and its type."""
    users = attrs.evolve(USERS, columns=[*USERS.columns, column])
    assert (found(users) == [("US401", "public.users.updated_at")]) is is_told


@pytest.mark.parametrize("definition", ["", "CREATE TRIGGER t gibberish"])
def test_a_trigger_that_cannot_be_read_maintains_nothing(definition: str) -> None:
    """As in a snapshot that was built by hand."""
    column = Column("updated_at", "timestamp with time zone", default="now()")
    trigger = Trigger(name="t", function="public.touch", definition=definition)
    users = attrs.evolve(USERS, columns=[*USERS.columns, column], triggers=[trigger])
    (advisory,) = advise(SchemaSnapshot([users]))
    assert "its default holds at insert only" in advisory.message


# All of them


def test_an_advisory_names_the_migration_that_made_its_subject() -> None:
    """The column's, else the table's."""
    table, column = Source("m/1.sql", 3), Source("m/2.sql")
    made = attrs.evolve(REVISION, default=None, source=column)
    others = [each for each in PREFERENCES.columns if each.name != "revision"]
    others.append(Column("updated_at", "date"))
    changed = attrs.evolve(
        PREFERENCES, columns=[*others, made], source=table, foreign_keys=()
    )
    found = advise(SchemaSnapshot([USERS, changed]))
    assert [(each.code, each.source) for each in found] == [
        ("US102", column),
        ("US202", table),
        ("US401", table),
    ]


def test_codes_are_in_order_and_titled() -> None:
    """Each once, and every title another."""
    assert list(RULES) == sorted(RULES)
    assert len({rule.title for rule in RULES.values()}) == len(RULES)
