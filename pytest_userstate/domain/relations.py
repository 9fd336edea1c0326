"""Tables and views, and the types, sequences, and functions that they use."""

from __future__ import annotations

import collections.abc as cabc
import enum

import attrs

from pytest_userstate.domain.access import EVERYBODY
from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
    Policy,
    Rule,
    Source,
    Trigger,
)
from pytest_userstate.domain.converters import (
    by_name,
    dotted,
    refuse_duplicates,
    sorted_strings,
    strings,
)


def _checks(values: cabc.Iterable[CheckConstraint]) -> tuple[CheckConstraint, ...]:
    return by_name(values)


@attrs.frozen(kw_only=True)
class Enum:
    """An enumerated type; its labels keep the order that PostgreSQL sorts by."""

    name: str
    labels: tuple[str, ...] = attrs.field(converter=strings)
    schema: str = "public"
    comment: str | None = None


@attrs.frozen(kw_only=True)
class CompositeType:
    """A composite type; `attributes` are names with types: ``street text``."""

    name: str
    attributes: tuple[str, ...] = attrs.field(converter=strings)
    schema: str = "public"
    comment: str | None = None


@attrs.frozen(kw_only=True)
class RangeType:
    """A range type: the type of its bounds, and what orders them.

    `collation` is set if it is not the subtype's own, `operator_class` if it is not
    the subtype's default; `canonical` and `difference` are functions.
    """

    name: str
    subtype: str
    schema: str = "public"
    collation: str | None = None
    operator_class: str | None = None
    canonical: str | None = None
    difference: str | None = None
    comment: str | None = None


@attrs.frozen(kw_only=True)
class Domain:
    """A domain: a base type with constraints."""

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
class Sequence:
    """A sequence.

    Parameters
    ----------
    name, schema : str
        Where it is, without quotes.
    data_type : str
        ``bigint``, ``integer`` or ``smallint``.
    start, increment, minimum, maximum : int
        Its first number, its step, and its bounds.
    cache : int
        How many numbers a session takes at once.
    cycles : bool
        Whether it starts again at the other end.
    owned_by : str or None
        The column that it goes away with, unquoted: ``public.users.id``.
    is_identity : bool
        Whether it is part of an identity column.
    comment : str or None
        The comment on the sequence.

    Examples
    --------
    >>> Sequence(name="users_id_seq", owned_by="public.users.id").qualified_name
    'public.users_id_seq'
    """

    name: str
    schema: str = "public"
    data_type: str = "bigint"
    start: int = 1
    increment: int = 1
    minimum: int = 1
    maximum: int = 2**63 - 1
    cache: int = 1
    cycles: bool = False
    owned_by: str | None = None
    is_identity: bool = False
    comment: str | None = None

    @property
    def qualified_name(self) -> str:
        """The name with its schema."""
        return dotted(self.schema, self.name)


@attrs.frozen(kw_only=True)
class Function:
    """A function, as far as it decides what happens to rows.

    Parameters
    ----------
    name, schema : str
        Where it is, without quotes.
    arguments : str
        The types of its arguments, as PostgreSQL writes them.
    defaults : str
        The defaults of its last arguments, as PostgreSQL writes them.
    result : str
        What it returns.
    language : str
        ``sql``, ``plpgsql``, ….
    body : str
        Its source, or its statements as PostgreSQL deparses them.
    is_security_definer : bool
        Whether it runs with its owner's rights.
    is_strict, is_leakproof : bool
        As in ``CREATE FUNCTION``.
    volatility : str
        ``volatile``, ``stable`` or ``immutable``.
    settings : iterable of str
        What it sets while it runs, such as ``search_path=""``.
    executors : iterable of str
        The roles that may call it, besides its owner.
    owner : str or None
        Its owner, if that is not the role that owns the rest of the schema.
    """

    name: str
    schema: str = "public"
    arguments: str = ""
    defaults: str = ""
    result: str = ""
    language: str = "sql"
    body: str = ""
    is_security_definer: bool = False
    is_strict: bool = False
    is_leakproof: bool = False
    volatility: str = "volatile"
    settings: tuple[str, ...] = attrs.field(default=(), converter=strings)
    executors: tuple[str, ...] = attrs.field(
        default=(EVERYBODY,), converter=sorted_strings
    )
    owner: str | None = None

    @property
    def signature(self) -> str:
        """The name with the types of its arguments."""
        return f"{dotted(self.name)}({self.arguments})"


