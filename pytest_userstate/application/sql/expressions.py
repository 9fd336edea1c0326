"""SQL expressions, read into trees that do not show how they were written.

Keywords in any case, redundant parentheses, ``IN``, ``BETWEEN``, ``LIKE`` and the
like come out as PostgreSQL deparses them, and so do casts that it writes in two
ways: ``ARRAY['a'::varchar]::text[]`` is ``ARRAY['a'::varchar::text]`` once a dump
was restored. What is rarer (window functions, aggregates with an order) is refused;
the caller then compares the tokens around the expressions that can be read.

Precedence is that of PostgreSQL's documentation, "Operator Precedence".
"""

from __future__ import annotations

import collections.abc as cabc
import decimal
import functools
import typing as typ

import attrs

from pytest_userstate.application.sql.data_types import (
    DataType,
    read_data_type,
)
from pytest_userstate.application.sql.tokens import (
    Stream,
    Token,
    TokenKind,
    UnreadableSqlError,
    tokens,
)


@attrs.frozen
class Node:
    """A part of an expression: what it is, its own text, and its parts.

    `schema` is that of a name, a function or an operator, if it was written.
    """

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()
    data_type: DataType | None = None
    schema: str = ""


_COMPARISONS: typ.Final = frozenset({"<", ">", "=", "<=", ">=", "<>"})
_PATTERNS: typ.Final = {"like": "~~", "ilike": "~~*", "similar": "~"}
_LEVELS: typ.Final = {
    **dict.fromkeys(_COMPARISONS, 4),
    **dict.fromkeys("+-", 7),
    **dict.fromkeys("*/%", 8),
    "^": 9,
}
_COMPARISON, _MEMBERSHIP, _OTHER, _AT, _SIGN = 4, 5, 6, 10, 12
# Words that begin no expression: reserved ones, and those of windows and aggregates.
_RESERVED: typ.Final = frozenset(
    {
        *("all", "and", "any", "as", "asc", "both", "collate", "constraint"),
        *("create", "desc", "distinct", "do", "else", "end", "except", "fetch"),
        *("filter", "for", "from", "grant", "group", "having", "in", "intersect"),
        *("into", "lateral", "leading", "limit", "offset", "on", "only", "or"),
        *("order", "over", "placing", "references", "returning", "select", "some"),
        *("table", "then", "to", "trailing", "union", "unique", "using", "values"),
        *("when", "where", "window", "with", "within"),
    }
)
# Words that begin no expression either, unless they are called as functions.
_JOINING: typ.Final = frozenset(
    {"cross", "full", "ilike", "inner", "is", "join", "left", "like", "natural"}
    | {"outer", "overlaps", "right", "similar"}
)
_QUERIES: typ.Final = ("select", "values", "with")
_ONLY_FROM: typ.Final = frozenset({",", "from", "group", "having", "limit", "where"})
_OPENING, _CLOSING = "([", ")]"
_CONSTANTS: typ.Final = frozenset({"null", "true", "false", "default"})
# Words that are values by themselves; in quotes they are columns.
_VALUES: typ.Final = frozenset(
    {
        *("current_catalog", "current_date", "current_role", "current_schema"),
        *("current_time", "current_timestamp", "current_user", "localtime"),
        *("localtimestamp", "session_user", "system_user", "user"),
    }
)
# Standard SQL's type names may come before a literal: ``date '2026-01-01'``.
_LITERAL_TYPES: typ.Final = frozenset(
    {"bool", "boolean", "bytea", "date", "float8", "int", "integer", "bigint"}
    | {"interval", "json", "jsonb", "numeric", "text", "time", "timestamp"}
    | {"timestamptz", "timetz", "uuid", "varchar", "inet", "cidr"}
)
# Functions whose arguments are parted by words.
_WORDY: typ.Final[dict[str, tuple[str, ...]]] = {
    "extract": ("from",),
    "overlay": ("placing", "from", "for"),
    "position": ("in",),
    "substring": ("from", "for", "similar", "escape"),
    "trim": ("from",),
}
_SIDES: typ.Final = ("both", "leading", "trailing")
_STRINGS: typ.Final = frozenset({"text", "character varying", "bpchar"})
"""Types between which a constant text can be cast without a change."""


def read_expression(text: str) -> Node:
    """Return the tree of an expression.

    An `UnreadableSqlError` is raised if it is no expression, or one that is not
    supported.
    """
    return _whole(tokens(text))


def _whole(pieces: cabc.Sequence[Token]) -> Node:
    stream = Stream(pieces)
    node = _either(stream)
    if stream.next.kind is not TokenKind.END:
        raise stream.unreadable()
    return node


