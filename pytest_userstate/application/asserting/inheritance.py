"""What a table is a partition, a parent or a child of."""

from __future__ import annotations

import collections

from pytest_userstate.application.asserting.failures import (
    Failure,
    detail,
    origins,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table, View


def parents(table: Table | View) -> tuple[str, ...]:
    """Return what a table inherits from, or is a partition of."""
    if isinstance(table, Table) and table.partition_of is not None:
        return (table.partition_of,)
    return table.inherits


def children(snapshot: SchemaSnapshot, table: Table) -> list[Table | View]:
    """Return the tables that inherit from one; partitions and foreign tables, too."""
    relations: list[Table | View] = [*snapshot.tables, *snapshot.views]
    return [child for child in relations if table.qualified_name in parents(child)]


def related(table: Table, what: str, found: str | list[str]) -> Failure:
    """Return the failure that a table is related to others as it should not be."""
    return Failure(
        headline=f"table {table.qualified_name} {what}",
        details=(*detail("found", found), *origins(table)),
    )


def not_inherited(
    snapshot: SchemaSnapshot, parent: Table, child: Table, depth: int | None
) -> Failure | None:
    """Return the failure that one table does not inherit from another, so far up."""
    distances = _distances(snapshot, child)
    steps = distances.get(parent.qualified_name, set())
    if depth in steps or (depth is None and steps):
        return None
    at = f" at depth {depth}" if depth is not None else ""
    known = [f"{name}, at depth {min(found)}" for name, found in distances.items()]
    return Failure(
        headline=(
            f"table {child.qualified_name} does not inherit from "
            f"{parent.qualified_name}{at}"
        ),
        details=(*detail("ancestors", known or "none"), *origins(child)),
    )


def inherited(snapshot: SchemaSnapshot, parent: Table, child: Table) -> Failure | None:
    """Return the failure that one table inherits from another."""
    steps = _distances(snapshot, child).get(parent.qualified_name)
    if not steps:
        return None
    return related(
        child,
        f"inherits from {parent.qualified_name}, and should not",
        f"it does at depth {min(steps)}",
    )


def _distances(snapshot: SchemaSnapshot, table: Table) -> dict[str, set[int]]:
    """Return how many steps up each ancestor of a table is."""
    tables = {other.qualified_name: other for other in snapshot.tables}
    distances: dict[str, set[int]] = collections.defaultdict(set)
    pending = [(parent, 1) for parent in parents(table)]
    while pending:
        name, steps = pending.pop()
        is_new = steps not in distances[name]
        distances[name].add(steps)
        if is_new and name in tables and steps <= len(tables):
            pending += [(parent, steps + 1) for parent in parents(tables[name])]
    return distances
