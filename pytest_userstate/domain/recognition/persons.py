"""Who the users are: the tables of persons who sign in, and what belongs to them."""

from __future__ import annotations

import collections.abc as cabc
import functools
import typing as typ

import attrs

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition import lexicon, weights
from pytest_userstate.domain.recognition.columns import Kind, Parts, is_owner, role
from pytest_userstate.domain.recognition.outline import (
    Place,
    SchemaOutline,
    TableOutline,
)
from pytest_userstate.domain.recognition.result import Reason
from pytest_userstate.domain.recognition.words import words

_PERSONS: typ.Final = lexicon.PERSON | lexicon.PERSON_PERHAPS
_MODULES: typ.Final = lexicon.MODULE | lexicon.PERSON
_PERSON_NOUNS: typ.Final = frozenset((word,) for word in lexicon.PERSON)
_ELSEWHERE: typ.Final = lexicon.PERSON_OUTSIDE | (
    (lexicon.PASSWORD_OF_OTHERS | lexicon.PROVIDER | lexicon.PROVIDER_NAMES)
    - lexicon.MODULE
)
"""First words of tables that hold the users of another program."""


class PersonName(typ.NamedTuple):
    """What a table's name says about persons: a noun, and how much that weighs.

    `is_aside` is true for operators and robots.
    """

    weight: int
    noun: Parts
    is_aside: bool = False


@attrs.frozen(kw_only=True, eq=False)
class PersonTable:
    """A table that may hold the users, what it weighs, and what speaks for it."""

    table: TableOutline
    name: PersonName
    weight: int
    reasons: tuple[Reason, ...]
    references: int

    @property
    def is_enough(self) -> bool:
        """Whether enough speaks for it."""
        return self.weight >= weights.ENOUGH_FOR_USERS

    @property
    def has_secret(self) -> bool:
        """Whether it has a password."""
        return bool(self.table.texts(Kind.SECRET))


class OwnedTable(typ.NamedTuple):
    """A table whose rows belong to persons, and the columns that say to whom."""

    table: TableOutline
    owners: tuple[Column, ...]

    @property
    def is_row_per_user(self) -> bool:
        """Whether the keys allow one row for each person and no more."""
        names = self.names
        return any(key <= names for key in self.table.keys)

    @property
    def is_keyed(self) -> bool:
        """Whether a reference to a person is part of the key."""
        names = self.names
        return any(not key.isdisjoint(names) for key in self.table.keys)

    @property
    def names(self) -> set[str]:
        """The names of the columns that say to whom a row belongs."""
        return {column.name for column in self.owners}


