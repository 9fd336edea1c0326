"""A schema: values only, in canonical order.

Two snapshots of the same schema are equal and serialize to the same bytes,
whatever the order in which their objects were created or passed. Where a fact
came from (`source`) and what is gone (`dropped`) is carried along, but takes
no part in equality.
"""

from __future__ import annotations

import collections.abc as cabc
import functools

import attrs

from pytest_userstate.domain.access import Access, DefaultPrivileges, by_scope
from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Generated,
    Identity,
    Index,
    KeyConstraint,
    Policy,
    Rule,
    Source,
    Trigger,
)
from pytest_userstate.domain.converters import (
    abridged,
    by_name,
    by_place,
    dotted,
    identifier,
    refuse_duplicates,
    sorted_strings,
    strings,
)
from pytest_userstate.domain.ports import Deparser
from pytest_userstate.domain.relations import (
    CompositeType,
    Domain,
    Enum,
    Function,
    RangeType,
    Sequence,
    Table,
    TableKind,
    View,
    ViewKind,
    by_signature,
)

__all__ = [
    "CheckConstraint",
    "Column",
    "CompositeType",
    "DefaultPrivileges",
    "Domain",
    "DroppedObject",
    "Enum",
    "ExclusionConstraint",
    "Extension",
    "ForeignKey",
    "Function",
    "Generated",
    "Identity",
    "Index",
    "KeyConstraint",
    "Policy",
    "RangeType",
    "Rule",
    "SchemaSnapshot",
    "Sequence",
    "Source",
    "Table",
    "TableKind",
    "Trigger",
    "View",
    "ViewKind",
]


@attrs.frozen(kw_only=True)
class Extension:
    """An installed extension; `is_stub` marks one declared without its code."""

    name: str
    version: str
    schema: str = "public"
    is_stub: bool = False


@attrs.frozen(kw_only=True, order=True)
class DroppedObject:
    """What a migration dropped, and which migration it was.

    Parameters
    ----------
    schema, table : str
        The table or view that was dropped, or that lost a part.
    column, constraint, index : str
        The part that is gone, at most one of the three; none for the whole table.
    source : Source
        The migration that dropped it, or gave it another name.
    introduced_by : Source or None
        The migration that made it.
    renamed_to : tuple of str
        The schema, table, and part that it is now, if it was renamed.
    """

    schema: str
    table: str
    column: str = ""
    constraint: str = ""
    index: str = ""
    source: Source
    introduced_by: Source | None = None
    renamed_to: tuple[str, ...] = ()

    @property
    def fate(self) -> str:
        """What became of it, in words: ``dropped``, or ``renamed to public.a.b``."""
        return (
            f"renamed to {dotted(*self.renamed_to)}" if self.renamed_to else "dropped"
        )

    @property
    def ending(self) -> str:
        """The same with who did it: ``by 3.sql:1``, ``renamed to public.a.b by …``."""
        return (
            f"{self.fate} by {self.source}" if self.renamed_to else f"by {self.source}"
        )

    @property
    def kind(self) -> str:
        """What is gone: ``column``, ``constraint``, ``index``, "" for the table."""
        kinds = ("column", "constraint", "index")
        return next((kind for kind in kinds if getattr(self, kind)), "")

    @property
    def part(self) -> str:
        """The name of the column, constraint or index; "" for the whole table."""
        return self.column or self.constraint or self.index

    @property
    def qualified_name(self) -> str:
        """What was dropped, with its schema: ``public.users.nick``."""
        return dotted(*filter(None, (self.schema, self.table, self.part)))


def _tables(values: cabc.Iterable[Table]) -> tuple[Table, ...]:
    return by_place(values)


def _views(values: cabc.Iterable[View]) -> tuple[View, ...]:
    return by_place(values)


def _enums(values: cabc.Iterable[Enum]) -> tuple[Enum, ...]:
    return by_place(values)


def _domains(values: cabc.Iterable[Domain]) -> tuple[Domain, ...]:
    return by_place(values)


def _composite_types(
    values: cabc.Iterable[CompositeType],
) -> tuple[CompositeType, ...]:
    return by_place(values)


def _range_types(values: cabc.Iterable[RangeType]) -> tuple[RangeType, ...]:
    return by_place(values)


def _sequences(values: cabc.Iterable[Sequence]) -> tuple[Sequence, ...]:
    return by_place(values)


def _extensions(values: cabc.Iterable[Extension]) -> tuple[Extension, ...]:
    return by_name(values)


def _dropped(values: cabc.Iterable[DroppedObject]) -> tuple[DroppedObject, ...]:
    return tuple(sorted(values))


