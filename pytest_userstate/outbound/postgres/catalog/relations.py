"""Schemas, tables, views and their columns: the questions and the answers."""

from __future__ import annotations

import typing as typ

from pytest_userstate.domain.columns import Column, Generated, Identity
from pytest_userstate.outbound.postgres.catalog.constraints import CONSTRAINTS
from pytest_userstate.outbound.postgres.catalog.types import Query, Row
from pytest_userstate.outbound.postgres.stubs import NAMES

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.catalog.reading import CatalogReading

PG_TYPE = 1247
PG_PROC = 1255
PG_CLASS = 1259
PG_NAMESPACE = 2615
"""The identifiers of the catalogs themselves, the same in every version."""


SCHEMAS: typ.Final = Query(
    r"""
    SELECT oid, nspname AS name, nspowner AS owner
    FROM pg_namespace
    WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
    """
)
"""A schema that users may fill; names in ``pg_`` are the system's own."""


RELATIONS: typ.Final = Query(
    """
    SELECT oid, relname AS name, relnamespace AS schema, relkind AS kind,
      relpersistence = 'u' AS is_unlogged, relrowsecurity AS has_row_security,
      relforcerowsecurity AS forces_row_security, relispartition AS is_partition,
      CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END AS partition_key,
      CASE WHEN relispartition THEN pg_get_expr(relpartbound, oid) END AS
        partition_bound,
      CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END AS view_definition,
      relam AS access_method, reloptions IS NOT NULL AS has_options,
      relowner AS owner, CASE WHEN relkind = 'v' THEN reloptions END AS view_options,
      relreplident AS replica_identity
    FROM pg_class
    WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'I', 'c')
    """
)
"""A table, view, index or composite type."""


ATTRIBUTES: typ.Final = Query(
    """
    SELECT attrelid AS relation, attnum AS number, attname AS name, atttypid AS type,
      atttypmod AS modifier, attnotnull AS is_not_null, attidentity AS identity,
      attgenerated AS generated, attcollation AS collation, attacl::text AS privileges
    FROM pg_attribute
    WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (
      SELECT oid FROM pg_class
      WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c'))
    """
)
"""A column that was not dropped."""


# Deparsing for a relation loads it into the server's cache, which costs more
# than the deparsing, and is needed only where the expression names a column.
DEFAULTS: typ.Final = Query(
    """
    SELECT adrelid AS relation, adnum AS number,
      pg_get_expr(adbin, CASE WHEN adbin::text LIKE '%{VAR :%' THEN adrelid ELSE 0
        END) AS expression
    FROM pg_attrdef
    WHERE adrelid >= 16384
    """
)
"""A column's default, or a generated column's expression."""


INHERITANCE: typ.Final = Query(
    """
    SELECT inhrelid AS child, inhparent AS parent
    FROM pg_inherits
    """
)
"""A relation and one that it inherits from, or is a partition of."""


COMMENTS: typ.Final = Query(
    """
    SELECT classoid AS catalog, objoid AS object, objsubid AS column,
      description AS text
    FROM pg_description
    WHERE objoid >= 16384 AND classoid IN (1247, 1259)
    """
)
"""A comment on a relation, column or type."""


# From the file, since a migration may comment on an extension, as dumps do. Looking
# through the files takes time, so it is done for names of stubs only.
EXTENSIONS: typ.Final = Query(
    f"""
    SELECT extname AS name, extversion AS version,
      (SELECT nspname FROM pg_namespace WHERE pg_namespace.oid = extnamespace) AS
        schema,
      CASE WHEN extname = ANY (string_to_array('{NAMES}', ' ')) THEN (SELECT comment
        FROM pg_available_extensions() WHERE name = extname) END AS comment
    FROM pg_extension
    """,  # noqa: S608 - constants
)
"""An installed extension, with the comment that its file gives it."""


MEMBERS: typ.Final = Query(
    """
    SELECT classid AS catalog, objid AS object
    FROM pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
      AND classid IN (1247, 1255, 1259, 2615)
    """
)
"""An object that belongs to an extension."""


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

    def __init__(self, reading: CatalogReading) -> None:
        """Arrange what is known of columns beside their own rows."""
        self._reading = reading
        self._made: dict[tuple[typ.Any, ...], Column] = {}
        self._expressions = {
            (row.relation, row.number): row.expression for row in reading.rows(DEFAULTS)
        }
        self._keys: set[tuple[int, int]] = set()
        self._maybe_null: set[tuple[int, int]] = set()
        places = {"p": self._keys, "n": self._maybe_null}
        for row in reading.rows(CONSTRAINTS):
            if row.kind in places:
                numbers = row.columns or ()
                places[row.kind].update((row.relation, number) for number in numbers)

    def of(self, relation: int) -> list[Column]:
        """Return the columns of a table or view."""
        return [
            self._column(attribute)
            for attribute in self._reading.attributes.get(relation, ())
        ]

    def _column(self, row: Row) -> Column:
        place = (row.relation, row.number)
        is_not_null = row.is_not_null and place not in self._maybe_null
        is_primary_key = place in self._keys
        expression = self._expressions.get(place)
        comment = self._reading.comment(PG_CLASS, *place)
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
        row: Row,
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