@attrs.frozen(kw_only=True, eq=False)
class Persons:
    """The tables of persons, best first, and the tables that belong to them."""

    schema: SchemaOutline
    candidates: tuple[PersonTable, ...]

    @property
    def users(self) -> PersonTable | None:
        """The users' table."""
        return next(
            (person for person in self.candidates[:1] if person.is_enough), None
        )

    @functools.cached_property
    def tables(self) -> dict[Place, PersonTable]:
        """The tables of persons for which enough speaks, by place."""
        return {
            person.table.place: person for person in self.candidates if person.is_enough
        }

    @functools.cached_property
    def outside(self) -> frozenset[Place]:
        """The tables of persons that the schema refers to and does not have."""
        return frozenset(
            place
            for place in self.schema.references
            if place not in self.schema.by_place
            and not lexicon.PERSON.isdisjoint(words(place[1])[-1:])
        )

    @functools.cached_property
    def parents(self) -> frozenset[Place]:
        """The tables of persons of whom some are users (`users.person_id`)."""
        if self.users is None:
            return frozenset()
        known = self.schema.by_place
        return frozenset(
            place
            for place in self.users.table.references.values()
            if place not in self.tables
            and (parent := known.get(place)) is not None
            and len(parent.core) == 1
            and parent.head in lexicon.PERSON_BEHIND
        )

    @functools.cached_property
    def nouns(self) -> frozenset[Parts]:
        """The nouns by which columns name a person."""
        nouns = {
            noun
            for person in self.tables.values()
            if not person.name.is_aside
            for noun in (person.name.noun, person.table.words)
        }
        return _PERSON_NOUNS.union(nouns) if nouns or self.outside else frozenset()

    @functools.cached_property
    def owned(self) -> dict[Place, OwnedTable]:
        """The tables whose rows belong to a person or to a part of one, by place."""
        persons = frozenset({*self.tables, *self.parents, *self.outside})
        owned = self._owned(self.schema.tables, persons)
        # What one row of a table is a part of one person, other rows can belong to.
        parts = frozenset(
            place
            for place, table in owned.items()
            if place not in persons and self._extends_persons(table)
        )
        beside = (
            table
            for table in self.schema.tables
            if not parts.isdisjoint(table.references.values())
        )
        return owned | self._owned(beside, persons | parts)

    def _owned(
        self, tables: cabc.Iterable[TableOutline], owners: frozenset[Place]
    ) -> dict[Place, OwnedTable]:
        owned = {}
        for table in tables:
            columns = [c for c in table.pointers if self._leads(table, c, owners)]
            if columns:
                # Tuples that are there already cost no memory, nor time to collect it.
                is_all = len(columns) == len(table.pointers)
                owned[table.place] = OwnedTable(
                    table, table.pointers if is_all else tuple(columns)
                )
        return owned

    def _leads(
        self, table: TableOutline, column: Column, owners: frozenset[Place]
    ) -> bool:
        """Whether a column says to which person a row belongs."""
        said = role(column.name)
        target = table.references.get(column.name)
        if target is not None and target in owners:
            return not said.is_actor or self._is_called_after(column, target)
        return target is None and not said.is_actor and said.noun in self.nouns

    def _is_called_after(self, column: Column, target: Place) -> bool:
        """Whether a column has the name of the table that it refers to."""
        called = self.schema.by_place.get(target)
        parts = words(column.name)
        noun = parts[:-1] if parts[-1] in lexicon.IDENTIFIER else parts
        return called is not None and noun in {called.core, called.words}

    def _extends_persons(self, owned: OwnedTable) -> bool:
        """Whether a row is a part of one person, and not what the person owns."""
        return any(
            (role(column.name).noun in self.nouns or column.is_primary_key)
            and {column.name} in owned.table.keys
            for column in owned.owners
        )

    def spoken_columns(self, table: TableOutline) -> list[Column]:
        """Return the columns that name a person by a mail address or a name."""
        return [
            column
            for column in table.of(Kind.MAIL, Kind.LOGIN_NAME, Kind.NAME)
            if column.name not in table.references
            and (parts := words(column.name))
            and (
                parts in lexicon.SPOKEN_PHRASES
                or (parts[-1] in lexicon.SPOKEN_KEY and parts[:-1] in self.nouns)
            )
        ]


def persons(schema: SchemaOutline) -> Persons:
    """Weigh every table that may hold persons."""
    candidates = [
        candidate
        for table in schema.tables
        if (candidate := _candidate(table, schema)) is not None
    ]
    hub = max(
        (candidate for candidate in candidates if candidate.references),
        key=lambda person: (person.references, person.weight, person.table.place),
        default=None,
    )
    weighed = [_weighed_by_keys(candidate, hub) for candidate in candidates]
    if not any(candidate.is_enough for candidate in weighed):
        weighed = [_weighed_alone(candidate) for candidate in weighed]
    ordered = sorted(weighed, key=lambda person: (-person.weight, person.table.place))
    return Persons(schema=schema, candidates=tuple(ordered))


