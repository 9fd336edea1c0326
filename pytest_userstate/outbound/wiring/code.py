"""A source file as one row of names, strings, and signs, whatever its language.

A call is a name and parentheses in every language that is read, and a member is a name
behind a dot; so calls are read from this row, and only strings, comments, and the
borders of functions need the syntax tree.
"""

from __future__ import annotations

import bisect
import collections.abc as cabc
import enum
import functools
import re
import typing as typ

import attrs

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.wiring.parsing import parse
from pytest_userstate.outbound.wiring.sources import SourceText
from pytest_userstate.outbound.wiring.sql_writes import HOLE
from pytest_userstate.outbound.wiring.syntax.language import language_of
from pytest_userstate.outbound.wiring.syntax.tree import SyntaxTree

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

_STRINGS: typ.Final = frozenset(
    {
        *("interpolated_string_expression", "interpreted_string_literal", "string"),
        *("line_string_literal", "multi_line_string_literal", "raw_string_literal"),
        *("string_literal", "template_string", "verbatim_string_literal"),
    }
)
_HOLES: typ.Final = frozenset(
    {
        *("interpolated_expression", "interpolated_identifier", "interpolation"),
        "template_substitution",
    }
)
_FUNCTIONS: typ.Final = frozenset(
    {
        *("arrow_function", "constructor_declaration", "func_literal"),
        *("function_declaration", "function_definition", "function_expression"),
        *("function_item", "lambda_expression", "method_declaration"),
        *("local_function_statement", "method_definition", "lambda_literal"),
    }
)
_MOST_ELEMENTS: typ.Final = 200
_ESCAPES: typ.Final = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}
_TEST: typ.Final = re.compile(r"\bcfg\s*\(.*\btest\b|\btest\s*(?:\]|\()")
_JOINS: typ.Final = frozenset({"+", ".."})
_NAME: typ.Final = re.compile(r"[^\W\d]\w*")
_ACCESS: typ.Final = frozenset({".", "?.", "::", "->", "!!."})


SCRIPT: typ.Final = frozenset({"JavaScript", "TypeScript", "TSX"})
LOCKED: typ.Final = (
    "the row is locked there first, and what is compared in between was not read"
)
_LOCKING_CALLS: typ.Final = re.compile(
    r"for_?(?:no_?key_?)?update|^(?:fetch|find|get|load|read|select)\w*lock"
    r"|^lock(?:_?by|_?for|_?row)",
    re.IGNORECASE,
)
_LOCKS: typ.Final = re.compile(
    r"pessimistic|serializable|lockmode|^LOCK$|^Locking$", re.IGNORECASE
)
"""Names of what locks rows, or a whole transaction."""
LOCKING_SQL: typ.Final = re.compile(
    r"\bfor\s+(?:no\s+key\s+)?update\b(?!\s+(?:of\s+\w+\s+)?skip\s+locked)"
    r"|\bserializable\b|pg_advisory_(?:xact_)?lock|pessimistic",
    re.IGNORECASE,
)
"""The same in SQL and in settings; who skips locked rows works off a queue."""


class CodeKind(enum.Enum):
    """What a part of the code is."""

    NAME = enum.auto()
    STRING = enum.auto()
    SIGN = enum.auto()


@attrs.frozen
class CodeToken:
    """A part of the code; the text of a string is its value, with holes."""

    kind: CodeKind
    text: str
    start: int


@attrs.frozen
class Link:
    """A part of a chain: a name, and the span of its arguments if it is called."""

    name: str
    at: int
    arguments: tuple[int, int] | None = None


@attrs.frozen
class Chain:
    """Names and calls that are joined by dots: ``db.update(notes).set(…)``."""

    links: tuple[Link, ...]
    start: int
    end: int


_END: typ.Final = CodeToken(CodeKind.SIGN, "", -1)


