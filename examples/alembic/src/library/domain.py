"""What the library knows of its card holders, and the ports that store it."""

from __future__ import annotations

import dataclasses
import typing as typ

if typ.TYPE_CHECKING:
    import uuid


@dataclasses.dataclass(frozen=True)
class User:
    """Somebody who holds a card."""

    id: uuid.UUID
    display_name: str


class Credentials(typ.Protocol):
    """Tells whether a PIN is right."""

    def verify(self, card_number: str, pin: str) -> uuid.UUID | None:
        """Return whose card it is, if the PIN is theirs."""


class Users(typ.Protocol):
    """Knows the card holders."""

    def find(self, user: uuid.UUID) -> User | None:
        """Return a card holder."""


class Profiles(typ.Protocol):
    """Changes what card holders say about themselves."""

    def rename(self, user: uuid.UUID, display_name: str) -> None:
        """Change the name that is shown."""


class Interests(typ.Protocol):
    """Keeps the themes that card holders want to hear of."""

    def read(self, user: uuid.UUID) -> list[uuid.UUID]:
        """Return a card holder's themes."""

    def replace(self, user: uuid.UUID, themes: list[uuid.UUID]) -> None:
        """Write them."""
