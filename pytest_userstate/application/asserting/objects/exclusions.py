"""What an exclusion constraint makes unique."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.sql.tokens import (
    Kind,
    Token,
    UnreadableSqlError,
    tokens,
)

_HOLDS_OF_EQUALS: typ.Final = frozenset({"=", "&&", "~=", "@>", "<@", "<=", ">="})
"""Operators that hold between a value and itself."""
_WHERE: typ.Final = Token(Kind.WORD, "where")
_WITH: typ.Final = Token(Kind.WORD, "with")


def excluded_columns(definition: str) -> set[str] | None:
    """Return the columns in which no two rows can be equal.

    None for a constraint with a condition, an expression, or an operator such as
    ``<>``: two equal rows can pass it.

    >>> sorted(excluded_columns("EXCLUDE USING gist (room WITH =, during WITH &&)"))
    ['during', 'room']
    """
    try:
        pieces = tokens(definition)
    except UnreadableSqlError:
        return None
    elements, rest = _elements(pieces)
    if not elements or _WHERE in rest:
        return None
    columns: set[str] = set()
    for element in elements:
        name, *others = element
        is_column = name.kind in {Kind.WORD, Kind.QUOTED} and (
            others[:1] and others[0].text not in {"(", "."}
        )
        operator = [piece.text for piece in others if piece.kind is Kind.OPERATOR]
        if not is_column or _WITH not in others or operator[-1:] == []:
            return None
        if operator[-1] not in _HOLDS_OF_EQUALS:
            return None
        columns.add(name.text)
    return columns


def _elements(
    pieces: cabc.Sequence[Token],
) -> tuple[list[list[Token]], list[Token]]:
    """Return what stands between the commas of the first list, and what follows it."""
    elements: list[list[Token]] = []
    depth = 0
    for at, piece in enumerate(pieces):
        is_mark = piece.kind is Kind.MARK
        if is_mark and piece.text == "(" and (depth := depth + 1) == 1:
            elements.append([])
            continue
        if is_mark and piece.text == ")" and (depth := depth - 1) == 0:
            return [each for each in elements if each], list(pieces[at + 1 :])
        if is_mark and piece.text == "," and depth == 1:
            elements.append([])
        elif depth:
            elements[-1].append(piece)
    return [], []
