"""Which statement of a file it was, where that is certain.

The catalog tells which file made or dropped a thing; only the file's text can
tell which of its statements. It is certain if there is one statement, or if
exactly one is of the fitting kind and names the thing, and no other could have
done it in a way that the text does not show. In doubt there is no line.

A file may have thousands of statements, and be asked about as many things: the
statements are indexed by the names that they mention, so that no question looks
at all of them.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import itertools
import re
import typing as typ

import attrs

from pytest_userstate.outbound.migrations.provenance.relation import RelationName
from pytest_userstate.outbound.migrations.sql import Statement, statements

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
_WORD = re.compile(r"[\w$]+")
# A DO block with its code between dollar quotes, and commands that hide what they do.
_BLOCK = re.compile(r"(?is)do\s+(?:language\s+\w+\s+)?(\$\w*\$)(.*)\1")
_HIDING = frozenset({"call", "execute", "perform"})
# Between which words of a DO block there is an expression, which may call functions.
_EXPRESSION = re.compile(
    r" (?:=|elsif|if|return|select|when|while) (.*?)(?= ; | then | loop | create )"
)
# What may stand before a parenthesis in a query that changes no schema.
_HARMLESS = frozenset(
    {
        *("and", "any", "as", "by", "distinct", "exists", "from", "in", "not", "on"),
        *("or", "over", "select", "using", "values", "where"),
        *("coalesce", "count", "greatest", "least", "max", "min", "now", "sum"),
        *("currval", "nextval", "pg_get_serial_sequence", "set_config", "setval"),
        *("current_setting", "lower", "to_regclass", "to_regtype", "upper"),
    }
)


@attrs.frozen(kw_only=True, eq=False)  # compared as itself: there may be thousands
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


_Mentions = dict[typ.Any, list[_Command]]


class Attribution:
    """The lines of one file's statements that made or dropped a thing."""

    def __init__(self, statements: cabc.Iterable[Statement]) -> None:
        """Keep the statements; they are read when a line is asked for."""
        self._given = statements
        self._removers: dict[RelationName, list[_Command]] = {}

    def of_new(self, relation: RelationName, kind: str, name: str) -> int | None:
        """Return the line of the statement that made a part, or gave it its name.

        The kind is that of the part: "" for the relation itself, ``column``,
        ``constraint`` or ``index``.
        """
        if self._is_short:
            return self._only_line
        index = self._index
        if kind == "":
            makers = (
                command
                for command in index.of_relation(*relation)
                if _makes_relation(command, *relation)
            )
            return self._line(makers, relation)
        if kind == "column":
            makers = (
                command
                for command in index.of_part(relation, name)
                if _makes_column(command, name)
            )
            return self._line(makers, relation)
        named = [
            command
            for command in index.of_named(relation, name)
            if _makes_named(command, name)
        ]
        if named:
            return self._line(named, relation)
        adders = index.index_makers if kind == "index" else index.of_creation(relation)
        unnamed = (adders, index.of_addition(relation), index.adding[name])
        return self._line(itertools.chain(*unnamed), relation, is_exact=False)

    def of_changed(self, relation: RelationName, kind: str, name: str) -> int | None:
        """Return the line of the statement that changed a part's values last."""
        if self._is_short:
            return self._only_line
        index = self._index
        others = (
            index.column_changers if kind == "column" else index.changing[relation[1]]
        )
        changers = itertools.chain(
            index.type_changers, index.changing[name], others, index.of_view(relation)
        )
        return self._line(changers, relation, is_exact=False)

    def of_lost(self, relation: RelationName, kind: str, name: str) -> int | None:
        """Return the line of the statement after which a part's name was gone."""
        if self._is_short:
            return self._only_line
        if kind == "":
            return self._line(self._removing(relation), relation)
        if kind == "column":
            removers = (
                command
                for command in self._index.of_part(relation, name)
                if _removes_column(command, name)
            )
            return self._line((*removers, *self._removing(relation)), relation)
        named = [
            command
            for command in self._index.of_named(relation, name)
            if _removes_named(command, name)
        ]
        if named:
            return self._line(named, relation)
        unnamed = (self._index.far_reaching, self._index.of_removal(relation))
        return self._line(itertools.chain(*unnamed), relation, is_exact=False)

    def _removing(self, relation: RelationName) -> list[_Command]:
        if relation not in self._removers:
            self._removers[relation] = [
                command
                for command in self._index.of_relation(*relation)
                if _removes_relation(command, *relation)
            ]
        return self._removers[relation]

    def _line(
        self,
        fitting: cabc.Iterable[_Command],
        relation: RelationName,
        *,
        is_exact: bool = True,
    ) -> int | None:
        """Return the line if one statement fits, and no other can have done it.

        One that fits exactly has to succeed, so that code which nobody can look into
        does not matter as long as it does not name the relation.
        """
        command = _only(fitting)
        if command is None:
            return None
        if command.is_conditional and any(
            other is not command for other in self._index.far_reaching[:2]
        ):
            return None
        if not self._code:
            return command.line
        is_sure = is_exact and not command.is_conditional
        if self._code.is_opaque and not is_sure:
            return None
        return None if self._code.mentions(relation[1]) else command.line

    @property
    def _is_short(self) -> bool:
        return len(self._statements) < 2

    @property
    def _only_line(self) -> int | None:
        return self._statements[0].line if self._statements else None

    @functools.cached_property
    def _statements(self) -> tuple[Statement, ...]:
        return tuple(self._given)

    @functools.cached_property
    def _index(self) -> _Index:
        return _Index(_Command.of(statement) for statement in self._statements)

    @functools.cached_property
    def _code(self) -> _Code:
        return _Code(
            statement
            for statement in self._statements
            if _may_run_code(statement.words)
        )