class Code:
    """The tokens of a file."""

    def __init__(self, source: SourceText) -> None:
        """Parse the text."""
        self.path = source.relative_path
        self.text = source.text
        self.language = language_of(source.path.suffix)
        # The functions, outer ones before those in them.
        functions: list[tuple[int, int]] = []
        self._parsed = parse(source.text, self.language)
        self.tree = SyntaxTree(self._parsed.root(), source.text, self.language)
        read = [*self._read(self._parsed.root(), functions)]
        self.tokens = _joined(read, self._constants(source.text))
        self._starts = [token.start for token in self.tokens]
        self._scopes = [*_outermost(functions)]
        self._closing = _brackets(self.tokens)
        self._locked: dict[tuple[int, int], bool] = {}

    def source_of(self, index: int, before: str = "") -> Source:
        """Return the place of a token, or of what follows a text in it."""
        line = self.tree.line_of(self.at(index).start) + before.count("\n")
        return Source(self.path, line)

    def at(self, index: int) -> CodeToken:
        """Return the token of a number; an empty one behind the last."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else _END

    def closing(self, index: int) -> int:
        """Return where the bracket closes that opens at a token."""
        return self._closing.get(index, len(self.tokens) - 1)

    def opener(self, index: int) -> str:
        """Return the bracket that a token is in; empty if it is in none."""
        depth = 0
        for at in range(index - 1, max(index - _MOST_ELEMENTS, -1), -1):
            token = self.at(at)
            if token.kind is CodeKind.SIGN and token.text in {")", "]", "}"}:
                depth += 1
            elif token.kind is CodeKind.SIGN and token.text in {"(", "[", "{"}:
                if depth == 0:
                    return token.text
                depth -= 1
        return ""

    def scope_of(self, index: int) -> tuple[int, int]:
        """Return the tokens of the outermost function that a token is in, if any."""
        start = self.at(index).start
        number = bisect.bisect_right(self._scopes, (start, len(self.text))) - 1
        if number < 0 or start >= self._scopes[number][1]:
            return (0, 0)
        first, last = self._scopes[number]
        return (
            bisect.bisect_left(self._starts, first),
            bisect.bisect_left(self._starts, last),
        )

    def chains(self) -> cabc.Iterator[Chain]:
        """Yield every chain that calls something, also those in arguments."""
        for index, token in enumerate(self.tokens):
            if token.kind is CodeKind.NAME and self.at(index - 1).text not in _ACCESS:
                chain = self.chain_at(index)
                if any(link.arguments for link in chain.links):
                    yield chain

    def chain_at(self, index: int) -> Chain:
        """Return the chain that starts at a name."""
        links: list[Link] = []
        at = index
        while self.at(at).kind is CodeKind.NAME:
            name, start = self.at(at).text, at
            at = self._behind_types(at + 1)
            arguments = None
            if self.at(at).text == "(":
                arguments = (at + 1, self.closing(at))
                at = arguments[1] + 1
            links.append(Link(name, start, arguments))
            while self.at(at).text in {"(", "[", "?", "!", "!!"}:
                if self.at(at).text in {"(", "["}:
                    if self.at(at).text == "(":
                        links.append(Link("", at, (at + 1, self.closing(at))))
                    at = self.closing(at)
                elif self.at(at + 1).text not in {*_ACCESS, "(", "["}:
                    break
                at += 1
            if self.at(at).text not in _ACCESS:
                break
            at += 1
        return Chain(tuple(links), index, at)

    def _behind_types(self, at: int) -> int:
        """Return the place behind type arguments, if a call follows them."""
        start = at + (self.at(at).text == "::")
        if self.at(start).text != "<":
            return at
        depth = 0
        for following in range(start, min(start + 40, len(self.tokens))):
            text = self.at(following).text
            depth += {"<": 1, ">": -1, ">>": -2}.get(text, 0)
            if depth <= 0:
                behind = following + 1
                return behind if self.at(behind).text in {"(", *_ACCESS} else at
        return at

    def arguments(self, link: Link) -> list[tuple[int, int]]:
        """Return the spans of the arguments of a call."""
        first, last = link.arguments or (0, 0)
        spans, start, at = [], first, first
        while at < last:
            if self.at(at).text == ",":
                spans.append((start, at))
                start = at + 1
            opens = self.at(at).text in {"(", "[", "{"}
            at = self.closing(at) + 1 if opens else at + 1
        return [*spans, (start, last)] if start < last else spans

    def keys(
        self, span: tuple[int, int] | None, *, depth: int
    ) -> dict[str, tuple[int, int]]:
        """Return the keys in a span, down to a depth, with their values' spans."""
        keys: dict[str, tuple[int, int]] = {}
        first, last = span or (0, 0)
        at = first
        while at < last:
            token, following = self.at(at), self.at(at + 1).text
            before = self.at(at - 1).text
            is_key = token.kind is not CodeKind.SIGN and before in {"(", ",", "{"}
            if is_key and following in {":", "=", "to"}:
                keys.setdefault(token.text, (at + 2, self._end_of_value(at + 2, last)))
            elif (
                is_key
                and following in {",", "}"}
                and token.kind is CodeKind.NAME
                and self.language.name in SCRIPT
                and self.at(first - 1).text == "{"
            ):
                keys.setdefault(token.text, (at, at + 1))
            if token.text in {"(", "[", "{"}:
                inside = self.closing(at)
                if depth and token.text == "{":
                    inner = self.keys((at + 1, min(inside, last)), depth=depth - 1)
                    keys = {**inner, **keys}
                at = inside
            at += 1
        return keys

    def _end_of_value(self, at: int, last: int) -> int:
        while at < last and self.at(at).text != ",":
            opens = self.at(at).text in {"(", "[", "{"}
            at = self.closing(at) + 1 if opens else at + 1
        return min(at, last)

    def words(self, span: tuple[int, int]) -> cabc.Iterator[str]:
        """Yield the names in a span, and the words of its strings."""
        for at in range(*span):
            token = self.at(at)
            if token.kind is CodeKind.NAME:
                yield token.text
            elif token.kind is CodeKind.STRING:
                yield from re.findall(r"\w+", token.text)

    def spreads(self, span: tuple[int, int]) -> bool:
        """Whether a span holds more than it says: ``...more``, ``**more``."""
        for at in range(*span):
            text, before = self.at(at).text, self.at(at - 1).text
            if text in {"...", "**"} and before in {"(", ",", "{", "["}:
                return True
            if text == "*" and before in {"(", ","} and self.language.name == "Python":
                return True
        return False

    def locks_rows_of(self, table: str) -> bool:
        """Whether another statement of the file locks rows of a table."""
        return any(table in text for text in self._locking)

    @functools.cached_property
    def _locking(self) -> list[str]:
        """The statements that lock rows, in lower case."""
        return [
            token.text.lower()
            for token in self.tokens
            if token.kind is CodeKind.STRING and LOCKING_SQL.search(token.text)
        ]

    def is_locked(self, index: int) -> bool:
        """Whether the function around a place locks rows, or whole transactions."""
        scope = self.scope_of(index)
        if scope not in self._locked:
            self._locked[scope] = any(self._is_lock(at) for at in range(*scope))
        return self._locked[scope]

    def _is_lock(self, index: int) -> bool:
        token, following = self.at(index), self.at(index + 1).text
        if token.kind is CodeKind.STRING:
            return LOCKING_SQL.search(token.text) is not None
        if following == "(" and _LOCKING_CALLS.search(token.text):
            return True
        is_option = token.text == "lock" and following in {":", "="}
        return is_option or _LOCKS.search(token.text) is not None

    @staticmethod
    def _constants(text: str) -> dict[str, str]:
        pattern = r"\b([A-Za-z_]\w*)\s*(?::\s*[&'\w\s]+)?:?=\s*[\"'`]([\w.]+)[\"'`]"
        return {match[1]: match[2] for match in re.finditer(pattern, text)}

    def _read(
        self, root: SgNode, functions: list[tuple[int, int]]
    ) -> cabc.Iterator[CodeToken]:
        """Yield the tokens, and note where functions are."""
        ahead = [root]
        while ahead:
            node = ahead.pop()
            kind = node.kind()
            if "comment" in kind:
                continue
            children = node.children()
            place = node.replace("")
            if kind in _STRINGS:
                if not self._is_docstring(node, kind):
                    yield CodeToken(CodeKind.STRING, _value(node), place.start_pos)
                continue
            if kind in _FUNCTIONS:
                functions.append((place.start_pos, place.end_pos))
            if not children:
                text = node.text()
                is_name = _NAME.fullmatch(text) is not None
                word = CodeKind.NAME if is_name else CodeKind.SIGN
                yield CodeToken(word, text, place.start_pos)
                continue
            ahead += reversed([*self._without_tests(children)])

    def _is_docstring(self, node: SgNode, kind: str) -> bool:
        if kind != "string" or self.language.name != "Python":
            return False
        parent = node.parent()
        return parent is not None and parent.kind() == "expression_statement"

    def _without_tests(self, nodes: list[SgNode]) -> cabc.Iterator[SgNode]:
        """Yield the nodes but those that Rust compiles only for tests."""
        is_test = False
        for node in nodes:
            if node.kind() == "attribute_item":
                is_test = is_test or _TEST.search(node.text()) is not None
            elif not is_test:
                yield node
            else:
                is_test = False


