"""The audit model is data: what it holds by default, and what it refuses."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    EntitySchemaCoverage,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    MigrationDecision,
    RevisionCoverage,
    RuntimeWiring,
    coverage_type,
)
from pytest_userstate.domain.errors import InvalidModelError, UserStateError
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Canonical,
    Entity,
    Revisions,
    StorageModel,
)

CREDENTIALS = ("password_hash", "password_digest", "credential_hash")
LOG = StorageModel(name="log", tables="consent_log", columns=["user_id"])


def entity(**changes: object) -> Entity:
    """Return an entity of one model, changed as asked."""
    return Entity(**({"name": "consents", "models": [LOG]} | changes))


def test_the_default_model_is_the_table_of_the_design() -> None:
    """Entities, tables, columns and groups, word for word."""
    rows = [
        (
            each.name,
            each.allow_multiple,
            str(each.revisions),
            [(m.name, m.tables, m.columns, m.any_of) for m in each.models],
        )
        for each in DEFAULT_MODEL.entities
    ]
    users = [("users", ("users",), ("id", "display_name"), ())]
    assert rows == [
        (
            "login",
            True,
            "not_expected",
            [
                ("users", ("users",), (), (CREDENTIALS,)),
                (
                    "credentials",
                    ("user_credentials", "login_credentials", "credentials"),
                    ("user_id",),
                    (CREDENTIALS,),
                ),
            ],
        ),
        ("users", False, "not_expected", users),
        ("profile", False, "not_expected", users),
        (
            "interests",
            False,
            "expected",
            [
                (
                    "preferences",
                    ("user_preferences",),
                    ("user_id", "interest_theme_ids"),
                    (),
                ),
                (
                    "join_table",
                    ("user_interest_themes",),
                    ("user_id", "theme_id"),
                    (),
                ),
            ],
        ),
    ]
    assert DEFAULT_MODEL.schemas == ("public",)
    interests = DEFAULT_MODEL.entity("interests")
    assert interests is not None
    assert {model.revision for model in interests.models} == {("revision",)}
    assert interests.canonical is None


def test_the_checks_of_the_default_model() -> None:
    """Login, users and profile have no revision and no conflict rule."""
    assert DEFAULT_MODEL.check_ids() == (
        "login.schema",
        "login.wiring",
        "users.schema",
        "users.wiring",
        "profile.schema",
        "profile.wiring",
        "interests.schema",
        "interests.wiring",
        "interests.revision",
        "interests.conflict",
    )


def test_a_cell_without_a_rule_says_why() -> None:
    """The reason is one for the matrix, and names the entity."""
    users = DEFAULT_MODEL.entity("users")
    assert users is not None
    for axis in (Axis.SCHEMA, Axis.WIRING):
        assert users.not_applicable(axis) is None
    for axis in (Axis.REVISION, Axis.CONFLICT):
        assert users.not_applicable(axis) == "the model expects no revisions"


def test_an_entity_can_be_expected_to_keep_revisions() -> None:
    """It then has all four checks."""
    model = AuditModel(entities=[entity(revisions=Revisions.EXPECTED)])
    assert model.check_ids() == tuple(f"consents.{axis}" for axis in Axis)


def test_an_entity_that_is_not_expected_has_no_checks() -> None:
    """Every cell gives the reason, also where revisions would be expected."""
    absent = entity(
        models=[], expected=False, reason="single sign-on", revisions="expected"
    )
    assert AuditModel(entities=[absent]).check_ids() == ()
    for axis in Axis:
        assert absent.not_applicable(axis) == "not expected: single sign-on"


def test_one_name_may_stand_for_a_list() -> None:
    """A table, a revision column, a schema: a bare string is one of them."""
    log = StorageModel(name="log", tables="legal.consent_log", revision="version")
    assert log.tables == ("legal.consent_log",)
    assert log.revision == ("version",)
    assert AuditModel(entities=[entity()], schemas="app").schemas == ("app",)


def test_any_iterable_will_do() -> None:
    """Everything is stored as tuples, and models can be hashed."""
    model = AuditModel(
        entities=iter(
            [
                entity(
                    models=iter(
                        [
                            StorageModel(
                                name="log",
                                tables=iter(["a", "b"]),
                                columns=iter(["c"]),
                                any_of=iter([iter(["d", "e"]), "f"]),
                            )
                        ]
                    )
                )
            ]
        ),
        schemas=iter(["public"]),
    )
    (log,) = model.entities[0].models
    assert log.column_groups == (("c",), ("d", "e"), ("f",))
    hash(model)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": "Consents"}, "lower case"),
        ({"name": "1st"}, "starts with a letter"),
        ({"name": ""}, "entity ''"),
        ({"name": "con sents"}, "lower case"),
        ({"name": "consents\n"}, "lower case"),
        ({"models": []}, "no storage model"),
        ({"models": [LOG, LOG]}, "two storage models named 'log'"),
        ({"expected": False}, "no reason"),
        (
            {"canonical": Canonical(model="state", reason="ADR")},
            "declares 'state' canonical, but its storage models are 'log'",
        ),
        (
            {
                "models": [LOG, attrs.evolve(LOG, name="book")],
                "canonical": Canonical(model="state", reason="ADR"),
            },
            "but its storage models are 'log', 'book'$",
        ),
    ],
)
def test_an_entity_that_contradicts_itself_is_refused(
    changes: dict[str, object], complaint: str
) -> None:
    """The message names the entity and the fault."""
    with pytest.raises(InvalidModelError, match=complaint) as caught:
        entity(**changes)
    assert isinstance(caught.value, UserStateError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"tables": []}, "'log' names no table"),
        ({"tables": "a", "any_of": [["b"], []]}, "'log' has an empty any_of group"),
    ],
)
def test_a_storage_model_that_says_nothing_is_refused(
    fields: dict[str, object], complaint: str
) -> None:
    """Any schema, or none, would satisfy it."""
    with pytest.raises(InvalidModelError, match=complaint):
        StorageModel(name="log", **fields)


def test_a_model_names_each_entity_once() -> None:
    """Two rows of one name could not be told apart."""
    with pytest.raises(InvalidModelError, match="two entities named 'consents'"):
        AuditModel(entities=[entity(), entity()])


def test_a_model_looks_in_some_schema() -> None:
    """An audit of no schema would find everything missing."""
    with pytest.raises(InvalidModelError, match="names no schema"):
        AuditModel(entities=[entity()], schemas=[])


def test_models_are_frozen() -> None:
    """A shared default cannot be changed by accident."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        DEFAULT_MODEL.schemas = ("app",)


