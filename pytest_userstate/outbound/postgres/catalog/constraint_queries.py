"""The questions about what hangs on relations, and the rows that answer them."""

from __future__ import annotations

import typing as typ

from pytest_userstate.outbound.postgres.catalog.query import Query


class Constraint(typ.NamedTuple):
    """A constraint of a table or domain."""

    oid: int
    name: str
    relation: int
    domain: int
    kind: str
    columns: list[int] | None
    backing_index: int
    target: int
    target_columns: list[int] | None
    on_update: str
    on_delete: str
    match: str
    is_deferrable: bool
    is_initially_deferred: bool
    is_validated: bool
    set_columns: list[int] | None
    is_enforced: bool
    is_temporal: bool
    parent: int
    definition: str | None


# Not-null constraints (18) are told by the column's own flag, except that the
# flag is also set where the constraint has not been validated yet.
CONSTRAINTS = Query(
    Constraint._make,
    """
    SELECT oid, conname, conrelid, contypid, contype, conkey, conindid, confrelid,
      confkey, confupdtype, confdeltype, confmatchtype, condeferrable, condeferred,
      convalidated, $set_columns, $is_enforced, $is_temporal, conparentid,
      CASE WHEN contype IN ('c', 'x') THEN pg_get_constraintdef(oid) END
    FROM pg_constraint
    WHERE oid >= 16384
      AND (contype IN ('p', 'u', 'f', 'c', 'x') OR contype = 'n' AND NOT convalidated)
    """,
)


class Index(typ.NamedTuple):
    """An index; vectors come as text, a column number of 0 is an expression."""

    oid: int
    relation: int
    columns: str
    key_columns: int
    is_unique: bool
    nulls_distinct: bool
    is_valid: bool
    options: str
    operator_classes: str
    collations: str
    predicate: str | None
    expressions: list[str] | None
    is_clustered: bool
    is_replica_identity: bool


INDEXES = Query(
    Index._make,
    """
    SELECT indexrelid, indrelid, indkey, indnkeyatts, indisunique, $nulls_distinct,
      indisvalid, indoption, indclass, indcollation, pg_get_expr(indpred, indrelid),
      CASE WHEN indexprs IS NOT NULL THEN ARRAY(
        SELECT pg_get_indexdef(indexrelid, number, false)
        FROM generate_series(1, indnkeyatts) AS number ORDER BY number) END,
      indisclustered, indisreplident
    FROM pg_index
    WHERE indrelid >= 16384
    """,
)


class IndexDefinition(typ.NamedTuple):
    """The statement that creates an index."""

    oid: int
    text: str


INDEX_DEFINITIONS = Query(
    IndexDefinition._make,
    "SELECT oid, pg_get_indexdef(oid) FROM unnest(%s::oid[]) AS wanted (oid)",
)


class AccessMethod(typ.NamedTuple):
    """An access method of indexes."""

    oid: int
    name: str


ACCESS_METHODS = Query(AccessMethod._make, "SELECT oid, amname FROM pg_am")


class Trigger(typ.NamedTuple):
    """A trigger that a user created, or the copy of one on a partition."""

    relation: int
    name: str
    function_schema: str
    function: str
    kind: int
    columns: list[int]
    has_condition: bool
    enabled: str
    is_constraint: bool
    definition: str


# Up to PostgreSQL 14 the copies on partitions are marked as internal; those that
# really are belong to a key or foreign key.
TRIGGERS = Query(
    Trigger._make,
    """
    SELECT tgrelid, tgname, nspname, proname, tgtype,
      ARRAY(SELECT unnest(tgattr)), tgqual IS NOT NULL,
      tgenabled, tgconstraint <> 0, pg_get_triggerdef(pg_trigger.oid)
    FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
      JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE NOT tgisinternal OR tgconstraint = 0
      OR tgconstraint IN (SELECT oid FROM pg_constraint WHERE contype = 't')
    """,
)


class Policy(typ.NamedTuple):
    """A row-level security policy."""

    relation: int
    name: str
    command: str
    is_permissive: bool
    roles: list[str]
    using: str | None
    check: str | None


POLICIES = Query(
    Policy._make,
    """
    SELECT polrelid, polname, polcmd, polpermissive,
      ARRAY(SELECT CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END
        FROM unnest(polroles) AS role),
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
    FROM pg_policy
    """,
)


class Rule(typ.NamedTuple):
    """A rule of the rewriter, except those that make a view."""

    relation: int
    name: str
    enabled: str
    definition: str


RULES = Query(
    Rule._make,
    """
    SELECT ev_class, rulename, ev_enabled, pg_get_ruledef(oid)
    FROM pg_rewrite
    WHERE oid >= 16384 AND rulename <> '_RETURN'
    """,
)
