"""Where preferences and interests seem to be stored.

A table is asked three things in turn: does its name say preferences or marks, do
its columns say what a member chose, or is it a store of keys and values of a user?
"""

from __future__ import annotations

import typing as typ

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition import lexicon, weights
from pytest_userstate.domain.recognition.columns import (
    Kind,
    is_document,
    is_switch,
    may_be_chosen,
)
from pytest_userstate.domain.recognition.entities import Storages, storage
from pytest_userstate.domain.recognition.outline import TableOutline
from pytest_userstate.domain.recognition.persons import OwnedTable, Persons
from pytest_userstate.domain.recognition.result import Shape

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
