"""Everything read from the catalog, arranged for looking things up."""

from __future__ import annotations

import collections
import collections.abc as cabc
import itertools
import typing as typ

import psycopg

from pytest_userstate.outbound.postgres.catalog import (
    access_queries,
    constraint_queries,
    function_queries,
    queries,
    relation_queries,
    type_queries,
)
from pytest_userstate.outbound.postgres.catalog.query import Query
from pytest_userstate.outbound.postgres.catalog.type_facts import Types

Cursor = psycopg.Cursor[tuple[typ.Any, ...]]

WHOLE_ROW: typ.Final = 0
# As in PostgreSQL's access/sysattr.h.
SYSTEM_COLUMNS: typ.Final = {
    -1: "ctid",
    -2: "xmin",
    -3: "cmin",
    -4: "xmax",
    -5: "cmax",
    -6: "tableoid",
}


class OfRelation(typ.Protocol):
    """A row about something that hangs on a relation."""

    @property
    def relation(self) -> int:
        """The relation's identifier, 0 for none."""


R = typ.TypeVar("R")
H = typ.TypeVar("H", bound=OfRelation)


class Reading:
    """The answers of one reading of the catalog.

    Parameters
    ----------
    cursor : psycopg.Cursor
        With rows as plain tuples, in the transaction and with the settings of the
        reading.
    server_version : int
        As in ``server_version_num``.
    """

    def __init__(self, cursor: Cursor, server_version: int) -> None:
        """Ask everything."""
        self.server_version = server_version
        self._cursor = cursor
        self._answers = self._ask_together(server_version)
        self._numbered: dict[int, dict[int, relation_queries.Attribute]] = {}
        self._members = {tuple(row) for row in self.rows(relation_queries.MEMBERS)}
        self._comments = {
            (row.catalog, row.object, row.column): row.text
            for row in self.rows(relation_queries.COMMENTS)
        }
        schemas = self.rows(relation_queries.SCHEMAS)
        self.schemas = {row.oid: row.name for row in schemas}
        self.schema_owners = {row.oid: row.owner for row in schemas}
        self.relations = {row.oid: row for row in self.rows(relation_queries.RELATIONS)}
        self.tables = self._relations_of_user("rp")
        self.views = self._relations_of_user("vmf")
        self.user_types = self._types_of_user()
        self.functions = self._functions_of_user()
        self.sequences = self._sequences_of_user()
        self.attributes = self.by_relation(relation_queries.ATTRIBUTES)
        self.types = self._find_types()
        self._collations = self._find_collations()

    def rows(self, query: Query[R]) -> list[R]:
        """Return the rows that answer a query of the batch."""
        return typ.cast("list[R]", self._answers[query])

    def by_relation(self, query: Query[H]) -> dict[int, list[H]]:
        """Return the rows that answer a query of the batch, by their relation."""
        relations: dict[int, list[H]] = collections.defaultdict(list)
        for row in self.rows(query):
            relations[row.relation].append(row)
        return relations

    def schema_names(self) -> list[str]:
        """Return the names of the schemas that belong to no extension."""
        return [
            name
            for oid, name in self.schemas.items()
            if self._is_of_user(relation_queries.PG_NAMESPACE, oid, oid)
        ]

    def comment(self, catalog: int, oid: int, column: int = 0) -> str | None:
        """Return the comment on an object or column."""
        return self._comments.get((catalog, oid, column))

    def columns_by_number(self, relation: int) -> dict[int, relation_queries.Attribute]:
        """Return a relation's columns by their numbers."""
        columns = self._numbered.get(relation)
        if columns is None:
            columns = {row.number: row for row in self.attributes.get(relation, ())}
            self._numbered[relation] = columns
        return columns

    def column_names(
        self, relation: int, numbers: cabc.Iterable[int] | None
    ) -> tuple[str, ...]:
        """Return the names of a relation's columns, given their numbers.

        Number 0 stands for the whole row, which is all columns; those below are the
        system's.
        """
        columns = self.columns_by_number(relation)
        numbers = list(dict.fromkeys(numbers or ()))
        if WHOLE_ROW in numbers:
            numbers += [number for number in columns if number not in numbers]
            numbers.remove(WHOLE_ROW)
        return tuple(
            columns[number].name if number > 0 else SYSTEM_COLUMNS[number]
            for number in numbers
        )

    def place(self, relation: int) -> tuple[str, str]:
        """Return the schema and name of a relation."""
        row = self.relations[relation]
        return self.schemas[row.schema], row.name

    def own_collation(self, collation: int, type_collation: int) -> str | None:
        """Return a collation's name where it is not the type's own."""
        if collation in (0, type_collation):
            return None
        return self._collations[collation]

    def index_definitions(self, indexes: list[int]) -> dict[int, str]:
        """Return the statements that create these indexes."""
        if not indexes:
            return {}
        asked = self._ask(constraint_queries.INDEX_DEFINITIONS, indexes)
        return {row.oid: row.text for row in asked}

    def _is_of_user(self, catalog: int, oid: int, schema: int) -> bool:
        """Whether an object is in a user's schema and belongs to no extension."""
        return schema in self.schemas and (catalog, oid) not in self._members

    def _relations_of_user(self, kinds: str) -> list[relation_queries.Relation]:
        return [
            row
            for row in self.relations.values()
            if row.kind in kinds
            and self._is_of_user(relation_queries.PG_CLASS, row.oid, row.schema)
        ]

    def _types_of_user(self) -> list[type_queries.UserType]:
        return [
            row
            for row in self.rows(type_queries.USER_TYPES)
            if self._is_of_user(relation_queries.PG_TYPE, row.oid, row.schema)
        ]

    def _functions_of_user(self) -> list[function_queries.Function]:
        return [
            row
            for row in self.rows(function_queries.FUNCTIONS)
            if self._is_of_user(relation_queries.PG_PROC, row.oid, row.schema)
        ]

    def _sequences_of_user(self) -> list[access_queries.Sequence]:
        return [
            row
            for row in self.rows(access_queries.SEQUENCES)
            if self._is_of_user(relation_queries.PG_CLASS, row.oid, row.schema)
        ]

    def _ask_together(self, server_version: int) -> dict[Query[typ.Any], list[typ.Any]]:
        cursor = self._cursor.execute(queries.text_for(server_version), prepare=False)
        answers = {}
        for query in queries.TOGETHER:
            answers[query] = query.rows(cursor.fetchall())
            cursor.nextset()
        return answers

    def _ask(self, query: Query[R], *parameters: list[int]) -> list[R]:
        return query.rows(self._cursor.execute(query.sql, parameters, prepare=False))

    def _find_types(self) -> Types:
        used = {(row.type, row.modifier) for row in self._all_attributes()}
        used |= {(row.base, row.modifier) for row in self.user_types if row.base}
        return Types(
            used,
            look=self._look_types_up,
            attributes=self.attributes,
            with_equality=self._types_with_equality(),
        )

    def _look_types_up(self, wanted: set[tuple[int, int]]) -> list[type_queries.Type]:
        oids, modifiers = zip(*wanted, strict=True)
        return self._ask(type_queries.TYPES, list(oids), list(modifiers))

    def _types_with_equality(self) -> set[int]:
        classes = self.rows(type_queries.OPERATOR_CLASSES)
        types = {row.type for row in classes if row.knows_equality}
        coercions = self.rows(type_queries.COERCIONS)
        return types | {row.source for row in coercions if row.target in types}

    def _find_collations(self) -> dict[int, str]:
        """Name the collations that are not those of the types they are used with."""
        uses = {
            (row.collation, row.type, row.modifier) for row in self._all_attributes()
        }
        uses |= {
            (row.collation, row.base, row.modifier)
            for row in self.user_types
            if row.base
        }
        own = {
            collation
            for collation, type_, modifier in uses
            if collation not in (0, self.types[type_, modifier].collation)
        }
        if not own:
            return {}
        rows = self._ask(type_queries.COLLATIONS, sorted(own))
        return {row.oid: row.text for row in rows}

    def _all_attributes(self) -> cabc.Iterator[relation_queries.Attribute]:
        return itertools.chain.from_iterable(self.attributes.values())
