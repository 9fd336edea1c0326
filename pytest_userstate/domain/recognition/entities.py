"""Where login, users and profile seem to be stored."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition import lexicon, weights
from pytest_userstate.domain.recognition.columns import Kind
from pytest_userstate.domain.recognition.outline import TableOutline
from pytest_userstate.domain.recognition.persons import Persons, PersonTable
from pytest_userstate.domain.recognition.result import (
    Confidence,
    Reason,
    RecognizedStorage,
    Shape,
)
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.revision_tokens import revisions

Storages: typ.TypeAlias = cabc.Iterator[RecognizedStorage]

_CREDENTIALS_ALONE: typ.Final = (
    lexicon.CREDENTIAL | lexicon.PERSON | lexicon.PERSON_PERHAPS | lexicon.HASH
)
"""A table called so keeps logins even if it names persons by their mail address."""
_OF_A_PERSON: typ.Final = (
    lexicon.PROFILE
    | lexicon.PROFILE_BESIDE
    | lexicon.PERSON
    | lexicon.PERSON_PERHAPS
    | lexicon.MODULE
)
_OF_A_LOGIN: typ.Final = frozenset(
    {
        *(Kind.SECRET, Kind.HASH_ALONE, Kind.PASSKEY, Kind.VALUE),
        *(Kind.PROVIDER, Kind.SUBJECT, Kind.LINK),
    }
)
"""What a table has columns of if it can keep a login."""


def users(persons: Persons) -> Storages:
    """Yield the tables of persons who sign in."""
    for person in persons.candidates:
        if person.weight < weights.ALMOST_USERS:
            return
        table = person.table
        names = table.of(Kind.MAIL, Kind.LOGIN_NAME, Kind.NAME, Kind.GIVEN)
        columns = [*table.key_columns, *names[:3]]
        yield storage(
            "users",
            table,
            columns,
            person.weight,
            Shape.ROW_PER_USER,
            person.reasons,
        )


def login(persons: Persons) -> Storages:
    """Yield the tables by which somebody signs in."""
    for person in persons.tables.values():
        yield from _login_of_persons(person, is_best=person is persons.users)
    for table in persons.schema.tables:
        if table.place not in persons.tables and not _OF_A_LOGIN.isdisjoint(
            table.column_kinds
        ):
            yield from _login_of_child(table, persons)


def _login_of_persons(person: PersonTable, *, is_best: bool) -> Storages:
    """Yield the users' own table if it has a password or names an account."""
    table = person.table
    columns, fact = _passwords(table), Kind.SECRET.value
    weight = weights.SECRET_ON_USERS
    if not columns:
        columns, fact = table.links(), Kind.SUBJECT.value
        weight = weights.LINKS_ON_USERS
        if not columns:
            own = table.key_columns
            columns = [c for c in table.texts(Kind.SUBJECT) if c not in own]
        elif not table.of(Kind.PROVIDER):
            weight = weights.LINK_ALONE_ON_USERS
    if columns:
        yield storage(
            "login",
            table,
            columns,
            weight if is_best else weights.LOGIN_OF_OTHERS,
            Shape.COLUMNS,
            [*table.reasons(columns, fact), *person.reasons[:1]],
        )


def _passwords(table: TableOutline) -> list[Column]:
    """Return the columns of a person's table that hold a password."""
    alone = table.texts(Kind.HASH_ALONE)
    is_clear = table.of(Kind.SALT) or len(alone) == 1
    return table.texts(Kind.SECRET) or (alone if is_clear else [])


def _login_of_child(table: TableOutline, persons: Persons) -> Storages:
    """Yield a table of credentials or links that belong to a person."""
    if not table.is_called_credentials:
        return
    owned = persons.owned.get(table.place)
    owners = [*owned.owners] if owned else []
    if not owners and _CREDENTIALS_ALONE.issuperset(table.core):
        owners = table.of(Kind.MAIL, Kind.LOGIN_NAME)
    if not owners and not _is_part_of_owned(table, persons):
        return
    is_single = owned is not None and owned.is_row_per_user
    weight, columns, fact = _credentials(table, is_single=is_single)
    if weight:
        reasons = table.reasons(columns, fact)
        yield storage(
            "login",
            table,
            [*owners, *columns],
            weight,
            Shape.ROW_PER_USER if is_single else Shape.ROWS_PER_USER,
            [*reasons, *table.reasons(owners, "the person whom it belongs to")],
        )


def _credentials(
    table: TableOutline, *, is_single: bool
) -> tuple[int, list[Column], str]:
    """Return what a child table weighs as a login, by which columns, and why."""
    name = {*table.core}
    says_so = bool(name & lexicon.CREDENTIAL)
    if columns := table.texts(Kind.SECRET):
        is_login = says_so or is_single or name & lexicon.PERSON_PERHAPS
        opens_other = name & lexicon.PASSWORD_OF_OTHERS
        weight = weights.SECRET_OF_CHILD if is_login and not opens_other else 0
        return weight, columns, Kind.SECRET.value
    if says_so and (columns := table.texts(Kind.HASH_ALONE)):
        return weights.CREDENTIALS_OF_KINDS, columns, Kind.HASH_ALONE.value
    is_link = says_so or name & lexicon.LINK
    if (is_link or name & lexicon.PERSON) and (
        columns := table.links() or _accounts_at(table, name)
    ):
        weight = weights.LINKS if is_link else weights.LINK_ALONE_ON_USERS
        return weight, columns, Kind.SUBJECT.value
    columns = table.of(Kind.PASSKEY)
    if len(columns) > 1 or (columns and says_so):
        return weights.PASSKEYS, columns, Kind.PASSKEY.value
    return _credentials_of_kinds(table, name)


