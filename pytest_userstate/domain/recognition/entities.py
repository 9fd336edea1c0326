"""Where login, users, profile and interests seem to be stored."""

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
from pytest_userstate.domain.recognition.people import People, Population
from pytest_userstate.domain.recognition.result import (
    Confidence,
    Reason,
    RecognizedStorage,
    Shape,
)
from pytest_userstate.domain.recognition.revisions import revisions
from pytest_userstate.domain.recognition.structure import Sketch
from pytest_userstate.domain.recognition.words import words

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


def users(population: Population) -> Storages:
    """Yield the tables of persons who sign in."""
    for person in population.people:
        if person.weight < weights.ALMOST_USERS:
            return
        sketch = person.sketch
        names = sketch.of(Kind.MAIL, Kind.LOGIN_NAME, Kind.NAME, Kind.GIVEN)
        yield _storage(
            "users",
            sketch,
            [*sketch.key_columns, *names[:3]],
            person.weight,
            Shape.ROW_PER_USER,
            person.reasons,
        )


def login(population: Population) -> Storages:
    """Yield the tables by which somebody signs in."""
    for person in population.persons.values():
        yield from _login_of_persons(person, is_best=person is population.users)
    for sketch in population.structure.sketches:
        if sketch.place not in population.persons:
            yield from _login_of_child(sketch, population)


def _login_of_persons(person: People, *, is_best: bool) -> Storages:
    """Yield the users' own table if it has a password or names an account."""
    sketch = person.sketch
    columns = _passwords(sketch)
    weight, fact = weights.SECRET_ON_USERS, Kind.SECRET.value
    if not columns:
        columns, fact = sketch.links(), Kind.SUBJECT.value
        weight = weights.LINKS_ON_USERS
        if not columns:
            own = sketch.key_columns
            columns = [c for c in sketch.texts(Kind.SUBJECT) if c not in own]
        elif not sketch.of(Kind.PROVIDER):
            weight = weights.LINK_ALONE_ON_USERS
    if columns:
        yield _storage(
            "login",
            sketch,
            columns,
            weight if is_best else weights.LOGIN_OF_OTHERS,
            Shape.COLUMNS,
            [*sketch.reasons(columns, fact), *person.reasons[:1]],
        )


def _passwords(sketch: Sketch) -> list[Column]:
    """Return the columns of a person's table that hold a password."""
    alone = sketch.texts(Kind.HASH_ALONE)
    is_clear = sketch.of(Kind.SALT) or len(alone) == 1
    return sketch.texts(Kind.SECRET) or (alone if is_clear else [])


def _login_of_child(sketch: Sketch, population: Population) -> Storages:
    """Yield a table of credentials or links that belong to a person."""
    if not sketch.kinds:
        return
    name = {*sketch.core}
    if sketch.head in lexicon.NOT_A_LOGIN or name & lexicon.NEVER_A_LOGIN:
        return
    owners = population.owner_columns(sketch)
    if not owners and name <= _CREDENTIALS_ALONE:
        owners = sketch.of(Kind.MAIL, Kind.LOGIN_NAME)
    if not owners and not _is_part_of_owned(sketch, population):
        return
    is_single = population.is_row_per_user(sketch)
    weight, columns, fact = _credentials(sketch, name, is_single=is_single)
    if weight:
        reasons = sketch.reasons(columns, fact)
        yield _storage(
            "login",
            sketch,
            [*owners, *columns],
            weight,
            Shape.ROW_PER_USER if is_single else Shape.ROWS_PER_USER,
            [*reasons, *sketch.reasons(owners, "the person whom it belongs to")],
        )


def _credentials(
    sketch: Sketch, name: set[str], *, is_single: bool
) -> tuple[int, list[Column], str]:
    """Return what a child table weighs as a login, by which columns, and why."""
    says_so = bool(name & lexicon.CREDENTIAL)
    if columns := sketch.texts(Kind.SECRET):
        is_login = says_so or is_single or name & lexicon.PERSON_PERHAPS
        opens_other = name & lexicon.PASSWORD_OF_OTHERS
        weight = weights.SECRET_OF_CHILD if is_login and not opens_other else 0
        return weight, columns, Kind.SECRET.value
    if says_so and (columns := sketch.texts(Kind.HASH_ALONE)):
        return weights.CREDENTIALS_OF_KINDS, columns, Kind.HASH_ALONE.value
    if says_so or name & (lexicon.LINK | lexicon.PERSON):
        columns = sketch.links() or _accounts_at(sketch, name)
        if columns:
            is_link = says_so or name & lexicon.LINK
            weight = weights.LINKS if is_link else weights.LINK_ALONE_ON_USERS
            return weight, columns, Kind.SUBJECT.value
    columns = sketch.of(Kind.PASSKEY)
    if len(columns) > 1 or (columns and says_so):
        return weights.PASSKEYS, columns, Kind.PASSKEY.value
    kinds, values = sketch.of(Kind.TYPE), sketch.of(Kind.VALUE)
    if (
        name & lexicon.CREDENTIAL_OF_KINDS
        and kinds
        and values
        and not sketch.is_read_again()
    ):
        fact = "credentials of several kinds"
        return weights.CREDENTIALS_OF_KINDS, [*kinds, *values], fact
    return 0, [], ""


