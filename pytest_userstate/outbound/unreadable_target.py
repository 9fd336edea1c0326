"""A target whose migrations cannot even be read."""

from __future__ import annotations

import contextlib

import attrs

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.domain.ports import OpenTarget, TargetDescription


@attrs.frozen
class UnreadableTarget:
    """Migrations that cannot even be read: opening them says why."""

    error: MigrationError

    @property
    def description(self) -> TargetDescription:
        """Say that there is nothing to tell."""
        return TargetDescription(
            kind="migrations", found="they cannot be read", server="no server is needed"
        )

    def open(self) -> contextlib.AbstractContextManager[OpenTarget]:
        """Raise the error."""
        raise self.error