def _credentials_of_kinds(
    table: TableOutline, name: set[str]
) -> tuple[int, list[Column], str]:
    """Return the weight of credentials that a column of types distinguishes.

    What is encrypted to be decrypted again opens something else.
    """
    kinds, values = table.of(Kind.TYPE), table.of(Kind.VALUE)
    if not (name & lexicon.CREDENTIAL_OF_KINDS and kinds and values) or any(
        not lexicon.READ_AGAIN.isdisjoint(words(column.name))
        for column in table.table.columns
    ):
        return 0, [], ""
    fact = "credentials of several kinds"
    return weights.CREDENTIALS_OF_KINDS, [*kinds, *values], fact


def _accounts_at(table: TableOutline, name: set[str]) -> list[Column]:
    """Return the accounts in a table that is called after an identity provider."""
    if not name & lexicon.PROVIDER_NAMES:
        return []
    return [
        column
        for column in table.table.columns
        if words(column.name) in lexicon.ACCOUNT_PHRASES
    ]


def _is_part_of_owned(table: TableOutline, persons: Persons) -> bool:
    """Whether its key is a reference to a table that belongs to a person."""
    return any(
        key <= {*table.references}
        and any(table.references[column] in persons.owned for column in key)
        for key in table.keys
    )


def profile(persons: Persons) -> Storages:
    """Yield the tables that describe a person."""
    for table in persons.schema.tables:
        person = persons.tables.get(table.place)
        if person is not None or table.place in persons.parents:
            is_best = person is None or person is persons.users
            if person is None or is_best or not person.name.is_aside:
                lesser = 0 if is_best else weights.LESSER_USERS
                yield from _description(table, lesser, Shape.COLUMNS)
        elif (weight := _weight_of_profile(table, persons)) is not None:
            yield from _description(table, weight, Shape.ROW_PER_USER)


def _weight_of_profile(table: TableOutline, persons: Persons) -> int | None:
    """Return what speaks for a table beside the users', or None if it is no profile."""
    owned = persons.owned.get(table.place)
    is_called_profile = table.head in lexicon.PROFILE
    is_person = is_called_profile or table.head in lexicon.PERSON_PERHAPS
    is_single = owned is not None and owned.is_row_per_user
    if not (is_person or is_single) or (
        table.head in lexicon.BYSTANDER
        or (is_called_profile and not _OF_A_PERSON.issuperset(table.core))
        or not lexicon.PROFILE_OF_OTHERS.isdisjoint(table.core)
        or not lexicon.NEEDS_A_SECRET.isdisjoint(table.core)
    ):
        return None
    if owned is None:
        return weights.BESIDE_USERS if _is_loosely_owned(table, persons) else None
    weight = weights.BESIDE_USERS
    if is_called_profile:
        weight += weights.PROFILE_TABLE
    return weight + weights.ROW_PER_USER if is_single else weight


def _is_loosely_owned(table: TableOutline, persons: Persons) -> bool:
    """Whether it holds the accounts of persons whom the schema does not have."""
    return (
        not persons.tables
        and len(table.core) == 1
        and not persons.outside.isdisjoint(table.references.values())
    )


def _description(table: TableOutline, weight: int, shape: Shape) -> Storages:
    """Yield a table if its columns describe somebody."""
    facts: dict[str, Column] = {}
    for kind, gain, most in (
        (Kind.GIVEN, weights.GIVEN_NAMES, 1),
        (Kind.NAME, weights.PLAIN_NAME, 1),
        (Kind.PICTURE, weights.PICTURE, 1),
        (Kind.ABOUT, weights.ABOUT, 5),
        (Kind.LOCALE, weights.LOCALE, 1),
    ):
        columns = table.of(kind)
        weight += gain * min(most, len(columns))
        facts |= {column.name: column for column in columns}
    signs = table.of(Kind.LOGIN_NAME, Kind.MAIL)
    if not facts and not signs and table.head in lexicon.PROFILE:
        # A key that is a text is what the persons of a profile are known by.
        signs = [c for c in table.key_columns if c.data_type.startswith("character")]
    if signs:
        weight += weights.SIGN_IN_NAME
        facts |= {column.name: column for column in signs}
    if facts:
        columns = [*facts.values()]
        reasons = table.reasons(columns[:3], "it describes a person")
        yield storage("profile", table, columns, weight, shape, reasons)


def storage(  # noqa: PLR0913, PLR0917 - what a storage is made of
    entity: str,
    table: TableOutline,
    columns: cabc.Iterable[Column],
    weight: int,
    shape: Shape,
    reasons: cabc.Iterable[Reason],
) -> RecognizedStorage:
    """Return a table as a storage of the entity, as sure as its weight makes it."""
    enough, certain = weights.CONFIDENCE[entity]
    if weight >= certain:
        confidence = Confidence.CERTAIN
    else:
        confidence = Confidence.LIKELY if weight >= enough else Confidence.POSSIBLE
    return RecognizedStorage(
        entity=entity,
        table=table.table.qualified_name,
        columns=dict.fromkeys(column.name for column in columns),
        shape=shape,
        confidence=confidence,
        reasons=reasons,
        revisions=revisions(table.table.columns, table.table.name),
        weight=weight,
    )
