"""Schemas, tables, views, columns and types: the queries, and what types mean."""

from __future__ import annotations

import collections.abc as cabc
import string
import typing as typ

import attrs

from pytest_userstate.outbound.postgres.stubs import NAMES

# What only newer versions have: since when, how to ask, what it was before.
_NEWER: typ.Final = {
    "nulls_distinct": (150_000, "NOT indnullsnotdistinct", "true"),
    "set_columns": (150_000, "confdelsetcols", "NULL::int2[]"),
    "is_enforced": (180_000, "conenforced", "true"),
    "is_temporal": (180_000, "conperiod", "false"),
    "inherits": (160_000, "inherit_option", "rolinherit"),
}


Row = typ.Any
"""A named tuple of an answer; the query says what its fields are called."""


@attrs.frozen(eq=False)
class Query:
    """A query; names with a dollar sign are columns that only newer versions have."""

    sql: typ.LiteralString

    def text(self, server_version: int) -> str:
        """Return the query for a server of this version."""
        words = {
            name: newer if server_version >= since else older
            for name, (since, newer, older) in _NEWER.items()
        }
        return string.Template(self.sql).substitute(words)


USER_TYPES: typ.Final = Query(
    """
    SELECT oid, typname AS name, typnamespace AS schema, typtype AS kind,
      typbasetype AS base, typtypmod AS modifier, typnotnull AS is_not_null,
      typcollation AS collation, pg_get_expr(typdefaultbin, 0) AS default,
      typowner AS owner, typrelid AS relation
    FROM pg_type
    WHERE oid >= 16384 AND (typtype IN ('e', 'd', 'r') OR typtype = 'c'
      AND typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c'))
    """
)
"""An enumerated type, a domain, a composite type or a range."""


LABELS: typ.Final = Query(
    """
    SELECT enumtypid AS type, enumlabel AS label
    FROM pg_enum ORDER BY enumtypid, enumsortorder
    """
)
"""A label of an enumerated type."""


RANGES: typ.Final = Query(
    """
    SELECT rngtypid AS type, format_type(rngsubtype, NULL) AS subtype,
      CASE WHEN rngcollation NOT IN (0, 100) THEN rngcollation::regcollation::text
        END AS collation,
      (SELECT concat(nspname, '.', opcname) FROM pg_opclass JOIN pg_namespace ON
        pg_namespace.oid = opcnamespace WHERE pg_opclass.oid = rngsubopc AND NOT
        opcdefault) AS operator_class,
      nullif(rngcanonical::oid, 0)::regproc::text AS canonical,
      nullif(rngsubdiff::oid, 0)::regproc::text AS difference
    FROM pg_range
    WHERE rngtypid >= 16384
    """
)
"""What a range type is made of."""


# 403 and 405 are btree and hash, whose classes have an operator for equality.
OPERATOR_CLASSES: typ.Final = Query(
    """
    SELECT oid, opcintype AS type, opcmethod IN (403, 405) AS knows_equality
    FROM pg_opclass WHERE opcdefault
    """
)
"""An operator class that is the default for its type."""


COERCIONS: typ.Final = Query(
    """
    SELECT castsource AS source, casttarget AS target
    FROM pg_cast
    WHERE castmethod = 'b' AND castcontext = 'i'
    """
)
"""A type whose values are taken for those of another as they are."""


TYPES: typ.Final = Query(
    """
    SELECT used.oid AS oid, used.modifier AS modifier,
      format_type(used.oid, used.modifier) AS text, typtype AS kind,
      typbasetype AS base,
      CASE WHEN typsubscript = 'array_subscript_handler'::regproc THEN typelem ELSE
        0 END AS element,
      typrelid AS relation, typnotnull AS is_not_null, typcollation AS collation
    FROM unnest(%s::oid[], %s::int4[]) AS used (oid, modifier)
      JOIN pg_type ON pg_type.oid = used.oid
    """
)
"""A type in use, with a modifier, and as PostgreSQL writes the two."""


COLLATIONS: typ.Final = Query(
    """
    SELECT pg_collation.oid AS oid,
      CASE WHEN nspname = 'pg_catalog' THEN collname::text ELSE concat(nspname, '.',
        collname) END AS text
    FROM pg_collation JOIN pg_namespace ON pg_namespace.oid = collnamespace
    WHERE pg_collation.oid = ANY (%s::oid[])
    """
)
"""A collation, with its schema unless it is PostgreSQL's own."""


Look = cabc.Callable[[set[tuple[int, int]]], cabc.Iterable[Row]]
ANY_MODIFIER: typ.Final = -1


@attrs.frozen(kw_only=True)
class TypeFacts:
    """A type with its modifier, as a column or domain uses it."""

    text: str
    is_domain: bool
    is_never_null: bool  # a domain that excludes null, itself or further down
    # For DISTINCT and keys, that is: the `=` of `box` and `circle` compares areas.
    has_equality: bool
    collation: int


class Types:
    """The types in use, and those that they are made of."""

    def __init__(
        self,
        in_use: set[tuple[int, int]],
        *,
        look: Look,
        attributes: cabc.Mapping[int, cabc.Sequence[Row]],
        with_equality: cabc.Set[int],
    ) -> None:
        """Look up the types, then those that they are made of, and so on."""
        self._attributes = attributes
        self._equality = dict.fromkeys(with_equality, True)
        self._types: dict[int, Row] = {}
        self._facts: dict[tuple[int, int], TypeFacts] = {}
        rows: list[Row] = []
        while in_use:
            new = list(look(in_use))
            rows += new
            self._types.update((row.oid, row) for row in new)
            parts = {part for row in new for part in (row.base, row.element) if part}
            in_use = {(part, ANY_MODIFIER) for part in parts - self._types.keys()}
        for row in rows:
            self._facts[row.oid, row.modifier] = self._facts_of(row)

    def __getitem__(self, type_and_modifier: tuple[int, int]) -> TypeFacts:
        """Return the facts of a type with its modifier."""
        return self._facts[type_and_modifier]

    def _facts_of(self, row: Row) -> TypeFacts:
        return TypeFacts(
            text=row.text,
            is_domain=row.kind == "d",
            is_never_null=self._is_never_null(row),
            has_equality=self._has_equality(row.oid),
            collation=row.collation,
        )

    def _is_never_null(self, row: Row) -> bool:
        """Whether a domain, or a domain that it is based on, excludes null."""
        while row.kind == "d":
            if row.is_not_null:
                return True
            row = self._types[row.base]
        return False

    def _has_equality(self, oid: int) -> bool:
        if oid not in self._equality:
            self._equality[oid] = self._find_equality(self._types[oid])
        return self._equality[oid]

    def _find_equality(self, row: Row) -> bool:
        match row.kind:
            case "d":
                return self._has_equality(row.base)
            case "e" | "r" | "m":  # enumerated types, ranges, multiranges
                return True
            case "c":
                attributes = self._attributes.get(row.relation, ())
                types = [attribute.type for attribute in attributes]
                return bool(types) and all(map(self._has_equality, types))
            case _:
                return bool(row.element) and self._has_equality(row.element)


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
