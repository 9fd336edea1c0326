"""Assertions about indexes."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    SOME,
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Fact,
    Facts,
    expression_fact,
    flag_fact,
    name_fact,
    names_fact,
)
from pytest_userstate.application.asserting.failure import Failure, detail
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import (
    dropped_parts,
    kind_of,
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
from pytest_userstate.application.asserting.objects.column_lists import ColumnNames
from pytest_userstate.application.asserting.objects.columns import (
    R,
    unknown_columns,
    varchars,
)
from pytest_userstate.application.explaining.describing import index_in_words
from pytest_userstate.application.sql.expressions import same_expression
from pytest_userstate.domain.constraints import Index, KeyConstraint
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table, View

_PLAIN: typ.Final = re.compile(r'[\w$ ]+|"(?:[^"]|"")+"')


class IndexAssertions(ObjectAssertions[R]):
    """Assertions about the indexes of a table."""

    def has_index(
        self,
        columns: ColumnNames | Some,
        *,
        name: str | Unspecified = UNSPECIFIED,
        method: str | Unspecified = UNSPECIFIED,
        unique: bool | Unspecified = UNSPECIFIED,
        where: str | Some | Unspecified | None = UNSPECIFIED,
        included: ColumnNames | Unspecified = UNSPECIFIED,
        nulls_distinct: bool | Unspecified = UNSPECIFIED,
        valid: bool | Unspecified = UNSPECIFIED,
        primary: bool | Unspecified = UNSPECIFIED,
        clustered: bool | Unspecified = UNSPECIFIED,
    ) -> Index:
        """Assert that there is an index on these columns, in this order.

        Parameters
        ----------
        columns : str, iterable of str, or SOME
            The columns, or SQL expressions in their place: ``lower(email)``;
            `SOME` for any, such as an index known by its name.
        name : str
            The index's name.
        method : str
            The access method: ``btree``, ``gin``, ….
        unique : bool
            Whether it is unique.
        where : str
            The condition of a partial index, in SQL; `None` for an index of all
            rows, `SOME` for any partial one.
        included : str or iterable of str
            The columns that are only stored (``INCLUDE``), in any order.
        nulls_distinct : bool
            Whether nulls count as different from each other.
        valid : bool
            Whether queries may use it.
        primary : bool
            Whether it is that of the primary key.
        clustered : bool
            Whether ``CLUSTER`` last used it.
        """
        __tracebackhide__ = True
        snapshot, relation = self._look()
        key, wanted = _primary_key(relation), _given(columns)
        facts: Facts[Index] = (
            *_columns_fact(relation, wanted),
            *name_fact("name", name, lambda index: index.name),
            *name_fact("method", method, lambda index: index.method),
            *_unique_fact(unique, valid),
            *expression_fact(
                "where",
                where,
                lambda index: index.predicate,
                varchars=varchars(relation),
            ),
            *names_fact(
                "included", included, lambda index: index.included, ordered=False
            ),
            *flag_fact(
                "nulls_distinct", nulls_distinct, lambda index: index.nulls_distinct
            ),
            *flag_fact("valid", valid, lambda index: index.is_valid),
            *flag_fact(
                "primary",
                primary,
                lambda index: key is not None and index.constraint == key.name,
            ),
            *flag_fact("clustered", clustered, lambda index: index.is_clustered),
        )
        require(_unknown(snapshot, relation, wanted))
        found = one_of(
            relation.indexes,
            facts,
            headline=f"{kind_of(relation)} {relation.qualified_name} has no such index",
            describe=index_in_words,
            details=(
                *introduced_with(relation),
                *dropped_parts(snapshot, relation, "index", name),
            ),
        )
        return expect(found)

    def has_no_index(self, columns: ColumnNames) -> None:
        """Assert that no index is on exactly these columns, in this order."""
        __tracebackhide__ = True
        snapshot, relation = self._look()
        wanted = _given(columns)
        (fact,) = _columns_fact(relation, wanted)
        require(_unknown(snapshot, relation, wanted))
        found = [
            with_source(index_in_words(index), index.source)
            for index in relation.indexes
            if fact.holds(index)
        ]
        if found:
            require(unwanted(relation, f"an index on {fact.expected}", found))

    def has_no_index_named(self, name: str) -> None:
        """Assert that no index of the table has this name."""
        __tracebackhide__ = True
        _, relation = self._look()
        wanted = arguments.identifier(name)
        found = [
            with_source(index_in_words(each), each.source)
            for each in relation.indexes
            if each.name == wanted
        ]
        if found:
            require(unwanted(relation, f"an index {wanted!r}", found))

    def has_exactly_indexes(self, names: cabc.Iterable[str]) -> None:
        """Assert that the indexes have these names: all, and no other.

        An index that backs a constraint counts only where it is named.
        """
        __tracebackhide__ = True
        _, relation = self._look()
        wanted = arguments.identifiers(names, "names", single=False, empty=True)
        found = {
            index.name: index.source or relation.source
            for index in relation.indexes
            if index.constraint is None or index.name in wanted
        }
        subject = f"{kind_of(relation)} {relation.qualified_name}"
        require(exactly(subject, "indexes", wanted, found.items()))


def _unique_fact(
    expected: bool | Unspecified,  # noqa: FBT001 - passed on as it was given
    valid: bool | Unspecified,  # noqa: FBT001 - likewise
) -> Facts[Index]:
    """Return the fact that an index keeps values unique, which an invalid one fails to.

    A test that asks for an invalid index means what it was created as.
    """
    if expected is UNSPECIFIED:
        return ()
    wanted = arguments.flag(expected, "unique")
    words = {False: "no", True: "yes"}

    def found(index: Index) -> str:
        is_void = index.is_unique and not index.is_valid
        return words[index.is_unique] + ", but the index is not valid" * is_void

    return (
        Fact(
            "unique",
            words[wanted],
            lambda index: (
                index.is_unique is wanted
                and (index.is_valid or not wanted or valid is False)
            ),
            found,
        ),
    )


def _primary_key(relation: Table | View) -> KeyConstraint | None:
    return relation.primary_key if isinstance(relation, Table) else None


def _given(columns: ColumnNames | Some) -> tuple[str, ...]:
    """Return the columns and expressions that a caller named; none for `SOME`."""
    if columns is SOME:
        return ()
    wanted = arguments.one_or_several(columns)
    if not wanted:
        message = "columns: name at least one column or expression"
        raise ValueError(message)
    return wanted


def _columns_fact(relation: Table | View, wanted: tuple[str, ...]) -> Facts[Index]:
    if not wanted:
        return ()
    names = frozenset(column.name for column in relation.columns)
    strings = varchars(relation)

    def same(expected: str, found: str) -> bool:
        if found in names:
            return _is_plain(expected) and arguments.identifier(expected) == found
        return same_expression(expected, found, varchars=strings)

    return (
        Fact(
            "columns",
            ", ".join(wanted),
            lambda index: (
                len(index.columns) == len(wanted)
                and all(map(same, wanted, index.columns))
            ),
            lambda index: ", ".join(index.columns),
            lambda index: (
                "only the order of the columns differs"
                if sorted(index.columns) == sorted(wanted)
                else ""
            ),
        ),
    )


def _is_plain(text: str) -> bool:
    """Whether it is the name of a column, and no expression."""
    return _PLAIN.fullmatch(text) is not None


def _unknown(
    snapshot: SchemaSnapshot, relation: Table | View, wanted: tuple[str, ...]
) -> Failure | None:
    """Return the failure that a column is not there, with a hint where it helps."""
    plain = [arguments.identifier(each) for each in wanted if _is_plain(each)]
    failure = unknown_columns(snapshot, relation, plain)
    named = [index.name for index in relation.indexes if index.name in plain]
    if failure is None or not named:
        return failure
    hint = f"to mean the index of this name, write has_index(SOME, name={named[0]!r})"
    return Failure(
        headline=failure.headline,
        details=(*failure.details, *detail("hint", hint)),
    )
