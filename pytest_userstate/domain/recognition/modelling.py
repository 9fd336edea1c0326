"""Recognized storage as an audit model: what an audit looks for beside its model.

The model comes first. An entity that no storage model covers, and that the
configuration does not describe, is looked for by recognition.
"""

from __future__ import annotations

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
from pytest_userstate.domain.recognition import lexicon
from pytest_userstate.domain.recognition.columns import Kind, role
from pytest_userstate.domain.recognition.recognizing import recognize
from pytest_userstate.domain.recognition.result import (
    Recognition,
    RecognizedEntity,
    RecognizedStorage,
    Shape,
)
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.snapshot import SchemaSnapshot


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
        _entity(entity, recognition.entity(entity.name)) for entity in model.entities
    ]
    return attrs.evolve(model, entities=entities, recognition=recognition)


def _entity(entity: Entity, recognized: RecognizedEntity) -> Entity:
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


_PER_USER: typ.Final = {
    Shape.ROW_PER_USER: PerUser.ONE,
    Shape.JOIN_TABLE: PerUser.MANY,
    Shape.KEY_VALUE: PerUser.MANY,
}
"""What a shape says of a user's rows; the keys say it of the others."""


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
