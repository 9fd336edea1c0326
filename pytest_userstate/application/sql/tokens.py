r"""SQL, cut into tokens as PostgreSQL's lexer does.

The patterns follow ``src/backend/parser/scan.l`` of PostgreSQL 14 to 18. Strings of
every kind (``'…'``, ``E'…'``, ``U&'…'``, ``$tag$…$tag$``) come out as their value;
what is in double quotes is a name and never a keyword.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import re
import typing as typ

import attrs

# Before 3.11.5, Python leaves a possessive group where its last, failed attempt was
# given up, not where that began (gh-106052). So none here holds a lookahead, or parts
# of which the first can match where the whole does not; greedy ones may.
BLANKS: typ.Final = " \t\n\r\f\v"
LINE_COMMENT: typ.Final = r"--[^\n\r]*+"
# What starts and continues a word: letters, "_" and all that is not ASCII. Said by
# what does not, since a class of ASCII compiles ten times as fast.
LETTER: typ.Final = r"[^\x00-@\[-\^`{-\x7f]"
WORD: typ.Final = rf"{LETTER}[^\x00-#%-/:-@\[-\^`{{-\x7f]*+"
# Its optional groups are not possessive: Python before 3.11.5 would go on behind a part
# of one that fails, such as the "e" in "1e$$".
NUMBER: typ.Final = r"[0-9][0-9_]*+(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?"
QUOTED: typ.Final = r'(?:[uU]&)?+"(?:[^"]|"")*+"?+'
TAG: typ.Final = rf"\$(?:{LETTER}[^\x00-/:-@\[-\^`{{-\x7f]*+)?+\$"
PLAIN: typ.Final = r"'(?:[^']|'')*+'?+"
ESCAPING: typ.Final = r"'(?:[^'\\]|''|\\.)*+"

FOLD: typ.Final = str.maketrans({chr(code): chr(code + 32) for code in range(65, 91)})
"""How the server folds names that are not quoted."""

_TOKEN: typ.Final = re.compile(
    rf"""
    (?P<blank>[{BLANKS}]++|{LINE_COMMENT})
    |(?P<escaping>[eE]{ESCAPING}'?)
    |(?P<unicode>[uU]&{PLAIN})
    |(?P<bits>[bBxX]{PLAIN})
    |(?P<string>[nN]?{PLAIN})
    |(?P<quoted>{QUOTED})
    |(?P<number>0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+
      |{NUMBER}\.?|\.[0-9][0-9_]*(?:[eE][+-]?[0-9]+)?)
    |(?P<word>{WORD})
    |(?P<mark>::|[()\[\],.;:]|\$[0-9]+)
    |(?P<operator>(?:(?!--|/\*)[-+*/<>=~!@\#%^&|`?])+)
    """,
    re.VERBOSE | re.DOTALL,
)
_DOLLAR: typ.Final = re.compile(TAG)
_COMMENT_EDGE: typ.Final = re.compile(r"/\*|\*/")
_UESCAPE: typ.Final = re.compile(rf"[{BLANKS}]*uescape[{BLANKS}]*'(.)'", re.IGNORECASE)
_CONTINUATION: typ.Final = re.compile(rf"({ESCAPING})'?", re.DOTALL)
_MAY_END_IN_A_SIGN: typ.Final = frozenset("~!@#%^&|`?")
_ESCAPE: typ.Final = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|''",
    re.DOTALL,
)
_ESCAPES: typ.Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class UnreadableSqlError(ValueError):
    """A text that cannot be read as the piece of SQL that it should be."""


class TokenKind(enum.Enum):
    """What a token is."""

    WORD = enum.auto()
    QUOTED = enum.auto()
    STRING = enum.auto()
    BITS = enum.auto()
    NUMBER = enum.auto()
    OPERATOR = enum.auto()
    MARK = enum.auto()
    END = enum.auto()


@attrs.frozen
class Token:
    """A token; words are in lower case, names unquoted, strings are their value.

    The text of ``B'…'`` and ``X'…'`` are the binary digits.
    """

    kind: TokenKind
    text: str


END: typ.Final = Token(TokenKind.END, "")


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text.

    An `UnreadableSqlError` is raised if something in it is no token.
    """
    return _Lexer(text).all()


class _Lexer:
    """Cutting one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._tokens: list[Token] = []
        self._continued = ""
        """How a string goes on after a line break: its group, or "" if none can."""

    def all(self) -> list[Token]:
        while self._at < len(self._text):
            start = self._at
            token, group = self._next()
            if token is None:
                if "\n" not in self._text[start : self._at]:
                    continue
                if self._continued:
                    self._continued += "\n"
                continue
            if token.kind is TokenKind.STRING and self._continued.endswith("\n"):
                before = self._tokens.pop()
                token = Token(TokenKind.STRING, before.text + token.text)
            self._continued = group if token.kind is TokenKind.STRING else ""
            self._tokens.append(token)
        return self._tokens

    def _next(self) -> tuple[Token | None, str]:
        """Return the next token, or None for blanks; and what kind of text it is."""
        text, start = self._text, self._at
        if text.startswith("/*", start):
            end = end_of_comment(text, start)
            if end is None:
                self._refuse("a comment has no end", start)
            self._at = end
            return None, ""
        if text[start] == "$" and (tag := _DOLLAR.match(text, start)):
            return self._dollar_quoted(tag), "dollar"
        if self._continued == "escaping\n" and text[start] == "'":
            match = _CONTINUATION.match(text, start)
            assert match is not None  # noqa: S101 - it begins with a quote
            self._at = match.end()
            return self._string("escaping", match[0], start), "escaping"
        match = _TOKEN.match(text, start)
        if match is None or match.lastgroup is None:
            self._refuse("it cannot be read", start)
        self._at = match.end()
        return self._token(match.lastgroup, match[0], start), match.lastgroup

    def _token(self, group: str, text: str, start: int) -> Token | None:
        match group:
            case "blank":
                return None
            case "escaping" | "unicode" | "string" | "bits":
                return self._string(group, text, start)
            case "quoted":
                return self._quoted_name(text, start)
            case "operator":
                kept = _without_sign(text)
                self._at -= len(text) - len(kept)
                return Token(TokenKind.OPERATOR, "<>" if kept == "!=" else kept)
            case _:
                return Token(TokenKind[group.upper()], text.translate(FOLD))

    def _string(self, group: str, text: str, start: int) -> Token:
        body = self._unquoted(text, "'", start, escapes=group == "escaping")
        match group:
            case "escaping":
                return Token(TokenKind.STRING, _unescaped(body))
            case "unicode":
                body = body.replace("''", "'")
                return Token(TokenKind.STRING, self._decoded(body))
            case "bits":
                return Token(TokenKind.BITS, self._bits(text[0], body, start))
            case _:
                return Token(TokenKind.STRING, body.replace("''", "'"))

    def _quoted_name(self, text: str, start: int) -> Token:
        name = self._unquoted(text, '"', start).replace('""', '"')
        if text[0] != '"':
            name = self._decoded(name)
        return Token(TokenKind.QUOTED, name)

    def _dollar_quoted(self, tag: re.Match[str]) -> Token:
        end = self._text.find(tag[0], tag.end())
        if end < 0:
            self._refuse(f"{tag[0]} is not closed", tag.start())
        self._at = end + len(tag[0])
        return Token(TokenKind.STRING, self._text[tag.end() : end])

    def _unquoted(
        self, text: str, quote: str, start: int, *, escapes: bool = False
    ) -> str:
        body = text[text.index(quote) :]
        bare = re.sub(r"\\.", "", body, flags=re.DOTALL) if escapes else body
        if bare.count(quote) % 2:
            self._refuse("a quote is not closed", start)
        return body[1:-1]

    def _bits(self, base: str, digits: str, start: int) -> str:
        try:
            if base in "xX":
                return "".join(f"{int(digit, 16):04b}" for digit in digits)
            int(digits or "0", 2)
        except ValueError:
            self._refuse("its digits are wrong", start)
        return digits

    def _decoded(self, text: str) -> str:
        r"""Return a text with its ``\0041`` and ``\+000041`` replaced."""
        mark = "\\"
        if match := _UESCAPE.match(self._text, self._at):
            mark = match[1]
            self._at = match.end()
        quoted = re.escape(mark)
        decoded = re.sub(
            rf"{quoted}(?:({quoted})|([0-9A-Fa-f]{{4}})|\+([0-9A-Fa-f]{{6}}))",
            lambda part: part[1] or _character(part[2] or part[3]),
            text,
        )
        return _without_surrogates(decoded)

    def _refuse(self, problem: str, at: int) -> typ.NoReturn:
        message = f"cannot be read from {self._text[at : at + 20]!r} on: {problem}"
        raise UnreadableSqlError(message)


def end_of_comment(sql: str, position: int) -> int | None:
    """Return where the block comment that starts at `position` ends, if it does."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, position):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return None


def _without_sign(operator: str) -> str:
    """Return what is left of ``=-``, which is two operators."""
    if len(operator) == 1 or _MAY_END_IN_A_SIGN & set(operator):
        return operator
    return operator.rstrip("+-") or operator[0]


def _unescaped(text: str) -> str:
    r"""Return the value of what is between the quotes of ``E'…'``."""
    pieces: list[bytes] = []
    at = 0
    for part in _ESCAPE.finditer(text):
        pieces.append(text[at : part.start()].encode("utf-8", "surrogatepass"))
        at = part.end()
        octal, byte, short, long, other = part.groups()
        if octal or byte:
            pieces.append(bytes([int(octal, 8) & 255 if octal else int(byte, 16)]))
        else:
            value = _character(short or long) if short or long else "'"
            value = _ESCAPES.get(other, other) if other else value
            pieces.append(value.encode("utf-8", "surrogatepass"))
    pieces.append(text[at:].encode("utf-8", "surrogatepass"))
    try:
        value = b"".join(pieces).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        message = "an escape sequence is no character"
        raise UnreadableSqlError(message) from None
    return _without_surrogates(value)


def _character(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if code <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"


def _without_surrogates(text: str) -> str:
    """Return a text with pairs of surrogates replaced by their characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Stream:
    """Tokens, read one after the other."""

    def __init__(self, pieces: cabc.Sequence[Token]) -> None:
        """Begin with the first of them."""
        self._tokens = pieces
        self._at = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self.ahead(0)

    @property
    def position(self) -> int:
        """How many tokens were taken."""
        return self._at

    def back_to(self, position: int) -> None:
        """Read again from a former position."""
        self._at = position

    def ahead(self, count: int) -> Token:
        """Return the token so many further on."""
        at = self._at + count
        return self._tokens[at] if at < len(self._tokens) else END

    def take(self) -> Token:
        """Return the next token and go on."""
        token = self.next
        self._at += 1
        return token

    def is_word(self, *words: str) -> bool:
        """Whether these words come next."""
        return all(
            self.ahead(at) == Token(TokenKind.WORD, word)
            for at, word in enumerate(words)
        )

    def took_word(self, *words: str) -> bool:
        """Go on behind these words, if they come next."""
        if not self.is_word(*words):
            return False
        self._at += len(words)
        return True

    def is_mark(self, mark: str) -> bool:
        """Whether this mark or operator comes next."""
        kinds = {TokenKind.MARK, TokenKind.OPERATOR}
        return self.next.text == mark and self.next.kind in kinds

    def took(self, mark: str) -> bool:
        """Go on behind this mark or operator, if it comes next."""
        if not self.is_mark(mark):
            return False
        self._at += 1
        return True

    def expect(self, mark: str) -> None:
        """Go on behind this mark, which has to come next."""
        if not self.took(mark):
            raise self.unreadable()

    def expect_word(self, word: str) -> None:
        """Go on behind this word, which has to come next."""
        if not self.took_word(word):
            raise self.unreadable()

    def unreadable(self) -> UnreadableSqlError:
        """Return the error that something else had to come next."""
        return UnreadableSqlError(f"cannot be read at {self.next.text or 'its end'!r}")
