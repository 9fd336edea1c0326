"""What looks like missing storage is named, and never counts."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.columns import Column, Source
from pytest_userstate.domain.coverage import MigrationDecision
from pytest_userstate.domain.evidence import Check, Evidence
from pytest_userstate.domain.model import AuditModel, Entity, StorageModel
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import (
    DroppedObject,
    SchemaSnapshot,
    Table,
    TableKind,
    View,
    ViewKind,
)
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences, table

WHOLE = (Column("id", "uuid"), Column("display_name", "text"))


def audited(
    snapshot: SchemaSnapshot,
    name: str = "users.schema",
    model: AuditModel | None = None,
) -> Check:
    """Return a check of the snapshot."""
    return UserStateSchemaAuditReport.evaluate(
        snapshot, model=model or model_with()
    ).check(name)


def near(check: Check) -> dict[str, Evidence]:
    """Return the near misses and dropped objects by subject."""
    return {
        fact.subject: fact
        for fact in check.evidence
        if fact.kind in {"near_miss", "dropped"}
    }


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ViewKind.VIEW, "it is a view"),
        (ViewKind.MATERIALIZED, "it is a materialized view"),
        (ViewKind.FOREIGN, "it is a foreign table"),
    ],
)
def test_a_view_of_that_name_is_no_storage(kind: ViewKind, words: str) -> None:
    """It is named, with what it is and the migration that made it."""
    source = Source("m/2.sql", 3)
    check = audited(
        SchemaSnapshot(views=[View("users", WHOLE, kind=kind, source=source)])
    )
    assert check.coverage == "missing"
    assert check.decision is MigrationDecision.REQUIRED
    (fact,) = near(check).values()
    assert (fact.kind, fact.subject) == ("near_miss", "public.users")
    assert words in fact.detail
    assert fact.source == source
    assert fact.group is None


@pytest.mark.parametrize("kind", TableKind)
def test_ordinary_and_partitioned_tables_are_storage(kind: TableKind) -> None:
    """So is a partition, which is a table of its own."""
    users = Table("users", WHOLE, kind=kind)
    assert audited(SchemaSnapshot([users])).coverage == "covered"
    partition = attrs.evolve(users, partition_of="public.people")
    assert audited(SchemaSnapshot([partition])).coverage == "covered"


def test_a_table_in_another_schema_is_named() -> None:
    """With the schemas that the model looks in."""
    snapshot = SchemaSnapshot([Table("users", WHOLE, "auth")])
    check = audited(snapshot)
    assert check.coverage == "missing"
    (fact,) = near(check).values()
    assert fact.subject == "auth.users"
    assert fact.detail == "the model looks in schema public"
    several = model_with(schemas=["public", "app"])
    (fact,) = near(audited(snapshot, model=several)).values()
    assert fact.detail == "the model looks in schema public, app"


def test_a_table_in_another_schema_is_named_beside_an_incomplete_one() -> None:
    """Perhaps that is the one that was meant."""
    snapshot = SchemaSnapshot([table("users", "id"), Table("users", WHOLE, "auth")])
    assert "auth.users" in near(audited(snapshot))


def test_a_schema_that_the_model_looks_in_is_no_near_miss() -> None:
    """A complete table there is storage."""
    check = audited(
        SchemaSnapshot([Table("users", WHOLE, "auth")]),
        model=model_with(schemas=["public", "auth"]),
    )
    assert check.coverage == "covered"
    assert not near(check)


@pytest.mark.parametrize("name", ["Users", "USERS", "user", "u_sers", "userss"])
def test_a_table_of_nearly_that_name_is_named(name: str) -> None:
    """Names match exactly, so it does not count, whatever its columns."""
    check = audited(SchemaSnapshot([Table(name, WHOLE)]))
    assert check.coverage == "missing"
    assert "'users'" in near(check)[f"public.{name}"].detail


def test_the_singular_of_a_short_name_is_named() -> None:
    """One letter is much of it, but it is the same word."""
    own = Entity(name="consents", models=[StorageModel(name="log", tables="ads")])
    snapshot = SchemaSnapshot([table("ad", "id"), table("add", "id")])
    assert [*near(audited(snapshot, "consents.schema", model_with(own)))] == [
        "public.ad"
    ]


@pytest.mark.parametrize(
    ("letters", "is_shown"),
    [("", True), ("xyzxy", True), ("xyzxyz", True), ("xyzxyzx", False)],
)
def test_names_are_alike_up_to_the_limit(letters: str, is_shown: bool) -> None:  # noqa: FBT001
    """Seventeen letters in common of forty in both are 0.85, which still counts."""
    own = Entity(
        name="consents", models=[StorageModel(name="log", tables="abcdefghijklmnopq")]
    )
    snapshot = SchemaSnapshot([table(f"a_bcdefghijklmnopq{letters}", "id")])
    found = near(audited(snapshot, "consents.schema", model_with(own)))
    assert bool(found) is is_shown


@pytest.mark.parametrize(
    "name", ["user_interests", "UserInterest", "user_email_preferences", "interestUser"]
)
def test_a_table_with_all_words_of_the_name_or_some_of_them_is_named(name: str) -> None:
    """Other teams call the same thing by a word more or less."""
    check = audited(SchemaSnapshot([table(name, "id")]), "interests.schema")
    assert check.coverage == "missing"
    assert list(near(check)) == [f"public.{name}"]


@pytest.mark.parametrize(
    "name", ["user", "interests", "user_orders", "themes_of_user", "preferences"]
)
def test_one_word_in_common_says_nothing(name: str) -> None:
    """Nor do two names that share a word, and have one of their own each."""
    snapshot = SchemaSnapshot([table(name, "id")])
    assert not near(audited(snapshot, "interests.schema"))


@pytest.mark.parametrize(
    "name", ["orders", "u", "username", "superuser", "ruses", "", "用户"]
)
def test_a_relation_of_quite_another_name_is_not(name: str) -> None:
    """Evidence would drown in it."""
    for other in (
        SchemaSnapshot([Table(name, WHOLE)]),
        SchemaSnapshot([Table(name, WHOLE, "auth")]),
        SchemaSnapshot(views=[View(name, WHOLE)]),
    ):
        assert not near(audited(other))


def test_a_table_of_nearly_that_name_in_another_schema_is_not() -> None:
    """It would have to be renamed and moved."""
    assert not near(audited(SchemaSnapshot([Table("Users", WHOLE, "auth")])))


def test_what_a_complete_model_lacks_elsewhere_is_not_named() -> None:
    """Only what the missing models could have meant."""
    elsewhere = table("user_preferences", "user_id", "interestThemeIds", schema="auth")
    check = audited(
        SchemaSnapshot([preferences(), elsewhere]),
        "interests.schema",
        model_with(schemas=["public", "auth"], canonical="join_table"),
    )
    assert check.decision is MigrationDecision.REQUIRED
    assert not near(check)


@pytest.mark.parametrize(
    "name", ["displayName", "DisplayName", "display_names", "displayname"]
)
def test_a_column_of_nearly_that_name_is_named(name: str) -> None:
    """With the migration that made it, and the name that the model wants."""
    source = Source("m/1.sql", 2)
    column = Column(name, "text", source=source)
    check = audited(SchemaSnapshot([table("users", "id", column)]))
    assert check.coverage == "missing"
    fact = near(check)[f"public.users.{name}"]
    assert fact.source == source
    assert "'display_name'" in fact.detail


def test_underscores_are_left_aside_in_short_names_too() -> None:
    """One letter more or less would make such names quite another."""
    check = audited(SchemaSnapshot([table("users", "i_d", "display_name")]))
    assert {*near(check)} == {"public.users.i_d"}


def test_a_column_made_with_its_table_has_the_source_of_the_table() -> None:
    """A fact that a migration made always has a source."""
    source = Source("m/1.sql", 1)
    users = attrs.evolve(table("users", "id", "displayName"), source=source)
    fact = near(audited(SchemaSnapshot([users])))["public.users.displayName"]
    assert fact.source == source


def test_a_column_of_quite_another_name_is_not_named() -> None:
    """Only what could have been meant."""
    snapshot = SchemaSnapshot([table("users", "id", "name", "email", "play")])
    assert not near(audited(snapshot))


def test_a_dropped_table_is_named_with_the_migration_that_dropped_it() -> None:
    """It is the first thing to know about a table that is gone."""
    source = Source("m/9_drop/up.sql", 1)
    gone = DroppedObject(schema="public", table="users", source=source)
    check = audited(SchemaSnapshot(dropped=[gone]))
    (fact,) = near(check).values()
    assert (fact.kind, fact.subject, fact.source) == ("dropped", "public.users", source)


def test_a_renamed_column_is_named_with_what_it_is_now() -> None:
    """The evidence says who introduced it, who renamed it, and its new name."""
    gone = DroppedObject(
        schema="public",
        table="users",
        column="display_name",
        source=Source("m/9.sql", 1),
        introduced_by=Source("m/1.sql", 3),
        renamed_to=("public", "users", "shown_as"),
    )
    check = audited(SchemaSnapshot([table("users", "id")], dropped=[gone]))
    (fact,) = near(check).values()
    assert str(fact) == (
        "public.users.display_name was renamed to public.users.shown_as,"
        " introduced by m/1.sql:3, renamed by m/9.sql:1"
    )


def test_a_dropped_column_is_named_with_the_migration_that_dropped_it() -> None:
    """Where its table is still there."""
    source = Source("m/9_drop/up.sql", 1)
    gone = DroppedObject(
        schema="public", table="users", column="display_name", source=source
    )
    check = audited(SchemaSnapshot([table("users", "id")], dropped=[gone]))
    (fact,) = near(check).values()
    assert (fact.kind, fact.subject) == ("dropped", "public.users.display_name")
    assert fact.source == source


@pytest.mark.parametrize(
    "gone",
    [
        {"schema": "auth", "table": "users"},
        {"schema": "public", "table": "orders"},
        {"schema": "public", "table": "orders", "column": "display_name"},
        {"schema": "public", "table": "users", "column": "email"},
        {"schema": "public", "table": "users"},
    ],
    ids=["schema", "table", "other column", "column", "made again"],
)
def test_what_was_dropped_elsewhere_is_not_named(gone: dict[str, str]) -> None:
    """Nor is a table that was dropped and made again."""
    snapshot = SchemaSnapshot(
        [table("users", "id")], dropped=[DroppedObject(source=Source("m"), **gone)]
    )
    assert not near(audited(snapshot))


@pytest.mark.parametrize(
    "gone",
    [
        {"schema": "public", "table": "orders"},
        {"schema": "public", "table": "users", "column": "display_name"},
    ],
    ids=["table", "column"],
)
def test_where_the_table_is_gone_other_drops_are_not_named(
    gone: dict[str, str],
) -> None:
    """Its own columns went with it."""
    dropped = [DroppedObject(source=Source("m"), **gone)]
    assert not near(audited(SchemaSnapshot(dropped=dropped)))


def test_a_table_dropped_in_one_schema_and_kept_in_another_is_named() -> None:
    """The one that is left may not be the one that was meant."""
    gone = DroppedObject(schema="auth", table="users", source=Source("m"))
    check = audited(
        SchemaSnapshot([table("users", "id")], dropped=[gone]),
        model=model_with(schemas=["public", "auth"]),
    )
    assert {*near(check)} == {"auth.users"}


def test_a_dropped_and_a_near_revision_column_are_named() -> None:
    """Revision and conflict checks look for near misses too."""
    source = Source("m/5.sql", 1)
    gone = DroppedObject(
        schema="public", table="user_preferences", column="revision", source=source
    )
    snapshot = SchemaSnapshot([preferences("Revision")], dropped=[gone])
    for name in ("interests.revision", "interests.conflict"):
        check = audited(snapshot, name)
        assert check.decision is MigrationDecision.REQUIRED
        facts = near(check)
        assert facts["public.user_preferences.revision"].kind == "dropped"
        assert facts["public.user_preferences.revision"].source == source
        assert facts["public.user_preferences.Revision"].kind == "near_miss"


def test_near_misses_of_the_declared_model_are_named() -> None:
    """Where it is incomplete; those of the complete one are of no interest."""
    snapshot = SchemaSnapshot(
        [preferences(), Table("user_preference"), Table("user_interest_theme")],
    )
    check = audited(snapshot, "interests.schema", model_with(canonical="join_table"))
    assert {*near(check)} == {"public.user_interest_theme"}


def test_covered_storage_has_no_near_misses() -> None:
    """There is nothing that they could explain."""
    snapshot = SchemaSnapshot(
        [
            table("users", "id", "display_name", "displayName"),
            table("Users", "id"),
            preferences(TOKENS["not null"], "Revision"),
        ],
        dropped=[DroppedObject(schema="public", table="users", source=Source("m"))],
    )
    report = UserStateSchemaAuditReport.evaluate(snapshot)
    for name in ("users.schema", "interests.revision", "interests.conflict"):
        assert not near(report.check(name))


def test_each_near_miss_is_named_once() -> None:
    """Also where several models would like to have it."""
    models = [
        StorageModel(name=column, tables="consents", columns=[column])
        for column in ("granted_at", "policy")
    ]
    check = audited(
        SchemaSnapshot([table("consent", "user_id")]),
        "consents.schema",
        model_with(Entity(name="consents", models=models)),
    )
    facts = [fact.subject for fact in check.evidence if fact.kind == "near_miss"]
    assert facts == ["public.consent"]


def test_thousands_of_tables_are_searched() -> None:
    """The needle is found, and nothing else."""
    hay = [table(f"Orders_{number:05}", "id", "user_id") for number in range(5000)]
    check = audited(SchemaSnapshot([*hay, join_table(), Table("Users", WHOLE)]))
    assert {*near(check)} == {"public.Users"}
