"""Revisions and stale writes: single situations, and the words for them."""

from __future__ import annotations

import pytest

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.coverage import MigrationDecision
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.model import (
    AuditModel,
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


# --- revision -----------------------------------------------------------------


def test_a_dual_model_says_for_which_model_revisions_hold() -> None:
    """And which model has none."""
    check = audited("interests.revision", preferences(USABLE), join_table())
    assert check.rationale == (
        "revisions are kept in public.user_preferences.revision (preferences); "
        "public.user_interest_themes (join_table) has none"
    )
    other = audited("interests.revision", preferences(), join_table(USABLE))
    assert "(join_table); public.user_preferences (preferences)" in other.rationale


@pytest.mark.parametrize("name", ["interests.revision", "interests.conflict"])
def test_the_revision_of_either_model_alone_would_do(name: str) -> None:
    """So both are in one group."""
    check = audited(name, preferences(USABLE), join_table(USABLE))
    assert subjects(check, "present") == {
        1: [
            "public.user_preferences.revision",
            "public.user_interest_themes.revision",
        ]
    }


def test_a_declared_model_counts_alone() -> None:
    """The revision of the other one is of no use to it."""
    tables = (preferences(USABLE), join_table())
    tracked = audited("interests.revision", *tables, canonical="preferences")
    assert tracked.rationale == (
        "revisions are kept in public.user_preferences.revision (preferences)"
    )
    untracked = audited("interests.revision", *tables, canonical="join_table")
    assert untracked.decision is MigrationDecision.REQUIRED
    assert untracked.rationale == "public.user_interest_themes has no column revision"
    assert subjects(untracked, "absent") == {
        1: ["public.user_interest_themes.revision"]
    }


@pytest.mark.parametrize(
    ("tables", "canonical", "rationale"),
    [
        ((), None, "interests has no storage yet that could keep a revision"),
        (
            (preferences(), join_table()),
            None,
            (
                "public.user_preferences and public.user_interest_themes have no "
                "column revision"
            ),
        ),
        (
            (preferences(USABLE),),
            "join_table",
            "the canonical storage of interests is not complete yet",
        ),
    ],
    ids=["missing", "dual", "declared incomplete"],
)
def test_what_has_to_wait_says_what_comes_first(
    tables: tuple[Table, ...], canonical: str | None, rationale: str
) -> None:
    """The prerequisite is a check, named in the rationale."""
    check = audited("interests.revision", *tables, canonical=canonical)
    assert check.decision is MigrationDecision.DEFERRED
    assert check.rationale == f"{rationale}: interests.schema comes first"


def test_a_declared_model_that_is_incomplete_gives_only_its_own_absences() -> None:
    """What other models lack is not what a revision waits for."""
    check = audited(
        "interests.revision",
        preferences(),
        preferences(without="user_id", schema="app"),
        model=model_with(canonical="join_table", schemas=["public", "app"]),
    )
    assert subjects(check, "absent") == {
        1: ["public.user_interest_themes", "app.user_interest_themes"]
    }


# --- conflict -----------------------------------------------------------------


def test_a_usable_revision_is_to_be_reused() -> None:
    """The strategy names the column, and what else of the row shares it."""
    check = audited(
        "interests.conflict", preferences(USABLE, "safe_search", "unit_system")
    )
    assert check.rationale == (
        "reuse the revision that exists: compare public.user_preferences.revision "
        "(which also guards safe_search and unit_system) on write"
    )


def test_the_first_of_several_revision_columns_is_to_be_reused() -> None:
    """In the order in which the model names them; one is enough to compare."""
    log = StorageModel(
        name="log", tables="log", columns=["user_id"], revision=["version", "revision"]
    )
    own = Entity(name="consents", models=[log], revisions=Revisions.EXPECTED)
    columns = [Column(name, "integer") for name in ("user_id", "revision", "version")]
    check = audited("consents.conflict", table("log", *columns), model=model_with(own))
    assert check.rationale.endswith("compare public.log.version on write")


def test_what_shares_a_revision_is_not_listed_without_end() -> None:
    """A wide table gives three names and a number; keys and needs are left out."""
    key = Column("id", "uuid", is_primary_key=True)
    four = audited("interests.conflict", preferences(USABLE, key, *"abcd"))
    assert "(which also guards a, b, c, and d)" in four.rationale
    five = audited("interests.conflict", preferences(USABLE, key, *"abcde"))
    assert "(which also guards a, b, c, and 2 more)" in five.rationale


def test_either_of_two_models_gives_a_strategy() -> None:
    """The reader chooses with the canonical model."""
    check = audited("interests.conflict", preferences(USABLE), join_table(USABLE))
    assert check.rationale == (
        "reuse the revision that exists: compare public.user_preferences.revision "
        "or public.user_interest_themes.revision on write"
    )


def test_only_usable_columns_are_to_be_reused() -> None:
    """The other model's nullable column is not mentioned."""
    check = audited("interests.conflict", preferences(NULLABLE), join_table(USABLE))
    assert check.coverage == "detectable"
    assert subjects(check, "present") == {1: ["public.user_interest_themes.revision"]}
    assert "user_preferences" not in check.rationale


def test_without_a_revision_one_has_to_be_added() -> None:
    """The strategy says so, and what has to come first."""
    required = audited("interests.conflict", preferences())
    assert required.rationale == (
        "public.user_preferences has no column revision, so a stale write looks "
        "like a fresh one: add a revision column"
    )
    deferred = audited("interests.conflict")
    assert deferred.rationale == (
        "interests has no storage yet that could keep a revision: interests.schema "
        "comes first, then add a revision column"
    )


@pytest.mark.parametrize(
    ("token", "because"),
    [
        ("nullable", "it can be null"),
        ("in a nullable domain", "it can be null"),
        ("generated, stored", "it is a generated column and cannot be written"),
        ("generated, virtual", "it is a virtual generated column and cannot be"),
        ("identity, always", "it is generated always as identity and cannot be"),
        ("without equality", "its type json has no equality operator"),
    ],
)
def test_an_unusable_revision_says_why(token: str, because: str) -> None:
    """Rationale and evidence give the fault, and the strategy mends it."""
    check = audited("interests.conflict", preferences(TOKENS[token]))
    assert check.coverage == "unreliable"
    (fact,) = check.evidence
    assert fact.kind == "contradiction"
    assert fact.subject == "public.user_preferences.revision"
    assert because in fact.detail
    assert because in check.rationale
    assert check.rationale.startswith(
        "public.user_preferences.revision cannot catch a stale write, since it"
    )
    assert check.rationale.endswith(": change the column, or add another")


def test_one_usable_revision_column_of_several_is_enough() -> None:
    """A model may name several columns."""
    own = Entity(
        name="consents",
        revisions=Revisions.EXPECTED,
        models=[
            StorageModel(
                name="log", tables="log", columns=["id"], revision=["a", "b", "c"]
            )
        ],
    )
    columns = [
        Column("a", "integer", is_nullable=True),
        Column("b", "integer"),
        Column("c", "integer"),
    ]
    model = AuditModel(entities=[own])
    check = audited("consents.conflict", table("log", "id", *columns), model=model)
    assert check.coverage == "detectable"
    assert subjects(check, "present") == {1: ["public.log.b", "public.log.c"]}
    check = audited("consents.revision", table("log", "id", *columns), model=model)
    assert subjects(check, "present") == {
        1: ["public.log.a", "public.log.b", "public.log.c"]
    }
    check = audited("consents.revision", table("log", "id"), model=model)
    assert check.rationale == "public.log has no column a, b, or c"


# --- several that are fine ----------------------------------------------------


STORES = Entity(
    name="consents",
    allow_multiple=True,
    revisions=Revisions.EXPECTED,
    models=[StorageModel(name=each, tables=each, columns=["user_id"]) for each in "ab"],
)


@pytest.mark.parametrize(
    ("tokens", "revision", "conflict"),
    [
        (("not null", "not null"), "tracked", "detectable"),
        (("not null", "nullable"), "tracked", "unreliable"),
        (("nullable", "not null"), "tracked", "unreliable"),
        (("not null", "no column"), "untracked", "absent"),
        (("no column", "nullable"), "untracked", "absent"),
        (("no column", "no column"), "untracked", "absent"),
    ],
)
def test_stores_that_stand_together_each_need_a_revision(
    tokens: tuple[str, str], revision: str, conflict: str
) -> None:
    """Each keeps state of its own, so the poorest decides, at once."""
    tables = [
        table(name, "user_id", TOKENS[token])
        for name, token in zip("ab", tokens, strict=True)
    ]
    model = AuditModel(entities=[STORES])
    tracking = audited("consents.revision", *tables, model=model)
    handling = audited("consents.conflict", *tables, model=model)
    assert (tracking.coverage, handling.coverage) == (revision, conflict)
    assert tracking.decision == (
        "not_required" if revision == "tracked" else "required"
    )
    assert handling.decision == (
        "not_required" if conflict == "detectable" else "required"
    )


def test_each_of_several_stores_is_needed_as_evidence() -> None:
    """One group per store."""
    tables = [table(name, "user_id", USABLE) for name in "ab"]
    model = AuditModel(entities=[STORES])
    for name in ("consents.revision", "consents.conflict"):
        check = audited(name, *tables, model=model)
        assert subjects(check, "present") == {
            1: ["public.a.revision"],
            2: ["public.b.revision"],
        }
    assert "public.a.revision and public.b.revision" in check.rationale


def test_only_the_poorer_of_several_stores_is_blamed() -> None:
    """The store that can catch a stale write is not."""
    tables = [table("a", "user_id", NULLABLE), table("b", "user_id", USABLE)]
    check = audited("consents.conflict", *tables, model=AuditModel(entities=[STORES]))
    assert subjects(check, "contradiction") == {1: ["public.a.revision"]}
    assert "public.b" not in check.rationale


def test_only_the_stores_at_fault_are_named() -> None:
    """One that has no revision, beside one that has; or all that cannot be used."""
    model = AuditModel(entities=[STORES])
    kept, lacking = table("a", "user_id", USABLE), table("b", "user_id")
    check = audited("consents.revision", kept, lacking, model=model)
    assert check.rationale == "public.b has no column revision"
    assert subjects(check, "absent") == {1: ["public.b.revision"]}
    both = [table(name, "user_id", NULLABLE) for name in "ab"]
    assert audited("consents.conflict", *both, model=model).rationale == (
        "public.a.revision cannot catch a stale write, since it can be null, and null "
        "equals nothing; public.b.revision cannot catch a stale write, since it can be "
        "null, and null equals nothing: change the column, or add another"
    )
