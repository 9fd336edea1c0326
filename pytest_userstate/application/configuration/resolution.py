"""From the configuration file's document to settings."""

from __future__ import annotations

import typing as typ

import attrs

from pytest_userstate.application.configuration.document import (
    Document,
    EntityTable,
    MigrationsTable,
    ModelTable,
)
from pytest_userstate.application.configuration.policy import (
    downstream,
    gate,
    silences,
)
from pytest_userstate.application.configuration.ports import wiring
from pytest_userstate.application.configuration.reading import (
    File,
    configuration_error,
)
from pytest_userstate.application.settings import (
    MigrationsSetting,
    PostgresSettings,
    Settings,
)
from pytest_userstate.application.structuring import nearest
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Canonical,
    Entity,
    StorageModel,
)


def settings_of(document: Document, *, file: str, prefix: str = "") -> Settings:
    """Turn a document into settings, checking what only makes sense together.

    Raises
    ------
    ConfigurationError
        When a check, entity, storage model or advisory is named that does not exist.
    """
    where = File(file, prefix)
    model = _model(document, where)
    return Settings(
        migrations=_migrations(document.migrations),
        snapshot=_snapshot(document, where),
        model=model,
        wiring=wiring(document, model, where),
        postgres=PostgresSettings(**attrs.asdict(document.postgres)),
        gate=gate(document, model, where),
        silences=silences(document, where),
        downstream=downstream(document, model, where),
    )


def with_axes(settings: Settings, axes: tuple[str, ...]) -> Settings:
    """Replace the gated axes by those of the command line.

    Raises
    ------
    ConfigurationError
        When there is no such axis.
    """
    for axis in axes:
        if axis not in list(Axis):
            fault = ("--userstate-gate", f"names {axis!r}; {nearest(axis, Axis)}")
            raise configuration_error([fault], file="command line")
    return attrs.evolve(
        settings, gate=attrs.evolve(settings.gate, axes=map(Axis, axes))
    )


def _snapshot(document: Document, where: File) -> str | None:
    name = document.snapshot
    if name is not None and not name.endswith(".json"):
        where.refuse("snapshot", f"is {name!r}; expected a file that ends in .json")
    return name


def _migrations(value: str | MigrationsTable | None) -> MigrationsSetting:
    if isinstance(value, MigrationsTable):
        return MigrationsSetting(**attrs.asdict(value, recurse=False))
    return MigrationsSetting(path=value)


def _model(document: Document, where: File) -> AuditModel:
    names = [entity.name for entity in DEFAULT_MODEL.entities]
    names += [name for name in document.entities if name not in names]
    entities = [
        _entity(name, document.entities.get(name, EntityTable()), where)
        for name in names
    ]
    try:
        return AuditModel(entities=entities, schemas=document.schemas)
    except InvalidModelError as error:
        where.refuse("schemas", f"cannot be used: {error}")


def _storage_model(table: ModelTable, key: str, where: File) -> StorageModel:
    try:
        return StorageModel(
            name=table.name,
            tables=table.table,
            columns=table.columns,
            any_of=table.any_of,
            revision=table.revision,
        )
    except InvalidModelError as error:
        where.refuse(key, f"cannot be used: {error}")


def _entity(name: str, table: EntityTable, where: File) -> Entity:
    default = DEFAULT_MODEL.entity(name)
    known = [each.name for each in DEFAULT_MODEL.entities]
    models = {} if table.replace or not default else {m.name: m for m in default.models}
    for number, each in enumerate(table.models):
        key = f"entities.{name}.models[{number}]"
        models[each.name] = _storage_model(each, key, where)
    canonical = table.canonical
    changes: dict[str, typ.Any] = {
        "models": models.values(),
        "canonical": canonical and Canonical(**attrs.asdict(canonical)),
        "expected": table.expected,
        "reason": table.reason,
    }
    changes |= {"several": table.several} if table.several else {}
    changes |= {"revisions": table.revisions} if table.revisions else {}
    try:
        if default:
            return attrs.evolve(default, **changes)
        return Entity(name=name, **changes)
    except InvalidModelError as error:
        problem = f"cannot be used: {error}"
        if default is None and not table.models:
            problem += f" (an entity of your own needs one); {nearest(name, known)}"
        where.refuse(f"entities.{name}", problem)
