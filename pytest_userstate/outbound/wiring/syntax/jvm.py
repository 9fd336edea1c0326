"""Java and Kotlin: containers construct what an annotation marks."""

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
    directly,
    is_constant,
    last_name,
    named,
    text_of,
)

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

    from pytest_userstate.outbound.wiring.syntax.tree import SyntaxNode

_STEREOTYPES = frozenset(
    {
        *("ApplicationScoped", "Component", "Named", "Repository", "RequestScoped"),
        *("Service", "Single", "Singleton", "ContributesBinding"),
    }
)
_LOOKS = frozenset({"getLogger", "isInstance", "mock", "spy"})
_TEST_FILE = re.compile(r".*(?:Tests?|IT|Spec)\.(?:java|kt)")
_JAVA_TYPES = ("class_declaration", "record_declaration", "enum_declaration")


def _is_component(place: NamedNode) -> bool:
    """Whether the type that the name defines has an annotation for containers."""
    children = place.parent.children
    modifiers = next((c for c in children if c.kind == "modifiers"), None)
    return modifiers is not None and any(
        last_name(part.text.lstrip("@")) in _STEREOTYPES
        for part in modifiers.children
        if part.kind in {"annotation", "marker_annotation"}
    )


def _is_direct_component(place: NamedNode) -> bool:
    return place.is_direct and _is_component(place)


def _has_body(place: NamedNode) -> bool:
    return any(child.kind == "class_body" for child in place.parent.children)


_FUNCTIONS = frozenset({"lambda_expression", "method_reference"})


def _is_type_of_function(place: NamedNode) -> bool:
    """Whether a variable or a cast of the type has a lambda as its value."""
    node = place.parent
    declarators = [c for c in node.children if c.kind == "variable_declarator"]
    values = [declarator.field("value") for declarator in declarators or [node]]
    return any(value is not None and value.kind in _FUNCTIONS for value in values)


def _is_type_of_returned_function(place: NamedNode) -> bool:
    """Whether a method of this result returns a lambda."""
    body = place.parent.field("body")
    return any(
        child.kind in _FUNCTIONS
        for part in (body.children if body else ())
        if part.kind == "return_statement"
        for child in part.children
    )


def _takes_only_a_function(place: NamedNode) -> bool:
    """Whether this is ``Port { … }`` or ``Port(::f)``: an object of an interface."""
    call: SyntaxNode | None = place.parent
    if call and call.kind == "navigation_suffix":  # app.Port { … }
        call = call.parent.parent if call.parent else None
    if not place.is_direct or call is None or call.kind != "call_expression":
        return False
    [*suffix] = call.children[-1].children[:1]
    if suffix and suffix[0].kind == "value_arguments":
        given = [part for part in suffix[0].children if part.kind == "value_argument"]
        suffix = [*given[0].children] if len(given) == 1 else []
    kinds = [part.kind for part in suffix]
    return kinds in (["annotated_lambda"], ["callable_reference"])


def _is_base(place: NamedNode) -> bool:
    return place.child.kind == "delegation_specifier"


def _is_looked_at(place: NamedNode) -> bool:
    arguments = place.parent.parent
    call = arguments.parent if arguments else None
    return call is not None and call.text_of("name") in _LOOKS


def _names_constant(place: NamedNode) -> bool:
    return is_constant(place.text("field"))


def _java_relations(root: SgNode) -> cabc.Iterator[Implementation]:
    for kind in (*_JAVA_TYPES, "interface_declaration"):
        for node in root.find_all(kind=kind):
            for part in node.children():
                match part.kind():
                    case "superclass":
                        bases = part.children()
                    case "super_interfaces" | "extends_interfaces":
                        bases = part.children()[-1].children()
                    case _:
                        continue
                for base in bases:
                    if base.is_named():
                        name = text_of(node.field("name"))
                        is_interface = kind == "interface_declaration"
                        yield Implementation(name, last_name(base.text()), is_interface)


def _java_bindings(root: SgNode) -> cabc.Iterator[Binding]:
    for node in root.find_all(kind="import_declaration"):
        path = re.findall(r"[\w*]+", node.text())
        if len(path) > 2 and path[-1] != "*":
            yield Binding(path[-1], path[-1], path[-2])


