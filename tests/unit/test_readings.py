"""Schema and wiring, read together: neither changes what the other says."""

from __future__ import annotations

import hypothesis
import pytest

from pytest_userstate.application.reporting.document import document_of
from pytest_userstate.application.reporting.text import flat
from pytest_userstate.domain.coverage import Axis, RuntimeWiring
from pytest_userstate.domain.gate import gap
from pytest_userstate.domain.model import AuditModel, Entity, StorageModel
from pytest_userstate.domain.readings import Reading, Use, contradiction
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Source
from pytest_userstate.domain.wiring import (
    PortWiring,
    TableMention,
    TableMentions,
    Wiring,
)
from tests.helpers.documents import finished
from tests.helpers.schemas import join_table, model_with, only, preferences, table
from tests.helpers.strategies import models, snapshots, wirings

settings = hypothesis.settings(deadline=None, max_examples=100)
SEEN = [Source("src/a.rs", 3)]


def port(
    state: str, *, name: str = "UserInterests", model: str | None = None
) -> PortWiring:
    """Return a port of interests."""
    return PortWiring(
        entity="interests", port=name, state=RuntimeWiring(state), model=model
    )


def reading(
    snapshot: SchemaSnapshot,
    *ports: PortWiring,
    mentions: TableMentions | None = None,
    model: AuditModel | None = None,
) -> Reading:
    """Return what is read of interests."""
    report = UserStateSchemaAuditReport.evaluate(
        snapshot,
        model=model or only("interests"),
        wiring=Wiring(ports, mentions=mentions),
    )
    (found,) = report.readings
    assert found.entity == "interests"
    return found


def mentioned(**tables: bool) -> TableMentions:
    """Return what a search of the sources found."""
    return TableMentions(
        found=[
            TableMention(table=name, sources=SEEN if seen else [])
            for name, seen in tables.items()
        ],
        looked_in=["src", "lib"],
    )


@pytest.mark.parametrize(
    ("state", "stored", "missing"),
    [
        ("database_backed", Use.IN_USE, Use.CONTRADICTION),
        ("conditional", Use.PARTLY_IN_USE, Use.CONTRADICTION),
        ("fixture_backed", Use.NOT_YET_USED, Use.NOT_STORED),
        ("unwired", Use.NOT_YET_USED, Use.NOT_STORED),
        ("not_probed", Use.USE_UNKNOWN, Use.NOT_STORED),
    ],
)
def test_what_schema_and_wiring_say_together(
    state: str, stored: Use, missing: Use
) -> None:
    """Each state over storage that is there, twice there, and not there."""
    assert reading(SchemaSnapshot([preferences()]), port(state)).use is stored
    dual = SchemaSnapshot([preferences(), join_table()])
    assert reading(dual, port(state)).use is stored
    assert reading(SchemaSnapshot(), port(state)).use is missing


def test_each_use_has_words_for_people() -> None:
    """Those of the summary and of the documents."""
    assert {use.value: use.words for use in Use} == {
        "in_use": "stored and in use",
        "partly_in_use": "stored, partly in use",
        "not_yet_used": "stored, not yet used",
        "use_unknown": "stored, use not probed",
        "not_stored": "not stored",
        "contradiction": "contradiction",
    }


def test_a_reading_may_have_nothing_to_add() -> None:
    """Then it is the entity and its use, and no more."""
    plain = Reading(entity="interests", use=Use.IN_USE)
    assert (plain.detail, plain.probably_unused) == ("", ())


def test_storage_that_nobody_wired_is_of_unknown_use() -> None:
    """Silence is not the same as not used."""
    assert reading(SchemaSnapshot([preferences()])).use is Use.USE_UNKNOWN


def test_one_port_of_several_may_reach_the_database() -> None:
    """Then the storage is in use, if only partly."""
    ports = port("database_backed", name="Reader"), port("fixture_backed")
    stored = reading(SchemaSnapshot([preferences()]), *ports)
    assert (stored.use, stored.detail) == (Use.PARTLY_IN_USE, "")
    missing = reading(SchemaSnapshot(), *ports)
    assert missing.use is Use.CONTRADICTION
    assert missing.detail.startswith("Reader: the wiring is database-backed, but the")


def test_a_contradiction_says_what_is_missing() -> None:
    """Nothing at all, or only the model that the port reads."""
    nothing = reading(SchemaSnapshot(), port("database_backed"))
    assert nothing.detail.startswith(
        "UserInterests: the wiring is database-backed, but the storage behind it is "
        "missing: no storage of interests is complete: there is no table"
    )
    other = reading(
        SchemaSnapshot([join_table()]), port("conditional", model="preferences")
    )
    assert other.use is Use.CONTRADICTION
    assert other.detail == (
        "UserInterests: the wiring is conditional, but the storage behind it is "
        "missing (preferences): interests is stored in public.user_interest_themes"
    )


def test_each_port_that_contradicts_is_named() -> None:
    """In the order of their names."""
    ports = [port("database_backed", name=name) for name in ("Writer", "Reader")]
    reader, writer = reading(SchemaSnapshot(), *ports).detail.split("; Writer: ")
    assert reader.startswith("Reader: the wiring is database-backed, but the storage")
    assert writer == reader.removeprefix("Reader: ")