def by_signature(values: cabc.Iterable[Function]) -> tuple[Function, ...]:
    """Return functions as a tuple, sorted by schema and signature."""
    return tuple(sorted(values, key=lambda value: (value.schema, value.signature)))


class TableKind(enum.StrEnum):
    """The relations that store rows (partitions are marked separately)."""

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


def _rules(values: cabc.Iterable[Rule]) -> tuple[Rule, ...]:
    return by_name(values)


@attrs.frozen
class Table:
    """A relation that stores rows: an ordinary or partitioned table.

    What holds for its rows is here, declared on the table itself or
    inherited.

    Parameters
    ----------
    name : str
        The name as the catalog has it, without quotes.
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
    replica_identity : str
        What identifies a row to subscribers: ``default`` (the primary key),
        ``nothing``, ``full``, or ``index`` and its name.
    owner : str or None
        The owner, if that is not the role that owns the rest of the schema.
    grants : iterable of str
        What others than the owner may do: ``insert, select to app``.
    is_bookkeeping : bool
        Whether a migration tool keeps its own records in it.
    source : Source or None
        The migration that introduced the table, by its present name.
    changed_by : Source or None
        The last migration that changed it after that: persistence, row security,
        partition bound, parents, comment. Its columns, constraints and indexes
        have separate sources.

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
    rules: tuple[Rule, ...] = attrs.field(default=(), kw_only=True, converter=_rules)
    has_row_security: bool = attrs.field(default=False, kw_only=True)
    forces_row_security: bool = attrs.field(default=False, kw_only=True)
    is_unlogged: bool = attrs.field(default=False, kw_only=True)
    is_bookkeeping: bool = attrs.field(default=False, kw_only=True)
    replica_identity: str = attrs.field(default="default", kw_only=True)
    owner: str | None = attrs.field(default=None, kw_only=True)
    grants: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=sorted_strings
    )
    comment: str | None = attrs.field(default=None, kw_only=True)
    source: Source | None = attrs.field(default=None, kw_only=True, eq=False)
    changed_by: Source | None = attrs.field(default=None, kw_only=True, eq=False)

    def __attrs_post_init__(self) -> None:
        """Refuse a column named twice."""
        refuse_duplicates(
            ((column.name,) for column in self.columns),
            f"table {self.qualified_name} has two columns named",
        )

    @property
    def qualified_name(self) -> str:
        """The name with its schema: ``public.users``."""
        return dotted(self.schema, self.name)

    @property
    def keys(self) -> tuple[frozenset[str], ...]:
        """The sets of columns that no two rows share, the primary key first.

        Expressions are compared as text; a partial index makes only some rows unique.
        """
        keys = [frozenset(c.name for c in self.columns if c.is_primary_key)]
        keys += [
            frozenset(key.columns)
            for key in (self.primary_key, *self.unique_constraints)
            if key is not None
        ]
        keys += [
            frozenset(index.columns)
            for index in self.indexes
            if index.is_unique and index.predicate is None
        ]
        return tuple(dict.fromkeys(filter(None, keys)))

    def column(self, name: str) -> Column | None:
        """Return the column of exactly this name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@attrs.frozen
class View:
    """A view, materialized view or foreign table: recorded, never storage.

    `definition` is the query as PostgreSQL deparses it, None for a foreign table.
    Different major versions of PostgreSQL write the same query differently.
    `options` are those of ``WITH (…)``, as in ``security_invoker=true``, and
    ``check_option=cascaded``; `owner` and `grants` are as in `Table`. `inherits` is
    what a foreign table inherits from, or is a partition of.
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
    rules: tuple[Rule, ...] = attrs.field(default=(), kw_only=True, converter=_rules)
    options: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=sorted_strings
    )
    inherits: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=sorted_strings
    )
    owner: str | None = attrs.field(default=None, kw_only=True)
    grants: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=sorted_strings
    )
    comment: str | None = attrs.field(default=None, kw_only=True)
    source: Source | None = attrs.field(default=None, kw_only=True, eq=False)
    changed_by: Source | None = attrs.field(default=None, kw_only=True, eq=False)

    @property
    def qualified_name(self) -> str:
        """The name with its schema."""
        return dotted(self.schema, self.name)