def _only(commands: cabc.Iterable[_Command]) -> _Command | None:
    """Return the command if it is the same one throughout, and there is any."""
    only: _Command | None = None
    for command in commands:
        if only is not None and command is not only:
            return None
        only = command
    return only


class _Index:
    """The statements of a file by what they are about."""

    def __init__(self, commands: cabc.Iterable[_Command]) -> None:
        """Go through them once."""
        # By the schema that they write, or "", and the name.
        self._relations: _Mentions = collections.defaultdict(list)
        self._creations: _Mentions = collections.defaultdict(list)
        self._additions: _Mentions = collections.defaultdict(list)
        self._removals: _Mentions = collections.defaultdict(list)
        self._views: _Mentions = collections.defaultdict(list)
        # By these two and another word.
        self._parts: _Mentions = collections.defaultdict(list)
        # By any word in them.
        self._moves: _Mentions = collections.defaultdict(list)
        self._schemas: _Mentions = collections.defaultdict(list)
        self._indexes: _Mentions = collections.defaultdict(list)
        self.adding: _Mentions = collections.defaultdict(list)
        self.changing: _Mentions = collections.defaultdict(list)
        # Those that can make, change, or drop what they do not name.
        self.index_makers: list[_Command] = []
        self.type_changers: list[_Command] = []
        self.column_changers: list[_Command] = []
        self.far_reaching: list[_Command] = []
        for command in commands:
            self._add(command)

    def of_relation(self, schema: str, name: str) -> cabc.Iterable[_Command]:
        """Return those that can make or remove a relation."""
        own = _about(self._relations, (schema, name))
        return itertools.chain(own, self._moves[name], self._schemas[schema])

    def of_part(self, relation: RelationName, name: str) -> cabc.Iterable[_Command]:
        """Return those about a relation that mention this part of it."""
        return _about(self._parts, relation, name)

    def of_named(self, relation: RelationName, name: str) -> cabc.Iterable[_Command]:
        """Return those that mention a constraint or index of a relation."""
        return itertools.chain(self._indexes[name], self.of_part(relation, name))

    def of_creation(self, relation: RelationName) -> cabc.Iterable[_Command]:
        """Return those that create a relation."""
        return _about(self._creations, relation)

    def of_addition(self, relation: RelationName) -> cabc.Iterable[_Command]:
        """Return those that add something to a relation."""
        return _about(self._additions, relation)

    def of_removal(self, relation: RelationName) -> cabc.Iterable[_Command]:
        """Return those that drop something of a relation."""
        return _about(self._removals, relation)

    def of_view(self, relation: RelationName) -> cabc.Iterable[_Command]:
        """Return those that create or replace a view."""
        return _about(self._views, relation)

    def _add(self, command: _Command) -> None:
        own, words = (command.schema, command.name), dict.fromkeys(command.rest)
        self._relations[own].append(command)
        if command.may_reach_further:
            self.far_reaching.append(command)
        if command.kind == "index":
            for word in dict.fromkeys((command.name, *words)):
                self._indexes[word].append(command)
        if command.kind in _RELATIONS:
            for word in words:
                self._parts[*own, word].append(command)
        if command.verb == "create":
            self._add_creation(command, own)
        elif command.verb in _CHANGES:
            self._add_change(command, own, {command.name, *words})

    def _add_creation(self, command: _Command, own: RelationName) -> None:
        if _creates_relation(command):
            self._creations[own].append(command)
        if command.kind == "view":
            self._views[own].append(command)
        # A partition gets an index with each that its parent gets.
        copies = not {"like", "of"}.isdisjoint(command.rest)
        if command.kind == "index" or (_creates_relation(command) and copies):
            self.index_makers.append(command)

    def _add_change(
        self, command: _Command, own: RelationName, words: set[str]
    ) -> None:
        if command.kind in {"domain", "type"}:
            self.type_changers.append(command)
            return
        is_addition = _alters_relation(command) and "add" in words
        for word in words:
            self.changing[word].append(command)
            if is_addition:
                self.adding[word].append(command)
            if command.kind == "schema":
                self._schemas[word].append(command)
            elif command.kind in _RELATIONS:
                self._moves[word].append(command)
        if is_addition:
            self._additions[own].append(command)
        if _alters_relation(command) and "drop" in words:
            self._removals[own].append(command)
        # Not null can come with a key over an index, and with a validation.
        if "validate" in words or {"using", "index"} <= words:
            self.column_changers.append(command)


