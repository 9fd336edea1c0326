"""What makes columns unique beside a unique constraint on them."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting.failures import with_source
from pytest_userstate.application.schema_words import (
    check_in_words,
    index_in_words,
    key_in_words,
)
from pytest_userstate.application.sql.equality import same_expression
from pytest_userstate.application.sql.tokens import (
    Token,
    TokenKind,
    UnreadableSqlError,
    tokens,
)
from pytest_userstate.domain.columns import Index
from pytest_userstate.domain.converters import in_quotes
from pytest_userstate.domain.snapshot import Table

_HOLDS_OF_EQUALS: typ.Final = frozenset({"=", "&&", "~=", "@>", "<@", "<=", ">="})
"""Operators that hold between a value and itself."""
_WHERE: typ.Final = Token(TokenKind.WORD, "where")
_WITH: typ.Final = Token(TokenKind.WORD, "with")


def makes_unique(table: Table, columns: cabc.Iterable[str]) -> list[str]:
    """Return what makes columns unique, taken together, or some of them alone."""
    names = set(columns)
    reasons = [
        with_source(key_in_words(key), key.source)
        for key in table.unique_constraints
        if names.issuperset(key.columns)
    ]
    return reasons + otherwise_unique(table, names, is_same=names.issuperset)


def otherwise_unique(
    table: Table,
    columns: cabc.Iterable[str],
    *,
    is_same: cabc.Callable[[set[str]], bool] | None = None,
) -> list[str]:
    """Return what makes these columns unique without a unique constraint."""
    key, is_same = table.primary_key, is_same or set(columns).__eq__
    reasons = []
    if key and is_same(set(key.columns)):
        reasons.append(f"the primary key {key_in_words(key)}")
    reasons += [
        f"the index: {index_in_words(index)}"
        for index in table.indexes
        if index.is_unique
        and index.is_valid
        and index.constraint is None
        and _is_of_all_rows(index)
        and is_same(set(index.columns))
    ]
    reasons += [
        f"the exclusion constraint {check_in_words(constraint)}"
        for constraint in table.exclusion_constraints
        if (excluded := excluded_columns(constraint.definition)) and is_same(excluded)
    ]
    return reasons


def _is_of_all_rows(index: Index) -> bool:
    """Whether no two rows without nulls escape a unique index."""
    if index.predicate is None:
        return True
    not_null = [f"{in_quotes(name)} IS NOT NULL" for name in index.columns]
    return any(
        same_expression(condition, index.predicate)
        for condition in ("true", *not_null, " AND ".join(not_null))
    )


def excluded_columns(definition: str) -> set[str] | None:
    """Return the columns in which no two rows can be equal.

    None for a constraint with a condition, an expression, or an operator such as
    ``<>``: two equal rows can pass it.

    >>> sorted(excluded_columns("EXCLUDE USING gist (room WITH =, during WITH &&)"))
    ['during', 'room']
    """
    try:
        elements, rest = _elements(tokens(definition))
    except UnreadableSqlError:
        return None
    if not elements or _WHERE in rest:
        return None
    columns: set[str] = set()
    for name, *others in elements:
        operators = [piece.text for piece in others if piece.kind is TokenKind.OPERATOR]
        is_column = name.kind in {TokenKind.WORD, TokenKind.QUOTED} and _WITH in others
        if not is_column or others[0].text in {"(", "."} or not operators:
            return None
        if operators[-1] not in _HOLDS_OF_EQUALS:
            return None
        columns.add(name.text)
    return columns


def _elements(
    pieces: cabc.Sequence[Token],
) -> tuple[list[list[Token]], list[Token]]:
    """Return what is between the commas of the first list, and what follows it."""
    elements: list[list[Token]] = []
    depth = 0
    for at, piece in enumerate(pieces):
        is_mark = piece.kind is TokenKind.MARK
        if is_mark and piece.text == "(" and (depth := depth + 1) == 1:
            elements.append([])
            continue
        if is_mark and piece.text == ")" and (depth := depth - 1) == 0:
            return [element for element in elements if element], [*pieces[at + 1 :]]
        if is_mark and piece.text == "," and depth == 1:
            elements.append([])
        elif depth:
            elements[-1].append(piece)
    return [], []
