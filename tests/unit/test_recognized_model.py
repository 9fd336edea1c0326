"""An audit takes recognized storage if neither model nor configuration has any."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate import (
    DEFAULT_MODEL,
    AuditModel,
    Check,
    ConflictCoverage,
    EntitySchemaCoverage,
    EvidenceKind,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    MigrationDecision,
    RevisionCoverage,
    SchemaSnapshot,
    StorageModel,
    UserStateSchemaAuditReport,
)
from pytest_userstate.domain.recognition.recognizing import with_recognized
from tests.helpers.recognition_cases import CASES
from tests.helpers.sketched_schemas import sketched_schema

GO = sketched_schema(CASES["go accounts"].schema)
FITTING = sketched_schema(
    """
    users (id:uuid*, display_name, password_hash)
    user_preferences (user_id:uuid*>users, interest_theme_ids, revision:bigint)
    """
)


def audited(
    snapshot: SchemaSnapshot, model: AuditModel = DEFAULT_MODEL
) -> UserStateSchemaAuditReport:
    """Audit as the command does: with what is recognized beside the model."""
    model = with_recognized(model, snapshot)
    return UserStateSchemaAuditReport.evaluate(snapshot, model=model)


def schema(report: UserStateSchemaAuditReport, entity: str) -> Check:
    """Return the schema check of an entity."""
    return report.check(f"{entity}.schema")


def test_the_model_comes_first() -> None:
    """A schema that the default model fits is audited as ever, and nothing else."""
    assert with_recognized(DEFAULT_MODEL, FITTING) is DEFAULT_MODEL


def test_evaluating_with_the_default_model_recognizes_nothing() -> None:
    """The report that tests evaluate looks only where the model says."""
    report = UserStateSchemaAuditReport.evaluate(GO)
    assert report.login_coverage is LoginSchemaCoverage.MISSING_CREDENTIAL_STORAGE
    assert report.users_coverage is EntitySchemaCoverage.MISSING


def test_what_no_model_covers_is_recognized() -> None:
    """Accounts, settings and their revision are found, and say why."""
    report = audited(GO)
    assert report.login_coverage is LoginSchemaCoverage.CREDENTIALS_PERSISTED
    assert report.users_coverage is EntitySchemaCoverage.COVERED
    assert report.profile_coverage is EntitySchemaCoverage.COVERED
    assert report.interests_storage_coverage is InterestsStorageCoverage.COVERED
    assert report.check("interests.revision").coverage is RevisionCoverage.TRACKED
    assert report.check("interests.conflict").coverage is ConflictCoverage.DETECTABLE
    login = schema(report, "login")
    assert login.decision is MigrationDecision.NOT_REQUIRED
    assert login.models == ("accounts",)
    assert (
        "Recognized: public.accounts is certain by its words and structure "
        "(public.accounts.password_digest: a password or its hash"
    ) in login.rationale


def test_a_revision_is_looked_for_by_its_names() -> None:
    """A recognized storage without one is untracked, and the default name is absent."""
    report = audited(
        sketched_schema(
            """
            accounts (id:bigint*, email!, password_digest)
            account_settings (account_id:bigint*>accounts, theme, terms_version)
            """
        )
    )
    check = report.check("interests.revision")
    assert check.coverage is RevisionCoverage.UNTRACKED
    assert any(
        fact.subject == "public.account_settings.revision" for fact in check.evidence
    )


def test_several_of_equal_standing_are_ambiguous() -> None:
    """The report names both, and a person decides."""
    report = audited(
        sketched_schema(
            """
            accounts (id:bigint*, email!, password_digest)
            account_settings (account_id:bigint*>accounts, theme)
            account_preferences (account_id:bigint*>accounts, theme)
            """
        )
    )
    check = schema(report, "interests")
    assert check.decision is MigrationDecision.REQUIRED
    assert set(check.models) == {"account_settings", "account_preferences"}
    assert check.coverage is InterestsStorageCoverage.DUAL_MODEL


def test_what_is_only_possible_stays_missing_and_is_named() -> None:
    """A near miss comes with the lines that would configure it."""
    report = audited(
        sketched_schema(
            """
            users (id:bigint*, email!, password_hash)
            songs (id:bigint*, title)
            likes (user_id:bigint*>users, song_id:bigint*>songs)
            """
        )
    )
    check = schema(report, "interests")
    assert check.coverage is InterestsStorageCoverage.MISSING
    (fact,) = (f for f in check.evidence if f.kind is EvidenceKind.NEAR_MISS)
    assert fact.subject == "public.likes"
    assert (
        '[[entities.interests.models]] name = "likes", table = "public.likes", '
        'columns = ["user_id"'
    ) in fact.detail


def test_missing_means_that_nothing_looks_like_it() -> None:
    """The rationale says that recognition looked, too."""
    check = schema(audited(sketched_schema("songs (id:bigint*, title)")), "login")
    assert check.coverage is LoginSchemaCoverage.MISSING_CREDENTIAL_STORAGE
    assert check.rationale.endswith("; nothing else in this schema looks like it")


@pytest.mark.parametrize("change", ["models", "not expected", "canonical"])
def test_a_configured_entity_is_never_overridden(change: str) -> None:
    """What the configuration describes counts as it is written."""
    entity = DEFAULT_MODEL.entity("interests")
    assert entity is not None
    described = {
        "models": attrs.evolve(
            entity, models=[StorageModel(name="own", tables="own", columns=["x"])]
        ),
        "not expected": attrs.evolve(entity, expected=False, reason="elsewhere"),
        "canonical": attrs.evolve(entity, allow_multiple=True),
    }[change]
    model = AuditModel(
        entities=[
            described if each.name == "interests" else each
            for each in DEFAULT_MODEL.entities
        ]
    )
    recognized = with_recognized(model, GO)
    assert recognized.entity("interests") == described
    assert recognized.recognized("interests") is None
    assert recognized.recognized("login") is not None


def test_storage_is_recognized_in_any_schema() -> None:
    """The schemas of the model are where it looks; recognition looks in all."""
    report = audited(sketched_schema("auth.users (id:uuid*, email!, password_hash)"))
    assert report.login_coverage is LoginSchemaCoverage.CREDENTIALS_PERSISTED
    assert schema(report, "login").models == ("auth.users",)
