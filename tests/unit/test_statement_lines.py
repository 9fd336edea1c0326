"""The line of the statement that did a thing is given when it is certain."""

from __future__ import annotations

import collections.abc as cabc

import pytest

from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.sql import statements
from tests.helpers.growth import expect_linear

USERS = ("public", "users")
TABLES = "CREATE TABLE users (id int);\nCREATE TABLE other ();\n"
INSERTED = "DO $$ BEGIN INSERT INTO other (a) VALUES (1); END $$"
TYPE = """DO $$ BEGIN CREATE TYPE mood AS ENUM ('a');
    EXCEPTION WHEN duplicate_object THEN NULL; END $$"""
ROLE = """DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app')
    THEN CREATE ROLE app; END IF; END $do$ LANGUAGE plpgsql"""
IF_THEN = """DO $$ BEGIN IF to_regtype('mood') IS NULL THEN CREATE TYPE mood
    AS ENUM ('a'); END IF; END $$"""
BLOCKS = {
    "that writes rows": (INSERTED, True),
    "that makes a type": (TYPE, True),
    "that makes a type if it is missing": (IF_THEN, True),
    "that makes a role if it is missing": (ROLE, True),
    "that names the table": ("DO $$ BEGIN ALTER TABLE users ADD a int; END $$", False),
    "that quotes the table": ('DO $$ BEGIN DROP TABLE "users"; END $$', False),
}


@pytest.mark.parametrize(("block", "is_known"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_of_code_hides_only_what_it_may_have_done(
    block: str, *, is_known: bool
) -> None:
    """The lines of statements beside a DO block are known if it names no such table."""
    told = Attribution(statements(f"SELECT 1;\n{TABLES}{block};"))
    line = 2 if is_known else None
    assert told.of_new(USERS, "relation", "users") == line
    assert told.of_new(USERS, "column", "id") == line
    assert told.of_new(USERS, "constraint", "users_pkey") == line


@pytest.mark.parametrize(
    "code",
    [
        "SELECT make_tables()",
        "DO $$ BEGIN EXECUTE 'a' || 'b'; END $$",
        "DO $$ BEGIN IF make_tables() THEN NULL; END IF; END $$",
        "DO $$ DECLARE a int := make_tables(); BEGIN END $$",
        "DO 'BEGIN END'",
        "CALL p()",
    ],
)
def test_code_from_elsewhere_hides_what_postgresql_names(code: str) -> None:
    """A statement that has to succeed is certain; an index without a name is not."""
    told = Attribution(statements(f"{TABLES}CREATE INDEX ON users (id);\n{code};"))
    assert told.of_new(USERS, "relation", "users") == 1
    assert told.of_new(USERS, "index", "users_id_idx") is None
    assert told.of_changed(USERS, "column", "id") is None


def test_a_conditional_statement_beside_code_from_elsewhere_is_not_certain() -> None:
    """The code can have made the table first."""
    sql = "SELECT make_tables();\nCREATE TABLE IF NOT EXISTS users ();"
    assert Attribution(statements(sql)).of_new(USERS, "relation", "users") is None
    sql = "DO $$ BEGIN END $$;\nCREATE TABLE IF NOT EXISTS users ();"
    assert Attribution(statements(sql)).of_new(USERS, "relation", "users") == 2


def dump(size: int) -> tuple[str, list[tuple[str, str, str]]]:
    """Return a dump of so many tables, and all that is made by it."""
    text, parts = [], []
    for number in range(size):
        table = f"table_{number}"
        text.append(
            f"CREATE TABLE public.{table} (id bigint NOT NULL, a text, b text);\n"
            f"CREATE INDEX {table}_a ON public.{table} USING btree (a);\n"
            f"CREATE INDEX ON public.{table} (b);\n"
            f"ALTER TABLE ONLY public.{table} ADD CONSTRAINT {table}_pkey"
            " PRIMARY KEY (id);\n"
        )
        parts += [
            *((table, "", table), (table, "column", "id"), (table, "column", "a")),
            *((table, "index", f"{table}_a"), (table, "index", f"{table}_b_idx")),
            (table, "constraint", f"{table}_pkey"),
        ]
    return "".join(text), parts


def one_table(size: int) -> tuple[str, list[tuple[str, str, str]]]:
    """Return a file with so many statements about one table."""
    text = ["CREATE TABLE t (id int);\n"]
    text += (
        f"ALTER TABLE t ADD c{number} int;\n"
        f"ALTER TABLE t ADD CHECK (c{number} > 0);\n"
        f"ALTER TABLE t ALTER c{number} SET DEFAULT 1;\n"
        for number in range(size)
    )
    parts = [("t", "column", f"c{number}") for number in range(size)]
    checks = [("t", "constraint", f"t_c{number}_check") for number in range(size)]
    return "".join(text), [*parts, *checks]


def schemas(size: int) -> tuple[str, list[tuple[str, str, str]]]:
    """Return a file that makes a table of one name in so many schemas."""
    names = [f"s{number}" for number in range(size)]
    text = "".join(f"CREATE TABLE {name}.t (id int);\n" for name in names)
    return text, [(name, "relation", "t") for name in names]


@pytest.mark.parametrize("make", [dump, one_table, schemas])
@pytest.mark.parametrize("ask", ["of_new", "of_changed", "of_lost"])
def test_finding_lines_is_linear(
    make: cabc.Callable[[int], tuple[str, list[tuple[str, str, str]]]], ask: str
) -> None:
    """Twice the statements, asked about twice the parts, take about twice as long."""

    def work(material: tuple[str, list[tuple[str, str, str]]]) -> None:
        text, parts = material
        told = Attribution(statements(text))
        for table, kind, name in parts:
            place = (table, "t") if make is schemas else ("public", table)
            getattr(told, ask)(place, kind, name)

    expect_linear(make, work, size=100)
