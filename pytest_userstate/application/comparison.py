"""How the audited schema compares with another: a snapshot file, a live database.

Schemas are compared in what they mean. `Difference.between` has every difference of two
values; there are some between a schema and itself on another server, too: a restored
dump and another version of PostgreSQL write the same expression differently, and
extensions have other versions.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.application.sql.equality import same_expression, same_query
from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    Index,
    Policy,
    Rule,
    Trigger,
)
from pytest_userstate.domain.converters import owner_of
from pytest_userstate.domain.difference import PARTS, Change, ChangeKind, Difference
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.ports import SchemaSnapshotRepository
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
    Function: ("body", "defaults"),
    Domain: ("default",),
    Table: ("partition_key", "partition_bound"),
}
_TRIGGER_FACTS: typ.Final = ("timing", "events", "update_of", "level", "when")
_PROTECTING: typ.Final = frozenset(
    {"rules", "replica_identity", "owner", "grants", "options"}
)
_CONSTRAINTS: typ.Final = frozenset(
    {"primary key", "unique constraint", "exclusion constraint"}
)
_NOT_COMPARED: typ.Final = (
    "{label}: written by version 0.1, which left out rules, options of views, "
    "functions, owners and grants; they were not compared: write the file anew with "
    "--userstate-snapshot-update={label}"
)


@attrs.frozen(kw_only=True)
class Reference:
    """Another schema that the audited one is compared with, as a separate check."""

    # The check's id: `snapshot` or `drift`.

    name: str
    # Which schema it is, in messages.
    label: str
    # None if it is yet to be written.
    repository: SchemaSnapshotRepository | None
    # What the two schemas are called, in the order in which they are compared.
    before: str
    after: str
    # Whether it is the schema before (a snapshot file), and the audited one after.
    comes_first: bool
    # What should be, as a clause, and what to do about a difference.
    expected: str
    remedy: str
    # Whether this run accepts a difference.
    is_accepting: bool = False


@attrs.frozen(kw_only=True)
class Comparison:
    """The result of a comparison; what a `Reference` has, too, is as there."""

    name: str
    reference: str
    before: str
    after: str
    expected: str
    remedy: str
    # Whether the difference has been accepted, by writing the file anew.
    is_accepted: bool = False
    # Whether there was nothing to compare with.
    is_first: bool = False
    changes: tuple[Change, ...] = ()
    # Why there is no answer.
    error: str = ""
    # What was not compared, and why.
    note: str = ""
    # Whether a difference fails the check.
    is_gated: bool = True

    @property
    def outcome(self) -> Outcome:
        """The outcome of the check."""
        if self.error:
            return Outcome.ERROR
        if self.changes and not self.is_gated:
            return Outcome.NOT_GATED
        is_open = self.changes and not self.is_accepted
        return Outcome.FAILED if is_open else Outcome.PASSED


def compare(reference: Reference, snapshot: SchemaSnapshot) -> Comparison:
    """Compare the audited schema with another one.

    If the other one cannot be read, the answer says so: the checks of the audited
    schema are not concerned.
    """
    comparison = Comparison(
        name=reference.name,
        reference=reference.label,
        before=reference.before,
        after=reference.after,
        expected=reference.expected,
        remedy=reference.remedy,
        is_accepted=reference.is_accepting,
    )
    if reference.repository is None:
        return attrs.evolve(comparison, is_first=True)
    try:
        other = reference.repository.load()
    except ToolError as error:
        return attrs.evolve(comparison, error=str(error))
    if not (other.has_protection or reference.is_accepting):
        note = _NOT_COMPARED.format(label=reference.label)
        comparison = attrs.evolve(comparison, note=note)
    pair = (other, snapshot) if reference.comes_first else (snapshot, other)
    return attrs.evolve(comparison, changes=schema_difference(*pair).changes)


def schema_difference(before: SchemaSnapshot, after: SchemaSnapshot) -> Difference:
    """Return the changes from one schema to another, in what they mean.

    Left out are the tables in which migration tools keep their records, the versions
    of extensions, and whether one of them is a stub. The order of columns does not
    count either. What follows from another change is left out, too: the index of a
    constraint that is gone, for example.

    Parameters
    ----------
    before, after : SchemaSnapshot
        The two schemas; they may be on servers of different versions.

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
    return Difference(tuple(_independent(changes)))


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
            for _, field in PARTS
            if hasattr(after, field)
        }
    match after:
        case Trigger() if "definition" in changes:
            # An old snapshot file has nothing but the statement, which says it all.
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
            return same_query(before, after) or _is_same_expression(before, after)
        case tuple(), tuple():
            return len(before) == len(after) and all(map(_is_same, before, after))
        case _:
            return False


def _is_same_expression(before: str, after: str) -> bool:
    """Whether two expressions, or checks, say the same in the eyes of assertions."""
    # Both were deparsed, so that only PostgreSQL's own names have no schema.
    return same_expression(before, after, search_path=()) or same_expression(
        after, before, search_path=()
    )


def _independent(changes: cabc.Collection[Change]) -> cabc.Iterator[Change]:
    """Yield the changes, without those that follow from another one."""
    known = {(change.what, change.subject, change.kind) for change in changes}
    keys = {
        owner_of(change.subject) for change in changes if change.what == "primary key"
    }
    for change in changes:
        if not _follows(change, known, keys):
            yield change


def _follows(
    change: Change,
    known: cabc.Container[tuple[str, str, ChangeKind]],
    keys: cabc.Container[str],
) -> bool:
    """Whether a change follows from another one."""
    match change.before if change.after is None else change.after:
        case Index(constraint=str()):
            return any(
                (what, change.subject, change.kind) in known for what in _CONSTRAINTS
            )
        case Sequence(owned_by=str() as column):
            return ("table", owner_of(column), change.kind) in known or (
                ("column", column, change.kind) in known
            )
        case Column() if change.kind is ChangeKind.CHANGED:
            is_key_alone = [fact.field for fact in change.fields] == ["is_primary_key"]
            return is_key_alone and owner_of(change.subject) in keys
        case _:
            return False
