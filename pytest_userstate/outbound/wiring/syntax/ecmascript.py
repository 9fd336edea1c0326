"""TypeScript and JavaScript: classes are values, and modules are objects."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

import attrs

from pytest_userstate.outbound.wiring.syntax.language import (
    DEFAULT,
    MODULE,
    Binding,
    Implementation,
    Language,
    NamedNode,
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

    from pytest_userstate.outbound.wiring.syntax.tree import SyntaxNode

_CLASSES = ("class_declaration", "class")
_ABSTRACT_CLASSES = ("abstract_class_declaration",)
_TYPES = (*_CLASSES, *_ABSTRACT_CLASSES, "interface_declaration")
_ASKS = frozenset({"inject", "Inject", "InjectRepository", "getLogger"})
_EXPORTS = re.compile(r"(?:module\.)?exports\b(?:\.(?P<name>\w+))?")
_READS_MODULE = frozenset({"import", "require"})
_SUFFIX = re.compile(r"\.[cm]?[jt]sx?$")


def _names_constant(place: NamedNode) -> bool:
    return is_constant(place.text("property"))


def _is_member_of_module(place: NamedNode) -> bool:
    """Whether a member is one of a module, not of ``this``, and is not set."""
    around = place.parent.parent
    is_set = (
        around is not None
        and around.kind == "assignment_expression"
        and around.has_in_field("left", place.parent)
    )
    is_own = place.text("object").partition(".")[0] == "this"
    return not is_set and not is_own


def _is_asked_for(place: NamedNode) -> bool:
    return last_name(place.text("function")) in _ASKS


def _is_type_test(place: NamedNode) -> bool:
    return place.text("operator") == "instanceof"


def _is_one_type(node: SyntaxNode) -> bool:
    """Whether a type is a name, or a promise of one: no list, and no table."""
    match node.kind:
        case "type_annotation":
            return _is_one_type(node.children[-1])
        case "generic_type" if node.text_of("name") == "Promise":
            arguments = node.children[-1].children
            return any(map(_is_one_type, arguments))
        case kind:
            return kind in {"type_identifier", "nested_type_identifier"}


def _is_type_of_object(place: NamedNode) -> bool:
    """Whether an object is declared to be of the type: ``{ … } satisfies Port``."""
    first = place.parent.field("value") or place.parent.children[0]
    return first.kind == "object" and _is_one_type(place.child)


def _is_type_of_returned_object(place: NamedNode) -> bool:
    """Whether a function of this result returns an object that is written out."""
    if not _is_one_type(place.child):
        return False
    body = place.parent.field("body")
    returned = [body] if body else []
    if body and body.kind == "statement_block":
        returned = [part for part in body.children if part.kind == "return_statement"]
    return any(child.kind == "object" for node in returned for child in node.children)


def _is_exported(place: NamedNode) -> bool:
    return bool(_EXPORTS.match(place.text("left")))


def _relations(
    kinds: cabc.Iterable[str],
) -> cabc.Callable[[SgNode], cabc.Iterator[Implementation]]:
    """Return the function that reads what nodes of these kinds extend."""

    def relations(root: SgNode) -> cabc.Iterator[Implementation]:
        for kind in kinds:
            for node in root.find_all(kind=kind):
                for part in node.children():
                    if part.kind() in {"class_heritage", "extends_type_clause"}:
                        for base in _bases(part):
                            name = text_of(node.field("name"))
                            yield Implementation(
                                name, base, kind == "interface_declaration"
                            )

    return relations


def _bases(heritage: SgNode) -> cabc.Iterator[str]:
    for part in heritage.children():
        if part.kind() in {"extends_clause", "implements_clause"}:
            yield from _bases(part)
        elif part.is_named() and part.kind() != "type_arguments":
            yield last_name(part.text())


def _bindings(root: SgNode) -> cabc.Iterator[Binding]:
    for node in root.find_all(kind="import_statement"):
        yield from _imported(node)
    for node in root.find_all(kind="export_statement"):
        yield from _exported(node)
    for node in root.find_all(kind="variable_declarator"):
        module = _required(node.field("value"))
        name = node.field("name")
        if module and name:
            yield from _destructured(name, module)
    for node in root.find_all(kind="assignment_expression"):
        yield from _common_js(node.field("left"), node.field("right"))


def _typed_bindings(root: SgNode) -> cabc.Iterator[Binding]:
    yield from _bindings(root)
    for node in root.find_all(kind="type_alias_declaration"):
        value = node.field("value")
        if value and value.kind() in {"type_identifier", "generic_type"}:
            yield Binding(text_of(node.field("name")), last_name(value.text()))
    for node in root.find_all(kind="import_alias"):
        names = [part.text() for part in node.children() if part.is_named()]
        yield Binding(names[0], last_name(names[-1]))


def _module(node: SgNode | None) -> str:
    """Return the last part of a module's path: ``memory`` of ``'./memory.js'``."""
    path = text_of(node).strip("'\"`").rstrip("/")
    name = path.rpartition("/")[2]
    return _SUFFIX.sub("", name) if name not in {"", ".", ".."} else "."


