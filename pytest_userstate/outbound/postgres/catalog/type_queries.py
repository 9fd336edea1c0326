"""The questions about types, and the rows that answer them."""

from __future__ import annotations

import typing as typ

from pytest_userstate.outbound.postgres.catalog.query import Query


class UserType(typ.NamedTuple):
    """An enumerated type, a domain, a composite type or a range."""

    oid: int
    name: str
    schema: int
    kind: str
    base: int
    modifier: int
    is_not_null: bool
    collation: int
    default: str | None
    owner: int
    relation: int


USER_TYPES = Query(
    UserType._make,
    """
    SELECT oid, typname, typnamespace, typtype, typbasetype, typtypmod, typnotnull,
      typcollation, pg_get_expr(typdefaultbin, 0), typowner, typrelid
    FROM pg_type
    WHERE oid >= 16384 AND (typtype IN ('e', 'd', 'r') OR typtype = 'c'
      AND typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c'))
    """,
)


class Label(typ.NamedTuple):
    """A label of an enumerated type."""

    type: int
    label: str


LABELS = Query(
    Label._make,
    "SELECT enumtypid, enumlabel FROM pg_enum ORDER BY enumtypid, enumsortorder",
)


class Range(typ.NamedTuple):
    """What a range type is made of."""

    type: int
    subtype: str
    collation: str | None
    operator_class: str | None
    canonical: str | None
    difference: str | None


RANGES = Query(
    Range._make,
    """
    SELECT rngtypid, format_type(rngsubtype, NULL),
      CASE WHEN rngcollation NOT IN (0, 100) THEN rngcollation::regcollation::text END,
      (SELECT concat(nspname, '.', opcname) FROM pg_opclass
        JOIN pg_namespace ON pg_namespace.oid = opcnamespace
        WHERE pg_opclass.oid = rngsubopc AND NOT opcdefault),
      nullif(rngcanonical::oid, 0)::regproc::text,
      nullif(rngsubdiff::oid, 0)::regproc::text
    FROM pg_range
    WHERE rngtypid >= 16384
    """,
)


class OperatorClass(typ.NamedTuple):
    """An operator class that is the default for its type."""

    oid: int
    type: int
    knows_equality: bool


# 403 and 405 are btree and hash, whose classes have an operator for equality.
OPERATOR_CLASSES = Query(
    OperatorClass._make,
    "SELECT oid, opcintype, opcmethod IN (403, 405) FROM pg_opclass WHERE opcdefault",
)


class Coercion(typ.NamedTuple):
    """A type whose values are taken for those of another as they are."""

    source: int
    target: int


COERCIONS = Query(
    Coercion._make,
    """
    SELECT castsource, casttarget FROM pg_cast
    WHERE castmethod = 'b' AND castcontext = 'i'
    """,
)


class Type(typ.NamedTuple):
    """A type in use, with a modifier, and as PostgreSQL writes the two."""

    oid: int
    modifier: int
    text: str
    kind: str
    base: int
    element: int
    relation: int
    is_not_null: bool
    collation: int


TYPES = Query(
    Type._make,
    """
    SELECT wanted.oid, wanted.modifier, format_type(wanted.oid, wanted.modifier),
      typtype, typbasetype,
      CASE WHEN typsubscript = 'array_subscript_handler'::regproc
        THEN typelem ELSE 0 END,
      typrelid, typnotnull, typcollation
    FROM unnest(%s::oid[], %s::int4[]) AS wanted (oid, modifier)
      JOIN pg_type ON pg_type.oid = wanted.oid
    """,
)


class Collation(typ.NamedTuple):
    """A collation, with its schema unless it is PostgreSQL's own."""

    oid: int
    text: str


COLLATIONS = Query(
    Collation._make,
    """
    SELECT pg_collation.oid,
      CASE WHEN nspname = 'pg_catalog' THEN collname::text
        ELSE concat(nspname, '.', collname) END
    FROM pg_collation JOIN pg_namespace ON pg_namespace.oid = collnamespace
    WHERE pg_collation.oid = ANY (%s::oid[])
    """,
)
