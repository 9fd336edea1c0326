"""Recognizing user state: from a snapshot to what its words and structure show.

An audit uses it to complete its model. The model comes first: an entity that no
storage model covers, and that the configuration does not describe, is recognized.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.domain.classification import Situation, classify
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Entity,
    PerUser,
    StorageModel,
)
from pytest_userstate.domain.recognition import entities, lexicon, weights
from pytest_userstate.domain.recognition.columns import Kind, role
from pytest_userstate.domain.recognition.conventions import (
    CONVENTIONS,
    Convention,
    Part,
)
from pytest_userstate.domain.recognition.outline import TableOutline, outline
from pytest_userstate.domain.recognition.persons import Persons, persons
from pytest_userstate.domain.recognition.result import (
    Confidence,
    Recognition,
    RecognizedEntity,
    RecognizedStorage,
    Shape,
)
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.snapshot import SchemaSnapshot

_ENTITIES: typ.Final[
    dict[str, cabc.Callable[[Persons], cabc.Iterable[RecognizedStorage]]]
] = {
    "login": entities.login,
    "users": entities.users,
    "profile": entities.profile,
    "interests": entities.interests,
}

_PER_USER: typ.Final = {
    Shape.ROW_PER_USER: PerUser.ONE,
    Shape.JOIN_TABLE: PerUser.MANY,
    Shape.KEY_VALUE: PerUser.MANY,
}
"""What a shape says of a user's rows; the keys say it of the others."""


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
            _ranked(name, _with_conventions(name, find(known), generated))
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


def _ranked(name: str, storages: cabc.Iterable[RecognizedStorage]) -> RecognizedEntity:
    """Return the entity with its storages, best first, and the near ties."""
    ordered = sorted(
        storages,
        key=lambda storage: (not storage.is_usable, -storage.weight, storage.table),
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


# What was recognized, as a part of the model.


def with_recognized(model: AuditModel, snapshot: SchemaSnapshot) -> AuditModel:
    """Return the model with recognized storage for the entities that it lacks."""
    names = lacking(model, snapshot)
    if not names:
        return model
    recognition = recognize(snapshot)
    entities = [_with_kinds(recognition.entity(name), snapshot) for name in names]
    return taking(model, Recognition(entities=entities))


def lacking(model: AuditModel, snapshot: SchemaSnapshot) -> list[str]:
    """Return the entities that nobody configured and that no model covers."""
    return [
        entity.name
        for entity in model.entities
        if entity == DEFAULT_MODEL.entity(entity.name)
        and classify(entity, snapshot, model).situation is Situation.MISSING
    ]


def taking(model: AuditModel, recognition: Recognition) -> AuditModel:
    """Return the model with the storage that was recognized."""
    entities = [
        _stored(entity, recognition.entity(entity.name)) for entity in model.entities
    ]
    return attrs.evolve(model, entities=entities, recognition=recognition)


def _stored(entity: Entity, recognized: RecognizedEntity) -> Entity:
    """Return an entity that is stored where it was recognized, if it was."""
    if not recognized.used:
        return entity
    allowed = entity.allow_multiple and not recognized.ambiguous
    models = [storage_model(storage) for storage in recognized.used]
    return attrs.evolve(entity, models=models, allow_multiple=allowed)


def storage_model(storage: RecognizedStorage) -> StorageModel:
    """Return the model that says what was recognized."""
    revision = [look.column for look in storage.revisions if look.is_revision]
    model = StorageModel(
        name=storage_name(*storage.table.split(".", 1)),
        tables=storage.table,
        columns=storage.columns,
        per_user=_PER_USER.get(storage.shape),
    )
    return attrs.evolve(model, revision=revision) if revision else model


def storage_name(schema: str, table: str) -> str:
    """Return a table's name as a configuration names it: public goes without."""
    return table if schema == "public" else f"{schema}.{table}"


def _with_kinds(entity: RecognizedEntity, snapshot: SchemaSnapshot) -> RecognizedEntity:
    """Return an entity whose credentials are of the kind that is a password."""
    if entity.name != "login":
        return entity
    storages, ambiguous = (
        [_with_kind(storage, snapshot) for storage in some]
        for some in (entity.storages, entity.ambiguous)
    )
    return attrs.evolve(entity, storages=storages, ambiguous=ambiguous)


def _with_kind(
    storage: RecognizedStorage, snapshot: SchemaSnapshot
) -> RecognizedStorage:
    """Return a storage whose enumerated kinds, if it has some, are narrowed down."""
    schema, _, name = storage.table.partition(".")
    table = snapshot.table(name, schema=schema)
    columns = []
    for text in storage.columns:
        column = table.column(text) if table else None
        kinds: tuple[str, ...] = ()
        if column is not None and Kind.TYPE in role(text).kinds:
            kinds = snapshot.labels(snapshot.base_type(column)) or ()
        passwords = [k for k in kinds if not lexicon.PASSWORD.isdisjoint(words(k))]
        columns.append(f"{text} = {passwords[0]}" if len(passwords) == 1 else text)
    return attrs.evolve(storage, columns=columns)
