"""Comparing a snapshot with the storage models of an entity.

The answer is a `Storage`: which tables are complete under which model, and
which of the few situations of the decision rules that is.
"""

from __future__ import annotations

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
from pytest_userstate.domain.model import (
    AuditModel,
    Entity,
    Need,
    StorageModel,
    table_places,
)
from pytest_userstate.domain.recognition.columns import is_document
from pytest_userstate.domain.revisions import KeptRevision, kept_revisions
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table


class Situation(enum.StrEnum):
    """The situations that the decision rules distinguish."""

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


@attrs.frozen
class Candidate:
    """One table, compared with one storage model."""

    model: StorageModel
    table: Table
    snapshot: SchemaSnapshot = attrs.field(kw_only=True, eq=False, repr=False)
    revisions: tuple[KeptRevision, ...] = attrs.field(
        default=(), kw_only=True, eq=False, repr=False
    )
    """The revision columns that there are."""

    @property
    def place(self) -> tuple[str, str]:
        """Where the table is: its schema and its name."""
        return self.table.schema, self.table.name

    @functools.cached_property
    def present(self) -> tuple[dict[str, Column], ...]:
        """For each group of needs those that the table meets, with the column."""
        return tuple(
            {text: column for text in group if (column := self._column(text))}
            for group in self.model.column_groups
        )

    @property
    def missing(self) -> tuple[tuple[str, ...], ...]:
        """The groups of needs of which the table meets none."""
        groups = zip(self.model.column_groups, self.present, strict=True)
        return tuple(group for group, met in groups if not met)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that the model needs and the table has."""
        return tuple(
            dict.fromkeys(column for met in self.present for column in met.values())
        )

    @property
    def is_complete(self) -> bool:
        """Whether the table stores the entity under this model."""
        return all(self.present)

    @property
    def usable_revisions(self) -> tuple[KeptRevision, ...]:
        """The revision columns that show a stale write."""
        return tuple(kept for kept in self.revisions if kept.fault is None)

    @property
    def revision_columns(self) -> RevisionColumns:
        """Whether there are revision columns, and usable ones."""
        if not self.revisions:
            return RevisionColumns.NONE
        usable = self.usable_revisions
        return RevisionColumns.USABLE if usable else RevisionColumns.UNUSABLE

    def _column(self, text: str) -> Column | None:
        """Return the column that meets a need, as far as a schema can show that."""
        need = Need.of(text)
        column = self.table.column(need.column)
        if column is None:
            return None
        data_type = self.snapshot.base_type(column)
        if need.key and not is_document(data_type):
            return None
        labels = self.snapshot.labels(data_type) if need.value else None
        return None if labels is not None and need.value not in labels else column


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
        if not self.complete:
            return Situation.MISSING
        if self.entity.canonical and not self.declared:
            return Situation.DECLARED_INCOMPLETE
        if len(self.complete) == 1:
            return Situation.SINGLE
        if self.entity.allow_multiple:
            names = {candidate.table.name for candidate in self.complete}
            copies = len({candidate.place for candidate in self.complete}) > len(names)
            return Situation.COPIES if copies else Situation.SEVERAL_FINE
        if len(self.models) == 1 or len(self.declared) > 1:
            return Situation.COPIES
        return Situation.DECLARED if self.declared else Situation.UNDECLARED

    @property
    def counting(self) -> tuple[Candidate, ...]:
        """The candidates that revision and conflict checks look at."""
        if self.situation is Situation.DECLARED_INCOMPLETE:
            return ()
        return self.declared or self.complete

    @property
    def needs_each(self) -> bool:
        """Whether each candidate that counts has to keep a revision, or any.

        If several models are fine, each of them stores separate state;
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
        """What the snapshot shows, in the words that belong to the entity."""
        undeclared = attrs.evolve(self.entity, canonical=None)
        shown = attrs.evolve(self, entity=undeclared).situation
        words = _COVERAGES.get(self.entity.name, _COVERAGE)
        if shown in _COVERED and self.entity.name == "interests":
            return _CANONICAL.get(self.models, words[shown])
        return words[shown]


def classify(entity: Entity, snapshot: SchemaSnapshot, model: AuditModel) -> Storage:
    """Compare the snapshot with every storage model of the entity."""
    schemas = model.schemas
    candidates = tuple(
        Candidate(
            storage_model,
            table,
            snapshot=snapshot,
            revisions=kept_revisions(storage_model, table, snapshot, schemas),
        )
        for storage_model in entity.models
        for schema, name in places(storage_model, schemas)
        if (table := snapshot.table(name, schema=schema)) is not None
    )
    return Storage(entity, schemas, candidates)


def places(
    model: StorageModel, schemas: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return the (schema, table) pairs where the model may be stored."""
    return table_places(model.tables, schemas)


def _words(
    missing: SchemaCoverage,
    covered: SchemaCoverage,
    several: SchemaCoverage,
    copies: SchemaCoverage,
) -> dict[Situation, SchemaCoverage]:
    """Return the word for each situation that a snapshot can show by itself."""
    return {
        Situation.MISSING: missing,
        Situation.SINGLE: covered,
        Situation.SEVERAL_FINE: covered,
        Situation.UNDECLARED: several,
        Situation.COPIES: copies,
    }


_COVERED: typ.Final = {Situation.SINGLE, Situation.SEVERAL_FINE}
_COVERAGE: typ.Final = _words(
    EntitySchemaCoverage.MISSING,
    EntitySchemaCoverage.COVERED,
    EntitySchemaCoverage.AMBIGUOUS,
    EntitySchemaCoverage.AMBIGUOUS,
)
_COVERAGES: typ.Final = {
    "login": _words(
        LoginSchemaCoverage.MISSING_CREDENTIAL_STORAGE,
        LoginSchemaCoverage.CREDENTIALS_PERSISTED,
        LoginSchemaCoverage.AMBIGUOUS,
        LoginSchemaCoverage.AMBIGUOUS,
    ),
    "interests": _words(
        InterestsStorageCoverage.MISSING,
        InterestsStorageCoverage.COVERED,
        InterestsStorageCoverage.DUAL_MODEL,
        InterestsStorageCoverage.AMBIGUOUS,
    ),
}
_CANONICAL: typ.Final[dict[tuple[str, ...], SchemaCoverage]] = {
    ("preferences",): InterestsStorageCoverage.CANONICAL_PREFERENCES,
    ("join_table",): InterestsStorageCoverage.CANONICAL_JOIN_TABLE,
}
"""The words for interests under one of the default models."""
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
