"""SQL, cut into tokens as PostgreSQL's lexer does."""

from __future__ import annotations

import enum
import re
import typing as typ

import attrs


class UnreadableSqlError(ValueError):
    """A text that cannot be read as the piece of SQL that it should be."""


class Kind(enum.Enum):
    """What a token is."""

    WORD = enum.auto()
    QUOTED = enum.auto()
    STRING = enum.auto()
    NUMBER = enum.auto()
    OPERATOR = enum.auto()
    MARK = enum.auto()
    END = enum.auto()


@attrs.frozen
class Token:
    """A token; words are in lower case, quoted names and strings unquoted."""

    kind: Kind
    text: str


END: typ.Final = Token(Kind.END, "")

_TOKEN: typ.Final = re.compile(
    r"""
    (?P<blank>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<string>[eE]?'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<word>[^\W\d][\w$]*)
    |(?P<mark>::|[()\[\],.;:])
    |(?P<operator>[-+*/<>=~!@\#%^&|`?]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_MAY_END_IN_A_SIGN: typ.Final = frozenset("~!@#%^&|`?")


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text.

    Raises
    ------
    UnreadableSqlError
        When something in it is no token.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            message = f"cannot be read from {text[at : at + 20]!r} on"
            raise UnreadableSqlError(message)
        token, at = _token(match.lastgroup, match[0]), match.end()
        if token and token.kind is Kind.OPERATOR:
            token, back = _without_sign(token)
            at -= back
        if token:
            found.append(token)
    return found


def _token(group: str, text: str) -> Token | None:
    match group:
        case "blank":
            return None
        case "string":
            # Escapes of E'…' are left as they are: they only have to compare.
            start = text.index("'")
            text = text[start + 1 : -1].replace("''", "'")
        case "quoted":
            text = text[1:-1].replace('""', '"')
        case "operator":
            text = "<>" if text == "!=" else text
        case _:
            text = text.lower()
    return Token(Kind[group.upper()], text)


def _without_sign(token: Token) -> tuple[Token, int]:
    """Split ``=-`` as PostgreSQL does; return how many characters to give back."""
    text = token.text
    if len(text) == 1 or _MAY_END_IN_A_SIGN & set(text):
        return token, 0
    kept = text.rstrip("+-") or text[0]
    return Token(Kind.OPERATOR, kept), len(text) - len(kept)


class Stream:
    """Tokens, read one after the other."""

    def __init__(self, text: str) -> None:
        """Cut the text."""
        self._tokens = tokens(text)
        self._at = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self.ahead(0)

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
            self.ahead(at) == Token(Kind.WORD, word) for at, word in enumerate(words)
        )

    def took_word(self, *words: str) -> bool:
        """Go on behind these words, if they come next."""
        if not self.is_word(*words):
            return False
        self._at += len(words)
        return True

    def took(self, mark: str) -> bool:
        """Go on behind this mark or operator, if it comes next."""
        if self.next.kind not in {Kind.MARK, Kind.OPERATOR} or self.next.text != mark:
            return False
        self._at += 1
        return True

    def expect(self, mark: str) -> None:
        """Go on behind this mark, which has to come next."""
        if not self.took(mark):
            raise self.unreadable()

    def unreadable(self) -> UnreadableSqlError:
        """Return the error that something else had to come next."""
        return UnreadableSqlError(f"cannot be read at {self.next.text or 'its end'!r}")
