"""C#: one kind of name for types and values, so that a use has to look like one."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.outbound.wiring.syntax.language import (
    Language,
    Place,
    Relation,
    Role,
    Rule,
    always,
    defined_by,
    last_name,
    named,
    text_of,
)

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

_TYPES = ("class_declaration", "record_declaration", "struct_declaration")
_NEW = "implicit_object_creation_expression"
_SINGLETONS = frozenset({"Default", "Instance", "Shared"})


def _is_argument_of_call(place: Place) -> bool:
    """Tell ``AddScoped<IPort, Type>()`` from ``List<Type>``."""
    below = place.parent
    for node in place.parent.ancestors():
        if node.kind() == "invocation_expression":
            return below == node.field("function")
        if node.kind() not in {"generic_name", "member_access_expression"}:
            return False
        below = node
    return False


def _constructs(place: Place) -> bool:
    """Tell ``Type x = new();`` from a mere declaration."""
    return any(
        part.kind() == _NEW or any(each.kind() == _NEW for each in part.children())
        for part in place.parent.children()
    )


def _is_called(place: Place) -> bool:
    """Tell ``Type.Create(x)`` and ``Type.Instance`` from a constant."""
    around = place.parent.parent()
    called = around is not None and around.kind() == "invocation_expression"
    return called or place.text("name") in _SINGLETONS


def _relations(root: SgNode) -> cabc.Iterator[Relation]:
    for kind in (*_TYPES, "interface_declaration"):
        for node in root.find_all(kind=kind):
            for part in node.children():
                if part.kind() == "base_list":
                    for base in part.children():
                        if base.is_named() and base.kind() != "argument_list":
                            name = text_of(node.field("name"))
                            yield Relation(name, last_name(base.text()))


CSHARP = Language(
    name="C#",
    grammar="csharp",
    test_file=re.compile(r".*Tests?\.cs"),
    types=frozenset({"identifier"}),
    vetoes=always("using_directive"),
    rules={
        **defined_by(_TYPES),
        "object_creation_expression": (Rule(Role.USE, "type"),),
        "type_argument_list": (
            Rule(Role.USE, when=_is_argument_of_call),
            Rule(Role.IGNORED),
        ),
        "typeof_expression": (Rule(Role.USE),),
        "member_access_expression": (Rule(Role.USE, "expression", _is_called),),
        "variable_declaration": (Rule(Role.USE, "type", _constructs),),
        "property_declaration": (Rule(Role.USE, "type", _constructs),),
    },
    qualifiers={"qualified_name": ("qualifier", "name")},
    relations=_relations,
    owners=named(_TYPES),
)
"""C#'s entry."""
