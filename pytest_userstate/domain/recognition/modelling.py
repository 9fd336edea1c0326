"""Recognized storage as an audit model: what an audit looks for beside its model.

The model comes first. An entity that no storage model covers, and that the
configuration does not describe, is looked for by recognition.
"""

from __future__ import annotations

import attrs

from pytest_userstate.domain.classification import Situation, classify
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Entity,
    Several,
    StorageModel,
)
from pytest_userstate.domain.recognition.recognizing import recognize
from pytest_userstate.domain.recognition.result import (
    Recognition,
    RecognizedEntity,
    RecognizedStorage,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot


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
            _entity(entity, recognition.entity(entity.name))
            if entity.name in lacking
            else entity
            for entity in model.entities
        ],
        recognition=Recognition(entities=entities),
    )


def _entity(entity: Entity, recognized: RecognizedEntity) -> Entity:
    """Return an entity that is stored where it was recognized, if it was."""
    if not recognized.used:
        return entity
    several = Several.AMBIGUOUS if recognized.ambiguous else entity.several
    models = [_storage_model(entity, storage) for storage in recognized.used]
    return attrs.evolve(entity, models=models, several=several)


def _storage_model(entity: Entity, storage: RecognizedStorage) -> StorageModel:
    revision = [look.column for look in storage.revisions if look.is_revision]
    return StorageModel(
        name=storage.table.removeprefix("public."),
        tables=storage.table,
        columns=storage.columns,
        revision=revision or entity.models[0].revision,
    )
