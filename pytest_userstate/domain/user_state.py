"""What advisories are about: tables that keep user state; and what they say.

A table counts if it stores an entity of the model completely, so that a table
which only shares a name with one is left alone.
"""

from __future__ import annotations

import collections.abc as cabc
import fnmatch
import functools
import typing as typ

import attrs

from pytest_userstate.domain.classification import Candidate, Storage, classify
from pytest_userstate.domain.converters import strings
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.revisions import XMIN
from pytest_userstate.domain.snapshot import (
    CheckConstraint,
    Column,
    Domain,
    ForeignKey,
    SchemaSnapshot,
    Source,
    Table,
)


@attrs.frozen(kw_only=True)
class Advisory:
    """Something in the schema that is worth a second look.

    Parameters
    ----------
    code : str
        Which rule it comes from: ``US204``.
    subject : str
        The table (``public.users``) or column (``public.users.updated_at``).
    message : str
        What was found, why it matters, and what to do.
    source : Source or None
        The migration that made the subject, if known.
    silenced : str or None
        The reason for which the repository ignores it.
    """

    code: str
    subject: str
    message: str
    source: Source | None = None
    silenced: str | None = None


@attrs.frozen(kw_only=True)
class Ignore:
    """Which advisories a repository ignores, and why."""

    advisory: str
    subject: str = "*"
    reason: str

    def covers(self, advisory: Advisory) -> bool:
        """Whether it is about the advisory."""
        return self.advisory == advisory.code and (
            self.subject == advisory.subject
            or fnmatch.fnmatchcase(advisory.subject, self.subject)
        )


@attrs.frozen(kw_only=True)
class Advice:
    """The advisories, with the reasons of those that are ignored."""

    advisories: tuple[Advisory, ...]
    complaints: tuple[str, ...] = attrs.field(converter=strings)


def mark_ignored(
    advisories: cabc.Iterable[Advisory], entries: cabc.Iterable[Ignore]
) -> Advice:
    """Mark what is ignored; if several entries cover it, the first counts."""
    reported, entries = [*advisories], [*entries]
    return Advice(
        advisories=tuple(_marked(item, entries) for item in reported),
        complaints=(
            _complaint(entry, reported)
            for entry in entries
            if not any(map(entry.covers, reported))
        ),
    )


def _marked(advisory: Advisory, entries: list[Ignore]) -> Advisory:
    for entry in entries:
        if entry.covers(advisory):
            return attrs.evolve(advisory, silenced=entry.reason)
    return advisory


def _complaint(unused: Ignore, advisories: list[Advisory]) -> str:
    subjects = [
        advisory.subject for advisory in advisories if advisory.code == unused.advisory
    ]
    about = f" at {unused.subject}" if unused.subject != "*" else ""
    places = f"it was found only at {', '.join(subjects)}"
    return (
        f"the [[ignore]] entry of {unused.advisory}{about} ignores nothing: "
        f"{places if subjects else 'it was not found anywhere'}; correct the entry, "
        f"or remove it ({unused.reason!r})"
    )


USERS: typ.Final = "users"
"""The entity whose tables the other ones refer to."""

TableKey: typ.TypeAlias = tuple[str, str]
Finding: typ.TypeAlias = tuple[str, str, Source | None]
"""A subject, a message, and where the subject was made."""


@attrs.frozen
class UserState:
    """The tables of a snapshot that keep user state."""

    snapshot: SchemaSnapshot
    storages: tuple[Storage, ...]

    @functools.cached_property
    def candidates(self) -> dict[TableKey, list[Candidate]]:
        """The complete candidates of every entity, table by table."""
        by_place: dict[TableKey, list[Candidate]] = {}
        for storage in self.storages:
            for candidate in storage.complete:
                by_place.setdefault(candidate.place, []).append(candidate)
        return by_place

    @property
    def tables(self) -> list[Table]:
        """The tables, each once."""
        return [
            candidates_of_table[0].table
            for candidates_of_table in self.candidates.values()
        ]

    @functools.cached_property
    def users(self) -> dict[TableKey, Table]:
        """The tables that users themselves are stored in, completely or not."""
        return {
            candidate.place: candidate.table
            for storage in self.storages
            if storage.entity.name == USERS
            for candidate in storage.candidates
        }

    def needed(self, table: Table) -> dict[str, Column]:
        """Return the columns of the table that some model needs."""
        return {
            column.name: column
            for candidate in self.candidates[table.schema, table.name]
            for column in candidate.columns
        }

    def revisions(self) -> cabc.Iterator[tuple[Table, Column]]:
        """Yield the revision columns that can be written, with their tables."""
        kept = (
            (revision.table, revision.column)
            for candidates in self.candidates.values()
            for candidate in candidates
            for revision in candidate.revisions
        )
        for table, column in dict.fromkeys(kept):
            if column.generated is None and column.name != XMIN:
                yield table, column

    def domains(self, column: Column) -> list[Domain]:
        """Return the domains that a column's type is based on, outermost first."""
        return self.snapshot.domains_of(column)

    def base_type(self, column: Column) -> str:
        """Return the column's type, or the type behind its domains."""
        return self.snapshot.base_type(column)


def user_state(snapshot: SchemaSnapshot, model: AuditModel) -> UserState:
    """Find the tables that keep user state."""
    return UserState(
        snapshot,
        tuple(
            classify(entity, snapshot, model)
            for entity in model.entities
            if entity.expected
        ),
    )


def at_table(table: Table, message: str) -> Finding:
    """Return a finding about a table."""
    return table.qualified_name, message, table.source


def at_column(table: Table, column: Column, message: str) -> Finding:
    """Return a finding about a column."""
    subject = f"{table.qualified_name}.{column.name}"
    return subject, message, column.source or table.source


def checks_on(table: Table, column: Column) -> list[CheckConstraint]:
    """Return the check constraints that hold for the column's new values."""
    return [
        check
        for check in table.check_constraints
        if check.is_enforced and column.name in (check.columns or (column.name,))
    ]


def references(table: Table) -> list[ForeignKey]:
    """Return the foreign keys that hold for new rows."""
    return [key for key in table.foreign_keys if key.is_enforced]


def is_set_before(event: str, table: Table) -> bool:
    """Whether a trigger could change a row before it is inserted or updated."""
    return any(
        trigger.is_enabled
        and trigger.timing == "before"
        and trigger.level == "row"
        and event in trigger.events
        for trigger in table.triggers
    )
