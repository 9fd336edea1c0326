"""Go: types need not say what they implement, and functions construct them."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.outbound.wiring.syntax.language import (
    MODULE,
    Binding,
    Constructor,
    Implementation,
    Language,
    NamedNode,
    Role,
    Rule,
    always,
    defined_by,
    directly,
    last_name,
    text_of,
)

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

    from pytest_userstate.outbound.wiring.syntax.tree import SyntaxNode

_CONSTRUCTOR = re.compile(r"(?:Must)?[Nn]ew(?P<type>.*)")
_CONSTRUCTED = frozenset({"type_identifier", "qualified_type", "generic_type"})
_VERSION = re.compile(r"/v\d+$|\.v\d+$")


def _is_assertion(place: NamedNode) -> bool:
    """Whether this is ``var _ Port = (*Type)(nil)``, which only asks the compiler."""
    return place.text("name") == "_"


def _is_zero_value(place: NamedNode) -> bool:
    return place.child.kind in _CONSTRUCTED and place.parent.field("value") is None


def _is_constructed(place: NamedNode) -> bool:
    return place.child.kind in _CONSTRUCTED


def _is_new(place: NamedNode) -> bool:
    return place.text("function") == "new"


def _is_call(place: NamedNode) -> bool:
    """Whether this is ``Provide[Type](x)``, which parses as a conversion."""
    around = place.parent.parent
    return around is not None and around.kind == "type_conversion_expression"


def _is_field_of_value(place: NamedNode) -> bool:
    """Whether this is a field, and neither of a package nor a constructor."""
    is_constructor = _CONSTRUCTOR.fullmatch(place.child.text)
    return not is_constructor and place.text("operand") not in place.child.tree.bound


def _is_key(place: NamedNode) -> bool:
    """Whether the child is the key of a pair, and nothing but a name."""
    inner = place.child.children
    return place.child.index == 0 and len(inner) == 1 and not inner[0].children


def _relations(root: SgNode) -> cabc.Iterator[Implementation]:
    for node in root.find_all(kind="var_spec"):
        port, value = node.field("type"), node.field("value")
        if text_of(node.field("name")) == "_" and port and value:
            for name in re.findall(r"\w+", value.text()):
                yield Implementation(name, last_name(port.text()))
    package = text_of(root.find(kind="package_identifier"))
    for node in root.find_all(kind="function_declaration"):
        # An interface is never returned by a pointer.
        for interface in _results(node, _CONSTRUCTED):
            for name in _returned(node) or _constructed(node, package):
                if name != interface:
                    yield Implementation(name, interface)
    for node in root.find_all(kind="type_spec"):
        for embedded in _embedded(node):
            yield Implementation(text_of(node.field("name")), embedded)


def _bindings(root: SgNode) -> cabc.Iterator[Binding]:
    for node in root.find_all(kind="import_spec"):
        path = _VERSION.sub("", text_of(node.field("path")).strip('"`'))
        module = path.rpartition("/")[2]
        yield Binding(text_of(node.field("name")) or module, MODULE, module)
    for node in root.find_all(kind="type_alias"):
        target = last_name(text_of(node.field("type")))
        yield Binding(text_of(node.field("name")), target)


def _owners(node: SyntaxNode) -> tuple[str, ...]:
    """Return the type of a method, or the types that a constructor is there for."""
    match node.kind:
        case "method_declaration":
            return tuple(re.findall(r"\w+", node.text_of("receiver")))
        case "function_declaration":
            name = _CONSTRUCTOR.fullmatch(node.text_of("name"))
            if not name:
                return ()
            return (name["type"], *_results(node.raw), *_constructed(node.raw, ""))
        case _:
            return ()


def _results(
    function: SgNode, kinds: frozenset[str] = _CONSTRUCTED | {"pointer_type"}
) -> tuple[str, ...]:
    """Return the names of the types that a function returns."""
    result = function.field("result")
    if result is None:
        return ()
    several = [result, *(p.field("type") for p in result.children())]
    names = [last_name(n.text()) for n in several if n and n.kind() in kinds]
    return tuple(dict.fromkeys(names))


def _constructed(function: SgNode, package: str) -> tuple[str, ...]:
    """Return the types of the literals that a constructor returns.

    If none is seen, the constructor returns itself: something of an unknown
    type.
    """
    name = text_of(function.field("name"))
    if function.field("body") is None or not _CONSTRUCTOR.fullmatch(name):
        return ()
    return _returned(function) or ((f"{package}.{name}",) if package else ())


def _returned(function: SgNode) -> tuple[str, ...]:
    """Return the types of the literals that a function returns first."""
    body = function.field("body")
    if body is None:
        return ()
    literals = {
        _first_name(left): _literal(node.field("right"))
        for node in body.find_all(kind="short_var_declaration")
        if (left := node.field("left"))
    }
    returned = [
        _literal(expressions) or literals.get(_first_name(expressions), "")
        for node in body.find_all(kind="return_statement")
        for expressions in node.children()
        if expressions.kind() == "expression_list"
    ]
    return tuple(dict.fromkeys(filter(None, returned)))


def _embedded(definition: SgNode) -> cabc.Iterator[str]:
    """Yield the types that a struct embeds: it has their methods."""
    struct = definition.field("type")
    if struct is None or struct.kind() != "struct_type":
        return
    for fields in struct.children():
        for field in fields.children():
            if field.kind() == "field_declaration" and field.field("name") is None:
                yield last_name(text_of(field.field("type")))


def _first_name(expressions: SgNode) -> str:
    first = expressions.child(0)
    if first and first.kind() == "unary_expression":
        first = first.field("operand")
    return first.text() if first and first.kind() == "identifier" else ""


def _literal(expressions: SgNode | None) -> str:
    """Return the type of the literal that is the first of some expressions."""
    first = expressions.child(0) if expressions else None
    if first and first.kind() == "unary_expression":
        first = first.field("operand")
    if first is None or first.kind() != "composite_literal":
        return ""
    return last_name(text_of(first.field("type")))


def _aliases(name: str) -> tuple[str, ...]:
    constructor = _CONSTRUCTOR.fullmatch(name)
    return (constructor["type"],) if constructor and constructor["type"] else ()


def _constructors(root: SgNode) -> cabc.Iterator[Constructor]:
    package = text_of(root.find(kind="package_identifier"))
    for node in root.find_all(kind="function_declaration"):
        name = text_of(node.field("name"))
        results = _results(node)
        if _CONSTRUCTOR.fullmatch(name) and results:
            returns = (*_constructed(node, package), *results)
            yield Constructor(package, name, returns)


GO = Language(
    name="Go",
    grammar="go",
    test_file=re.compile(r".*_test\.go"),
    values=frozenset({"identifier", "field_identifier"}),
    types=frozenset({"type_identifier"}),
    vetoes=always("import_declaration", "package_clause") | {"var_spec": _is_assertion},
    rules={
        **defined_by(["type_spec"]),
        **defined_by(
            [
                *("type_alias", "function_declaration", "method_declaration"),
                *("method_elem", "field_declaration", "const_spec"),
                "parameter_declaration",
            ],
            role=Role.IGNORED,
        ),
        "var_spec": (
            Rule(Role.IGNORED, "name"),
            Rule(Role.USE, "type", _is_zero_value),
        ),
        "short_var_declaration": (Rule(Role.IGNORED, "left"),),
        "assignment_statement": (Rule(Role.IGNORED, "left"),),
        "keyed_element": (Rule(Role.IGNORED, when=_is_key),),
        "selector_expression": (Rule(Role.IGNORED, "field", _is_field_of_value),),
        "composite_literal": (Rule(Role.USE, "type", _is_constructed),),
        "call_expression": (
            Rule(Role.USE, "arguments", _is_new),
            Rule(Role.USE, "type_arguments"),
        ),
        "generic_type": (Rule(Role.USE, "type_arguments", _is_call),),
        "type_conversion_expression": (Rule(Role.USE, "type", directly),),
    },
    qualifiers={
        "selector_expression": ("operand", "field"),
        "qualified_type": ("package", "name"),
    },
    is_nominal=False,
    has_packages=True,
    relations=_relations,
    bindings=_bindings,
    owners=_owners,
    aliases=_aliases,
    constructors=_constructors,
)
"""Go's entry."""
