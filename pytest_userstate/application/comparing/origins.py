"""Where what differs between two schemas comes from."""

from __future__ import annotations

import typing as typ

import attrs

from pytest_userstate.domain.difference import Change
from pytest_userstate.domain.snapshot import SchemaSnapshot, Source

_DROPPED: typ.Final = {
    "table": "",
    "column": "column",
    "primary key": "constraint",
    "unique constraint": "constraint",
    "foreign key": "constraint",
    "check constraint": "constraint",
    "exclusion constraint": "constraint",
    "index": "index",
}


@attrs.frozen
class Origins:
    """Which migrations made, or dropped, what differs."""

    snapshot: SchemaSnapshot
    is_after: bool = attrs.field(kw_only=True)

    def source(self, change: Change) -> Source | None:
        """Return the migration that introduced the object in the audited schema."""
        own = change.after if self.is_after else change.before
        return getattr(own, "source", None)

    def dropped_by(self, change: Change) -> Source | None:
        """Return the migration that dropped the object from the audited schema."""
        own = change.after if self.is_after else change.before
        kind = _DROPPED.get(change.what)
        if own is not None or kind is None:
            return None
        drops = [
            each.source
            for each in self.snapshot.dropped
            if each.qualified_name == change.subject and each.kind == kind
        ]
        return drops[-1] if drops else None

    def told(self, change: Change) -> str:
        """Say so behind the object."""
        if source := self.source(change):
            return f"  [{source}]"
        dropped = self.dropped_by(change)
        return f"  [dropped by {dropped}]" if dropped else ""
