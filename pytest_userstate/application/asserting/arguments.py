"""What a caller can pass, checked: nothing that is misspelt may pass or fail."""

from __future__ import annotations

import collections.abc as cabc
import enum
import re
import typing as typ

import attrs

from pytest_userstate.application.explaining.nearest import did_you_mean


class Some(enum.Enum):
    """There has to be one, whichever it is."""

    SOME = "some"

    def __repr__(self) -> str:
        """Show it as it is written in a test."""
        return self.name


class Unspecified(enum.Enum):
    """The test says nothing about it."""

    UNSPECIFIED = "unspecified"

    def __repr__(self) -> str:
        """Show it short: editors print it for each keyword."""
        return "…"


SOME: typ.Final = Some.SOME
"""There has to be one, whichever it is: ``has_column("x", default=SOME)``."""

UNSPECIFIED: typ.Final = Unspecified.UNSPECIFIED

_PART: typ.Final = r'"(?:[^"]|"")+"|[^".]+'
_ONE: typ.Final = re.compile(_PART)
_TWO: typ.Final = re.compile(rf"(?:({_PART})\.)?({_PART})")
_THREE: typ.Final = re.compile(rf"(?:({_PART})\.)?({_PART})\.({_PART})")


@attrs.frozen
class Place:
    """A schema and a name in it."""

    schema: str
    name: str

    def __str__(self) -> str:
        """Write both, unquoted."""
        return f"{self.schema}.{self.name}"


def identifier(value: object, what: str = "name") -> str:
    """Return a name as the catalog has it.

    Case counts; a name that holds a dot or a quotation mark is written in double
    quotes, as in SQL.
    """
    text = _text(value, what)
    if not _ONE.fullmatch(text):
        message = (
            f"{what}: {text!r} is not a single name. Leave the schema and the table "
            f"out; a name that holds a dot is written in double quotes: '\"a.b\"'."
        )
        raise ValueError(message)
    return _unquoted(text, what)


def place(value: object, what: str = "name") -> Place:
    """Return the schema and name of ``users`` (in ``public``) or ``legal.policies``."""
    text = _text(value, what)
    match = _TWO.fullmatch(text)
    if not match:
        message = (
            f"{what}: {text!r} is neither name nor schema.name. A part that holds a "
            f"dot is written in double quotes: '\"a.b\".c'."
        )
        raise ValueError(message)
    schema, name = match.groups()
    return Place(_unquoted(schema or "public", what), _unquoted(name, what))


def collation(value: object, what: str = "collation") -> str:
    """Return a collation as the catalog has it: PostgreSQL's own have no schema."""
    text = _text(value, what)
    match = _TWO.fullmatch(text)
    if not match:
        message = f"{what}: {text!r} is neither name nor schema.name"
        raise ValueError(message)
    parts = [_unquoted(part, what) for part in match.groups() if part]
    return ".".join(parts).removeprefix("pg_catalog.")


def places(value: object, what: str = "names") -> list[str]:
    """Return several different names with their schemas."""
    given = one_or_several(value, what, single=False)
    found = [str(place(each, what)) for each in given]
    _refuse_twice(found, what)
    return found


def column_place(value: object, what: str) -> str:
    """Return ``users.id``, or ``legal.policies.id``, with its schema, unquoted."""
    text = _text(value, what)
    match = _THREE.fullmatch(text)
    if not match:
        message = (
            f"{what}: {text!r} is neither table.column nor schema.table.column. A "
            f"part that holds a dot is written in double quotes."
        )
        raise ValueError(message)
    schema, *names = match.groups()
    return ".".join(_unquoted(part, what) for part in (schema or "public", *names))


def one_or_several(
    value: object, what: str = "columns", *, single: bool = True
) -> tuple[str, ...]:
    """Return one string, or several, as a tuple of strings.

    Parameters
    ----------
    single : bool
        Whether a single string is one value; else it is refused.
    """
    if isinstance(value, str):
        if single:
            return (value,)
        message = f"{what}: expected several in a list, not the one string {value!r}"
        raise TypeError(message)
    if not isinstance(value, cabc.Iterable) or isinstance(value, cabc.Mapping):
        message = f"{what}: expected strings, not {value!r}"
        raise TypeError(message)
    return tuple(_text(each, what) for each in value)


def identifiers(
    value: object, what: str = "columns", *, single: bool = True, empty: bool = False
) -> tuple[str, ...]:
    """Return one name, or several different ones, as the catalog has them."""
    names = tuple(
        identifier(each, what) for each in one_or_several(value, what, single=single)
    )
    if not names and not empty:
        message = f"{what}: name at least one"
        raise ValueError(message)
    _refuse_twice(names, what)
    return names


def flag(value: object, what: str) -> bool:
    """Return a bool; nothing else is taken for one."""
    if not isinstance(value, bool):
        message = f"{what}: expected True or False, not {value!r}"
        raise TypeError(message)
    return value


def whole_number(value: object, what: str) -> int:
    """Return an integer; a bool is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        message = f"{what}: expected a whole number, not {value!r}"
        raise TypeError(message)
    return value


def sql(value: object, what: str) -> str:
    """Return a piece of SQL, which cannot be empty."""
    return _text(value, what)


def choice(value: object, what: str, choices: cabc.Iterable[str]) -> str:
    """Return one of the choices; case and blanks do not count."""
    known = tuple(map(str, choices))
    text = " ".join(_text(value, what).lower().split())
    if text not in known:
        message = (
            f"{what}: {value!r} is none of {', '.join(map(repr, known))}"
            f"{did_you_mean(text, known)}"
        )
        raise ValueError(message)
    return text


def several_choices(
    value: object, what: str, choices: cabc.Iterable[str]
) -> frozenset[str]:
    """Return one choice or several."""
    known = tuple(choices)
    chosen = frozenset(
        choice(each, what, known) for each in one_or_several(value, what)
    )
    if not chosen:
        message = f"{what}: name at least one of {', '.join(map(repr, known))}"
        raise ValueError(message)
    return chosen


def _refuse_twice(names: cabc.Sequence[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"{what}: {', '.join(map(repr, twice))} is named twice"
        raise ValueError(message)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        message = f"{what}: expected a string, not {value!r}"
        raise TypeError(message)
    if not value.strip():
        message = f"{what}: expected a string with something in it"
        raise ValueError(message)
    return value


def _unquoted(part: str, what: str) -> str:
    if part.startswith('"'):
        return part[1:-1].replace('""', '"')
    if part != part.strip():
        message = (
            f"{what}: {part!r} has blanks around it; if they are part of the name, "
            "write it in double quotes"
        )
        raise ValueError(message)
    return part
