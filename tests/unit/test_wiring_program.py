"""Which tables the program mentions and declares."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.evidence import EvidenceKind
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Entity,
    StorageModel,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Source, Table
from pytest_userstate.domain.wiring import Wiring, contradictions
from pytest_userstate.outbound.wiring.program import (
    SourceProgramRepository,
    declared_tables,
)
from tests.helpers.schemas import model_with
from tests.helpers.wiring import write

SCHEMA = """
// @generated automatically by Diesel CLI.
pub mod sql_types { pub struct Mood; }

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::Mood;

    /// Who is who.
    users (id) {
        id -> Uuid,
        #[max_length = 80]
        display_name -> Varchar,
        mood -> Nullable<Mood>,
        #[sql_name = "type"]
        type_ -> diesel::sql_types::Int4, /* a, b */
        tags -> Array<Nullable<Text>>,
    }
}

table! { legal.consents (user_id, policy) { user_id -> Uuid, at -> Timestamptz } }

diesel::joinable!(consents -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, consents,);
"""
USERS = Table(
    "users",
    [
        Column("id", "uuid"),
        Column("display_name", "character varying(80)"),
        Column("mood", "mood", is_nullable=True),
        Column("type", "integer"),
        Column("tags", "text[]"),
        Column("more", "json", is_nullable=True),
    ],
)


def test_tables_are_read_from_the_macro() -> None:
    """Names in the database, types that fit, nulls, and lines."""
    users, consents = declared_tables(SCHEMA, "schema.rs")
    assert (users.qualified_name, users.source) == (
        "public.users",
        Source("schema.rs", 10),
    )
    assert [(c.name, c.declared_as, c.is_nullable) for c in users.columns] == [
        ("id", "Uuid", False),
        ("display_name", "Varchar", False),
        ("mood", "Nullable<Mood>", True),
        ("type", "diesel::sql_types::Int4", False),
        ("tags", "Array<Nullable<Text>>", False),
    ]
    assert users.columns[3].source.line == 16
    assert (consents.qualified_name, len(consents.columns)) == ("legal.consents", 2)


@pytest.mark.parametrize(
    "text",
    [
        "table! {",
        "table! { users",
        "table! { users (id) { id } }",
        "my_table! { users (id) { id -> Uuid } }",
        'table! { #[sql_name = "x" users (id) {',
    ],
)
def test_what_is_no_declaration_is_passed_by(text: str) -> None:
    """Half a file, or another macro."""
    assert [*declared_tables(text, "schema.rs")] == []


def test_a_declaration_that_agrees_is_evidence() -> None:
    """Beside the facts of the schema check, in no group of its own."""
    snapshot = SchemaSnapshot([USERS])
    other = "table! { tags (id) { id -> Uuid } }"
    wiring = Wiring(declared_tables=declared_tables(SCHEMA + other, "schema.rs"))
    assert [*contradictions(wiring.declared_tables, snapshot, DEFAULT_MODEL)] == []
    plain = UserStateSchemaAuditReport.evaluate(snapshot).check("users.schema")
    check = UserStateSchemaAuditReport.evaluate(snapshot, wiring=wiring).check(
        "users.schema"
    )
    (fact,) = [each for each in check.evidence if each not in plain.evidence]
    assert fact.group is None
    assert str(fact) == (
        "public.users is declared: the program expects the columns that are there "
        "(schema.rs:10)"
    )


def test_a_table_of_two_models_agrees_once() -> None:
    """It is one table, and one declaration of it."""
    models = [StorageModel(name=name, tables="users") for name in ("one", "two")]
    own = Entity(name="consents", models=models, allow_multiple=True)
    wiring = Wiring(declared_tables=declared_tables(SCHEMA, "schema.rs"))
    check = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot([USERS]), wiring=wiring, model=AuditModel(entities=[own])
    ).check("consents.schema")
    told = [each for each in check.evidence if each.kind is EvidenceKind.DECLARED]
    assert [each.subject for each in told] == ["public.users"]


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        (
            Column("display_name", "text", is_nullable=True),
            (
                "schema.rs:13 declares public.users.display_name as Varchar, but in "
                "the schema it can be null"
            ),
        ),
        (
            Column("mood", "mood", source=Source("up.sql", 3)),
            (
                "schema.rs:14 declares public.users.mood as Nullable<Mood>, but in the "
                "schema it can never be null (up.sql:3)"
            ),
        ),
        (
            Column("type", "bigint"),
            (
                "schema.rs:16 declares public.users.type as diesel::sql_types::Int4, "
                "which is integer, but in the schema it is bigint"
            ),
        ),
        (
            Column("tags", "text"),
            (
                "schema.rs:17 declares public.users.tags as Array<Nullable<Text>>, "
                "which is text[], character varying[], character[], bpchar[], name[], "
                "or citext[], but in the schema it is text"
            ),
        ),
    ],
)
def test_a_declaration_that_contradicts_is_a_warning(
    column: Column, complaint: str
) -> None:
    """With both places; it is no evidence then, and changes no decision."""
    columns = [each for each in USERS.columns if each.name != column.name]
    snapshot = SchemaSnapshot([Table("users", [*columns, column])])
    declared = [*declared_tables(SCHEMA, "schema.rs")]
    assert [*contradictions(declared, snapshot, DEFAULT_MODEL)] == [complaint]
    report = UserStateSchemaAuditReport.evaluate(snapshot)
    assert report == UserStateSchemaAuditReport.evaluate(
        snapshot, wiring=Wiring(declared_tables=declared)
    )


def test_what_is_not_there_is_a_warning() -> None:
    """A column, or a whole table; tables of no concern are passed by."""
    declared = [*declared_tables(SCHEMA, "schema.rs")]
    poorer = SchemaSnapshot([Table("users", USERS.columns[1:])])
    assert [*contradictions(declared, SchemaSnapshot(), DEFAULT_MODEL)] == [
        "schema.rs:10 declares the table public.users, which the schema does not have"
    ]
    gone = USERS.columns[0].name
    (complaint,) = contradictions(declared, poorer, DEFAULT_MODEL)
    assert f"the column public.users.{gone}, which the schema does not" in complaint


def test_all_that_is_not_there_is_named() -> None:
    """Every table and column, also where the model names a table with its schema."""
    consents = Entity(
        name="consents", models=[StorageModel(name="log", tables="legal.consents")]
    )
    declared = [*declared_tables(SCHEMA, "schema.rs")]
    model = model_with(consents)
    assert [*contradictions(declared, SchemaSnapshot(), model)] == [
        "schema.rs:10 declares the table public.users, which the schema does not have",
        (
            "schema.rs:21 declares the table legal.consents, which the schema does not "
            "have"
        ),
    ]
    poorer = SchemaSnapshot([Table("users", USERS.columns[2:])])
    assert len([*contradictions(declared, poorer, DEFAULT_MODEL)]) == 2


def test_an_array_with_a_length_in_its_type_is_an_array() -> None:
    """The length is no part of what the program declares."""
    columns = [each for each in USERS.columns if each.name != "tags"] + [
        Column("tags", "character varying(20)[]")
    ]
    declared = [*declared_tables(SCHEMA, "schema.rs")]
    snapshot = SchemaSnapshot([Table("users", columns)])
    assert [*contradictions(declared, snapshot, DEFAULT_MODEL)] == []


def test_a_domain_may_be_of_any_type() -> None:
    """What is behind a domain is not looked into."""
    columns = [each for each in USERS.columns if each.name != "display_name"] + [
        Column("display_name", "public.label", is_domain=True)
    ]
    snapshot = SchemaSnapshot([Table("users", columns)])
    declared = [*declared_tables(SCHEMA, "schema.rs")]
    assert [*contradictions(declared, snapshot, DEFAULT_MODEL)] == []


def program(path: pathlib.Path, **fields: object) -> SourceProgramRepository:
    """Return the program whose sources are in the folder."""
    return SourceProgramRepository(path, **({"sources": (".",)} | fields))


def test_the_printed_schema_is_found(tmp_path: pathlib.Path) -> None:
    """Where diesel.toml says, else under its usual name; only where it is Diesel's."""
    write(
        tmp_path,
        {
            "backend/diesel.toml": '[print_schema]\nfile = "src/db/tables.rs"\n',
            "backend/src/db/tables.rs": SCHEMA,
            "other/schema.rs": "table! { routes (id) { id -> Uuid, } }",
        },
    )
    found = program(tmp_path, is_diesel=True).declared_tables()
    assert [each.source.path for each in found] == ["backend/src/db/tables.rs"] * 2
    (tmp_path / "backend/diesel.toml").unlink()
    found = program(tmp_path, is_diesel=True).declared_tables()
    assert [each.source.path for each in found] == ["other/schema.rs"]
    assert program(tmp_path).declared_tables() == ()


