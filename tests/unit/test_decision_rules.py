"""Single situations of the decision rules, and the words that explain them."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.classification import RevisionColumns, Situation
from pytest_userstate.domain.columns import Column, Source
from pytest_userstate.domain.coverage import MigrationDecision
from pytest_userstate.domain.decisions import (
    CONFLICT_RULES,
    SCHEMA_RULES,
    UNTRACKED_RULES,
)
from pytest_userstate.domain.evidence import Check, listed
from pytest_userstate.domain.model import (
    AuditModel,
    Canonical,
    Entity,
    Revisions,
    StorageModel,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences, table

USABLE = TOKENS["not null"]
NULLABLE = TOKENS["nullable"]


def audited(
    name: str,
    *tables: Table,
    canonical: str | None = None,
    model: AuditModel | None = None,
) -> Check:
    """Return a check of these tables."""
    return UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(tables), model=model or model_with(canonical=canonical)
    ).check(name)


def subjects(check: Check, kind: str) -> dict[int | None, list[str]]:
    """Return the subjects of the facts of a kind, by group."""
    found: dict[int | None, list[str]] = {}
    for fact in check.evidence:
        if fact.kind == kind:
            found.setdefault(fact.group, []).append(fact.subject)
    return found


def test_the_rule_tables_are_total() -> None:
    """Every situation has a decision, and nothing else has."""
    assert {*SCHEMA_RULES} == {*UNTRACKED_RULES} == {*Situation}
    assert {*CONFLICT_RULES} == {*RevisionColumns}


def test_covered_storage_names_table_and_columns_as_evidence() -> None:
    """One group each: every one of them is needed."""
    check = audited("users.schema", table("users", "id", "display_name", "email"))
    assert subjects(check, "present") == {
        1: ["public.users"],
        2: ["public.users.id"],
        3: ["public.users.display_name"],
    }
    assert check.rationale == "users is stored in public.users"


def test_alternatives_share_a_group() -> None:
    """Any one of the credential columns alone would do."""
    check = audited(
        "login.schema", table("users", "credential_hash", "password_hash", "id")
    )
    assert subjects(check, "present") == {
        1: ["public.users"],
        2: ["public.users.password_hash", "public.users.credential_hash"],
    }


def test_models_that_may_stand_together_are_alternatives() -> None:
    """Neither is needed while the other is there, and each is needed whole."""
    check = audited(
        "login.schema",
        table("users", "password_hash"),
        table("credentials", "user_id", "password_digest"),
    )
    assert subjects(check, "present") == {
        1: ["public.users"],
        2: ["public.users.password_hash"],
        3: ["public.credentials"],
        4: ["public.credentials.user_id"],
        5: ["public.credentials.password_digest"],
    }
    assert [fact.alternative for fact in check.evidence] == [1, 1, 2, 2, 2]
    assert check.models == ("users", "credentials")


def test_evidence_grows_with_the_storages_not_with_their_combinations() -> None:
    """Six storage models of six columns are seven facts each."""
    columns = [f"column_{number}" for number in range(6)]
    models = [
        StorageModel(name=f"model_{number}", tables=f"table_{number}", columns=columns)
        for number in range(6)
    ]
    entity = Entity(name="flags", allow_multiple=True, models=models)
    tables = [table(f"table_{number}", *columns) for number in range(6)]
    check = audited("flags.schema", *tables, model=AuditModel(entities=[entity]))
    assert len(check.evidence) == 6 * 7


def test_a_model_without_columns_is_covered_by_its_table() -> None:
    """The table is the only fact there is."""
    flags = Entity(
        name="flags", models=[StorageModel(name="flags", tables="feature_flags")]
    )
    check = audited(
        "flags.schema", Table("feature_flags"), model=AuditModel(entities=[flags])
    )
    assert subjects(check, "present") == {1: ["public.feature_flags"]}
    assert check.coverage == "covered"


def test_missing_storage_says_what_each_model_lacks() -> None:
    """A table that is not there, or the columns that a table lacks."""
    check = audited("login.schema", table("credentials", "user_id"))
    assert subjects(check, "absent") == {
        1: ["public.users"],
        2: [
            "public.credentials.password_hash",
            "public.credentials.password_digest",
            "public.credentials.credential_hash",
        ],
    }
    assert check.rationale == (
        "no storage of login is complete: there is no table public.users; "
        "public.credentials has no column password_hash, password_digest, or "
        "credential_hash"
    )


def test_missing_storage_lists_every_table_that_would_do() -> None:
    """In each of the schemas."""
    model = model_with(schemas=["public", "auth"])
    check = audited("users.schema", model=model)
    assert subjects(check, "absent") == {1: ["public.users", "auth.users"]}
    assert "there is no table public.users or auth.users" in check.rationale


def test_two_models_contradict_each_other() -> None:
    """Each is named as standing beside the other, with what makes it complete."""
    check = audited("interests.schema", preferences(), join_table())
    assert subjects(check, "contradiction") == {
        None: ["public.user_preferences", "public.user_interest_themes"]
    }
    assert len(subjects(check, "present")) == 6
    assert "nothing says which of them is canonical" in check.rationale


def test_a_declared_model_waits_for_the_other_to_go() -> None:
    """The declaration is evidence, with its reason."""
    check = audited(
        "interests.schema", preferences(), join_table(), canonical="join_table"
    )
    assert check.prerequisite is not None
    assert check.prerequisite.condition == "public.user_preferences is retired"
    (declared,) = [fact for fact in check.evidence if fact.kind == "declared"]
    assert declared.subject == "entities.interests.canonical"
    assert "join_table" in declared.detail
    assert "ADR 7" in declared.detail
    assert check.rationale == (
        "public.user_interest_themes (join_table) is declared canonical, but "
        "public.user_preferences (preferences) still exists beside it"
    )


def test_several_others_are_retired_together() -> None:
    """The words follow the number."""
    check = audited(
        "interests.schema",
        preferences(),
        join_table(),
        join_table(schema="app"),
        model=model_with(canonical="preferences", schemas=["public", "app"]),
    )
    assert check.prerequisite is not None
    assert check.prerequisite.condition == (
        "public.user_interest_themes and app.user_interest_themes are retired"
    )
    assert "still exist beside it" in check.rationale


def test_a_declaration_alone_stores_nothing() -> None:
    """Where nothing is complete, it reads as if nothing had been declared."""
    declared = audited("interests.schema", canonical="join_table")
    assert declared.rationale == audited("interests.schema").rationale


def test_where_several_are_fine_the_declared_one_is_the_evidence() -> None:
    """All of them are named; the verdict rests on the one that was chosen."""
    models = [
        StorageModel(name=name, tables=name, columns=["user_id"])
        for name in ("log", "book")
    ]
    own = Entity(
        name="consents",
        models=models,
        allow_multiple=True,
        canonical=Canonical(model="book", reason="ADR 7"),
    )
    check = audited(
        "consents.schema",
        *(table(name, "user_id") for name in ("log", "book")),
        model=model_with(own),
    )
    assert check.rationale == "consents is stored in public.log and public.book"
    assert subjects(check, "present") == {
        1: ["public.book"],
        2: ["public.book.user_id"],
    }


def test_a_table_may_have_a_dot_in_its_name() -> None:
    """What stands before the first is the schema."""
    own = Entity(name="consents", models=[StorageModel(name="log", tables="app.a.b")])
    found = audited(
        "consents.schema", Table("a.b", schema="app"), model=model_with(own)
    )
    assert found.coverage == "covered"


def test_a_declared_model_that_is_incomplete_says_what_it_lacks() -> None:
    """And what exists instead; only the declared model's absences are evidence."""
    check = audited(
        "interests.schema",
        preferences(without="interest_theme_ids"),
        join_table(),
        canonical="preferences",
    )
    assert check.coverage == "canonical_join_table"
    assert check.decision is MigrationDecision.REQUIRED
    assert subjects(check, "declared") == {1: ["entities.interests.canonical"]}
    assert subjects(check, "absent") == {
        2: ["public.user_preferences.interest_theme_ids"]
    }
    assert check.rationale == (
        "preferences is declared canonical, but public.user_preferences has no "
        "column interest_theme_ids; interests is stored in "
        "public.user_interest_themes (join_table)"
    )


