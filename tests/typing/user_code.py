"""What a user writes: mypy accepts all of it, in its strict mode."""

from __future__ import annotations

import pathlib
import typing as typ

import psycopg
import psycopg.rows
import pytest

from pytest_userstate import (
    Access,
    Column,
    Difference,
    ForeignKey,
    Generated,
    Grant,
    Identity,
    KeyConstraint,
    ObjectAccess,
    Role,
    SchemaSnapshot,
    Securable,
    Table,
    read_snapshot,
    schema_difference,
)
from pytest_userstate.assertions import (
    SOME,
    SchemaSource,
    TableAssertions,
    assert_domain,
    assert_enum,
    assert_exactly_extensions,
    assert_extension,
    assert_no_column,
    assert_no_table,
    assert_same_schema,
    assert_schema,
    assert_sequence,
    assert_table,
    assert_view,
)


@pytest.fixture
def users(schema_snapshot: SchemaSnapshot) -> TableAssertions:
    """Share what many tests are about."""
    return assert_table(schema_snapshot, "users")


def test_columns(users: TableAssertions) -> None:
    """Facts by keyword, and the column for assertions of one's own."""
    column: Column = users.has_column("name", data_type="text", nullable=False)
    assert column.data_type == "text"
    users.has_column("id", default=SOME, comment=None, identity=None)
    users.has_column("shout", generated="stored", expression="upper(name)")
    users.has_column("shout", generated=Generated.STORED, identity=Identity.ALWAYS)
    users.has_exactly_columns(["id", "name"])
    users.has_exactly_columns(name for name in ("id", "name"))
    users.has_no_column("password")


def test_constraints(users: TableAssertions) -> None:
    """Columns are one name or several."""
    primary: KeyConstraint = users.has_primary_key("id")
    users.has_primary_key(["tenant", "id"], name=primary.name)
    users.has_unique_constraint(SOME, nulls_distinct=True)
    foreign: ForeignKey = users.has_foreign_key(
        "team_id", references="teams", on_delete="set null", on_delete_columns="team_id"
    )
    assert foreign.is_validated
    users.has_check_constraint("char_length(name) > 0")
    users.has_index(["team_id", "lower(name)"], where=None, unique=True)
    users.has_trigger("touch", events=["insert", "update"], timing="before")
    users.has_policy("own", command="select", roles=["app"], using=SOME)


def test_privileges(users: TableAssertions, schema_snapshot: SchemaSnapshot) -> None:
    """The words fit the kind of object."""
    users.is_owned_by("app")
    users.allows("app", to=["select", "insert"])
    users.allows_exactly("reader", to=["select"], column="name")
    users.forbids("reader", to="delete", role_may_be_absent=True)
    assert_sequence(schema_snapshot, "numbers").allows("app", to="usage")
    assert_schema(schema_snapshot, "public").forbids("app", to=["create"])


def test_the_rest(schema_snapshot: SchemaSnapshot) -> None:
    """Every other kind of object."""
    assert_view(schema_snapshot, "people").has_column("id")
    assert_enum(schema_snapshot, "mood").has_exactly_labels(["sad", "ok"])
    assert_domain(schema_snapshot, "email", data_type="text").has_comment(SOME)
    assert_extension(schema_snapshot, "citext", version="1.6")
    assert_exactly_extensions(schema_snapshot, {"citext", "pgcrypto"})
    assert_no_table(schema_snapshot, "legal.policies", schema_may_be_absent=True)
    assert_no_column(schema_snapshot, "id", of="ghosts", table_may_be_absent=True)
    assert assert_table(schema_snapshot, "users").table.qualified_name


def test_connections(
    postgresql: psycopg.Connection,
    by_name: psycopg.Connection[psycopg.rows.DictRow],
    anyhow: psycopg.Connection[typ.Any],
) -> None:
    """Whatever rows their cursors make."""
    for connection in (postgresql, by_name, anyhow):
        source: SchemaSource = connection
        assert_table(source, "users")
    assert_table(postgresql, "users")
    assert_table(by_name, "users")


def test_whole_schemas(
    schema_snapshot: SchemaSnapshot, postgresql: psycopg.Connection
) -> None:
    """Against a snapshot, a connection, or a file."""
    assert_same_schema(postgresql, accepted=schema_snapshot)
    assert_same_schema(schema_snapshot, accepted=postgresql)
    for file in ("schema.json", pathlib.Path("schema.json")):
        assert_same_schema(schema_snapshot, accepted=file)
        assert schema_difference(read_snapshot(file), schema_snapshot).is_empty


def own_assertion(source: SchemaSource, table: str) -> None:
    """Assert what no single assertion says."""
    found: Table = assert_table(source, table).table
    for column in found.columns:
        if column.data_type.startswith("timestamp"):
            message = f"{found.qualified_name}.{column.name} should be a date"
            raise AssertionError(message)


def test_values() -> None:
    """Snapshots and their differences are values."""
    access = Access(
        objects=[
            ObjectAccess(
                kind=Securable.TABLE,
                schema="public",
                name="users",
                owner="app",
                grants=[Grant("reader", "select")],
            )
        ],
        roles=[Role("reader", inherits=["public"])],
    )
    snapshot = SchemaSnapshot([Table("users")], access=access)
    for change in Difference.between(snapshot, SchemaSnapshot()).changes:
        assert change.subject
        assert [field.before for field in change.fields] == []
