"""The scenarios of consents.feature, and the steps that only this portal has."""

from __future__ import annotations

import typing as typ

import psycopg
import pytest
from pytest_bdd import given, parsers, scenarios, then

Database: typ.TypeAlias = psycopg.Connection[typ.Any]

scenarios("consents.feature")


@given(
    parsers.parse(
        'somebody has agreed to version "{version}" of the policy on "{kind}"'
    )
)
def agreed(userstate_connection: Database, version: str, kind: str) -> None:
    """Add a user, a policy, and the consent."""
    userstate_connection.execute(
        """
        WITH person AS (INSERT INTO users (subject) VALUES ('somebody') RETURNING id),
            policy AS (
                INSERT INTO legal.policies (kind, version, published_on)
                VALUES (%s, %s, '2026-01-01') RETURNING id
            )
        INSERT INTO legal.consent_log (user_id, policy_id)
        SELECT person.id, policy.id FROM person, policy
        """,
        (kind, version),
    )


@then("rewriting that consent is refused")
def refused(userstate_connection: Database) -> None:
    """Try to say that it was given before it was."""
    with (
        pytest.raises(psycopg.errors.RestrictViolation),
        userstate_connection.transaction(),
    ):
        userstate_connection.execute(
            "UPDATE legal.consent_log SET accepted_at = accepted_at - interval '1 day'"
        )