def _accounts_at(sketch: Sketch, name: set[str]) -> list[Column]:
    """Return the accounts in a table that is called after an identity provider."""
    if not name & lexicon.PROVIDER_NAMES:
        return []
    return [
        column
        for column in sketch.table.columns
        if words(column.name) in lexicon.ACCOUNT_PHRASES
    ]


def _is_part_of_owned(sketch: Sketch, population: Population) -> bool:
    """Whether its key is a reference to a table that belongs to a person."""
    known = population.structure.by_place
    return any(
        key <= {*sketch.references}
        and any(
            (parent := known.get(sketch.references[column])) is not None
            and population.owner_columns(parent)
            for column in key
        )
        for key in sketch.keys
    )


def profile(population: Population) -> Storages:
    """Yield the tables that describe a person."""
    for sketch in population.structure.sketches:
        person = population.persons.get(sketch.place)
        if person is not None or sketch.place in population.parents:
            is_best = person is None or person is population.users
            if person is None or is_best or not person.is_aside:
                lesser = 0 if is_best else weights.LESSER_USERS
                yield from _description(sketch, lesser, Shape.COLUMNS)
        elif (weight := _weight_of_profile(sketch, population)) is not None:
            yield from _description(sketch, weight, Shape.ROW_PER_USER)


def _weight_of_profile(sketch: Sketch, population: Population) -> int | None:
    """Return what speaks for a table beside the users', or None if it is no profile."""
    name = {*sketch.core}
    is_called_profile = sketch.head in lexicon.PROFILE
    if name & (lexicon.PROFILE_OF_OTHERS | lexicon.NEEDS_A_SECRET) or (
        sketch.head in lexicon.BYSTANDER
        or (is_called_profile and not name <= _OF_A_PERSON)
    ):
        return None
    if not population.owner_columns(sketch):
        return weights.BESIDE_USERS if _is_loosely_owned(sketch, population) else None
    weight = weights.BESIDE_USERS
    if is_called_profile:
        weight += weights.PROFILE_TABLE
    if population.is_row_per_user(sketch):
        return weight + weights.ROW_PER_USER
    is_person = is_called_profile or sketch.head in lexicon.PERSON_PERHAPS
    return weight if is_person else None


def _is_loosely_owned(sketch: Sketch, population: Population) -> bool:
    """Whether it holds the accounts of persons whom the schema does not have."""
    return (
        not population.persons
        and len(sketch.core) == 1
        and sketch.head in lexicon.PERSON_PERHAPS | lexicon.PROFILE
        and not population.outside.isdisjoint(sketch.references.values())
    )


def _description(sketch: Sketch, weight: int, shape: Shape) -> Storages:
    """Yield a table if its columns describe somebody."""
    facts: dict[str, Column] = {}
    for kind, gain, most in (
        (Kind.GIVEN, weights.GIVEN_NAMES, 1),
        (Kind.NAME, weights.PLAIN_NAME, 1),
        (Kind.PICTURE, weights.PICTURE, 1),
        (Kind.ABOUT, weights.ABOUT, 5),
        (Kind.LOCALE, weights.LOCALE, 1),
    ):
        columns = sketch.of(kind)
        weight += gain * min(most, len(columns))
        facts |= {column.name: column for column in columns}
    signs = sketch.of(Kind.LOGIN_NAME, Kind.MAIL)
    if not facts and not signs and sketch.head in lexicon.PROFILE:
        # A key that is a text is what the persons of a profile are known by.
        signs = [c for c in sketch.key_columns if c.data_type.startswith("character")]
    if signs:
        weight += weights.SIGN_IN_NAME
        facts |= {column.name: column for column in signs}
    if facts:
        columns = [*facts.values()]
        reasons = sketch.reasons(columns[:3], "it describes a person")
        yield _storage("profile", sketch, columns, weight, shape, reasons)


