"""Where login, users, profile and interests seem to be stored.

For interests, a table is asked three things in turn: does its name say preferences
or marks, do its columns say what a member chose, or is it a store of keys and values
of a user?
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition import lexicon, weights
from pytest_userstate.domain.recognition.columns import (
    Kind,
    is_document,
    is_switch,
    may_be_chosen,
)
from pytest_userstate.domain.recognition.outline import TableOutline
from pytest_userstate.domain.recognition.persons import (
    OwnedTable,
    Persons,
    PersonTable,
)
from pytest_userstate.domain.recognition.result import (
    Confidence,
    Reason,
    RecognizedStorage,
    Shape,
)
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.revisions import revisions

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
_TELLING: typ.Final = (
    *(Kind.KEY, Kind.VALUE, Kind.CLEAR_CHOICE, Kind.CHOICE, Kind.SWITCH, Kind.LOCALE),
)
_SAYING: typ.Final = (
    lexicon.PREFERENCE
    | lexicon.PREFERENCE_PERHAPS
    | lexicon.NOTIFICATION
    | lexicon.MARK
    | lexicon.WEAK_MARK
    | lexicon.TASTE
)
"""Words without which the name of a table says nothing about interests."""
_CHOSEN: typ.Final = frozenset(
    {
        *(Kind.PREFERENCE, Kind.CLEAR_CHOICE, Kind.CHOICE, Kind.NOTIFICATION),
        *(Kind.SWITCH, Kind.MARK, Kind.VALUE),
    }
)
"""What a table has columns of if it keeps choices, and its name does not say so."""


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


class Choices(typ.NamedTuple):
    """What somebody chose: how much speaks for that, why, and the columns."""

    weight: int
    fact: str
    columns: list[Column]


def interests(persons: Persons) -> Storages:
    """Yield the tables that keep what somebody chose, marked or follows."""
    for person in persons.tables.values():
        if not person.name.is_aside:
            yield from _choices_of_persons(person.table)
    for table in persons.schema.tables:
        if table.place not in persons.tables:
            owned = persons.owned.get(table.place)
            yield from _choices_in_rows(
                owned or OwnedTable(table, tuple(persons.spoken_columns(table)))
            )


def _choices_of_persons(table: TableOutline) -> Storages:
    """Yield the users' own table if some of its columns are choices."""
    columns, weight, shape = _chosen(table)
    if columns:
        reasons = table.reasons(columns[:4], "somebody chose it")
        yield storage("interests", table, columns, weight, shape, reasons)


def _chosen(table: TableOutline) -> tuple[list[Column], int, Shape]:
    """Return the choices among the columns of a person, and what they weigh."""
    preferences = [
        column
        for column in table.of(Kind.PREFERENCE)
        if may_be_chosen(column.name, column.data_type)
        and not is_switch(column.data_type)
    ]
    documents = [
        column
        for column in table.of(Kind.NOTIFICATION, Kind.CLEAR_CHOICE)
        if is_document(column.data_type)
    ]
    columns = list({c.name: c for c in (*preferences, *documents)}.values())
    if columns:
        return columns, weights.PREFERENCES_JSON, Shape.JSON
    columns, weight = _choices(table)
    is_array = all(column.data_type.endswith("[]") for column in columns)
    return columns, weight, Shape.ARRAY if is_array else Shape.COLUMNS


def _choices(table: TableOutline) -> tuple[list[Column], int]:
    """Return the columns that are choices, and what they weigh together."""
    clear = [
        column
        for column in table.of(Kind.CLEAR_CHOICE, Kind.NOTIFICATION, Kind.PREFERENCE)
        if may_be_chosen(column.name, column.data_type)
    ]
    perhaps = [
        column
        for column in table.of(Kind.CHOICE, Kind.SWITCH, Kind.MARK)
        if column not in clear
        and may_be_chosen(column.name, column.data_type)
        and (column in table.of(Kind.CHOICE) or is_switch(column.data_type))
    ]
    count = 2 * len(clear) + len(perhaps)
    weight = weights.CHOICES + weights.EACH_CHOICE * min(count, weights.MOST_CHOICES)
    return [*clear, *perhaps], weight if count > 1 else weights.ALMOST_INTERESTS


def _choices_in_rows(owned: OwnedTable) -> Storages:
    """Yield a table whose rows belong to a person, if they are choices."""
    if not owned.owners:
        return
    choices = _choices_by_name(owned)
    if choices is None and not _CHOSEN.isdisjoint(owned.table.column_kinds):
        choices = (
            _choices_of_member(owned) or _choices_of_user(owned) or _keys_of_user(owned)
        )
    if choices:
        whose = owned.table.reasons(owned.owners[:1], "the person whom it belongs to")
        yield storage(
            "interests",
            owned.table,
            [*owned.owners, *choices.columns],
            choices.weight,
            _shape(owned),
            [owned.table.reason(choices.fact), *whose],
        )


