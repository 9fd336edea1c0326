"""Snapshots as text: same schema, same bytes; a changed fact is a changed line.

What takes no part in equality (sources, `Access`) is not written, nor is what has its
default. A table's columns are on a line each, and so are constraints, indexes, labels,
and the lines of a query or of a function's body.
"""

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

from pytest_userstate.application.structuring import (
    MisfitError,
    faults,
    is_generic,
    member,
)
from pytest_userstate.application.wording import inert_lines
from pytest_userstate.domain.errors import SnapshotFileError
from pytest_userstate.domain.snapshot import (
    CompositeType,
    Domain,
    Enum,
    Function,
    SchemaSnapshot,
    Table,
    View,
)

_FORMAT: typ.Final = 2
"""Format 1 had no rules, functions, owners, grants, and options of views."""
_FORMAT_KEY: typ.Final = "userstate_snapshot"

_STEP: typ.Final = "  "
_SPREAD: typ.Final = (Table, View, Enum, Domain, CompositeType, Function)
"""Values that are written over several lines, a fact on each."""
_SPREAD_FIELDS: typ.Final = frozenset({"labels", "attributes", "definition", "body"})
_TEXTS_IN_LINES: typ.Final = {View: "definition", Function: "body"}
"""Texts that are written as a list of their lines."""
_FIRST: typ.Final = ("schema", "name")
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


def write_snapshot(snapshot: SchemaSnapshot) -> str:
    """Return the text of a snapshot file.

    Examples
    --------
    >>> from pytest_userstate.domain.snapshot import Column
    >>> users = Table("users", [Column("id", "uuid"), Column("nick", "text")])
    >>> print(write_snapshot(SchemaSnapshot([users])), end="")
    {
      "userstate_snapshot": 2,
      "tables": [
        {
          "schema": "public",
          "name": "users",
          "columns": [
            {"name": "id", "data_type": "uuid"},
            {"name": "nick", "data_type": "text"}
          ]
        }
      ]
    }
    """
    members = [f'"{_FORMAT_KEY}": {_FORMAT}']
    members += [
        _key_and_value(field.name, getattr(snapshot, field.name), _STEP)
        for field in attrs.fields(SchemaSnapshot)
        if field.eq and getattr(snapshot, field.name)
    ]
    return _spread(members, "{}", "") + "\n"


def _object(value: typ.Any, margin: str) -> str:
    facts = dict(_facts(value))
    name = _TEXTS_IN_LINES.get(type(value), "")
    if isinstance(text := facts.get(name), str):
        facts[name] = tuple(text.split("\n"))
    if not isinstance(value, _SPREAD):
        return _line(facts)
    inner = margin + _STEP
    return _spread(
        [_key_and_value(*fact, inner) for fact in facts.items()], "{}", margin
    )


def _key_and_value(name: str, value: typ.Any, margin: str) -> str:
    return f"{_line(name)}: {_value(name, value, margin)}"


def _value(name: str, value: typ.Any, margin: str) -> str:
    inner = margin + _STEP
    if isinstance(value, tuple) and value and attrs.has(type(value[0])):
        return _spread([_object(item, inner) for item in value], "[]", margin)
    if name in _SPREAD_FIELDS and isinstance(value, tuple):
        return _spread([_line(item) for item in value], "[]", margin)
    return _line(value)


def _spread(members: cabc.Iterable[str], brackets: str, margin: str) -> str:
    """Return members on a line each, between brackets."""
    inner = f"\n{margin}{_STEP}"
    return f"{brackets[0]}{inner}{f',{inner}'.join(members)}\n{margin}{brackets[1]}"


def _line(value: typ.Any) -> str:
    """Return a value in a single line."""
    if attrs.has(type(value)):
        value = dict(_facts(value))
    return json.dumps(
        value, ensure_ascii=False, default=lambda part: dict(_facts(part))
    )


def _facts(value: typ.Any) -> cabc.Iterator[tuple[str, typ.Any]]:
    """Yield the facts of an object that are no defaults; its place comes first."""
    kind: typ.Any = type(value)
    for name, default in _layout(kind):
        known = getattr(value, name)
        if name in _FIRST or known != default:
            yield name, known


@functools.cache
def _layout(kind: type) -> tuple[tuple[str, typ.Any], ...]:
    """Return the facts that count for equality, in order, with their defaults."""
    fields = [field for field in attrs.fields(kind) if field.eq]
    fields.sort(key=lambda field: (field.name not in _FIRST, field.name == "name"))
    return tuple((field.name, field.default) for field in fields)


def read_snapshot(text: str, *, file: str) -> SchemaSnapshot:
    """Return the snapshot that a text holds, in any order and with any blanks.

    Messages name the file. A text that is damaged, of a newer format, or that holds
    something else is a `SnapshotFileError`.
    """
    value, version = _parsed(text, file)
    try:
        snapshot = _converter().structure(value, SchemaSnapshot)
    except BaseValidationError as error:
        problems = [
            f"`{_named(key, value)}` {problem}" if key else problem
            for key, problem in sorted(set(faults(error, "")))
        ]
    else:
        return attrs.evolve(snapshot, has_protection=version > 1)
    more = len(problems) - _MOST_FAULTS
    problems[_MOST_FAULTS:] = [f"and {more} more"] if more > 0 else []
    listed = inert_lines("\n".join(problems))
    problem = f"holds what no schema snapshot does:\n{listed}"
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
    version = value.pop(_FORMAT_KEY, None) if isinstance(value, dict) else None
    if type(version) is not int or version < 1:
        problem = f"is no schema snapshot: `{_FORMAT_KEY}` does not say which format"
        raise SnapshotFileError(file, problem)
    if version > _FORMAT:
        problem = (
            f"has format {version}, which a newer pytest-userstate wrote; this one "
            f"reads format {_FORMAT}: update it"
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
    names = []
    for part in key.split("."):
        match = _PLACE.fullmatch(part)
        value = _inside(value, match[1], int(match[2])) if match else None
        name = value.get("name") if isinstance(value, dict) else None
        names.append(f"{part} ({name})" if isinstance(name, str) else part)
    return ".".join(names)


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
    if kind in _TEXTS_IN_LINES:
        special[_TEXTS_IN_LINES[kind]] = override(struct_hook=_text_in_lines)
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
    kind_found = "null" if value is None else _TYPES.get(type(value), "a number")
    message = f"is {kind_found}; expected {_TYPES[kind]}"
    raise MisfitError(message)


def _member(value: object, kind: type[enum.StrEnum]) -> enum.StrEnum:
    return member(_expect(value, str), kind)


def _text_in_lines(value: object, _: object) -> str:
    """Return the query of a view or the body of a function."""
    return "\n".join(_expect(line, str) for line in _expect(value, list))