def _candidate(table: TableOutline, schema: SchemaOutline) -> PersonTable | None:
    """Weigh a table by its own words and columns; None for one without persons."""
    has_credentials = schema.has_credentials(table)
    if (
        _PERSONS.isdisjoint(table.core)
        and Kind.SECRET not in table.column_kinds
        and not has_credentials
    ):
        return None
    signs_in = bool(table.of(Kind.MAIL, Kind.LOGIN_NAME))
    name = _person_name(table, schema)
    if name is None and signs_in and has_credentials:
        name = PersonName(0, table.core)
    if name is None or not _may_hold_users(
        table, schema, name, has_credentials=has_credentials
    ):
        return None
    weight, reasons = name.weight, []
    if name.weight:
        reasons.append(table.reason(f"{' '.join(name.noun)!r} is a word for a person"))
    if name.is_aside:
        weight += weights.ASIDE
    if has_credentials:
        weight += weights.HAS_CREDENTIALS
        reasons.append(table.reason("a table of credentials refers to it"))
    for columns, gain, fact in (
        (table.texts(Kind.SECRET), weights.SECRET_COLUMN, "a password or its hash"),
        (
            table.of(Kind.MAIL, Kind.LOGIN_NAME),
            weights.SIGNS_IN,
            "somebody signs in by it",
        ),
        (
            table.of(Kind.SIGN_IN),
            weights.SIGN_IN_FACTS,
            "it matters for who signs in",
        ),
        (
            table.of(Kind.GIVEN, Kind.PICTURE),
            weights.DESCRIBES,
            "it is a person's",
        ),
        (table.links(), weights.LINKED, "an account at an identity provider"),
    ):
        weight += gain if columns else 0
        reasons += table.reasons(columns[:1], fact)
    return PersonTable(
        table=table,
        name=name,
        weight=weight,
        reasons=tuple(reasons),
        references=_references(table, name, schema),
    )


def _may_hold_users(
    table: TableOutline,
    schema: SchemaOutline,
    name: PersonName,
    *,
    has_credentials: bool,
) -> bool:
    """Whether the columns of a table of this name do not speak against users."""
    has_secret = bool(table.texts(Kind.SECRET))
    signs_in = table.of(Kind.MAIL, Kind.LOGIN_NAME)
    if table.joins:
        return False
    if not name.weight and not (signs_in and (has_secret or has_credentials)):
        return False
    if name.weight >= weights.PERSON_BEHIND_A_WORD:
        return True
    if _is_part_of_persons(table, schema):
        return False
    if has_secret or has_credentials:
        return True
    lets_in = (table.of(Kind.SIGN_IN) and signs_in) or table.links()
    return bool(lets_in) and lexicon.NEEDS_A_SECRET.isdisjoint(name.noun)


def _is_part_of_persons(table: TableOutline, schema: SchemaOutline) -> bool:
    """Whether it refers to a table that is called after persons, as links do."""
    return any(
        (target := schema.by_place.get(place)) is not None
        and target is not table
        and target.head in lexicon.PERSON
        for place in table.references.values()
    )


def _references(table: TableOutline, name: PersonName, schema: SchemaOutline) -> int:
    """Count the tables that refer to this one, by their keys or else their words."""
    count = schema.references.get(table.place, 0)
    if count:
        return count
    nouns = {name.noun, table.core}
    if name.weight >= weights.PERSON_BEHIND_A_WORD and not any(
        other != table.core and other in schema.by_noun for other in _PERSON_NOUNS
    ):
        nouns |= _PERSON_NOUNS
    return sum(schema.mentions[noun] for noun in nouns)


def _person_name(table: TableOutline, schema: SchemaOutline) -> PersonName | None:
    """Return what the name says; None if it says that the table holds no users."""
    base = table.core
    while len(base) > 1 and base[-1] in lexicon.PERSON_SUFFIX and base[-2] in _PERSONS:
        base = base[:-1]
    # Beside `users`, a table `user_data` is a part of them.
    is_part = base != table.core and base in schema.by_noun
    if is_part or not base or _is_bystander(base):
        return None
    first, noun = base[0], base[-1]
    is_aside = first in lexicon.PERSON_ASIDE
    if len(base) == 1:
        return PersonName(_weight_of_noun(noun), base, is_aside)
    if noun in lexicon.PERSON:
        return _persons_behind(base, table, schema)
    if noun in lexicon.PERSON_PERHAPS and _MODULES.issuperset(base[:-1]):
        return PersonName(weights.PERSON_PERHAPS_TABLE, (noun,), is_aside)
    opens_other = not lexicon.PASSWORD_OF_OTHERS.isdisjoint(base)
    is_elsewhere = first in lexicon.PERSON_OUTSIDE or (first,) in schema.by_noun
    if opens_other or is_elsewhere:
        return None
    is_described = noun in lexicon.PERSON_PERHAPS and table.of(Kind.GIVEN)
    weight = weights.PERSON_PERHAPS_TABLE if is_described else 0
    return PersonName(weight, base, is_aside)


