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
import typing as typ

from pytest_userstate.outbound.migrations.provenance.relation import Place
from pytest_userstate.outbound.migrations.sql import Statement

_MODIFIERS = frozenset(
    {
        *("foreign", "global", "local", "materialized", "or", "recursive"),
        *("replace", "temp", "temporary", "unique", "unlogged"),
    }
)
_CONDITIONS = frozenset({"if", "not", "exists", "only", "concurrently"})
_RELATIONS = frozenset({"table", "view"})
_CHANGES = frozenset({"alter", "cluster", "comment", "create", "drop", "reindex"})
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


class _Command(typ.NamedTuple):
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
        words = (*statement.words, "", "", "", "")
        at = 1
        while words[at] in _MODIFIERS:
            at += 1
        kind = words[at]
        first = at = at + 1
        while words[at] in _CONDITIONS:
            at += 1
        conditions = words[first:at]
        schema, at = (words[at], at + 2) if words[at + 1] == "." else ("", at)
        rest = statement.words[at + 1 :]
        return cls(
            line=statement.line,
            verb=words[0],
            kind=kind,
            schema=schema,
            name=words[at],
            rest=rest,
            is_conditional="exists" in conditions or "if" in rest,
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
            self.kind in {"extension", "owned"}
            or self.verb == "import"
            or any(
                word == "cascade" and before not in {"delete", "update"}
                for before, word in itertools.pairwise((self.name, *self.rest))
            )
        )


class Attribution:
    """The lines of one file's statements that made or dropped a thing."""

    def __init__(self, statements: cabc.Iterable[Statement]) -> None:
        """Keep the statements; they are read when a line is asked for."""
        self._found = statements

    def read(self) -> None:
        """Read them now, while there is nothing else to do."""
        if len(self._statements) > 1:
            _ = self._commands, self._may_run_code

    def of_new(self, relation: Place, kind: str, name: str) -> int | None:
        """Return the line of the statement that made a part, or gave it its name.

        Parameters
        ----------
        relation : tuple
            The schema and name of the table or view.
        kind : str
            What the part is: "" for the relation itself, ``column``,
            ``constraint`` or ``index``.
        name : str
            The part's name.
        """
        match kind:
            case "":
                return self._line(lambda each: _makes_relation(each, *relation))
            case "column":
                return self._line(lambda each: _makes_column(each, relation, name))
            case _:
                return self._line(
                    lambda each: _makes_named(each, relation, name),
                    lambda each: _makes_unnamed(each, relation, kind, name),
                )

    def of_changed(self, relation: Place, kind: str, name: str) -> int | None:
        """Return the line of the statement that changed a part's values last."""
        return self._line(lambda each: _may_change(each, relation, kind, name))

    def of_lost(self, relation: Place, kind: str, name: str) -> int | None:
        """Return the line of the statement after which a part's name was gone."""
        match kind:
            case "":
                return self._line(lambda each: _removes_relation(each, *relation))
            case "column":
                return self._line(lambda each: _removes_column(each, relation, name))
            case _:
                return self._line(
                    lambda each: _removes_named(each, relation, name),
                    lambda each: _may_remove(each, relation),
                )

    def _line(self, *fits: cabc.Callable[[_Command], bool]) -> int | None:
        """Return the line of the only statement that fits the first rule with any."""
        if len(self._statements) == 1:
            return self._statements[0].line
        if self._may_run_code:
            return None
        fitting: list[_Command] = []
        for each in fits:
            fitting = fitting or [
                command for command in self._commands if each(command)
            ]
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
    def _statements(self) -> tuple[Statement, ...]:
        return tuple(self._found)

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


def _makes_relation(command: _Command, schema: str, name: str) -> bool:
    if _alters_relation(command):
        return command.says("rename", "to", name) or (
            command.name == name and command.says("set", "schema", schema)
        )
    if command.verb == "alter" and command.kind == "schema":
        return command.says("rename", "to", schema)
    return _creates_relation(command) and command.is_about(schema, name)


def _makes_column(command: _Command, relation: Place, column: str) -> bool:
    if not command.is_about(*relation):
        return False
    if _creates_relation(command):
        return column in command.rest
    return _alters_relation(command) and (
        command.says("add", column) or _renames_column_to(command, column)
    )


def _renames_column_to(command: _Command, new: str) -> bool:
    """Whether it says ``RENAME [COLUMN] any TO new``."""
    words = [word for word in command.rest if word != "column"]
    return any(
        words[at] == "rename" and words[at + 2 : at + 4] == ["to", new]
        for at in range(len(words) - 3)
    )


def _makes_named(command: _Command, relation: Place, name: str) -> bool:
    """Whether it makes or renames a constraint or index, and says its name."""
    if command.kind == "index":
        return (command.verb == "create" and command.name == name) or (
            command.verb == "alter" and command.says("rename", "to", name)
        )
    gives = _creates_relation(command) or (
        _alters_relation(command) and not {"add", "rename"}.isdisjoint(command.rest)
    )
    return gives and command.is_about(*relation) and name in command.rest


def _makes_unnamed(command: _Command, relation: Place, kind: str, name: str) -> bool:
    """Whether it may make a constraint or index that PostgreSQL names, or inherit it.

    A partition gets an index with each that its parent gets.
    """
    if kind == "index" and command.verb == "create":
        copies = not {"like", "of"}.isdisjoint(command.rest)
        return command.kind == "index" or (_creates_relation(command) and copies)
    if _alters_relation(command) and "add" in command.rest:
        return command.is_about(*relation) or name in command.rest
    return _creates_relation(command) and command.is_about(*relation)


def _may_change(command: _Command, relation: Place, kind: str, name: str) -> bool:
    """Whether it may change the values of a relation, or of a part of it."""
    if command.verb not in _CHANGES:
        return False
    if command.verb == "create":
        return command.kind == "view" and command.is_about(*relation)
    if command.kind in {"domain", "type"}:
        return True
    words = {command.name, *command.rest}
    if kind == "column":
        # Not null can come with a key over an index, and with a validation.
        return name in words or "validate" in words or {"using", "index"} <= words
    return not words.isdisjoint({name, relation[1]})


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


def _removes_column(command: _Command, relation: Place, column: str) -> bool:
    if not _alters_relation(command):
        return _removes_relation(command, *relation)
    return command.is_about(*relation) and (
        command.says("drop", column) or command.says("rename", column)
    )


def _removes_named(command: _Command, relation: Place, name: str) -> bool:
    """Whether it drops or renames a constraint or index by its name."""
    names = {command.name, *command.rest}
    if command.kind == "index":
        return command.verb in {"alter", "drop"} and name in names
    return (
        _alters_relation(command)
        and command.is_about(*relation)
        and command.says("constraint", name)
        and not names.isdisjoint({"drop", "rename"})
    )


def _may_remove(command: _Command, relation: Place) -> bool:
    """Whether it may drop a constraint or index with something else."""
    return command.may_reach_further or (
        _alters_relation(command)
        and command.is_about(*relation)
        and "drop" in command.rest
    )
