r"""Where PostgreSQL would split a batch of SQL, and psql a script.

The patterns are those of `application.sql.tokens`, as far as the boundaries of
statements depend on them: quotes of every kind, dollar quotes,
nested comments, and the two places where a semicolon does not end a statement
(parentheses, as in ``CREATE RULE``, and ``BEGIN ATOMIC`` bodies). It never refuses
anything: if a quote or comment is not closed, the rest of the text is one statement,
and refusing it is the server's business.

For psql there is more: the lines that follow a ``COPY … FROM stdin``, up to ``\.``,
are its input, and a backslash outside of quotes begins a command of psql's own, which
ends with its line.

A repository may have a thousand migrations, so one match of a pattern jumps
over everything that can neither hide nor end a statement, and a statement's
words are found only when somebody asks for them.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import itertools
import re

import attrs

from pytest_userstate.application.sql.tokens import (
    BLANKS,
    ESCAPING,
    FOLD,
    LETTER,
    LINE_COMMENT,
    NUMBER,
    PLAIN,
    QUOTED,
    TAG,
    WORD,
    end_of_comment,
)

_BLANK = f"[{BLANKS}]"
# Literals with nothing but a line break between them are one literal, and what
# follows the break is read by the rules of the first part.
_AFTER_BREAK = rf"(?>(?:{_BLANK}|{LINE_COMMENT}[\n\r])*)"
_BREAK = rf"(?:[ \t\f\v]|{LINE_COMMENT})*+[\n\r]{_AFTER_BREAK}"
_ESCAPED = rf"{ESCAPING}(?:'{_BREAK}{ESCAPING})*'?+"


Span = tuple[int, int]


_LITERAL = rf"[eE]{_ESCAPED}|(?:[bBxXnN]|[uU]&)?+{PLAIN}"
_PASSIVE = rf"{_BLANK}++|{LINE_COMMENT}|{_LITERAL}"


def _inert(marks: str) -> re.Pattern[str]:
    """Compile what matches a run of text that can neither hide nor end a statement."""
    pattern = rf"(?:{_PASSIVE}|{QUOTED}|{WORD}|{NUMBER}|[^{marks}])*+"
    return re.compile(pattern, re.DOTALL)


_IN_BATCH = _inert("/();$")
_IN_SCRIPT = _inert(r"/();$\\")
# A token, with a group where it is a word of the statement.
_TOKEN = re.compile(rf"{_PASSIVE}|({QUOTED}|{WORD}|{NUMBER}|.)", re.DOTALL)


_COMMAND = re.compile(r"\\(?:[^\s\\]+|.)?", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n?")
_END_OF_ROWS = re.compile(r"^\\\.\r?(?:\n|\Z)", re.MULTILINE)
_BETWEEN = re.compile(rf"(?:{_BLANK}++|;|{LINE_COMMENT})*+")
_DOLLAR = re.compile(TAG)
_SHARING = frozenset(
    {
        *("alter", "comment", "create", "delete", "drop", "grant", "insert", "lock"),
        *("merge", "revoke", "security", "select", "set", "truncate", "update"),
        *("values", "with"),
    }
)
_CLUSTER_WIDE = frozenset({"database", "subscription", "system", "tablespace"})
_CONTROL = re.compile(
    r"(?:abort|begin|commit|end|prepare|rollback|start)(?![\w$])", re.IGNORECASE
)
_ATOMIC = re.compile("atomic", re.IGNORECASE)
_END = re.compile(rf"end(?!{LETTER}|[0-9$])", re.IGNORECASE)
_ROUTINE = re.compile("create (?:or replace )?(?:function|procedure) ")


@attrs.frozen(slots=False)
class Statement:
    """One statement of a batch.

    Parameters
    ----------
    text : str
        The statement from its first token up to its semicolon.
    start : int
        Where it starts in the batch, in characters from 0.
    line : int
        The line of its first token, from 1.
    data : Span or None
        In a script, where the rows are that follow a ``COPY … FROM stdin``.
    """

    text: str
    start: int
    line: int
    data: Span | None = attrs.field(default=None, kw_only=True)
    _code: str = attrs.field(alias="code", repr=False, eq=False, kw_only=True)

    @functools.cached_property
    def words(self) -> tuple[str, ...]:
        """The tokens, without comments and string literals.

        Unquoted identifiers are folded to lower case as the server folds them,
        quoted ones are verbatim without their quotes, and numbers and
        punctuation as they are.
        """
        code = self._code
        if code.isascii() and '"' not in code:  # nearly always
            return tuple(_tokens(code.lower()))
        return tuple(
            _unquoted(token) if '"' in token else token.translate(FOLD)
            for token in _tokens(code)
        )

    @property
    def function(self) -> str:
        """The name of the function that it creates or alters; empty if of none."""
        match self.words:
            case ("create", "or", "replace", kind, *name):
                pass
            case ("create" | "alter", kind, *name):
                pass
            case _:
                return ""
        is_function = kind in {"function", "procedure", "routine"} and "(" in name
        return name[name.index("(") - 1] if is_function else ""

    @property
    def controls_transaction(self) -> bool:
        """Whether it opens or ends a transaction (savepoints do neither)."""
        if not _CONTROL.match(self.text):
            return False
        first, second = (*self.words[:2], "")[:2]
        return (
            first in {"begin", "commit", "end", "abort"}
            or (first in {"start", "prepare"} and second == "transaction")
            or (first == "rollback" and "to" not in self.words)
        )

    @property
    def can_share_a_transaction(self) -> bool:
        """Whether it may run inside a transaction block, as far as is certain.

        False for what PostgreSQL refuses there (``CREATE INDEX CONCURRENTLY``,
        ``VACUUM``, ``CREATE DATABASE``), and for what can end a transaction
        from within (``CALL``, ``DO``).
        """
        first, second = (*self.words[:2], "", "")[:2]
        return (
            first in _SHARING
            and second not in _CLUSTER_WIDE
            and "concurrently" not in self.words
        )

    @property
    def copies_from_input(self) -> bool:
        """Whether it is a ``COPY … FROM stdin``, whose rows the client has to send."""
        return (
            self.text[:4].lower() == "copy"
            and self.words[1:2] != ("(",)  # a query, which can only be copied out
            and ("from", "stdin") in itertools.pairwise(self.words)
        )

    @property
    def end(self) -> int:
        """Where it ends in the batch, in characters from 0."""
        return self.start + len(self.text)

    @property
    def first_line(self) -> str:
        """The first line, for messages."""
        return self.text.split("\n", 1)[0].rstrip()


def statements(sql: str) -> tuple[Statement, ...]:
    r"""Split a batch as PostgreSQL splits a simple query.

    Parameters
    ----------
    sql : str
        The whole batch. What only psql understands is not known here.

    Returns
    -------
    tuple of Statement
        In order. Comments and stray semicolons alone make no statement.

    Examples
    --------
    >>> [part.line for part in statements("-- two\nSELECT ';';\nSELECT $$;$$;;")]
    [2, 3]
    >>> statements('DROP TABLE "Users", Orders')[0].words
    ('drop', 'table', 'Users', ',', 'orders')
    """
    split: list[Statement] = []
    line, counted = 1, 0
    start = next_start(sql, 0)
    while start < len(sql):
        line += sql.count("\n", counted, start)
        counted = start
        statement, end = _statement_at(sql, start, line, _IN_BATCH)
        split.append(statement)
        start = next_start(sql, end)
    return tuple(split)


def _statement_at(
    sql: str, start: int, line: int, inert: re.Pattern[str]
) -> tuple[Statement, int]:
    """Return the statement that starts there, and where its end is marked."""
    end, opaque = _extent(sql, start, inert)
    text = sql[start:end].rstrip(BLANKS)
    code = _without(opaque, sql, start, start + len(text)) if opaque else text
    return Statement(text, start, line, code=code), end


def next_start(sql: str, position: int) -> int:
    """Return where the next statement starts, or the text's length."""
    while True:
        match = _BETWEEN.match(sql, position)
        position = match.end() if match else position
        if not sql.startswith("/*", position):
            return position
        if (end := end_of_comment(sql, position)) is None:
            return position  # a comment without end is the server's to refuse
        position = end


