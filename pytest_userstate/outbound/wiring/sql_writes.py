"""Which columns a piece of SQL writes, and which its conditions compare.

The text comes from a string of a program or a file of queries, so that parts of it may
only be known when the program runs. Such a part, and a parameter, is a `HOLE`, which
the lexer takes for a word: what it stands for follows from its place.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

import attrs

from pytest_userstate.application.sql.tokens import (
    END,
    Token,
    TokenKind,
    UnreadableSqlError,
    tokens,
)
from pytest_userstate.outbound.migrations.sql import Statement, statements

HOLE: typ.Final = "\ue000"
"""A part of a text that is not known, or a parameter."""

_PARAMETER: typ.Final = re.compile(
    r"%\(\w+\)[sdf]|%[sdvqf](?!\w)|\{[\w.]*(?::[^{}]*)?\}|[#$]\{[^{}]*\}"
    r"|(?<![:\w]):[A-Za-z_]\w*|(?<!\w)@\w+|\?\d*"
)
_UPDATE: typ.Final = re.compile(
    r"\b(?:update|insert\s+into|merge\s+into)\b", re.IGNORECASE
)
_NOT_A_STATEMENT: typ.Final = frozenset({"do", "for", "key", "on", "then"})
_STARTS: typ.Final = frozenset({"insert", "merge", "prepare", "update", "with"})
_ENDS: typ.Final = frozenset({"from", "returning", "when", "where"})
_CONDITION: typ.Final = frozenset({"and", "not", "on", "or", "where"})
_ANY_ROW: typ.Final = frozenset({TokenKind.NUMBER, TokenKind.STRING})
_NAMES: typ.Final = frozenset({TokenKind.WORD, TokenKind.QUOTED})

VARIABLE: typ.Final = "its condition is only known when the program runs"
UNFINISHED: typ.Final = "the statement is put together in several places"
UNREADABLE: typ.Final = "it is no SQL that can be read"
_CURSOR: typ.Final = "it goes by a cursor"
OPTIONAL: typ.Final = "an OR in its condition can do without the comparison"


@attrs.frozen(kw_only=True)
class SqlWrite:
    """A statement that changes rows.

    `table` is empty if only the running program knows it, `columns` is None if not all
    of them are known; `offset` is where it is in the text.
    """

    table: str
    schema: str = ""
    statement: str
    columns: tuple[str, ...] | None
    compared: frozenset[str] = frozenset()
    unread: str = ""
    remedy: str
    offset: int


_WHERE: typ.Final = (
    "add `AND {column} = …` with the revision that was read to its WHERE, raise it in "
    "SET, and refuse the write if no row matches"
)
_ON_CONFLICT: typ.Final = (
    "add a WHERE to its DO UPDATE that compares the row's `{column}` with the "
    "revision that was read, raise it in SET, and refuse the write if no row matches"
)
_MATCHED: typ.Final = (
    "compare `{column}` with the revision that was read under WHEN MATCHED, raise it "
    "in SET, and refuse the write if no row matches"
)


def sql_writes(text: str) -> cabc.Iterator[SqlWrite]:
    """Yield the updates in a text, also those of an INSERT or a MERGE.

    >>> sql = "UPDATE app.notes SET body = %s WHERE id = %s AND version = %s"
    >>> [(w.table, w.columns, sorted(w.compared)) for w in sql_writes(sql)]
    [('notes', ('body',), ['id', 'version'])]
    """
    if not _UPDATE.search(text):
        return
    plain = _PARAMETER.sub(lambda part: _hole(part[0]), text)
    for statement in statements(plain):
        if not _is_executed(statement):
            continue
        try:
            reader = _Reader(tokens(statement.text))
        except UnreadableSqlError:
            yield from _unreadable(statement)
            continue
        starts = [match.start() for match in _UPDATE.finditer(statement.text)]
        for write in reader.writes():
            at = next((s for s in starts if _names(statement.text, s, write)), 0)
            yield attrs.evolve(write, offset=statement.start + at)


def _is_executed(statement: Statement) -> bool:
    """Whether a text begins as a statement does, and not as a message about one."""
    first = next(iter(statement.words), "")
    return first in _STARTS or HOLE in first


def _hole(text: str) -> str:
    """Return a hole as long as what it replaces, with the same line breaks."""
    return HOLE + re.sub(r"[^\n]", " ", text[1:])


def _names(text: str, start: int, write: SqlWrite) -> bool:
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    return not write.table or write.table in line.lower() or write.table in line


def _unreadable(statement: Statement) -> cabc.Iterator[SqlWrite]:
    pattern = (
        r"\bupdate\s+(?:only\s+)?((?:[\w\"]+\.)?[\w\"]+)(?:\s+(?:as\s+)?\w+)?\s+set\b"
    )
    for match in re.finditer(pattern, statement.text, re.IGNORECASE):
        schema, _, table = match[1].replace('"', "").rpartition(".")
        yield SqlWrite(
            table=table,
            schema=schema,
            statement="UPDATE",
            columns=None,
            unread=UNREADABLE,
            remedy=_WHERE,
            offset=statement.start + match.start(),
        )


class _Reader:
    """Reading the tokens of one statement, which may hold several writes."""

    def __init__(self, lexed: cabc.Sequence[Token]) -> None:
        self._tokens = lexed

    def writes(self) -> cabc.Iterator[SqlWrite]:
        for at, token in enumerate(self._tokens):
            before = self._at(at - 1).text if at else ""
            if token.kind is not TokenKind.WORD:
                continue
            write = None
            if token.text == "update" and before not in _NOT_A_STATEMENT:
                write = self._update(at + 1)
            elif token.text == "insert" and self._at(at + 1).text == "into":
                write = self._insert(at + 2)
            elif token.text == "merge" and self._at(at + 1).text == "into":
                write = self._merge(at + 2)
            if write:
                yield write

    def _at(self, at: int) -> Token:
        return self._tokens[at] if 0 <= at < len(self._tokens) else END

    def _is(self, at: int, *words: str) -> bool:
        return all(
            self._at(at + i).kind is TokenKind.WORD and self._at(at + i).text == word
            for i, word in enumerate(words)
        )

    def _table(self, at: int) -> tuple[str, str, int] | None:
        """Return the schema and name of the table that is at a place, and its end."""
        at += self._is(at, "only") or self._is(at, "versioned")
        if self._at(at).kind not in _NAMES:
            return None
        schema, name = "", self._at(at).text
        while self._at(at + 1).text == "." and self._at(at + 2).kind in _NAMES:
            schema, name = name, self._at(at + 2).text
            at += 2
        at += 1 + (self._at(at + 1).text == "*")
        return ("" if HOLE in schema else schema), name, at

    def _update(self, at: int) -> SqlWrite | None:
        place = self._table(at)
        if place is None:
            return None
        schema, name, at = place
        at += self._is(at, "as")
        if self._at(at).kind in _NAMES and not self._is(at, "set"):
            at += 1  # an alias
        if not self._is(at, "set"):
            return None
        return self._set(at + 1, schema, name, "UPDATE", _WHERE)

    def _insert(self, at: int) -> SqlWrite | None:
        place = self._table(at)
        if place is None:
            return None
        schema, name, at = place
        for following in range(at, len(self._tokens)):
            if self._is(following, "insert", "into"):
                return None  # of another statement, behind WITH
            if self._is(following, "do", "update", "set"):
                what = "INSERT … ON CONFLICT"
                return self._set(following + 3, schema, name, what, _ON_CONFLICT)
        return None

    def _merge(self, at: int) -> SqlWrite | None:
        place = self._table(at)
        if place is None:
            return None
        schema, name, at = place
        conditions: list[int] = []
        is_condition = False
        for following in range(at, len(self._tokens)):
            if self._is(following, "then", "update", "set"):
                write = self._set(following + 3, schema, name, "MERGE", _MATCHED)
                compared, unread = self._compared(conditions)
                return write and attrs.evolve(write, compared=compared, unread=unread)
            if self._is(following, "on") or self._is(following, "when"):
                is_condition = True
            elif self._is(following, "then"):
                is_condition = False
            if is_condition:
                conditions.append(following)
        return None

    def _set(
        self, at: int, schema: str, name: str, statement: str, remedy: str
    ) -> SqlWrite | None:
        """Return the write whose assignments start at a place; None in other prose."""
        first = self._at(at)
        if first is not END and HOLE not in first.text and not self._targets(at)[0]:
            return None
        columns, at = self._assignments(at)
        unread = UNFINISHED if self._at(at) is END and columns is None else ""
        compared: frozenset[str] = frozenset()
        end = self._end_of(at)
        where = next((i for i in self._flat(at, end) if self._is(i, "where")), None)
        if where is not None:
            compared, unread = self._compared(range(where, end))
        return SqlWrite(
            table="" if HOLE in name else name,
            schema=schema,
            statement=statement,
            columns=columns,
            compared=compared,
            unread=unread,
            remedy=remedy,
            offset=0,
        )

    def _assignments(self, at: int) -> tuple[tuple[str, ...] | None, int]:
        """Return what is set, None if not all of it is known, and where that ends."""
        columns: list[str] = []
        is_known = self._at(at) is not END
        while True:
            names, at = self._targets(at)
            is_known = is_known and bool(names) and not any(HOLE in n for n in names)
            columns += names
            at = self._end_of_value(at)
            if self._at(at).text != ",":
                return (tuple(columns) if is_known else None), at
            at += 1

    def _targets(self, at: int) -> tuple[list[str], int]:
        """Return the columns before the next ``=``, and where that is."""
        if self._at(at).text == "(":
            end = self._closing(at)
            inside = self._tokens[at + 1 : end]
            return [t.text for t in inside if t.kind in _NAMES], end + 1
        names: list[str] = []
        while self._at(at).kind in _NAMES and self._at(at).text not in _ENDS:
            names = [self._at(at).text]
            at += 1
            if self._at(at).text != ".":
                break
            at += 1
        while self._at(at).text == "[":
            at = self._closing(at) + 1
        return (names if self._at(at).text in {"=", ":="} else []), at

    def _end_of_value(self, at: int) -> int:
        """Return where a comma, a clause, or the end follows."""
        while (token := self._at(at)) is not END and token.text not in {",", ")", ";"}:
            is_end = token.kind is TokenKind.WORD and token.text in _ENDS
            if is_end and not (token.text == "from" and self._is(at - 1, "distinct")):
                break
            at = self._closing(at) + 1 if token.text in {"(", "["} else at + 1
        return at

    def _end_of(self, at: int) -> int:
        """Return where the statement ends that a place is in."""
        while (token := self._at(at)) is not END and token.text not in {")", ";"}:
            if self._is(at, "returning") or self._is(at, "when"):
                break
            at = self._closing(at) + 1 if token.text == "(" else at + 1
        return min(at, len(self._tokens))

    def _flat(self, at: int, end: int) -> cabc.Iterator[int]:
        """Yield the places that are in no parentheses."""
        while at < end:
            yield at
            at = self._closing(at) + 1 if self._at(at).text == "(" else at + 1

    def _closing(self, at: int) -> int:
        """Return where the bracket closes that opens at a place, or the end."""
        depth = 0
        for following in range(at, len(self._tokens)):
            token = self._tokens[following]
            if token.kind is TokenKind.MARK:
                depth += (token.text in "([") - (token.text in ")]")
            if depth == 0:
                return following
        return len(self._tokens)

    def _compared(self, places: cabc.Iterable[int]) -> tuple[frozenset[str], str]:
        """Return the columns that a condition goes by, and why it cannot be read."""
        compared, unread = set[str](), ""
        places = list(places)
        optional = self._under_or(places)
        last = 0
        for at in places:
            last = at
            token = self._at(at)
            if token.kind not in _NAMES or self._at(at + 1).text in {".", "("}:
                continue
            if HOLE in token.text:
                unread = unread or (VARIABLE if self._is_condition(at) else "")
            elif self._is(at, "current", "of"):
                unread = _CURSOR
            elif self._goes_by_nothing(at):
                continue
            elif at in optional:
                unread = unread or OPTIONAL
            else:
                compared.add(token.text)
        if self._is(last, "where") or self._is(last, "and"):
            unread = unread or UNFINISHED
        return frozenset(compared), unread

    def _under_or(self, places: cabc.Iterable[int]) -> set[int]:
        """Return the places that are in brackets with an OR, at any depth."""
        group, parents, has_or = 0, [0], [False]
        groups: dict[int, int] = {}
        for at in places:
            text = self._at(at).text
            if text == "(":
                parents.append(group)
                has_or.append(False)
                group = len(parents) - 1
            elif text == ")":
                group = parents[group]
            elif self._is(at, "or"):
                has_or[group] = True
            groups[at] = group
        for inner, outer in enumerate(parents):
            has_or[inner] = has_or[inner] or has_or[outer]
        return {at for at, inner in groups.items() if has_or[inner]}

    def _goes_by_nothing(self, at: int) -> bool:
        """Whether a name is only asked for being null, unlike, or a constant."""
        following = self._at(at + 1)
        if self._is(at + 1, "is", "not", "distinct"):
            return False
        if self._is(at + 1, "is") or following.text == "<>":
            return True
        is_operator = following.kind is TokenKind.OPERATOR
        return is_operator and self._at(at + 2).kind in _ANY_ROW

    def _is_condition(self, at: int) -> bool:
        """Whether an unknown part may be a condition, and not only a value."""
        before = self._at(at - 1)
        if before.text == "(":
            opener = self._at(at - 2)
            return opener.kind is TokenKind.WORD and opener.text in _CONDITION
        if before.kind in {TokenKind.OPERATOR, TokenKind.MARK}:
            return before.text in {")", "]"} or before.text.startswith("$")
        values = {"between", "from", "ilike", "in", "like", "to"}
        return before.text not in values and not (
            before.text == "and" and self._is(at - 3, "between")
        )