def _about(
    mentions: _Mentions, relation: RelationName, *words: str
) -> cabc.Iterable[_Command]:
    """Return the commands about a relation; a name without a schema fits any."""
    schema, name = relation
    qualified = mentions[schema, name, *words] if schema else ()
    return itertools.chain(mentions["", name, *words], qualified)


class _Code:
    """The statements of a file that run code, which can change the schema."""

    def __init__(self, statements: cabc.Iterable[Statement]) -> None:
        """Look into their text, as far as it is there."""
        self._texts = [statement.text for statement in statements]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._texts)

    @functools.cached_property
    def is_opaque(self) -> bool:
        """Whether what one of them does is not all in its text."""
        return any(map(_is_opaque, self._texts))

    def mentions(self, name: str) -> bool:
        """Whether one of them mentions a name, in whatever way."""
        return name.lower() in self._words

    @functools.cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(_WORD.findall("\n".join(self._texts).lower()))


def _is_opaque(text: str) -> bool:
    """Whether a statement that runs code calls some that is elsewhere.

    A ``DO`` block has its code in its text; SQL that the code puts together has not.
    """
    block = _BLOCK.match(text)
    if block is None:
        return True
    words = [word for part in statements(block[2]) for word in (*part.words, ";")]
    expressions = _EXPRESSION.findall(f" {' '.join(words)} ")
    return not _HIDING.isdisjoint(words) or any(
        _calls(expression.split()) for expression in expressions
    )


def _may_run_code(words: tuple[str, ...]) -> bool:
    """Return whether a statement could change the schema through a function."""
    if not words or words[0] in _RUNS_CODE:
        return bool(words)
    return words[0] in _QUERIES and _calls(words)


def _calls(words: cabc.Iterable[str]) -> bool:
    """Whether there is a call of a function that could change the schema."""
    return any(
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


def _makes_column(command: _Command, column: str) -> bool:
    """Whether a statement about a relation makes a column that it mentions."""
    return _creates_relation(command) or (
        _alters_relation(command)
        and (command.says("add", column) or _renames_column_to(command, column))
    )


def _renames_column_to(command: _Command, new: str) -> bool:
    """Whether it says ``RENAME [COLUMN] any TO new``."""
    words = [word for word in command.rest if word != "column"]
    return any(
        words[at] == "rename" and words[at + 2 : at + 4] == ["to", new]
        for at in range(len(words) - 3)
    )


def _makes_named(command: _Command, name: str) -> bool:
    """Whether it makes or renames a constraint or index that it mentions."""
    if command.kind == "index":
        return (command.verb == "create" and command.name == name) or (
            command.verb == "alter" and command.says("rename", "to", name)
        )
    return _creates_relation(command) or (
        _alters_relation(command) and not {"add", "rename"}.isdisjoint(command.rest)
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


def _removes_column(command: _Command, column: str) -> bool:
    """Whether a statement about a relation removes a column that it mentions."""
    return _alters_relation(command) and (
        command.says("drop", column) or command.says("rename", column)
    )


def _removes_named(command: _Command, name: str) -> bool:
    """Whether it drops or renames a constraint or index that it mentions."""
    if command.kind == "index":
        return command.verb in {"alter", "drop"}
    return (
        _alters_relation(command)
        and command.says("constraint", name)
        and not {"drop", "rename"}.isdisjoint({command.name, *command.rest})
    )
