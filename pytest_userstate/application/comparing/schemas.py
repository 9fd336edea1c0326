"""The difference between two schemas in what they mean.

`Difference.between` tells every difference of two values. Between a schema and
itself on another server there are some, too: PostgreSQL's versions write the same
query differently, and bring other versions of their extensions.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.application.sql.equality import same_query
from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.constraints import (
    CheckConstraint,
    ExclusionConstraint,
    Index,
    KeyConstraint,
    Policy,
    Rule,
    Trigger,
)
from pytest_userstate.domain.difference import Change, ChangeKind, Difference
from pytest_userstate.domain.snapshot import (
    Domain,
    Extension,
    Function,
    SchemaSnapshot,
    Sequence,
    Table,
    View,
)

V = typ.TypeVar("V")
R = typ.TypeVar("R", Table, View)

_TEXTS: typ.Final[dict[type, tuple[str, ...]]] = {
    Column: ("default", "expression"),
    CheckConstraint: ("definition",),
    ExclusionConstraint: ("definition",),
    Index: ("columns", "predicate", "definition"),
    Trigger: ("definition",),
    Policy: ("using", "check"),
    Rule: ("definition",),
    View: ("definition",),
    Function: ("body",),
    Domain: ("default",),
    Table: ("partition_key", "partition_bound"),
}
_PARTS: typ.Final = (
    *("columns", "check_constraints", "exclusion_constraints", "indexes"),
    *("triggers", "policies", "rules"),
)
_TRIGGER_FACTS: typ.Final = ("timing", "events", "update_of", "level", "when")
_PROTECTING: typ.Final = frozenset(
    {"rules", "replica_identity", "owner", "grants", "options"}
)
_CONSTRAINTS: typ.Final = frozenset(
    {"primary key", "unique constraint", "exclusion constraint"}
)


def schema_difference(before: SchemaSnapshot, after: SchemaSnapshot) -> Difference:
    """Return what has become of a schema, in what it means.

    Left out are the tables in which migration tools keep their records, the versions
    of extensions, and whether one of them is a stub. The order of columns takes no
    part either. What follows from another change is not told again: the index of a
    constraint that is gone, say.

    Parameters
    ----------
    before, after : SchemaSnapshot
        What was, and what is; be it on servers of different versions.

    Examples
    --------
    >>> before = SchemaSnapshot([Table("users", [Column("id", "uuid")])])
    >>> after = SchemaSnapshot([Table("users", [Column("id", "text")])])
    >>> [change.subject for change in schema_difference(before, after).changes]
    ['public.users.id']
    >>> schema_difference(before, before).is_empty
    True
    """
    if not (before.has_protection and after.has_protection):
        before, after = _without_protection(before), _without_protection(after)
    if before == after:
        return Difference()
    changes = Difference.between(before, _in_words_of(before, after)).changes
    return Difference(tuple(_telling(changes)))


def _without_protection(snapshot: SchemaSnapshot) -> SchemaSnapshot:
    """Return a snapshot as format 1 of snapshot files had it."""
    return attrs.evolve(
        snapshot,
        tables=map(_unprotected, snapshot.tables),
        views=map(_unprotected, snapshot.views),
        composite_types=(),
        range_types=(),
        functions=(),
        default_privileges=(),
    )


def _unprotected(relation: R) -> R:
    changes: dict[str, typ.Any] = {
        field.name: field.default
        for field in attrs.fields(type(relation))
        if field.name in _PROTECTING
    }
    triggers = (attrs.evolve(value, fires="origin") for value in relation.triggers)
    return attrs.evolve(relation, **changes, triggers=triggers)


def _in_words_of(before: SchemaSnapshot, after: SchemaSnapshot) -> SchemaSnapshot:
    """Return `after`, written as in `before` if it means the same."""
    return attrs.evolve(
        after,
        tables=_all_in_words_of(before.tables, after.tables),
        views=_all_in_words_of(before.views, after.views),
        domains=_all_in_words_of(before.domains, after.domains),
        functions=_all_in_words_of(before.functions, after.functions),
        extensions=_all_in_words_of(before.extensions, after.extensions),
    )


def _all_in_words_of(before: cabc.Iterable[V], after: cabc.Iterable[V]) -> list[V]:
    known = {_place(value): value for value in before}
    return [_one_in_words_of(known.get(_place(value)), value) for value in after]


def _place(value: typ.Any) -> tuple[str, str]:
    match value:
        case Extension():
            return "", value.name
        case Function():
            return value.schema, value.signature
        case _:
            return getattr(value, "schema", ""), value.name


def _one_in_words_of(before: typ.Any, after: typ.Any) -> typ.Any:
    if before is None or before == after or type(before) is not type(after):
        return after
    changes: dict[str, typ.Any] = {
        field: getattr(before, field)
        for field in _TEXTS.get(type(after), ())
        if _is_same(getattr(before, field), getattr(after, field))
    }
    if isinstance(after, Table | View | Domain):
        changes |= {
            field: _all_in_words_of(getattr(before, field), getattr(after, field))
            for field in _PARTS
            if hasattr(after, field)
        }
    match after:
        case Trigger() if "definition" in changes:
            # The statement says it all; a snapshot file of old has nothing else.
            changes |= {field: getattr(before, field) for field in _TRIGGER_FACTS}
        case Function() if after.language != "sql":
            changes.pop("body", None)  # blanks may count in another language
        case Extension():
            changes |= {"version": before.version, "is_stub": before.is_stub}
    return attrs.evolve(after, **changes)


def _is_same(before: typ.Any, after: typ.Any) -> bool:
    """Whether two texts, or tuples of texts, are the same piece of SQL."""
    match before, after:
        case str(), str():
            return same_query(before, after)
        case tuple(), tuple():
            return len(before) == len(after) and all(map(same_query, before, after))
        case _:
            return False


def _telling(changes: cabc.Collection[Change]) -> cabc.Iterator[Change]:
    """Yield the changes, without those that follow from another one."""
    told = {(each.what, each.subject, each.kind) for each in changes}
    keyed = {
        each.subject.removesuffix(f".{value.name}")
        for each in changes
        if each.what == "primary key"
        and isinstance(value := _value(each), KeyConstraint)
    }
    for change in changes:
        match _value(change):
            case Index(constraint=str()):
                follows = any(
                    (what, change.subject, change.kind) in told for what in _CONSTRAINTS
                )
            case Sequence(owned_by=str() as column):
                table = column.rpartition(".")[0]
                follows = ("table", table, change.kind) in told or (
                    ("column", column, change.kind) in told
                )
            case Column(name=name) if change.kind is ChangeKind.CHANGED:
                fields = {field.field for field in change.fields}
                owner = change.subject.removesuffix(f".{name}")
                follows = fields == {"is_primary_key"} and owner in keyed
            case _:
                follows = False
        if not follows:
            yield change


def _value(change: Change) -> object:
    return change.before if change.after is None else change.after
