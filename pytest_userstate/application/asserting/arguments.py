"""What a caller can pass, checked: a misspelt argument neither passes nor fails."""

from __future__ import annotations

import collections.abc as cabc
import enum
import re
import typing as typ

import attrs

from pytest_userstate.application.sql.data_types import (
    DataType,
    data_type,
    refusal_of_serial,
)
from pytest_userstate.application.sql.tokens import UnreadableSqlError
from pytest_userstate.application.wording import did_you_mean
from pytest_userstate.domain.converters import dotted

__tracebackhide__ = True  # a failing test shows its own line, not ours


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
class ObjectName:
    """A schema and a name in it."""

    schema: str
    name: str

    def __str__(self) -> str:
        """Write both, as snapshots do."""
        return dotted(self.schema, self.name)


def text(value: object, what: str) -> str:
    """Return a string that is not empty."""
    if not isinstance(value, str):
        message = f"{what}: expected a string, not {value!r}"
        raise TypeError(message)
    if not value.strip():
        message = f"{what}: expected a string with something in it"
        raise ValueError(message)
    return value


def flag(value: object, what: str) -> bool:
    """Return a bool; nothing else is taken for one."""
    if not isinstance(value, bool):
        message = f"{what}: expected True or False, not {value!r}"
        raise TypeError(message)
    return value


def whole_number(value: object, what: str) -> int:
    """Return an integer, which a bool is not."""
    if not isinstance(value, int) or isinstance(value, bool):
        message = f"{what}: expected a whole number, not {value!r}"
        raise TypeError(message)
    return value


def identifier(value: object, what: str = "name") -> str:
    """Return a name as the catalog spells it; a name with a dot is in quotes."""
    given = text(value, what)
    if not _ONE.fullmatch(given):
        message = (
            f"{what}: {given!r} is not a single name. Leave the schema and the table "
            f"out; a name that holds a dot is written in double quotes: '\"a.b\"'."
        )
        raise ValueError(message)
    return _unquoted(given, what)


def place(value: object, what: str = "name") -> ObjectName:
    """Return the schema and name of ``users`` (in ``public``) or ``legal.policies``."""
    schema, name = _parts(
        _TWO,
        value,
        what,
        "neither name nor schema.name. A part that holds a dot is written in double "
        "quotes: '\"a.b\".c'.",
    )
    return ObjectName(schema or "public", name)


def column_place(value: object, what: str) -> str:
    """Return ``users.id``, or ``legal.policies.id``, with its schema."""
    schema, *names = _parts(
        _THREE,
        value,
        what,
        "neither table.column nor schema.table.column. A part that holds a dot is "
        "written in double quotes.",
    )
    return dotted(schema or "public", *names)


def collation(value: object, what: str) -> str:
    """Return a collation as the catalog has it: PostgreSQL's own have no schema."""
    schema, name = _parts(_TWO, value, what, "neither name nor schema.name.")
    return name if schema in {"", "pg_catalog"} else dotted(schema, name)


def one_or_several(
    value: object, what: str = "columns", *, single: bool = True
) -> tuple[str, ...]:
    """Return one string (refused if not `single`), or several, as a tuple."""
    if isinstance(value, str):
        if single:
            return (value,)
        message = f"{what}: expected several in a list, not the one string {value!r}"
        raise TypeError(message)
    if not isinstance(value, cabc.Iterable) or isinstance(value, cabc.Mapping):
        message = f"{what}: expected strings, not {value!r}"
        raise TypeError(message)
    return tuple(text(item, what) for item in value)


def several(value: object, what: str) -> tuple[str, ...]:
    """Return several strings, which one string is not."""
    return one_or_several(value, what, single=False)


def columns(value: object, what: str = "columns") -> tuple[str, ...]:
    """Return one name or several different ones, as the catalog has them."""
    names = names_or_none(value, what)
    if not names:
        message = f"{what}: name at least one"
        raise ValueError(message)
    return names


def names_or_none(value: object, what: str) -> tuple[str, ...]:
    """Return different names, or an empty list; one string is one name."""
    names = [identifier(item, what) for item in one_or_several(value, what)]
    return _different(names, what)


def several_names(value: object, what: str = "names") -> tuple[str, ...]:
    """Return a list of different names, which may be empty."""
    return _different([identifier(item, what) for item in several(value, what)], what)


def several_places(value: object, what: str = "names") -> tuple[str, ...]:
    """Return a list of different names with their schemas."""
    return _different([str(place(item, what)) for item in several(value, what)], what)


def several_keys(value: object, what: str = "columns") -> tuple[tuple[str, ...], ...]:
    """Return the columns of several keys, each one name or several."""
    if isinstance(value, str) or not isinstance(value, cabc.Iterable):
        message = f"{what}: expected several in a list, not the one {value!r}"
        raise TypeError(message)
    return tuple(columns(item, what) for item in value)


def choice(value: object, what: str, choices: cabc.Iterable[str]) -> str:
    """Return one of the choices; case and blanks do not count."""
    known = tuple(map(str, choices))
    word = " ".join(text(value, what).lower().split())
    if word not in known:
        message = (
            f"{what}: {value!r} is none of {', '.join(map(repr, known))}"
            f"{did_you_mean(word, known)}"
        )
        raise ValueError(message)
    return word


def several_choices(
    value: object, what: str, choices: cabc.Iterable[str]
) -> frozenset[str]:
    """Return one choice or several."""
    known = tuple(choices)
    chosen = frozenset(
        choice(item, what, known) for item in one_or_several(value, what)
    )
    if not chosen:
        message = f"{what}: name at least one of {', '.join(map(repr, known))}"
        raise ValueError(message)
    return chosen


def type_name(value: object, what: str) -> DataType:
    """Return the type that a caller names."""
    given = text(value, what)
    if refusal := refusal_of_serial(given):
        raise ValueError(refusal)
    try:
        return data_type(given)
    except UnreadableSqlError as error:
        message = f"{what}: {given!r} is not the name of a type: {error}"
        raise ValueError(message) from None


def _parts(
    pattern: re.Pattern[str], value: object, what: str, problem: str
) -> list[str]:
    given = text(value, what)
    match = pattern.fullmatch(given)
    if not match:
        message = f"{what}: {given!r} is {problem}"
        raise ValueError(message)
    return [_unquoted(part, what) if part else "" for part in match.groups()]


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


def _different(names: cabc.Sequence[str], what: str) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"{what}: {', '.join(map(repr, twice))} is named twice"
        raise ValueError(message)
    return tuple(names)
