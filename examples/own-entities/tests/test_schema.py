"""What the audit does not ask, but this portal relies on."""

from __future__ import annotations

import typing as typ

import pytest
from portal_assertions import (
    assert_belongs_to_user,
    assert_no_secrets,
    assert_revised,
)

from pytest_userstate.assertions import (
    assert_check,
    assert_no_migration_needed,
    assert_wiring,
)

if typ.TYPE_CHECKING:
    import psycopg

    from pytest_userstate import SchemaSnapshot, UserStateSchemaAuditReport


@pytest.mark.parametrize("table", ["user_profiles", "user_preferences", "sessions"])
def test_what_a_user_owns_goes_with_them(
    schema_snapshot: SchemaSnapshot, table: str
) -> None:
    """Erasing a user leaves nothing behind."""
    assert_belongs_to_user(schema_snapshot, table, on_delete="cascade")


def test_consents_outlive_their_user(schema_snapshot: SchemaSnapshot) -> None:
    """Nobody who agreed to something can be erased before it is dealt with."""
    assert_belongs_to_user(schema_snapshot, "legal.consent_log", on_delete="restrict")


@pytest.mark.parametrize("table", ["user_profiles", "legal.consent_log"])
def test_stale_writes_can_be_told(schema_snapshot: SchemaSnapshot, table: str) -> None:
    """Two tabs cannot overwrite each other."""
    assert_revised(schema_snapshot, table)


def test_no_secret_is_plain(schema_snapshot: SchemaSnapshot) -> None:
    """A stolen copy of the database opens no session."""
    assert_no_secrets(schema_snapshot)


def test_a_plain_secret_is_found(
    userstate_connection: psycopg.Connection[typ.Any],
    userstate_audit: typ.Any,
) -> None:
    """Storing the token itself is found, and the audit asks for the digest."""
    userstate_connection.execute("ALTER TABLE sessions DROP COLUMN token_digest")
    sessions = assert_check(userstate_audit(userstate_connection), "sessions.schema")
    sessions.is_missing()
    sessions.has_evidence("sessions.token_digest", kind="absent")


def test_what_release_5_can_rely_on(
    userstate_report: UserStateSchemaAuditReport,
) -> None:
    """The page where people choose themes needs no migration, only wiring."""
    assert_no_migration_needed(
        userstate_report, checks=["interests.schema", "interests.revision"]
    )
    assert_wiring(userstate_report, "interests", "not_probed")
