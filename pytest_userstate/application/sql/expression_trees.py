"""SQL expressions, read into trees that do not show how they were written.

Keywords in any case, redundant parentheses, ``IN``, ``BETWEEN``, ``LIKE`` and the
like come out as PostgreSQL deparses them. What is rarer than that (``CASE``,
queries, window functions) is refused; the caller then compares the tokens.

Precedence is that of PostgreSQL's documentation, "Operator Precedence".
"""

from __future__ import annotations

import typing as typ

import attrs

from pytest_userstate.application.sql.data_types import (
    DataType,
    read_data_type,
)
from pytest_userstate.application.sql.tokens import Kind, Stream


@attrs.frozen
class Node:
    """A part of an expression: what it is, its own text, and its parts."""

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()
    data_type: DataType | None = None


_COMPARISONS: typ.Final = frozenset({"<", ">", "=", "<=", ">=", "<>"})
_LIKE: typ.Final = {"like": "~~", "ilike": "~~*"}
_LEVELS: typ.Final = {
    **dict.fromkeys(_COMPARISONS, 4),
    **dict.fromkeys("+-", 7),
    **dict.fromkeys("*/%", 8),
    "^": 9,
}
_COMPARISON, _MEMBERSHIP, _OTHER, _AT, _SIGN = 4, 5, 6, 10, 12
_UNSUPPORTED: typ.Final = frozenset(
    {"case", "select", "exists", "extract", "overlay", "position", "row"}
    | {"substring", "trim", "similar", "over", "filter", "distinct", "interval"}
)
# Standard SQL's type names may stand before a literal: ``date '2026-01-01'``.
_LITERAL_TYPES: typ.Final = frozenset(
    {"bytea", "date", "interval", "json", "jsonb", "time", "timestamp"}
    | {"timestamptz", "timetz", "uuid"}
)


def read_expression(text: str) -> Node:
    """Return the tree of an expression.

    Raises
    ------
    UnreadableSqlError
        When it is none, or one that is not supported.
    """
    stream = Stream(text)
    node = _either(stream)
    if stream.next.kind is not Kind.END:
        raise stream.unreadable()
    return node


def _either(stream: Stream) -> Node:
    parts = [_both(stream)]
    while stream.took_word("or"):
        parts.append(_both(stream))
    return _flat("or", parts)


def _both(stream: Stream) -> Node:
    parts = [_negated(stream)]
    while stream.took_word("and"):
        parts.append(_negated(stream))
    return _flat("and", parts)


