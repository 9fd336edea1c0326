"""What the portal knows of people, and the ports that store it."""

from __future__ import annotations

import dataclasses
import typing as typ

if typ.TYPE_CHECKING:
    import datetime as dt
    import uuid


class StaleWriteError(Exception):
    """Somebody else has written since the caller read."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a person has told us about themselves, as of a revision."""

    display_name: str
    locale: str
    revision: int


class UserDirectory(typ.Protocol):
    """Turns the identity provider's subject into a user of ours."""

    def find_or_add(self, subject: str) -> uuid.UUID:
        """Return the user of this subject, who may be new."""


class SessionStore(typ.Protocol):
    """Remembers who has signed on, by a digest of their token."""

    def open(self, user: uuid.UUID, digest: bytes, until: dt.datetime) -> None:
        """Keep a session."""

    def user_of(self, digest: bytes) -> uuid.UUID | None:
        """Return whose session this is, unless it is over."""


class ProfileStore(typ.Protocol):
    """Keeps profiles."""

    def read(self, user: uuid.UUID) -> Profile | None:
        """Return the profile of a user, if there is one."""

    def replace(self, user: uuid.UUID, profile: Profile) -> Profile:
        """Write a profile that was read at `profile.revision` (0: never)."""


class ConsentStore(typ.Protocol):
    """Keeps what people have agreed to."""

    def give(self, user: uuid.UUID, policy: int, revision: int = 0) -> None:
        """Record that a user agrees to a policy; again, if there is a revision."""

    def withdraw(self, user: uuid.UUID, policy: int, revision: int) -> None:
        """Record that a user agrees no longer."""


class InterestsStore(typ.Protocol):
    """Keeps the themes that people would like to hear about."""

    def replace(self, user: uuid.UUID, themes: list[uuid.UUID], revision: int) -> int:
        """Write the themes that were read at `revision`, and return the next."""


@dataclasses.dataclass(frozen=True)
class Ports:
    """All that the inbound side may call."""

    users: UserDirectory
    sessions: SessionStore
    profiles: ProfileStore
    consents: ConsentStore
    interests: InterestsStore | None = None