def test_facts_come_with_their_migrations() -> None:
    """A column of its own migration, else the migration of its table."""
    made, altered = Source("m/1.sql", 1), Source("m/2.sql", 5)
    users = attrs.evolve(
        table("users", "id", Column("display_name", "text", source=altered)),
        source=made,
    )
    check = audited("users.schema", users)
    assert [fact.source for fact in check.evidence] == [made, made, altered]


def test_a_model_may_fix_the_schema_of_its_table() -> None:
    """It is then looked for there and nowhere else."""
    own = Entity(
        name="consents",
        models=[
            StorageModel(
                name="log", tables=["legal.log", "audit_log"], columns=["user_id"]
            )
        ],
    )
    model = AuditModel(entities=[own], schemas=["public", "app"])

    def coverage(*tables: Table) -> str:
        return str(audited("consents.schema", *tables, model=model).coverage)

    assert coverage(table("log", "user_id", schema="legal")) == "covered"
    assert coverage(table("log", "user_id")) == "missing"
    assert coverage(table("audit_log", "user_id", schema="legal")) == "missing"
    assert coverage(table("audit_log", "user_id", schema="app")) == "covered"


def test_interests_of_other_models_are_covered() -> None:
    """A repository may replace the models; the canonical words need their names."""
    own = Entity(name="interests", models=[StorageModel(name="tags", tables="tags")])
    check = audited("interests.schema", Table("tags"), model=AuditModel(entities=[own]))
    assert (check.coverage, check.decision) == ("covered", "not_required")


