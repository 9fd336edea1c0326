"""Tables that the audit does not look at, and schemas without any."""

from __future__ import annotations

import pytest

from pytest_userstate import (
    Column,
    SchemaSnapshot,
    Source,
    Table,
    UserStateSchemaAuditReport,
)
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.unaudited import unaudited

TARGET = TargetDescription(
    kind="migrations", path="migrations", found="found by name", server=""
)
ID = Column("id", "uuid", is_primary_key=True)
LISTED = "these tables are in schemas that are not audited: app.accounts. To audit"


def warnings(*tables: Table) -> tuple[str, ...]:
    """Return what is said about a schema of these tables."""
    snapshot = SchemaSnapshot(tables=tables)
    report = UserStateSchemaAuditReport.evaluate(snapshot)
    return unaudited(snapshot, report, ("public",), TARGET)


def table(name: str, schema: str = "public", *, made: bool = False) -> Table:
    """Return a table, made by a migration or not."""
    return Table(name, [ID], schema=schema, source=Source("1.sql") if made else None)


def test_a_schema_without_tables_is_a_warning() -> None:
    """The records of a migration tool are not tables of the application."""
    (warning,) = warnings()
    assert warning == (
        "the schema is empty: migrations makes no table (found by name); check that "
        "these migrations are meant"
    )
    records = Table("_records", [ID], is_bookkeeping=True)
    assert warnings(records) == warnings()


def test_tables_of_another_schema_are_named() -> None:
    """With the setting that audits them; alone, and beside audited ones."""
    (alone,) = warnings(table("accounts", "app"))
    assert alone.startswith(f"no table is in public, which is audited; {LISTED}")
    assert alone.endswith('set schemas = ["public", "app"]')
    (beside,) = warnings(table("accounts", "app"), table("themes"))
    assert beside.startswith(LISTED)


@pytest.mark.parametrize("platform", ["auth", "storage"])
def test_only_what_migrations_made_is_named(platform: str) -> None:
    """What a platform brings along is not the application's own."""
    (warning,) = warnings(table("x", platform), table("accounts", "app", made=True))
    assert LISTED in warning


def test_many_tables_are_counted() -> None:
    """A warning stays a few lines long."""
    (warning,) = warnings(*(table(f"t{number}", "app") for number in range(9)))
    assert "app.t5, and 3 more. To audit" in warning


def test_nothing_is_said_if_all_is_stored() -> None:
    """Tables elsewhere are nobody's business then."""
    user = Column("user_id", "uuid", is_primary_key=True)
    stored = [
        Table(
            "users",
            [ID, Column("display_name", "text"), Column("password_hash", "text")],
        ),
        Table("user_preferences", [user, Column("interest_theme_ids", "uuid[]")]),
    ]
    assert warnings(*stored, table("accounts", "app")) == ()
