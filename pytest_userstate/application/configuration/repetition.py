"""What stands in a list twice, where only one of the two could count."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.configuration.document import (
    AcceptTable,
    DownstreamTable,
    ModelTable,
    PortTable,
    SilenceTable,
)

_IDENTITIES: typ.Final[dict[type, tuple[str, ...]]] = {
    AcceptTable: ("check",),
    DownstreamTable: ("id",),
    ModelTable: ("name",),
    PortTable: ("port",),
    SilenceTable: ("advisory", "subject"),
}
"""What tells the tables of a list apart; everything else is told by its value."""


def repetition(entries: cabc.Iterable[object]) -> str | None:
    """Say which two entries of a list are the same thing, or return None."""
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries):
        identity = _identity(entry)
        first = seen.setdefault(identity, index)
        if first != index:
            return f"has {identity} twice, in [{first}] and [{index}]; keep one of them"
    return None


def _identity(entry: object) -> str:
    names = _IDENTITIES.get(type(entry))
    if names is None:
        return repr(list(entry) if isinstance(entry, tuple) else str(entry))
    return " and ".join(f"{name} = {getattr(entry, name)!r}" for name in names)
