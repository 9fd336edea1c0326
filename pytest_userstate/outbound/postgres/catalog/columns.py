"""From rows of the catalog to columns."""

from __future__ import annotations

import typing as typ

from pytest_userstate.domain.columns import Column, Generated, Identity
from pytest_userstate.outbound.postgres.catalog import (
    constraint_queries,
    relation_queries,
)
from pytest_userstate.outbound.postgres.catalog.reading import Reading

_IDENTITIES: typ.Final = {
    "": None,
    "a": Identity.ALWAYS,
    "d": Identity.BY_DEFAULT,
}
_GENERATED: typ.Final = {
    "": None,
    "s": Generated.STORED,
    "v": Generated.VIRTUAL,
}


class Columns:
    """The columns of all tables and views.

    Columns are values, and large schemas repeat themselves: equal ones are made
    once and shared.
    """

    def __init__(self, reading: Reading) -> None:
        """Arrange what is known of columns beside their own rows."""
        self._reading = reading
        self._made: dict[tuple[typ.Any, ...], Column] = {}
        self._expressions = {
            (row.relation, row.number): row.expression
            for row in reading.rows(relation_queries.DEFAULTS)
        }
        self._keys: set[tuple[int, int]] = set()
        self._maybe_null: set[tuple[int, int]] = set()
        places = {"p": self._keys, "n": self._maybe_null}
        for row in reading.rows(constraint_queries.CONSTRAINTS):
            if row.kind in places:
                numbers = row.columns or ()
                places[row.kind].update((row.relation, number) for number in numbers)

    def of(self, relation: int) -> list[Column]:
        """Return the columns of a table or view."""
        return [
            self._column(attribute)
            for attribute in self._reading.attributes.get(relation, ())
        ]

    def _column(self, row: relation_queries.Attribute) -> Column:
        place = (row.relation, row.number)
        is_not_null = row.is_not_null and place not in self._maybe_null
        is_primary_key = place in self._keys
        expression = self._expressions.get(place)
        comment = self._reading.comment(relation_queries.PG_CLASS, *place)
        facts = (row[2:], is_not_null, is_primary_key, expression, comment)
        column = self._made.get(facts)
        if column is None:
            column = self._made[facts] = self._make(
                row,
                is_not_null=is_not_null,
                is_primary_key=is_primary_key,
                expression=expression,
                comment=comment,
            )
        return column

    def _make(
        self,
        row: relation_queries.Attribute,
        *,
        is_not_null: bool,
        is_primary_key: bool,
        expression: str | None,
        comment: str | None,
    ) -> Column:
        used = self._reading.types[row.type, row.modifier]
        return Column(
            row.name,
            used.text,
            is_nullable=not (is_not_null or used.is_never_null),
            is_primary_key=is_primary_key,
            default=None if row.generated else expression,
            identity=_IDENTITIES[row.identity],
            generated=_GENERATED[row.generated],
            expression=expression if row.generated else None,
            has_equality=used.has_equality,
            is_domain=used.is_domain,
            collation=self._reading.own_collation(row.collation, used.collation),
            comment=comment,
        )
