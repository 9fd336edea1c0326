"""Which statement of a file it was, where that is certain.

The catalogue tells which file made or dropped a thing; only the file's text can
tell which of its statements. It is certain where there is one statement, or
where exactly one is of the fitting kind and names the thing, and none could
have done it in a way that the text does not show. In doubt there is no line.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import itertools
import re

import attrs

from pytest_userstate.outbound.migrations.sql import Statement

_MODIFIERS = frozenset(
    {
        *("foreign", "global", "local", "materialized", "or", "recursive"),
        *("replace", "temp", "temporary", "unlogged"),
    }
)
_CONDITIONS = frozenset({"if", "not", "exists", "only", "concurrently"})
_RELATIONS = frozenset({"table", "view"})
_RUNS_CODE = frozenset({"call", "do", "execute", "explain"})
_QUERIES = frozenset({"select", "table", "values", "with"})
_IDENTIFIER = re.compile(r"[^\W\d]")
# What may stand before a parenthesis in a query that changes no schema.
_HARMLESS = frozenset(
    {
        *("and", "any", "as", "by", "distinct", "exists", "from", "in", "not", "on"),
        *("or", "over", "select", "using", "values", "where"),
        *("coalesce", "count", "greatest", "least", "max", "min", "now", "sum"),
        *("currval", "nextval", "pg_get_serial_sequence", "set_config", "setval"),
    }
)


@attrs.frozen
class _Command:
    """A statement, read as far as attribution needs it."""

    line: int
    verb: str
    kind: str
    schema: str
    name: str
    rest: tuple[str, ...]
    is_conditional: bool

    @classmethod
    def of(cls, statement: Statement) -> _Command:
        """Read ``verb [modifiers] kind [conditions] [schema.]name rest``."""
        verb, *words = statement.words or ("",)
        kind, *words = itertools.dropwhile(_MODIFIERS.__contains__, (*words, ""))
        conditions = list(itertools.takewhile(_CONDITIONS.__contains__, words))
        name, *words = (*words[len(conditions) :], "")
        schema = ""
        if words[:1] == ["."]:
            schema, name, words = name, words[1], words[2:]
        return cls(
            line=statement.line,
            verb=verb,
            kind=kind,
            schema=schema,
            name=name,
            rest=tuple(words),
            is_conditional="exists" in conditions or "if" in words,
        )

    def is_about(self, schema: str, name: str) -> bool:
        """Whether it names this relation; an unqualified name fits any schema."""
        return self.name == name and self.schema in {"", schema}

    def says(self, *phrase: str) -> bool:
        """Whether it has these words in a row, optional ones left out."""
        words = [word for word in self.rest if word not in {"column", *_CONDITIONS}]
        starts = range(len(words) - len(phrase) + 1)
        return any(tuple(words[at : at + len(phrase)]) == phrase for at in starts)

    @property
    def may_reach_further(self) -> bool:
        """Whether it can make or drop what it does not name."""
        return (
            "cascade" in self.rest
            or self.kind in {"extension", "owned"}
            or self.verb == "import"
        )


class Attribution:
    """The lines of one file's statements that made or dropped a thing."""

    def __init__(self, statements: cabc.Sequence[Statement]) -> None:
        """Keep the statements; they are read when a line is asked for."""
        self._statements = statements

    def of_new_relation(self, schema: str, name: str) -> int | None:
        """Return the line of the statement that made a table or view."""
        return self._line(
            lambda command: (
                (_creates_relation(command) and command.is_about(schema, name))
                or (_alters_relation(command) and _gives_name(command, schema, name))
                or (_alters_schema(command) and command.says("rename", "to", schema))
            )
        )

    def of_new_column(self, schema: str, table: str, column: str) -> int | None:
        """Return the line of the statement that made a column."""

        def fits(command: _Command) -> bool:
            if not command.is_about(schema, table):
                return False
            if _creates_relation(command):
                return column in command.rest
            return _alters_relation(command) and (
                command.says("add", column) or _renames_column(command, new=column)
            )

        return self._line(fits)

    def of_lost_relation(self, schema: str, name: str) -> int | None:
        """Return the line of the statement after which a name was gone."""
        return self._line(lambda command: _removes_relation(command, schema, name))

    def of_lost_column(self, schema: str, table: str, column: str) -> int | None:
        """Return the line of the statement after which a column was gone."""

        def fits(command: _Command) -> bool:
            return (
                _alters_relation(command)
                and command.is_about(schema, table)
                and (
                    command.says("drop", column) or _renames_column(command, old=column)
                )
            ) or _removes_relation(command, schema, table)

        return self._line(fits)

    def _line(self, fits: cabc.Callable[[_Command], bool]) -> int | None:
        if len(self._statements) == 1:
            return self._statements[0].line
        if self._may_run_code:
            return None
        fitting = [command for command in self._commands if fits(command)]
        if len(fitting) != 1:
            return None
        [found] = fitting
        if found.is_conditional and self._reach_further_than(found):
            return None
        return found.line

    def _reach_further_than(self, found: _Command) -> bool:
        return any(
            command.may_reach_further
            for command in self._commands
            if command is not found
        )

    @functools.cached_property
    def _commands(self) -> tuple[_Command, ...]:
        return tuple(_Command.of(statement) for statement in self._statements)

    @functools.cached_property
    def _may_run_code(self) -> bool:
        return any(_may_run_code(statement.words) for statement in self._statements)


def _may_run_code(words: tuple[str, ...]) -> bool:
    """Tell whether a statement could change the schema through a function."""
    if not words or words[0] in _RUNS_CODE:
        return bool(words)
    return words[0] in _QUERIES and any(
        after == "(" and _IDENTIFIER.match(word) and word not in _HARMLESS
        for word, after in itertools.pairwise(words)
    )


def _creates_relation(command: _Command) -> bool:
    return command.verb == "create" and command.kind in _RELATIONS


def _alters_relation(command: _Command) -> bool:
    return command.verb == "alter" and command.kind in _RELATIONS


def _alters_schema(command: _Command) -> bool:
    return command.verb == "alter" and command.kind == "schema"


def _gives_name(command: _Command, schema: str, name: str) -> bool:
    return command.says("rename", "to", name) or (
        command.name == name and command.says("set", "schema", schema)
    )


def _renames_column(command: _Command, *, old: str = "", new: str = "") -> bool:
    return command.says("rename", old) if old else _renames_to(command, new)


def _renames_to(command: _Command, new: str) -> bool:
    """Whether it says ``RENAME [COLUMN] any TO new``."""
    words = [word for word in command.rest if word != "column"]
    return any(
        words[at] == "rename" and words[at + 2 : at + 4] == ["to", new]
        for at in range(len(words) - 3)
    )


def _removes_relation(command: _Command, schema: str, name: str) -> bool:
    match command.verb, command.kind:
        case "drop", "table" | "view":
            return command.is_about(schema, name) or name in command.rest
        case "drop", "schema":
            return schema in {command.name, *command.rest}
        case "alter", "table" | "view":
            return command.is_about(schema, name) and (
                command.says("rename", "to") or command.says("set", "schema")
            )
        case "alter", "schema":
            return command.name == schema and command.says("rename", "to")
    return False
