"""Python: classes are values, and annotations may call."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.outbound.wiring.syntax.language import (
    MODULE,
    Binding,
    Language,
    Place,
    Relation,
    Role,
    Rule,
    always,
    defined_by,
    directly,
    is_constant,
    last_name,
    named,
    text_of,
)

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

_ABSTRACT = frozenset({"ABC", "Protocol"})
_LOOKS = frozenset({"cast", "hasattr", "isinstance", "issubclass", "TypeVar"})


def _only_looks(place: Place) -> bool:
    return last_name(place.text("function")) in _LOOKS


def _names_constant(place: Place) -> bool:
    return is_constant(place.text("attribute"))


def _is_alias(place: Place) -> bool:
    return last_name(place.text("type")) == "TypeAlias"


def _is_caught(place: Place) -> bool:
    return place.child.kind != "block"


def _relations(root: SgNode) -> cabc.Iterator[Relation]:
    for node in root.find_all(kind="class_definition"):
        superclasses = node.field("superclasses")
        bases = [
            last_name(base.text())
            for base in (superclasses.children() if superclasses else ())
            if base.is_named() and base.kind() != "keyword_argument"
        ]
        for base in bases:
            name = text_of(node.field("name"))
            yield Relation(name, base, is_interface=not _ABSTRACT.isdisjoint(bases))


def _bindings(root: SgNode) -> cabc.Iterator[Binding]:
    for node in root.find_all(kind="import_from_statement"):
        module = last_name(text_of(node.field("module_name"))) or "."
        for item in node.field_children("name"):
            name = last_name(text_of(item.field("name")) or item.text())
            yield Binding(text_of(item.field("alias")) or name, name, module)
        if node.find(kind="wildcard_import"):
            yield Binding(MODULE, MODULE, module)
    for node in root.find_all(kind="import_statement"):
        for item in node.field_children("name"):
            if alias := item.field("alias"):
                module = last_name(text_of(item.field("name")))
                yield Binding(alias.text(), MODULE, module)
    for node in root.find_all(kind="assignment"):
        if last_name(text_of(node.field("type"))) == "TypeAlias":
            target = last_name(text_of(node.field("right")))
            yield Binding(text_of(node.field("left")), target)


PYTHON = Language(
    name="Python",
    grammar="python",
    test_file=re.compile(r"test_.*\.py|.*_tests?\.py|conftest\.py|tests?\.py"),
    values=frozenset({"identifier"}),
    vetoes=always(
        *("import_statement", "import_from_statement", "future_import_statement"),
        *("type_alias_statement", "case_pattern", "global_statement"),
    ),
    rules={
        "class_definition": (
            Rule(Role.DEFINITION, "name"),
            Rule(Role.IGNORED, "superclasses"),
        ),
        **defined_by(["function_definition"], role=Role.IGNORED),
        "keyword_argument": (Rule(Role.IGNORED, "name"),),
        "attribute": (Rule(Role.IGNORED, "object", _names_constant),),
        "call": (Rule(Role.IGNORED, when=_only_looks), Rule(Role.USE)),
        "type": (Rule(Role.IGNORED),),
        "subscript": (Rule(Role.IGNORED, "subscript", directly),),
        "except_clause": (Rule(Role.IGNORED, when=_is_caught),),
        "assignment": (
            Rule(Role.IGNORED, "left"),
            Rule(Role.IGNORED, "right", _is_alias),
        ),
    },
    qualifiers={"attribute": ("object", "attribute")},
    is_nominal=False,
    relations=_relations,
    bindings=_bindings,
    owners=named(["class_definition"]),
)
"""Python's entry."""
