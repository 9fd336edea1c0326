"""TypeScript and JavaScript: classes are values, and modules are objects."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

import attrs

from pytest_userstate.outbound.wiring.syntax.language import (
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

_CLASSES = ("class_declaration", "class")
_TYPES = (*_CLASSES, "abstract_class_declaration", "interface_declaration")
_ASKS = frozenset({"inject", "Inject", "InjectRepository", "getLogger"})
_EXPORTS = re.compile(r"(?:module\.)?exports\b")


def _names_constant(place: Place) -> bool:
    return is_constant(place.text("property"))


def _is_member_of_module(place: Place) -> bool:
    """Tell ``adapters.PostgresUsers`` from a field of this, or one that is set."""
    around = place.parent.parent()
    is_set = around is not None and (
        around.kind() == "assignment_expression"
        and place.parent == around.field("left")
    )
    is_own = place.text("object").partition(".")[0] == "this"
    return not is_set and not is_own


def _is_asked_for(place: Place) -> bool:
    return last_name(place.text("function")) in _ASKS


def _is_type_test(place: Place) -> bool:
    return place.text("operator") == "instanceof"


def _is_exported(place: Place) -> bool:
    return bool(_EXPORTS.match(place.text("left")))


def _relations(
    kinds: cabc.Iterable[str],
) -> cabc.Callable[[SgNode], cabc.Iterator[Relation]]:
    """Return the function that reads what nodes of these kinds extend."""

    def relations(root: SgNode) -> cabc.Iterator[Relation]:
        for kind in kinds:
            for node in root.find_all(kind=kind):
                for part in node.children():
                    if part.kind() in {"class_heritage", "extends_type_clause"}:
                        yield from _bases(text_of(node.field("name")), part)

    return relations


def _bases(name: str, heritage: SgNode) -> cabc.Iterator[Relation]:
    for part in heritage.children():
        if part.kind() in {"extends_clause", "implements_clause"}:
            yield from _bases(name, part)
        elif part.is_named() and part.kind() != "type_arguments":
            yield Relation(name, last_name(part.text()))


_RULES: typ.Final[dict[str, tuple[Rule, ...]]] = {
    **defined_by((*_CLASSES, "abstract_class_declaration")),
    **defined_by(
        [
            *("interface_declaration", "type_alias_declaration", "enum_declaration"),
            *("function_declaration", "generator_function_declaration"),
            "variable_declarator",
        ],
        role=Role.IGNORED,
    ),
    "class_heritage": (Rule(Role.IGNORED),),
    "binary_expression": (Rule(Role.IGNORED, "right", _is_type_test),),
    "new_expression": (Rule(Role.USE, "constructor"),),
    "member_expression": (
        Rule(Role.USE, "property", _is_member_of_module),
        Rule(Role.IGNORED, "property"),
        Rule(Role.IGNORED, "object", _names_constant),
        Rule(Role.USE, "object"),
    ),
    "call_expression": (
        Rule(Role.IGNORED, "arguments", _is_asked_for),
        Rule(Role.USE, "arguments"),
    ),
    "export_statement": (Rule(Role.IGNORED, when=directly),),
    "assignment_expression": (
        Rule(Role.IGNORED, "left"),
        Rule(Role.IGNORED, "right", _is_exported),
    ),
}

TYPESCRIPT = Language(
    name="TypeScript",
    grammar="typescript",
    test_file=re.compile(r".*\.(?:test|spec|cy|e2e-spec)\.[cm]?[jt]sx?"),
    values=frozenset({"identifier", "shorthand_property_identifier"}),
    types=frozenset({"type_identifier", "property_identifier"}),
    vetoes=always("import_statement", "export_specifier", "type_query"),
    rules=_RULES,
    qualifiers={"member_expression": ("object", "property")},
    is_nominal=False,
    relations=_relations(_TYPES),
    owners=named((*_CLASSES, "abstract_class_declaration")),
)
"""TypeScript's entry."""

TSX = attrs.evolve(TYPESCRIPT, grammar="tsx")
"""The same with elements, which read differently from casts."""

JAVASCRIPT = attrs.evolve(
    TYPESCRIPT,
    name="JavaScript",
    grammar="javascript",
    types=frozenset({"property_identifier"}),
    vetoes=always("import_statement", "export_specifier"),
    relations=_relations(_CLASSES),
    owners=named(_CLASSES),
)
"""JavaScript's entry: no types."""
