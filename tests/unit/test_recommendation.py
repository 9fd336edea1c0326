"""Which of two storage models the facts speak for, and in which order."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.columns import Column, ForeignKey, KeyConstraint
from pytest_userstate.domain.coverage import MigrationDecision, RuntimeWiring
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.model import AuditModel, Entity, StorageModel
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from pytest_userstate.domain.wiring import PortWiring, Wiring
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences, table

USABLE = TOKENS["not null"]
KEY = KeyConstraint(name="pk", columns=["user_id"])
UNRELATED_KEY = KeyConstraint(name="pk", columns=["note"])


def reference(column: str, **rest: bool) -> ForeignKey:
    """Return a foreign key over the column."""
    return ForeignKey(
        name=f"fk_{column}",
        columns=[column],
        target_table="users",
        target_columns=["id"],
        **rest,
    )


def in_use(model: str | None, state: str = "database_backed") -> Wiring:
    """Return wiring that shows the model in use."""
    port = PortWiring(
        entity="interests",
        port="UserInterestsCommand",
        state=RuntimeWiring(state),
        model=model,
    )
    return Wiring([port])


def audited(
    *tables: Table, wiring: Wiring | None = None, model: AuditModel | None = None
) -> Check:
    """Return the schema check of interests."""
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(tables),
        model=model or model_with(),
        wiring=wiring or Wiring(),
    )
    check = report.check("interests.schema")
    assert check.decision is MigrationDecision.REQUIRED
    return check


def test_a_usable_revision_column_counts_most() -> None:
    """More than use by the program and better keys together."""
    guarded = attrs.evolve(
        join_table(),
        primary_key=KEY,
        foreign_keys=[reference("user_id"), reference("theme_id")],
    )
    check = audited(preferences(USABLE), guarded, wiring=in_use("join_table"))
    assert check.recommendation == "preferences"
    assert "Recommended: preferences" in check.rationale
    assert "usable revision column" in check.rationale


@pytest.mark.parametrize(
    "token", [each for each in TOKENS if each not in {"no column", "not null"}]
)
def test_only_a_usable_revision_column_counts(token: str) -> None:
    """One that cannot catch a stale write speaks for nothing."""
    usable = token in {"in a not-null domain", "identity, by default"}
    check = audited(preferences(TOKENS[token]), join_table())
    assert check.recommendation == ("preferences" if usable else None)
    check = audited(preferences(), join_table(TOKENS[token]))
    assert check.recommendation == ("join_table" if usable else None)


@pytest.mark.parametrize("state", ["database_backed", "conditional"])
@pytest.mark.parametrize("revision", [None, USABLE], ids=["without", "with"])
def test_use_by_the_program_counts_next(state: str, revision: Column | None) -> None:
    """More than keys, where both have a usable revision column or neither."""
    guarded = attrs.evolve(
        preferences(revision), primary_key=KEY, foreign_keys=[reference("user_id")]
    )
    check = audited(guarded, join_table(revision), wiring=in_use("join_table", state))
    assert check.recommendation == "join_table"
    assert "the running program uses it" in check.rationale


def test_one_of_several_ports_is_use_enough() -> None:
    """Another that reaches no table takes nothing away."""
    ports = (*in_use("join_table", "database_backed").ports, *in_use(None).ports)
    wiring = Wiring(
        [attrs.evolve(each, port=f"Port{n}") for n, each in enumerate(ports)]
    )
    check = audited(preferences(), join_table(), wiring=wiring)
    assert check.recommendation == "join_table"


@pytest.mark.parametrize(
    "wiring",
    [
        in_use("join_table", "fixture_backed"),
        in_use("join_table", "unwired"),
        in_use("join_table", "not_probed"),
        in_use(None),
        Wiring(),
    ],
)
def test_a_port_that_reads_no_table_shows_no_use(wiring: Wiring) -> None:
    """Nor does one of which it is not known which table it reads."""
    assert audited(preferences(), join_table(), wiring=wiring).recommendation is None


@pytest.mark.parametrize(
    "guards",
    [
        {"primary_key": KEY},
        {"unique_constraints": [KEY]},
        {"foreign_keys": [reference("user_id")]},
    ],
    ids=["primary key", "unique", "foreign key"],
)
def test_the_better_guarded_model_comes_last(guards: dict[str, object]) -> None:
    """A key or a foreign key over the columns that the model needs."""
    check = audited(preferences(), attrs.evolve(join_table(), **guards))
    assert check.recommendation == "join_table"
    assert "keys and foreign keys guard it better" in check.rationale


def test_more_foreign_keys_guard_better() -> None:
    """Each over a needed column counts."""
    one = attrs.evolve(preferences(), foreign_keys=[reference("user_id")])
    two = attrs.evolve(
        join_table(), foreign_keys=[reference("user_id"), reference("theme_id")]
    )
    assert audited(one, two).recommendation == "join_table"


def test_a_column_marked_as_primary_key_is_a_key() -> None:
    """Minimal construction marks the column and names no constraint."""
    marked = table(
        "user_preferences",
        Column("user_id", "uuid", is_primary_key=True),
        "interest_theme_ids",
    )
    assert audited(marked, join_table()).recommendation == "preferences"


def test_a_marked_column_that_the_model_does_not_need_is_no_key() -> None:
    """A surrogate key keeps no user's interests from being stored twice."""
    marked = preferences(Column("id", "uuid", is_primary_key=True))
    assert audited(marked, join_table()).recommendation is None