def _persons_behind(
    base: Parts, table: TableOutline, schema: SchemaOutline
) -> PersonName | None:
    """Return what a word for persons says behind other words.

    `team_users` are the members of teams if they refer to a user, and the users of
    the teams if they do not.
    """
    first = base[0]
    is_named = (first,) in schema.by_noun or not table.of(
        Kind.MAIL, Kind.LOGIN_NAME, Kind.SECRET
    )
    is_member = is_named and any(
        is_owner(column.name) and {column.name} not in table.keys[:1]
        for column in table.pointers
    )
    is_list = first in _ELSEWHERE or not lexicon.BYSTANDER.isdisjoint(base)
    if is_list or is_member:
        return None
    is_behind_one = len(base) == 2
    return PersonName(
        weights.PERSON_BEHIND_A_WORD if is_behind_one else weights.PERSON_BEHIND_WORDS,
        base[-1:],
        first in lexicon.PERSON_ASIDE,
    )


def _is_bystander(base: Parts) -> bool:
    """Whether a name says something about persons, and not the persons.

    The last word decides in some languages, and the first one in others.
    """
    if len(base) == 1 and base[0] in _PERSONS:
        return False
    return base[-1] in lexicon.BYSTANDER or base[0] in lexicon.PREFERENCE | lexicon.MARK


def _weight_of_noun(noun: str) -> int:
    if noun in lexicon.PERSON:
        return weights.PERSON_TABLE
    return weights.PERSON_PERHAPS_TABLE if noun in lexicon.PERSON_PERHAPS else 0


def _weighed_by_keys(candidate: PersonTable, hub: PersonTable | None) -> PersonTable:
    """Add what the keys of the schema say."""
    weight, reasons = candidate.weight, [*candidate.reasons]
    if count := candidate.references:
        weight += weights.REFERRED_TO
        some = "1 table refers" if count == 1 else f"{count} tables refer"
        reasons.append(candidate.table.reason(f"{some} to it"))
    if candidate is hub:
        weight += weights.HUB
    elif _is_part_of(candidate, hub):
        weight += weights.PART_OF_ANOTHER
    return attrs.evolve(candidate, weight=weight, reasons=tuple(reasons))


def _weighed_alone(candidate: PersonTable) -> PersonTable:
    """Weigh a table of a schema in which nothing else looks like users.

    Everybody who signs in to it is a user; operators count, too.
    """
    table = candidate.table
    if not _lets_persons_in(table):
        return candidate
    weight, reasons = candidate.weight, [*candidate.reasons]
    if candidate.name.is_aside:
        weight -= weights.ASIDE
    signs = [
        column
        for column in table.of(Kind.MAIL, Kind.LOGIN_NAME)
        if {column.name} in table.keys
    ]
    if signs and candidate.has_secret:
        weight += weights.SIGNS_IN_ALONE
        reasons += table.reasons(signs[:1], "no two rows sign in by the same")
    return attrs.evolve(candidate, weight=weight, reasons=tuple(reasons))


def _lets_persons_in(table: TableOutline) -> bool:
    """Whether neither its name nor its columns say that a password opens another."""
    other = lexicon.PASSWORD_OF_OTHERS | lexicon.ROBOT
    return (
        table.is_called_credentials
        and other.isdisjoint(table.core)
        and all(
            lexicon.PLACE_OF_OTHERS.isdisjoint(words(column.name))
            for column in table.table.columns
        )
    )


def _is_part_of(candidate: PersonTable, hub: PersonTable | None) -> bool:
    """Whether a table adds to the persons of another; one with the secret does not."""
    if hub is None or (candidate.has_secret and not hub.has_secret):
        return False
    return hub.table.place in candidate.table.references.values()
