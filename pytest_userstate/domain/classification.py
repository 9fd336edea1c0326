"""Comparing a snapshot with the storage models of an entity.

The answer is a `Storage`: which tables are complete under which model, and
which of the few situations of the decision rules that is.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import functools
import typing as typ

import attrs

from pytest_userstate.domain.coverage import (
    EntitySchemaCoverage,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    SchemaCoverage,
)
from pytest_userstate.domain.model import AuditModel, Entity, Several, StorageModel
from pytest_userstate.domain.recognition.columns import is_owner
from pytest_userstate.domain.revision_tokens import (
    XMIN,
    XMIN_TYPE,
    is_token_name,
    why_unreliable,
)
from pytest_userstate.domain.snapshot import (
    Column,
    ForeignKey,
    Generated,
    Identity,
    SchemaSnapshot,
    Table,
)

W = typ.TypeVar("W", bound=SchemaCoverage)
_MOMENTS: typ.Final = ("timestamp", "date")


class Situation(enum.StrEnum):
    """The situations that the decision rules tell apart."""

    MISSING = "no model complete"
    SINGLE = "one model complete"
    SEVERAL_FINE = "several complete, which is fine"
    UNDECLARED = "several complete, none declared canonical"
    COPIES = "several complete copies that the model cannot tell apart"
    DECLARED = "several complete, one of them declared canonical"
    DECLARED_INCOMPLETE = "the declared canonical model is incomplete, another is not"


class RevisionColumns(enum.StrEnum):
    """Whether the storage that counts has revision columns."""

    NONE = "there is none"
    UNUSABLE = "there is one, none usable"
    USABLE = "there is one, and at least one is usable"


def unusable_because(
    column: Column, base_type: str = "", *, is_enum: bool = False
) -> str | None:
    """Return why this column does not show a stale write, or None.

    A revision column is usable if it can be written, can never be null, and its
    type has an equality operator and values enough not to repeat.
    """
    if column.name == XMIN:
        return None
    if column.generated is not None:
        kind = "virtual " if column.generated is Generated.VIRTUAL else ""
        return f"it is a {kind}generated column and cannot be written"
    if column.identity is Identity.ALWAYS:
        return "it is generated always as identity and cannot be written"
    if column.is_nullable:
        return "it can be null, and null equals nothing"
    if not column.has_equality:
        return f"its type {column.data_type} has no equality operator"
    return why_unreliable(base_type or column.data_type, is_enum=is_enum)


@attrs.frozen
class Candidate:
    """One table, compared with one storage model."""

    model: StorageModel
    table: Table
    faults: cabc.Mapping[str, str] = attrs.field(
        factory=dict, kw_only=True, eq=False, repr=False
    )
    """Why a revision column of the table is not usable, by its name."""

    @property
    def place(self) -> tuple[str, str]:
        """Where the table is: its schema and its name."""
        return self.table.schema, self.table.name

    @functools.cached_property
    def missing(self) -> tuple[tuple[str, ...], ...]:
        """The column groups of which the table has no column."""
        return tuple(
            group
            for group in self.model.column_groups
            if not any(self.table.column(name) for name in group)
        )

    @property
    def is_complete(self) -> bool:
        """Whether the table stores the entity under this model."""
        return not self.missing

    def present(self) -> tuple[tuple[Column, ...], ...]:
        """Return, for each column group, the columns that the table has."""
        return tuple(self._columns(group) for group in self.model.column_groups)

    @property
    def revisions(self) -> tuple[Column, ...]:
        """The revision columns that the table has."""
        columns = self._columns(self.model.revision)
        if XMIN in self.model.revision:
            return (*columns, Column(XMIN, XMIN_TYPE, source=self.table.source))
        return columns

    @property
    def revision_columns(self) -> RevisionColumns:
        """Whether there are revision columns, and usable ones."""
        if not self.revisions:
            return RevisionColumns.NONE
        if all(column.name in self.faults for column in self.revisions):
            return RevisionColumns.UNUSABLE
        return RevisionColumns.USABLE

    def _columns(self, names: tuple[str, ...]) -> tuple[Column, ...]:
        columns = (self.table.column(name) for name in names)
        return tuple(column for column in columns if column is not None)


@attrs.frozen
class Storage:
    """How a snapshot stores an entity."""

    entity: Entity
    schemas: tuple[str, ...]
    candidates: tuple[Candidate, ...]

    @functools.cached_property
    def complete(self) -> tuple[Candidate, ...]:
        """The candidates that store the entity."""
        return tuple(
            candidate for candidate in self.candidates if candidate.is_complete
        )

    @property
    def canonical(self) -> str | None:
        """The name of the model that was declared canonical."""
        return self.entity.canonical.model if self.entity.canonical else None

    @property
    def declared(self) -> tuple[Candidate, ...]:
        """The complete candidates of the declared canonical model."""
        return tuple(
            candidate
            for candidate in self.complete
            if candidate.model.name == self.canonical
        )

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the complete models, in the order of the audit model."""
        return tuple(dict.fromkeys(candidate.model.name for candidate in self.complete))

    @functools.cached_property
    def situation(self) -> Situation:
        """Which of the decision rules' situations this is."""
        if self.complete and self.entity.canonical and not self.declared:
            return Situation.DECLARED_INCOMPLETE
        if self.declared and self.shown is Situation.UNDECLARED:
            alone = len(self.declared) == 1
            return Situation.DECLARED if alone else Situation.COPIES
        return self.shown

    @property
    def shown(self) -> Situation:
        """Which situation the snapshot shows, whatever was declared."""
        if not self.complete:
            return Situation.MISSING
        if len(self.complete) == 1:
            return Situation.SINGLE
        if self.entity.several is Several.FINE:
            names = {holder.table.name for holder in self.complete}
            copies = len({candidate.place for candidate in self.complete}) > len(names)
            return Situation.COPIES if copies else Situation.SEVERAL_FINE
        return Situation.COPIES if len(self.models) == 1 else Situation.UNDECLARED

    @property
    def counting(self) -> tuple[Candidate, ...]:
        """The candidates that revision and conflict checks look at."""
        if self.situation is Situation.DECLARED_INCOMPLETE:
            return ()
        return self.declared or self.complete

    @property
    def needs_each(self) -> bool:
        """Whether each candidate that counts has to keep a revision, or any.

        If several models are fine, each of them stores state of its own;
        if they are ambiguous, any of them may become canonical.
        """
        return self.situation is Situation.SEVERAL_FINE

    @property
    def revision_columns(self) -> RevisionColumns:
        """Whether the storage that counts has revision columns."""
        kinds = [candidate.revision_columns for candidate in self.counting]
        if not kinds:
            return RevisionColumns.NONE
        choose = min if self.needs_each else max
        return choose(kinds, key=list(RevisionColumns).index)

    @property
    def coverage(self) -> SchemaCoverage:
        """The coverage, in the words that belong to the entity."""
        return _coverage(self)


