"""The composition root: what stands behind each port."""

from __future__ import annotations

import functools

from sqlalchemy import Engine, create_engine

from library.domain import Credentials, Interests, Profiles, Users
from library.memory import InMemoryInterests
from library.postgres import PostgresCredentials, PostgresProfiles, PostgresUsers
from library.settings import database_url


class Container:
    """Makes each adapter when it is first asked for."""

    @functools.cached_property
    def engine(self) -> Engine:
        """The one engine of the process."""
        return create_engine(database_url())

    @functools.cached_property
    def credentials(self) -> Credentials:
        """Who may sign in."""
        return PostgresCredentials(self.engine)

    @functools.cached_property
    def users(self) -> Users:
        """Who holds a card."""
        return PostgresUsers(self.engine)

    @functools.cached_property
    def profiles(self) -> Profiles:
        """What they say about themselves."""
        return PostgresProfiles(self.engine)

    @functools.cached_property
    def interests(self) -> Interests:
        """What they want to hear of: in memory until the adapter is there."""
        return InMemoryInterests()
