"""From rows of the catalog to keys, constraints, indexes, triggers, policies."""

from __future__ import annotations

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
from pytest_userstate.outbound.postgres.catalog import (
    constraint_queries,
    relation_queries,
)
from pytest_userstate.outbound.postgres.catalog.indexes import Indexes
from pytest_userstate.outbound.postgres.catalog.reading import Reading

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
# Names and texts in quotes are skipped whole, whatever they hold.
_CONDITION: typ.Final = re.compile(
    r"""(?: [^"'W] | "(?:[^"]|"")*" | W(?!HEN\ \() )*+ WHEN\ \(
    (?P<condition> (?: [^"')] | "(?:[^"]|"")*" | '(?:[^']|'')*'
    | \)(?!\ EXECUTE\ ) )*+ )
    \)\ EXECUTE\ """,
    re.VERBOSE | re.DOTALL,
)


class TableParts:
    """What hangs on tables, table by table; definitions are PostgreSQL's own text."""

    def __init__(self, reading: Reading) -> None:
        """Arrange the rows by table."""
        self._reading = reading
        self._indexes = Indexes(reading)
        self._constraints = reading.by_relation(constraint_queries.CONSTRAINTS)
        self._triggers = reading.by_relation(constraint_queries.TRIGGERS)
        self._policies = reading.by_relation(constraint_queries.POLICIES)
        self._rules = reading.by_relation(constraint_queries.RULES)
        self._table_of_constraint = {
            row.oid: row.relation for rows in self._constraints.values() for row in rows
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

    def replica_identity(self, table: relation_queries.Relation) -> str:
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

    def _trigger(self, row: constraint_queries.Trigger) -> Trigger:
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

    def _of_kind(self, table: int, kind: str) -> list[constraint_queries.Constraint]:
        return [row for row in self._constraints.get(table, ()) if row.kind == kind]

    def _key(self, row: constraint_queries.Constraint) -> KeyConstraint:
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

    def _foreign_key(self, row: constraint_queries.Constraint) -> ForeignKey:
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

    def _check(self, row: constraint_queries.Constraint) -> CheckConstraint:
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
