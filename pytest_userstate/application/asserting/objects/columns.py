"""Assertions about the columns of tables and views."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Place,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Facts,
    choice_fact,
    collation_fact,
    expression_fact,
    flag_fact,
    text_fact,
    type_fact,
)
from pytest_userstate.application.asserting.failure import Failure, detail
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import drops, kind_of
from pytest_userstate.application.asserting.matching import (
    as_expected,
    exactly,
    expect,
    introduced,
    origins,
    require,
    with_source,
)
from pytest_userstate.application.explaining.describing import column_in_words
from pytest_userstate.application.explaining.nearest import nearest
from pytest_userstate.application.sql.data_types import found_type
from pytest_userstate.domain.columns import Column, Generated, Identity
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table, View

R = typ.TypeVar("R", bound=Table | View)
GeneratedKind: typ.TypeAlias = typ.Literal["stored", "virtual"]
IdentityKind: typ.TypeAlias = typ.Literal["always", "by default"]


class ColumnAssertions(ObjectAssertions[R]):
    """Assertions about the columns of a table or view."""

    def has_column(
        self,
        name: str,
        *,
        data_type: str | Unspecified = UNSPECIFIED,
        nullable: bool | Unspecified = UNSPECIFIED,
        default: str | Some | Unspecified | None = UNSPECIFIED,
        generated: Generated | GeneratedKind | Some | Unspecified | None = UNSPECIFIED,
        expression: str | Unspecified = UNSPECIFIED,
        identity: Identity | IdentityKind | Some | Unspecified | None = UNSPECIFIED,
        primary_key: bool | Unspecified = UNSPECIFIED,
        collation: str | Some | Unspecified | None = UNSPECIFIED,
        comment: str | Some | Unspecified | None = UNSPECIFIED,
    ) -> Column:
        """Assert that there is a column of this name, and what it is like.

        Keywords that are left out are not looked at. `None` says that there is
        none, `SOME` that there is one, whichever.

        Parameters
        ----------
        name : str
            The column's name as the catalog has it; case counts.
        data_type : str
            The type, in any spelling that PostgreSQL takes.
        nullable : bool
            Whether the column can be null; domains that exclude it count.
        default, expression : str
            SQL: the default's expression, and that of a generated column.
        generated : {"stored", "virtual"}
            How a generated column is kept.
        identity : {"always", "by default"}
            How an identity column takes explicit values.
        primary_key : bool
            Whether the column is part of the primary key.
        collation : str
            The collation, where it is not the type's own.
        comment : str
            The comment on the column.

        Returns
        -------
        Column
            The column as it was found.
        """
        __tracebackhide__ = True
        wanted = arguments.identifier(name)
        snapshot, relation = self._look()
        strings = varchars(relation)
        facts: Facts[Column] = (
            *type_fact(data_type, lambda column: column.data_type),
            *flag_fact("nullable", nullable, lambda column: column.is_nullable),
            *expression_fact("default", default, lambda column: column.default),
            *choice_fact(
                "generated",
                generated,
                lambda column: column.generated,
                Generated,
                optional=True,
            ),
            *expression_fact(
                "expression",
                expression,
                lambda column: column.expression,
                varchars=strings,
                optional=False,
            ),
            *choice_fact(
                "identity",
                identity,
                lambda column: column.identity,
                Identity,
                optional=True,
            ),
            *flag_fact(
                "primary_key", primary_key, lambda column: column.is_primary_key
            ),
            *collation_fact(collation, lambda column: column.collation),
            *text_fact(
                "comment", comment, lambda column: column.comment, optional=True
            ),
        )
        column = expect(find_column(snapshot, relation, wanted))
        subject = f"column {relation.qualified_name}.{wanted}"
        details = origins(column) or introduced(relation.source)
        require(as_expected(subject, column, facts, details=details))
        return column

    def has_no_column(self, name: str) -> None:
        """Assert that the table or view is there, and has no column of this name."""
        __tracebackhide__ = True
        unwanted = arguments.identifier(name)
        _, relation = self._look()
        require(_unwanted(relation, column_of(relation, unwanted)))

    def has_exactly_columns(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the columns, in any order: all, and no other."""
        __tracebackhide__ = True
        wanted = arguments.identifiers(names, "names", single=False, empty=True)
        snapshot, relation = self._look()
        found = {
            column.name: column.source or relation.source for column in relation.columns
        }
        place = Place(relation.schema, relation.name)
        gone = [
            text
            for name in wanted
            if name not in found
            for text in drops(snapshot, place, name)
        ]
        subject = f"{kind_of(relation)} {place}"
        require(exactly(subject, "columns", wanted, found.items(), dropped=gone))


def column_of(relation: Table | View, name: str) -> Column | None:
    """Return the column of exactly this name, or None."""
    return next((each for each in relation.columns if each.name == name), None)


def find_column(
    snapshot: SchemaSnapshot, relation: Table | View, name: str
) -> Column | Failure:
    """Return the column, or what there is instead."""
    columns = {column.name: column for column in relation.columns}
    if name in columns:
        return columns[name]
    alike = [
        with_source(column_in_words(columns[each]), columns[each].source)
        for each in nearest(name, columns)
    ]
    place = Place(relation.schema, relation.name)
    return Failure(
        headline=f"{kind_of(relation)} {place} has no column {name!r}",
        details=(
            *detail("found", ", ".join(list(columns)[:8]) or "no columns at all"),
            *detail("nearest", alike),
            *detail("dropped", drops(snapshot, place, name)),
        ),
    )


def unknown_columns(
    snapshot: SchemaSnapshot, relation: Table | View, names: cabc.Iterable[str]
) -> Failure | None:
    """Return the failure that one of the columns is not there, or None."""
    for name in names:
        found = find_column(snapshot, relation, name)
        if isinstance(found, Failure):
            return found
    return None


def varchars(relation: Table | View) -> frozenset[str]:
    """Return the columns that PostgreSQL casts to ``text`` to compare them."""
    return frozenset(
        column.name
        for column in relation.columns
        if found_type(column.data_type).name == "character varying"
    )


def _unwanted(relation: Table | View, column: Column | None) -> Failure | None:
    if column is None:
        return None
    return Failure(
        headline=(
            f"{kind_of(relation)} {relation.qualified_name} has a column "
            f"{column.name!r}, and should have none"
        ),
        details=(
            *detail("found", column_in_words(column)),
            *(origins(column) or introduced(relation.source)),
        ),
    )