def _outermost(spans: cabc.Iterable[tuple[int, int]]) -> cabc.Iterator[tuple[int, int]]:
    """Yield the spans that are in no other one, in order."""
    end = -1
    for span in sorted(spans):
        if span[0] >= end:
            end = span[1]
            yield span


def _value(node: SgNode) -> str:
    """Return the value of a string, with a hole for each part that is not known."""
    children = node.children()
    if not children:
        text = node.text()
        return text[2:-1].replace('""', '"') if text.startswith("@") else text
    pieces: list[str] = []
    for child in children:
        kind = child.kind()
        if kind in _HOLES:
            inner = re.sub(r"^[$#]?\{|\}$", "", child.text()).strip()
            pieces.append(f"{HOLE}{inner}{HOLE}" if _NAME.fullmatch(inner) else HOLE)
        elif "content" in kind or "fragment" in kind:
            pieces.append(
                _unescaped(child.text()) if child.children() else child.text()
            )
        elif "escape" in kind:
            pieces.append(_unescaped(child.text()))
    return "".join(pieces)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text, flags=re.DOTALL)


def _joined(
    tokens: list[CodeToken], constants: cabc.Mapping[str, str]
) -> list[CodeToken]:
    """Join strings that stand side by side, or with a plus between them."""

    def filled(text: str) -> str:
        pattern = rf"{HOLE}(\w+?){HOLE}"
        return re.sub(pattern, lambda m: constants.get(m[1], HOLE), text)

    def operand(at: int) -> tuple[str, int]:
        """Return what an operand stands for, and the place behind it."""
        token = tokens[at]
        opens = token.text == "(" and token.kind is CodeKind.SIGN
        end = _behind_members(tokens, at if opens else at + 1)
        if end > at + 1:
            return HOLE, end
        if token.kind is CodeKind.STRING:
            return filled(token.text), end
        return constants.get(token.text, HOLE), end

    joined: list[CodeToken] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.kind is CodeKind.STRING:
            pieces = [filled(token.text)]
            while at + 1 < len(tokens):
                plus = tokens[at].text in _JOINS and tokens[at].kind is CodeKind.SIGN
                if not plus and tokens[at].kind is not CodeKind.STRING:
                    break
                piece, at = operand(at + plus)
                pieces.append(piece)
            token = attrs.evolve(token, text="".join(pieces))
        joined.append(token)
    return joined


def _behind_members(tokens: cabc.Sequence[CodeToken], at: int) -> int:
    """Return the place behind the members and calls that begin at a place."""
    while at < len(tokens) and tokens[at].text in {*_ACCESS, "(", "["}:
        if tokens[at].text in _ACCESS:
            at += 2
            continue
        depth = 0
        while at < len(tokens):
            sign = tokens[at].text if tokens[at].kind is CodeKind.SIGN else ""
            depth += (sign in {"(", "["}) - (sign in {")", "]"})
            at += 1
            if depth == 0:
                break
    return at


def _brackets(tokens: cabc.Sequence[CodeToken]) -> dict[int, int]:
    """Return where each bracket closes."""
    pairs: dict[int, int] = {}
    open_at: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind is CodeKind.SIGN and token.text in {"(", "[", "{"}:
            open_at.append(index)
        elif token.kind is CodeKind.SIGN and token.text in {")", "]", "}"} and open_at:
            pairs[open_at.pop()] = index
    return pairs
