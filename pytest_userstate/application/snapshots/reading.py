"""Reading a snapshot file back, or saying what is wrong with it."""

from __future__ import annotations

import collections.abc as cabc
import enum
import functools
import json
import re
import typing as typ

import attrs
import cattrs
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, override

from pytest_userstate.application.printable import inert_lines
from pytest_userstate.application.snapshots.writing import (
    FORMAT,
    FORMAT_KEY,
    TEXTS_IN_LINES,
)
from pytest_userstate.application.structuring import (
    MisfitError,
    faults,
    is_generic,
    member,
)
from pytest_userstate.domain.errors import SnapshotFileError
from pytest_userstate.domain.snapshot import SchemaSnapshot

_CONFLICT: typ.Final = re.compile(r"^(?:<<<<<<<|=======|>>>>>>>)", re.MULTILINE)
_PLACE: typ.Final = re.compile(r"(\w+)\[(\d+)\]")
_MOST_FAULTS: typ.Final = 10
_TYPES: typ.Final[dict[type, str]] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "an object",
}


def read_snapshot(text: str, *, file: str) -> SchemaSnapshot:
    """Read what `write_snapshot` wrote; other blanks and another order are fine.

    Parameters
    ----------
    text : str
        The file's text.
    file : str
        The file's name, for messages.

    Raises
    ------
    SnapshotFileError
        When the text is damaged, of a newer format, or holds what no snapshot does.
    """
    value, version = _parsed(text, file)
    try:
        snapshot = _converter().structure(value, SchemaSnapshot)
    except BaseValidationError as error:
        found = sorted(set(faults(error, "")))
    else:
        return attrs.evolve(snapshot, has_protection=version > 1)
    told = [
        f"`{_named(key, value)}` {problem}" if key else problem
        for key, problem in found
    ]
    more = len(told) - _MOST_FAULTS
    told[_MOST_FAULTS:] = [f"and {more} more"] if more > 0 else []
    problem = "holds what no schema snapshot does:\n" + inert_lines("\n".join(told))
    raise SnapshotFileError(file, problem)


def _parsed(text: str, file: str) -> tuple[dict[str, typ.Any], int]:
    """Return the file's object, and its format."""
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise SnapshotFileError(file, "holds a merge conflict", line=line)
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise SnapshotFileError(
            file, f"is damaged: {error.msg}", line=error.lineno, column=error.colno
        ) from None
    except MisfitError as error:
        raise SnapshotFileError(file, f"is damaged: {error}") from None
    except RecursionError:
        problem = "is damaged: its values are nested too deeply"
        raise SnapshotFileError(file, problem) from None
    version = value.pop(FORMAT_KEY, None) if isinstance(value, dict) else None
    if type(version) is not int or version < 1:
        problem = f"is no schema snapshot: `{FORMAT_KEY}` does not say which format"
        raise SnapshotFileError(file, problem)
    if version > FORMAT:
        problem = (
            f"has format {version}, which a newer pytest-userstate wrote; this one "
            f"reads format {FORMAT}: update it"
        )
        raise SnapshotFileError(file, problem, is_newer=True)
    return dict(value), version


def _without_duplicates(pairs: list[tuple[str, typ.Any]]) -> dict[str, typ.Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"one object has the key {twice!r} twice"
        raise MisfitError(message)
    return value


def _named(key: str, value: typ.Any) -> str:
    """Return the key with the names of the objects on its way."""
    told = []
    for part in key.split("."):
        match = _PLACE.fullmatch(part)
        value = _inside(value, match[1], int(match[2])) if match else None
        name = value.get("name") if isinstance(value, dict) else None
        told.append(f"{part} ({name})" if isinstance(name, str) else part)
    return ".".join(told)


def _inside(value: typ.Any, name: str, index: int) -> typ.Any:
    values = value.get(name) if isinstance(value, dict) else None
    return values[index] if isinstance(values, list) and index < len(values) else None


@functools.cache
def _converter() -> cattrs.Converter:
    """Return the converter that knows the values, and coerces nothing."""
    converter = cattrs.Converter()
    for kind in (str, bool, int):
        converter.register_structure_hook(kind, functools.partial(_scalar, kind))
    converter.register_structure_hook(enum.StrEnum, _member)
    converter.register_structure_hook_factory(
        attrs.has, lambda kind: _checked(dict, _structure(kind, converter))
    )
    converter.register_structure_hook_factory(
        functools.partial(is_generic, tuple),
        lambda kind: _checked(
            list, homogenous_tuple_structure_factory(kind, converter)
        ),
    )
    return converter


def _structure(
    kind: type, converter: cattrs.Converter
) -> cabc.Callable[[typ.Any, typ.Any], typ.Any]:
    special: dict[str, typ.Any] = {
        field.name: override(omit=True) for field in attrs.fields(kind) if not field.eq
    }
    if kind in TEXTS_IN_LINES:
        special[TEXTS_IN_LINES[kind]] = override(struct_hook=_text_in_lines)
    return make_dict_structure_fn(
        kind, converter, _cattrs_forbid_extra_keys=True, **special
    )


def _checked(
    json_type: type, read: cabc.Callable[[typ.Any, typ.Any], typ.Any]
) -> cabc.Callable[[typ.Any, typ.Any], typ.Any]:
    return lambda value, kind: read(_expect(value, json_type), kind)


def _scalar(kind: type, value: object, _: object) -> object:
    return _expect(value, kind)


def _expect(value: object, kind: type) -> typ.Any:
    """Return the value if its JSON type is this one (true is no number)."""
    if type(value) is kind:
        return value
    shown = "null" if value is None else _TYPES.get(type(value), "a number")
    message = f"is {shown}; expected {_TYPES[kind]}"
    raise MisfitError(message)


def _member(value: object, kind: type[enum.StrEnum]) -> enum.StrEnum:
    return member(_expect(value, str), kind)


def _text_in_lines(value: object, _: object) -> str:
    """Return the query of a view or the body of a function."""
    return "\n".join(_expect(line, str) for line in _expect(value, list))
