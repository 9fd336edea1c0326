r"""What psql would make of a file: statements, rows to copy, and commands.

For psql a statement is what it is for the server (see `sql`), and there is more:
the lines that follow a ``COPY … FROM stdin``, up to ``\.``, are its input, and a
backslash outside of quotes begins a command of psql's own, which ends with its
line.
"""

from __future__ import annotations

import re

import attrs

from pytest_userstate.outbound.migrations.sql import (
    Grammar,
    Span,
    Statement,
    next_start,
    statement_at,
)

_COMMAND = re.compile(r"\\(?:[^\s\\]+|.)?", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n?")
_END_OF_ROWS = re.compile(r"^\\\.\r?(?:\n|\Z)", re.MULTILINE)


@attrs.frozen
class PsqlCommand:
    r"""A backslash command.

    Parameters
    ----------
    text : str
        The command with its arguments, to the end of its line.
    start : int
        Where its backslash is, in characters from 0.
    line : int
        The line of it, from 1.
    follows_a_statement : bool
        Whether there is text before it that no semicolon ended, as there is in
        ``SELECT 1 \gexec``.
    """

    text: str
    start: int
    line: int
    follows_a_statement: bool = False

    @property
    def name(self) -> str:
        r"""The command's name, such as ``\restrict``."""
        match = _COMMAND.match(self.text)
        return match[0] if match else self.text

    @property
    def arguments(self) -> list[str]:
        """What follows the name."""
        return self.text[len(self.name) :].split()


Part = Statement | PsqlCommand


def script(
    sql: str, *, standard_conforming_strings: bool = True, start: int = 0
) -> tuple[Part, ...]:
    r"""Split a script as psql splits it.

    Parameters
    ----------
    sql : str
        The whole script.
    standard_conforming_strings : bool
        The session's setting; off, a backslash escapes in every literal.
    start : int
        Where to begin, in characters from 0.

    Returns
    -------
    tuple of Statement and PsqlCommand
        In order. Comments and stray semicolons alone make no statement.

    Examples
    --------
    >>> found = script("\\restrict k\nCOPY t FROM stdin;\n1\n\\.\nSELECT 2;")
    >>> [each.text for each in found]
    ['\\restrict k', 'COPY t FROM stdin', 'SELECT 2']
    """
    grammar = Grammar.of(conforming=standard_conforming_strings, is_script=True)
    parts: list[Part] = []
    line, counted = 1, 0
    is_open = False
    # The rows that a COPY on the same line reads are between these two.
    limit, after_rows = len(sql), len(sql)
    position = next_start(sql, start)
    while position < len(sql):
        line += sql.count("\n", counted, position)
        counted = position
        part: Part
        if sql[position] == "\\":
            part, end = _command_at(sql, position, line, is_open=is_open)
        else:
            part, end = statement_at(sql, position, line, grammar, limit)
            is_open = sql.startswith("\\", end)
            if part.copies_from_input and not is_open:
                first = after_rows if limit < len(sql) else 0
                rows, after_rows = _rows(sql, end, first)
                limit = min(limit, rows[0])
                part = attrs.evolve(part, data=rows)
        parts.append(part)
        position = next_start(sql, end)
        if position >= limit:
            position = next_start(sql, after_rows)
            limit = after_rows = len(sql)
    return tuple(parts)


def _command_at(
    sql: str, start: int, line: int, *, is_open: bool
) -> tuple[PsqlCommand, int]:
    end = end_of_command(sql, start)
    return PsqlCommand(sql[start:end].rstrip(), start, line, is_open), end


def end_of_command(sql: str, start: int) -> int:
    """Return where the line ends on which a command is."""
    rest = _LINE.match(sql, start)
    return rest.end() if rest else len(sql)


def end_of_rows(sql: str, end: int) -> int:
    """Return where the rows end that a COPY reads whose semicolon is at `end`."""
    return _rows(sql, end, 0)[1]


def _rows(sql: str, end: int, first: int) -> tuple[Span, int]:
    """Return where rows start and stop, and where what follows them starts.

    They start on the next line, or at `first`, behind those of another COPY.
    What else is on the statement's line ends with the line.
    """
    line_end = sql.find("\n", end)
    start = max(len(sql) if line_end < 0 else line_end + 1, first)
    closing = _END_OF_ROWS.search(sql, start)
    stop, after = (closing.start(), closing.end()) if closing else (len(sql),) * 2
    return (start, stop), after
