"""Python: classes are values, and annotations may call."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.outbound.wiring.syntax.language import (
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

_ABSTRACT = frozenset({"ABC", "Protocol"})
_DEPENDS = frozenset({"Depends", "Security"})
_LONGEST_ANNOTATION: typ.Final = 200
_WRAPPED = re.compile(
    r"(?:\w+\.)*(?:Annotated|ClassVar|Final|Optional|[tT]ype)\[([^,]+).*\]"
)
_CLASS_OF = re.compile(r"(?:\w+\.)*[tT]ype\[")
_FACTORIES = frozenset({"default_factory", "factory"})
_NAMES = frozenset({"attribute", "identifier"})
_GENERATED = re.compile(
    r"(?:\w+\.)*(?:Async)?(?:Generator|Iterable|Iterator)\[([^,]+).*\]"
)
_PATH = re.compile(r"[\w.]+(?:\[[^\]]*\])?")
_NOTHING = re.compile(r"\|None\b|\bNone\|")
_REGISTERS = re.compile(r"@(?:\w+\.)*(\w+)\.register")
# Below these are statements of the same function.
_COMPOUND = frozenset(
    {
        *("block", "expression_statement", "if_statement", "elif_clause"),
        *("else_clause", "for_statement", "while_statement", "try_statement"),
        *("except_clause", "finally_clause", "with_statement", "match_statement"),
        "case_clause",
    }
)
_LOOKS = frozenset({"cast", "hasattr", "isinstance", "issubclass", "TypeVar"})


def _only_looks(place: NamedNode) -> bool:
    return last_name(place.text("function")) in _LOOKS


def _names_constant(place: NamedNode) -> bool:
    return is_constant(place.text("attribute"))


def _is_alias(place: NamedNode) -> bool:
    return last_name(place.text("type")) == "TypeAlias"


def _is_caught(place: NamedNode) -> bool:
    return place.child.kind != "block"


def _is_for_type_checkers(place: NamedNode) -> bool:
    """Whether a block is below ``if TYPE_CHECKING``, so that it never runs."""
    around = place.parent.parent
    return (
        around is not None
        and around.kind == "if_statement"
        and last_name(around.text_of("condition")) == "TYPE_CHECKING"
    )


def _relations(root: SgNode) -> cabc.Iterator[Implementation]:
    for node in root.find_all(kind="class_definition"):
        superclasses = node.field("superclasses")
        bases = [
            last_name(base.text())
            for base in (superclasses.children() if superclasses else ())
            if base.is_named() and base.kind() != "keyword_argument"
        ]
        for base in bases:
            name = text_of(node.field("name"))
            yield Implementation(
                name, base, is_interface=not _ABSTRACT.isdisjoint(bases)
            )
    structural = (_of_variables, _of_results, _of_registrations, _of_containers)
    for name, base in (pair for pairs in structural for pair in pairs(root)):
        if base and name.lstrip("_")[:1].isupper():
            yield Implementation(name, base, is_structural=True)


def _of_variables(root: SgNode) -> cabc.Iterator[tuple[str, str]]:
    """Yield what is constructed for a variable, and the type that this is given."""
    for kind, field in (("assignment", "right"), ("typed_default_parameter", "value")):
        for node in root.find_all(kind=kind):
            if annotation := node.field("type"):
                text, value = annotation.text(), node.field(field)
                for name in _constructed(value):
                    yield name, _declared(text)
                if value and _CLASS_OF.match(text):
                    yield _class(value), _declared(text)


def _of_results(root: SgNode) -> cabc.Iterator[tuple[str, str]]:
    """Yield what functions construct and return, and the type of their results."""
    for node in root.find_all(kind="function_definition"):
        if annotation := node.field("return_type"):
            returned, is_generator = _returned(node)
            base = _declared(annotation.text(), generates=is_generator)
            for name in returned:
                yield name, base


def _of_registrations(root: SgNode) -> cabc.Iterator[tuple[str, str]]:
    """Yield what `register` of an abstract class is given, or decorates."""
    for node in root.find_all(pattern="$PORT.register($CLASS)"):
        port, registered = node.get_match("PORT"), node.get_match("CLASS")
        yield last_name(text_of(registered)), last_name(text_of(port))
    for node in root.find_all(kind="decorated_definition"):
        name = text_of((node.field("definition") or node).field("name"))
        for part in node.children():
            text = part.text() if part.kind() == "decorator" else ""
            if registers := _REGISTERS.fullmatch(text):
                yield name, registers[1]


def _of_containers(root: SgNode) -> cabc.Iterator[tuple[str, str]]:
    """Yield what a container is given for a type: ``bind(Port, Class)``.

    It can also be given a keyword argument, or an item: ``container[Port] = Class``.
    """
    for node in root.find_all(kind="call"):
        first, *others = _arguments(node) or [node]
        port = _class(first) if others else ""
        if port and last_name(text_of(node.field("function"))) not in _LOOKS:
            for argument in others:
                yield from ((name, port) for name in _given(argument))
    for node in root.find_all(kind="assignment"):
        left = node.field("left")
        if left and (item := left.field("subscript")):
            yield from ((name, _class(item)) for name in _given(node))


def _given(node: SgNode) -> list[str]:
    """Return the classes that an assignment or argument gives, or the calls of them."""
    value = node.field("right") or node.field("value") or node
    return [_class(value), *_constructed(value)]


def _arguments(call: SgNode) -> list[SgNode]:
    arguments = call.field("arguments")
    return (
        [part for part in arguments.children() if part.is_named()] if arguments else []
    )


def _class(node: SgNode) -> str:
    """Return the last name of an expression that names a class."""
    name = last_name(node.text()) if node.kind() in _NAMES else ""
    return name if name.lstrip("_")[:1].isupper() and not is_constant(name) else ""


def _declared(annotation: str, *, generates: bool = False) -> str:
    """Return the one type that an annotation names, perhaps beside None."""
    text = re.sub(r"['\"\s]", "", annotation[:_LONGEST_ANNOTATION])
    if generates and (generated := _GENERATED.fullmatch(text)):
        text = generated[1]
    while wrapped := _WRAPPED.fullmatch(text):
        text = wrapped[1]
    text = _NOTHING.sub("", text)
    return "" if "|" in text else last_name(text)


def _called(function: SgNode) -> str:
    """Return the last name of what is called; empty if it is a method of a result."""
    text = function.text()
    return last_name(text) if _PATH.fullmatch(text) else ""


def _constructed(value: SgNode | None) -> cabc.Iterator[str]:
    """Yield the names that a value may be the result of a call of."""
    ahead = [value] if value else []
    while ahead:
        node = ahead.pop()
        parts = [part for part in node.children() if part.is_named()]
        match node.kind():
            case "conditional_expression":
                ahead += [parts[0], parts[-1]]
            case "parenthesized_expression" | "boolean_operator":
                ahead += parts
            case "call" if last_name(parts[0].text()) in _DEPENDS:
                arguments = parts[-1].children()
                yield from (_called(a) for a in arguments if a.is_named())
            case "call":
                yield _called(parts[0])
                for argument in _arguments(node):
                    value = argument.field("value")
                    if value and text_of(argument.field("name")) in _FACTORIES:
                        yield _class(value)


def _returned(function: SgNode) -> tuple[list[str], bool]:
    """Return what a function returns or yields the calls of, and whether it yields."""
    body = function.field("body")
    ahead = [body] if body else []
    variables: dict[str, list[str]] = {}
    results: list[SgNode] = []
    is_generator = False
    while ahead:
        node = ahead.pop()
        match node.kind():
            case "return_statement" | "yield" as kind:
                is_generator = is_generator or kind == "yield"
                results += [part for part in node.children() if part.is_named()]
            case "assignment":
                names = variables.setdefault(text_of(node.field("left")), [])
                names += _constructed(node.field("right"))
            case kind if kind in _COMPOUND:
                ahead += node.children()
    returned = [name for value in results for name in _constructed(value)]
    for value in results:
        if value.kind() == "identifier":
            returned += variables.get(value.text(), ())
    return returned, is_generator


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
    vetoes={
        **always(
            *("import_statement", "import_from_statement", "future_import_statement"),
            *("type_alias_statement", "case_pattern", "global_statement"),
        ),
        "block": _is_for_type_checkers,
    },
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
