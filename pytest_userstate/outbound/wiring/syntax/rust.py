"""Rust: macros are token trees, and tests are beside the code that they test."""

from __future__ import annotations

import collections.abc as cabc
import itertools
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
    is_constant,
    last_name,
    text_of,
)

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

    from pytest_userstate.outbound.wiring.syntax.tree import SyntaxNode

_COMMENTS = frozenset({"line_comment", "block_comment"})
_DEEPEST_TOKENS: typ.Final = 100
_DEEPEST_PREDICATE: typ.Final = 20
_BEFORE_A_TYPE = frozenset(
    {":", "->", "<", "as", "dyn", "impl", "for", "struct", "enum", "use", "type"}
)
_LOOKING_MACROS = frozenset({"matches", "assert_matches", "stringify"})
_TEST_ATTRIBUTE = re.compile(r"#?!?\[\s*(?:\w+::)*(?:test|rstest|test_case)\b")
_CONDITION = re.compile(r"cfg!?\s*\((.*)\)", re.DOTALL)


def _names_constant(place: NamedNode) -> bool:
    return is_constant(place.text("name"))


def _is_value_token(place: NamedNode) -> bool:
    """Whether a token of a macro is a value, and neither a type nor a pattern."""
    around = itertools.islice(place.parent.ancestors(), _DEEPEST_TOKENS)
    macro = next((node for node in around if node.kind == "macro_invocation"), None)
    if macro and last_name(macro.text_of("macro")) in _LOOKING_MACROS:
        return False
    after = place.child.after
    if after and after.kind == "::":
        member = after.after
        return member is None or not is_constant(member.text)
    before = place.child.before
    while before and before.kind == "::":  # the path that the name ends
        head = before.before
        before = head.before if head else None
    return before is None or before.text not in _BEFORE_A_TYPE


def _relations(root: SgNode) -> cabc.Iterator[Implementation]:
    for node in root.find_all(kind="impl_item"):
        trait, subject = node.field("trait"), node.field("type")
        if trait and subject:
            yield Implementation(last_name(subject.text()), last_name(trait.text()))


def _owners(node: SyntaxNode) -> tuple[str, ...]:
    return (last_name(node.text_of("type")),) if node.kind == "impl_item" else ()


def _bindings(root: SgNode) -> cabc.Iterator[Binding]:
    for node in root.find_all(kind="use_declaration"):
        yield from _uses(text_of(node.field("argument")))
    for node in root.find_all(kind="type_item"):
        target = last_name(text_of(node.field("type")))
        yield Binding(text_of(node.field("name")), target)


def _uses(text: str) -> cabc.Iterator[Binding]:
    """Read ``crate::{memory::Users as Store, ports::*}`` without recursion."""
    module, name, alias = "", "", ""
    prefixes: list[str] = []
    is_alias = False
    for word in (*re.findall(r"\w+|[{},*]", text), ","):
        if word == "{":
            prefixes.append(name)
            module, name = name, ""
        elif word in {",", "}"}:
            if name and name != "self":
                target = MODULE if name == "*" else name
                yield Binding(alias or name, target, module or None)
            if word == "}":
                del prefixes[-1:]
            module, name = (prefixes[-1] if prefixes else ""), ""
            alias, is_alias = "", False
        elif is_alias:
            alias = word
        elif word == "as":
            is_alias = True
        else:
            module, name = name or module, word


def _is_test(node: SyntaxNode) -> bool:
    """Whether only tests compile the node: an attribute or a condition says so."""
    if any(map(only_in_tests, _attributes(node))):
        return True
    parent = node.parent
    if parent and parent.kind == "if_expression":
        condition = parent.text_of("condition")
        return (
            condition.startswith("cfg!")
            and only_in_tests(condition)
            and parent.has_in_field("consequence", node)
        )
    before = node.before
    return (
        node.kind == "token_tree" and before is not None and only_in_tests(before.text)
    )