def interests(population: Population) -> Storages:
    """Yield the tables that keep what somebody chose, marked or follows."""
    for person in population.persons.values():
        if not person.is_aside:
            yield from _choices_of_persons(person.sketch)
    for sketch in population.structure.sketches:
        if sketch.place not in population.persons:
            yield from _choices_in_rows(sketch, population)


def _choices_of_persons(sketch: Sketch) -> Storages:
    """Yield the users' own table if some of its columns are choices."""
    columns, weight, shape = _chosen(sketch)
    if columns:
        reasons = sketch.reasons(columns[:4], "somebody chose it")
        yield _storage("interests", sketch, columns, weight, shape, reasons)


def _chosen(sketch: Sketch) -> tuple[list[Column], int, Shape]:
    """Return the choices among the columns of a person, and what they weigh."""
    preferences = [
        column
        for column in sketch.of(Kind.PREFERENCE)
        if may_be_chosen(column.name, column.data_type)
        and not is_switch(column.data_type)
    ]
    documents = [
        column
        for column in sketch.of(Kind.NOTIFICATION, Kind.CLEAR_CHOICE)
        if is_document(column.data_type)
    ]
    columns = list({c.name: c for c in (*preferences, *documents)}.values())
    if columns:
        return columns, weights.PREFERENCES_JSON, Shape.JSON
    columns, weight = _choices(sketch)
    is_array = all(column.data_type.endswith("[]") for column in columns)
    return columns, weight, Shape.ARRAY if is_array else Shape.COLUMNS


def _choices(sketch: Sketch) -> tuple[list[Column], int]:
    """Return the columns that are choices, and what they weigh together."""
    clear = [
        column
        for column in sketch.of(Kind.CLEAR_CHOICE, Kind.NOTIFICATION, Kind.PREFERENCE)
        if may_be_chosen(column.name, column.data_type)
    ]
    perhaps = [
        column
        for column in sketch.of(Kind.CHOICE, Kind.SWITCH, Kind.MARK)
        if column not in clear
        and may_be_chosen(column.name, column.data_type)
        and (column in sketch.of(Kind.CHOICE) or is_switch(column.data_type))
    ]
    count = 2 * len(clear) + len(perhaps)
    weight = weights.CHOICES + weights.EACH_CHOICE * min(count, weights.MOST_CHOICES)
    return [*clear, *perhaps], weight if count > 1 else weights.ALMOST_INTERESTS


def _choices_in_rows(sketch: Sketch, population: Population) -> Storages:
    """Yield a table whose rows belong to a person, if they are choices."""
    owners = population.owner_columns(sketch) or population.spoken_columns(sketch)
    if not owners:
        return
    shape = _shape(sketch, owners, population)
    names = {column.name for column in owners}
    is_keyed = any(names & key for key in sketch.keys)
    weight, fact = _choices_by_name(sketch, shape, is_keyed=is_keyed)
    if weight:
        columns = _telling_columns(sketch)
    else:
        weight, fact, columns = _choices_by_columns(sketch, owners)
    if weight:
        reason = Reason(subject=sketch.table.qualified_name, fact=fact)
        whose = sketch.reasons(owners[:1], "the person whom it belongs to")
        columns = [*owners, *columns]
        yield _storage("interests", sketch, columns, weight, shape, [reason, *whose])


def _choices_by_name(
    sketch: Sketch, shape: Shape, *, is_keyed: bool
) -> tuple[int, str]:
    """Return what the table's name says that its rows are, and what that weighs."""
    core = [word for word in sketch.core if word not in lexicon.PERSON]
    while len(core) > 1 and core[-1] in lexicon.CONTAINER:
        core = core[:-1]
    name, head = {*core}, core[-1] if core else ""
    if (
        head in lexicon.BYSTANDER
        or name & lexicon.NOT_ABOUT_CHOICES
        or name >= lexicon.PUSH_SUBSCRIPTION
    ):
        return 0, ""
    if _is_about_preferences(core):
        match shape:
            case Shape.ROW_PER_USER:
                weight = weights.PREFERENCES_PER_USER
            case Shape.KEY_VALUE:
                weight = weights.PREFERENCES_BY_KEY
            case _ if name & lexicon.NOTIFICATION:
                weight = weights.NOTIFICATION_CHOICES
            case _ if len(sketch.core) == 1 and not is_keyed:
                weight = weights.SETTINGS_BY_SOMEBODY
            case _:
                weight = weights.PREFERENCES_IN_ROWS
        return weight, "its name says preferences"
    if name & lexicon.MARK and not _is_billing(sketch, name):
        return weights.MARKS, "its name says what somebody marked or follows"
    if shape is Shape.JOIN_TABLE and head in lexicon.TASTE:
        return weights.TASTES, "each row is a person and what they are interested in"
    if name & lexicon.WEAK_MARK and shape is Shape.JOIN_TABLE:
        return weights.WEAK_MARKS, "its name says what somebody marked"
    return 0, ""