def test_copies_are_told_from_what_else_is_complete() -> None:
    """One of them has to be named; of the declared model, where one is."""
    both = preferences(), preferences(schema="app"), join_table()
    schemas = ["public", "app"]
    for tables, canonical in ((both[:2], None), (both, "preferences")):
        model = model_with(schemas=schemas, canonical=canonical)
        check = audited("interests.schema", *tables, model=model)
        assert check.rationale == (
            "interests is stored in public.user_preferences and app.user_preferences, "
            "and nothing says which copy counts. Keep one, or let the model name only "
            'one: table = "public.user_preferences"'
        )


def test_storages_without_a_revision_are_named_beside_the_one_that_has_it() -> None:
    """In the words for one, and for several."""
    names = ("one", "two", "three")
    models = [StorageModel(name=n, tables=n, columns=["user_id"]) for n in names]
    entity = Entity(
        name="consents",
        models=models,
        allow_multiple=False,
        revisions=Revisions.EXPECTED,
    )
    first = table("one", "user_id", USABLE)
    others = table("two", "user_id"), table("three", "user_id")
    for some, words in (
        (others[:1], "public.two (two) has none"),
        (others, "public.two (two) and public.three (three) have none"),
    ):
        check = audited("consents.revision", first, *some, model=model_with(entity))
        assert check.rationale == (
            f"revisions are kept in public.one.revision (one); {words}"
        )


def test_facts_say_which_migration_changed_their_subject_last() -> None:
    """Of a table and of a column; storages that contradict say who made them."""
    first, last = Source("m/1.sql", 1), Source("m/9.sql", 2)
    column = Column("id", "uuid", source=first, changed_by=last)
    users = attrs.evolve(
        table("users", column, "display_name"), source=first, changed_by=last
    )
    facts = {fact.subject: fact for fact in audited("users.schema", users).evidence}
    for subject in ("public.users", "public.users.id"):
        assert (facts[subject].source, facts[subject].changed_by) == (first, last)
    both = [attrs.evolve(each, source=first) for each in (preferences(), join_table())]
    facts_of_both = audited("interests.schema", *both).evidence
    assert [each.source for each in facts_of_both if each.kind == "contradiction"] == [
        first,
        first,
    ]


def test_the_declaration_is_a_fact_about_its_model() -> None:
    """With the reason that was given for it."""
    check = audited(
        "interests.schema", preferences(), join_table(), canonical="join_table"
    )
    (fact,) = (each for each in check.evidence if each.kind == "declared")
    assert (fact.model, fact.detail) == ("join_table", "join_table (ADR 7)")


def consents(*models: StorageModel) -> AuditModel:
    """Return a model of consents alone, of which several may stand together."""
    return AuditModel(
        entities=[Entity(name="consents", models=models, allow_multiple=True)]
    )


def test_a_table_that_stores_two_models_is_named_once() -> None:
    """It is one place to look at."""
    both = consents(
        StorageModel(name="one", tables="log", columns=["user_id"]),
        StorageModel(name="two", tables="log", columns=["version"]),
    )
    check = audited("consents.schema", table("log", "user_id", "version"), model=both)
    assert check.rationale == "consents is stored in public.log"


def test_everything_that_copies_of_a_table_lack_is_said() -> None:
    """Each copy with each of its columns."""
    model = model_with(schemas=["public", "app"])
    check = audited(
        "users.schema", Table("users"), table("users", "id", schema="app"), model=model
    )
    assert check.rationale == (
        "no storage of users is complete: public.users has no column id and no column "
        "display_name and app.users has no column display_name"
    )


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("", ""),
        ("a", "a"),
        ("ab", "a or b"),
        ("abc", "a, b, or c"),
        ("abcd", "a, b, c, or d"),
    ],
)
def test_names_are_listed_as_in_a_sentence(names: str, words: str) -> None:
    """With the Oxford comma; of nothing there is nothing to say."""
    assert listed(names, "or") == words
