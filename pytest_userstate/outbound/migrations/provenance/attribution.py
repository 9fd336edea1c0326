"""Which statement of a file it was, where that is certain.

The catalog tells which file made or dropped a thing; only the file's text can
tell which of its statements. It is certain if there is one statement, or if
exactly one is of the fitting kind and names the thing, and no other could have
done it in a way that the text does not show. In doubt there is no line.

A file may have thousands of statements, and be asked about as many things. So the
statements are found by the names that they mention, and a search ends with the
second statement that fits.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import itertools
import re

import attrs

from pytest_userstate.outbound.migrations.programs.inside.changes import (
    COLUMN,
    INDEX,
    RELATION,
)
from pytest_userstate.outbound.migrations.sql import Statement, statements

RelationName = tuple[str, str]
"""The schema and name of a relation."""

_MODIFIERS = frozenset(
    {
        *("foreign", "global", "local", "materialized", "or", "recursive"),
        *("replace", "temp", "temporary", "unique", "unlogged"),
    }
)
_CONDITIONS = frozenset({"if", "not", "exists", "only", "concurrently"})
_CHANGES = frozenset({"alter", "cluster", "comment", "drop", "reindex"})
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
# What may precede a parenthesis in a query that changes no schema.
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

    def says(self, *phrase: str) -> bool:
        """Whether it has these words in a row, optional ones left out."""
        words = [word for word in self.rest if word not in {"column", *_CONDITIONS}]
        starts = range(len(words) - len(phrase) + 1)
        return any(tuple(words[at : at + len(phrase)]) == phrase for at in starts)

    def renames_to(self, name: str) -> bool:
        """Whether a part of what it alters, or that itself, gets a name."""
        return "rename" in self.rest and self.says("to", name)

    def is_about(self, relation: RelationName) -> bool:
        """Whether this is its table or view; a name without a schema fits any."""
        schema, name = relation
        return (
            self.is_of_a_relation and self.name == name and self.schema in {"", schema}
        )

    @property
    def is_of_a_relation(self) -> bool:
        return self.kind in {"table", "view"}

    def creates_relation(self) -> bool:
        return self.verb == "create" and self.is_of_a_relation

    def creates_view(self) -> bool:
        return self.verb == "create" and self.kind == "view"

    def alters_relation(self) -> bool:
        return self.verb == "alter" and self.is_of_a_relation

    def adds_a_part(self) -> bool:
        return self.alters_relation() and "add" in self.rest

    def drops_a_part(self) -> bool:
        return self.alters_relation() and "drop" in self.rest

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

    @property
    def may_make_any_index(self) -> bool:
        """Whether it can make an index of a table that it does not name.

        A partition gets an index with each that its parent gets.
        """
        copies = not {"like", "of"}.isdisjoint(self.rest)
        is_new = self.verb == "create"
        return is_new and (self.kind == INDEX or (self.creates_relation() and copies))

    @property
    def may_change_any_column(self) -> bool:
        """Whether a column can become not null by it, with a key or a validation."""
        words = {self.name, *self.rest}
        return self.verb == "alter" and (
            "validate" in words or {"using", "index"} <= words
        )

    def makes_relation(self, relation: RelationName) -> bool:
        """Whether it makes a table or view, or gives it its name or schema."""
        schema, name = relation
        if self.alters_relation():
            return self.says("rename", "to", name) or (
                self.name == name and self.says("set", "schema", schema)
            )
        if self.verb == "alter" and self.kind == "schema":
            return self.says("rename", "to", schema)
        return self.creates_relation() and self.is_about(relation)

    def removes_relation(self, relation: RelationName) -> bool:
        """Whether a table or view is gone after it, or has another name or schema."""
        schema, name = relation
        if self.kind == "schema":
            is_dropped = self.verb == "drop" and schema in {self.name, *self.rest}
            is_renamed = self.verb == "alter" and self.says("rename", "to")
            return is_dropped or (is_renamed and self.name == schema)
        if self.verb == "drop" and self.is_of_a_relation:
            return self.is_about(relation) or name in self.rest
        return (
            self.alters_relation()
            and self.is_about(relation)
            and (self.says("rename", "to") or self.says("set", "schema"))
        )

    def makes_column(self, name: str) -> bool:
        """Whether it makes a column of its relation, if it mentions that."""
        return self.creates_relation() or (
            self.alters_relation() and (self.says("add", name) or self.renames_to(name))
        )

    def removes_column(self, name: str) -> bool:
        """Whether it drops or renames a column of its relation."""
        return self.alters_relation() and (
            self.says("drop", name) or self.says("rename", name)
        )

    def makes_named(self, name: str) -> bool:
        """Whether it makes or renames a constraint or index, if it mentions that."""
        if self.kind == INDEX:
            is_new = self.verb == "create" and self.name == name
            return is_new or (self.verb == "alter" and self.renames_to(name))
        return self.creates_relation() or (
            self.alters_relation() and not {"add", "rename"}.isdisjoint(self.rest)
        )

    def removes_named(self, name: str) -> bool:
        """Whether it drops or renames a constraint or index, if it mentions that."""
        if self.kind == INDEX:
            return self.verb in {"alter", "drop"}
        return (
            self.alters_relation()
            and self.says("constraint", name)
            and not {"drop", "rename"}.isdisjoint(self.rest)
        )


class Attribution:
    """The lines of one file's statements that made or dropped a thing."""

    def __init__(self, statements: cabc.Iterable[Statement]) -> None:
        """Keep the statements; they are read when a line is asked for."""
        self._given = statements
        self._removers: dict[RelationName, list[_Command]] = {}

    def of_new(self, relation: RelationName, kind: str, name: str) -> int | None:
        """Return the line of the statement that made a part, or gave it its name.

        The kind is that of the part, which may be the relation itself.
        """
        if self._is_short:
            return self._only_line
        index = self._index
        if kind == RELATION:
            makers = (c for c in index.near(relation) if c.makes_relation(relation))
            return self._line(makers, relation)
        if kind == COLUMN:
            makers = (c for c in index.about(relation, name) if c.makes_column(name))
            return self._line(makers, relation)
        if named := [c for c in index.named(relation, name) if c.makes_named(name)]:
            return self._line(named, relation)
        unnamed = itertools.chain(
            index.makers_of_any_index
            if kind == INDEX
            else index.own(relation, _Command.creates_relation),
            index.own(relation, _Command.adds_a_part),
            (c for c in index.mentioning(name) if c.adds_a_part()),
        )
        return self._line(unnamed, relation, is_exact=False)

    def of_changed(self, relation: RelationName, kind: str, name: str) -> int | None:
        """Return the line of the statement that changed a part's values last."""
        if self._is_short:
            return self._only_line
        index = self._index
        if kind == COLUMN:
            others: cabc.Iterable[_Command] = index.changers_of_any_column
        else:
            own = itertools.chain(index.about(relation), index.mentioning(relation[1]))
            others = (c for c in own if c.verb in _CHANGES)
        changers = itertools.chain(
            index.changers_of_types,
            (c for c in index.mentioning(name) if c.verb in _CHANGES),
            others,
            index.own(relation, _Command.creates_view),
        )
        return self._line(changers, relation, is_exact=False)

    def of_lost(self, relation: RelationName, kind: str, name: str) -> int | None:
        """Return the line of the statement after which a part's name was gone."""
        if self._is_short:
            return self._only_line
        index = self._index
        if kind == RELATION:
            return self._line(self._removing(relation), relation)
        if kind == COLUMN:
            removers = [
                c for c in index.about(relation, name) if c.removes_column(name)
            ]
            return self._line((*removers, *self._removing(relation)), relation)
        if named := [c for c in index.named(relation, name) if c.removes_named(name)]:
            return self._line(named, relation)
        droppers = index.own(relation, _Command.drops_a_part)
        unnamed = itertools.chain(index.far_reaching, droppers)
        return self._line(unnamed, relation, is_exact=False)

    def _removing(self, relation: RelationName) -> list[_Command]:
        if relation not in self._removers:
            self._removers[relation] = [
                command
                for command in self._index.near(relation)
                if command.removes_relation(relation)
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
    """The commands of a file by what they name."""

    def __init__(self, commands: cabc.Iterable[_Command]) -> None:
        """Go through them once."""
        # By the schema that they write, or "", and the name.
        self._own: dict[RelationName, list[_Command]] = collections.defaultdict(list)
        # By all other names and words in them.
        self._words: dict[str, list[_Command]] = collections.defaultdict(list)
        self._known: dict[object, list[_Command]] = {}
        self._schemas: list[_Command] = []
        # Those that can make, change, or drop what they do not name.
        self.makers_of_any_index: list[_Command] = []
        self.changers_of_types: list[_Command] = []
        self.changers_of_any_column: list[_Command] = []
        self.far_reaching: list[_Command] = []
        for command in commands:
            self._own[command.schema, command.name].append(command)
            name = () if command.is_of_a_relation else (command.name,)
            for word in {*name, *command.rest}:
                self._words[word].append(command)
            if command.kind == "schema" or command.says("set", "schema"):
                self._schemas.append(command)
            if command.may_make_any_index:
                self.makers_of_any_index.append(command)
            if command.verb in _CHANGES and command.kind in {"domain", "type"}:
                self.changers_of_types.append(command)
            if command.may_change_any_column:
                self.changers_of_any_column.append(command)
            if command.may_reach_further:
                self.far_reaching.append(command)

    def about(self, relation: RelationName, word: str = "") -> cabc.Iterator[_Command]:
        """Yield the commands about a relation, which mention a word of it."""
        schema, name = relation
        own = (self._own["", name], self._own[schema, name])
        shortest = itertools.chain(*own)
        if word and len(self._words[word]) < sum(map(len, own)):
            shortest = itertools.chain(self._words[word])
        for command in shortest:
            if command.is_about(relation) and (not word or word in command.rest):
                yield command

    def own(
        self, relation: RelationName, has_trait: cabc.Callable[[_Command], bool]
    ) -> list[_Command]:
        """Return the commands about a relation that have a trait."""
        key = (relation, has_trait)
        if key not in self._known:
            self._known[key] = [c for c in self.about(relation) if has_trait(c)]
        return self._known[key]

    def near(self, relation: RelationName) -> cabc.Iterable[_Command]:
        """Return the commands that can make or remove a relation."""
        mentioning = self._words[relation[1]]
        return itertools.chain(self.about(relation), mentioning, self._schemas)

    def named(self, relation: RelationName, name: str) -> cabc.Iterable[_Command]:
        """Return the commands that mention a constraint or index of a relation."""
        indexes = (command for command in self._words[name] if command.kind == INDEX)
        return itertools.chain(indexes, self.about(relation, name))

    def mentioning(self, name: str) -> cabc.Iterable[_Command]:
        """Return the commands that mention a name beside their own relation."""
        return self._words[name]


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
