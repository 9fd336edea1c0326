"""C#: one kind of name for types and values, so that a use has to look like one."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.outbound.wiring.syntax.language import (
    Binding,
    Implementation,
    Language,
    NamedNode,
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
_ALIAS = re.compile(r"(?:global\s+)?using\s+(?P<name>\w+)\s*=\s*(?P<target>[^;]+)")
_NEW = "implicit_object_creation_expression"
_SINGLETONS = frozenset({"Default", "Instance", "Shared"})


def _is_argument_of_call(place: NamedNode) -> bool:
    """Whether this is ``AddScoped<IPort, Type>()``, and not ``List<Type>``."""
    below = place.parent
    for node in place.parent.ancestors():
        if node.kind == "invocation_expression":
            return node.has_in_field("function", below)
        if node.kind == "member_access_expression":
            # Of a chain of calls, only the last name is what is called.
            if not node.has_in_field("name", below):
                return False
        elif node.kind != "generic_name":
            return False
        below = node
    return False


def _constructs(place: NamedNode) -> bool:
    """Whether this is ``Type x = new();``, and not a mere declaration."""
    return any(
        part.kind == _NEW or any(child.kind == _NEW for child in part.children)
        for part in place.parent.children
    )


def _is_called(place: NamedNode) -> bool:
    """Whether this is ``Type.Create(x)`` or ``Type.Instance``, and no constant."""
    around = place.parent.parent
    called = around is not None and around.kind == "invocation_expression"
    return called or place.text("name") in _SINGLETONS


def _relations(root: SgNode) -> cabc.Iterator[Implementation]:
    for kind in (*_TYPES, "interface_declaration"):
        for node in root.find_all(kind=kind):
            for part in node.children():
                if part.kind() == "base_list":
                    for base in part.children():
                        if base.is_named() and base.kind() != "argument_list":
                            name = text_of(node.field("name"))
                            is_interface = kind == "interface_declaration"
                            yield Implementation(
                                name, last_name(base.text()), is_interface
                            )


def _bindings(root: SgNode) -> cabc.Iterator[Binding]:
    for node in root.find_all(kind="using_directive"):
        if alias := _ALIAS.match(node.text()):
            path = re.findall(r"\w+", alias["target"].partition("<")[0])
            if path:
                is_global = alias[0].startswith("global")
                module = path[-2] if len(path) > 1 and not is_global else None
                yield Binding(alias["name"], path[-1], module)


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
    has_packages=True,
    has_ambiguous_arguments=True,
    relations=_relations,
    bindings=_bindings,
    owners=named(_TYPES),
)
"""C#'s entry."""
