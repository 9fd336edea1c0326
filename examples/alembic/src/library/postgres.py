"""The ports on PostgreSQL."""

from __future__ import annotations

import hashlib
import hmac
import typing as typ

from sqlalchemy import text

from library.domain import User

if typ.TYPE_CHECKING:
    import uuid

    from sqlalchemy import Engine

_ITERATIONS = 600_000


class PostgresCredentials:
    """PINs, by their digests in `user_credentials`."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine that the container owns."""
        self._engine = engine

    def verify(self, card_number: str, pin: str) -> uuid.UUID | None:
        """Return whose card it is, if the PIN is theirs."""
        query = text(
            "SELECT user_id, password_hash FROM user_credentials"
            " JOIN users ON users.id = user_id WHERE card_number = :card_number"
        )
        with self._engine.connect() as connection:
            row = connection.execute(query, {"card_number": card_number}).one_or_none()
        if row is None:
            return None
        salt, _, digest = row.password_hash.partition("$")
        tried = hashlib.pbkdf2_hmac(
            "sha256", pin.encode(), bytes.fromhex(salt), _ITERATIONS
        )
        is_right = hmac.compare_digest(tried.hex(), digest)
        return typ.cast("uuid.UUID", row.user_id) if is_right else None


class PostgresUsers:
    """Card holders in `users`."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine that the container owns."""
        self._engine = engine

    def find(self, user: uuid.UUID) -> User | None:
        """Return a card holder."""
        query = text("SELECT id, display_name FROM users WHERE id = :id")
        with self._engine.connect() as connection:
            row = connection.execute(query, {"id": user}).one_or_none()
        return None if row is None else User(row.id, row.display_name)


class PostgresProfiles:
    """Names in `users`."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine that the container owns."""
        self._engine = engine

    def rename(self, user: uuid.UUID, display_name: str) -> None:
        """Change the name that is shown."""
        command = text("UPDATE users SET display_name = :name WHERE id = :id")
        with self._engine.begin() as connection:
            connection.execute(command, {"id": user, "name": display_name})