def classify(entity: Entity, snapshot: SchemaSnapshot, model: AuditModel) -> Storage:
    """Compare the snapshot with every storage model of the entity."""
    candidates = tuple(
        Candidate(storage_model, table, faults=_faults(storage_model, table, snapshot))
        for storage_model in entity.models
        for schema, name in places(storage_model, model.schemas)
        if (table := snapshot.table(name, schema=schema)) is not None
    )
    return Storage(entity, model.schemas, candidates)


def _faults(
    model: StorageModel, table: Table, snapshot: SchemaSnapshot
) -> dict[str, str]:
    """Return why revision columns of the table are not usable, by their names."""
    faults = {}
    guards_rows = _guards_rows(model, table, snapshot)
    for name in model.revision:
        if column := table.column(name):
            fault = _fault(column, snapshot) or guards_rows
            if fault:
                faults[name] = fault
    if guards_rows and XMIN in model.revision:
        faults[XMIN] = guards_rows
    return faults


def _fault(column: Column, snapshot: SchemaSnapshot) -> str | None:
    base_type = snapshot.base_type(column)
    is_enum = snapshot.is_enum(base_type)
    return unusable_because(column, base_type, is_enum=is_enum)


def _guards_rows(
    model: StorageModel, table: Table, snapshot: SchemaSnapshot
) -> str | None:
    """Return why a revision on each row does not guard what a user has, or None.

    The keys have to show that what the model stores is a set: one of them tells rows
    of a user apart by a column that the model names. If no key is known, nothing is
    said; a revision of the user's own row guards the set; and rows that store a
    moment are records of their own, such as a consent and when it was given.
    """
    owners = {column.name for column in table.columns if is_owner(column.name)}
    stored = {name for group in model.column_groups for name in group} - owners
    if any(key <= owners for key in table.keys):
        return None
    if not any(key & owners and key & stored for key in table.keys):
        return None
    if any(
        c.name in stored and c.data_type.startswith(_MOMENTS) for c in table.columns
    ):
        return None
    if any(
        _has_revision(key, snapshot)
        for key in table.foreign_keys
        if owners.issuperset(key.columns)
    ):
        return None
    return (
        "it guards a row, not the set: the keys allow several rows for each user, and "
        "a change of another row is not noticed"
    )


