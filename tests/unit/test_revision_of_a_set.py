"""A revision on each row of a set does not guard the set."""

from __future__ import annotations

import pytest

from pytest_userstate import (
    AuditModel,
    ConflictCoverage,
    Entity,
    MigrationDecision,
    Revisions,
    StorageModel,
    UserStateSchemaAuditReport,
)
from tests.helpers.sketched_schemas import sketched_schema

USERS = "users (id:uuid*, display_name, password_hash)"
TOPICS = "topics (id:bigint*, title)"


def coverage(table: str, users: str = USERS, *, columns: str = "") -> object:
    """Return how stale writes of interests are caught, by the model of one table."""
    name = table.partition(" ")[0]
    model = AuditModel(
        entities=[
            Entity(
                name="interests",
                revisions=Revisions.EXPECTED,
                models=[StorageModel(name=name, tables=name, columns=columns.split())],
            )
        ]
    )
    snapshot = sketched_schema(f"{users}\n{TOPICS}\n{table}")
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    return report.check("interests.conflict").coverage


SETS = {
    "pairs": (
        "likes (user_id:uuid*>users, topic_id:bigint*>topics, revision:bigint)",
        "user_id topic_id",
    ),
    "key and value": (
        "choices (user_id:uuid*>users, key*, value, revision:bigint)",
        "user_id key value",
    ),
    "without foreign keys": (
        "likes (userId:uuid*, topicId:bigint*, revision:bigint)",
        "userId topicId",
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_a_revision_on_rows_of_a_set_is_unreliable(name: str) -> None:
    """If the keys tell a user's rows apart by what they store, no row guards all."""
    table, columns = SETS[name]
    assert coverage(table, columns=columns) is ConflictCoverage.UNRELIABLE


def test_a_revision_of_the_users_row_guards_the_set() -> None:
    """A parent row that carries a revision is one that every writer can compare."""
    table, columns = SETS["pairs"]
    parent = "users (id:uuid*, display_name, lock_version:bigint)"
    assert coverage(table, parent, columns=columns) is ConflictCoverage.DETECTABLE


ROWS = {
    "one row for each user": (
        "prefs (user_id:uuid*>users, topic_id:bigint, revision:bigint)"
    ),
    "no key is known": "prefs (user_id:uuid, topic_id:bigint, revision:bigint)",
    "only a key of its own": (
        "prefs (id*, user_id:uuid, topic_id:bigint, revision:bigint)"
    ),
    "one row in each tenant": (
        "prefs (tenant_id:uuid*, user_id:uuid*, topic_id:bigint, revision:bigint)"
    ),
    "somebody only made it": (
        "prefs (topic_id:bigint*, created_by:uuid*, user_id:uuid, revision:bigint)"
    ),
}


def test_a_revision_of_a_record_is_reliable() -> None:
    """A consent and when it was given is a record of its own, and no part of a set."""
    table = (
        "consents (user_id:uuid*>users, topic_id:bigint*>topics, given_at:timestamp, "
        "revision:bigint)"
    )
    found = coverage(table, columns="user_id topic_id given_at")
    assert found is ConflictCoverage.DETECTABLE


@pytest.mark.parametrize("name", ROWS)
def test_a_revision_of_what_is_no_set_is_reliable(name: str) -> None:
    """If the keys do not show a set, nothing changes."""
    found = coverage(ROWS[name], columns="user_id topic_id")
    assert found is ConflictCoverage.DETECTABLE


def test_the_reason_says_what_is_not_guarded() -> None:
    """The report names the column, and what it guards instead."""
    snapshot = sketched_schema(
        f"""
        {USERS}
        user_interest_themes (user_id:uuid*>users, theme_id:bigint*, revision:bigint)
        """
    )
    report = UserStateSchemaAuditReport.evaluate(snapshot)
    check = report.check("interests.conflict")
    assert check.decision is MigrationDecision.REQUIRED
    assert (
        "public.user_interest_themes.revision cannot catch a stale write, since it "
        "guards a row, not the set"
    ) in check.rationale
