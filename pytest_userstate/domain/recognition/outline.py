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

_REMEMBERED: typ.Final = 1 << 12
"""How many places and sets of kinds are shared."""
_MODULE_TABLES: typ.Final = 3
"""How many tables must share a first word for it to name their module."""
_PERSONS: typ.Final = lexicon.PERSON | lexicon.PERSON_PERHAPS
_PERSONAL: typ.Final = lexicon.OWNER | lexicon.ACTOR | _PERSONS
"""Words of columns that refer to a person."""
_SAYING: typ.Final = (
    _PERSONS
    | lexicon.PERSON_OUTSIDE
    | lexicon.PERSON_ASIDE
    | lexicon.PREFERENCE
    | lexicon.MARK
    | lexicon.NOTIFICATION
)
"""First words that say something about a table, however many tables share them."""


@attrs.frozen(kw_only=True, eq=False)
class TableOutline:
    """A table with the words of its name and what its columns may be for.

    `core` are the words without the name of the module or application in front;
    `pointers` are the columns that refer to another row, by a key or by their name;
    `references` are the tables to which columns with a foreign key refer;
    `column_kinds` are the kinds of which there may be columns.
    """

    table: Table
    place: Place
    words: Parts
    core: Parts
    column_kinds: frozenset[Kind]
    pointers: tuple[Column, ...]
    references: dict[str, Place]

    @functools.cached_property
    def kinds(self) -> dict[Kind, list[Column]]:
        """The columns by what they may be for."""
        kinds: dict[Kind, list[Column]] = {}
        for column in self.table.columns:
            for kind in role(column.name).kinds:
                # `email_id` is an address as a text, and a key otherwise.
                if kind is not Kind.MAIL or holds_text(column.data_type):
                    kinds.setdefault(kind, []).append(column)
        return kinds

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

    def reasons(self, columns: cabc.Iterable[Column], fact: str) -> list[Reason]:
        """Return the same fact of several columns."""
        table = self.table.qualified_name
        return [Reason(subject=f"{table}.{c.name}", fact=fact) for c in columns]

    def reason(self, fact: str) -> Reason:
        """Return a fact of the table."""
        return Reason(subject=self.table.qualified_name, fact=fact)

    @functools.cached_property
    def keys(self) -> tuple[frozenset[str], ...]:
        """The sets of columns that no two rows share, the primary key first."""
        return self.table.keys

    @property
    def key_columns(self) -> list[Column]:
        """The columns of the primary key, or of another one."""
        names = self.keys[0] if self.keys else frozenset()
        return [column for column in self.table.columns if column.name in names]

    @property
    def joins(self) -> bool:
        """Whether a row is a pair: its key is made of several references."""
        targets = self.references
        return len(targets) > 1 and any(
            len({targets[name] for name in key if name in targets}) > 1
            for key in self.keys
        )

    @property
    def is_called_credentials(self) -> bool:
        """Whether nothing in its name says that it is no login."""
        return self.head not in lexicon.NOT_A_LOGIN and (
            lexicon.NEVER_A_LOGIN.isdisjoint(self.core)
        )

    @property
    def holds_credentials(self) -> bool:
        """Whether its name and columns say credentials of whom it refers to."""
        if not (self.pointers and self.is_called_credentials):
            return False
        if not lexicon.CREDENTIAL.isdisjoint(self.core) and self.texts(Kind.SECRET):
            return True
        return not lexicon.LINK.isdisjoint(self.core) and bool(self.links())


