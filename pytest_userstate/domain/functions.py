"""Functions that a schema's tables, policies, views and constraints call."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.access import EVERYBODY
from pytest_userstate.domain.converters import dotted, sorted_strings, strings


@attrs.frozen(kw_only=True)
class Function:
    """A function, as far as it decides what happens to rows.

    Parameters
    ----------
    name, schema : str
        Where it is, without quotes.
    arguments : str
        The types of its arguments, as PostgreSQL writes them.
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