@attrs.frozen
class SchemaSnapshot:
    """Everything the audit knows about a database's schema.

    Parameters
    ----------
    tables, views, enums, domains, sequences, extensions, schemas : iterable
        Any order; stored sorted, as tuples.
    composite_types, range_types, functions, default_privileges : iterable
        As above. Functions are those that triggers, policies, defaults,
        constraints, indexes and views call.
    dropped : iterable of DroppedObject
        What migrations created and later dropped; takes no part in equality.
    migrations : iterable of str
        The files of the migrations, in the order in which they were applied; takes no
        part in equality.
    access : Access or None
        Owners and privileges, if they were read; takes no part in equality.
    has_protection : bool
        False if rules, functions, owners, grants, replica identities, composite and
        range types, options of views and what triggers fire on are unknown, as in a
        file that version 0.1 wrote.
    search_path : iterable of str
        The schemas in which a session looks up a name without a schema; takes no part
        in equality.
    deparser : Deparser or None
        What can write SQL as the database would, if it can be asked; takes no part in
        equality.

    Raises
    ------
    InvalidSnapshotError
        When one schema has two relations of the same name.

    Examples
    --------
    >>> snapshot = SchemaSnapshot(
    ...     tables=[Table("users", [Column("id", "uuid", is_primary_key=True)])]
    ... )
    >>> snapshot.table("users").columns[0].name
    'id'
    >>> snapshot.table("users", schema="auth") is None
    True
    """

    tables: tuple[Table, ...] = attrs.field(
        default=(), converter=_tables, repr=abridged
    )
    views: tuple[View, ...] = attrs.field(
        default=(), kw_only=True, converter=_views, repr=abridged
    )
    enums: tuple[Enum, ...] = attrs.field(default=(), kw_only=True, converter=_enums)
    domains: tuple[Domain, ...] = attrs.field(
        default=(), kw_only=True, converter=_domains
    )
    composite_types: tuple[CompositeType, ...] = attrs.field(
        default=(), kw_only=True, converter=_composite_types
    )
    range_types: tuple[RangeType, ...] = attrs.field(
        default=(), kw_only=True, converter=_range_types
    )
    functions: tuple[Function, ...] = attrs.field(
        default=(), kw_only=True, converter=by_signature
    )
    default_privileges: tuple[DefaultPrivileges, ...] = attrs.field(
        default=(), kw_only=True, converter=by_scope
    )
    sequences: tuple[Sequence, ...] = attrs.field(
        default=(), kw_only=True, converter=_sequences
    )
    extensions: tuple[Extension, ...] = attrs.field(
        default=(), kw_only=True, converter=_extensions
    )
    schemas: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=sorted_strings
    )
    dropped: tuple[DroppedObject, ...] = attrs.field(
        default=(), kw_only=True, eq=False, converter=_dropped
    )
    migrations: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, eq=False, converter=strings, repr=False
    )
    access: Access | None = attrs.field(
        default=None, kw_only=True, eq=False, repr=False
    )

    has_protection: bool = attrs.field(default=True, kw_only=True, eq=False)
    search_path: tuple[str, ...] = attrs.field(
        default=("public",), kw_only=True, eq=False, converter=strings, repr=False
    )
    deparser: Deparser | None = attrs.field(
        default=None, kw_only=True, eq=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        """Refuse two relations of one name in one schema."""
        refuse_duplicates(
            [
                *((table.schema, table.name) for table in self.tables),
                *((view.schema, view.name) for view in self.views),
            ],
            "the snapshot has two relations named",
        )

    def table(self, name: str, *, schema: str = "public") -> Table | None:
        """Return the table of exactly this name, or None."""
        return self._tables_by_place.get((schema, name))

    @functools.cached_property
    def _tables_by_place(self) -> dict[tuple[str, str], Table]:
        return {(table.schema, table.name): table for table in self.tables}

    def domains_of(self, column: Column) -> list[Domain]:
        """Return the domains that a column's type is based on, outermost first."""
        domains: list[Domain] = []
        name = column.data_type if column.is_domain else ""
        while domain := self._domains_by_name.get(name):
            domains.append(domain)
            name = domain.data_type
        return domains

    def base_type(self, column: Column) -> str:
        """Return the column's type, or the type behind its domains."""
        domains = self.domains_of(column)
        return domains[-1].data_type if domains else column.data_type

    def is_enum(self, data_type: str) -> bool:
        """Whether a type, as a column has it, is an enumerated type."""
        return data_type in self._labels

    def labels(self, data_type: str) -> tuple[str, ...] | None:
        """Return the labels of an enumerated type; None for any other type."""
        return self._labels.get(data_type)

    @functools.cached_property
    def _domains_by_name(self) -> dict[str, Domain]:
        return {name: domain for domain in self.domains for name in _names(domain)}

    @functools.cached_property
    def _labels(self) -> dict[str, tuple[str, ...]]:
        return {name: kind.labels for kind in self.enums for name in _names(kind)}


def _names(data_type: Domain | Enum) -> tuple[str, str]:
    """Return the names that a column's type may be written with."""
    name = identifier(data_type.name)
    return name, f"{identifier(data_type.schema)}.{name}"