@attrs.frozen(kw_only=True, eq=False)
class SchemaOutline:
    """The outlines of a snapshot's tables, and the keys that lead to each table."""

    tables: tuple[TableOutline, ...]
    references: dict[Place, int]
    """How many tables refer to a table as to a person."""

    @functools.cached_property
    def by_place(self) -> dict[Place, TableOutline]:
        """The tables by place."""
        return {table.place: table for table in self.tables}

    @functools.cached_property
    def by_noun(self) -> dict[Parts, list[TableOutline]]:
        """The tables by the words of their names, without the module."""
        tables: dict[Parts, list[TableOutline]] = {}
        for table in self.tables:
            tables.setdefault(table.core, []).append(table)
        return tables

    def called(self, name: Parts) -> list[TableOutline]:
        """Return the tables of this name, with or without a module in front."""
        tables = [*self.by_noun.get(name, ()), *self._by_words.get(name, ())]
        return list(dict.fromkeys(tables))

    @functools.cached_property
    def _by_words(self) -> dict[Parts, list[TableOutline]]:
        tables: dict[Parts, list[TableOutline]] = {}
        for table in self.tables:
            tables.setdefault(table.words, []).append(table)
        return tables

    def has_credentials(self, table: TableOutline) -> bool:
        """Whether a table of credentials belongs to this one, by a key or a noun."""
        places, nouns = self._credentials
        return table.place in places or table.core in nouns or table.words in nouns

    @functools.cached_property
    def _credentials(self) -> tuple[set[Place], set[Parts]]:
        """The tables that credentials belong to, by their keys and by their nouns."""
        places: set[Place] = set()
        nouns: set[Parts] = set()
        for table in self.tables:
            if table.holds_credentials:
                places.update(table.references.values())
                nouns.update(_nouns_without_key(table))
        return places, nouns

    @functools.cached_property
    def mentions(self) -> collections.Counter[Parts]:
        """How many tables name a person in a column without a foreign key."""
        mentions: collections.Counter[Parts] = collections.Counter()
        for table in self.tables:
            if len(table.pointers) > len(table.references):
                nouns = _nouns_without_key(table)
                mentions.update(noun for noun in nouns if noun[0] in _PERSONS)
        return mentions


def _nouns_without_key(table: TableOutline) -> set[Parts]:
    """Return the nouns that columns without a foreign key name."""
    columns = (c.name for c in table.pointers if c.name not in table.references)
    return {noun for name in columns if (noun := role(name).noun)}


def outline(snapshot: SchemaSnapshot) -> SchemaOutline:
    """Read the words and keys of every table that the application owns."""
    owned = [table for table in snapshot.tables if _is_of_the_application(table)]
    names = [words(table.name) for table in owned]
    modules = _modules(names)
    tables = tuple(
        _outline(table, parts, modules)
        for table, parts in zip(owned, names, strict=True)
    )
    references: collections.Counter[Place] = collections.Counter()
    for table in tables:
        references.update(_persons_referred_to(table))
    return SchemaOutline(tables=tables, references=dict(references))


def _is_of_the_application(table: Table) -> bool:
    """Whether a table can be the application's, and a configuration can name it."""
    return not (
        table.is_bookkeeping
        or table.partition_of
        or table.schema in lexicon.FOREIGN_SCHEMA
        or "." in table.schema
        or '"' in table.schema
        or '"' in table.name
        or "." in table.name
    )


def _modules(names: list[Parts]) -> frozenset[str]:
    """Return the first words that name a module or the application.

    A word that names another table is not one: `team_users` belongs to `teams`.
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


def _outline(table: Table, parts: Parts, modules: frozenset[str]) -> TableOutline:
    core = parts
    if len(parts) > 1 and parts[0] in modules and _is_said_after(*parts[:2]):
        core = parts[1:]
    references = {
        column: _shared((key.target_schema, key.target_table))
        for key in table.foreign_keys
        for column in key.columns
    }
    kinds: set[Kind] = set()
    pointers = []
    for column in table.columns:
        said = role(column.name)
        kinds.update(said.kinds)
        if said.noun or column.name in references:
            pointers.append(column)
    return TableOutline(
        table=table,
        place=(table.schema, table.name),
        words=parts,
        core=core,
        column_kinds=_shared(frozenset(kinds)),
        pointers=tuple(pointers),
        references=references,
    )


@functools.lru_cache(maxsize=_REMEMBERED)
def _shared(value: typ.Any) -> typ.Any:
    """Return an equal value that is there already, so that no more is collected."""
    return value


def _is_said_after(module: str, second: str) -> bool:
    """Whether a name says everything without its module.

    The second word of `users_user` and `accounts_profile` does; `user_settings` is
    about users, in whichever module it is.
    """
    if module not in _PERSONS or module == second:
        return True
    return module not in lexicon.PERSON and second in _PERSONS


def _persons_referred_to(table: TableOutline) -> set[Place]:
    """Return the other tables that a table refers to as to a person."""
    return {
        target
        for column, target in table.references.items()
        if target != table.place and not _PERSONAL.isdisjoint(words(column))
    }
