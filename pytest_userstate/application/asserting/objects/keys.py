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
    Facts,
    flag_fact,
    names_fact,
    text_fact,
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
from pytest_userstate.application.explaining.describing import (
    index_in_words,
    key_in_words,
)
from pytest_userstate.domain.constraints import KeyConstraint
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

        A primary key or a unique index of all rows on the same columns does, too.
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
        found = {
            ", ".join(key.columns): key.source or table.source
            for key in table.unique_constraints
        }
        subject = f"table {table.qualified_name}"
        require(exactly(subject, "unique constraints", wanted, found))


def _key_facts(
    *,
    name: str | Unspecified,
    included: ColumnNames | Unspecified,
    deferrable: bool | Unspecified,
    initially_deferred: bool | Unspecified,
    temporal: bool | Unspecified,
) -> Facts[KeyConstraint]:
    return (
        *text_fact("name", name, lambda key: key.name),
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
        and index.constraint is None
        and index.predicate is None
        and set(index.columns) == wanted
    ]
    return found
