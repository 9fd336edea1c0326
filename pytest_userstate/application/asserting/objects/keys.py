"""Assertions about primary keys and unique constraints."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Fact,
    Facts,
    flag_fact,
    name_fact,
    names_fact,
)
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import (
    dropped_parts,
    unwanted,
)
from pytest_userstate.application.asserting.matching import (
    exactly,
    expect,
    introduced_with,
    one_of,
    require,
    with_source,
)
from pytest_userstate.application.asserting.objects.column_lists import (
    ColumnNames,
    columns_fact,
    columns_given,
    several_lists,
)
from pytest_userstate.application.asserting.objects.columns import unknown_columns
from pytest_userstate.application.asserting.objects.exclusions import (
    excluded_columns,
)
from pytest_userstate.application.explaining.describing import (
    check_in_words,
    index_in_words,
    key_in_words,
)
from pytest_userstate.application.sql.expressions import same_expression
from pytest_userstate.domain.constraints import Index, KeyConstraint
from pytest_userstate.domain.converters import in_quotes
from pytest_userstate.domain.snapshot import Table

T = typ.TypeVar("T")


class KeyAssertions(ObjectAssertions[Table]):
    """Assertions about the primary key and the unique constraints of a table."""

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
        __tracebackhide__ = True
        snapshot, table = self._look()
        wanted = columns_given(columns)
        facts: Facts[KeyConstraint] = (
            *columns_fact(wanted, lambda key: key.columns),
            *_valid_facts(table),
            *_key_facts(
                name=name,
                included=included,
                deferrable=deferrable,
                initially_deferred=initially_deferred,
                temporal=temporal,
            ),
        )
        require(unknown_columns(snapshot, table, wanted))
        keys = [table.primary_key] if table.primary_key else []
        found = one_of(
            keys,
            facts,
            headline=f"table {table.qualified_name} has no such primary key",
            describe=key_in_words,
            details=(
                *introduced_with(table),
                *dropped_parts(snapshot, table, "constraint", name),
            ),
        )
        return expect(found)

    def has_no_primary_key(self) -> None:
        """Assert that the table is there, and has no primary key."""
        __tracebackhide__ = True
        _, table = self._look()
        if table.primary_key:
            key = table.primary_key
            found = with_source(key_in_words(key), key.source)
            require(unwanted(table, "a primary key", found))

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
        """Assert that there is a unique constraint on these columns, in this order.

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
        __tracebackhide__ = True
        snapshot, table = self._look()
        wanted = columns_given(columns)
        facts: Facts[KeyConstraint] = (
            *columns_fact(wanted, lambda key: key.columns),
            *_valid_facts(table),
            *_key_facts(
                name=name,
                included=included,
                deferrable=deferrable,
                initially_deferred=initially_deferred,
                temporal=temporal,
            ),
            *flag_fact(
                "nulls_distinct", nulls_distinct, lambda key: key.nulls_distinct
            ),
        )
        require(unknown_columns(snapshot, table, wanted))
        found = one_of(
            table.unique_constraints,
            facts,
            headline=f"table {table.qualified_name} has no such unique constraint",
            describe=key_in_words,
            details=(
                *introduced_with(table),
                *dropped_parts(snapshot, table, "constraint", name),
            ),
            hints=_otherwise_unique(table, wanted),
        )
        return expect(found)

    def has_no_unique_constraint(self, columns: ColumnNames) -> None:
        """Assert that nothing makes these columns unique, taken together.

        A primary key, a unique index of all rows, and an exclusion constraint that
        no two equal rows can pass do so, too.
        """
        __tracebackhide__ = True
        snapshot, table = self._look()
        wanted = arguments.identifiers(columns)
        require(unknown_columns(snapshot, table, wanted))
        found = [
            with_source(key_in_words(key), key.source)
            for key in table.unique_constraints
            if set(key.columns) == set(wanted)
        ]
        found += _otherwise_unique(table, wanted)
        if found:
            what = f"something that makes {', '.join(wanted)} unique"
            require(unwanted(table, what, found))

    def has_exactly_unique_constraints(
        self, columns: cabc.Iterable[ColumnNames]
    ) -> None:
        """Assert that the unique constraints are on these columns, and no other is.

        Parameters
        ----------
        columns : iterable of str or of iterable of str
            The columns of each: ``["email", ["tenant", "number"]]``.
        """
        __tracebackhide__ = True
        _, table = self._look()
        wanted = several_lists(columns)
        found = [
            (key.columns, key.source or table.source)
            for key in table.unique_constraints
        ]
        subject = f"table {table.qualified_name}"
        require(exactly(subject, "unique constraints", wanted, found))


def _valid_facts(table: Table) -> Facts[KeyConstraint]:
    """Return the fact that a key holds: on a partitioned table, for each partition."""
    void = {index.constraint for index in table.indexes if not index.is_valid}
    if not void:
        return ()
    return (
        Fact(
            "valid",
            "yes",
            lambda key: key.name not in void,
            lambda key: (
                "no: its index is not valid, as some partition lacks it"
                if key.name in void
                else "yes"
            ),
        ),
    )


def _key_facts(
    *,
    name: str | Unspecified,
    included: ColumnNames | Unspecified,
    deferrable: bool | Unspecified,
    initially_deferred: bool | Unspecified,
    temporal: bool | Unspecified,
) -> Facts[KeyConstraint]:
    return (
        *name_fact("name", name, lambda key: key.name),
        *names_fact("included", included, lambda key: key.included, ordered=False),
        *flag_fact("deferrable", deferrable, lambda key: key.is_deferrable),
        *flag_fact(
            "initially_deferred",
            initially_deferred,
            lambda key: key.is_initially_deferred,
        ),
        *flag_fact("temporal", temporal, lambda key: key.is_temporal),
    )


def _otherwise_unique(table: Table, columns: tuple[str, ...]) -> list[str]:
    """Return what makes these columns unique without a unique constraint."""
    wanted, key = set(columns), table.primary_key
    found = []
    if key and set(key.columns) == wanted:
        found.append(f"the primary key {key_in_words(key)}")
    found += [
        f"the index: {index_in_words(index)}"
        for index in table.indexes
        if index.is_unique
        and index.is_valid
        and index.constraint is None
        and _is_of_all_rows(index)
        and set(index.columns) == wanted
    ]
    found += [
        f"the exclusion constraint {check_in_words(constraint)}"
        for constraint in table.exclusion_constraints
        if excluded_columns(constraint.definition) == wanted
    ]
    return found


def _is_of_all_rows(index: Index) -> bool:
    """Whether no two rows escape a unique index; two nulls differ in any case."""
    if index.predicate is None:
        return True
    names = [in_quotes(name) for name in index.columns]
    conditions = [f"{name} IS NOT NULL" for name in names]
    return index.nulls_distinct and any(
        same_expression(condition, index.predicate)
        for condition in (*conditions, " AND ".join(conditions))
    )
