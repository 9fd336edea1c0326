"""Writing a snapshot: same schema, same bytes, one fact a line where that is sensible.

What takes no part in equality (sources, `Access`) is not written, nor is what has
its default. A table's columns stand on a line each, and so do constraints,
indexes, labels, and the lines of a query: a change is a line of a diff.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import json
import typing as typ

import attrs

from pytest_userstate.domain.snapshot import (
    CompositeType,
    Domain,
    Enum,
    Function,
    SchemaSnapshot,
    Table,
    View,
)

FORMAT: typ.Final = 2
"""Format 1 had no rules, functions, owners, grants, and options of views."""
FORMAT_KEY: typ.Final = "userstate_snapshot"

_STEP: typ.Final = "  "
_SPREAD: typ.Final = (Table, View, Enum, Domain, CompositeType, Function)
"""What is written over several lines, a fact on each."""
_SPREAD_FIELDS: typ.Final = frozenset({"labels", "attributes", "definition", "body"})
TEXTS_IN_LINES: typ.Final = {View: "definition", Function: "body"}
"""Texts that are written as a list of their lines."""
_FIRST: typ.Final = ("schema", "name")


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
    members = [f'"{FORMAT_KEY}": {FORMAT}']
    members += [
        _member(field.name, getattr(snapshot, field.name), _STEP)
        for field in attrs.fields(SchemaSnapshot)
        if field.eq and getattr(snapshot, field.name)
    ]
    return _spread(members, "{}", "") + "\n"


def _object(value: typ.Any, margin: str) -> str:
    facts = dict(_facts(value))
    name = TEXTS_IN_LINES.get(type(value), "")
    if isinstance(text := facts.get(name), str):
        facts[name] = tuple(text.split("\n"))
    if not isinstance(value, _SPREAD):
        return _line(facts)
    inner = margin + _STEP
    return _spread([_member(*fact, inner) for fact in facts.items()], "{}", margin)


def _member(name: str, value: typ.Any, margin: str) -> str:
    return f"{_line(name)}: {_value(name, value, margin)}"


def _value(name: str, value: typ.Any, margin: str) -> str:
    inner = margin + _STEP
    if isinstance(value, tuple) and value and attrs.has(type(value[0])):
        return _spread([_object(each, inner) for each in value], "[]", margin)
    if name in _SPREAD_FIELDS and isinstance(value, tuple):
        return _spread([_line(each) for each in value], "[]", margin)
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
    """Yield what is known of an object: where it is first, its parts last."""
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