def _is_about_preferences(core: list[str]) -> bool:
    """Whether the words of a name say preferences of a person."""
    *before, head = core or [""]
    if head in lexicon.PREFERENCE:
        return True
    if head in lexicon.PREFERENCE_PERHAPS:
        return {*before} <= lexicon.ABOUT_PREFERENCE | lexicon.PERSON_PERHAPS
    name = {*core}
    return bool(name & lexicon.NOTIFICATION and name & lexicon.NOTIFICATION_CHOICE)


def _is_billing(sketch: Sketch, name: set[str]) -> bool:
    return len(sketch.of(Kind.BILLING)) > 1 or bool(name & lexicon.BILLING)


def _choices_by_columns(
    sketch: Sketch, owners: list[Column]
) -> tuple[int, str, list[Column]]:
    """Return what the columns of a table say that is called nothing in particular.

    Its rows must be told apart by whom they belong to: a workspace has an owner and
    settings, which are not the owner's.
    """
    names = {column.name for column in owners}
    if not any(names & key for key in sketch.keys) or (
        not lexicon.NOT_ABOUT_CHOICES.isdisjoint(sketch.core)
    ):
        return 0, "", []
    columns = [
        column
        for column in sketch.of(Kind.PREFERENCE)
        if is_document(column.data_type) or column in sketch.of(Kind.NOTIFICATION)
    ]
    if not columns or sketch.of(Kind.NAME):
        columns = [
            column
            for column in sketch.of(Kind.MARK, Kind.NOTIFICATION)
            if is_switch(column.data_type)
        ]
    if columns and not any(key <= names for key in sketch.keys):
        fact = f"{columns[0].name} is a choice"
        return weights.CHOICES_OF_A_MEMBER, fact, columns
    if sketch.head in lexicon.BYSTANDER:
        return 0, "", []
    if any(key <= names for key in sketch.keys):
        columns, weight, _ = _chosen(sketch)
        if weight > weights.ALMOST_INTERESTS:
            weight += weights.CHOICES_BESIDE_USERS
            return weight, f"{columns[0].name} is a choice", columns
    keys, values = sketch.of(Kind.KEY), sketch.of(Kind.VALUE)
    if not lexicon.ATTRIBUTE.isdisjoint(sketch.core):
        return 0, "", []
    if values and any(column.name in key for column in keys for key in sketch.keys):
        return weights.KEYS_OF_A_USER, "keys and values of a user", [*keys, *values]
    return 0, "", []


def _telling_columns(sketch: Sketch) -> list[Column]:
    """Return the columns that say what was chosen."""
    choices = sketch.of(
        Kind.KEY,
        Kind.VALUE,
        Kind.CLEAR_CHOICE,
        Kind.CHOICE,
        Kind.SWITCH,
        Kind.LOCALE,
    )
    return [
        column
        for column in sketch.table.columns
        if column.name in sketch.references or column in choices
    ]


def _shape(sketch: Sketch, owners: list[Column], population: Population) -> Shape:
    """Return how the rows of a table belong to persons."""
    if population.is_row_per_user(sketch):
        return Shape.ROW_PER_USER
    if sketch.of(Kind.KEY) and sketch.of(Kind.VALUE):
        return Shape.KEY_VALUE
    named = {column.name for column in owners}
    joined = {*sketch.references} - named
    most = len(joined) + len(named) + weights.COLUMNS_BESIDE_A_JOIN
    if joined and len(sketch.table.columns) <= most:
        return Shape.JOIN_TABLE
    return Shape.ROWS_PER_USER


def _storage(  # noqa: PLR0913, PLR0917 - what a storage is made of
    entity: str,
    sketch: Sketch,
    columns: cabc.Iterable[Column],
    weight: int,
    shape: Shape,
    reasons: cabc.Iterable[Reason],
) -> RecognizedStorage:
    enough, certain = weights.CONFIDENCE[entity]
    if weight >= certain:
        confidence = Confidence.CERTAIN
    else:
        confidence = Confidence.LIKELY if weight >= enough else Confidence.POSSIBLE
    return RecognizedStorage(
        entity=entity,
        table=sketch.table.qualified_name,
        columns=dict.fromkeys(column.name for column in columns),
        shape=shape,
        confidence=confidence,
        reasons=reasons,
        revisions=revisions(sketch.table.columns, sketch.table.name),
        weight=weight,
    )
