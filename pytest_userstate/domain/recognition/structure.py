"""What recognition looks at: tables by their words, and which refer to which.

Everything here is made in one pass over the snapshot, so that schemas of many
thousand tables cost little.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import typing as typ

import attrs

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition import lexicon
from pytest_userstate.domain.recognition.columns import Kind, Parts, holds_text, role
from pytest_userstate.domain.recognition.result import Reason
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table

Place: typ.TypeAlias = tuple[str, str]

_MODULE_TABLES: typ.Final = 3
"""How many tables must share a first word for it to name their module."""
_PERSONS: typ.Final = lexicon.PERSON | lexicon.PERSON_PERHAPS
_SAYING: typ.Final = (
    _PERSONS
    | lexicon.PERSON_OUTSIDE
    | lexicon.PERSON_ASIDE
    | lexicon.PREFERENCE
    | lexicon.MARK
    | lexicon.NOTIFICATION
)
"""First words that say something about a table, however many tables share them."""


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Sketch:
    """A table with the words of its name and what its columns may be for.

    `core` are the words without the name of the module or application in front;
    `pointers` are the columns that refer to another row, by a key or by their name.
    """

    table: Table
    words: Parts
    core: Parts
    kinds: dict[Kind, list[Column]]
    pointers: tuple[Column, ...]

    @functools.cached_property
    def place(self) -> Place:
        """Where the table is: its schema and its name."""
        return self.table.schema, self.table.name

    @property
    def head(self) -> str:
        """The noun of the name: its last word."""
        return self.core[-1] if self.core else ""

    def of(self, *kinds: Kind) -> list[Column]:
        """Return the columns that may be of one of the kinds, each once."""
        if len(kinds) == 1:
            return self.kinds.get(kinds[0], [])
        columns = (column for kind in kinds for column in self.kinds.get(kind, ()))
        return list({column.name: column for column in columns}.values())

    def texts(self, kind: Kind) -> list[Column]:
        """Return the columns of a kind that hold text or bytes."""
        return [column for column in self.of(kind) if holds_text(column.data_type)]

    def links(self) -> list[Column]:
        """Return the columns that name accounts at identity providers."""
        providers, subjects = self.of(Kind.PROVIDER), self.of(Kind.SUBJECT)
        if providers and any(column not in providers for column in subjects):
            return self.of(Kind.PROVIDER, Kind.SUBJECT, Kind.LINK)
        return self.of(Kind.LINK)

    def is_read_again(self) -> bool:
        """Whether it is encrypted to be decrypted, as no password is."""
        return any(
            not lexicon.READ_AGAIN.isdisjoint(words(column.name))
            for column in self.table.columns
        )

    def holds_credentials(self) -> bool:
        """Whether its name and columns say credentials of whom it refers to."""
        if not self.pointers or not self.kinds:
            return False
        name = {*self.core}
        if self.head in lexicon.NOT_A_LOGIN or name & lexicon.NEVER_A_LOGIN:
            return False
        if name & lexicon.CREDENTIAL and self.texts(Kind.SECRET):
            return True
        return bool(name & lexicon.LINK and self.links())

    def reasons(self, columns: cabc.Iterable[Column], fact: str) -> list[Reason]:
        """Return the same fact of several columns."""
        table = self.table.qualified_name
        return [Reason(subject=f"{table}.{c.name}", fact=fact) for c in columns]

    @functools.cached_property
    def keys(self) -> tuple[frozenset[str], ...]:
        """The sets of columns that no two rows share, the primary key first."""
        return self.table.keys

    @property
    def key_columns(self) -> list[Column]:
        """The columns of the primary key, or of another one."""
        names = self.keys[0] if self.keys else frozenset()
        return [column for column in self.table.columns if column.name in names]

    @functools.cached_property
    def references(self) -> dict[str, Place]:
        """The table that each column with a foreign key refers to."""
        return {
            column: (key.target_schema, key.target_table)
            for key in self.table.foreign_keys
            for column in key.columns
        }

    @property
    def joins(self) -> bool:
        """Whether a row is a pair: its key is made of several references."""
        targets = self.references
        return any(
            len({targets[name] for name in key if name in targets}) > 1
            for key in self.keys
        )


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Structure:
    """The sketches of a snapshot, and the keys that lead to each table."""

    sketches: tuple[Sketch, ...]
    references: dict[Place, int]
    """How many tables refer to a table as to a person."""

    @functools.cached_property
    def by_place(self) -> dict[Place, Sketch]:
        """The sketches by place."""
        return {sketch.place: sketch for sketch in self.sketches}

    @functools.cached_property
    def by_noun(self) -> dict[Parts, list[Sketch]]:
        """The sketches by the words of their names, without the module."""
        sketches: dict[Parts, list[Sketch]] = {}
        for sketch in self.sketches:
            sketches.setdefault(sketch.core, []).append(sketch)
        return sketches

    def called(self, name: Parts) -> list[Sketch]:
        """Return the sketches of this name, with or without a module in front."""
        sketches = [*self.by_noun.get(name, ()), *self._by_words.get(name, ())]
        return list(dict.fromkeys(sketches))

    @functools.cached_property
    def _by_words(self) -> dict[Parts, list[Sketch]]:
        sketches: dict[Parts, list[Sketch]] = {}
        for sketch in self.sketches:
            sketches.setdefault(sketch.words, []).append(sketch)
        return sketches

    @functools.cached_property
    def signed_in(self) -> tuple[frozenset[Place], frozenset[Parts]]:
        """The tables that credentials belong to, by their keys and by their nouns."""
        places: set[Place] = set()
        nouns: set[Parts] = set()
        for sketch in self.sketches:
            if not sketch.holds_credentials():
                continue
            places.update(sketch.references.values())
            nouns.update(
                role(column.name).noun
                for column in sketch.pointers
                if column.name not in sketch.references
            )
        return frozenset(places), frozenset(nouns)

    @functools.cached_property
    def mentions(self) -> collections.Counter[Parts]:
        """How many tables name a person in a column without a foreign key."""
        mentions: collections.Counter[Parts] = collections.Counter()
        for sketch in self.sketches:
            nouns = {
                role(column.name).noun
                for column in sketch.pointers
                if column.name not in sketch.references
            }
            mentions.update(noun for noun in nouns if noun and noun[0] in _PERSONS)
        return mentions


def structure(snapshot: SchemaSnapshot) -> Structure:
    """Read the words and keys of every table that the application owns."""
    tables = [table for table in snapshot.tables if _is_of_the_application(table)]
    names = [words(table.name) for table in tables]
    modules = _modules(names)
    references: collections.Counter[Place] = collections.Counter()
    for table in tables:
        references.update(_persons_referred_to(table))
    return Structure(
        sketches=tuple(
            _sketch(table, parts, modules)
            for table, parts in zip(tables, names, strict=True)
        ),
        references=dict(references),
    )


def _is_of_the_application(table: Table) -> bool:
    """Whether a table can be the application's, and a configuration can name it."""
    return not (
        table.is_bookkeeping
        or table.partition_of
        or table.schema in lexicon.FOREIGN_SCHEMA
        or "." in table.schema
        or '"' in f"{table.schema}{table.name}"
        or "." in table.name
    )


