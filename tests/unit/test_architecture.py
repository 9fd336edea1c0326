"""Decisions of architecture: which are made, which are open, and between what."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.architecture import (
    ArchitectureDecision,
    Standing,
    architecture,
)
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Entity,
    Revisions,
    StorageModel,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import ForeignKey, SchemaSnapshot, Table
from pytest_userstate.domain.state_diagram import draw
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences, table

USERS = table("users", "id", "display_name")
TRACKED = preferences(TOKENS["not null"])
OWN = Entity(
    name="consents",
    revisions=Revisions.EXPECTED,
    models=[StorageModel(name="log", tables="consent_log", columns=["user_id"])],
)


def decisions(
    *tables: Table, model: AuditModel = DEFAULT_MODEL
) -> dict[str, ArchitectureDecision]:
    """Return the decisions by the check that they show in."""
    snapshot = SchemaSnapshot(tables)
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    found = architecture(report, model, draw(snapshot, model))
    return {each.check: each for each in found}


def test_the_four_that_are_asked_for_are_always_there() -> None:
    """Profile and interests storage, the revision model, stale writes."""
    assert [each.title for each in decisions().values()] == [
        "Profile storage path",
        "Interests storage path",
        "Revision model of interests",
        "Stale-write handling of interests",
    ]


def test_storage_is_decided_where_no_revision_is_expected() -> None:
    """Interests stay with profile among the four, whatever is expected of them."""
    (interests,) = (e for e in DEFAULT_MODEL.entities if e.name == "interests")
    plain = attrs.evolve(interests, revisions=Revisions.NOT_EXPECTED)
    assert [*decisions(model=model_with(plain))] == [
        "profile.schema",
        "interests.schema",
    ]


def test_entities_with_revisions_have_theirs() -> None:
    """Others have none: nothing about them is open but whether they are stored."""
    found = decisions(
        model=model_with(
            OWN, attrs.evolve(OWN, name="sessions", revisions=Revisions.NOT_EXPECTED)
        )
    )
    assert {
        each for each in found if not each.startswith(("profile", "interests"))
    } == {
        "consents.schema",
        "consents.revision",
        "consents.conflict",
    }


@pytest.mark.parametrize(
    ("tables", "canonical", "standings"),
    [
        ([], None, ("open", "waits", "waits")),
        ([TRACKED], None, ("settled", "settled", "settled")),
        ([TRACKED], "preferences", ("decided", "settled", "settled")),
        ([TRACKED], "join_table", ("decided", "waits", "waits")),
        ([preferences()], None, ("settled", "open", "open")),
        ([preferences(TOKENS["nullable"])], None, ("settled", "settled", "open")),
        ([TRACKED, join_table()], None, ("open", "settled", "settled")),
        ([TRACKED, join_table()], "preferences", ("decided", "settled", "settled")),
        ([preferences(), join_table()], None, ("open", "waits", "waits")),
    ],
)
def test_how_far_each_decision_has_come(
    tables: list[Table], canonical: str | None, standings: tuple[str, ...]
) -> None:
    """A declaration decides, one complete storage settles, a choice is open."""
    found = decisions(*tables, model=model_with(canonical=canonical))
    axes = ("schema", "revision", "conflict")
    told = [found[f"interests.{axis}"].standing.split()[0] for axis in axes]
    assert told == list(standings)


@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize("canonical", [None, "preferences", "join_table"])
@pytest.mark.parametrize("more", [[], [join_table()]])
def test_options_stand_where_there_is_a_choice(
    tokens: str, canonical: str | None, more: list[Table]
) -> None:
    """What is settled or waits has none; what is open has at least one."""
    column = TOKENS[tokens]
    found = decisions(preferences(column), *more, model=model_with(canonical=canonical))
    for each in found.values():
        assert each.statement
        if each.standing is Standing.OPEN:
            assert each.options
            assert all(option.consequences for option in each.options)
            # Only between complete models does the audit take a side.
            favoured = [o.name for o in each.options if o.is_recommended]
            assert all(name.startswith("keep ") for name in favoured)
        elif each.standing is not Standing.DECIDED:
            assert each.options == ()


def test_a_decision_gives_its_reason() -> None:
    """The reason that was written down is the one that is told."""
    found = decisions(TRACKED, model=model_with(canonical="preferences"))
    assert found["interests.schema"].reason == "ADR 7"
    assert {each.reason for each in found.values()} == {"ADR 7", ""}


def test_two_models_are_options_with_their_consequences() -> None:
    """What each keeps and loses: rows, references, revisions, the other table."""
    key = ForeignKey(
        name="k", columns=["theme_id"], target_table="themes", target_columns=["id"]
    )
    owner = ForeignKey(
        name="o", columns=["user_id"], target_table="users", target_columns=["id"]
    )
    found = decisions(
        USERS,
        TRACKED,
        attrs.evolve(join_table(), foreign_keys=[key, owner]),
        table("themes", "id"),
    )
    keep, other = found["interests.schema"].options
    assert (keep.name, keep.is_recommended) == ("keep preferences", True)
    assert (other.name, other.is_recommended) == ("keep join_table", False)
    assert keep.consequences == (
        "public.user_interest_themes is retired, once nothing reads it",
        "no foreign key guards interest_theme_ids and user_id",
        (
            "revisions and stale writes are settled with it, by "
            "public.user_preferences.revision"
        ),
    )
    assert other.consequences == (
        "public.user_preferences is retired, once nothing reads it",
        (
            "any number of rows of public.user_interest_themes for each row of "
            "public.users"
        ),
        "foreign keys guard theme_id and user_id",
        "it keeps no revision: revisions and stale writes need a migration then",
    )
    assert found["interests.revision"].statement.endswith(
        "this holds if preferences is kept"
    )


def test_an_unusable_revision_is_a_consequence() -> None:
    """The model that has it is not settled by it."""
    found = decisions(preferences(TOKENS["nullable"]), join_table())
    (keep, _) = found["interests.schema"].options
    assert keep.consequences[-1].startswith(
        "public.user_preferences.revision has to be corrected"
    )


def test_missing_storage_is_a_choice_of_models() -> None:
    """Each says what it needs, and what it brings."""
    options = decisions(preferences(without="user_id"))["interests.schema"].options
    assert [each.name for each in options] == [
        "complete preferences",
        "complete join_table",
    ]
    assert options[0].consequences[0] == (
        "public.user_preferences is there, and needs column user_id"
    )
    assert options[1].consequences[0] == (
        "a new table user_interest_themes with user_id and theme_id"
    )
    assert options[0].consequences[-1].startswith("with a column revision")


def test_shared_rows_are_a_consequence() -> None:
    """A profile in `users` shares its rows with whatever else is there."""
    (option,) = decisions()["profile.schema"].options
    assert "it shares its rows with login and users" in option.consequences


def test_an_incomplete_canonical_storage_can_be_completed_or_given_up() -> None:
    """The decision stands; what it needs is told, and so is the way back."""
    found = decisions(TRACKED, model=model_with(canonical="join_table"))
    assert [each.name for each in found["interests.schema"].options] == [
        "complete join_table",
        "declare preferences canonical in place of join_table",
    ]


def test_copies_are_kept_one_at_a_time() -> None:
    """Each copy is an option, with what the model has to say then."""
    model = attrs.evolve(DEFAULT_MODEL, schemas=("public", "old"))
    found = decisions(TRACKED, preferences(schema="old"), model=model)
    names = [each.name for each in found["interests.schema"].options]
    assert names == ["keep public.user_preferences", "keep old.user_preferences"]


def test_a_revision_of_one_row_does_not_guard_a_set() -> None:
    """Where several rows belong together, that is said."""
    owner = ForeignKey(
        name="o", columns=["user_id"], target_table="users", target_columns=["id"]
    )
    spread = decisions(USERS, attrs.evolve(join_table(), foreign_keys=[owner]))
    first, none = spread["interests.revision"].options
    assert first.name == "a column revision of public.user_interest_themes"
    assert any("the whole set is not caught" in each for each in first.consequences)
    assert none.name == "no revisions"
    alone = decisions(USERS, preferences())["interests.revision"].options[0]
    assert not any("the whole set" in each for each in alone.consequences)


def test_an_unexpected_entity_is_not_applicable() -> None:
    """The configured reason is the statement."""
    profile = DEFAULT_MODEL.entity("profile")
    assert profile
    model = model_with(attrs.evolve(profile, expected=False, reason="none here"))
    found = decisions(model=model)["profile.schema"]
    assert found.standing is Standing.NOT_APPLICABLE
    assert found.statement == "not expected: none here"


def options(decision: ArchitectureDecision) -> dict[str, tuple[str, ...]]:
    """Return what each option entails, by its name."""
    return {each.name: each.consequences for each in decision.options}


def test_without_revisions_both_ways_are_told_in_full() -> None:
    """A column and what it obliges to, or none and what becomes of writers."""
    found = decisions(USERS, preferences())
    revision, conflict = found["interests.revision"], found["interests.conflict"]
    assert options(revision) == {
        "a column revision of public.user_preferences": (
            "every write has to increase it",
            "if it can never be null, it catches stale writes as well",
        ),
        "no revisions": (
            "of two writers the later one wins, and nobody notices",
            ("the audit no longer asks: revisions = false for interests"),
        ),
    }
    compare, last = options(conflict).items()
    assert compare[0] == "compare a revision on write"
    assert compare[1][0] == "interests.revision comes first"
    assert compare[1][1].startswith("a write names the revision that it was read at")
    assert last == (
        "the last write wins",
        (
            "of two writers the later one wins, and nobody notices",
            "accept interests.conflict with this as its reason",
        ),
    )


def test_an_unusable_revision_is_mended_or_replaced() -> None:
    """Only what is wrong with it has to change."""
    found = decisions(USERS, preferences(TOKENS["nullable"]))["interests.conflict"]
    mend, another = options(found).items()
    assert mend[0] == "correct public.user_preferences.revision"
    assert len(mend[1]) == 1
    assert mend[1][0].startswith("a migration has to change that it can be null")
    assert another == (
        "another revision column",
        ("every writer has to learn of it; the old one is retired",),
    )


@pytest.mark.parametrize("canonical", [None, "preferences"])
@pytest.mark.parametrize("more", [[], [join_table()]])
def test_a_revision_holds_without_proviso_unless_two_models_compete(
    canonical: str | None, more: list[Table]
) -> None:
    """One model, or a declared one: nothing depends on what is kept."""
    model = model_with(canonical=canonical)
    found = decisions(TRACKED, *more, model=model)
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot([TRACKED, *more]), model=model
    )
    competing = bool(more) and canonical is None
    for check in ("interests.revision", "interests.conflict"):
        proviso = found[check].statement.removeprefix(report.check(check).rationale)
        assert proviso == ("; this holds if preferences is kept" * competing)


def test_two_copies_of_one_model_are_no_proviso() -> None:
    """Whichever is kept, it is the same model."""
    model = attrs.evolve(DEFAULT_MODEL, schemas=("public", "old"))
    found = decisions(
        TRACKED, preferences(TOKENS["not null"], schema="old"), model=model
    )["interests.revision"]
    assert found.standing is Standing.SETTLED
    assert "this holds if" not in found.statement


@pytest.mark.parametrize(
    ("tables", "canonical", "statement"),
    [
        ([], None, "nothing stores it yet"),
        (
            [preferences()],
            None,
            "public.user_preferences is the only complete storage",
        ),
        (
            [preferences()],
            "preferences",
            "the canonical storage is preferences, and it is there",
        ),
        (
            [preferences()],
            "join_table",
            "the canonical storage is join_table, which is not complete",
        ),
        (
            [preferences(), join_table()],
            None,
            "public.user_preferences and public.user_interest_themes store it",
        ),
        (
            [preferences(), join_table()],
            "join_table",
            (
                "the canonical storage is join_table, once public.user_preferences is "
                "retired"
            ),
        ),
        (
            [preferences(), preferences(schema="app")],
            None,
            (
                "public.user_preferences and app.user_preferences are copies that the "
                "model cannot distinguish"
            ),
        ),
        (
            [preferences(), preferences(schema="app"), join_table()],
            "preferences",
            (
                "public.user_preferences and app.user_preferences are copies that the "
                "model cannot distinguish"
            ),
        ),
        (
            [
                preferences(),
                table("user_preferences", "id", schema="app"),
                join_table(),
            ],
            None,
            "public.user_preferences and public.user_interest_themes store it",
        ),
    ],
    ids=[
        *("nothing", "one", "declared", "declared incomplete"),
        *("two", "one to retire", "copies", "declared copies", "one a fragment"),
    ],
)
def test_how_far_the_storage_path_is_decided_is_a_sentence(
    tables: list[Table], canonical: str | None, statement: str
) -> None:
    """It names the tables, or the model that was declared."""
    model = model_with(schemas=["public", "app"], canonical=canonical)
    assert decisions(*tables, model=model)["interests.schema"].statement == statement


def test_several_storages_that_are_fine_are_all_named() -> None:
    """A repository may keep consents in as many places as it likes."""
    models = [
        StorageModel(name=name, tables=name, columns=["user_id"])
        for name in ("one", "two")
    ]
    entity = attrs.evolve(OWN, models=models, allow_multiple=True)
    tables = [table("one", "user_id"), table("two", "user_id")]
    found = decisions(*tables, model=model_with(entity))["consents.schema"]
    assert found.statement == "public.one and public.two are the complete storage"


@pytest.mark.parametrize(
    ("schemas", "retired"),
    [
        (["public", "app"], "app.user_preferences is"),
        (["public", "app", "old"], "app.user_preferences and old.user_preferences are"),
    ],
)
def test_each_copy_could_be_the_one_to_keep(schemas: list[str], retired: str) -> None:
    """Then the others go, or the model names their table no longer."""
    copies = [preferences(schema=each) for each in schemas]
    found = decisions(*copies, model=model_with(schemas=schemas))
    options = found["interests.schema"].options
    assert len(options) == len(schemas)
    assert options[0].consequences == (
        f'{retired} retired, or no longer meant: table = "public.user_preferences"',
    )
