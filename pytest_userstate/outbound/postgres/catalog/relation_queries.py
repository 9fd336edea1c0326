"""The questions about schemas, relations and columns, and their answers."""

from __future__ import annotations

import typing as typ

from pytest_userstate.outbound.postgres.catalog.query import Query

PG_TYPE = 1247
PG_PROC = 1255
PG_CLASS = 1259
PG_NAMESPACE = 2615
"""The identifiers of the catalogs themselves, the same in every version."""


class Schema(typ.NamedTuple):
    """A schema that users may fill; names in ``pg_`` are the system's own."""

    oid: int
    name: str
    owner: int


SCHEMAS = Query(
    Schema._make,
    r"""
    SELECT oid, nspname, nspowner FROM pg_namespace
    WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
    """,
)


class Relation(typ.NamedTuple):
    """A table, view, index or composite type."""

    oid: int
    name: str
    schema: int
    kind: str
    is_unlogged: bool
    has_row_security: bool
    forces_row_security: bool
    is_partition: bool
    partition_key: str | None
    partition_bound: str | None
    view_definition: str | None
    access_method: int
    has_options: bool
    owner: int
    view_options: list[str] | None
    replica_identity: str


RELATIONS = Query(
    Relation._make,
    """
    SELECT oid, relname, relnamespace, relkind, relpersistence = 'u',
      relrowsecurity, relforcerowsecurity, relispartition,
      CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END,
      CASE WHEN relispartition THEN pg_get_expr(relpartbound, oid) END,
      CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END,
      relam, reloptions IS NOT NULL, relowner,
      CASE WHEN relkind = 'v' THEN reloptions END, relreplident
    FROM pg_class
    WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'I', 'c')
    """,
)


class Attribute(typ.NamedTuple):
    """A column that was not dropped."""

    relation: int
    number: int
    name: str
    type: int
    modifier: int
    is_not_null: bool
    identity: str
    generated: str
    collation: int
    privileges: str | None


ATTRIBUTES = Query(
    Attribute._make,
    """
    SELECT attrelid, attnum, attname, atttypid, atttypmod, attnotnull, attidentity,
      attgenerated, attcollation, attacl::text
    FROM pg_attribute
    WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (
      SELECT oid FROM pg_class
      WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c'))
    """,
)


class Default(typ.NamedTuple):
    """A column's default, or a generated column's expression."""

    relation: int
    number: int
    expression: str


# Deparsing for a relation loads it into the server's cache, which costs more
# than the deparsing, and is needed only where the expression names a column.
DEFAULTS = Query(
    Default._make,
    """
    SELECT adrelid, adnum, pg_get_expr(
      adbin, CASE WHEN adbin::text LIKE '%{VAR :%' THEN adrelid ELSE 0 END)
    FROM pg_attrdef
    WHERE adrelid >= 16384
    """,
)


class Inheritance(typ.NamedTuple):
    """A relation and one that it inherits from, or is a partition of."""

    child: int
    parent: int


INHERITANCE = Query(Inheritance._make, "SELECT inhrelid, inhparent FROM pg_inherits")


class Comment(typ.NamedTuple):
    """A comment on a relation, column or type."""

    catalog: int
    object: int
    column: int
    text: str


COMMENTS = Query(
    Comment._make,
    """
    SELECT classoid, objoid, objsubid, description FROM pg_description
    WHERE objoid >= 16384 AND classoid IN (1247, 1259)
    """,
)


class Extension(typ.NamedTuple):
    """An installed extension, with the comment that its file gives it."""

    name: str
    version: str
    schema: str
    comment: str | None


# From the file, since a migration may comment on an extension, as dumps do. Looking
# through the files takes time, so it is done for names of stubs only.
EXTENSIONS = Query(
    Extension._make,
    """
    SELECT extname, extversion,
      (SELECT nspname FROM pg_namespace WHERE pg_namespace.oid = extnamespace),
      CASE WHEN extname IN ('pgcrypto', 'uuid-ossp', 'http', 'pg_cron', 'pg_graphql',
          'pg_net', 'pgjwt', 'pgsodium', 'supabase_vault')
        THEN (SELECT comment FROM pg_available_extensions() WHERE name = extname) END
    FROM pg_extension
    """,
)


class Member(typ.NamedTuple):
    """An object that belongs to an extension."""

    catalog: int
    object: int


MEMBERS = Query(
    Member._make,
    """
    SELECT classid, objid FROM pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
      AND classid IN (1247, 1255, 1259, 2615)
    """,
)