JAVA = Language(
    name="Java",
    grammar="java",
    test_file=_TEST_FILE,
    types=frozenset({"type_identifier", "identifier"}),
    vetoes=always("import_declaration", "package_declaration"),
    rules={
        **dict.fromkeys(
            _JAVA_TYPES,
            (
                Rule(Role.COMPONENT, "name", _is_component),
                Rule(Role.DEFINITION, "name"),
            ),
        ),
        "type_arguments": (Rule(Role.IGNORED),),
        "argument_list": (Rule(Role.IGNORED, when=directly),),
        "object_creation_expression": (
            Rule(Role.UNNAMED, "type", _has_body),
            Rule(Role.USE, "type"),
        ),
        **dict.fromkeys(
            ("field_declaration", "local_variable_declaration", "cast_expression"),
            (Rule(Role.UNNAMED, "type", _is_type_of_function),),
        ),
        "method_declaration": (
            Rule(Role.UNNAMED, "type", _is_type_of_returned_function),
        ),
        "class_literal": (
            Rule(Role.IGNORED, when=_is_looked_at),
            Rule(Role.USE),
        ),
        "method_reference": (Rule(Role.USE),),
        "method_invocation": (Rule(Role.USE, "object", directly),),
        "field_access": (
            Rule(Role.IGNORED, "object", _names_constant),
            Rule(Role.USE, "object", directly),
        ),
    },
    has_packages=True,
    has_ambiguous_arguments=True,
    relations=_java_relations,
    bindings=_java_bindings,
    owners=named(_JAVA_TYPES),
)
"""Java's entry."""

_KOTLIN_TYPES = frozenset({"class_declaration", "object_declaration"})


def _is_member_constant(place: NamedNode) -> bool:
    return place.is_direct and is_constant(last_name(place.parent.text))


def _is_property(place: NamedNode) -> bool:
    """Whether this is ``ports.users``, and no call of ``adapters.PostgresUsers``."""
    access = place.parent.parent
    call = access.parent if access else None
    return call is None or call.kind != "call_expression"


def _is_type_argument(place: NamedNode) -> bool:
    return place.child.kind == "type_arguments"


def _kotlin_owners(node: SyntaxNode) -> tuple[str, ...]:
    if node.kind not in _KOTLIN_TYPES:
        return ()
    return tuple(c.text for c in node.children if c.kind == "type_identifier")[:1]


def _kotlin_relations(root: SgNode) -> cabc.Iterator[Implementation]:
    for kind in _KOTLIN_TYPES:
        for node in root.find_all(kind=kind):
            parts = node.children()
            names = [part.text() for part in parts if part.kind() == "type_identifier"]
            is_interface = any(part.kind() == "interface" for part in parts)
            for part in parts:
                if names and part.kind() == "delegation_specifier":
                    base = last_name(text_of(part.find(kind="user_type")))
                    yield Implementation(names[0], base, is_interface)


def _kotlin_bindings(root: SgNode) -> cabc.Iterator[Binding]:
    for node in root.find_all(kind="import_header"):
        path, _, alias = node.text().partition(" as ")
        names = re.findall(r"[\w*]+", path)
        if len(names) > 2 and names[-1] != "*":
            yield Binding(alias.strip() or names[-1], names[-1], names[-2])
    for node in root.find_all(kind="type_alias"):
        name, _, target = node.text().partition("=")
        if declared := re.search(r"typealias\s+(\w+)", name):
            yield Binding(declared[1], last_name(target))


KOTLIN = Language(
    name="Kotlin",
    grammar="kotlin",
    test_file=_TEST_FILE,
    values=frozenset({"simple_identifier"}),
    types=frozenset({"type_identifier"}),
    vetoes=always("import_header", "package_header", "type_alias"),
    rules={
        **dict.fromkeys(
            _KOTLIN_TYPES,
            (
                Rule(Role.COMPONENT, when=_is_direct_component),
                Rule(Role.DEFINITION, when=directly),
            ),
        ),
        **dict.fromkeys(
            [
                *("function_declaration", "variable_declaration", "enum_entry"),
                *("class_parameter", "parameter"),
            ],
            (Rule(Role.IGNORED, when=directly),),
        ),
        "object_literal": (Rule(Role.UNNAMED, when=_is_base),),
        "user_type": (Rule(Role.IGNORED, when=_is_type_argument),),
        "call_expression": (Rule(Role.UNNAMED, when=_takes_only_a_function),),
        "callable_reference": (Rule(Role.USE),),
        "call_suffix": (Rule(Role.USE, when=_is_type_argument),),
        "navigation_expression": (Rule(Role.IGNORED, when=_is_member_constant),),
        "navigation_suffix": (
            Rule(Role.UNNAMED, when=_takes_only_a_function),
            Rule(Role.IGNORED, when=_is_property),
        ),
    },
    has_packages=True,
    has_ambiguous_arguments=True,
    relations=_kotlin_relations,
    bindings=_kotlin_bindings,
    owners=_kotlin_owners,
)
"""Kotlin's entry."""
