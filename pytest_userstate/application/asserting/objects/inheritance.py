"""Assertions about partitions and inheritance."""

from __future__ import annotations

import collections
import collections.abc as cabc

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import UNSPECIFIED, Unspecified
from pytest_userstate.application.asserting.facts import Fact, Facts
from pytest_userstate.application.asserting.failure import Failure, detail
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import find_table
from pytest_userstate.application.asserting.matching import (
    as_expected,
    exactly,
    expect,
    origins,
    require,
)
from pytest_userstate.application.sql.expressions import same_tokens
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table, TableKind


class InheritanceAssertions(ObjectAssertions[Table]):
    """Assertions about what a table is a partition, a parent or a child of."""

    def is_partitioned(self, *, by: str | Unspecified = UNSPECIFIED) -> None:
        """Assert that the table is partitioned.

        Parameters
        ----------
        by : str
            The partition key as PostgreSQL writes it: ``RANGE (occurred_at)``.
        """
        __tracebackhide__ = True
        _, table = self._look()
        facts: Facts[Table] = (
            Fact(
                "kind", TableKind.PARTITIONED, _is_partitioned, lambda each: each.kind
            ),
            *_sql_fact("by", by, lambda each: each.partition_key),
        )
        subject = f"table {table.qualified_name}"
        details = origins(table)
        require(as_expected(subject, table, facts, details=details))

    def is_not_partitioned(self) -> None:
        """Assert that the table is there, and is not partitioned."""
        __tracebackhide__ = True
        _, table = self._look()
        if _is_partitioned(table):
            found = f"partition by {table.partition_key}"
            require(_related(table, "is partitioned", found))

    def is_partition_of(
        self, parent: str, *, bound: str | Unspecified = UNSPECIFIED
    ) -> None:
        """Assert that the table is a partition of this one.

        Parameters
        ----------
        parent : str
            The partitioned table.
        bound : str
            Its rows, as PostgreSQL writes it: ``FOR VALUES IN ('a')``, ``DEFAULT``.
        """
        __tracebackhide__ = True
        snapshot, table = self._look()
        other = expect(find_table(snapshot, arguments.place(parent, "parent")))
        facts: Facts[Table] = (
            Fact(
                "partition of",
                other.qualified_name,
                lambda each: each.partition_of == other.qualified_name,
                lambda each: each.partition_of or "no table",
            ),
            *_sql_fact("bound", bound, lambda each: each.partition_bound),
        )
        subject = f"table {table.qualified_name}"
        details = origins(table)
        require(as_expected(subject, table, facts, details=details))

    def is_no_partition(self) -> None:
        """Assert that the table is there, and is a partition of nothing."""
        __tracebackhide__ = True
        _, table = self._look()
        if table.partition_of:
            require(_related(table, "is a partition", f"of {table.partition_of}"))

    def has_exactly_partitions(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the partitions, in any order: all, and no other.

        Parameters
        ----------
        names : iterable of str
            Tables, with their schema where that is not ``public``.
        """
        __tracebackhide__ = True
        snapshot, table = self._look()
        wanted = arguments.places(names, "names")
        found = {
            each.qualified_name: each.source
            for each in snapshot.tables
            if each.partition_of == table.qualified_name
        }
        subject = f"table {table.qualified_name}"
        require(exactly(subject, "partitions", wanted, found.items()))

    def is_ancestor_of(
        self, other: str, *, depth: int | Unspecified = UNSPECIFIED
    ) -> None:
        """Assert that another table inherits from this one, or is its partition.

        Parameters
        ----------
        other : str
            The table that inherits.
        depth : int
            How many steps there are between the two; 1 is a direct child.
        """
        __tracebackhide__ = True
        snapshot, table = self._look()
        child = expect(find_table(snapshot, arguments.place(other, "other")))
        require(_chain(snapshot, table, child, depth))

    def is_not_ancestor_of(self, other: str) -> None:
        """Assert that both tables are there, and the other does not inherit."""
        __tracebackhide__ = True
        snapshot, table = self._look()
        child = expect(find_table(snapshot, arguments.place(other, "other")))
        require(_no_chain(snapshot, table, child))

    def is_descendant_of(
        self, other: str, *, depth: int | Unspecified = UNSPECIFIED
    ) -> None:
        """Assert that this table inherits from another, or is its partition.

        Parameters
        ----------
        other : str
            The table that it inherits from.
        depth : int
            How many steps there are between the two; 1 is a direct child.
        """
        __tracebackhide__ = True
        snapshot, table = self._look()
        parent = expect(find_table(snapshot, arguments.place(other, "other")))
        require(_chain(snapshot, parent, table, depth))

    def is_not_descendant_of(self, other: str) -> None:
        """Assert that both tables are there, and this one does not inherit."""
        __tracebackhide__ = True
        snapshot, table = self._look()
        parent = expect(find_table(snapshot, arguments.place(other, "other")))
        require(_no_chain(snapshot, parent, table))

    def has_children(self) -> None:
        """Assert that some table inherits from this one, or is its partition."""
        __tracebackhide__ = True
        snapshot, table = self._look()
        if not _children(snapshot, table):
            require(_related(table, "has no child", "no table inherits from it"))

    def has_no_children(self) -> None:
        """Assert that the table is there, and nothing inherits from it."""
        __tracebackhide__ = True
        snapshot, table = self._look()
        if children := _children(snapshot, table):
            require(_related(table, "has children", children))


def _is_partitioned(table: Table) -> bool:
    return table.kind is TableKind.PARTITIONED


def _sql_fact(
    keyword: str,
    expected: str | Unspecified,
    get: cabc.Callable[[Table], str | None],
) -> Facts[Table]:
    if expected is UNSPECIFIED:
        return ()
    wanted = arguments.sql(expected, keyword)
    return (
        Fact(
            keyword,
            wanted,
            lambda table: same_tokens(wanted, get(table) or ""),
            lambda table: get(table) or "none",
        ),
    )


def _related(table: Table, what: str, found: str | list[str]) -> Failure:
    return Failure(
        headline=f"table {table.qualified_name} {what}",
        details=(*detail("found", found), *origins(table)),
    )


def _parents(table: Table) -> tuple[str, ...]:
    return table.inherits if table.partition_of is None else (table.partition_of,)


def _children(snapshot: SchemaSnapshot, table: Table) -> list[str]:
    return [
        each.qualified_name
        for each in snapshot.tables
        if table.qualified_name in _parents(each)
    ]


def _distances(snapshot: SchemaSnapshot, table: Table) -> dict[str, set[int]]:
    """Return how many steps up each ancestor of a table is."""
    tables = {each.qualified_name: each for each in snapshot.tables}
    found: dict[str, set[int]] = collections.defaultdict(set)
    pending = [(parent, 1) for parent in _parents(table)]
    while pending:
        name, steps = pending.pop()
        found[name].add(steps)
        if name in tables:
            pending += [(parent, steps + 1) for parent in _parents(tables[name])]
    return found


def _chain(
    snapshot: SchemaSnapshot, parent: Table, child: Table, depth: int | Unspecified
) -> Failure | None:
    """Return the failure that one table does not inherit from another, so far up."""
    wanted = None if depth is UNSPECIFIED else arguments.whole_number(depth, "depth")
    distances = _distances(snapshot, child)
    steps = distances.get(parent.qualified_name, set())
    if wanted in steps or (wanted is None and steps):
        return None
    at = f" at depth {wanted}" if wanted is not None else ""
    known = [f"{name}, at depth {min(each)}" for name, each in distances.items()]
    return Failure(
        headline=(
            f"table {child.qualified_name} does not inherit from "
            f"{parent.qualified_name}{at}"
        ),
        details=(
            *detail("ancestors", known or "none"),
            *origins(child),
        ),
    )


def _no_chain(snapshot: SchemaSnapshot, parent: Table, child: Table) -> Failure | None:
    steps = _distances(snapshot, child).get(parent.qualified_name)
    if not steps:
        return None
    return Failure(
        headline=(
            f"table {child.qualified_name} inherits from {parent.qualified_name}, "
            "and should not"
        ),
        details=(
            *detail("found", f"it does at depth {min(steps)}"),
            *origins(child),
        ),
    )