def _extent(sql: str, start: int, inert: re.Pattern[str]) -> tuple[int, list[Span]]:
    """Return where the statement's end is marked, and what in it has no words.

    That is its block comments and dollar quotes. The end is that of the text, or of
    a semicolon; in a script also that of a backslash.
    """
    opaque: list[Span] = []
    position, depth = start, 0
    since, is_in_body = start, False
    while True:
        match = inert.match(sql, position)
        position = match.end() if match else position
        mark = sql[position : position + 1]
        if not mark or mark == "\\":
            return position, opaque
        if mark in "/$" and (end := _end_of_opaque(sql, position)) > position:
            opaque.append((position, end))
            position = end
            continue
        if mark == ";" and depth == 0:
            text = sql[since:position]
            if is_in_body:
                # Each statement of a body ends with a semicolon, so only an END that
                # follows one closes it: others belong to a CASE, or are a label.
                is_in_body = not _END.match(text, next_start(text, 0))
            else:
                inside = [span for span in opaque if span[0] >= since]
                is_in_body = _opens_a_body(_without(inside, sql, since, position))
            if not is_in_body:
                return position, opaque
            since = position + 1
        elif mark == "(":
            depth += 1
        elif mark == ")":
            depth = max(depth - 1, 0)
        position += 1


def _end_of_opaque(sql: str, position: int) -> int:
    """Return where the comment or dollar quote ends that is at `position`, if any."""
    if sql[position] == "/":
        if not sql.startswith("/*", position):
            return position
        return end_of_comment(sql, position) or len(sql)
    tag = _DOLLAR.match(sql, position)
    if tag is None:
        return position
    closing = sql.find(tag[0], tag.end())
    return len(sql) if closing < 0 else closing + len(tag[0])


