"""Rust: macros are token trees, and tests stand beside what they test."""

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
    is_constant,
    last_name,
    text_of,
)

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

_BEFORE_A_TYPE = frozenset(
    {":", "->", "<", "as", "dyn", "impl", "for", "struct", "enum", "use", "type"}
)
_LOOKING_MACROS = frozenset({"matches", "assert_matches", "stringify"})
_TEST_ATTRIBUTE = re.compile(r"#?!?\[\s*(?:\w+::)*(?:test|rstest|test_case)\b")
_CONDITION = re.compile(r"cfg!?\s*\((.*)\)", re.DOTALL)


def _names_constant(place: Place) -> bool:
    return is_constant(place.text("name"))


def _is_value_token(place: Place) -> bool:
    """Tell a value from a type or a pattern among the tokens of a macro."""
    macro = next(
        (
            each
            for each in place.parent.ancestors()
            if each.kind() == "macro_invocation"
        ),
        None,
    )
    if macro and last_name(text_of(macro.field("macro"))) in _LOOKING_MACROS:
        return False
    after = place.leaf.next()
    if after and after.kind() == "::":
        member = after.next()
        return member is None or not is_constant(member.text())
    before = place.leaf.prev()
    while before and before.kind() == "::":  # the path that the name ends
        head = before.prev()
        before = head.prev() if head else None
    return before is None or before.text() not in _BEFORE_A_TYPE


def _relations(root: SgNode) -> cabc.Iterator[Relation]:
    for node in root.find_all(kind="impl_item"):
        trait, subject = node.field("trait"), node.field("type")
        if trait and subject:
            yield Relation(last_name(subject.text()), last_name(trait.text()))


def _owners(node: SgNode) -> tuple[str, ...]:
    if node.kind() != "impl_item":
        return ()
    return (last_name(text_of(node.field("type"))),)


def _is_test(leaf: SgNode) -> bool:
    """Whether the name is compiled into tests only."""
    child = leaf
    for node in (leaf, *leaf.ancestors()):
        if any(map(only_in_tests, _attributes(node))):
            return True
        if node.kind() == "if_expression" and child == node.field("consequence"):
            condition = text_of(node.field("condition"))
            if condition.startswith("cfg!") and only_in_tests(condition):
                return True
        if node.kind() == "token_tree" and only_in_tests(text_of(node.prev())):
            return True
        child = node
    return False


def _attributes(node: SgNode) -> cabc.Iterator[str]:
    """Yield the attributes before an item, and those inside of it."""
    before = node.prev()
    while before and before.kind() in {
        "attribute_item",
        "line_comment",
        "block_comment",
    }:
        yield before.text()
        before = before.prev()
    for child in node.children():
        if child.kind() in {"attribute_item", "inner_attribute_item"}:
            inner = child.kind() == "inner_attribute_item"
            if inner or node.kind() not in {"source_file", "declaration_list", "block"}:
                yield child.text()


def _test_places(root: SgNode, path: str) -> cabc.Iterator[str]:
    """Yield the files of modules that a ``#[cfg(test)]`` declares."""
    folder, _, stem = path.rpartition("/")
    beside = folder if stem in {"lib", "main", "mod"} else path
    for module in root.find_all(kind="mod_item"):
        if module.field("body") is None and any(
            map(only_in_tests, _attributes(module))
        ):
            yield f"{beside}/{text_of(module.field('name'))}".lstrip("/")


def only_in_tests(attribute: str) -> bool:
    """Whether what the attribute stands on is compiled into tests only.

    >>> only_in_tests("#[cfg(all(test, unix))]"), only_in_tests("#[cfg(not(test))]")
    (True, False)
    >>> only_in_tests('#[cfg(any(test, feature = "fixtures"))]')
    False
    """
    if _TEST_ATTRIBUTE.match(attribute):
        return True
    condition = _CONDITION.search(attribute)
    return condition is not None and _implies_test(condition[1])


def _implies_test(predicate: str) -> bool:
    predicate = predicate.strip().rstrip(",")
    name, _, rest = predicate.partition("(")
    match name.strip():
        case "test":
            return not rest
        case "all":
            return any(map(_implies_test, _arguments(rest)))
        case "any":
            return all(map(_implies_test, _arguments(rest)))
        case _:
            return False


def _arguments(text: str) -> list[str]:
    """Split ``a, b(c, d))`` at the commas that are not in parentheses."""
    found, depth = [""], 0
    for letter in text.rstrip().removesuffix(")"):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [each for each in found if each.strip()]


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
        "token_tree": (Rule(Role.USE, when=_is_value_token), Rule(Role.IGNORED)),
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
    owners=_owners,
    is_test=_is_test,
    test_modules=re.compile(r"\btest\b[^{}]*?\bmod\s+\w+\s*;"),
    test_places=_test_places,
)
"""Rust's entry."""
