"""Everything read from the catalog, arranged for looking things up."""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import itertools
import typing as typ

import psycopg

from pytest_userstate.outbound.postgres.catalog.access import (
    DEFAULT_PRIVILEGES,
    FUNCTIONS,
    PRIVILEGE_LISTS,
    ROLES,
    SEQUENCES,
)
from pytest_userstate.outbound.postgres.catalog.constraints import (
    ACCESS_METHODS,
    CONSTRAINTS,
    INDEX_DEFINITIONS,
    INDEXES,
    POLICIES,
    RULES,
    TRIGGERS,
)
from pytest_userstate.outbound.postgres.catalog.relations import (
    ATTRIBUTES,
    COERCIONS,
    COLLATIONS,
    COMMENTS,
    DEFAULTS,
    EXTENSIONS,
    INHERITANCE,
    LABELS,
    MEMBERS,
    OPERATOR_CLASSES,
    PG_CLASS,
    PG_NAMESPACE,
    PG_PROC,
    PG_TYPE,
    RANGES,
    RELATIONS,
    SCHEMAS,
    TYPES,
    USER_TYPES,
    Query,
    Row,
    Types,
)

TOGETHER: typ.Final[tuple[Query, ...]] = (
    SCHEMAS,
    RELATIONS,
    ATTRIBUTES,
    DEFAULTS,
    CONSTRAINTS,
    INDEXES,
    TRIGGERS,
    POLICIES,
    RULES,
    INHERITANCE,
    USER_TYPES,
    LABELS,
    RANGES,
    COMMENTS,
    EXTENSIONS,
    MEMBERS,
    ACCESS_METHODS,
    OPERATOR_CLASSES,
    COERCIONS,
    SEQUENCES,
    PRIVILEGE_LISTS,
    ROLES,
    FUNCTIONS,
    DEFAULT_PRIVILEGES,
)
"""What is asked in one go; the rest depends on the answers."""


Cursor = psycopg.Cursor[Row]
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


@functools.cache
def text_for(server_version: int) -> bytes:
    """Return all of `TOGETHER` for a server of this version, as one batch."""
    return ";".join(query.text(server_version) for query in TOGETHER).encode()


class CatalogReading:
    """The answers of one reading of the catalog."""

    def __init__(self, cursor: Cursor, server_version: int) -> None:
        """Ask everything."""
        self.server_version = server_version
        self._cursor = cursor
        self._answers = self._ask_together(server_version)
        self._numbered: dict[int, dict[int, Row]] = {}
        self._members = {tuple(row) for row in self.rows(MEMBERS)}
        self._comments = {
            (row.catalog, row.object, row.column): row.text
            for row in self.rows(COMMENTS)
        }
        schemas = self.rows(SCHEMAS)
        self.schemas = {row.oid: row.name for row in schemas}
        self.schema_owners = {row.oid: row.owner for row in schemas}
        self.relations = {row.oid: row for row in self.rows(RELATIONS)}
        self.tables = self._of_user(PG_CLASS, self.relations.values(), "rp")
        self.views = self._of_user(PG_CLASS, self.relations.values(), "vmf")
        self.user_types = self._of_user(PG_TYPE, self.rows(USER_TYPES))
        self.functions = self._of_user(PG_PROC, self.rows(FUNCTIONS))
        self.sequences = self._of_user(PG_CLASS, self.rows(SEQUENCES))
        self.attributes = self.by_relation(ATTRIBUTES)
        self.types = self._find_types()
        self._collations = self._find_collations()

    def rows(self, query: Query) -> list[Row]:
        """Return the rows that answer a query of the batch."""
        return self._answers[query]

    def by_relation(self, query: Query) -> dict[int, list[Row]]:
        """Return the rows that answer a query of the batch, by their relation."""
        relations: dict[int, list[Row]] = collections.defaultdict(list)
        for row in self.rows(query):
            relations[row.relation].append(row)
        return relations

    def schema_names(self) -> list[str]:
        """Return the names of the schemas that belong to no extension."""
        return [
            name
            for oid, name in self.schemas.items()
            if (PG_NAMESPACE, oid) not in self._members
        ]

    def comment(self, catalog: int, oid: int, column: int = 0) -> str | None:
        """Return the comment on an object or column."""
        return self._comments.get((catalog, oid, column))

    def columns_by_number(self, relation: int) -> dict[int, Row]:
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
        if len(numbers) == 1 and numbers[0] in columns:
            return (columns[numbers[0]].name,)
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
        asked = self._ask(INDEX_DEFINITIONS, indexes)
        return {row.oid: row.text for row in asked}

    def _of_user(
        self, catalog: int, rows: cabc.Iterable[Row], kinds: str = ""
    ) -> list[Row]:
        """Return what is in a user's schema and belongs to no extension."""
        return [
            row
            for row in rows
            if row.schema in self.schemas
            and (catalog, row.oid) not in self._members
            and (not kinds or row.kind in kinds)
        ]

    def _ask_together(self, server_version: int) -> dict[Query, list[Row]]:
        cursor = self._cursor.execute(text_for(server_version), prepare=False)
        answers = {}
        for query in TOGETHER:
            answers[query] = cursor.fetchall()
            cursor.nextset()
        return answers

    def _ask(self, query: Query, *parameters: list[int]) -> list[Row]:
        return self._cursor.execute(query.sql, parameters, prepare=False).fetchall()

    def _find_types(self) -> Types:
        used = {(row.type, row.modifier) for row in self._all_attributes()}
        used |= {(row.base, row.modifier) for row in self.user_types if row.base}
        return Types(
            used,
            look=self._look_types_up,
            attributes=self.attributes,
            with_equality=self._types_with_equality(),
        )

    def _look_types_up(self, used: set[tuple[int, int]]) -> list[Row]:
        oids, modifiers = zip(*used, strict=True)
        return self._ask(TYPES, list(oids), list(modifiers))

    def _types_with_equality(self) -> set[int]:
        classes = self.rows(OPERATOR_CLASSES)
        types = {row.type for row in classes if row.knows_equality}
        coercions = self.rows(COERCIONS)
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
        rows = self._ask(COLLATIONS, sorted(own))
        return {row.oid: row.text for row in rows}

    def _all_attributes(self) -> cabc.Iterator[Row]:
        return itertools.chain.from_iterable(self.attributes.values())
