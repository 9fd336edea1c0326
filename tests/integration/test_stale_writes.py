"""Two writers against real tokens: good ones, and broken ones of every kind."""

from __future__ import annotations

import collections.abc as cabc
import pathlib

import pytest

from pytest_userstate.application.proving import prove, prove_stale_writes, tokens_of
from pytest_userstate.application.settings import ProofSettings
from pytest_userstate.domain.model import AuditModel, Entity, Revisions, StorageModel
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.stale_writes import StaleWriteProof
from tests.helpers.scratch import Migrated, migrated

DDL = pathlib.Path(__file__).with_name("tokens.sql").read_text(encoding="utf-8")
BOTH = "both writers succeed"
EXPECTED = {
    "account_themes": ("unusable", f"{BOTH}, and the first one's change is lost: it"),
    "at_commit": ("enforced", "the database itself refuses"),
    "at_its_end": ("unusable", "cannot be written 1,000 times"),
    "bounded": ("unusable", "cannot be written 1,000 times"),
    "by_case": ("unusable", BOTH),
    "by_second": ("unusable", BOTH),
    "circle": ("inconclusive", "foreign keys go round in a circle"),
    "composite_key": ("conditional", "one that does not overwrites"),
    "composite_token": ("conditional", "one that does not overwrites"),
    "counted": ("conditional", "one that does not overwrites"),
    "daily": ("unusable", "a date is the same for all writes of one day"),
    "enforced": ("enforced", "the database itself refuses"),
    "enforced_quietly": ("enforced", "the database itself refuses"),
    "generated": ("unusable", "generated column and cannot be written"),
    "hard": ("conditional", "one that does not overwrites"),
    "identity_always": ("unusable", "identity and cannot be written"),
    "json_token": ("unusable", "no equality operator"),
    "keyless": ("conditional", "one that does not overwrites"),
    "nullable": ("unusable", "null equals nothing"),
    'odd".{0} %s': ("conditional", "one that does not overwrites"),
    "partitioned": ("conditional", "one that does not overwrites"),
    "partitioned_eu": ("conditional", "one that does not overwrites"),
    "phased": ("unusable", f"{BOTH}, and the first one's change is lost: public.phase"),
    "raised_by_trigger": ("conditional", "one that does not overwrites"),
    "raised_twice": ("conditional", "the database raises it, so read it back"),
    "reset_by_trigger": ("unusable", BOTH),
    "riddle": ("inconclusive", "no value was found for secret that meets"),
    "ruled": ("unusable", "has read the newest revision is refused"),
    "slow": ("inconclusive", "canceling statement due to statement timeout"),
    "stamped": ("conditional", "one that does not overwrites"),
    "stuck": ("unusable", "revision ends before that: new row for relation"),
    "switched": ("unusable", f"{BOTH}, and the first one's change is lost: a boolean"),
    "tagged": ("conditional", "one that does not overwrites"),
    "timed": ("conditional", "one that does not overwrites"),
    "xm": ("conditional", "the database raises it, so read it back"),
}


@pytest.fixture(scope="module")
def database() -> cabc.Iterator[Migrated]:
    """Start a server with the tables, a token each."""
    with migrated(DDL) as database:
        yield database


@pytest.fixture(scope="module")
def snapshot(database: Migrated) -> SchemaSnapshot:
    """Return the schema of the tables."""
    return database.load()


@pytest.fixture(scope="module")
def untouched(database: Migrated) -> dict[str, object]:
    """Return what the database contains before anything is tried."""
    return database.contents()


@pytest.fixture(scope="module")
def model(snapshot: SchemaSnapshot) -> AuditModel:
    """Return a model in which each table stores an entity."""
    return AuditModel(
        entities=[
            Entity(
                name=f"table_{number}",
                revisions=Revisions.EXPECTED,
                models=[
                    StorageModel(
                        name="rows",
                        tables=f"public.{table.name}",
                        columns=[c.name for c in table.columns if c.name != "revision"],
                        revision="xmin" if table.name == "xm" else "revision",
                    )
                ],
            )
            for number, table in enumerate(snapshot.tables)
            if table.name in EXPECTED
        ]
    )


@pytest.fixture(scope="module")
def proofs(
    database: Migrated,
    snapshot: SchemaSnapshot,
    model: AuditModel,
    untouched: dict[str, object],
) -> dict[str, StaleWriteProof]:
    """Prove all tokens once."""
    assert untouched
    proof = prove(database.scratch, snapshot, model, ProofSettings())
    return {stale.token.table: stale for stale in proof.stale_writes}


@pytest.mark.parametrize("table", EXPECTED)
def test_each_kind_of_token(table: str, proofs: dict[str, StaleWriteProof]) -> None:
    """A broken one is caught, whatever its column looks like."""
    result, reason = EXPECTED[table]
    assert (proofs[table].result, reason in proofs[table].reason) == (result, True)


def test_every_order_is_played(proofs: dict[str, StaleWriteProof]) -> None:
    """At both levels, beside one writer that saves twice; what fails fails once."""
    histories = proofs["counted"].histories
    assert len(histories) == 10 * 2 + 1 + 3
    assert len({(h.isolation, h.order) for h in histories}) == 10 * 2 + 1
    assert any("waits" in event.answer for h in histories for event in h.events)


def test_the_history_is_shown(proofs: dict[str, StaleWriteProof]) -> None:
    """In the order that is easiest to follow, with names for revisions."""
    refused, lost = proofs["stamped"].shown
    assert [str(event) for event in refused.events] == [
        "A reads r1",
        "B reads r1",
        "A writes r2 where revision = r1: 1 row",
        "A commits",
        "B writes r2 where revision = r1: 0 rows",
        "B commits",
    ]
    assert lost.loses_an_update


def test_a_statement_makes_the_row_that_cannot_be_made(
    database: Migrated, snapshot: SchemaSnapshot, model: AuditModel
) -> None:
    """The lines that the proof asks for."""
    [token] = [t for t in tokens_of(model, snapshot) if t.table == "circle"]
    scratch = database.scratch
    [without] = prove_stale_writes(scratch, [token], snapshot, {})
    assert without.remedy[1] == 'table = "public.circle"'
    seeds = {"public.circle": "INSERT INTO circle VALUES (1, 1, 'dark', 1)"}
    [proof] = prove_stale_writes(scratch, [token], snapshot, seeds)
    assert proof.result == "conditional"


@pytest.mark.usefixtures("proofs")
def test_nothing_remains(
    database: Migrated, snapshot: SchemaSnapshot, untouched: dict[str, object]
) -> None:
    """No row, no object, no sequence that has moved on, and no database."""
    assert database.contents() == untouched
    assert database.load() == snapshot