def test_tables_are_mentioned_in_queries(tmp_path: pathlib.Path) -> None:
    """As whole words, in sources and files of queries; and where that was sought."""
    write(
        tmp_path,
        {
            "app/users.py": "run('''\n  SELECT * FROM user_preferences''')",
            "app/queries.sql": "SELECT * FROM user_preferences;",
            "app/near.py": "x = old_user_interest_themes",
            "app/schema.rs": "table! { user_interest_themes (id) { id -> Uuid, } }",
            "app/test_it.py": "user_interest_themes",
            "tests/it.py": "user_interest_themes",
            "db/steps/001.sql": "CREATE TABLE user_interest_themes (id uuid);",
        },
    )
    tables = ["user_interest_themes", "user_preferences"]
    mentions = program(tmp_path, migrations="db/steps").mentions(tables)
    assert mentions.of("user_interest_themes") == ()
    assert mentions.of("user_preferences") == (
        Source("app/queries.sql", 1),
        Source("app/users.py", 2),
    )
    assert mentions.looked_in == ("the repository",)


def test_what_is_mentioned_is_told_alike_of_more_files(tmp_path: pathlib.Path) -> None:
    """A committed report stays current when a source is added that names nothing."""
    write(tmp_path, {"app/users.sql": "SELECT * FROM user_preferences"})
    tables = ["user_interest_themes", "user_preferences"]
    before = program(tmp_path).mentions(tables)
    write(tmp_path, {"app/more.py": "x = 1"})
    assert program(tmp_path).mentions(tables) == before
