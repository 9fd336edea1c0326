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
    Several,
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
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table


def with_recognized(model: AuditModel, snapshot: SchemaSnapshot) -> AuditModel:
    """Return the model with recognized storage for the entities that it lacks."""
    lacking = [
        entity.name
        for entity in model.entities
        if entity == DEFAULT_MODEL.entity(entity.name)
        and classify(entity, snapshot, model).situation is Situation.MISSING
    ]
    if not lacking:
        return model
    recognition = recognize(snapshot)
    entities = [recognition.entity(name) for name in lacking]
    return attrs.evolve(
        model,
        entities=[
            _entity(entity, recognition.entity(entity.name), snapshot)
            if entity.name in lacking
            else entity
            for entity in model.entities
        ],
        recognition=Recognition(entities=entities),
    )


def _entity(
    entity: Entity, recognized: RecognizedEntity, snapshot: SchemaSnapshot
) -> Entity:
    """Return an entity that is stored where it was recognized, if it was."""
    if not recognized.used:
        return entity
    several = Several.AMBIGUOUS if recognized.ambiguous else entity.several
    models = [storage_model(storage, entity, snapshot) for storage in recognized.used]
    return attrs.evolve(entity, models=models, several=several)


def storage_model(
    storage: RecognizedStorage, entity: Entity, snapshot: SchemaSnapshot
) -> StorageModel:
    """Return the model that says of an entity what was recognized."""
    schema, _, name = storage.table.partition(".")
    table = snapshot.table(name, schema=schema)
    revision = [look.column for look in storage.revisions if look.is_revision]
    return StorageModel(
        name=storage.table.removeprefix("public."),
        tables=storage.table,
        columns=[
            _with_kind(column, table, snapshot) if storage.entity == "login" else column
            for column in storage.columns
        ],
        per_user=_PER_USER.get(storage.shape),
        revision=revision or entity.models[0].revision,
    )


_PER_USER: typ.Final = {
    Shape.ROW_PER_USER: PerUser.ONE,
    Shape.JOIN_TABLE: PerUser.MANY,
    Shape.KEY_VALUE: PerUser.MANY,
}
"""What a shape says of a user's rows; the keys say it of the others."""


def _with_kind(name: str, table: Table | None, snapshot: SchemaSnapshot) -> str:
    """Return a column, and the kind of credentials that is a password if it has one."""
    column = table.column(name) if table else None
    if column is None or Kind.TYPE not in role(name).kinds:
        return name
    kinds = snapshot.labels(snapshot.base_type(column)) or ()
    passwords = [kind for kind in kinds if not lexicon.PASSWORD.isdisjoint(words(kind))]
    return f"{name} = {passwords[0]}" if len(passwords) == 1 else name