def test_an_unknown_entity_is_none() -> None:
    """Looking one up does not raise."""
    assert DEFAULT_MODEL.entity("consents") is None


def test_several_models_are_ambiguous_unless_said_otherwise() -> None:
    """The careful reading is the default."""
    assert entity().allow_multiple is False


@pytest.mark.parametrize(
    ("name", "axis", "expected"),
    [
        ("login", Axis.SCHEMA, LoginSchemaCoverage),
        ("users", Axis.SCHEMA, EntitySchemaCoverage),
        ("profile", Axis.SCHEMA, EntitySchemaCoverage),
        ("interests", Axis.SCHEMA, InterestsStorageCoverage),
        ("consents", Axis.SCHEMA, EntitySchemaCoverage),
        ("interests", Axis.REVISION, RevisionCoverage),
        ("interests", Axis.CONFLICT, ConflictCoverage),
        ("login", Axis.WIRING, RuntimeWiring),
    ],
)
def test_every_cell_answers_in_its_own_words(
    name: str, axis: Axis, expected: type
) -> None:
    """Each enumeration belongs to a question."""
    assert coverage_type(name, axis) is expected


@pytest.mark.parametrize(
    ("enumeration", "words"),
    [
        (Axis, {"schema", "wiring", "revision", "conflict"}),
        (
            LoginSchemaCoverage,
            {"credentials_persisted", "missing_credential_storage"},
        ),
        (EntitySchemaCoverage, {"covered", "missing"}),
        (
            InterestsStorageCoverage,
            {
                "missing",
                "canonical_preferences",
                "canonical_join_table",
                "dual_model",
            },
        ),
        (RevisionCoverage, {"tracked", "untracked"}),
        (ConflictCoverage, {"detectable", "unreliable", "absent", "bypassed"}),
        (
            RuntimeWiring,
            {
                "database_backed",
                "fixture_backed",
                "conditional",
                "unwired",
                "not_probed",
            },
        ),
        (MigrationDecision, {"required", "not_required", "deferred"}),
    ],
)
def test_the_words_of_the_design_are_the_values(
    enumeration: type[str], words: set[str]
) -> None:
    """The schema coverages know `ambiguous` and `covered` besides."""
    values = {str(each) for each in enumeration}
    extra = {"ambiguous", "covered"} if "SchemaCov" in enumeration.__name__ else set()
    extra |= {"ambiguous", "covered"} if "StorageCov" in enumeration.__name__ else set()
    assert words <= values <= words | extra


@pytest.mark.parametrize(
    ("decision", "is_required", "needs_migration"),
    [
        ("required", True, True),
        ("deferred", False, True),
        ("not_required", False, False),
    ],
)
def test_a_decision_reads_on_two_levels(
    decision: str, *, is_required: bool, needs_migration: bool
) -> None:
    """A deferred migration is needed, but not required now."""
    value = MigrationDecision(decision)
    assert value.is_required is is_required
    assert value.needs_migration is needs_migration
