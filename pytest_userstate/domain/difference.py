"""The difference between two snapshots, in the terms of the schema.

A table that only one side has is one change, not one for each of its columns. What
takes no part in the equality of snapshots (sources, `Access`) takes none here; the
tables in which migration tools keep their records are left out unless they are asked
for.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
    Policy,
    Rule,
    Trigger,
)
from pytest_userstate.domain.converters import dotted, owner_of
from pytest_userstate.domain.relations import Sequence
from pytest_userstate.domain.snapshot import (
    CompositeType,
    DefaultPrivileges,
    Domain,
    DroppedObject,
    Enum,
    Extension,
    Function,
    RangeType,
    SchemaSnapshot,
    Source,
    Table,
    View,
)

_InSchema: typ.TypeAlias = (
    Table | View | Enum | Domain | CompositeType | RangeType | Sequence
)
Whole: typ.TypeAlias = _InSchema | Function | DefaultPrivileges | Extension
Part: typ.TypeAlias = (
    Column
    | KeyConstraint
    | ForeignKey
    | CheckConstraint
    | ExclusionConstraint
    | Index
    | Trigger
    | Policy
    | Rule
)
Value: typ.TypeAlias = Whole | Part | str
"""Anything that can differ; a string is the name of a schema."""

_Key: typ.TypeAlias = tuple[str, str, str, str]
PARTS: typ.Final = (
    ("column", "columns"),
    ("unique constraint", "unique_constraints"),
    ("foreign key", "foreign_keys"),
    ("check constraint", "check_constraints"),
    ("exclusion constraint", "exclusion_constraints"),
    ("index", "indexes"),
    ("trigger", "triggers"),
    ("policy", "policies"),
    ("rule", "rules"),
)
"""The kinds of parts that objects have, and the attributes that hold them."""
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
"""The kinds of objects whose end a snapshot remembers, and what it calls them."""
_COLLECTIONS: typ.Final = frozenset({field for _, field in PARTS} | {"primary_key"})


class ChangeKind(enum.StrEnum):
    """How an object differs between the first snapshot and the second."""

    REMOVED = "removed"
    ADDED = "added"
    CHANGED = "changed"


@attrs.frozen(kw_only=True)
class FieldChange:
    """A fact about an object that is another one afterwards.

    `field` is the attribute's name, such as ``data_type``.
    """

    field: str
    before: object
    after: object


@attrs.frozen(kw_only=True)
class Change:
    """One thing that only one of two snapshots has, or that differs in them.

    Parameters
    ----------
    what : str
        The kind of object: ``table``, ``column``, ``foreign key``, ….
    subject : str
        Its name, unquoted: ``public.users`` or ``public.users.nick``.
    before, after : object or None
        The values on either side; None if there is none.
    source : Source or None
        The migration that introduced the object or, if it differs, changed it last.
    dropped : DroppedObject or None
        What is known of its end on the side that does not have it.
    """

    what: str
    subject: str
    before: Value | None
    after: Value | None
    source: Source | None = attrs.field(default=None, eq=False)
    dropped: DroppedObject | None = attrs.field(default=None, eq=False)

    @property
    def kind(self) -> ChangeKind:
        """Whether it was removed, added or changed."""
        if self.after is None:
            return ChangeKind.REMOVED
        return ChangeKind.ADDED if self.before is None else ChangeKind.CHANGED

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """The facts that differ, if both sides have the object."""
        if self.kind is not ChangeKind.CHANGED:
            return ()
        return tuple(
            FieldChange(field=name, before=before, after=after)
            for name in _own_fields(type(self.before))
            if (before := getattr(self.before, name))
            != (after := getattr(self.after, name))
        )


@attrs.frozen
class Difference:
    """All changes from one snapshot to another, in canonical order.

    Examples
    --------
    >>> before = SchemaSnapshot([Table("users", [Column("id", "uuid")])])
    >>> after = SchemaSnapshot([Table("users", [Column("id", "text")])])
    >>> (change,) = Difference.between(before, after).changes
    >>> change.what, change.subject, str(change.kind), change.fields[0].field
    ('column', 'public.users.id', 'changed', 'data_type')
    """

    changes: tuple[Change, ...] = ()

    @classmethod
    def between(
        cls,
        before: SchemaSnapshot,
        after: SchemaSnapshot,
        *,
        bookkeeping: bool = False,
    ) -> typ.Self:
        """Compare two snapshots.

        Parameters
        ----------
        before, after : SchemaSnapshot
            What was, and what is.
        bookkeeping : bool
            Whether the tables of migration tools count, too.
        """
        # Only one side may know which tables a tool keeps its records in.
        left_out = set() if bookkeeping else {*_records(before), *_records(after)}
        old, new = (_wholes(snapshot, left_out) for snapshot in (before, after))
        changes: list[Change] = []
        for key in sorted(old.keys() | new.keys()):
            changes += _changes(key, old.get(key), new.get(key))
        return cls(tuple(_with_origin(change, before, after) for change in changes))

    @property
    def is_empty(self) -> bool:
        """Whether the two are the same."""
        return not self.changes


def _records(snapshot: SchemaSnapshot) -> cabc.Iterator[str]:
    """Yield the tables in which migration tools keep their records."""
    return (table.qualified_name for table in snapshot.tables if table.is_bookkeeping)


def _wholes(
    snapshot: SchemaSnapshot, left_out: cabc.Container[str]
) -> dict[_Key, Value]:
    """Return everything in a snapshot that is no part of something else."""
    wholes: dict[_Key, Value] = {
        ("0", table.schema, table.name, "table"): table
        for table in snapshot.tables
        if table.qualified_name not in left_out
    }
    sequences = (
        sequence
        for sequence in snapshot.sequences
        if owner_of(sequence.owned_by or "") not in left_out
    )
    kinds: tuple[tuple[str, str, cabc.Iterable[_InSchema]], ...] = (
        ("1", "view", snapshot.views),
        ("2", "enum", snapshot.enums),
        ("3", "domain", snapshot.domains),
        ("3", "composite type", snapshot.composite_types),
        ("3", "range type", snapshot.range_types),
        ("4", "sequence", sequences),
    )
    for order, what, values in kinds:
        wholes |= {(order, value.schema, value.name, what): value for value in values}
    wholes |= {
        ("4", value.schema, value.signature, "function"): value
        for value in snapshot.functions
    }
    wholes |= {
        ("5", value.schema, value.name, "default privileges"): value
        for value in snapshot.default_privileges
    }
    wholes |= {
        ("5", "", value.name, "extension"): value for value in snapshot.extensions
    }
    return wholes | {("6", "", name, "schema"): name for name in snapshot.schemas}


def _changes(key: _Key, before: Value | None, after: Value | None) -> list[Change]:
    if before == after:
        return []
    _, schema, name, what = key
    subject = _subject(what, schema, name)
    change = Change(what=what, subject=subject, before=before, after=after)
    if before is None or after is None:
        return [change]
    parts: list[Change] = []
    for part, field in PARTS:
        pairs = _paired(getattr(before, field, ()), getattr(after, field, ()))
        parts += _part_changes(part, subject, pairs)
    parts += _part_changes("primary key", subject, _primary_keys(before, after))
    return [change, *parts] if change.fields or not parts else parts


def _with_origin(
    change: Change, before: SchemaSnapshot, after: SchemaSnapshot
) -> Change:
    """Return the change with the migrations behind it, whichever side knows them."""
    sides = [change.after, change.before]
    sources = [getattr(side, "source", None) for side in sides]
    if change.kind is ChangeKind.CHANGED:
        sources = [*(getattr(side, "changed_by", None) for side in sides), *sources]
    elsewhere = before if change.before is None else after
    drops = [
        dropped
        for dropped in elsewhere.dropped
        if change.kind is not ChangeKind.CHANGED
        and dropped.qualified_name == change.subject
        and dropped.kind == _DROPPED.get(change.what)
    ]
    return attrs.evolve(
        change,
        source=next(filter(None, sources), None),
        dropped=drops[-1] if drops else None,
    )


def _subject(what: str, schema: str, name: str) -> str:
    if not schema:
        return name
    match what:
        case "function":  # the name has the types of the arguments
            return f"{dotted(schema)}.{name}"
        case "default privileges":
            return f"{name} in {schema}"
        case _:
            return dotted(schema, name)


def _part_changes(
    what: str,
    owner: str,
    pairs: cabc.Iterable[tuple[str, Part | None, Part | None]],
) -> cabc.Iterator[Change]:
    for name, before, after in pairs:
        if before != after:
            subject = f"{owner}.{dotted(name)}"
            yield Change(what=what, subject=subject, before=before, after=after)


def _paired(
    before: cabc.Iterable[Part], after: cabc.Iterable[Part]
) -> cabc.Iterator[tuple[str, Part | None, Part | None]]:
    """Yield the parts of the same name side by side."""
    old = {part.name: part for part in before}
    new = {part.name: part for part in after}
    for name in sorted(old.keys() | new.keys()):
        yield name, old.get(name), new.get(name)


def _primary_keys(
    before: Value, after: Value
) -> cabc.Iterator[tuple[str, Part | None, Part | None]]:
    old = before.primary_key if isinstance(before, Table) else None
    new = after.primary_key if isinstance(after, Table) else None
    either = old or new
    if either is not None:
        yield either.name, old, new


def _own_fields(kind: type) -> list[str]:
    """Return the fields that count, without collections of parts."""
    if not attrs.has(kind):
        return []
    return [
        field.name
        for field in attrs.fields(kind)
        if field.eq and field.name not in _COLLECTIONS
    ]