def _without(opaque: list[Span], sql: str, start: int, end: int) -> str:
    """Return the text between two positions with a space for each opaque span."""
    pieces = []
    for opening, closing in opaque:
        pieces.append(sql[start:opening])
        start = closing
    pieces.append(sql[start:end])
    return " ".join(pieces)


def _tokens(code: str) -> cabc.Iterator[str]:
    """Return the tokens as they are written, from text without opaque spans."""
    return filter(None, _TOKEN.findall(code))


def _unquoted(token: str) -> str:
    return token[token.index('"') + 1 :].removesuffix('"').replace('""', '"')


def _opens_a_body(code: str) -> bool:
    """Whether a ``BEGIN ATOMIC`` body is open at the end of a statement's beginning."""
    if not _ATOMIC.search(code):
        return False
    words = [token.lower() for token in _tokens(code)]
    if not _ROUTINE.match(" ".join(words[:5])):
        return False
    depth = 0
    for at, (before, word) in enumerate(itertools.pairwise(words)):
        depth += (before == "(") - (before == ")")
        if depth == 0 and (before, word) == ("begin", "atomic"):
            return words[at + 2 : at + 3] != ["end"]
    return False


@attrs.frozen
class PsqlCommand:
    r"""A backslash command."""

    # The command with its arguments, to the end of its line.
    text: str
    # Where its backslash is, in characters from 0.
    start: int
    # The line of it, from 1.
    line: int
    # Whether there is text before it that no semicolon ended, as there is in ``SELECT 1
    # \gexec``.
    follows_a_statement: bool = False

    @property
    def name(self) -> str:
        r"""The command's name, such as ``\restrict``."""
        match = _COMMAND.match(self.text)
        return match[0] if match else self.text


Part = Statement | PsqlCommand


def script(sql: str) -> tuple[Part, ...]:
    r"""Split a script as psql splits it.

    >>> parts = script("\\restrict k\nCOPY t FROM stdin;\n1\n\\.\nSELECT 2;")
    >>> [part.text for part in parts]
    ['\\restrict k', 'COPY t FROM stdin', 'SELECT 2']
    """
    parts: list[Part] = []
    line, counted = 1, 0
    is_open = False
    position = next_start(sql, 0)
    while position < len(sql):
        line += sql.count("\n", counted, position)
        counted = position
        part: Part
        if sql[position] == "\\":
            part, end = _command_at(sql, position, line, is_open=is_open)
        else:
            part, end = _statement_at(sql, position, line, _IN_SCRIPT)
            is_open = sql.startswith("\\", end)
            if part.copies_from_input and not is_open:
                rows, end = _rows(sql, end)
                part = attrs.evolve(part, data=rows)
        parts.append(part)
        position = next_start(sql, end)
    return tuple(parts)


def _command_at(
    sql: str, start: int, line: int, *, is_open: bool
) -> tuple[PsqlCommand, int]:
    rest = _LINE.match(sql, start)
    end = rest.end() if rest else len(sql)
    return PsqlCommand(sql[start:end].rstrip(), start, line, is_open), end


def _rows(sql: str, end: int) -> tuple[Span, int]:
    """Return where rows start and stop, and where what follows them starts.

    They start on the line after the statement that ends there.
    """
    line_end = sql.find("\n", end)
    start = len(sql) if line_end < 0 else line_end + 1
    closing = _END_OF_ROWS.search(sql, start)
    stop, after = (closing.start(), closing.end()) if closing else (len(sql),) * 2
    return (start, stop), after


def literal(text: str) -> str:
    """Return a text as SQL writes it, between quotes."""
    return "'" + text.replace("'", "''") + "'"
