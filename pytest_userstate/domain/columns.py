"""Columns, and where a fact of the schema comes from."""

from __future__ import annotations

import enum

import attrs


@attrs.frozen(order=True)
class Source:
    """Where a fact comes from: a file of the repository and a line in it.

    Parameters
    ----------
    path : str
        The file, relative to the audited repository, with forward slashes.
    line : int or None
        The line, counted from 1; None where it is not certain.
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
        False where the column can never be null, be it by its own constraint
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
        The collation, where it is not the type's own.
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
