"""A schema as it stands: values only, in canonical order.

Two snapshots of the same schema are equal and serialize to the same bytes,
whatever the order in which their objects were created or passed. Where a fact
came from (`source`) and what is gone (`dropped`) is carried along, but takes
no part in equality.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import enum
import functools

import attrs

from pytest_userstate.domain.access import Access
from pytest_userstate.domain.columns import Column, Generated, Identity, Source
from pytest_userstate.domain.constraints import (
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
    Policy,
    Trigger,
)
from pytest_userstate.domain.errors import InvalidSnapshotError
from pytest_userstate.domain.number_sequences import Sequence
from pytest_userstate.domain.sequences import (
    abridged,
    by_name,
    by_place,
    sorted_strings,
    strings,
)

__all__ = [
    "CheckConstraint",
    "Column",
    "Domain",
    "DroppedObject",
    "Enum",
    "ExclusionConstraint",
    "Extension",
    "ForeignKey",
    "Generated",
    "Identity",
    "Index",
    "KeyConstraint",
    "Policy",
    "SchemaSnapshot",
    "Sequence",
    "Source",
    "Table",
    "TableKind",
    "Trigger",
    "View",
    "ViewKind",
]


class TableKind(enum.StrEnum):
    """The relations that store rows of their own (a partition is marked apart)."""

    ORDINARY = "table"
    PARTITIONED = "partitioned table"


class ViewKind(enum.StrEnum):
    """The relations that show rows stored elsewhere."""

    VIEW = "view"
    MATERIALIZED = "materialized view"
    FOREIGN = "foreign table"


def _columns(values: cabc.Iterable[Column]) -> tuple[Column, ...]:
    return by_name(values)


def _keys(values: cabc.Iterable[KeyConstraint]) -> tuple[KeyConstraint, ...]:
    return by_name(values)


def _foreign_keys(values: cabc.Iterable[ForeignKey]) -> tuple[ForeignKey, ...]:
    return by_name(values)


def _checks(values: cabc.Iterable[CheckConstraint]) -> tuple[CheckConstraint, ...]:
    return by_name(values)


def _exclusions(
    values: cabc.Iterable[ExclusionConstraint],
) -> tuple[ExclusionConstraint, ...]:
    return by_name(values)


def _indexes(values: cabc.Iterable[Index]) -> tuple[Index, ...]:
    return by_name(values)


def _triggers(values: cabc.Iterable[Trigger]) -> tuple[Trigger, ...]:
    return by_name(values)


def _policies(values: cabc.Iterable[Policy]) -> tuple[Policy, ...]:
    return by_name(values)


@attrs.frozen
class Table:
    """A relation that stores rows: an ordinary or partitioned table.

    What holds for its rows stands here, be it declared on the table itself or
    inherited.

    Parameters
    ----------
    name : str
        The name as the catalogue has it, without quotes.
    columns : iterable of Column
        Any order; stored by name. (A column's place in the table says nothing
        about the schema's meaning, and differs between equal schemas.)
    schema : str
        The schema that holds the table.
    partition_of, partition_bound : str or None
        Set on partitions: the partitioned table, with its schema, unquoted; and
        which rows belong here.
    partition_key : str or None
        Set on partitioned tables: how rows are assigned.
    inherits : iterable of str
        The tables that it inherits from (partitions apart), as above.
    is_bookkeeping : bool
        Whether a migration tool keeps its own records in it.
    source : Source or None
        The migration that introduced the table, by its present name.
    changed_by : Source or None
        The last migration that changed it after that: persistence, row security,
        partition bound, parents, comment. Its columns, constraints and indexes
        have sources of their own.

    Raises
    ------
    InvalidSnapshotError
        When a column is named twice.

    Examples
    --------
    >>> users = Table("users", [Column("id", "uuid", is_primary_key=True)])
    >>> users.qualified_name, users.column("id").data_type, users.column("nick")
    ('public.users', 'uuid', None)
    """

    name: str
    columns: tuple[Column, ...] = attrs.field(default=(), converter=_columns)
    schema: str = "public"
    kind: TableKind = attrs.field(default=TableKind.ORDINARY, kw_only=True)
    partition_of: str | None = attrs.field(default=None, kw_only=True)
    partition_bound: str | None = attrs.field(default=None, kw_only=True)
    partition_key: str | None = attrs.field(default=None, kw_only=True)
    inherits: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=sorted_strings
    )
    primary_key: KeyConstraint | None = attrs.field(default=None, kw_only=True)
    unique_constraints: tuple[KeyConstraint, ...] = attrs.field(
        default=(), kw_only=True, converter=_keys
    )
    foreign_keys: tuple[ForeignKey, ...] = attrs.field(
        default=(), kw_only=True, converter=_foreign_keys
    )
    check_constraints: tuple[CheckConstraint, ...] = attrs.field(
        default=(), kw_only=True, converter=_checks
    )
    exclusion_constraints: tuple[ExclusionConstraint, ...] = attrs.field(
        default=(), kw_only=True, converter=_exclusions
    )
    indexes: tuple[Index, ...] = attrs.field(
        default=(), kw_only=True, converter=_indexes
    )
    triggers: tuple[Trigger, ...] = attrs.field(
        default=(), kw_only=True, converter=_triggers
    )
    policies: tuple[Policy, ...] = attrs.field(
        default=(), kw_only=True, converter=_policies
    )
    has_row_security: bool = attrs.field(default=False, kw_only=True)
    forces_row_security: bool = attrs.field(default=False, kw_only=True)
    is_unlogged: bool = attrs.field(default=False, kw_only=True)
    is_bookkeeping: bool = attrs.field(default=False, kw_only=True)
    comment: str | None = attrs.field(default=None, kw_only=True)
    source: Source | None = attrs.field(default=None, kw_only=True, eq=False)
    changed_by: Source | None = attrs.field(default=None, kw_only=True, eq=False)

    def __attrs_post_init__(self) -> None:
        """Refuse a column named twice."""
        _refuse_duplicates(
            ((column.name,) for column in self.columns),
            f"table {self.qualified_name} has two columns named",
        )

    @property
    def qualified_name(self) -> str:
        """The name with its schema, unquoted: ``public.users``."""
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column | None:
        """Return the column of exactly this name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@attrs.frozen
class View:
    """A view, materialized view or foreign table: recorded, never storage.

    `definition` is the query as PostgreSQL deparses it, None for a foreign table.
    Different major versions of PostgreSQL write the same query differently.
    """

    name: str
    columns: tuple[Column, ...] = attrs.field(default=(), converter=_columns)
    schema: str = "public"
    kind: ViewKind = attrs.field(default=ViewKind.VIEW, kw_only=True)
    definition: str | None = attrs.field(default=None, kw_only=True)
    indexes: tuple[Index, ...] = attrs.field(
        default=(), kw_only=True, converter=_indexes
    )
    triggers: tuple[Trigger, ...] = attrs.field(
        default=(), kw_only=True, converter=_triggers
    )
    comment: str | None = attrs.field(default=None, kw_only=True)
    source: Source | None = attrs.field(default=None, kw_only=True, eq=False)
    changed_by: Source | None = attrs.field(default=None, kw_only=True, eq=False)

    @property
    def qualified_name(self) -> str:
        """The name with its schema, unquoted."""
        return f"{self.schema}.{self.name}"


@attrs.frozen(kw_only=True)
class Enum:
    """An enumerated type; its labels keep the order that PostgreSQL sorts by."""

    name: str
    labels: tuple[str, ...] = attrs.field(converter=strings)
    schema: str = "public"
    comment: str | None = None


@attrs.frozen(kw_only=True)
class Domain:
    """A domain: a base type with constraints of its own."""

    name: str
    data_type: str
    schema: str = "public"
    is_nullable: bool = True
    default: str | None = None
    collation: str | None = None
    check_constraints: tuple[CheckConstraint, ...] = attrs.field(
        default=(), converter=_checks
    )
    comment: str | None = None


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
    """

    schema: str
    table: str
    column: str = ""
    constraint: str = ""
    index: str = ""
    source: Source

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
        """What was dropped, unquoted, with its schema: ``public.users.nick``."""
        return ".".join(filter(None, (self.schema, self.table, self.part)))


def _tables(values: cabc.Iterable[Table]) -> tuple[Table, ...]:
    return by_place(values)


def _views(values: cabc.Iterable[View]) -> tuple[View, ...]:
    return by_place(values)


def _enums(values: cabc.Iterable[Enum]) -> tuple[Enum, ...]:
    return by_place(values)


def _domains(values: cabc.Iterable[Domain]) -> tuple[Domain, ...]:
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
    dropped : iterable of DroppedObject
        What migrations created and later dropped; takes no part in equality.
    access : Access or None
        Owners and privileges, where they were read; takes no part in equality.

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
    access: Access | None = attrs.field(
        default=None, kw_only=True, eq=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        """Refuse two relations of one name in one schema."""
        _refuse_duplicates(
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


def _refuse_duplicates(names: cabc.Iterable[tuple[str, ...]], complaint: str) -> None:
    """Refuse names that come twice; their parts may hold dots themselves."""
    twice = sorted(
        name for name, count in collections.Counter(names).items() if count > 1
    )
    if twice:
        quoted = ", ".join(repr(".".join(name)) for name in twice)
        message = f"{complaint} {quoted}"
        raise InvalidSnapshotError(message)
