"""Recognizing user state: from a snapshot to what its words and structure show."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.domain.recognition import entities, weights
from pytest_userstate.domain.recognition.conventions import (
    CONVENTIONS,
    Convention,
    Part,
)
from pytest_userstate.domain.recognition.interests import interests
from pytest_userstate.domain.recognition.outline import TableOutline, outline
from pytest_userstate.domain.recognition.persons import Persons, persons
from pytest_userstate.domain.recognition.result import (
    Confidence,
    Recognition,
    RecognizedEntity,
    RecognizedStorage,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot

_ENTITIES: typ.Final[
    dict[str, cabc.Callable[[Persons], cabc.Iterable[RecognizedStorage]]]
] = {
    "login": entities.login,
    "users": entities.users,
    "profile": entities.profile,
    "interests": interests,
}


def recognize(snapshot: SchemaSnapshot) -> Recognition:
    """Find the tables that look as if they kept login, users, profile and interests.

    Parameters
    ----------
    snapshot : SchemaSnapshot
        The schema.

    Examples
    --------
    >>> from pytest_userstate import Column, SchemaSnapshot, Table
    >>> accounts = Table(
    ...     "accounts",
    ...     [Column(name, "text") for name in ("id", "email", "password_digest")],
    ... )
    >>> recognize(SchemaSnapshot([accounts])).table("login")
    'public.accounts'
    """
    known = persons(outline(snapshot))
    generated = _generated_tables(known)
    return Recognition(
        entities=[
            _entity(name, _with_conventions(name, find(known), generated))
            for name, find in _ENTITIES.items()
        ],
    )


class GeneratedTable(typ.NamedTuple):
    """A table that a framework generated, and the part of its schema that it is."""

    convention: Convention
    part: Part
    table: TableOutline

    def as_storage(self, storage: RecognizedStorage) -> RecognizedStorage:
        """Return a storage of this table with what the convention says of it."""
        fact = f"its columns are those that {self.convention.name} generates"
        return attrs.evolve(
            storage,
            confidence=Confidence.CERTAIN,
            convention=self.convention.name,
            reasons=[self.table.reason(fact), *storage.reasons],
        )

    def storage(self, entity: str) -> RecognizedStorage:
        """Return the table as a storage that no rule has found."""
        _, certain = weights.CONFIDENCE[entity]
        return self.as_storage(
            RecognizedStorage(
                entity=entity,
                table=self.table.table.qualified_name,
                columns=[
                    column.name for column in self.part.matching_columns(self.table)
                ],
                weight=certain,
            )
        )


def _generated_tables(known: Persons) -> list[GeneratedTable]:
    """Return the tables of conventions; operators have what users have, too."""
    candidates = known.candidates
    users = [person for person in candidates if not person.name.is_aside]
    tables = [person.table for person in users or candidates]
    return [
        GeneratedTable(convention, part, table)
        for convention in CONVENTIONS
        for part, table in convention.find(known.schema, tables)
    ]


def _with_conventions(
    entity: str,
    storages: cabc.Iterable[RecognizedStorage],
    generated: list[GeneratedTable],
) -> cabc.Iterator[RecognizedStorage]:
    """Yield the storages, those of a convention as certain, and what rules missed."""
    tables: dict[str, GeneratedTable] = {}
    for known in generated:
        if entity in known.part.entities:
            tables.setdefault(known.table.table.qualified_name, known)
    for storage in storages:
        match = tables.pop(storage.table, None)
        yield match.as_storage(storage) if match else storage
    for known in tables.values():
        yield known.storage(entity)


def _entity(name: str, storages: cabc.Iterable[RecognizedStorage]) -> RecognizedEntity:
    """Return the entity with its storages, best first, and the near ties."""
    ordered = sorted(
        storages, key=lambda each: (not each.is_usable, -each.weight, each.table)
    )
    near = [
        storage
        for storage in ordered
        if storage.is_usable
        and ordered[0].weight - storage.weight <= weights.NEAR[name]
    ]
    return RecognizedEntity(
        name=name, storages=ordered, ambiguous=near if len(near) > 1 else ()
    )
