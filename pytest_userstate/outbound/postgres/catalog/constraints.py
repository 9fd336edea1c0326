"""Keys, constraints, indexes, triggers, policies and rules."""

from __future__ import annotations

import collections.abc as cabc
import functools
import re
import typing as typ

from pytest_userstate.domain.columns import (
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
    Policy,
    Rule,
    Trigger,
)
from pytest_userstate.domain.converters import dotted, in_sql
from pytest_userstate.outbound.postgres.catalog.relations import (
    OPERATOR_CLASSES,
    Query,
    Row,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.catalog.reading import CatalogReading


# Not-null constraints (18) are read from the column's own flag, except that the
# flag is also set where the constraint has not been validated yet.
CONSTRAINTS: typ.Final = Query(
    """
    SELECT oid, conname AS name, conrelid AS relation, contypid AS domain,
      contype AS kind, conkey AS columns, conindid AS backing_index,
      confrelid AS target, confkey AS target_columns, confupdtype AS on_update,
      confdeltype AS on_delete, confmatchtype AS match,
      condeferrable AS is_deferrable, condeferred AS is_initially_deferred,
      convalidated AS is_validated, $set_columns AS set_columns,
      $is_enforced AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgconstraint =
        pg_constraint.oid AND tgenabled = 'D') AS is_enforced,
      $is_temporal AS is_temporal, conparentid AS parent,
      CASE WHEN contype IN ('c', 'x') THEN pg_get_constraintdef(oid) END AS definition
    FROM pg_constraint
    WHERE oid >= 16384
      AND (contype IN ('p', 'u', 'f', 'c', 'x') OR contype = 'n' AND NOT convalidated)
    """
)
"""A constraint of a table or domain."""


INDEXES: typ.Final = Query(
    """
    SELECT indexrelid AS oid, indrelid AS relation, indkey AS columns,
      indnkeyatts AS key_columns, indisunique AS is_unique,
      $nulls_distinct AS nulls_distinct, indisvalid AS is_valid, indoption AS options,
      indclass AS operator_classes, indcollation AS collations,
      pg_get_expr(indpred, indrelid) AS predicate,
      CASE WHEN indexprs IS NOT NULL THEN ARRAY(SELECT pg_get_indexdef(indexrelid,
        number, false) FROM generate_series(1, indnkeyatts) AS number ORDER BY
        number) END AS expressions,
      indisclustered AS is_clustered, indisreplident AS is_replica_identity
    FROM pg_index
    WHERE indrelid >= 16384
    """
)
"""An index; vectors come as text, a column number of 0 is an expression."""


INDEX_DEFINITIONS: typ.Final = Query(
    """
    SELECT oid, pg_get_indexdef(oid) AS text
    FROM unnest(%s::oid[]) AS index (oid)
    """
)
"""The statement that creates an index."""


ACCESS_METHODS: typ.Final = Query(
    """
    SELECT oid, amname AS name
    FROM pg_am
    """
)
"""An access method of indexes."""


# Up to PostgreSQL 14 the copies on partitions are marked as internal; those that
# really are belong to a key or foreign key.
TRIGGERS: typ.Final = Query(
    """
    SELECT tgrelid AS relation, tgname AS name, nspname AS function_schema,
      proname AS function, tgtype AS kind, ARRAY(SELECT unnest(tgattr)) AS columns,
      tgqual IS NOT NULL AS has_condition, tgenabled AS enabled,
      tgconstraint <> 0 AS is_constraint,
      pg_get_triggerdef(pg_trigger.oid) AS definition
    FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
      JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE NOT tgisinternal OR tgconstraint = 0
      OR tgconstraint IN (SELECT oid FROM pg_constraint WHERE contype = 't')
    """
)
"""A trigger that a user created, or the copy of one on a partition."""


POLICIES: typ.Final = Query(
    """
    SELECT polrelid AS relation, polname AS name, polcmd AS command,
      polpermissive AS is_permissive,
      ARRAY(SELECT CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END
        FROM unnest(polroles) AS role) AS roles,
      pg_get_expr(polqual, polrelid) AS using,
      pg_get_expr(polwithcheck, polrelid) AS check
    FROM pg_policy
    """
)
"""A row-level security policy."""


RULES: typ.Final = Query(
    """
    SELECT ev_class AS relation, rulename AS name, ev_enabled AS enabled,
      pg_get_ruledef(oid) AS definition
    FROM pg_rewrite
    WHERE oid >= 16384 AND rulename <> '_RETURN'
    """
)
"""A rule of the rewriter, except those that make a view."""


_COMMON_COLLATIONS: typ.Final = frozenset({0, 100})
"""No collation at all, and the database's default."""
_PLAIN_METHODS: typ.Final = frozenset({"btree", "hash"})
"""Access methods whose operator classes take no parameters."""


class Indexes:
    """The indexes of all tables.

    Deparsing every index would take longer than everything else together, so only
    those have a definition whose other facts do not say everything.
    """

    def __init__(self, reading: CatalogReading) -> None:
        """Arrange the rows, and have deparsed what needs it."""
        self._reading = reading
        self._by_table = reading.by_relation(INDEXES)
        self._methods = {row.oid: row.name for row in reading.rows(ACCESS_METHODS)}
        self._usual_classes = {row.oid for row in reading.rows(OPERATOR_CLASSES)}
        self._by_oid = {
            row.oid: row for rows in self._by_table.values() for row in rows
        }
        self._definitions = reading.index_definitions(
            [
                row.oid
                for relation in (*reading.tables, *reading.views)
                for row in self._by_table.get(relation.oid, ())
                if not self._is_plain(row)
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

    def behind(self, constraint: Row) -> Row:
        """Return the index that backs a constraint."""
        return self._by_oid[constraint.backing_index]

    def included(self, row: Row) -> tuple[str, ...]:
        """Return the names of the columns that an index only stores."""
        numbers = _numbers(row.columns)[row.key_columns :]
        return self._reading.column_names(row.relation, numbers) if numbers else ()

    def _index(self, row: Row, constraint: str | None) -> Index:
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

    def _keys(self, row: Row) -> tuple[str, ...]:
        numbers = _numbers(row.columns)[: row.key_columns]
        if row.expressions is None:
            return self._reading.column_names(row.relation, numbers)
        columns = self._reading.columns_by_number(row.relation)
        return tuple(
            columns[number].name if number else _bare(expression)
            for number, expression in zip(numbers, row.expressions, strict=True)
        )

    def _is_plain(self, row: Row) -> bool:
        relation = self._reading.relations[row.oid]
        return (
            not relation.has_options
            and not any(_numbers(row.options))
            and self._methods[relation.access_method] in _PLAIN_METHODS
            and self._usual_classes.issuperset(_numbers(row.operator_classes))
            and all(self._usual_collations(row))
        )

    def _usual_collations(self, row: Row) -> cabc.Iterator[bool]:
        """Yield for each key whether it sorts as its column does."""
        columns = self._reading.columns_by_number(row.relation)
        # Only keys have collations, so the included columns fall away.
        keys = zip(_numbers(row.columns), _numbers(row.collations), strict=False)
        for number, collation in keys:
            if number:
                yield collation == columns[number].collation
            else:
                yield collation in _COMMON_COLLATIONS


@functools.lru_cache(maxsize=1024)
@functools.lru_cache(maxsize=4096)
def _numbers(vector: str) -> tuple[int, ...]:
    """Read the text form of an ``int2vector`` or ``oidvector``."""
    return tuple(map(int, vector.split()))


def _bare(expression: str) -> str:
    """Take away the parentheses that an index needs around an expression."""
    return expression[1:-1] if expression.startswith("((") else expression


_ACTIONS: typ.Final = {
    "a": "no action",
    "r": "restrict",
    "c": "cascade",
    "n": "set null",
    "d": "set default",
}
_MATCHES: typ.Final = {"s": "simple", "f": "full", "p": "partial"}
_COMMANDS: typ.Final = {
    "*": "all",
    "r": "select",
    "a": "insert",
    "w": "update",
    "d": "delete",
}

# The bits of ``pg_trigger.tgtype``, from PostgreSQL's ``catalog/pg_trigger.h``.
_ROW_BIT: typ.Final = 1
_TIMING_BITS: typ.Final = 2 | 64
_TIMINGS: typ.Final = {2: "before", 64: "instead of"}
_EVENTS: typ.Final = {4: "insert", 8: "delete", 16: "update", 32: "truncate"}
_ORDINARY: typ.Final = frozenset({"O", "A"})
"""What fires in an ordinary session."""
_FIRING: typ.Final = {"O": "origin", "D": "origin", "R": "replica", "A": "always"}
_BY_INDEX: typ.Final = "i"
_REPLICA_IDENTITIES: typ.Final = {"d": "default", "n": "nothing", "f": "full"}
# Names and texts in quotes are skipped whole, whatever they hold. The groups are not
# possessive: Python before 3.11.5 fails at a lookahead in a group that is.
_CONDITION: typ.Final = re.compile(
    r"""(?> (?: [^"'W] | "[^"]*" | W(?!HEN\ \() )* ) WHEN\ \(
    (?P<condition> (?> (?: [^"')] | "[^"]*" | '[^']*' | \)(?!\ EXECUTE\ ) )* ) )
    \)\ EXECUTE\ """,
    re.VERBOSE | re.DOTALL,
)


class TableParts:
    """What hangs on tables, table by table; definitions are PostgreSQL's own text."""

    def __init__(self, reading: CatalogReading) -> None:
        """Arrange the rows by table."""
        self._reading = reading
        self._indexes = Indexes(reading)
        self._constraints: dict[tuple[int, str], list[Row]] = {}
        for row in reading.rows(CONSTRAINTS):
            self._constraints.setdefault((row.relation, row.kind), []).append(row)
        self._triggers = reading.by_relation(TRIGGERS)
        self._policies = reading.by_relation(POLICIES)
        self._rules = reading.by_relation(RULES)
        self._table_of_constraint = {
            row.oid: row.relation for row in reading.rows(CONSTRAINTS)
        }

    def primary_key(self, table: int) -> KeyConstraint | None:
        """Return a table's primary key."""
        return next(map(self._key, self._of_kind(table, "p")), None)

    def unique_constraints(self, table: int) -> list[KeyConstraint]:
        """Return a table's unique constraints."""
        return [self._key(row) for row in self._of_kind(table, "u")]

    def foreign_keys(self, table: int) -> list[ForeignKey]:
        """Return a table's foreign keys.

        One that refers to a partitioned table is in the catalog once more for
        each of its partitions, beneath the one that was declared: left out.
        """
        return [
            self._foreign_key(row)
            for row in self._of_kind(table, "f")
            if self._table_of_constraint.get(row.parent) != table
        ]

    def check_constraints(self, table: int) -> list[CheckConstraint]:
        """Return a table's check constraints, those it inherits included."""
        return [self._check(row) for row in self._of_kind(table, "c")]

    def domain_checks(self) -> dict[int, list[CheckConstraint]]:
        """Return the check constraints of every domain."""
        checks: dict[int, list[CheckConstraint]] = {}
        for row in self._of_kind(0, "c"):
            checks.setdefault(row.domain, []).append(self._check(row))
        return checks

    def exclusion_constraints(self, table: int) -> list[ExclusionConstraint]:
        """Return a table's exclusion constraints."""
        return [
            ExclusionConstraint(name=row.name, definition=row.definition or "")
            for row in self._of_kind(table, "x")
        ]

    def indexes(self, table: int) -> list[Index]:
        """Return a table's indexes, those that back a constraint included."""
        backed = {
            row.backing_index: row.name
            for kind in ("p", "u", "x")
            for row in self._of_kind(table, kind)
        }
        return self._indexes.of(table, backed)

    def triggers(self, table: int) -> list[Trigger]:
        """Return the triggers that fire on a table."""
        return [self._trigger(row) for row in self._triggers.get(table, ())]

    def rules(self, relation: int) -> list[Rule]:
        """Return the rules that rewrite what is done with a table or view."""
        return [
            Rule(
                name=row.name,
                definition=row.definition,
                is_enabled=row.enabled in _ORDINARY,
                fires=_FIRING[row.enabled],
            )
            for row in self._rules.get(relation, ())
        ]

    def replica_identity(self, table: Row) -> str:
        """Return what identifies a table's rows to subscribers."""
        if table.replica_identity != _BY_INDEX:
            return _REPLICA_IDENTITIES[table.replica_identity]
        # An index that was dropped leaves the table with none.
        return self._indexes.replica_identity(table.oid) or "nothing"

    def policies(self, table: int) -> list[Policy]:
        """Return a table's row-level security policies."""
        return [
            Policy(
                name=row.name,
                command=_COMMANDS[row.command],
                roles=row.roles,
                is_permissive=row.is_permissive,
                using=row.using,
                check=row.check,
            )
            for row in self._policies.get(table, ())
        ]

    def _trigger(self, row: Row) -> Trigger:
        return Trigger(
            name=row.name,
            function=dotted(row.function_schema, row.function),
            definition=row.definition,
            is_enabled=row.enabled in _ORDINARY,
            is_constraint=row.is_constraint,
            fires=_FIRING[row.enabled],
            timing=_TIMINGS.get(row.kind & _TIMING_BITS, "after"),
            events=[event for bit, event in _EVENTS.items() if row.kind & bit],
            update_of=sorted(self._reading.column_names(row.relation, row.columns)),
            level="row" if row.kind & _ROW_BIT else "statement",
            when=_condition(row.definition) if row.has_condition else None,
        )

    def _of_kind(self, table: int, kind: str) -> list[Row]:
        return self._constraints.get((table, kind), [])

    def _key(self, row: Row) -> KeyConstraint:
        index = self._indexes.behind(row)
        return KeyConstraint(
            name=row.name,
            columns=self._reading.column_names(row.relation, row.columns),
            nulls_distinct=index.nulls_distinct,
            included=self._indexes.included(index),
            is_deferrable=row.is_deferrable,
            is_initially_deferred=row.is_initially_deferred,
            is_temporal=row.is_temporal,
        )

    def _foreign_key(self, row: Row) -> ForeignKey:
        schema, name = self._reading.place(row.target)
        names = self._reading.column_names
        on_delete = _ACTIONS[row.on_delete]
        if row.set_columns:
            only = sorted(names(row.relation, row.set_columns))
            on_delete += f" ({in_sql(only)})"
        return ForeignKey(
            name=row.name,
            columns=names(row.relation, row.columns),
            target_schema=schema,
            target_table=name,
            target_columns=names(row.target, row.target_columns),
            on_update=_ACTIONS[row.on_update],
            on_delete=on_delete,
            match=_MATCHES[row.match],
            is_deferrable=row.is_deferrable,
            is_initially_deferred=row.is_initially_deferred,
            is_validated=row.is_validated,
            is_enforced=row.is_enforced,
            is_temporal=row.is_temporal,
        )

    def _check(self, row: Row) -> CheckConstraint:
        return CheckConstraint(
            name=row.name,
            definition=row.definition or "",
            columns=sorted(self._reading.column_names(row.relation, row.columns)),
            is_validated=row.is_validated,
            is_enforced=row.is_enforced,
        )


def _condition(definition: str) -> str | None:
    """Return a trigger's condition, which only the whole statement has as text."""
    match = _CONDITION.match(definition)
    return match["condition"] if match else None
