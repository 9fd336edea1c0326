"""Writes of a program, carried out by two writers: good ones, and all kinds of bad."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import psycopg
import pytest

from pytest_userstate.application.proving import prove
from pytest_userstate.application.settings import ProofSettings, WriteStatement
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.model import AuditModel, Entity, Revisions, StorageModel
from pytest_userstate.domain.stale_writes import ProgramWrite, StaleWriteProof
from tests.helpers.scratch import Migrated, migrated

DDL = """
CREATE TABLE settings (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  theme text NOT NULL CHECK (theme IN ('dark', 'light')), options jsonb,
  version integer NOT NULL DEFAULT 1);
CREATE TABLE guarded (id int PRIMARY KEY, theme text, version int NOT NULL DEFAULT 1);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.version <> OLD.version + 1 THEN RAISE EXCEPTION 'stale write'; END IF;
  RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TABLE quiet (id int PRIMARY KEY, theme text, version int NOT NULL DEFAULT 1);
CREATE FUNCTION ignore() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.version <> OLD.version + 1 THEN RETURN OLD; END IF;
  RETURN NEW; END $$;
CREATE TRIGGER ignore BEFORE UPDATE ON quiet FOR EACH ROW EXECUTE FUNCTION ignore();
"""
MODEL = AuditModel(
    entities=[
        Entity(
            name=name,
            revisions=Revisions.EXPECTED,
            models=[
                StorageModel(
                    name="rows", tables=name, columns=["id"], revision="version"
                )
            ],
        )
        for name in ("settings", "guarded", "quiet")
    ]
)
SAVE = """
    UPDATE settings SET theme = %(theme)s, version = version + 1
    WHERE id = %(id)s AND version = %(revision)s"""
BLIND = "UPDATE settings SET theme = %(theme)s, version = version + 1 WHERE id = %(id)s"
WAITS = """
    WITH row AS (SELECT id FROM settings WHERE id = %(id)s FOR UPDATE)
    UPDATE settings SET theme = %(theme)s FROM row WHERE row.id = settings.id"""
OTHER_NAMES = """
    UPDATE settings SET theme = %(value)s, version = %(next_revision)s
    WHERE id = %(key)s::uuid AND version = %(version)s AND theme LIKE '%%'"""
LOST = "both writers succeed, and the first one's change is lost"
GOOD = "it is refused if it is stale"
UNKNOWN = (
    "its parameter nobody is unknown: expected are revision, next_revision, or a "
    "column of public.settings (id, options, theme, version)"
)
STATEMENTS = {
    SAVE: ("conditional", GOOD),
    OTHER_NAMES: ("conditional", GOOD),
    BLIND: ("unusable", f"{LOST}: compare version with what was read"),
    SAVE.replace("version + 1", "version"): ("unusable", LOST),
    WAITS: ("unusable", LOST),
    SAVE.replace("%(id)s", "any(%(nobody)s)"): ("inconclusive", UNKNOWN),
    SAVE.replace("%(id)s", "gen_random_uuid()"): (
        "inconclusive",
        "its first write changes nothing in the row of settings",
    ),
    SAVE.replace("%(id)s", "%s"): (
        "inconclusive",
        "its parameters cannot be given, as in %(revision)s: ",
    ),
    SAVE.replace("%(id)s", "$1"): ("inconclusive", "there is no parameter $1"),
    SAVE.replace("theme =", "colour ="): ("inconclusive", 'column "colour" of relat'),
    "DELETE FROM settings WHERE id = %(id)s": ("inconclusive", "it deletes the row"),
}
Connection = psycopg.Connection[typ.Any]
Values = dict[str, object]


class StaleError(Exception):
    """What a program may raise."""


def good(connection: Connection, row: Values, revision: object) -> None:
    """Compare the revision, and refuse."""
    cursor = connection.execute(SAVE, {**row, "revision": revision})
    if cursor.rowcount == 0:
        raise StaleError


def commits(connection: Connection, row: Values, revision: object) -> bool:
    """Do the same in a transaction that the program ends."""
    done = connection.execute(SAVE, {**row, "revision": revision}).rowcount == 1
    connection.commit()
    return done


def retries(connection: Connection, row: Values, revision: object) -> None:
    """Write until it wins."""
    while not commits(connection, row, revision):
        read = "SELECT version FROM settings WHERE id = %(id)s"
        [revision] = connection.execute(read, row).fetchone() or [None]


def lies(connection: Connection, row: Values, revision: object) -> bool:
    """Write, and say that nothing was written."""
    connection.execute(BLIND, row)
    return False


def writes_the_same(connection: Connection, row: Values, revision: object) -> None:
    """Write the same value each time, by the key alone."""
    statement = "UPDATE settings SET theme = 'dark' WHERE id = %(id)s"
    connection.execute(statement, {"id": row["id"]})


def fails(connection: Connection, row: Values, revision: object) -> None:
    """Have a fault."""
    raise KeyError(revision)


def by_version(
    connection: Connection, row: Values, revision: int, table: str = "guarded"
) -> None:
    """Raise the version from what was read, and compare nothing."""
    statement = f"UPDATE {table} SET theme = %s, version = %s WHERE id = %s"
    connection.execute(statement, [row["theme"], revision + 1, row["id"]])


def ignored(connection: Connection, row: Values, revision: int) -> None:
    """Do the same where a trigger undoes what is stale."""
    by_version(connection, row, revision, "quiet")


FUNCTIONS: dict[cabc.Callable[..., object], tuple[str, str, str]] = {
    good: ("settings", "conditional", GOOD),
    commits: ("public.settings", "conditional", GOOD),
    retries: ("settings", "unusable", LOST),
    lies: ("settings", "unusable", LOST),
    writes_the_same: ("settings", "unusable", LOST),
    fails: ("settings", "inconclusive", "KeyError: 1"),
    print: ("settings", "inconclusive", "its first write changes nothing"),
    by_version: ("guarded", "enforced", "the database itself refuses it"),
    ignored: ("quiet", "enforced", "the database itself refuses it"),
}


@pytest.fixture(scope="module")
def database() -> cabc.Iterator[Migrated]:
    """Start a server with the tables."""
    with migrated(DDL) as database:
        yield database


def tried(database: Migrated, *writes: object) -> dict[str, StaleWriteProof]:
    """Try the statements, as the configuration has them, and functions."""
    statements = [WriteStatement(table="settings", sql=sql) for sql in STATEMENTS]
    proof = prove(
        database.scratch,
        database.load(),
        MODEL,
        ProofSettings(writes=tuple(statements)),
        ask_writes=lambda: writes,
    )
    return {tried.write.name: tried for tried in proof.program_writes if tried.write}


@pytest.fixture(scope="module")
def proofs(database: Migrated) -> cabc.Iterator[dict[str, StaleWriteProof]]:
    """Try all writes once; nothing of them remains."""
    before = database.contents()
    yield tried(
        database, *(ProgramWrite(table, f) for f, (table, _, _) in FUNCTIONS.items())
    )
    assert database.contents() == before


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_a_statement_of_the_configuration(
    number: int, proofs: dict[str, StaleWriteProof]
) -> None:
    """It is the program's own; what cannot be tried says why."""
    [sql, (result, reason)] = [*STATEMENTS.items()][number]
    proof = proofs[f"prove.writes[{number}]"]
    assert (proof.result, proof.reason[: len(reason)]) == (result, reason)
    assert str(proof.write) == f"prove.writes[{number}] ({' '.join(sql.split())})"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_of_the_program(
    function: cabc.Callable[..., object], proofs: dict[str, StaleWriteProof]
) -> None:
    """Only what is stored counts, not what the function says."""
    _, result, reason = FUNCTIONS[function]
    proof = proofs[function.__qualname__]
    assert (proof.result, proof.reason[: len(reason)]) == (result, reason)


def test_the_history_names_the_steps(proofs: dict[str, StaleWriteProof]) -> None:
    """A write that retries takes effect although its revision is old."""
    assert [str(event) for event in proofs["retries"].shown[0].events] == [
        "A reads r1",
        "B reads r1",
        "A writes by r1",
        "A commits",
        "B writes by r1",
        "B commits",
    ]


def test_what_is_no_write_of_a_token_is_refused(database: Migrated) -> None:
    """With the tables that have one."""
    with pytest.raises(ToolError) as caught:
        tried(database, ProgramWrite("accounts", good))
    assert "public.settings, public.guarded, and public.quiet" in str(caught.value)
    with pytest.raises(ToolError, match=r"expected pytest_userstate\.ProgramWrite"):
        tried(database, good)