def test_a_contradiction_names_every_model_that_is_read() -> None:
    """In one order, whatever the order in which they were found."""
    check = UserStateSchemaAuditReport.evaluate(SchemaSnapshot([join_table()])).check(
        "interests.schema"
    )
    said = contradiction(check, RuntimeWiring.DATABASE_BACKED, {*"fedcba"})
    assert said == (
        "the wiring is database-backed, but the storage behind it is missing "
        "(a, b, c, d, e, f): interests is stored in public.user_interest_themes"
    )


DUAL = SchemaSnapshot([preferences(), join_table()])
BOTH = {"user_preferences": True, "user_interest_themes": True}


def test_the_second_table_is_probably_unused() -> None:
    """Where no source mentions it, and one mentions the first."""
    seen = mentioned(user_preferences=True, user_interest_themes=False)
    for model in (
        only("interests"),
        only("interests", model_with(canonical="preferences")),
    ):
        found = reading(DUAL, port("database_backed"), mentions=seen, model=model)
        assert found.use is Use.IN_USE
        assert found.probably_unused == ("public.user_interest_themes",)
        assert found.detail == (
            "no source mentions public.user_interest_themes (looked for in src and lib)"
        )


def test_all_tables_that_no_source_mentions_are_probably_unused() -> None:
    """A name is the same in every schema, since sources rarely say which."""
    snapshot = SchemaSnapshot([preferences(), join_table(), join_table(schema="app")])
    seen = mentioned(user_preferences=True, user_interest_themes=False)
    model = only("interests", model_with(schemas=["public", "app"]))
    found = reading(snapshot, port("database_backed"), mentions=seen, model=model)
    assert found.detail == (
        "no source mentions public.user_interest_themes or app.user_interest_themes "
        "(looked for in src and lib)"
    )


def test_a_table_is_looked_for_by_its_whole_name() -> None:
    """Without its schema, even where the name holds a dot itself."""
    places = ("app.plain", "app.with.dot")
    models = [StorageModel(name=each, tables=each) for each in places]
    interests = Entity(name="interests", models=models, allow_multiple=False)
    found = reading(
        SchemaSnapshot([table("plain", schema="app"), table("with.dot", schema="app")]),
        port("database_backed"),
        mentions=mentioned(**{"plain": True, "with.dot": False}),
        model=only("interests", model_with(interests)),
    )
    assert found.probably_unused == ('app."with.dot"',)


@pytest.mark.parametrize(
    ("snapshot", "mentions"),
    [
        (DUAL, None),
        (DUAL, mentioned(**BOTH)),
        (DUAL, mentioned(user_preferences=False, user_interest_themes=False)),
        (DUAL, mentioned(user_preferences=True)),
        (DUAL, mentioned()),
        (SchemaSnapshot([join_table()]), mentioned(user_interest_themes=False)),
        (
            SchemaSnapshot(),
            mentioned(user_preferences=True, user_interest_themes=False),
        ),
    ],
)
def test_what_makes_no_table_unused(
    snapshot: SchemaSnapshot, mentions: TableMentions | None
) -> None:
    """Nobody looked, all or none are mentioned, or there is one or none."""
    found = reading(snapshot, port("fixture_backed"), mentions=mentions)
    assert (found.detail, found.probably_unused) == ("", ())


def test_what_is_not_expected_is_not_read() -> None:
    """It has neither a schema check nor a wiring check."""
    login = Entity(name="login", models=(), expected=False, reason="single sign-on")
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(), model=model_with(login)
    )
    assert [each.entity for each in report.readings] == [
        "users",
        "profile",
        "interests",
    ]


def test_the_terminal_groups_and_warns() -> None:
    """One line for what is read alike; a line of its own for each alarm."""
    ports = [
        PortWiring(entity=entity, port=entity.title(), state=RuntimeWiring(state))
        for entity, state in {
            "login": "database_backed",
            "users": "fixture_backed",
            "profile": "database_backed",
            "interests": "database_backed",
        }.items()
    ]
    seen = mentioned(user_preferences=False, user_interest_themes=True)
    document = document_of(finished(*DUAL.tables, wiring=Wiring(ports, mentions=seen)))
    lines = [flat(item.line) for item in document.readings.items]
    assert "stored and in use: interests" in lines
    said = " ".join(flat(item.line) for item in document.alarms.items)
    assert said.startswith(
        "contradiction (login): Login: the wiring is database-backed"
    )
    assert "contradiction (profile): Profile: the wiring is" in said
    assert "users" not in said.replace("public.users", "").replace("users is", "")
    assert said.endswith(
        "probably unused (interests): no source mentions public.user_preferences "
        "(looked for in src and lib)"
    )


@settings
@hypothesis.given(snapshots(), models(), wirings)
def test_readings_follow_from_the_checks(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> None:
    """One for each row with checks; a contradiction is a gap on the wiring axis."""
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model, wiring=wiring)
    rows = [each.entity for each in report.checks if each.axis is Axis.SCHEMA]
    assert [each.entity for each in report.readings] == rows
    for each in report.readings:
        check = report.check(f"{each.entity}.wiring")
        if each.use is Use.CONTRADICTION:
            assert gap(check, report) is not None
        if each.use in {Use.IN_USE, Use.PARTLY_IN_USE}:
            assert report.check(f"{each.entity}.schema").models
        if each.use is Use.IN_USE:
            assert gap(check, report) is None
