r"""Variables of psql in a script: ``:name``, ``:'name'``, ``:"name"``, ``:{?name}``.

They are replaced where psql replaces them (``src/fe_utils/psqlscan.l`` of PostgreSQL
18): not in quotes, comments, and the rows of a COPY. A plain value is read as if it
stood in the script, with the variables that it holds, but never with itself.
"""

from __future__ import annotations

import collections.abc as cabc
import re

from pytest_userstate.domain.converters import in_quotes
from pytest_userstate.outbound.migrations.plan import Original, Piece
from pytest_userstate.outbound.migrations.sql import (
    Grammar,
    Semicolons,
    end_of_command,
    end_of_opaque,
    end_of_rows,
    literal,
    next_start,
    statement_at,
)

_NAME = r"([A-Za-z0-9_\x80-\U0010ffff]+)"
_VARIABLE = re.compile(rf""":(?:{_NAME}|'{_NAME}'|"{_NAME}"|\{{\?{_NAME}\}})""")
_VALID = re.compile(_NAME)
_ESCAPED_COLON = "\\:"
_CAST = "::"
_SIMPLE = re.compile(r"""(?:[A-Za-z0-9_., ]|"[^"]*+"|'[^'\\]*+')*""")
_JOINED = frozenset("'\"$&")  # what may be one token with the end of such a value


def is_valid_name(name: str) -> bool:
    """Whether psql takes it for the name of a variable."""
    return _VALID.fullmatch(name) is not None


def with_values(
    sql: str, values: cabc.Mapping[str, str]
) -> tuple[str, Original | None]:
    r"""Replace the variables of a script by their values.

    >>> with_values("SELECT :'x', ':x', 1::x, :y FROM :x", {"x": "it's"})[0]
    "SELECT 'it''s', ':x', 1::x, :y FROM it's"
    """
    if _ESCAPED_COLON not in sql and not _VARIABLE.search(sql):
        return sql, None
    return _Replacing(sql, values).replaced()


class _Replacing:
    """One reading of a script from the beginning to the end.

    What has been read is kept in pieces, so that a script with many variables is not
    copied for each of them. Only a value that may hold a quote, a comment, or another
    variable is put before the rest of the text, and read with it.
    """

    def __init__(self, sql: str, values: cabc.Mapping[str, str]) -> None:
        self._original = sql
        self._text = sql  # with everything before the rest as it was
        self._values = values
        self._grammar = Grammar.of(conforming=True, is_script=True)
        self._inert = Grammar.of(
            conforming=True, is_script=True, has_variables=True
        ).inert
        # The values that are being read: names, and how much follows each.
        self._open: list[tuple[str, int]] = []
        self._made: list[tuple[Piece, Piece]] = []
        self._sent: list[str] = []
        self._length = 0  # of what is in `_sent`
        self._taken = 0  # up to where the text is in `_sent`

    def replaced(self) -> tuple[str, Original | None]:
        """Read all parts."""
        position = next_start(self._text, 0)
        while position < len(self._text):
            end = self._part(position)  # which may change the text
            position = next_start(self._text, end)
        if not self._made:
            return self._original, None
        self._take(len(self._text))
        return "".join(self._sent), Original(self._original, tuple(self._made))

    def _part(self, start: int) -> int:
        """Replace the variables of the statement or command there; return its end."""
        self._take(start)
        begin = since = len(self._sent)
        position, depth = start, 0
        semicolons = Semicolons(self._grammar)
        while True:
            match = self._inert.match(self._text, position)
            position = match.end() if match else position
            mark = self._text[position : position + 1]
            if not mark:
                return position
            if mark == "\\":
                if not self._text.startswith(_ESCAPED_COLON, position):
                    return end_of_command(self._text, position)
                position = self._replace(position, position + len(_ESCAPED_COLON), ":")
            elif mark == ":":
                position = self._after_colon(position)
            elif mark in "/$":
                position = max(end_of_opaque(self._text, position), position + 1)
            else:
                if mark == ";" and depth == 0:
                    self._take(position)
                    if semicolons.end_the_statement("".join(self._sent[since:])):
                        return self._end("".join(self._sent[begin:]), position)
                    self._take(position + 1)
                    since = len(self._sent)
                depth = max(depth + {"(": 1, ")": -1}.get(mark, 0), 0)
                position += 1

    def _end(self, sent: str, semicolon: int) -> int:
        """Return where a statement ends, with the rows that it reads."""
        statement, _ = statement_at(sent, 0, 1, self._grammar)
        if statement.copies_from_input:
            return end_of_rows(self._text, semicolon)
        return semicolon

    def _after_colon(self, start: int) -> int:
        """Replace the variable there, if it is one; return where to go on."""
        if self._text.startswith(_CAST, start):
            return start + len(_CAST)
        self._close_values(start)
        end_of_value = len(self._text) - (self._open[-1][1] if self._open else 0)
        match = _VARIABLE.match(self._text, start, end_of_value)
        if match is None:
            return start + 1
        plain, quoted, name, tested = match.groups()
        if tested:
            value: str | None = "TRUE" if tested in self._values else "FALSE"
        else:
            value = self._values.get(plain or quoted or name)
        if value is None or any(plain == opened for opened, _ in self._open):
            return match.end()
        if quoted:
            value = _literal(value)
        elif name:
            value = in_quotes(value)
        elif plain and not self._is_simple(value, match.end()):
            return self._put(match.span(), plain, value)
        return self._replace(*match.span(), value)

    def _is_simple(self, value: str, end: int) -> bool:
        """Whether a value is read in the same way alone and before what follows it."""
        return (
            _SIMPLE.fullmatch(value) is not None
            and self._text[end : end + 1] not in _JOINED
        )

    def _close_values(self, position: int) -> None:
        """Forget the values that have been read up to there."""
        while self._open and len(self._text) - position <= self._open[-1][1]:
            self._open.pop()

    def _take(self, position: int) -> None:
        """Take the text as it is up to there."""
        if position > self._taken:
            self._sent.append(self._text[self._taken : position])
            self._length += position - self._taken
            self._taken = position

    def _put(self, span: Piece, name: str, value: str) -> int:
        """Put a value in the place of its variable, to be read; return where it is."""
        self._note(span, len(value))
        rest = self._text[span[1] :]
        self._open.append((name, len(rest)))
        self._text = value + rest
        self._taken = 0
        return 0

    def _replace(self, start: int, end: int, value: str) -> int:
        """Send a value for a part of the text; return where to go on."""
        self._close_values(start)
        self._note((start, end), len(value))
        self._sent.append(value)
        self._length += len(value)
        self._taken = end
        return end

    def _note(self, span: Piece, length: int) -> None:
        """Note that a text of this length is sent for a part of the text."""
        start, end = span
        self._take(start)
        if self._open:
            (begin, until), piece = self._made[-1]
            self._made[-1] = (begin, until + length - (end - start)), piece
        else:
            stop = len(self._original) - (len(self._text) - end)
            sent = (self._length, self._length + length)
            self._made.append((sent, (stop - (end - start), stop)))


def _literal(value: str) -> str:
    """Quote a value as libpq does, whatever ``standard_conforming_strings`` is."""
    quoted = literal(value)
    return " E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted
