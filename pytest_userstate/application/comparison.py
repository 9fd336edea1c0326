"""The audited schema beside another one: a snapshot file, or a live database."""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.application.explaining.differences import (
    counted,
    described,
    fact_in_words,
    in_lines,
)
from pytest_userstate.application.schema_difference import schema_difference
from pytest_userstate.domain.difference import Change, ChangeKind
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.ports import SchemaSnapshotRepository
from pytest_userstate.domain.snapshot import DroppedObject, SchemaSnapshot, Source

Plain: typ.TypeAlias = str | int | bool | list["Plain"] | None
"""A fact as a report has it."""

_NOT_COMPARED: typ.Final = (
    "{label}: written by version 0.1, which left out rules, options of views, "
    "functions, owners and grants; they were not compared: write the file anew with "
    "--userstate-snapshot {label}"
)
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


@attrs.frozen(kw_only=True)
class Reference:
    """Another schema that the audited one is compared with, as a check of its own."""

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
class Fact:
    """A fact about an object that differs."""

    field: str
    before: Plain
    after: Plain


@attrs.frozen(kw_only=True)
class Finding:
    """A difference in plain values; `kind`, `what` and `subject` are as in `Change`."""

    kind: str
    what: str
    subject: str
    # In words: the object that only one side has, or what differs.
    detail: str = ""
    facts: tuple[Fact, ...] = ()
    # The migration that introduced the object or, if it differs, changed it last.
    source: Source | None = None
    # The migration that dropped an object which the other schema has.
    dropped_by: Source | None = None


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
    # What differs: counted (`2 tables, 1 column`), as text of at most a page, and all.
    summary: str = ""
    lines: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    # Why there is no answer.
    error: str = ""
    # What was not compared, and why.
    note: str = ""

    @property
    def outcome(self) -> Outcome:
        """The outcome of the check."""
        if self.error:
            return Outcome.ERROR
        is_open = self.findings and not self.is_accepted
        return Outcome.FAILED if is_open else Outcome.PASSED


@attrs.frozen
class Origins:
    """The migrations that made, changed or dropped what differs in a schema."""

    snapshot: SchemaSnapshot
    # Whether the schema is the second of the two that were compared.
    is_after: bool = attrs.field(kw_only=True)

    def source(self, change: Change) -> Source | None:
        """Return the migration that introduced the object, or changed it last."""
        own = self._own(change)
        source: Source | None = getattr(own, "source", None)
        if change.kind is ChangeKind.CHANGED:
            return getattr(own, "changed_by", None) or source
        return source

    def dropped_by(self, change: Change) -> Source | None:
        """Return the migration that dropped the object, or gave it another name."""
        dropped = self._dropped(change)
        return dropped.source if dropped else None

    def _dropped(self, change: Change) -> DroppedObject | None:
        kind = _DROPPED.get(change.what)
        if self._own(change) is not None or kind is None:
            return None
        drops = [
            dropped
            for dropped in self.snapshot.dropped
            if dropped.qualified_name == change.subject and dropped.kind == kind
        ]
        return drops[-1] if drops else None

    def label(self, change: Change) -> str:
        """Return what follows an object in a message: ``  [migrations/1.sql:8]``."""
        if source := self.source(change):
            return f"  [{source}]"
        dropped = self._dropped(change)
        return f"  [{dropped.fate} by {dropped.source}]" if dropped else ""

    def _own(self, change: Change) -> object:
        return change.after if self.is_after else change.before


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
    difference = schema_difference(*pair)
    if difference.is_empty:
        return comparison
    origins = Origins(snapshot, is_after=reference.comes_first)
    return attrs.evolve(
        comparison,
        summary=counted(difference.changes),
        lines=tuple(in_lines(difference, origin=origins.label)),
        findings=tuple(_finding(change, origins) for change in difference.changes),
    )


def _finding(change: Change, origins: Origins) -> Finding:
    is_changed = change.kind is ChangeKind.CHANGED
    value = change.before if change.after is None else change.after
    return Finding(
        kind=change.kind.value,
        what=change.what,
        subject=change.subject,
        detail=_facts_in_words(change) if is_changed else described(value or ""),
        facts=tuple(
            Fact(field=fact.field, before=_plain(fact.before), after=_plain(fact.after))
            for fact in change.fields
        ),
        source=origins.source(change),
        dropped_by=origins.dropped_by(change),
    )


def _facts_in_words(change: Change) -> str:
    return "; ".join(
        f"{fact.field.removeprefix('is_')}: {' != '.join(fact_in_words(fact))}"
        for fact in change.fields
    )


def _plain(value: object) -> Plain:
    match value:
        case enum.Enum():
            return str(value.value)
        case None | bool() | int() | str():
            return value
        case cabc.Iterable():
            return [_plain(part) for part in value]
        case _:
            return str(value)
