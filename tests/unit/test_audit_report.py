"""The report: every check by id, and the names of the usual ones."""

from __future__ import annotations

import pytest

from pytest_userstate.domain.coverage import (
    EntitySchemaCoverage,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    MigrationDecision,
)
from pytest_userstate.domain.errors import SchemaSnapshotRepositoryError
from pytest_userstate.domain.model import AuditModel, Entity, Revisions
from pytest_userstate.domain.report import (
    UserStateSchemaAuditReport,
    audit_user_state_schema_coverage,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot
from tests.helpers.schemas import (
    TOKENS,
    join_table,
    model_with,
    only,
    preferences,
    table,
)

BASELINE = SchemaSnapshot(
    [
        table("users", "id", "display_name"),
        preferences(TOKENS["not null"]),
        join_table(),
    ]
)
"""No credentials, users and profile covered, interests stored twice."""

COMPLETE = SchemaSnapshot(
    [table("users", "id", "display_name", "password_hash"), preferences()]
)


def test_the_situation_of_the_brief() -> None:
    """Every usual check answers by its name for the baseline repository."""
    report = UserStateSchemaAuditReport.evaluate(BASELINE)
    assert report.login_coverage is LoginSchemaCoverage.MISSING_CREDENTIAL_STORAGE
    assert report.users_coverage is EntitySchemaCoverage.COVERED
    assert report.profile_coverage is EntitySchemaCoverage.COVERED
    assert report.interests_storage_coverage is InterestsStorageCoverage.DUAL_MODEL
    assert report.supports_interests_revision_tracking is True
    assert report.supports_update_conflict_handling is True
    assert report.profile_storage_migration is MigrationDecision.NOT_REQUIRED
    assert report.interests_storage_migration is MigrationDecision.REQUIRED
    tracking = report.interests_revision_tracking_migration
    assert tracking is MigrationDecision.NOT_REQUIRED
    assert report.update_conflict_handling_migration is MigrationDecision.NOT_REQUIRED


def test_an_empty_schema() -> None:
    """Storage comes first; what stands on it is deferred."""
    report = UserStateSchemaAuditReport.evaluate(SchemaSnapshot())
    assert report.profile_coverage is EntitySchemaCoverage.MISSING
    assert report.interests_storage_coverage is InterestsStorageCoverage.MISSING
    assert report.supports_interests_revision_tracking is False
    assert report.supports_update_conflict_handling is False
    assert report.profile_storage_migration is MigrationDecision.REQUIRED
    assert report.interests_storage_migration is MigrationDecision.REQUIRED
    tracking = report.interests_revision_tracking_migration
    assert tracking is MigrationDecision.DEFERRED
    assert report.update_conflict_handling_migration is MigrationDecision.DEFERRED


@pytest.mark.parametrize(
    ("token", "tracked", "handled", "tracking", "handling"),
    [
        ("no column", False, False, "required", "required"),
        ("nullable", True, False, "not_required", "required"),
        ("not null", True, True, "not_required", "not_required"),
    ],
)
def test_tracking_and_handling_are_two_questions(
    token: str, *, tracked: bool, handled: bool, tracking: str, handling: str
) -> None:
    """A revision column that can be null tracks, but catches nothing."""
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot([preferences(TOKENS[token])])
    )
    assert report.supports_interests_revision_tracking is tracked
    assert report.supports_update_conflict_handling is handled
    assert report.interests_revision_tracking_migration == tracking
    assert report.update_conflict_handling_migration == handling


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("profile_storage", "profile.schema"),
        ("interests_storage", "interests.schema"),
        ("revision_tracking", "interests.revision"),
        ("conflict_handling", "interests.conflict"),
    ],
)
def test_decisions_are_those_of_their_checks(name: str, check: str) -> None:
    """Revision and conflict are those of interests, whatever profile expects."""
    profile = model_with().entity("profile")
    assert profile is not None
    expecting = Entity(
        name="profile", models=profile.models, revisions=Revisions.EXPECTED
    )
    report = UserStateSchemaAuditReport.evaluate(BASELINE, model=model_with(expecting))
    assert report.decision(name) is report.check(check).decision
    assert report.check("profile.revision").decision is MigrationDecision.REQUIRED
    assert report.check("profile.conflict").decision is MigrationDecision.REQUIRED


def test_an_entity_that_is_not_audited_has_no_answer() -> None:
    """None and False, not an error: the names always exist."""
    own = Entity(name="consents", models=model_with().entities[1].models)
    report = UserStateSchemaAuditReport.evaluate(
        COMPLETE, model=AuditModel(entities=[own])
    )
    assert report.entities == ("consents",)
    assert report.login_coverage is None
    assert report.interests_storage_coverage is None
    assert report.supports_interests_revision_tracking is False
    assert report.supports_update_conflict_handling is False
    assert report.interests_storage_migration is None
    assert report.decision("conflict_handling") is None


def test_rows_and_cells_are_in_the_order_of_the_model() -> None:
    """The matrix reads as the model was written."""
    report = UserStateSchemaAuditReport.evaluate(COMPLETE)
    assert report.entities == ("login", "users", "profile", "interests")
    assert tuple(check.id for check in report.checks) == model_with().check_ids()
    assert [f"{each.entity}.{each.axis}" for each in report.not_applicable] == [
        "login.revision",
        "login.conflict",
        "users.revision",
        "users.conflict",
        "profile.revision",
        "profile.conflict",
    ]


def test_a_check_is_found_by_its_id() -> None:
    """Asking for one that does not exist lists those that do."""
    report = UserStateSchemaAuditReport.evaluate(COMPLETE)
    assert report.check("users.schema").id == "users.schema"
    report = UserStateSchemaAuditReport.evaluate(COMPLETE, model=only("users"))
    with pytest.raises(LookupError) as caught:
        report.check("users.shema")
    assert caught.value.args == (
        "there is no check 'users.shema'; the checks are users.schema, users.wiring",
    )


def test_asking_for_a_cell_that_is_no_check_gives_the_reason() -> None:
    """It exists in the matrix, so the message does not call it unknown."""
    report = UserStateSchemaAuditReport.evaluate(COMPLETE)
    with pytest.raises(LookupError, match="expects no revisions"):
        report.check("users.revision")


class Loads:
    """A repository that holds one snapshot."""

    def load(self) -> SchemaSnapshot:
        """Return it."""
        return BASELINE


class Fails:
    """A repository that cannot connect."""

    def load(self) -> SchemaSnapshot:
        """Say so."""
        message = "connection refused"
        raise SchemaSnapshotRepositoryError(message, operation="connect")


def test_a_repository_is_all_that_an_audit_needs() -> None:
    """One call loads the snapshot and evaluates it with the default model."""
    assert audit_user_state_schema_coverage(
        Loads()
    ) == UserStateSchemaAuditReport.evaluate(BASELINE)


def test_a_repository_that_fails_says_what_failed() -> None:
    """The error goes to the caller as it is."""
    with pytest.raises(SchemaSnapshotRepositoryError, match="refused") as caught:
        audit_user_state_schema_coverage(Fails())
    assert caught.value.operation == "connect"