def _flat(kind: str, parts: list[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if part.kind == kind else (part,)
    return Node(kind, parts=tuple(flat))


def _negated(stream: Stream) -> Node:
    if stream.took_word("not"):
        return Node("not", parts=(_negated(stream),))
    return _tested(stream)


def _tested(stream: Stream) -> Node:
    """Read ``x IS [NOT] NULL`` and the like."""
    node = _operation(stream, _COMPARISON)
    while stream.took_word("is"):
        negative = stream.took_word("not")
        if stream.took_word("distinct", "from"):
            other = _operation(stream, _COMPARISON)
            node = Node("is distinct", parts=(node, other))
            node = Node("not", parts=(node,)) if negative else node
            continue
        word = stream.take()
        if word.text not in {"null", "true", "false", "unknown"}:
            raise stream.unreadable()
        node = Node("is not" if negative else "is", word.text, (node,))
    return node


def _operation(stream: Stream, level: int) -> Node:
    """Read operators that bind at least as tightly as `level`."""
    node = _signed(stream)
    while True:
        found = _binary(stream)
        if found is None or found[1] < level:
            return node
        operator, own = found
        if own == _MEMBERSHIP:
            node = _membership(stream, node)
        elif own == _AT:
            stream.took_word("at", "time", "zone")
            other = _operation(stream, own + 1)
            node = Node("operator", "at time zone", (node, other))
        else:
            stream.take()
            node = Node("operator", operator, (node, _operand(stream, own)))


def _operand(stream: Stream, level: int) -> Node:
    for word in ("any", "all", "some"):
        if stream.took_word(word):
            stream.expect("(")
            node = _either(stream)
            stream.expect(")")
            return Node("any" if word == "some" else word, parts=(node,))
    return _operation(stream, level + 1)


def _binary(stream: Stream) -> tuple[str, int] | None:
    """Return the operator that comes next, and how tightly it binds."""
    token = stream.next
    if token.kind is Kind.OPERATOR:
        return token.text, _LEVELS.get(token.text, _OTHER)
    if token.kind is not Kind.WORD:
        return None
    if stream.is_word("at", "time", "zone"):
        return "at", _AT
    word = stream.ahead(1).text if token.text == "not" else token.text
    if word in {"in", "between", *_LIKE}:
        return word, _MEMBERSHIP
    return None


def _membership(stream: Stream, node: Node) -> Node:
    negative = stream.took_word("not")
    word = stream.take().text
    if word == "in":
        return _member(node, _list(stream, "(", ")"), negative=negative)
    if word == "between":
        low = _operation(stream, _OTHER)
        if not stream.took_word("and"):
            raise stream.unreadable()
        return _between(node, low, _operation(stream, _OTHER), negative=negative)
    pattern = _operation(stream, _OTHER)
    return Node("operator", ("!" if negative else "") + _LIKE[word], (node, pattern))


def _member(node: Node, members: tuple[Node, ...], *, negative: bool) -> Node:
    sign = "<>" if negative else "="
    if len(members) == 1:
        return Node("operator", sign, (node, members[0]))
    each = Node("all" if negative else "any", parts=(Node("array", parts=members),))
    return Node("operator", sign, (node, each))


def _between(node: Node, low: Node, high: Node, *, negative: bool) -> Node:
    kind, first, second = ("or", "<", ">") if negative else ("and", ">=", "<=")
    return Node(
        kind,
        parts=(
            Node("operator", first, (node, low)),
            Node("operator", second, (node, high)),
        ),
    )


def _signed(stream: Stream) -> Node:
    for sign in "-+":
        if stream.took(sign):
            node = _operation(stream, _SIGN)
            if node.kind == "number":
                return Node("number", f"-{node.text}" if sign == "-" else node.text)
            return Node("operator", sign, (node,))
    return _suffixed(stream)


def _suffixed(stream: Stream) -> Node:
    node = _primary(stream)
    while True:
        if stream.took("::"):
            node = Node("cast", parts=(node,), data_type=read_data_type(stream))
        elif stream.took_word("collate"):
            node = Node("collate", _dotted(stream).text, (node,))
        elif stream.took("["):
            index = _either(stream)
            stream.expect("]")
            node = Node("subscript", parts=(node, index))
        else:
            return node


def _primary(stream: Stream) -> Node:
    token, following = stream.next, stream.ahead(1)
    if token.kind in {Kind.NUMBER, Kind.STRING}:
        return Node(token.kind.name.lower(), stream.take().text)
    if stream.took("("):
        node = _either(stream)
        stream.expect(")")
        return node
    if token.text in _LITERAL_TYPES and following.kind is Kind.STRING:
        named = read_data_type(stream)
        literal = Node("string", stream.take().text)
        return Node("cast", parts=(literal,), data_type=named)
    if stream.took_word("array"):
        return Node("array", parts=_list(stream, "[", "]"))
    if stream.took_word("cast"):
        return _cast(stream)
    return _name_or_call(stream)


def _cast(stream: Stream) -> Node:
    stream.expect("(")
    node = _either(stream)
    if not stream.took_word("as"):
        raise stream.unreadable()
    named = read_data_type(stream)
    stream.expect(")")
    return Node("cast", parts=(node,), data_type=named)


def _name_or_call(stream: Stream) -> Node:
    token = stream.next
    if token.kind is Kind.WORD and token.text in _UNSUPPORTED:
        raise stream.unreadable()
    name = _dotted(stream)
    if stream.took("("):
        return Node("call", name.text, _until(stream, ")"), None)
    return name


def _dotted(stream: Stream) -> Node:
    parts: list[str] = []
    while not parts or stream.took("."):
        token = stream.take()
        if token.kind not in {Kind.WORD, Kind.QUOTED}:
            raise stream.unreadable()
        parts.append(token.text)
    return Node("name", ".".join(parts))


def _list(stream: Stream, start: str, end: str) -> tuple[Node, ...]:
    stream.expect(start)
    return _until(stream, end)


def _until(stream: Stream, end: str) -> tuple[Node, ...]:
    if stream.took(end):
        return ()
    nodes = [_either(stream)]
    while stream.took(","):
        nodes.append(_either(stream))
    stream.expect(end)
    return tuple(nodes)