def canonical(pieces: cabc.Iterable[Token]) -> list[Token]:
    """Return some SQL, such as a query, in one of the ways to write it.

    Every expression in it is read, and written as a tree; what is around them stays
    as it is.
    """
    stream = Stream(tuple(pieces))
    result: list[Token] = []
    while stream.next.kind is not TokenKind.END:
        start = stream.position
        try:
            result += _written(_either(stream))
        except UnreadableSqlError:
            stream.back_to(start)
            result.append(stream.take())
    return result


@functools.lru_cache(maxsize=64)
def _canonical_query(pieces: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return a query in parentheses; kept, as what is around it is tried again."""
    return tuple(canonical(pieces))


def _written(node: Node) -> cabc.Iterator[Token]:
    """Yield what a tree consists of: a name as such, else what it is and its parts.

    What looks like a call may be a relation with its columns: ``t(a, b)``.
    """
    if node.kind == "call" and not node.schema:
        yield Token(TokenKind.QUOTED, node.text)
    if node.kind == "name":
        for schema in filter(None, node.schema.split("\0")):
            yield Token(TokenKind.QUOTED, schema)
            yield Token(TokenKind.MARK, ".")
        yield Token(TokenKind.QUOTED, node.text)
        return
    facts = (node.kind, node.text, node.schema, str(node.data_type), len(node.parts))
    yield Token(TokenKind.MARK, repr(facts))
    for part in node.parts:
        if node.kind == "query":
            yield Token(TokenKind[part.kind], part.text)
        else:
            yield from _written(part)


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
    while True:
        if stream.took_word("isnull"):
            node = Node("is", "null", (node,))
        elif stream.took_word("notnull"):
            node = Node("is not", "null", (node,))
        elif stream.took_word("is"):
            node = _test(stream, node)
        else:
            return node


def _test(stream: Stream, node: Node) -> Node:
    negative = stream.took_word("not")
    if stream.took_word("distinct", "from"):
        other = _operation(stream, _COMPARISON)
        node = Node("is distinct", parts=(node, other))
        return Node("not", parts=(node,)) if negative else node
    word = stream.take()
    if word.kind is not TokenKind.WORD or word.text not in {*_CONSTANTS, "unknown"}:
        raise stream.unreadable()
    return Node("is not" if negative else "is", word.text, (node,))


def _operation(stream: Stream, level: int) -> Node:
    """Read operators that bind at least as tightly as `level`."""
    node = _signed(stream)
    while True:
        start = stream.position
        operator = _binary(stream)
        if operator is None or operator[2] < level:
            stream.back_to(start)
            return node
        text, schema, own = operator
        if own == _MEMBERSHIP:
            node = _membership(stream, node, text)
        elif own == _AT:
            other = _operation(stream, own + 1)
            node = Node("operator", text, (node, other))
        else:
            parts = (node, _operand(stream, own))
            node = Node("operator", text, parts, schema=schema)


def _operand(stream: Stream, level: int) -> Node:
    for word in ("any", "all", "some"):
        if stream.took_word(word):
            parts = _list(stream, "(", ")")
            return Node("any" if word == "some" else word, parts=parts)
    return _operation(stream, level + 1)


def _binary(stream: Stream) -> tuple[str, str, int] | None:
    """Take the next operator: its text, its schema, and how tightly it binds."""
    token = stream.next
    if token.kind is TokenKind.OPERATOR:
        stream.take()
        return token.text, "", _LEVELS.get(token.text, _OTHER)
    if token.kind is not TokenKind.WORD:
        return None
    if stream.is_word("operator") and stream.ahead(1).text == "(":
        return (*_named_operator(stream), _OTHER)
    if stream.took_word("at", "time", "zone"):
        return "at time zone", "", _AT
    negative = stream.took_word("not")
    word = stream.take()
    if word.kind is TokenKind.WORD and word.text in {"in", "between", *_PATTERNS}:
        return f"not {word.text}" if negative else word.text, "", _MEMBERSHIP
    return None


def _named_operator(stream: Stream) -> tuple[str, str]:
    """Take ``OPERATOR(schema.~)``."""
    stream.expect_word("operator")
    stream.expect("(")
    schema = stream.take().text
    stream.expect(".")
    operator = stream.take()
    if operator.kind is not TokenKind.OPERATOR:
        raise stream.unreadable()
    stream.expect(")")
    return operator.text, "" if schema == "pg_catalog" else schema


def _membership(stream: Stream, node: Node, words: str) -> Node:
    word = words.removeprefix("not ")
    negative = word != words
    if word == "in":
        return _member(node, _list(stream, "(", ")"), negative=negative)
    if word == "between":
        symmetric = stream.took_word("symmetric")
        low = _operation(stream, _OTHER)
        stream.expect_word("and")
        high = _operation(stream, _OTHER)
        between = _between(node, low, high, negative=negative)
        if not symmetric:
            return between
        other = _between(node, high, low, negative=negative)
        return _flat("and" if negative else "or", [between, other])
    if word == "similar":
        stream.expect_word("to")
    pattern = _operation(stream, _OTHER)
    if stream.took_word("escape"):
        function = "similar_to_escape" if word == "similar" else "like_escape"
        pattern = Node("call", function, (pattern, _operation(stream, _OTHER)))
    elif word == "similar":
        pattern = Node("call", "similar_to_escape", (pattern,))
    sign = ("!" if negative else "") + _PATTERNS[word]
    return Node("operator", sign, (node, pattern))


def _member(node: Node, members: tuple[Node, ...], *, negative: bool) -> Node:
    sign = "<>" if negative else "="
    if len(members) == 1:
        return Node("operator", sign, (node, members[0]))
    list_ = Node("all" if negative else "any", parts=(Node("array", parts=members),))
    return Node("operator", sign, (node, list_))


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
    if stream.next.kind is TokenKind.OPERATOR:
        operator = stream.take().text
        return Node("operator", operator, (_operation(stream, _OTHER + 1),))
    return _suffixed(stream)


def _suffixed(stream: Stream) -> Node:
    node = _primary(stream)
    while True:
        if stream.took("::"):
            node = cast(node, read_data_type(stream))
        elif stream.took_word("collate"):
            collation = _dotted(stream)
            node = Node("collate", collation.text, (node,), schema=collation.schema)
        elif stream.took("["):
            index = [_either(stream)]
            if stream.took(":"):
                index.append(_either(stream))
            stream.expect("]")
            node = Node("subscript", parts=(node, *index))
        elif stream.took("."):
            node = Node("field", stream.take().text, (node,))
        else:
            return node


def cast(node: Node, data_type: DataType) -> Node:
    """Return a cast, in the one of two forms that PostgreSQL gives it at last."""
    if node.kind == "array" and data_type.is_array:
        element = attrs.evolve(data_type, is_array=False)
        return Node("array", parts=tuple(cast(part, element) for part in node.parts))
    is_text = str(data_type) in _STRINGS
    while is_text and node.kind == "cast" and str(node.data_type) in _STRINGS:
        constant = node.parts[0]
        if constant.kind != "string" or constant.text.endswith(" "):
            break  # `bpchar` drops blanks at the end
        node = node.parts[0]
    return Node("cast", parts=(node,), data_type=data_type)


def _primary(stream: Stream) -> Node:
    token = stream.next
    match token.kind:
        case TokenKind.NUMBER:
            return Node("number", _number(stream.take().text))
        case TokenKind.STRING:
            return Node("string", stream.take().text)
        case TokenKind.BITS:
            literal = Node("string", stream.take().text)
            return Node("cast", parts=(literal,), data_type=DataType("bit"))
        case TokenKind.MARK:
            return _in_parentheses(stream)
        case TokenKind.WORD:
            return _keyword(stream) or _name_or_call(stream)
        case _:
            return _name_or_call(stream)


def _number(text: str) -> str:
    """Return a number in one spelling, its scale included: ``1000`` for ``1e3``."""
    plain = text.replace("_", "")
    if plain[:2] in {"0x", "0o", "0b"}:
        return str(int(plain, 0))
    return f"{decimal.Decimal(plain):f}"


def _in_parentheses(stream: Stream) -> Node:
    nodes = _list(stream, "(", ")")
    if not nodes:
        raise stream.unreadable()
    return nodes[0] if len(nodes) == 1 else Node("row", parts=nodes)


def _query(stream: Stream) -> Node:
    """Read a query up to the parenthesis that ends it."""
    pieces: list[Token] = []
    beside: set[str] = set()
    depth = 0
    while depth or not stream.is_mark(")"):
        token = stream.take()
        if token.kind is TokenKind.END:
            raise stream.unreadable()
        if token.kind is TokenKind.MARK:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if not depth:
            beside.add(token.text)
        pieces.append(token)
    if pieces[0].text == "select" and not beside & _ONLY_FROM:
        # PostgreSQL gives the column of a query a name; it says nothing here.
        is_named = pieces[-2:-1] == [Token(TokenKind.WORD, "as")]
        return Node("select", parts=(_whole(pieces[1 : -2 if is_named else None]),))
    leaves = (
        Node(piece.kind.name, piece.text) for piece in _canonical_query(tuple(pieces))
    )
    return Node("query", parts=tuple(leaves))


def _keyword(stream: Stream) -> Node | None:
    """Read what begins with a word that is no name."""
    word, following = stream.next.text, stream.ahead(1)
    if word in _RESERVED or (word in _JOINING and following.text != "("):
        raise stream.unreadable()
    if word in _CONSTANTS:
        return Node("constant", stream.take().text)
    if word in _VALUES and following.text != ".":
        stream.take()
        parts = _list(stream, "(", ")") if stream.next.text == "(" else ()
        return Node("value", word, parts)
    if word == "case":
        return _case(stream)
    if following.kind is TokenKind.MARK and following.text in "([":
        return _keyword_with_brackets(stream, word, following.text)
    return _typed_literal(stream) if word in _LITERAL_TYPES else None


def _keyword_with_brackets(stream: Stream, word: str, bracket: str) -> Node | None:
    match word, bracket:
        case "array", "[":
            stream.take()
            return Node("array", parts=_list(stream, "[", "]"))
        case "row", "(":
            stream.take()
            return Node("row", parts=_list(stream, "(", ")"))
        case "cast", "(":
            return _cast(stream)
        case _, "(" if word in _WORDY:
            return _wordy_call(stream)
        case _:
            return _typed_literal(stream) if word in _LITERAL_TYPES else None


def _typed_literal(stream: Stream) -> Node | None:
    """Read ``date '2026-01-01'``, or nothing if the type's name is a name here."""
    start = stream.position
    if stream.ahead(1).kind is TokenKind.STRING or stream.ahead(1).text in {
        "with",
        "without",
    }:
        data_type = read_data_type(stream)
        if stream.next.kind is TokenKind.STRING:
            return cast(Node("string", stream.take().text), data_type)
    stream.back_to(start)
    return None


def _cast(stream: Stream) -> Node:
    stream.expect_word("cast")
    stream.expect("(")
    node = _either(stream)
    stream.expect_word("as")
    data_type = read_data_type(stream)
    stream.expect(")")
    return cast(node, data_type)


def _case(stream: Stream) -> Node:
    """Read a ``CASE``: its operand or nothing, conditions with results, and ELSE."""
    stream.expect_word("case")
    nothing = Node("constant", "null")
    parts = [nothing if stream.is_word("when") else _either(stream)]
    while stream.took_word("when"):
        parts.append(_either(stream))
        stream.expect_word("then")
        parts.append(_either(stream))
    parts.append(_either(stream) if stream.took_word("else") else nothing)
    stream.expect_word("end")
    return Node("case", parts=tuple(parts))


def _wordy_call(stream: Stream) -> Node:
    """Read ``EXTRACT(year FROM x)`` and the like; their words count."""
    name = stream.take().text
    stream.expect("(")
    words = [name]
    if name == "trim":
        side = next((side for side in _SIDES if stream.took_word(side)), "both")
        words.append(side)
    parts: list[Node] = []
    while not stream.took(")"):
        word = next((word for word in _WORDY[name] if stream.took_word(word)), "")
        if word and name != "trim":
            words.append(word)
        elif parts and not word:
            stream.expect(",")
        parts.append(
            Node("string", stream.take().text)
            if name == "extract" and not parts
            else _operation(stream, _OTHER)
        )
    return Node("call", " ".join(words), tuple(parts))


def _name_or_call(stream: Stream) -> Node:
    name = _dotted(stream)
    if not stream.took("("):
        return name
    if stream.took("*"):
        stream.expect(")")
        return Node("call", f"{name.text}(*)", schema=name.schema)
    return Node("call", name.text, _until(stream, ")"), schema=name.schema)


def _dotted(stream: Stream) -> Node:
    """Read a name: of PostgreSQL's own without its schema, else with it."""
    parts: list[str] = []
    while not parts or stream.took("."):
        token = stream.take()
        is_row = bool(parts) and token.text == "*"
        if token.kind not in {TokenKind.WORD, TokenKind.QUOTED} and not is_row:
            raise stream.unreadable()
        parts.append(token.text)
    *schema, name = parts
    if schema == ["pg_catalog"]:
        schema = []
    return Node("name", name, schema="\0".join(schema))


def _list(stream: Stream, start: str, end: str) -> tuple[Node, ...]:
    stream.expect(start)
    return _until(stream, end)


def _until(stream: Stream, end: str) -> tuple[Node, ...]:
    if stream.took(end):
        return ()
    nodes = [_argument(stream)]
    while stream.took(","):
        nodes.append(_argument(stream))
    stream.expect(end)
    return tuple(nodes)


def _argument(stream: Stream) -> Node:
    if any(map(stream.is_word, _QUERIES)):
        return _query(stream)
    if stream.took_word("variadic"):
        return Node("variadic", parts=(_either(stream),))
    return _either(stream)
