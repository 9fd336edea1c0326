"""What is not said of an object is what PostgreSQL does when nothing is said."""

from __future__ import annotations

import inspect
import typing as typ

import attrs
import pytest

from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
    Policy,
    Rule,
    Source,
    Trigger,
)
from pytest_userstate.domain.relations import TableKind, ViewKind
from pytest_userstate.domain.snapshot import (
    CompositeType,
    DefaultPrivileges,
    Domain,
    DroppedObject,
    Enum,
    Extension,
    Function,
    RangeType,
    SchemaSnapshot,
    Sequence,
    Table,
    View,
)

DEFAULTS: dict[type[attrs.AttrsInstance], dict[str, object]] = {
    Column: {"has_equality": True},
    Table: {
        "schema": "public",
        "kind": TableKind.ORDINARY,
        "replica_identity": "default",
    },
    View: {"schema": "public", "kind": ViewKind.VIEW},
    Enum: {"schema": "public"},
    Domain: {"schema": "public", "is_nullable": True},
    Sequence: {
        "schema": "public",
        "data_type": "bigint",
        "start": 1,
        "increment": 1,
        "minimum": 1,
        "maximum": 9_223_372_036_854_775_807,
        "cache": 1,
    },
    CompositeType: {"schema": "public"},
    RangeType: {"schema": "public"},
    Function: {
        "schema": "public",
        "language": "sql",
        "volatility": "volatile",
        "executors": ("public",),
    },
    DefaultPrivileges: {},
    Extension: {"schema": "public"},
    ForeignKey: {
        "target_schema": "public",
        "on_update": "no action",
        "on_delete": "no action",
        "is_validated": True,
        "match": "simple",
        "is_enforced": True,
    },
    KeyConstraint: {"nulls_distinct": True},
    CheckConstraint: {"is_validated": True, "is_enforced": True},
    ExclusionConstraint: {},
    Index: {"method": "btree", "nulls_distinct": True, "is_valid": True},
    Trigger: {"is_enabled": True, "fires": "origin"},
    Rule: {"is_enabled": True, "fires": "origin"},
    Policy: {"command": "all", "roles": ("public",), "is_permissive": True},
    DroppedObject: {},
    SchemaSnapshot: {"has_protection": True, "search_path": ("public",)},
}
"""The defaults that are something; all others are None, False, or empty."""

IN_ORDER: dict[type[attrs.AttrsInstance], tuple[str, ...]] = {
    Source: ("path", "line"),
    Column: ("name", "data_type", "is_nullable", "is_primary_key"),
    Table: ("name", "columns", "schema"),
    View: ("name", "columns", "schema"),
    SchemaSnapshot: ("tables",),
}
"""What can be given without its name; of all other objects, nothing can."""


@pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.__name__)
def test_what_is_not_said_is_the_servers_default(
    kind: type[attrs.AttrsInstance],
) -> None:
    """Or unremarkable: no flag is set, and there are no parts."""
    needed: dict[str, typ.Any] = {
        each.name: "x" if each.converter is None else ["x"]
        for each in attrs.fields(kind)
        if each.default is attrs.NOTHING
    }
    value = kind(**needed)
    defaults = {
        each.name: getattr(value, each.name)
        for each in attrs.fields(kind)
        if each.name not in needed
    }
    assert {name: each for name, each in defaults.items() if each} == DEFAULTS[kind]
    flags = {each.name for each in attrs.fields(kind) if each.name.startswith("is_")}
    assert all(type(defaults.get(name, False)) is bool for name in flags)


@pytest.mark.parametrize("kind", [Source, *DEFAULTS], ids=lambda kind: kind.__name__)
def test_only_what_is_plain_can_be_given_without_its_name(
    kind: type[attrs.AttrsInstance],
) -> None:
    """Flags and texts in a row could be mistaken for each other."""
    parameters = inspect.signature(kind).parameters.values()
    in_order = (each.name for each in parameters if each.kind is not each.KEYWORD_ONLY)
    assert tuple(in_order) == IN_ORDER.get(kind, ())


@pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.__name__)
def test_where_an_object_comes_from_does_not_make_it_another(
    kind: type[attrs.AttrsInstance],
) -> None:
    """Apart from what was dropped, of which it is a part."""
    aside = {each.name for each in attrs.fields(kind) if not each.eq}
    origin = {"source", "changed_by"} & {each.name for each in attrs.fields(kind)}
    assert aside >= origin or kind is DroppedObject
