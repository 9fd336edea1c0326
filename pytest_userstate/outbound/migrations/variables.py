r"""Variables of psql in a script: ``:name``, ``:'name'``, ``:"name"``, ``:{?name}``.

They are replaced where psql replaces them (``src/fe_utils/psqlscan.l`` of PostgreSQL
18): not in quotes, comments, and the rows of a COPY. A plain value is read as if it
stood in the script, with the variables that it holds, but never with itself.
"""

from __future__ import annotations

import collections.abc as cabc
import re

from pytest_userstate.outbound.migrations.plan import Original, Piece
from pytest_userstate.outbound.migrations.script import after_rows, end_of_command
from pytest_userstate.outbound.migrations.sql import (
    Grammar,
    Statement,
    end_of_opaque,
    identifier,
    literal,
    next_start,
    statement_at,
)

_NAME = r"([A-Za-z0-9_\x80-\U0010ffff]+)"
_VARIABLE = re.compile(rf""":(?:{_NAME}|'{_NAME}'|"{_NAME}"|\{{\?{_NAME}\}})""")
_VALID = re.compile(_NAME)
_ESCAPED_COLON = "\\:"
_CAST = "::"


def is_valid_name(name: str) -> bool:
    """Whether psql takes it for the name of a variable."""
    return _VALID.fullmatch(name) is not None


def with_values(
    sql: str, values: cabc.Mapping[str, str]
) -> tuple[str, Original | None]:
    r"""Replace the variables of a script by their values.

    Parameters
    ----------
    sql : str
        The whole script.
    values : mapping
        By name. A variable that has none is left as it is, as psql leaves it.

    Returns
    -------
    str
        What psql would send.
    Original or None
        How that is found in the script; None where nothing was replaced.

    Examples
    --------
    >>> with_values("SELECT :'x', ':x', 1::x, :y FROM :x", {"x": "it's"})[0]
    "SELECT 'it''s', ':x', 1::x, :y FROM it's"
    """
    if _ESCAPED_COLON not in sql and not _VARIABLE.search(sql):
        return sql, None
    return _Replacing(sql, values).replaced()


class _Replacing:
    """One reading of a script from the beginning to the end."""

    def __init__(self, sql: str, values: cabc.Mapping[str, str]) -> None:
        self._original = sql
        self._text = sql
        self._values = values
        self._grammar = Grammar.of(conforming=True, is_script=True)
        self._inert = Grammar.of(
            conforming=True, is_script=True, has_variables=True
        ).inert
        # The values that are being read: names, and how much follows each.
        self._open: list[tuple[str, int]] = []
        self._made: list[tuple[Piece, Piece]] = []

    def replaced(self) -> tuple[str, Original | None]:
        """Read all parts."""
        position = next_start(self._text, 0)
        while position < len(self._text):
            end = self._part(position)  # which changes the text
            position = next_start(self._text, end)
        if not self._made:
            return self._original, None
        return self._text, Original(self._original, tuple(self._made))

    def _part(self, start: int) -> int:
        """Replace what is in the statement or command there; return its end."""
        position = start
        while True:
            match = self._inert.match(self._text, position)
            position = match.end() if match else position
            mark = self._text[position : position + 1]
            if not mark:
                return position
            if mark == "\\":
                if not self._text.startswith(_ESCAPED_COLON, position):
                    return end_of_command(self._text, position)
                self._replace(position, position + len(_ESCAPED_COLON), ":")
                position += 1
            elif mark == ":":
                position = self._after_colon(position)
            elif mark == ";":
                statement = self._ended(start, position)
                if statement is not None:
                    has_rows = statement.copies_from_input
                    return after_rows(self._text, position) if has_rows else position
                position += 1
            elif mark in "/$":
                position = max(end_of_opaque(self._text, position), position + 1)
            else:
                position += 1

    def _ended(self, start: int, semicolon: int) -> Statement | None:
        """Return the statement, if the semicolon is its end."""
        start = next_start(self._text, start)
        statement, end = statement_at(self._text, start, 1, self._grammar)
        return statement if end == semicolon else None

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
        if value is None or any(plain == each for each, _ in self._open):
            return match.end()
        if quoted:
            value = _literal(value)
        elif name:
            value = identifier(value)
        rest = len(self._text) - match.end()
        self._replace(*match.span(), value)
        if plain:
            self._open.append((plain, rest))
            return start
        return start + len(value)

    def _close_values(self, position: int) -> None:
        """Forget the values that have been read up to there."""
        while self._open and len(self._text) - position <= self._open[-1][1]:
            self._open.pop()

    def _replace(self, start: int, end: int, value: str) -> None:
        self._close_values(start)
        rest = len(self._text) - end
        self._text = f"{self._text[:start]}{value}{self._text[end:]}"
        longer = len(value) - (end - start)
        if self._open:
            (begun, until), piece = self._made[-1]
            self._made[-1] = (begun, until + longer), piece
        else:
            stop = len(self._original) - rest
            piece = (stop - (end - start), stop)
            self._made.append(((start, start + len(value)), piece))


def _literal(value: str) -> str:
    """Quote a value as libpq does, whatever ``standard_conforming_strings`` is."""
    quoted = literal(value)
    return " E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted
