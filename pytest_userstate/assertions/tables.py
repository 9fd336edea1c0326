"""Assertions about tables: keys, other constraints, row security, inheritance."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.failures import (
    expect,
    introduced_with,
    origins,
    require,
)
from pytest_userstate.application.asserting.kinds import (
    CHECK,
    COLUMN,
    CONSTRAINTS,
    EXCLUSION,
    FOREIGN_KEY,
    POLICY,
    PRIMARY_KEY,
    TABLE,
    TRIGGER,
    UNIQUE,
    Action,
    ColumnNames,
    Command,
    Match,
    makes_unique,
    on_delete_with_columns,
)
from pytest_userstate.application.asserting.matching import (
    PartKind,
    Subject,
    as_expected,
    exactly,
    facts_of,
    unknown_column,
    unwanted,
)
from pytest_userstate.application.asserting.objects import (
    ObjectKind,
    children,
    inherited,
    not_inherited,
    related,
)
from pytest_userstate.assertions.relations import RelationAssertions
from pytest_userstate.domain.columns import (
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    KeyConstraint,
    Policy,
)
from pytest_userstate.domain.converters import in_sql
from pytest_userstate.domain.snapshot import Table, TableKind

__tracebackhide__ = True  # a failing test shows its own line, not ours


class TableAssertions(RelationAssertions[Table]):
    """Assertions about a table that is there: `assert_table` returns them."""

    _kind = ObjectKind.TABLE

    @property
    def table(self) -> Table:
        """The table as it is, for assertions of one's own."""
        return self._look()[1]

    # Keys.

    def has_primary_key(
        self,
        columns: ColumnNames | Some,
        *,
        name: str | Unspecified = UNSPECIFIED,
        included: ColumnNames | Unspecified = UNSPECIFIED,
        deferrable: bool | Unspecified = UNSPECIFIED,
        initially_deferred: bool | Unspecified = UNSPECIFIED,
        temporal: bool | Unspecified = UNSPECIFIED,
    ) -> KeyConstraint:
        """Assert that these columns are the primary key, in this order.

        Parameters
        ----------
        columns : str, iterable of str, or SOME
            The key's columns; `SOME` for any primary key.
        name : str
            The constraint's name.
        included : str or iterable of str
            The columns that its index only stores (``INCLUDE``).
        deferrable, initially_deferred : bool
            Whether, and from the start, it is checked only at a commit.
        temporal : bool
            Whether its last column is ``WITHOUT OVERLAPS`` (PostgreSQL 18).
        """
        return self._has(PRIMARY_KEY, locals())

    def has_no_primary_key(self) -> None:
        """Assert that the table exists, and has no primary key."""
        subject = self._subject()
        keys = PRIMARY_KEY.parts(subject.owner)
        require(unwanted(subject, "a primary key", keys, PRIMARY_KEY.words))

    def has_unique_constraint(
        self,
        columns: ColumnNames | Some,
        *,
        name: str | Unspecified = UNSPECIFIED,
        nulls_distinct: bool | Unspecified = UNSPECIFIED,
        included: ColumnNames | Unspecified = UNSPECIFIED,
        deferrable: bool | Unspecified = UNSPECIFIED,
        initially_deferred: bool | Unspecified = UNSPECIFIED,
        temporal: bool | Unspecified = UNSPECIFIED,
    ) -> KeyConstraint:
        """Assert that a unique constraint on these columns exists, in this order.

        The primary key is none, and neither is a unique index without a
        constraint (`has_index`).

        Parameters
        ----------
        columns : str, iterable of str, or SOME
            The constraint's columns; `SOME` for any unique constraint.
        nulls_distinct : bool
            Whether nulls count as different from each other.
        name, included, deferrable, initially_deferred, temporal
            As for `has_primary_key`.
        """
        return self._has(UNIQUE, locals())

    def has_no_unique_constraint(self, columns: ColumnNames) -> None:
        """Assert that nothing makes these columns unique together.

        A primary key, a unique index of all rows, and an exclusion constraint that
        no two equal rows can pass do so, too; also if they are on some of the
        columns only.
        """
        subject, names = self._columns(UNIQUE, columns)
        what = f"something that makes {in_sql(names)} unique"
        require(unwanted(subject, what, makes_unique(subject.owner, names)))

    def has_exactly_unique_constraints(
        self, columns: cabc.Iterable[ColumnNames]
    ) -> None:
        """Assert that the unique constraints are on these columns, and no others.

        Parameters
        ----------
        columns : iterable of str or of iterable of str
            The columns of each: ``["email", ["tenant", "number"]]``.
        """
        expected = arguments.several_keys(columns)
        self._has_exactly(UNIQUE, expected, key=lambda key: key.columns)

    def has_foreign_key(
        self,
        columns: ColumnNames | Some,
        *,
        references: str | Unspecified = UNSPECIFIED,
        references_columns: ColumnNames | Unspecified = UNSPECIFIED,
        on_update: Action | Unspecified = UNSPECIFIED,
        on_delete: Action | Unspecified = UNSPECIFIED,
        on_delete_columns: ColumnNames | Unspecified = UNSPECIFIED,
        match: Match | Unspecified = UNSPECIFIED,
        deferrable: bool | Unspecified = UNSPECIFIED,
        initially_deferred: bool | Unspecified = UNSPECIFIED,
        validated: bool | Unspecified = UNSPECIFIED,
        enforced: bool | Unspecified = UNSPECIFIED,
        temporal: bool | Unspecified = UNSPECIFIED,
        name: str | Unspecified = UNSPECIFIED,
    ) -> ForeignKey:
        """Assert that a foreign key from these columns exists, in this order.

        Parameters
        ----------
        columns : str, iterable of str, or SOME
            The referring columns; `SOME` for any foreign key.
        references : str
            The table referred to: ``users``, or ``legal.policies``.
        references_columns : str or iterable of str
            The columns referred to, pair by pair.
        on_update, on_delete : {"no action", "restrict", "cascade", "set null", \
"set default"}
            What happens when the row referred to is changed or goes away.
        on_delete_columns : str or iterable of str
            The columns that are set, if not all of them are.
        match : {"simple", "full"}
            How nulls in some of the columns count.
        deferrable, initially_deferred : bool
            Whether, and from the start, it is checked only at a commit.
        validated : bool
            Whether it is known to hold for every row (not after ``NOT VALID``).
        enforced : bool
            Whether it is checked at all (not after ``NOT ENFORCED``, or
            ``DISABLE TRIGGER ALL``).
        temporal : bool
            Whether its last pair is a ``PERIOD`` (PostgreSQL 18).
        name : str
            The constraint's name.
        """
        given = locals()
        action = on_delete_with_columns(on_delete, on_delete_columns)
        return self._has(FOREIGN_KEY, {**given, "on_delete": action})

    def has_no_foreign_key(self, columns: ColumnNames) -> None:
        """Assert that these columns together refer to no table."""
        subject, names = self._columns(FOREIGN_KEY, columns)
        keys = [
            key
            for key in FOREIGN_KEY.parts(subject.owner)
            if sorted(key.columns) == sorted(names)
        ]
        what = f"a foreign key from {in_sql(names)}"
        require(unwanted(subject, what, keys, FOREIGN_KEY.words))

    def has_exactly_foreign_keys(self, columns: cabc.Iterable[ColumnNames]) -> None:
        """Assert that the foreign keys are on these columns, and no others.

        Parameters
        ----------
        columns : iterable of str or of iterable of str
            The columns of each: ``["user_id", ["tenant", "number"]]``.
        """
        expected = arguments.several_keys(columns)
        self._has_exactly(FOREIGN_KEY, expected, key=lambda key: key.columns)

    def _columns(
        self, kind: PartKind[typ.Any], columns: ColumnNames
    ) -> tuple[Subject, tuple[str, ...]]:
        """Return the table, and the columns of a key if they are there."""
        fact, subject = kind.fact("columns", columns), self._subject()
        require(unknown_column(COLUMN, subject, kind, (fact,)))
        return subject, fact.columns

    # Check and exclusion constraints, and constraints by name.

    def has_check_constraint(
        self,
        expression: str | Some,
        *,
        name: str | Unspecified = UNSPECIFIED,
        columns: ColumnNames | Unspecified = UNSPECIFIED,
        validated: bool | Unspecified = UNSPECIFIED,
        enforced: bool | Unspecified = UNSPECIFIED,
    ) -> CheckConstraint:
        """Assert that a check constraint with this meaning exists.

        Parameters
        ----------
        expression : str or SOME
            The condition in SQL, without ``CHECK``; `SOME` for any. What
            PostgreSQL adds to it (parentheses, casts, schemas) may be left out.
        name : str
            The constraint's name.
        columns : str or iterable of str
            The columns that it is about, in any order.
        validated, enforced : bool
            As for `has_foreign_key`.
        """
        return self._has(CHECK, locals())

    def has_exactly_check_constraints(self, names: cabc.Iterable[str]) -> None:
        """Assert that the check constraints have these names, and no others."""
        self._has_exactly(CHECK, arguments.several_names(names))

    def has_exclusion_constraint(
        self,
        definition: str | Some,
        *,
        name: str | Unspecified = UNSPECIFIED,
    ) -> ExclusionConstraint:
        """Assert that an exclusion constraint of this definition exists.

        Parameters
        ----------
        definition : str or SOME
            As PostgreSQL writes it, blanks and case apart:
            ``EXCLUDE USING gist (room WITH =, during WITH &&)``; `SOME` for any.
        name : str
            The constraint's name.
        """
        return self._has(EXCLUSION, locals())

    def has_exactly_exclusion_constraints(self, names: cabc.Iterable[str]) -> None:
        """Assert that the exclusion constraints have these names, and no others."""
        self._has_exactly(EXCLUSION, arguments.several_names(names))

    def has_no_constraint(self, name: str) -> None:
        """Assert that no constraint of the table has this name, of any kind.

        Not-null constraints, which have names since PostgreSQL 18, are facts of
        their columns: ``has_column(…, nullable=…)``.
        """
        name = arguments.identifier(name)
        subject = self._subject()
        kinds = {
            part.name: kind.name
            for kind in CONSTRAINTS
            for part in kind.parts(subject.owner)
        }
        kinds |= {
            trigger.name: "constraint trigger"
            for trigger in TRIGGER.parts(subject.owner)
            if trigger.is_constraint
        }
        if name in kinds:
            require(unwanted(subject, f"a {kinds[name]} {name!r}", [""]))

    # Row-level security.

    def has_row_security(self, *, forced: bool | Unspecified = UNSPECIFIED) -> None:
        """Assert that row-level security is on.

        Parameters
        ----------
        forced : bool
            Whether it holds for the table's owner, too.
        """
        facts = facts_of(TABLE, {"enabled": True, "forced": forced})
        subject = self._subject()
        title = f"row-level security of {subject.title}"
        details = introduced_with(subject.owner)
        require(as_expected(title, facts, subject, details=details))

    def has_no_row_security(self) -> None:
        """Assert that the table exists, and its row-level security is off."""
        subject = self._subject()
        if subject.owner.has_row_security:
            policies = [*map(POLICY.words, POLICY.parts(subject.owner))] or [
                "no policy"
            ]
            require(unwanted(subject, "row-level security", policies))

    def has_policy(
        self,
        name: str,
        *,
        command: Command | Unspecified = UNSPECIFIED,
        roles: str | cabc.Iterable[str] | Unspecified = UNSPECIFIED,
        permissive: bool | Unspecified = UNSPECIFIED,
        using: str | Some | Unspecified | None = UNSPECIFIED,
        check: str | Some | Unspecified | None = UNSPECIFIED,
    ) -> Policy:
        """Assert that a policy of this name exists, and compare its properties.

        Parameters
        ----------
        name : str
            The policy's name.
        command : {"all", "select", "insert", "update", "delete"}
            What it is for.
        roles : str or iterable of str
            Whom it is for, all of them; ``public`` is everybody.
        permissive : bool
            Whether it grants access, or restricts what others grant.
        using, check : str
            The conditions on rows that exist, and on rows that are written, in SQL.
        """
        return self._has_named(POLICY, locals())

    def has_no_policy(self, name: str) -> None:
        """Assert that the table exists, and has no policy of this name."""
        self._has_none_named(POLICY, name)

    def has_exactly_policies(self, names: cabc.Iterable[str]) -> None:
        """Assert that the policies have these names, and no others."""
        self._has_exactly(POLICY, arguments.several_names(names))

    # Partitions and inheritance.

    def is_partitioned(self, *, by: str | Unspecified = UNSPECIFIED) -> None:
        """Assert that the table is partitioned.

        Parameters
        ----------
        by : str
            The partition key as PostgreSQL writes it: ``RANGE (occurred_at)``.
        """
        self._require({"kind": str(TableKind.PARTITIONED), "by": by})

    def is_not_partitioned(self) -> None:
        """Assert that the table exists, and is not partitioned."""
        _, table = self._look()
        if table.kind is TableKind.PARTITIONED:
            found = f"partition by {table.partition_key}"
            require(related(table, "is partitioned", found))

    def is_partition_of(
        self, parent: str, *, bound: str | Unspecified = UNSPECIFIED
    ) -> None:
        """Assert that the table is a partition of this one.

        Parameters
        ----------
        parent : str
            The partitioned table.
        bound : str
            Its rows, as PostgreSQL writes it: ``FOR VALUES IN ('a')``, ``DEFAULT``.
        """
        _, other = self._look_at(parent, "parent")
        self._require({"partition of": other.qualified_name, "bound": bound})

    def is_no_partition(self) -> None:
        """Assert that the table exists, and is not a partition."""
        _, table = self._look()
        if table.partition_of:
            found = f"of {table.partition_of}"
            require(related(table, "is a partition", found))

    def has_exactly_partitions(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the partitions, in any order, and no others.

        Parameters
        ----------
        names : iterable of str
            Tables, with their schema unless that is ``public``.
        """
        snapshot, table = self._look()
        expected = arguments.several_places(names)
        is_partitioned = table.kind is TableKind.PARTITIONED
        partitions = children(snapshot, table) if is_partitioned else []
        found = [(part.qualified_name, part.source) for part in partitions]
        require(exactly(f"table {self._place}", "partitions", expected, found))

    def is_ancestor_of(
        self, other: str, *, depth: int | Unspecified = UNSPECIFIED
    ) -> None:
        """Assert that another table inherits from this one, or is its partition.

        Parameters
        ----------
        other : str
            The table that inherits.
        depth : int
            How many steps there are between the two; 1 is a direct child.
        """
        steps, (subject, child) = _depth(depth), self._look_at(other, "other")
        failure = not_inherited(subject.snapshot, subject.owner, child, steps)
        require(failure)

    def is_not_ancestor_of(self, other: str) -> None:
        """Assert that both tables exist, and the other does not inherit."""
        subject, child = self._look_at(other, "other")
        require(inherited(subject.snapshot, subject.owner, child))

    def is_descendant_of(
        self, other: str, *, depth: int | Unspecified = UNSPECIFIED
    ) -> None:
        """Assert that this table inherits from another, or is its partition.

        Parameters
        ----------
        other : str
            The table that it inherits from.
        depth : int
            How many steps there are between the two; 1 is a direct child.
        """
        steps, (subject, parent) = _depth(depth), self._look_at(other, "other")
        failure = not_inherited(subject.snapshot, parent, subject.owner, steps)
        require(failure)

    def is_not_descendant_of(self, other: str) -> None:
        """Assert that both tables exist, and this one does not inherit."""
        subject, parent = self._look_at(other, "other")
        require(inherited(subject.snapshot, parent, subject.owner))

    def has_children(self) -> None:
        """Assert that a table inherits from this one, or is its partition."""
        snapshot, table = self._look()
        if not children(snapshot, table):
            found = "no table inherits from it"
            require(related(table, "has no child", found))

    def has_no_children(self) -> None:
        """Assert that the table exists, and nothing inherits from it."""
        snapshot, table = self._look()
        if names := [child.qualified_name for child in children(snapshot, table)]:
            require(related(table, "has children", names))

    def _look_at(self, name: str, what: str) -> tuple[Subject, Table]:
        """Return this table and another one, or fail the test."""
        place, subject = arguments.place(name, what), self._subject()
        table: Table = expect(ObjectKind.TABLE.search(subject.snapshot, place))
        return subject, table

    def _require(self, given: cabc.Mapping[str, object]) -> None:
        facts, subject = facts_of(TABLE, given), self._subject()
        title, details = f"table {subject.place}", origins(subject.owner)
        require(as_expected(title, facts, subject, details=details))


def _depth(depth: int | Unspecified) -> int | None:
    return None if depth is UNSPECIFIED else arguments.whole_number(depth, "depth")
