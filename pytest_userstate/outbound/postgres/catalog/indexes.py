"""From rows of the catalog to indexes."""

from __future__ import annotations

import collections.abc as cabc
import functools
import typing as typ

from pytest_userstate.domain.columns import Index
from pytest_userstate.outbound.postgres.catalog import (
    constraint_queries,
    type_queries,
)
from pytest_userstate.outbound.postgres.catalog.reading import Reading

_COMMON_COLLATIONS: typ.Final = frozenset({0, 100})
"""No collation at all, and the database's default."""
_PLAIN_METHODS: typ.Final = frozenset({"btree", "hash"})
"""Access methods whose operator classes take no parameters."""


class Indexes:
    """The indexes of all tables.

    Deparsing every index would take longer than everything else together, so only
    those have a definition that the other facts do not tell wholly.
    """

    def __init__(self, reading: Reading) -> None:
        """Arrange the rows, and have deparsed what needs it."""
        self._reading = reading
        self._by_table = reading.by_relation(constraint_queries.INDEXES)
        self._methods = {
            row.oid: row.name for row in reading.rows(constraint_queries.ACCESS_METHODS)
        }
        self._usual_classes = {
            row.oid for row in reading.rows(type_queries.OPERATOR_CLASSES)
        }
        self._by_oid = {
            row.oid: row for rows in self._by_table.values() for row in rows
        }
        self._definitions = reading.index_definitions(
            [
                row.oid
                for relation in (*reading.tables, *reading.views)
                for row in self._by_table.get(relation.oid, ())
                if not self._is_told_by_facts(row)
            ]
        )

    def of(self, table: int, constraints: cabc.Mapping[int, str]) -> list[Index]:
        """Return a table's indexes, given the constraints that indexes back."""
        return [
            self._index(row, constraints.get(row.oid))
            for row in self._by_table.get(table, ())
        ]

    def replica_identity(self, table: int) -> str:
        """Return the index that identifies a table's rows to subscribers, or ""."""
        for row in self._by_table.get(table, ()):
            if row.is_replica_identity:
                return f"index {self._reading.relations[row.oid].name}"
        return ""

    def behind(
        self, constraint: constraint_queries.Constraint
    ) -> constraint_queries.Index:
        """Return the index that backs a constraint."""
        return self._by_oid[constraint.backing_index]

    def included(self, row: constraint_queries.Index) -> tuple[str, ...]:
        """Return the names of the columns that an index only stores."""
        numbers = _numbers(row.columns)[row.key_columns :]
        return self._reading.column_names(row.relation, numbers)

    def _index(self, row: constraint_queries.Index, constraint: str | None) -> Index:
        relation = self._reading.relations[row.oid]
        return Index(
            name=relation.name,
            columns=self._keys(row),
            included=self.included(row),
            method=self._methods[relation.access_method],
            is_unique=row.is_unique,
            nulls_distinct=row.nulls_distinct,
            is_valid=row.is_valid,
            predicate=row.predicate,
            constraint=constraint,
            definition=self._definitions.get(row.oid, ""),
            is_clustered=row.is_clustered,
        )

    def _keys(self, row: constraint_queries.Index) -> tuple[str, ...]:
        numbers = _numbers(row.columns)[: row.key_columns]
        if row.expressions is None:
            return self._reading.column_names(row.relation, numbers)
        columns = self._reading.columns_by_number(row.relation)
        return tuple(
            columns[number].name if number else _bare(expression)
            for number, expression in zip(numbers, row.expressions, strict=True)
        )

    def _is_told_by_facts(self, row: constraint_queries.Index) -> bool:
        relation = self._reading.relations[row.oid]
        return (
            not relation.has_options
            and not any(_numbers(row.options))
            and self._methods[relation.access_method] in _PLAIN_METHODS
            and self._usual_classes.issuperset(_numbers(row.operator_classes))
            and all(self._usual_collations(row))
        )

    def _usual_collations(self, row: constraint_queries.Index) -> cabc.Iterator[bool]:
        """Tell of each key whether it sorts as its column does."""
        columns = self._reading.columns_by_number(row.relation)
        # Collations are only told of keys, so the included columns fall away.
        keys = zip(_numbers(row.columns), _numbers(row.collations), strict=False)
        for number, collation in keys:
            if number:
                yield collation == columns[number].collation
            else:
                yield collation in _COMMON_COLLATIONS


@functools.lru_cache(maxsize=1024)
def _numbers(vector: str) -> tuple[int, ...]:
    """Read the text form of an ``int2vector`` or ``oidvector``."""
    return tuple(map(int, vector.split()))


def _bare(expression: str) -> str:
    """Take away the parentheses that an index needs around an expression."""
    return expression[1:-1] if expression.startswith("((") else expression
