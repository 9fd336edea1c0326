"""The JSON Schema of the configuration, from the classes that read it.

Editors complete and check ``userstate.toml`` with it. It describes the form of the
file: whether a check or a column exists is known only to an audit.
"""

from __future__ import annotations

import datetime as dt
import enum
import typing as typ

import attrs

from pytest_userstate.application.configuration import (
    Document,
    Names,
    Ports,
    PortTable,
    table_fields,
)
from pytest_userstate.application.settings import MigrationsSetting
from pytest_userstate.domain.model import Revisions, StorageModel

Schema: typ.TypeAlias = dict[str, typ.Any]

_TEXT: typ.Final[Schema] = {"$ref": "#/$defs/text"}
_NAMES: typ.Final[Schema] = {"$ref": "#/$defs/names"}
_DEFINITIONS: typ.Final[Schema] = {
    "text": {"type": "string", "pattern": r"\S"},
    "names": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "uniqueItems": True}]},
}
_SCALARS: typ.Final[dict[object, Schema]] = {
    str: _TEXT,
    Names: _NAMES,
    bool: {"type": "boolean"},
    float: {"type": "number", "exclusiveMinimum": 0},
    Revisions: {"enum": [True, False, *Revisions]},
    dt.date: {"type": "string", "format": "date"},
}


def configuration_schema() -> Schema:
    """Return the schema of ``userstate.toml`` and of ``[tool.userstate]``.

    Examples
    --------
    >>> configuration_schema()["properties"]["recognize"]
    {'type': 'boolean'}
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of pytest-userstate",
        **_table(Document),
        "$defs": _DEFINITIONS,
    }


def _schema(kind: typ.Any) -> Schema:
    """Return the schema of a value that is read as this type."""
    origin, arguments = typ.get_origin(kind), typ.get_args(kind)
    schema: Schema
    if kind in _SCALARS:
        schema = _SCALARS[kind]
    elif kind == Ports:
        schema = {"anyOf": [_table(PortTable), _list(_table(PortTable))]}
    elif kind is MigrationsSetting:
        schema = {"anyOf": [_TEXT, {**_table(kind), "additionalProperties": True}]}
    elif attrs.has(kind):
        schema = _table(kind)
    elif isinstance(kind, type) and issubclass(kind, enum.StrEnum):
        schema = {"enum": [str(member) for member in kind]}
    elif origin is dict:
        schema = {"type": "object", "additionalProperties": _schema(arguments[1])}
    elif origin in {tuple, frozenset}:
        schema = _list(_schema(arguments[0]))
    else:  # a key that may be left out, which TOML has no null for
        [present] = [part for part in arguments if part is not type(None)]
        schema = _schema(present)
    return schema


def _table(kind: type) -> Schema:
    """Return the schema of a table that is read as this class."""
    keys = {field.key: field for field in table_fields(kind)}
    properties = {key: _schema(field.kind) for key, field in keys.items()}
    if kind is StorageModel:
        some = {**_list(_TEXT), "minItems": 1}
        properties["table"] = {"anyOf": [_TEXT, some]}
        properties["any_of"] = _list(some)
        properties["revision"] = _revision(properties)
    required = [key for key, field in keys.items() if field.is_required]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _revision(properties: Schema) -> Schema:
    """Take the keys of a revision in another table into one; return its schema."""
    inner = {
        key.partition(".")[2]: properties.pop(key)
        for key in [*properties]
        if key.startswith("revision.")
    }
    elsewhere = {
        "type": "object",
        "properties": {**inner, "column": properties["revision"]},
        "additionalProperties": False,
    }
    return {"anyOf": [_NAMES, elsewhere]}


def _list(entries: Schema) -> Schema:
    """Return the schema of a list without duplicates."""
    return {"type": "array", "items": entries, "uniqueItems": True}
