"""Go: types need not say what they implement, and functions construct them."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.outbound.wiring.syntax.language import (
    Constructor,
    Language,
    Place,
    Relation,
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

_CONSTRUCTOR = re.compile(r"(?:Must)?[Nn]ew(?P<type>.*)")
_CONSTRUCTED = frozenset({"type_identifier", "qualified_type", "generic_type"})


def _is_assertion(place: Place) -> bool:
    """Tell ``var _ Port = (*Type)(nil)``, which only asks the compiler."""
    return place.text("name") == "_"


def _is_zero_value(place: Place) -> bool:
    return place.child.kind() in _CONSTRUCTED and place.parent.field("value") is None


def _is_constructed(place: Place) -> bool:
    return place.child.kind() in _CONSTRUCTED


def _is_new(place: Place) -> bool:
    return place.text("function") == "new"


def _is_call(place: Place) -> bool:
    """Tell ``Provide[Type](x)``, which parses as a conversion, from a mere type."""
    around = place.parent.parent()
    return around is not None and around.kind() == "type_conversion_expression"


def _is_field_of_value(place: Place) -> bool:
    """Tell ``ports.Login`` from ``demo.Login``, and from any ``x.NewLogin``."""
    operand = place.text("operand")
    imported = operand in _packages(place.leaf)
    return not imported and not _CONSTRUCTOR.fullmatch(place.leaf.text())


def _packages(leaf: SgNode) -> cabc.Iterator[str]:
    """Yield the names by which the file's imports are known in it."""
    *_, root = leaf.ancestors()
    for spec in root.find_all(kind="import_spec"):
        path = text_of(spec.field("path")).strip('"`')
        yield text_of(spec.field("name")) or path.rpartition("/")[2]


def _is_key(place: Place) -> bool:
    around = place.leaf.parent()
    return place.child == place.parent.children()[0] and around == place.child


def _relations(root: SgNode) -> cabc.Iterator[Relation]:
    for node in root.find_all(kind="var_spec"):
        port, value = node.field("type"), node.field("value")
        if text_of(node.field("name")) == "_" and port and value:
            for name in re.findall(r"\w+", value.text()):
                yield Relation(name, last_name(port.text()))


def _owners(node: SgNode) -> tuple[str, ...]:
    """Return the type of a method, or the types that a constructor is there for."""
    match node.kind():
        case "method_declaration":
            return tuple(re.findall(r"\w+", text_of(node.field("receiver"))))
        case "function_declaration":
            name = _CONSTRUCTOR.fullmatch(text_of(node.field("name")))
            return (name["type"], *_results(node)) if name else ()
        case _:
            return ()


def _results(function: SgNode) -> tuple[str, ...]:
    result = function.field("result")
    if result is None:
        return ()
    names = [result, *result.find_all(kind="type_identifier")]
    return tuple(each.text() for each in names if each.kind() == "type_identifier")


def _aliases(name: str) -> tuple[str, ...]:
    constructor = _CONSTRUCTOR.fullmatch(name)
    return (constructor["type"],) if constructor and constructor["type"] else ()


def _constructors(root: SgNode) -> cabc.Iterator[Constructor]:
    clause = root.find(kind="package_identifier")
    for node in root.find_all(kind="function_declaration"):
        name = text_of(node.field("name"))
        results = _results(node)
        if _CONSTRUCTOR.fullmatch(name) and results:
            yield Constructor(text_of(clause), name, results)


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
    relations=_relations,
    owners=_owners,
    aliases=_aliases,
    constructors=_constructors,
)
"""Go's entry."""