def _modules(names: list[Parts]) -> frozenset[str]:
    """Return the first words that name a module or the application.

    A word that names a table of its own is none: `team_users` belongs to `teams`.
    """
    tables = {parts[0] for parts in names if len(parts) == 1}
    first = collections.Counter(parts[0] for parts in names if len(parts) > 1)
    return frozenset(
        word
        for word, count in first.items()
        if word not in tables
        and (
            word in lexicon.MODULE or (word not in _SAYING and count >= _MODULE_TABLES)
        )
    )


def _sketch(table: Table, parts: Parts, modules: frozenset[str]) -> Sketch:
    core = parts
    if len(parts) > 1 and parts[0] in modules and _is_said_after(*parts[:2]):
        core = parts[1:]
    referring = {name for key in table.foreign_keys for name in key.columns}
    kinds: dict[Kind, list[Column]] = {}
    pointers = []
    for column in table.columns:
        said = role(column.name)
        for kind in said.kinds:
            # `email_id` is an address as a text, and a key otherwise.
            if kind is not Kind.MAIL or holds_text(column.data_type):
                kinds.setdefault(kind, []).append(column)
        if said.noun or column.name in referring:
            pointers.append(column)
    return Sketch(
        table=table, words=parts, core=core, kinds=kinds, pointers=tuple(pointers)
    )


def _is_said_after(module: str, second: str) -> bool:
    """Whether a name says everything without its module.

    The second word of `users_user` and `accounts_profile` does; `user_settings` is
    about users, in whichever module it is.
    """
    if module not in _PERSONS or module == second:
        return True
    return module not in lexicon.PERSON and second in _PERSONS


def _persons_referred_to(table: Table) -> set[Place]:
    """Return the other tables that a table refers to as to a person."""
    roles = lexicon.OWNER | lexicon.ACTOR | _PERSONS
    return {
        (key.target_schema, key.target_table)
        for key in table.foreign_keys
        if (key.target_schema, key.target_table) != (table.schema, table.name)
        and any(not roles.isdisjoint(words(name)) for name in key.columns)
    }
