"""Adds to each part of a snapshot which migration made and changed it."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table, View
from pytest_userstate.outbound.migrations.programs.inside.changes import (
    COLUMN,
    CONSTRAINT,
    INDEX,
    RELATION,
)
from pytest_userstate.outbound.migrations.provenance.ledger import History

P = typ.TypeVar(
    "P",
    Column,
    ForeignKey,
    KeyConstraint,
    CheckConstraint,
    ExclusionConstraint,
    Index,
)


def annotate(snapshot: SchemaSnapshot, history: History) -> SchemaSnapshot:
    """Return the same snapshot, each part with its sources, and what is gone."""
    return attrs.evolve(
        snapshot,
        tables=[_Annotator(table, history).table(table) for table in snapshot.tables],
        views=[_Annotator(view, history).view(view) for view in snapshot.views],
        dropped=history.dropped,
    )


class _Annotator:
    """Adds to one table or view, and its parts, where they come from."""

    def __init__(self, relation: Table | View, history: History) -> None:
        self._place = (relation.schema, relation.name)
        self._history = history

    def table(self, table: Table) -> Table:
        key = table.primary_key
        return attrs.evolve(
            table,
            **self._sources(RELATION, ""),
            columns=self._all(COLUMN, table.columns),
            primary_key=key and self._one(CONSTRAINT, key),
            unique_constraints=self._all(CONSTRAINT, table.unique_constraints),
            foreign_keys=self._all(CONSTRAINT, table.foreign_keys),
            check_constraints=self._all(CONSTRAINT, table.check_constraints),
            exclusion_constraints=self._all(CONSTRAINT, table.exclusion_constraints),
            indexes=self._all(INDEX, table.indexes),
        )

    def view(self, view: View) -> View:
        return attrs.evolve(
            view,
            **self._sources(RELATION, ""),
            columns=self._all(COLUMN, view.columns),
            indexes=self._all(INDEX, view.indexes),
        )

    def _all(self, kind: str, parts: cabc.Iterable[P]) -> list[P]:
        return [self._one(kind, part) for part in parts]

    def _one(self, kind: str, part: P) -> P:
        return attrs.evolve(part, **self._sources(kind, part.name))

    def _sources(self, kind: str, name: str) -> dict[str, typ.Any]:
        key = (*self._place, kind, name)
        return {
            "source": self._history.created.get(key),
            "changed_by": self._history.changed.get(key),
        }
