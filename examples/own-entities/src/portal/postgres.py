"""The ports on PostgreSQL."""

from __future__ import annotations

import typing as typ

from psycopg.rows import class_row, scalar_row

from portal.domain import Profile, StaleWriteError

if typ.TYPE_CHECKING:
    import datetime as dt
    import uuid

    import psycopg


class PostgresUsers:
    """Users in `users`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use a connection that the caller owns."""
        self._connection = connection

    def find_or_add(self, subject: str) -> uuid.UUID:
        """Return the user of this subject, who may be new."""
        cursor = self._connection.cursor(row_factory=scalar_row)
        cursor.execute(
            "INSERT INTO users (subject) VALUES (%s) ON CONFLICT DO NOTHING", [subject]
        )
        cursor.execute("SELECT id FROM users WHERE subject = %s", [subject])
        return typ.cast("uuid.UUID", cursor.fetchone())


class PostgresSessions:
    """Sessions in `sessions`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use a connection that the caller owns."""
        self._connection = connection

    def open(self, user: uuid.UUID, digest: bytes, until: dt.datetime) -> None:
        """Keep a session."""
        self._connection.execute(
            "INSERT INTO sessions (user_id, token_digest, expires_at)"
            " VALUES (%s, %s, %s)",
            [user, digest, until],
        )

    def user_of(self, digest: bytes) -> uuid.UUID | None:
        """Return whose session this is, unless it is over."""
        cursor = self._connection.cursor(row_factory=scalar_row)
        cursor.execute(
            "SELECT user_id FROM sessions WHERE token_digest = %s"
            " AND revoked_at IS NULL AND expires_at > now()",
            [digest],
        )
        return cursor.fetchone()


class PostgresProfiles:
    """Profiles in `user_profiles`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use a connection that the caller owns."""
        self._connection = connection

    def read(self, user: uuid.UUID) -> Profile | None:
        """Return the profile of a user, if there is one."""
        cursor = self._connection.cursor(row_factory=class_row(Profile))
        cursor.execute(
            "SELECT display_name, locale, revision FROM user_profiles"
            " WHERE user_id = %s",
            [user],
        )
        return cursor.fetchone()

    def replace(self, user: uuid.UUID, profile: Profile) -> Profile:
        """Write a profile that was read at `profile.revision` (0: never)."""
        cursor = self._connection.cursor(row_factory=class_row(Profile))
        if profile.revision == 0:
            cursor.execute(
                "INSERT INTO user_profiles (user_id, display_name, locale)"
                " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
                " RETURNING display_name, locale, revision",
                [user, profile.display_name, profile.locale],
            )
        else:
            cursor.execute(
                "UPDATE user_profiles"
                " SET display_name = %s, locale = %s, revision = revision + 1"
                " WHERE user_id = %s AND revision = %s"
                " RETURNING display_name, locale, revision",
                [profile.display_name, profile.locale, user, profile.revision],
            )
        written = cursor.fetchone()
        if written is None:
            raise StaleWriteError
        return written


class PostgresConsents:
    """Consents in `legal.consent_log`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Use a connection that the caller owns."""
        self._connection = connection

    def give(self, user: uuid.UUID, policy: int, revision: int = 0) -> None:
        """Record that a user agrees to a policy; again, if there is a revision."""
        cursor = self._connection.execute(
            "INSERT INTO legal.consent_log AS log (user_id, policy_id) VALUES (%s, %s)"
            " ON CONFLICT (user_id, policy_id) DO UPDATE"
            " SET accepted_at = now(), withdrawn_at = NULL, revision = log.revision + 1"
            " WHERE log.withdrawn_at IS NOT NULL AND log.revision = %s",
            [user, policy, revision],
        )
        if cursor.rowcount == 0:
            raise StaleWriteError

    def withdraw(self, user: uuid.UUID, policy: int, revision: int) -> None:
        """Record that a user agrees no longer."""
        cursor = self._connection.execute(
            "UPDATE legal.consent_log"
            " SET withdrawn_at = now(), revision = revision + 1"
            " WHERE user_id = %s AND policy_id = %s AND revision = %s",
            [user, policy, revision],
        )
        if cursor.rowcount == 0:
            raise StaleWriteError
