"""A port in memory, until its adapter on PostgreSQL is there."""

from __future__ import annotations

import typing as typ

if typ.TYPE_CHECKING:
    import uuid


class InMemoryInterests:
    """Themes that are forgotten when the process ends."""

    def __init__(self) -> None:
        """Start without any."""
        self._themes: dict[uuid.UUID, list[uuid.UUID]] = {}

    def read(self, user: uuid.UUID) -> list[uuid.UUID]:
        """Return a card holder's themes."""
        return self._themes.get(user, [])

    def replace(self, user: uuid.UUID, themes: list[uuid.UUID]) -> None:
        """Write them."""
        self._themes[user] = themes