def _choices_by_name(owned: OwnedTable) -> Choices | None:
    """Return what the table's name says that its rows are, and what that weighs."""
    table = owned.table
    if _SAYING.isdisjoint(table.core):
        return None
    core = [word for word in table.core if word not in lexicon.PERSON]
    while len(core) > 1 and core[-1] in lexicon.CONTAINER:
        core = core[:-1]
    name, head = {*core}, core[-1] if core else ""
    if (
        head in lexicon.BYSTANDER
        or name & lexicon.NOT_ABOUT_CHOICES
        or name >= lexicon.PUSH_SUBSCRIPTION
    ):
        return None
    joins = _shape(owned) is Shape.JOIN_TABLE
    if _is_about_preferences(core):
        weight, fact = _weight_of_preferences(owned), "its name says preferences"
    elif name & lexicon.MARK and not _is_billing(table, name):
        weight = weights.MARKS
        fact = "its name says what somebody marked or follows"
    elif joins and head in lexicon.TASTE:
        weight = weights.TASTES
        fact = "each row is a person and what they are interested in"
    elif joins and name & lexicon.WEAK_MARK:
        weight, fact = weights.WEAK_MARKS, "its name says what somebody marked"
    else:
        return None
    telling = table.of(*_TELLING)
    columns = [
        column
        for column in table.table.columns
        if column.name in table.references or column in telling
    ]
    return Choices(weight, fact, columns)


def _is_about_preferences(core: list[str]) -> bool:
    """Whether the words of a name say preferences of a person."""
    *before, head = core or [""]
    if head in lexicon.PREFERENCE:
        return True
    if head in lexicon.PREFERENCE_PERHAPS:
        return {*before} <= lexicon.ABOUT_PREFERENCE | lexicon.PERSON_PERHAPS
    name = {*core}
    return bool(name & lexicon.NOTIFICATION and name & lexicon.NOTIFICATION_CHOICE)


def _weight_of_preferences(owned: OwnedTable) -> int:
    """Return what a table weighs that is called preferences."""
    shape, core = _shape(owned), owned.table.core
    if shape is Shape.ROW_PER_USER:
        return weights.PREFERENCES_PER_USER
    if shape is Shape.KEY_VALUE:
        return weights.PREFERENCES_BY_KEY
    if not lexicon.NOTIFICATION.isdisjoint(core):
        return weights.NOTIFICATION_CHOICES
    if len(core) == 1 and not owned.is_keyed:
        return weights.SETTINGS_BY_SOMEBODY
    return weights.PREFERENCES_IN_ROWS


def _is_billing(table: TableOutline, name: set[str]) -> bool:
    return len(table.of(Kind.BILLING)) > 1 or bool(name & lexicon.BILLING)


def _may_be_choices(owned: OwnedTable) -> bool:
    """Whether the rows of a table that is called nothing particular can be choices.

    Their owners must differ: a workspace has an owner and
    settings, which are not the owner's.
    """
    return owned.is_keyed and lexicon.NOT_ABOUT_CHOICES.isdisjoint(owned.table.core)


def _choices_of_member(owned: OwnedTable) -> Choices | None:
    """Return the choices on a row for a person and something else."""
    table = owned.table
    columns = [
        column
        for column in table.of(Kind.PREFERENCE)
        if is_document(column.data_type) or column in table.of(Kind.NOTIFICATION)
    ]
    if not columns or table.of(Kind.NAME):
        columns = [
            column
            for column in table.of(Kind.MARK, Kind.NOTIFICATION)
            if is_switch(column.data_type)
        ]
    if not columns or owned.is_row_per_user or not _may_be_choices(owned):
        return None
    fact = f"{columns[0].name} is a choice"
    return Choices(weights.CHOICES_OF_A_MEMBER, fact, columns)


def _choices_of_user(owned: OwnedTable) -> Choices | None:
    """Return the choices among the columns of a row for each person."""
    if owned.table.head in lexicon.BYSTANDER:
        return None
    columns, weight, _ = _chosen(owned.table)
    if (
        weight <= weights.ALMOST_INTERESTS
        or not owned.is_row_per_user
        or not _may_be_choices(owned)
    ):
        return None
    fact = f"{columns[0].name} is a choice"
    return Choices(weight + weights.CHOICES_BESIDE_USERS, fact, columns)


def _keys_of_user(owned: OwnedTable) -> Choices | None:
    """Return the keys and values of a person, unless they are attributes."""
    table = owned.table
    keys, values = table.of(Kind.KEY), table.of(Kind.VALUE)
    if (
        not (keys and values)
        or table.head in lexicon.BYSTANDER
        or not lexicon.ATTRIBUTE.isdisjoint(table.core)
        or not any(column.name in key for column in keys for key in table.keys)
        or not _may_be_choices(owned)
    ):
        return None
    fact = "keys and values of a user"
    return Choices(weights.KEYS_OF_A_USER, fact, [*keys, *values])


def _shape(owned: OwnedTable) -> Shape:
    """Return how the rows of a table belong to persons."""
    table = owned.table
    if owned.is_row_per_user:
        return Shape.ROW_PER_USER
    if table.of(Kind.KEY) and table.of(Kind.VALUE):
        return Shape.KEY_VALUE
    joined = table.references.keys() - owned.names
    most = len(joined) + len(owned.names) + weights.COLUMNS_BESIDE_A_JOIN
    if joined and len(table.table.columns) <= most:
        return Shape.JOIN_TABLE
    return Shape.ROWS_PER_USER


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