def _has_revision(key: ForeignKey, snapshot: SchemaSnapshot) -> bool:
    """Whether the row that a key refers to has a revision that can be used."""
    parent = snapshot.table(key.target_table, schema=key.target_schema)
    return parent is not None and any(
        is_token_name(column.name, parent.name) and not _fault(column, snapshot)
        for column in parent.columns
    )


def places(
    model: StorageModel, schemas: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return the (schema, table) pairs where the model may be stored."""
    pairs: list[tuple[str, str]] = []
    for name in model.tables:
        schema, dot, table = name.partition(".")
        pairs += [(schema, table)] if dot else [(audited, name) for audited in schemas]
    return tuple(dict.fromkeys(pairs))


def _coverage(storage: Storage) -> SchemaCoverage:
    """Name the situation in the words of the entity's own enumeration."""
    match storage.entity.name:
        case "login":
            login = LoginSchemaCoverage
            return _word(
                storage,
                missing=login.MISSING_CREDENTIAL_STORAGE,
                covered=login.CREDENTIALS_PERSISTED,
                several=login.AMBIGUOUS,
                copies=login.AMBIGUOUS,
            )
        case "interests":
            interests = InterestsStorageCoverage
            canonical: dict[tuple[str, ...], InterestsStorageCoverage] = {
                ("preferences",): interests.CANONICAL_PREFERENCES,
                ("join_table",): interests.CANONICAL_JOIN_TABLE,
            }
            return _word(
                storage,
                missing=interests.MISSING,
                covered=canonical.get(storage.models, interests.COVERED),
                several=interests.DUAL_MODEL,
                copies=interests.AMBIGUOUS,
            )
        case _:
            entity = EntitySchemaCoverage
            return _word(
                storage,
                missing=entity.MISSING,
                covered=entity.COVERED,
                several=entity.AMBIGUOUS,
                copies=entity.AMBIGUOUS,
            )


def _word(storage: Storage, *, missing: W, covered: W, several: W, copies: W) -> W:
    """Choose the word for what the snapshot shows; a declaration changes none."""
    match storage.shown:
        case Situation.MISSING:
            return missing
        case Situation.SINGLE | Situation.SEVERAL_FINE:
            return covered
        case Situation.COPIES:
            return copies
        case _:
            return several


_CONTESTED = {Situation.UNDECLARED, Situation.COPIES, Situation.DECLARED}


def contested_tables(snapshot: SchemaSnapshot, model: AuditModel) -> tuple[str, ...]:
    """Return the names of tables that store an entity beside another one."""
    storages = [classify(entity, snapshot, model) for entity in model.entities]
    return tuple(
        dict.fromkeys(
            candidate.table.name
            for storage in storages
            if storage.situation in _CONTESTED
            for candidate in storage.complete
        )
    )