def _imported(node: SgNode) -> cabc.Iterator[Binding]:
    module = _module(node.field("source"))
    for clause in node.children():
        match clause.kind():
            case "import_clause":
                for part in clause.children():
                    match part.kind():
                        case "identifier":
                            yield Binding(part.text(), DEFAULT, module)
                        case "namespace_import":
                            yield Binding(last_name(part.text()), MODULE, module)
                        case "named_imports":
                            yield from _specified(part, module)
            case "import_require_clause":
                name = clause.children()[0].text()
                yield Binding(name, DEFAULT, _module(clause.field("source")))


def _specified(clause: SgNode, module: str | None) -> cabc.Iterator[Binding]:
    """Yield the bindings of ``{ A, B as C }``, imported or exported."""
    for part in clause.children():
        if name := part.field("name"):
            alias = text_of(part.field("alias")) or name.text()
            yield Binding(alias.strip("'\""), name.text(), module)


def _exported(node: SgNode) -> cabc.Iterator[Binding]:
    source = node.field("source")
    module = _module(source) if source else None
    kinds = [part.kind() for part in node.children()]
    for part in node.children():
        match part.kind():
            case "export_clause":
                yield from _specified(part, module)
            case "namespace_export":
                yield Binding(last_name(part.text()), MODULE, module)
            case "*" if "namespace_export" not in kinds:
                yield Binding(MODULE, MODULE, module)
    names = [part for part in node.children() if part.kind() == "identifier"]
    if "=" in kinds and names:
        yield Binding(DEFAULT, names[0].text())
    if "default" in kinds:
        value = node.field("value") or node.field("declaration")
        if value and value.kind() in {"identifier", *_CLASSES, *_ABSTRACT_CLASSES}:
            name = value.text() if value.kind() == "identifier" else ""
            yield Binding(DEFAULT, name or text_of(value.field("name")))


def _required(value: SgNode | None) -> str:
    """Return the module that ``require`` or a dynamic ``import`` reads."""
    if value and value.kind() == "await_expression":
        value = value.children()[-1]
    if value is None or value.kind() != "call_expression":
        return ""
    arguments = value.field("arguments")
    if arguments is None or text_of(value.field("function")) not in _READS_MODULE:
        return ""
    return _module(next((a for a in arguments.children() if a.is_named()), None))


def _destructured(name: SgNode, module: str) -> cabc.Iterator[Binding]:
    """Yield the bindings of ``const X =`` or ``const { A, B: C } =`` a module."""
    if name.kind() == "identifier":
        yield Binding(name.text(), DEFAULT, module)
        yield Binding(name.text(), MODULE, module)
    for part in name.children():
        match part.kind():
            case "shorthand_property_identifier_pattern":
                yield Binding(part.text(), part.text(), module)
            case "pair_pattern":
                target = text_of(part.field("key"))
                yield Binding(text_of(part.field("value")), target, module)


def _common_js(left: SgNode | None, right: SgNode | None) -> cabc.Iterator[Binding]:
    """Yield what ``module.exports = X`` and ``exports.Users = X`` export."""
    exported = _EXPORTS.fullmatch(text_of(left)) if left and right else None
    if exported is None or right is None:
        return
    if module := _required(right):
        yield Binding(exported["name"] or DEFAULT, DEFAULT, module)
    if right.kind() in {"identifier", "class"}:
        name = right if right.kind() == "identifier" else right.field("name")
        yield Binding(exported["name"] or DEFAULT, text_of(name))
    if right.kind() == "object" and not exported["name"]:
        for part in right.children():
            if part.kind() == "pair":
                key, value = text_of(part.field("key")), part.field("value")
                if module := _required(value):
                    yield Binding(key, DEFAULT, module)
                elif value and value.kind() == "identifier":
                    yield Binding(key, value.text())


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

_RETURNING = Rule(Role.UNNAMED, "return_type", _is_type_of_returned_object)
_TYPED_RULES: typ.Final = _RULES | {
    "satisfies_expression": (Rule(Role.UNNAMED, when=_is_type_of_object),),
    "as_expression": (Rule(Role.UNNAMED, when=_is_type_of_object),),
    "arrow_function": (_RETURNING,),
    "method_definition": (_RETURNING,),
    "function_declaration": (_RETURNING, *_RULES["function_declaration"]),
    "variable_declarator": (
        Rule(Role.UNNAMED, "type", _is_type_of_object),
        *_RULES["variable_declarator"],
    ),
}

TYPESCRIPT = Language(
    name="TypeScript",
    grammar="typescript",
    test_file=re.compile(r".*\.(?:test|spec|cy|e2e-spec)\.[cm]?[jt]sx?"),
    values=frozenset({"identifier", "shorthand_property_identifier"}),
    types=frozenset({"type_identifier", "property_identifier"}),
    vetoes=always("import_statement", "import_alias", "export_specifier", "type_query"),
    rules=_TYPED_RULES,
    qualifiers={"member_expression": ("object", "property")},
    is_nominal=False,
    relations=_relations(_TYPES),
    bindings=_typed_bindings,
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
    rules=_RULES,
    relations=_relations(_CLASSES),
    bindings=_bindings,
    owners=named(_CLASSES),
)
"""JavaScript's entry: no types."""
