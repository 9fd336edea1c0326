"""Texts that may hold a password, which are never shown."""

from __future__ import annotations

import typing as typ

import attrs


@attrs.frozen
class Secret:
    """A text that no repr shows, not even in a traceback with local variables.

    >>> Secret("postgresql://me:hidden@localhost/db")
    Secret('…')
    """

    value: str

    def __repr__(self) -> str:
        """Show that there is something."""
        return "Secret('…')"


def hidden(value: typ.Any) -> typ.Any:
    """Return a string as a secret, and anything else as it is."""
    return Secret(value) if isinstance(value, str) else value
