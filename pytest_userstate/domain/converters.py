"""Converters that store any iterable as a tuple, in canonical order.

They are named functions with plain types, so that type checkers and editors
show what a constructor takes.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import operator
import re
import typing as typ

from pytest_userstate.domain.errors import InvalidSnapshotError


class Named(typ.Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """The name to sort by."""


class Placed(Named, typ.Protocol):
    """Anything with a name in a schema."""

    @property
    def schema(self) -> str:
        """The schema to sort by first."""


N = typ.TypeVar("N", bound=Named)
P = typ.TypeVar("P", bound=Placed)

_name = operator.attrgetter("name")
_schema_and_name = operator.attrgetter("schema", "name")
_SHOWN: typ.Final = 100
_LAST_PART: typ.Final = re.compile(r'\.?(?:"(?:[^"]|"")*"|[^."]*)$')
_PLAIN_NAME: typ.Final = re.compile(r"[a-z_][a-z0-9_]*")


def by_name(values: cabc.Iterable[N]) -> tuple[N, ...]:
    """Return the values as a tuple, sorted by name."""
    values = tuple(values)  # most are of one value, or empty
    return tuple(sorted(values, key=_name)) if len(values) > 1 else values


def by_place(values: cabc.Iterable[P]) -> tuple[P, ...]:
    """Return the values as a tuple, sorted by schema and name."""
    return tuple(sorted(values, key=_schema_and_name))


def strings(values: cabc.Iterable[str]) -> tuple[str, ...]:
    """Return the strings as a tuple, in the order given.

    A single string would silently become its letters, so it is refused.
    """
    if isinstance(values, str):
        message = f"expected several strings, not the one string {values!r}"
        raise TypeError(message)
    return tuple(values)


def sorted_strings(values: cabc.Iterable[str]) -> tuple[str, ...]:
    """Return the strings as a sorted tuple."""
    return tuple(sorted(strings(values)))


def dotted(*names: str) -> str:
    """Return a qualified name; a part with a dot or a quotation mark is quoted.

    >>> dotted("public", "users"), dotted("a.b", "c")
    ('public.users', '"a.b".c')
    """
    return ".".join(in_quotes(name) if {".", '"'} & {*name} else name for name in names)


def identifier(name: str) -> str:
    """Return a name as SQL has it.

    >>> identifier("revision"), identifier("Revision")
    ('revision', '"Revision"')
    """
    return name if _PLAIN_NAME.fullmatch(name) else in_quotes(name)


def in_sql(names: cabc.Iterable[str]) -> str:
    """Return names in a list; one that would be read as several is quoted."""
    return ", ".join(in_quotes(name) if {*',"()'} & {*name} else name for name in names)


def in_quotes(name: str) -> str:
    """Return a name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def owner_of(name: str) -> str:
    """Return what comes before the last part of a qualified name.

    >>> owner_of("public.users.id"), owner_of('public."a.b"')
    ('public.users', 'public')
    """
    return _LAST_PART.sub("", name)


def out_of_quotes(name: str) -> str:
    """Return a name as the catalog has it, from one that may be in double quotes.

    >>> out_of_quotes('"a.b"'), out_of_quotes("users")
    ('a.b', 'users')
    """
    is_quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return name[1:-1].replace('""', '"') if is_quoted else name


def abridged(values: tuple[object, ...]) -> str:
    """Show a tuple, a long one by its first values and how many more there are."""
    if len(values) <= _SHOWN:
        return repr(values)
    first = ", ".join(map(repr, values[:_SHOWN]))
    return f"({first}, … {len(values) - _SHOWN:,} more)"


def refuse_duplicates(names: cabc.Iterable[tuple[str, ...]], complaint: str) -> None:
    """Refuse names that come twice; their parts may hold dots themselves."""
    names = tuple(names)
    if len({*names}) == len(names):
        return
    twice = sorted(
        name for name, count in collections.Counter(names).items() if count > 1
    )
    if twice:
        quoted = ", ".join(repr(".".join(name)) for name in twice)
        message = f"{complaint} {quoted}"
        raise InvalidSnapshotError(message)
