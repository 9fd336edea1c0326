"""Hypothesis strategies: snapshots in which every fact of every value can occur."""

from __future__ import annotations

import enum
import types
import typing as typ

import attrs
from hypothesis import strategies as st

from pytest_userstate.domain.snapshot import SchemaSnapshot

_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8
) | st.sampled_from(["", "public", "a.b", "line\nline\n", '"', "\u2028", "<<<<<<<"])
_SCALARS: dict[typ.Any, st.SearchStrategy[typ.Any]] = {
    type(None): st.none(),
    str: _TEXTS,
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
}


def _values(kind: typ.Any, *, unique: bool = False) -> st.SearchStrategy[typ.Any]:
    origin, arguments = typ.get_origin(kind), typ.get_args(kind)
    if origin in {typ.Union, types.UnionType}:
        return st.one_of(*map(_values, arguments))
    if origin is tuple:
        return st.lists(
            _values(arguments[0]),
            max_size=3,
            unique_by=(lambda each: each.name) if unique else None,
        )
    if kind in _SCALARS:
        return _SCALARS[kind]
    return st.sampled_from(kind) if issubclass(kind, enum.Enum) else objects(kind)


def objects(kind: type) -> st.SearchStrategy[typ.Any]:
    """Return a strategy that draws each fact that counts for equality."""
    fields = [field for field in attrs.fields(attrs.resolve_types(kind)) if field.eq]
    return st.builds(
        kind,
        **{
            field.name: _values(
                field.type,
                unique=field.name == "columns" and kind.__name__ == "Table",
            )
            for field in fields
            if field.name not in {"tables", "views"}
        },
        **_relations(kind),
    )


def _relations(kind: type) -> dict[str, st.SearchStrategy[typ.Any]]:
    """Return tables and views, none of them named twice."""
    if kind is not SchemaSnapshot:
        return {}
    members = {field.name: field for field in attrs.fields(kind)}
    drawn = {}
    for number, name in enumerate(("tables", "views")):
        drawn[name] = st.lists(
            _values(typ.get_args(members[name].type)[0]),
            max_size=2,
            unique_by=lambda each: (each.schema, each.name),
        ).map(lambda values, number=number: _apart(values, number))
    return drawn


def _apart(values: list[typ.Any], number: int) -> list[typ.Any]:
    """Keep tables and views from having the same name."""
    return [attrs.evolve(each, name=f"{each.name}{number}") for each in values]


full_snapshots = objects(SchemaSnapshot)
