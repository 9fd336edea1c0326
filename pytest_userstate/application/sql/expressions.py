"""Whether two SQL expressions say the same.

What a test expects is written by hand, what is found was deparsed by PostgreSQL,
which adds parentheses, casts and schemas: ``status <> 'draft'`` becomes
``(status <> 'draft'::public.route_status)``. The comparison undoes what PostgreSQL
adds, and nothing else: where it is not sure, the two are different, and the failure
shows what to write.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.sql.expression_trees import (
    Node,
    read_expression,
)
from pytest_userstate.application.sql.tokens import (
    UnreadableSqlError,
    tokens,
)

_NUMERIC: typ.Final = frozenset(
    {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
)
_RELABELLED: typ.Final = "text"


def same_expression(
    expected: str, found: str, *, varchars: cabc.Set[str] = frozenset()
) -> bool:
    """Whether an expression in the catalog is the expected one.

    Parameters
    ----------
    expected, found : str
        As written by hand, and as deparsed by PostgreSQL.
    varchars : set of str
        The columns of type ``character varying``: PostgreSQL adds a cast to
        ``text`` to them wherever they are compared.
    """
    try:
        return _Comparison(varchars).same(
            read_expression(expected), read_expression(found)
        )
    except UnreadableSqlError:
        return same_tokens(expected, found)


def same_tokens(expected: str, found: str) -> bool:
    """Whether two pieces of SQL differ in blanks, comments and case alone."""
    try:
        one, other = tokens(expected), tokens(found)
    except UnreadableSqlError:
        return expected.split() == found.split()
    return _bare(one) == _bare(other)


def _bare(pieces: list[typ.Any]) -> list[typ.Any]:
    """Return the tokens without parentheses around the whole."""
    while _is_enclosed([each.text for each in pieces]):
        pieces = pieces[1:-1]
    return pieces


def _is_enclosed(texts: list[str]) -> bool:
    if len(texts) < 3 or texts[0] != "(" or texts[-1] != ")":
        return False
    depth = 0
    for at, text in enumerate(texts):
        depth += (text == "(") - (text == ")")
        if depth == 0:
            return at == len(texts) - 1
    return False


class _Comparison:
    """Comparing trees: the expected on the left, the found on the right."""

    def __init__(self, varchars: cabc.Set[str]) -> None:
        self._varchars = varchars

    def same(self, expected: Node, found: Node) -> bool:
        """Whether the two say the same."""
        if _names_relation(found):
            return _same_name(_without_cast(expected).text, found.parts[0].text)
        if found.kind == "cast" and expected.kind != "cast":
            return self._same_without_cast(expected, found)
        if expected.kind != found.kind or len(expected.parts) != len(found.parts):
            return False
        if not self._same_own(expected, found):
            return False
        if expected.kind in {"and", "or"}:
            return self._same_in_any_order(expected, found)
        return all(map(self.same, expected.parts, found.parts))

    def _same_own(self, expected: Node, found: Node) -> bool:
        match expected.kind:
            case "call" | "collate":
                return _same_name(expected.text, found.text)
            case "cast":
                if expected.data_type is None or found.data_type is None:
                    return False
                return expected.data_type.means(found.data_type)
            case _:
                return expected.text == found.text

    def _same_in_any_order(self, expected: Node, found: Node) -> bool:
        remaining = list(found.parts)
        for part in expected.parts:
            for at, other in enumerate(remaining):
                if self.same(part, other):
                    del remaining[at]
                    break
            else:
                return False
        return True

    def _same_without_cast(self, expected: Node, found: Node) -> bool:
        """Whether the cast is one that PostgreSQL added on its own."""
        (inner,) = found.parts
        if _is_constant(inner):
            return self.same(expected, inner) or _same_number(expected, found)
        is_relabelled = (
            inner.kind == "name"
            and inner.text in self._varchars
            and str(found.data_type) == _RELABELLED
        )
        return is_relabelled and self.same(expected, inner)


def _names_relation(node: Node) -> bool:
    """Whether it is such as ``'public.users_id_seq'::regclass``."""
    return str(node.data_type) == "regclass" and node.parts[0].kind == "string"


def _without_cast(node: Node) -> Node:
    return node.parts[0] if node.kind == "cast" else node


def _is_constant(node: Node) -> bool:
    match node.kind:
        case "string" | "number":
            return True
        case "name":
            return node.text == "null"
        case "array" | "cast":
            return all(map(_is_constant, node.parts))
        case _:
            return False


def _same_number(expected: Node, found: Node) -> bool:
    """Whether ``'-1'::integer`` stands for the expected ``-1``."""
    (inner,) = found.parts
    is_number = found.data_type is not None and found.data_type.name in _NUMERIC
    return is_number and expected.kind == "number" and expected.text == inner.text


def _same_name(expected: str, found: str) -> bool:
    """Whether a name, with or without its schema, is the one found."""
    return expected == found or found.endswith(f".{expected}")
