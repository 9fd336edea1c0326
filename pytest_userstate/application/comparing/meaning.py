"""Whether two texts that PostgreSQL deparsed say the same.

Its major versions write some things differently. What is known to mean the same is
recognized; where it is not sure, the two are different.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools

from pytest_userstate.application.sql.expressions import same_tokens
from pytest_userstate.application.sql.tokens import (
    END,
    Kind,
    Token,
    UnreadableSqlError,
    tokens,
)

_NAMES = frozenset({Kind.WORD, Kind.QUOTED})
_DOT = Token(Kind.MARK, ".")


def same_text(one: str, other: str) -> bool:
    """Whether they differ in blanks and in parentheses around the whole alone."""
    return same_tokens(one, other)


def same_query(one: str, other: str) -> bool:
    """Whether two queries of views say the same.

    PostgreSQL 14 and 15 write a column with its relation (``users.id``) also where
    there is only one, which 16 and newer do not.

    >>> same_query("SELECT users.id FROM public.users", "SELECT id FROM public.users")
    True
    >>> same_query("SELECT users.id FROM public.users", "SELECT nr FROM public.users")
    False
    """
    try:
        left, right = tokens(one), tokens(other)
    except UnreadableSqlError:
        return one.split() == other.split()
    dropped = _dropped(left, right)
    return dropped is not None and len(dropped) <= 1


def _dropped(left: list[Token], right: list[Token]) -> set[Token] | None:
    """Return the relations that only one side writes out, or None if they differ."""
    found: set[Token] = set()
    at = {id(left): 0, id(right): 0}
    while at[id(left)] < len(left) or at[id(right)] < len(right):
        for full, bare in ((left, right), (right, left)):
            name = _qualifier(full, at[id(full)])
            if name and not _qualifier(bare, at[id(bare)]) and _is_relation(name, bare):
                found.add(name)
                at[id(full)] += 2
        here = [side[at[id(side)] : at[id(side)] + 1] for side in (left, right)]
        if here[0] != here[1]:
            return None
        at[id(left)] += 1
        at[id(right)] += 1
    return found


def _qualifier(side: cabc.Sequence[Token], at: int) -> Token | None:
    """Return the relation before a column, if one stands here."""
    name = side[at : at + 3]
    if len(name) < 3 or name[1] != _DOT or name[0].kind not in _NAMES:
        return None
    before = side[at - 1].text if at else ""
    follows = side[at + 3].text if at + 3 < len(side) else ""
    # A dot before: the middle of a name. Else a type, or a function: their schema
    # always counts.
    return None if before in {".", "::"} or follows == "(" else name[0]


def _is_relation(name: Token, query: list[Token]) -> bool:
    """Whether the query has a relation of this name, and not only a schema."""
    return any(
        token == name and follows != _DOT
        for token, follows in itertools.pairwise((*query, END))
    )
