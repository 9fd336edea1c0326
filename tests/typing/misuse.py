"""What mypy refuses: each line with a comment is an error of that code."""

from __future__ import annotations

from pytest_userstate import SchemaSnapshot
from pytest_userstate.assertions import (
    assert_no_table,
    assert_schema,
    assert_sequence,
    assert_table,
)


def test_misuse(schema_snapshot: SchemaSnapshot) -> None:
    """Nothing here is what the assertions take."""
    users = assert_table(schema_snapshot, "users")
    assert_table("users", schema_snapshot)  # error: arg-type
    assert_table(schema_snapshot)  # error: call-arg
    assert_no_table(schema_snapshot, "users", "auth")  # error: call-arg
    users.has_column("id", "uuid")  # error: call-arg
    users.has_column("id", type="uuid")  # error: call-arg
    users.has_column("id", nullable="no")  # error: arg-type
    users.has_column("id", nullable=None)  # error: arg-type
    users.has_column("id", generated="storred")  # error: arg-type
    users.has_foreign_key("a", on_delete="cascde")  # error: arg-type
    users.has_foreign_key("a", on_delete="CASCADE")  # error: arg-type
    users.has_index()  # error: call-arg
    users.has_trigger("touch", events=["insert", "updat"])  # error: list-item
    users.allows("app", to="usage")  # error: arg-type
    users.has_colum("id")  # error: attr-defined
    public = assert_schema(schema_snapshot, "public")
    public.allows("app", to="select")  # error: arg-type
    assert_sequence(schema_snapshot, "s", start="1")  # error: arg-type
