"""The schema as the program declares it, held against the schema as it stands.

A declaration never changes a decision: one that agrees is told beside the
evidence, and one that does not is a warning.
"""

from __future__ import annotations

import collections.abc as cabc
import re

import attrs

from pytest_userstate.domain.converters import dotted
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.facts import listed
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Source, Table

_MODIFIER = re.compile(r"\([^)]*\)")


def _names(values: cabc.Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class DeclaredColumn:
    """A column as the program declares it.

    Parameters
    ----------
    name : str
        Its name in the database.
    declared_as : str
        Its type in the program's own words, such as ``Nullable<Text>``.
    data_types : iterable of str
        The types of PostgreSQL that fit, without modifiers; empty where any may.
    is_nullable : bool
        Whether the program expects nulls.
    source : Source
        Where it is declared.
    """

    name: str
    declared_as: str
    data_types: tuple[str, ...] = attrs.field(default=(), converter=_names)
    is_nullable: bool
    source: Source


def _columns(values: cabc.Iterable[DeclaredColumn]) -> tuple[DeclaredColumn, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class DeclaredTable:
    """A table as the program declares it; it need not declare every column.

    Parameters
    ----------
    name : str
        Its name in the database.
    schema : str
        Its schema.
    columns : iterable of DeclaredColumn
        The columns that it declares.
    source : Source
        Where it is declared.
    """

    name: str
    schema: str = "public"
    columns: tuple[DeclaredColumn, ...] = attrs.field(default=(), converter=_columns)
    source: Source

    @property
    def qualified_name(self) -> str:
        """The name with its schema."""
        return dotted(self.schema, self.name)


def agreements(
    table: Table, declared: cabc.Iterable[DeclaredTable]
) -> cabc.Iterator[Evidence]:
    """Yield the declarations that say of a table what the snapshot says."""
    for each in declared:
        same = each.qualified_name == table.qualified_name
        if same and not [*_faults(each, table)]:
            yield Evidence(
                kind=EvidenceKind.DECLARED,
                subject=table.qualified_name,
                detail="the program expects the columns that are there",
                source=each.source,
            )


def contradictions(
    declared: cabc.Iterable[DeclaredTable], snapshot: SchemaSnapshot, model: AuditModel
) -> cabc.Iterator[str]:
    """Yield what the program expects of user state, and the schema does not hold.

    Only tables that a storage model of the audit names are looked at.
    """
    ours = {
        name.rpartition(".")[2]
        for entity in model.entities
        for storage in entity.models
        for name in storage.tables
    }
    tables = {table.qualified_name: table for table in snapshot.tables}
    for each in declared:
        if each.name in ours:
            table = tables.get(each.qualified_name)
            if table is None:
                yield (
                    f"{each.source} declares the table {each.qualified_name}, which "
                    "the schema does not have"
                )
                continue
            yield from _faults(each, table)


def _faults(declared: DeclaredTable, table: Table) -> cabc.Iterator[str]:
    for each in declared.columns:
        column = table.column(each.name)
        name = f"{table.qualified_name}.{each.name}"
        if column is None:
            yield (
                f"{each.source} declares the column {name}, which the schema does not "
                "have"
            )
            continue
        where = f" ({column.source})" if column.source else ""
        if each.is_nullable is not column.is_nullable:
            found = "can be null" if column.is_nullable else "can never be null"
            yield (
                f"{each.source} declares {name} as {each.declared_as}, but in the "
                f"schema it {found}{where}"
            )
        if not _fits(each, column):
            yield (
                f"{each.source} declares {name} as {each.declared_as}, which is "
                f"{listed(each.data_types, 'or')}, but in the schema it is "
                f"{column.data_type}{where}"
            )


def _fits(declared: DeclaredColumn, column: Column) -> bool:
    if not declared.data_types or column.is_domain:
        return True
    plain = " ".join(_MODIFIER.sub(" ", column.data_type).split()).replace(" []", "[]")
    return plain in declared.data_types