def _attributes(node: SyntaxNode) -> cabc.Iterator[str]:
    """Yield the attributes before an item, and those inside of it."""
    before = node.before
    while before and before.kind in {"attribute_item", *_COMMENTS}:
        yield before.text
        before = before.before
    has_inner_only = node.kind in {"source_file", "declaration_list", "block"}
    for child in node.children:
        if child.kind == "inner_attribute_item" or (
            child.kind == "attribute_item" and not has_inner_only
        ):
            yield child.text


def _test_places(root: SgNode, path: str) -> cabc.Iterator[str]:
    """Yield the files of modules that a ``#[cfg(test)]`` declares."""
    folder, _, stem = path.rpartition("/")
    beside = folder if stem in {"lib", "main", "mod"} else path
    for container in (root, *root.find_all(kind="declaration_list")):
        is_test = False
        for item in container.children():
            if item.kind() == "attribute_item":
                is_test = is_test or only_in_tests(item.text())
            elif item.kind() not in _COMMENTS:
                if is_test and item.kind() == "mod_item" and not item.field("body"):
                    yield f"{beside}/{text_of(item.field('name'))}".lstrip("/")
                is_test = False


def only_in_tests(attribute: str) -> bool:
    """Whether the item with the attribute is compiled into tests only.

    >>> only_in_tests("#[cfg(all(test, unix))]"), only_in_tests("#[cfg(not(test))]")
    (True, False)
    >>> only_in_tests('#[cfg(any(test, feature = "fixtures"))]')
    False
    """
    if _TEST_ATTRIBUTE.match(attribute):
        return True
    condition = _CONDITION.search(attribute)
    return condition is not None and _implies_test(condition[1])


def _implies_test(predicate: str, depth: int = 0) -> bool:
    if depth > _DEEPEST_PREDICATE:
        return False
    predicate = predicate.strip().rstrip(",")
    name, _, rest = predicate.partition("(")
    match name.strip():
        case "test":
            return not rest
        case "all":
            return any(_implies_test(part, depth + 1) for part in _arguments(rest))
        case "any":
            return all(_implies_test(part, depth + 1) for part in _arguments(rest))
        case _:
            return False


def _arguments(text: str) -> list[str]:
    """Split ``a, b(c, d))`` at the commas that are not in parentheses."""
    arguments, depth = [""], 0
    for letter in text.rstrip().removesuffix(")"):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += letter
    return [argument for argument in arguments if argument.strip()]


RUST = Language(
    name="Rust",
    grammar="rust",
    test_file=re.compile(r"(?:.*_)?tests?\.rs"),
    values=frozenset({"identifier"}),
    types=frozenset({"type_identifier"}),
    vetoes=always(
        *("use_declaration", "extern_crate_declaration", "attribute_item"),
        *("inner_attribute_item", "match_pattern", "tuple_struct_pattern"),
        *("struct_pattern", "type_item"),
    ),
    rules={
        **defined_by(
            ("struct_item", "enum_item", "union_item", "trait_item", "enum_variant")
        ),
        **defined_by(
            (
                *("function_item", "function_signature_item", "mod_item"),
                *("const_item", "static_item", "macro_definition"),
            ),
            role=Role.IGNORED,
        ),
        "macro_invocation": (Rule(Role.IGNORED, "macro"),),
        "token_tree": (
            Rule(Role.USE, when=_is_value_token),
            Rule(Role.IGNORED),
        ),
        "scoped_identifier": (
            Rule(Role.IGNORED, "path", _names_constant),
            Rule(Role.USE, "path"),
        ),
        "struct_expression": (Rule(Role.USE, "name"),),
        "generic_function": (Rule(Role.USE, "type_arguments"),),
    },
    qualifiers={
        "scoped_identifier": ("path", "name"),
        "scoped_type_identifier": ("path", "name"),
    },
    relations=_relations,
    bindings=_bindings,
    owners=_owners,
    is_test=_is_test,
    test_modules=re.compile(r"\btest\b[^{}]*?\bmod\s+\w+\s*;"),
    test_places=_test_places,
)
"""Rust's entry."""