@pytest.mark.parametrize(
    "guards",
    [
        {"primary_key": UNRELATED_KEY},
        {"foreign_keys": [reference("note")]},
        {"foreign_keys": [reference("user_id", is_enforced=False)]},
    ],
    ids=["key", "foreign key", "not enforced"],
)
def test_guards_of_other_columns_do_not_count(guards: dict[str, object]) -> None:
    """Nor do those that PostgreSQL does not enforce."""
    check = audited(preferences(), attrs.evolve(join_table("note"), **guards))
    assert check.recommendation is None


def test_a_tie_recommends_none_and_lists_the_options() -> None:
    """Every model is named, with its table and the place to declare it."""
    check = audited(preferences(USABLE), join_table(USABLE))
    assert check.recommendation is None
    assert "The facts favour none" in check.rationale
    for words in (
        "public.user_preferences (preferences)",
        "public.user_interest_themes (join_table)",
        "preferences or join_table",
        "[entities.interests]",
    ):
        assert words in check.rationale


def test_a_recommendation_can_be_pasted_into_the_configuration() -> None:
    """It is written as the configuration has it."""
    check = audited(preferences(USABLE), join_table())
    assert "[entities.interests]" in check.rationale
    assert 'canonical = { model = "preferences", reason = "…" }' in check.rationale


def test_nothing_is_recommended_where_nothing_is_open() -> None:
    """A single model, a declared one, and no model at all."""
    for tables, canonical in (
        ([preferences(USABLE)], None),
        ([preferences(USABLE), join_table()], "join_table"),
        ([preferences(USABLE)], "join_table"),
        ([], None),
    ):
        report = UserStateSchemaAuditReport.evaluate(
            SchemaSnapshot(tables), model=model_with(canonical=canonical)
        )
        assert report.check("interests.schema").recommendation is None


def test_copies_of_one_model_ask_for_one_copy() -> None:
    """Declaring a model canonical would not help, so none is recommended."""
    check = audited(
        preferences(USABLE),
        preferences(schema="app"),
        model=model_with(schemas=["public", "app"]),
    )
    assert check.recommendation is None
    assert "public.user_preferences and app.user_preferences" in check.rationale
    assert "Keep one" in check.rationale


def test_a_model_with_two_copies_counts_by_the_better_one() -> None:
    """It still can be preferred to another model."""
    check = audited(
        preferences(),
        preferences(USABLE, schema="app"),
        join_table(),
        model=model_with(schemas=["public", "app"]),
    )
    assert check.recommendation == "preferences"
    both = [preferences(USABLE), preferences(USABLE, schema="app")]
    check = audited(*both, join_table(), model=model_with(schemas=["public", "app"]))
    assert check.recommendation == "preferences"


@pytest.mark.parametrize("best", ["a", "b", "c"])
def test_one_of_three_can_be_recommended(best: str) -> None:
    """Whatever its place in the model."""
    interests = Entity(
        name="interests",
        models=[
            StorageModel(name=each, tables=f"in_{each}", columns=["user_id"])
            for each in "abc"
        ],
    )
    tables = [
        table(f"in_{each}", "user_id", USABLE if each == best else None)
        for each in "abc"
    ]
    check = audited(*tables, model=AuditModel(entities=[interests]))
    assert check.recommendation == best
    assert check.coverage == "dual_model"


def test_two_of_three_may_tie_at_the_top() -> None:
    """Then none is recommended, though the third is worse."""
    interests = Entity(
        name="interests",
        models=[
            StorageModel(name=each, tables=f"in_{each}", columns=["user_id"])
            for each in "abc"
        ],
    )
    tables = [
        table("in_a", "user_id", USABLE),
        table("in_b", "user_id"),
        table("in_c", "user_id", USABLE),
    ]
    check = audited(*tables, model=AuditModel(entities=[interests]))
    assert check.recommendation is None
