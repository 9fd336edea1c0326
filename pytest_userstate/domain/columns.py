"""Columns, and what a table keeps beside them: keys, checks, policies, triggers.

Definitions are as PostgreSQL deparses them: two equal ones mean the same.
"""

from __future__ import annotations

import enum
import re
import typing as typ

import attrs

from pytest_userstate.domain.converters import (
    out_of_quotes,
    sorted_strings,
    strings,
)

_NAME: typ.Final = r'(?:"(?:[^"]|"")+"|\w+)'
# A column, perhaps with a collation and the like, and how it is compared.
_COMPARED: typ.Final = (
    rf"({_NAME})(?: (?:{_NAME}|\.)+)*? WITH (?:OPERATOR\({_NAME}\.)?([^\s\w,()]+)\)?"
)
_EXCLUDE: typ.Final = re.compile(
    rf"EXCLUDE (?:USING \w+ )?\((?P<compared>{_COMPARED}(?:, {_COMPARED})*)\)"
    r"(?: INCLUDE \([^()]*\))?[A-Z ]*"
)


@attrs.frozen(order=True)
class Source:
    """Where a fact comes from: a file of the repository and a line in it.

    Parameters
    ----------
    path : str
        The file, relative to the audited repository, with forward slashes.
    line : int or None
        The line, counted from 1; None if it is not certain.
    """

    path: str
    line: int | None = attrs.field(default=None, order=lambda line: line or 0)

    def __str__(self) -> str:
        """Write it as editors and compilers do: ``path:line``."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


class Identity(enum.StrEnum):
    """How an identity column takes explicit values."""

    ALWAYS = "always"
    BY_DEFAULT = "by default"


class Generated(enum.StrEnum):
    """How a generated column is kept."""

    STORED = "stored"
    VIRTUAL = "virtual"


@attrs.frozen
class Column:
    """A column of a table or view.

    Parameters
    ----------
    name : str
        The name as the catalog has it, without quotes.
    data_type : str
        The type as PostgreSQL formats it, with its modifier
        (``character varying(32)``).
    is_nullable : bool
        False if the column can never be null, by its own constraint
        or by that of its domain (as in ``information_schema.columns``).
    is_primary_key : bool
        Whether the column is part of the table's primary key.
    default : str or None
        The default's expression, as PostgreSQL deparses it.
    identity, generated : enum or None
        Set on identity columns and generated columns.
    expression : str or None
        A generated column's expression.
    has_equality : bool
        Whether two values of the type can be compared with ``=``; false for
        ``json``, for instance.
    is_domain : bool
        Whether the type is a domain.
    collation : str or None
        The collation, if it is not the type's own.
    comment : str or None
        The comment on the column.
    source : Source or None
        The migration that introduced the column, by its present name.
    changed_by : Source or None
        The last migration that changed it after that: type, nullability, default,
        generation, identity, collation, comment.

    Examples
    --------
    >>> Column("id", "uuid", is_primary_key=True).is_nullable
    False
    """

    name: str
    data_type: str
    is_nullable: bool = False
    is_primary_key: bool = False
    default: str | None = attrs.field(default=None, kw_only=True)
    identity: Identity | None = attrs.field(default=None, kw_only=True)
    generated: Generated | None = attrs.field(default=None, kw_only=True)
    expression: str | None = attrs.field(default=None, kw_only=True)
    has_equality: bool = attrs.field(default=True, kw_only=True)
    is_domain: bool = attrs.field(default=False, kw_only=True)
    collation: str | None = attrs.field(default=None, kw_only=True)
    comment: str | None = attrs.field(default=None, kw_only=True)
    source: Source | None = attrs.field(default=None, kw_only=True, eq=False)
    changed_by: Source | None = attrs.field(default=None, kw_only=True, eq=False)


@attrs.frozen(kw_only=True)
class ForeignKey:
    """A foreign key: its columns, its target, and what happens on change.

    Parameters
    ----------
    name : str
        The constraint's name.
    columns, target_columns : iterable of str
        The columns of either side, pair by pair.
    target_table, target_schema : str
        The table that is referred to.
    on_update, on_delete : str
        The action in PostgreSQL's words, in lower case: ``no action``,
        ``restrict``, ``cascade``, ``set null``, ``set default``; with the
        columns if not all are set: ``set null (owner_id)``.
    match : str
        ``simple``, or ``full``.
    is_deferrable, is_initially_deferred : bool
        Whether, and from the start, it is checked only when a transaction ends.
    is_validated : bool
        Whether it is known to hold for every row; false after ``NOT VALID``.
    is_enforced : bool
        Whether it is checked at all; false after ``NOT ENFORCED`` (18), and after
        ``DISABLE TRIGGER ALL`` on one of its tables.
    is_temporal : bool
        Whether the last pair is a ``PERIOD`` (18).
    """

    name: str
    columns: tuple[str, ...] = attrs.field(converter=strings)
    target_table: str
    target_columns: tuple[str, ...] = attrs.field(converter=strings)
    target_schema: str = "public"
    on_update: str = "no action"
    on_delete: str = "no action"
    is_deferrable: bool = False
    is_initially_deferred: bool = False
    is_validated: bool = True
    match: str = "simple"
    is_enforced: bool = True
    is_temporal: bool = False
    source: Source | None = attrs.field(default=None, eq=False)
    changed_by: Source | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class KeyConstraint:
    """A primary key or unique constraint: a name and columns in key order.

    `is_temporal` is true of a key whose last column is ``WITHOUT OVERLAPS`` (18).
    """

    name: str
    columns: tuple[str, ...] = attrs.field(converter=strings)
    nulls_distinct: bool = True
    included: tuple[str, ...] = attrs.field(default=(), converter=strings)
    is_deferrable: bool = False
    is_initially_deferred: bool = False
    is_temporal: bool = False
    source: Source | None = attrs.field(default=None, eq=False)
    changed_by: Source | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class CheckConstraint:
    """A check constraint, with its definition as PostgreSQL deparses it."""

    name: str
    definition: str
    columns: tuple[str, ...] = attrs.field(default=(), converter=strings)
    is_validated: bool = True
    is_enforced: bool = True
    source: Source | None = attrs.field(default=None, eq=False)
    changed_by: Source | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class ExclusionConstraint:
    """An exclusion constraint, with its definition as PostgreSQL deparses it."""

    name: str
    definition: str
    source: Source | None = attrs.field(default=None, eq=False)
    changed_by: Source | None = attrs.field(default=None, eq=False)

    @property
    def operators(self) -> dict[str, str]:
        """The operator by which it compares each column.

        Nothing if it has a condition or compares an expression: rows that are equal
        in its columns can pass.

        >>> definition = "EXCLUDE USING gist (room WITH =, during WITH &&)"
        >>> ExclusionConstraint(name="x", definition=definition).operators
        {'room': '=', 'during': '&&'}
        """
        match = _EXCLUDE.fullmatch(self.definition)
        compared = re.findall(_COMPARED, match["compared"]) if match else ()
        return {out_of_quotes(name): operator for name, operator in compared}


@attrs.frozen(kw_only=True)
class Index:
    """An index, those that back a constraint included.

    Parameters
    ----------
    name : str
        The index's name.
    columns : iterable of str
        In key order: a column's name, or the expression in its place.
    included : iterable of str
        Columns that are only stored (``INCLUDE``).
    method : str
        The access method: ``btree``, ``gin``, ….
    is_unique, nulls_distinct : bool
        Whether it is unique, and whether nulls count as different from each other.
    is_valid : bool
        False when queries may not use it: a ``CREATE INDEX CONCURRENTLY`` that
        failed, or a partitioned index that some partition lacks.
    predicate : str or None
        The condition of a partial index.
    constraint : str or None
        The constraint that it backs.
    definition : str
        The whole statement as PostgreSQL deparses it, if the other facts do not
        tell all (a sort order, an operator class, a collation or a storage
        parameter of the column); else empty.
    is_clustered : bool
        Whether ``CLUSTER`` goes by it.
    """

    name: str
    columns: tuple[str, ...] = attrs.field(converter=strings)
    included: tuple[str, ...] = attrs.field(default=(), converter=strings)
    method: str = "btree"
    is_unique: bool = False
    nulls_distinct: bool = True
    is_valid: bool = True
    predicate: str | None = None
    constraint: str | None = None
    definition: str = ""
    is_clustered: bool = False
    source: Source | None = attrs.field(default=None, eq=False)
    changed_by: Source | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class Trigger:
    """A trigger that a user created (internal ones are left out).

    Parameters
    ----------
    name : str
        The trigger's name.
    function : str
        The function that it calls, with its schema; a part that holds a dot or a
        quotation mark is in double quotes.
    definition : str
        The whole statement as PostgreSQL deparses it.
    is_enabled : bool
        Whether it fires in an ordinary session.
    is_constraint : bool
        Whether it is a constraint trigger.
    timing : str
        ``before``, ``after``, ``instead of``; empty if it is not known, as in a
        trigger that a test makes from its definition alone.
    events : iterable of str
        What it fires for: ``insert``, ``update``, ``delete``, ``truncate``. Stored
        sorted.
    update_of : iterable of str
        The columns that an update has to name. Stored sorted.
    level : str
        ``row`` or ``statement``; empty if it is not known.
    when : str or None
        Its condition.
    fires : str
        In which sessions it fires unless it is disabled: ``origin`` (ordinary ones),
        ``replica`` (those that apply what was replicated), or ``always``.
    """

    name: str
    function: str
    definition: str
    is_enabled: bool = True
    is_constraint: bool = False
    timing: str = ""
    events: tuple[str, ...] = attrs.field(default=(), converter=sorted_strings)
    update_of: tuple[str, ...] = attrs.field(default=(), converter=sorted_strings)
    level: str = ""
    when: str | None = None
    fires: str = "origin"


@attrs.frozen(kw_only=True)
class Rule:
    """A rule of the rewriter, such as ``ON DELETE DO INSTEAD NOTHING``.

    `definition` is the whole statement as PostgreSQL deparses it; `fires` is as in
    `Trigger`.
    """

    name: str
    definition: str
    is_enabled: bool = True
    fires: str = "origin"


@attrs.frozen(kw_only=True)
class Policy:
    """A row-level security policy.

    Parameters
    ----------
    name : str
        The policy's name.
    command : str
        What it is for: ``all``, ``select``, ``insert``, ``update``, ``delete``.
    roles : iterable of str
        Whom it is for; ``public`` is everybody. Stored sorted.
    is_permissive : bool
        Whether it grants access (or restricts what others grant).
    using, check : str or None
        The conditions on rows that exist, and on rows that are written.
    """

    name: str
    command: str = "all"
    roles: tuple[str, ...] = attrs.field(default=("public",), converter=sorted_strings)
    is_permissive: bool = True
    using: str | None = None
    check: str | None = None
