"""The questions about sequences, owners, privileges and roles, and their answers."""

from __future__ import annotations

import typing as typ

from pytest_userstate.outbound.postgres.catalog.query import Query


class Sequence(typ.NamedTuple):
    """A sequence, and the column that it goes away with."""

    oid: int
    name: str
    schema: int
    owner: int
    data_type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycles: bool
    table: int | None
    column: int | None
    is_identity: bool


SEQUENCES = Query(
    Sequence._make,
    """
    SELECT seqrelid, relname, relnamespace, relowner, format_type(seqtypid, NULL),
      seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
      refobjid, refobjsubid, coalesce(deptype = 'i', false)
    FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
      LEFT JOIN pg_depend ON classid = 1259 AND objid = seqrelid AND objsubid = 0
        AND refclassid = 1259 AND refobjsubid <> 0 AND deptype IN ('a', 'i')
    WHERE seqrelid >= 16384
    """,
)


class PrivilegeList(typ.NamedTuple):
    """What was granted on some objects, in PostgreSQL's own notation."""

    catalog: int
    text: str
    objects: list[int]


# Objects without a list have PostgreSQL's defaults. Many objects share few lists,
# and writing one as text takes longer than comparing many. (The lists of columns
# come with the columns.)
PRIVILEGE_LISTS = Query(
    PrivilegeList._make,
    """
    SELECT 1259, relacl::text, array_agg(oid)
      FROM pg_class WHERE relacl IS NOT NULL AND oid >= 16384 GROUP BY relacl
    UNION ALL
    SELECT 2615, nspacl::text, array_agg(oid)
      FROM pg_namespace WHERE nspacl IS NOT NULL GROUP BY nspacl
    UNION ALL
    SELECT 1247, typacl::text, array_agg(oid)
      FROM pg_type WHERE typacl IS NOT NULL AND oid >= 16384 GROUP BY typacl
    """,
)


class Role(typ.NamedTuple):
    """A role of the server."""

    oid: int
    name: str
    is_superuser: bool
    inherits: list[int]
    owns_database: bool


ROLES = Query(
    Role._make,
    """
    SELECT oid, rolname, rolsuper,
      ARRAY(SELECT roleid FROM pg_auth_members
        WHERE member = pg_roles.oid AND $inherits),
      oid = (SELECT datdba FROM pg_database WHERE datname = current_database())
    FROM pg_roles
    """,
)
