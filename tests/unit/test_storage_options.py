"""What follows from each way to store an entity, before one is decided for."""

from __future__ import annotations

import attrs

from pytest_userstate.domain.architecture import DecisionOption, architecture
from pytest_userstate.domain.model import (
    AuditModel,
    Entity,
    Revisions,
    StorageModel,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import ForeignKey, SchemaSnapshot, Table
from pytest_userstate.domain.state_diagram import draw
from tests.helpers.schemas import join_table, model_with, preferences, table

SETTLES = (
    "with a column revision or version that is never null it settles revisions and "
    "stale writes as well"
)
CONSENTS = Entity(
    name="consents",
    revisions=Revisions.EXPECTED,
    models=[
        StorageModel(
            name="log",
            tables=["log", "logs"],
            columns=["user_id"],
            any_of=[["a", "b"]],
            revision=["revision", "version"],
        )
    ],
)


def options(check: str, *tables: Table, model: AuditModel) -> list[DecisionOption]:
    """Return the options of a decision."""
    snapshot = SchemaSnapshot(tables)
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    found = architecture(report, model, draw(snapshot, model))
    (decision,) = (each for each in found if each.check == check)
    return [*decision.options]


def test_a_declared_model_that_is_incomplete_can_be_exchanged() -> None:
    """For the one that is complete, which needs no migration."""
    model = model_with(canonical="join_table")
    complete, exchange = options("interests.schema", preferences(), model=model)
    assert complete.name == "complete join_table"
    assert complete.consequences[0] == (
        "a new table user_interest_themes with user_id and theme_id"
    )
    assert exchange.name == "declare preferences canonical in place of join_table"
    assert exchange.consequences == ("it is complete; no migration is needed for it",)


def test_what_a_model_still_needs_is_told_with_its_alternatives() -> None:
    """Any of several columns, any of several tables; or only the column lacking."""
    model = model_with(CONSENTS)
    (new,) = options("consents.schema", model=model)
    assert new.consequences == (
        "a new table log or logs with user_id and a or b",
        SETTLES,
    )
    (rest,) = options("consents.schema", table("logs", "user_id"), model=model)
    assert rest.consequences == (
        "public.logs is there, and needs column a or b",
        SETTLES,
    )


def test_who_shares_the_table_is_named() -> None:
    """Unless nothing is expected of it; revisions only where they are."""
    (stored,) = CONSENTS.models
    bare = attrs.evolve(stored, columns=(), any_of=())
    plain = attrs.evolve(CONSENTS, models=[bare], revisions=Revisions.NOT_EXPECTED)
    profile = attrs.evolve(plain, name="profile")
    silent = attrs.evolve(plain, name="sessions", expected=False, reason="none")
    (new,) = options("profile.schema", model=model_with(profile, plain, silent))
    assert new.consequences == (
        "a new table log or logs",
        "it shares its rows with consents",
    )


def test_what_goes_and_what_stays_is_told_for_each_complete_model() -> None:
    """With the rows that stand for a user, and the ids that a key guards."""
    to_users = ForeignKey(
        name="f", columns=["user_id"], target_table="users", target_columns=["id"]
    )
    one, many = (
        attrs.evolve(each, foreign_keys=[to_users])
        for each in (preferences(), join_table("note_id"))
    )
    one = attrs.evolve(
        one,
        columns=[
            attrs.evolve(each, is_primary_key=each.name == "user_id")
            for each in one.columns
        ],
    )
    users = table("users", "id", "display_name")
    found = options("interests.schema", users, one, many, model=model_with())
    assert [each.consequences[:-1] for each in found] == [
        (
            "public.user_interest_themes is retired, once nothing reads it",
            "at most one row of public.user_preferences for each row of public.users",
            "foreign keys guard user_id",
            "no foreign key guards interest_theme_ids",
        ),
        (
            "public.user_preferences is retired, once nothing reads it",
            (
                "any number of rows of public.user_interest_themes for each row of "
                "public.users"
            ),
            "foreign keys guard user_id",
            "no foreign key guards theme_id",
        ),
    ]


def test_a_table_of_two_models_is_retired_once() -> None:
    """It is one table to drop, whatever it stored."""
    models = [
        StorageModel(name=name, tables=[place], columns=["user_id"])
        for name, place in (("log", "log"), ("one", "book"), ("two", "book"))
    ]
    entity = attrs.evolve(CONSENTS, models=models, allow_multiple=False)
    tables = [table(name, "user_id") for name in ("log", "book")]
    keep, *_ = options("consents.schema", *tables, model=model_with(entity))
    assert keep.name == "keep log"
    assert keep.consequences[0] == "public.book is retired, once nothing reads it"


def test_all_that_is_retired_is_named_and_no_revision_where_none_is_expected() -> None:
    """A key that is not validated guards nothing; a name that says no id is none."""
    model = StorageModel(name="log", tables=["log"], columns=["user_id", "note"])
    others = [
        StorageModel(name=name, tables=[name], columns=["user_id"])
        for name in ("book", "file")
    ]
    entity = attrs.evolve(
        CONSENTS,
        name="profile",
        models=[model, *others],
        allow_multiple=False,
        revisions=Revisions.NOT_EXPECTED,
    )
    unchecked = ForeignKey(
        name="f",
        columns=["user_id"],
        target_table="users",
        target_columns=["id"],
        is_validated=False,
    )
    log = attrs.evolve(table("log", "user_id", "note"), foreign_keys=[unchecked])
    keep, *_ = options(
        "profile.schema",
        table("users", "id", "display_name"),
        log,
        table("book", "user_id"),
        table("file", "user_id"),
        model=model_with(entity),
    )
    assert keep.consequences == (
        "public.book and public.file are retired, once nothing reads it",
        "any number of rows of public.log for each row of public.users",
        "no foreign key guards user_id",
    )
