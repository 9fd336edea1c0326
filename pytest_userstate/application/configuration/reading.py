"""Reading a parsed configuration file into its classes.

What does not fit is refused with the key, the value, and what would have
fitted; all faults of a file are told at once.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import enum
import functools
import typing as typ

import attrs
import cattrs
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn

from pytest_userstate.application.configuration.document import (
    Document,
    MigrationsTable,
    Names,
    Place,
    Ports,
    PortTable,
)
from pytest_userstate.application.configuration.repetition import repetition
from pytest_userstate.application.structuring import (
    MisfitError,
    faults,
    is_generic,
    member,
)
from pytest_userstate.domain.errors import ConfigurationError

V = typ.TypeVar("V")
Hook: typ.TypeAlias = cabc.Callable[[typ.Any, typ.Any], typ.Any]

_TOML_TYPES: typ.Final[dict[type, str]] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dt.date: "a date such as 2027-03-31",
    dt.datetime: "a date with a time",
    dict: "a table",
    list: "a list",
}


def read_document(
    raw: cabc.Mapping[str, object], *, file: str, prefix: str = ""
) -> Document:
    """Read a parsed configuration file.

    Parameters
    ----------
    raw : mapping
        The parsed file, or the table in it that is ours.
    file : str
        The file's name, for messages.
    prefix : str
        The key of our table in it, such as ``tool.userstate``.

    Raises
    ------
    ConfigurationError
        Naming the file, the keys, the values, and the nearest right spelling.
    """
    try:
        return _converter().structure(raw, Document)
    except BaseValidationError as error:
        found = sorted(set(faults(error, prefix)))
        raise configuration_error(found, file=file) from None


def configuration_error(
    faults: cabc.Sequence[tuple[str, str]], *, file: str
) -> ConfigurationError:
    """Return the error that tells all faults, each a key and what is wrong."""
    lines = [f"{file}: `{key}` {problem}" for key, problem in faults]
    return ConfigurationError("\n".join(lines), file=file, key=faults[0][0])


@attrs.frozen
class File:
    """The file that settings are read from, to say where a fault is."""

    name: str
    prefix: str

    def refuse(self, key: str, problem: str) -> typ.NoReturn:
        """Raise the error for one key."""
        full = f"{self.prefix}.{key}" if self.prefix else key
        raise configuration_error([(full, problem)], file=self.name)


@functools.cache
def _converter() -> cattrs.Converter:
    """Return the converter that knows the file's types, and coerces nothing."""
    converter = cattrs.Converter()
    for kind, read in _SCALARS.items():
        converter.register_structure_hook(kind, read)
    converter.register_structure_hook_func(functools.partial(_is, Names), _names)
    converter.register_structure_hook_func(functools.partial(_is, Place | None), _place)
    converter.register_structure_hook_func(
        functools.partial(_is, str | MigrationsTable | None),
        lambda value, _: _migrations(converter, value),
    )
    converter.register_structure_hook_factory(
        attrs.has,
        lambda kind: _checked(
            dict,
            make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True),
        ),
    )
    converter.register_structure_hook_factory(
        functools.partial(is_generic, tuple),
        lambda kind: _checked(list, _list(kind, converter)),
    )
    converter.register_structure_hook_func(
        functools.partial(_is, Ports), lambda value, _: _ports(converter, value)
    )
    converter.register_structure_hook_factory(
        functools.partial(is_generic, dict),
        lambda kind: _checked(dict, mapping_structure_factory(kind, converter)),
    )
    return converter


def _checked(toml_type: type, read: Hook) -> Hook:
    """Return a hook that insists on a table or list before it reads it."""
    return lambda value, kind: read(_expect(value, toml_type), kind)


def _list(kind: typ.Any, converter: cattrs.Converter) -> Hook:
    """Return a hook for lists in which nothing stands twice."""
    read = homogenous_tuple_structure_factory(kind, converter)
    return lambda value, _: _distinct(read(value, kind))


def _distinct(values: tuple[V, ...]) -> tuple[V, ...]:
    if problem := repetition(values):
        raise MisfitError(problem)
    return values


def _is(kind: object, asked: object) -> bool:
    return kind == asked


def _expect(value: object, *kinds: type) -> typ.Any:
    """Return the value if its TOML type is one of the kinds (true is no number)."""
    if type(value) in kinds:
        return value
    kind = _TOML_TYPES.get(type(value), f"a {type(value).__name__}")
    text = repr(value) if isinstance(value, str) else str(value)
    shown = kind if isinstance(value, dict | list) else f"{text}, {kind}"
    message = f"is {shown}; expected {_TOML_TYPES[kinds[0]]}"
    raise MisfitError(message)


def _text(value: object, _: object = None) -> str:
    text = str(_expect(value, str))
    if text.strip():
        return text
    message = "is empty; expected some text"
    raise MisfitError(message)


def _names(value: object, _: object = None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_text(value),)
    return _distinct(tuple(map(_text, _expect(value, list))))


def _seconds(value: object, _: object = None) -> float:
    number = float(_expect(value, float, int))
    if 0 < number < float("inf"):
        return number
    message = f"is {value!r}; expected a number of seconds above 0"
    raise MisfitError(message)


def _member(value: object, kind: type[enum.StrEnum]) -> enum.StrEnum:
    return member(_expect(value, str), kind)


_SCALARS: typ.Final[dict[type, Hook]] = {
    str: _text,
    enum.StrEnum: _member,
    bool: lambda value, _: _expect(value, bool),
    float: _seconds,
    dt.date: lambda value, _: _expect(value, dt.date),
}


def _migrations(converter: cattrs.Converter, value: object) -> str | MigrationsTable:
    if not isinstance(value, dict):
        return _place(value)
    own = {key: value[key] for key in ("path", "layout") if key in value}
    options = {key: each for key, each in value.items() if key not in own}
    return attrs.evolve(converter.structure(own, MigrationsTable), options=options)


def _place(value: object, _: object = None) -> Place:
    if not isinstance(value, list):
        return Place(_text(value))
    message = (
        "is a list; expected a string, the one folder with the migrations.\nWhere a"
        " tool takes several, the others are a setting of its layout, such as folders ="
        ' ["…"] beside path'
    )
    raise MisfitError(message)


def _ports(converter: cattrs.Converter, value: object) -> Ports:
    if isinstance(value, dict):
        return (converter.structure(value, PortTable),)
    ports: Ports = _list(Ports, converter)(_expect(value, dict, list), Ports)
    return ports
