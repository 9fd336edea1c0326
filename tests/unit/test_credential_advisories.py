"""Advisories about credentials and ``updated_at``: where each begins and ends."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.advisories import advise
from pytest_userstate.domain.columns import CheckConstraint, Column, Generated, Trigger
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Entity,
    StorageModel,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from tests.helpers.schemas import model_with

ID = Column("id", "uuid", is_primary_key=True)
CHANGED = Column("updated_at", "timestamp with time zone")


def told(
    code: str, *tables: Table, model: AuditModel = DEFAULT_MODEL
) -> dict[str, str]:
    """Return the messages of this code by subject, each of which is told once."""
    advisories = advise(SchemaSnapshot(tables), model=model)
    found = [(each.subject, each.message) for each in advisories if each.code == code]
    assert len(found) == len(dict(found))
    return dict(found)


def users(*columns: Column, checks: tuple[str, ...] = ()) -> Table:
    """Return users with these columns more, and these checks."""
    return Table(
        "users",
        [ID, *columns],
        check_constraints=[
            CheckConstraint(name=f"c{number}", definition=definition)
            for number, definition in enumerate(checks)
        ],
    )


def credential(name: str = "password_hash", kind: str = "text") -> Column:
    """Return a credential that can be null."""
    return Column(name, kind, is_nullable=True)


@pytest.mark.parametrize(
    ("check", "is_demanded"),
    [
        ("CHECK ((password_hash IS NOT NULL) OR (sso IS NOT NULL))", True),
        ("CHECK (((sso IS NULL) <> (password_hash IS NULL)))", True),
        ('CHECK (("password_hash" IS NOT NULL))', True),
        ("CHECK (((password_hash)::text IS NOT NULL))", False),
        ("CHECK ((num_nonnulls(sso, password_hash) = 1))", True),
        ("CHECK ((num_nulls(password_hash, sso) < 2))", True),
        ("CHECK ((old_password_hash IS NOT NULL))", False),
        ("CHECK ((password_hash_2 IS NOT NULL))", False),
        ("CHECK ((length(password_hash) > 59))", False),
    ],
)
def test_a_check_can_say_when_a_credential_is_missing(
    check: str,
    is_demanded: bool,  # noqa: FBT001
) -> None:
    """By the column's whole name, and by whether it is null."""
    found = told("US301", users(credential(), checks=(check,)))
    assert (found == {}) is is_demanded


def test_a_row_with_one_credential_that_is_never_null_can_log_in() -> None:
    """Then the other may be missing; the next table has to answer for itself."""
    both = users(Column("password_hash", "text"), credential("password_digest"))
    other = Table(
        "user_credentials",
        [Column("user_id", "uuid"), credential("credential_hash")],
    )
    found = told("US301", both, other)
    assert {*found} == {"public.user_credentials.credential_hash"}
    (message,) = found.values()
    assert "the row can exist without anything to log in with" in message


@pytest.mark.parametrize(
    ("kind", "is_short"),
    [
        ("character varying(59)", True),
        ("character(32)", True),
        ("character varying(60)", False),
        ("character varying", False),
        ("character varying(32)[]", False),
    ],
)
def test_a_bcrypt_hash_has_to_fit(kind: str, is_short: bool) -> None:  # noqa: FBT001
    """Its 60 characters do; the message says what there is room for."""
    found = told("US302", users(Column("password_hash", kind)))
    assert bool(found) is is_short
    limit = kind.partition("(")[2].rstrip(")")
    words = f"has room for {limit} characters; a bcrypt hash has 60"
    assert all(words in message for message in found.values())


def touch(event: str = "update", level: str = "row") -> Trigger:
    """Return a trigger before this event."""
    return Trigger(
        name="touch",
        function="public.touch",
        definition="CREATE TRIGGER …",
        timing="before",
        events=event.split(),
        level=level,
    )


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({}, False),
        ({"triggers": [touch()]}, True),
        ({"triggers": [touch("insert update")]}, True),
        ({"triggers": [touch("insert delete")]}, False),
        ({"triggers": [touch(level="statement")]}, False),
        ({"triggers": [attrs.evolve(touch(), is_enabled=False)]}, False),
        (
            {"columns": [ID, attrs.evolve(CHANGED, generated=Generated.STORED)]},
            True,
        ),
    ],
    ids=[
        *("nothing", "trigger", "insert or update", "insert or delete"),
        *("statement", "disabled", "generated"),
    ],
)
def test_what_keeps_updated_at_true(
    changes: dict[str, object],
    is_kept: bool,  # noqa: FBT001
) -> None:
    """A row trigger before the update, or the server; each table for itself."""
    table = attrs.evolve(users(CHANGED), **changes)  # type: ignore[arg-type]
    named = attrs.evolve(table, columns=[*table.columns, Column("display_name", "a")])
    other = Table(
        "user_credentials", [Column("user_id", "uuid"), CHANGED, credential()]
    )
    found = told("US401", named, other)
    assert ("public.users.updated_at" in found) is not is_kept
    assert "default" not in found["public.user_credentials.updated_at"]


