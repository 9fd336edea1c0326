"""Tells a snapshot which migration made each of its tables, views and columns."""

from __future__ import annotations

import typing as typ

import attrs

from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table, View
from pytest_userstate.outbound.migrations.provenance import History

R = typ.TypeVar("R", Table, View)


def annotate(snapshot: SchemaSnapshot, history: History) -> SchemaSnapshot:
    """Return the same snapshot, each fact with its source, and what is gone."""
    return attrs.evolve(
        snapshot,
        tables=[_relation(table, history) for table in snapshot.tables],
        views=[_relation(view, history) for view in snapshot.views],
        dropped=history.dropped,
    )


def _relation(relation: R, history: History) -> R:
    return attrs.evolve(
        relation,
        source=history.created.get((relation.schema, relation.name, "")),
        columns=[_column(relation, column, history) for column in relation.columns],
    )


def _column(relation: Table | View, column: Column, history: History) -> Column:
    key = (relation.schema, relation.name, column.name)
    return attrs.evolve(column, source=history.created.get(key))
