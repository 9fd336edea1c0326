"""Sequences: what hands out the numbers of serial and identity columns."""

from __future__ import annotations

import attrs

from pytest_userstate.domain.converters import dotted


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