@pytest.mark.parametrize(
    ("name", "columns", "is_other"),
    [
        ("user_oauth_accounts", ["user_id"], True),
        ("identities", ["user_id", "provider"], True),
        ("UserPasskeys", ["userId"], True),
        ("social_logins", ["account_id"], True),
        ("magic_links", ["user_id"], True),
        ("magic_link_tokens", ["user_id"], True),
        ("password_reset_tokens", ["user_id"], False),
        ("oauth_clients", ["user_id"], False),
        ("oauth_access_tokens", ["user_id"], False),
        ("providers", ["name"], False),
        ("orders", ["user_id"], False),
    ],
)
def test_another_way_to_log_in_excuses_a_missing_credential(
    name: str,
    columns: list[str],
    is_other: bool,  # noqa: FBT001
) -> None:
    """It is another table of a user's; what other programs are given is none."""
    other = Table(name, [Column(column, "uuid") for column in columns])
    assert (told("US301", users(credential()), other) == {}) is is_other


@pytest.mark.parametrize(
    ("name", "is_other"),
    [
        ("google_id", True),
        ("sso_subject", True),
        ("provider", True),
        ("note", False),
        ("azure_oid", True),
        ("wallet_address", True),
    ],
)
def test_a_column_may_be_another_way_to_log_in(
    name: str,
    is_other: bool,  # noqa: FBT001
) -> None:
    """A row that names an account elsewhere needs no password."""
    table = users(credential(), Column(name, "text", is_nullable=True))
    assert (told("US301", table) == {}) is is_other


def stored(name: str, *models: tuple[str, ...]) -> AuditModel:
    """Return the default model with an entity whose tables have its own name."""
    storages = [
        StorageModel(name=f"m{number}", tables=name, columns=columns)
        for number, columns in enumerate(models)
    ]
    return model_with(Entity(name=name, models=storages))


def test_the_columns_of_a_login_are_credentials_by_their_names() -> None:
    """However these are written; what two models need is told once."""
    columns = [Column("id", "uuid"), *map(credential, ("apiSecret", "password_hash"))]
    table = Table("login", columns)
    model = stored("login", ("id", "apiSecret"), ("apiSecret", "password_hash"))
    found = told("US301", table, model=model)
    assert list(found) == ["public.login.apiSecret", "public.login.password_hash"]


def test_the_secret_of_anything_else_is_no_credential() -> None:
    """Nobody logs in with the password of a link."""
    links = Table("links", [Column("user_id", "uuid"), credential("link_password")])
    model = stored("links", ("user_id", "link_password"))
    assert told("US301", links, model=model) == {}


def test_credentials_of_a_table_are_told_in_order_of_their_names() -> None:
    """A report does not change with the order in which a model lists them."""
    names = ("password_hash", "password_digest", "credential_hash")
    found = told("US301", users(*map(credential, names)))
    assert list(found) == [f"public.users.{name}" for name in sorted(names)]


@pytest.mark.parametrize(
    "first", [Column("updated_at", "bigint"), Column("created_at", "date")]
)
def test_a_table_without_a_time_of_change_hides_no_other(first: Column) -> None:
    """What is wrong further down is told all the same, in these words."""
    tables = [
        Table(name, [Column("id", "uuid"), column])
        for name, column in (("a", first), ("b", CHANGED))
    ]
    storages = [StorageModel(name=n, tables=n, columns=["id"]) for n in ("a", "b")]
    model = model_with(Entity(name="visits", models=storages))
    assert told("US401", *tables, model=model) == {
        "public.b.updated_at": (
            "no trigger sets this column before an update: a write that does not set "
            "it leaves it behind; let it be set by a BEFORE UPDATE trigger, or "
            "maintained by your object mapper"
        )
    }
