"""Facts that are taken away: the verdict changes, or the rule is wrong."""

from __future__ import annotations

import collections.abc as cabc

import attrs
import pytest

from pytest_userstate.application.proving import prove_evidence
from pytest_userstate.domain.evidence import SchemaObject
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Entity,
    Revisions,
    StorageModel,
)
from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.domain.proof import FactProof
from pytest_userstate.domain.recognition.recognizing import with_recognized
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot
from tests.helpers.scratch import Migrated, migrated

DDL = """
CREATE TABLE users (id int PRIMARY KEY, display_name text, nick text, version int);
CREATE TABLE logins (user_id int REFERENCES users, digest text, hash text);
CREATE TABLE tokens (user_id int REFERENCES users, hash text);
CREATE TABLE parents (id int PRIMARY KEY, revision int NOT NULL);
CREATE TABLE choices (parent_id int CONSTRAINT of_parent REFERENCES parents, theme int);
CREATE UNIQUE INDEX one_choice ON choices (parent_id, theme);
CREATE TABLE base (id int, revision int NOT NULL);
CREATE TABLE heir () INHERITS (base);
"""
MODEL = AuditModel(
    entities=[
        Entity(
            name="login",
            allow_multiple=True,
            models=[
                StorageModel(
                    name="logins",
                    tables="logins",
                    columns="user_id",
                    any_of=[["digest", "hash"]],
                ),
                StorageModel(name="tokens", tables="tokens", columns=["hash"]),
            ],
        ),
        Entity(
            name="users",
            models=[
                StorageModel(
                    name="users", tables="users", columns=["id", "display_name"]
                )
            ],
        ),
        Entity(
            name="heirs",
            revisions=Revisions.EXPECTED,
            models=[StorageModel(name="heir", tables="heir", columns=["id"])],
        ),
        Entity(
            name="passkeys",
            models=[
                StorageModel(name="system", tables="users", columns=["id", "version"])
            ],
        ),
    ]
)


@pytest.fixture(scope="module")
def database() -> cabc.Iterator[Migrated]:
    """Start a server with the tables."""
    with migrated(DDL) as database:
        yield database


@pytest.fixture(scope="module")
def snapshot(database: Migrated) -> SchemaSnapshot:
    """Return the schema."""
    return database.load()


def evaluate(
    snapshot: SchemaSnapshot, model: AuditModel = MODEL
) -> UserStateSchemaAuditReport:
    """Audit with the rules as they are."""
    return UserStateSchemaAuditReport.evaluate(snapshot, model=model)


def by_result(proofs: cabc.Iterable[FactProof]) -> dict[str, list[str]]:
    """Return the facts by what became of them."""
    results: dict[str, list[str]] = {}
    for fact in proofs:
        name = f"{fact.check} {fact.subject.removeprefix('public.')}"
        results.setdefault(fact.result, []).append(name)
    return results


def test_verdicts_rest_on_their_facts(
    database: Migrated, snapshot: SchemaSnapshot
) -> None:
    """If facts are alternatives, the others have to go as well."""
    proofs = prove_evidence(database.scratch, snapshot, evaluate)
    assert by_result(proofs) == {
        "proved": [
            "login.schema logins",
            "login.schema logins.user_id",
            "login.schema logins.digest",
            "login.schema logins.hash",
            "login.schema tokens",
            "login.schema tokens.hash",
            "users.schema users",
            "users.schema users.id",
            "users.schema users.display_name",
            "heirs.schema heir",
            "passkeys.schema users",
            "passkeys.schema users.id",
            "passkeys.schema users.version",
        ],
        "not_proved": [
            "heirs.schema heir.id",
            "heirs.revision heir.revision",
            "heirs.conflict heir.revision",
        ],
    }
    for fact in proofs:
        if fact.result == "not_proved":
            assert "cannot drop inherited column" in fact.reason
    assert database.load() == snapshot


def without_rule(entity: str, column: str) -> AuditModel:
    """Return a model whose rule does not look at a column of an entity."""
    return attrs.evolve(
        MODEL,
        entities=[
            attrs.evolve(
                one,
                models=[
                    attrs.evolve(
                        model, columns=[c for c in model.columns if c != column]
                    )
                    for model in one.models
                ],
            )
            if one.name == entity
            else one
            for one in MODEL.entities
        ],
    )


@pytest.mark.parametrize("column", ["id", "display_name"])
def test_a_rule_that_ignores_its_evidence_is_caught(
    database: Migrated, snapshot: SchemaSnapshot, column: str
) -> None:
    """The evidence names a column that the verdict does not depend on."""
    wrong = without_rule("users", column)

    def rule(audited: SchemaSnapshot) -> UserStateSchemaAuditReport:
        return evaluate(audited, MODEL if audited is snapshot else wrong)

    proofs = prove_evidence(database.scratch, snapshot, rule)
    assert by_result(proofs)["survived"] == [f"users.schema users.{column}"]
    [caught] = [fact for fact in proofs if fact.contradicts]
    assert str(caught) == (
        f"users.schema does not depend on public.users.{column}: without it the "
        "verdict is the same"
    )


def test_a_rule_that_needs_more_than_its_evidence_is_caught(
    database: Migrated, snapshot: SchemaSnapshot
) -> None:
    """The evidence calls columns alternatives, and the rule needs them all."""
    login, *others = MODEL.entities
    models = [
        StorageModel(
            name="logins", tables="logins", columns=["user_id", "digest", "hash"]
        )
    ]
    wrong = attrs.evolve(MODEL, entities=[attrs.evolve(login, models=models), *others])

    def rule(audited: SchemaSnapshot) -> UserStateSchemaAuditReport:
        return evaluate(audited, MODEL if audited is snapshot else wrong)

    proofs = prove_evidence(database.scratch, snapshot, rule)
    assert "login.schema logins.hash" in by_result(proofs)["overstated"]


def test_a_rule_that_does_not_look_is_caught(
    database: Migrated, snapshot: SchemaSnapshot
) -> None:
    """No fact counts that could not be taken away."""
    report = evaluate(snapshot)
    proofs = prove_evidence(database.scratch, snapshot, lambda _: report)
    assert {fact.result for fact in proofs} == {"survived", "not_proved"}


def test_recognized_storage_is_proved(
    database: Migrated, snapshot: SchemaSnapshot
) -> None:
    """In the same way, by the model that recognition has found."""
    model = with_recognized(DEFAULT_MODEL, snapshot)
    proofs = prove_evidence(
        database.scratch,
        snapshot,
        lambda audited: evaluate(audited, model),
    )
    assert {fact.result for fact in proofs} == {"proved"}
    assert "login.schema logins.hash" in by_result(proofs)["proved"]


def test_each_kind_of_object_is_taken_away(database: Migrated) -> None:
    """Tables, columns, foreign keys, and unique indexes; all come back."""
    with database.scratch.mutations() as mutations:
        whole = mutations.without([])
        index = SchemaObject("public", "choices", constraint="one_choice")
        key = SchemaObject("public", "choices", constraint="of_parent")
        column = SchemaObject("public", "parents", "revision")
        table = SchemaObject("public", "logins")
        assert mutations.without([index]).table("choices").indexes == ()
        assert mutations.without([key]).table("choices").foreign_keys == ()
        left = mutations.without(
            [column, table, SchemaObject("public", "logins", "hash")]
        )
        assert left.table("parents").column("revision") is None
        assert left.table("logins") is None
        with pytest.raises(UntriableError, match="nowhere"):
            mutations.without([SchemaObject("public", "nowhere")])
        assert mutations.without([]) == whole
