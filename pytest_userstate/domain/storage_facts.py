"""What a snapshot shows of an entity's storage, as evidence and in words."""

from __future__ import annotations

import collections.abc as cabc
import itertools

import attrs

from pytest_userstate.domain.classification import Candidate, Storage, places
from pytest_userstate.domain.converters import dotted
from pytest_userstate.domain.evidence import (
    Evidence,
    EvidenceKind,
    SchemaObject,
    listed,
)
from pytest_userstate.domain.model import Entity, StorageModel
from pytest_userstate.domain.snapshot import Column


def grouped(
    groups: cabc.Iterable[cabc.Iterable[Evidence]],
) -> tuple[Evidence, ...]:
    """Return the facts with the numbers of their groups, from 1."""
    return tuple(
        attrs.evolve(fact, group=number)
        for number, group in enumerate(groups, 1)
        for fact in group
    )


def column_fact(
    kind: EvidenceKind, candidate: Candidate, column: Column, detail: str = ""
) -> Evidence:
    """Return a fact about a column that is there."""
    table = candidate.table
    about = SchemaObject(table.schema, table.name, column.name)
    return Evidence(
        kind=kind,
        subject=str(about),
        about=about,
        model=candidate.model.name,
        detail=detail or column.data_type,
        source=column.source or table.source,
        changed_by=column.changed_by,
    )


def present(candidate: Candidate) -> list[list[Evidence]]:
    """Return the fact groups that make the candidate complete."""
    table = candidate.table
    is_there = Evidence(
        kind=EvidenceKind.PRESENT,
        subject=table.qualified_name,
        about=SchemaObject(table.schema, table.name),
        model=candidate.model.name,
        detail=table.kind.value,
        source=table.source,
        changed_by=table.changed_by,
    )
    return [
        [is_there],
        *(
            [column_fact(EvidenceKind.PRESENT, candidate, column) for column in columns]
            for columns in candidate.present()
        ),
    ]


def stored(candidates: cabc.Sequence[Candidate]) -> tuple[Evidence, ...]:
    """Return the facts that make the entity stored: each candidate does it whole."""
    several = len(candidates) > 1
    return grouped(
        [attrs.evolve(fact, alternative=number if several else None) for fact in group]
        for number, candidate in enumerate(candidates, 1)
        for group in present(candidate)
    )


def lacking(
    model: StorageModel, names: cabc.Iterable[tuple[str, ...]]
) -> list[Evidence]:
    """Return the tables or columns of these names as absent."""
    return [
        Evidence(kind=EvidenceKind.ABSENT, subject=dotted(*name), model=model.name)
        for name in names
    ]


def absent(model: StorageModel, storage: Storage) -> list[list[Evidence]]:
    """Return the fact groups that an incomplete model lacks."""
    candidates = [holder for holder in storage.candidates if holder.model == model]
    if not candidates:
        return [lacking(model, places(model, storage.schemas))]
    return [
        lacking(model, ((*candidate.place, name) for name in names))
        for candidate in candidates
        for names in candidate.missing
    ]


def all_absent(storage: Storage) -> tuple[Evidence, ...]:
    """Return what every model of the entity lacks."""
    return grouped(
        itertools.chain.from_iterable(
            absent(model, storage) for model in storage.entity.models
        )
    )


def side_by_side(storage: Storage) -> tuple[Evidence, ...]:
    """Return the complete candidates as facts that contradict each other."""
    facts = grouped(itertools.chain.from_iterable(map(present, storage.complete)))
    return (
        *(
            Evidence(
                kind=EvidenceKind.CONTRADICTION,
                subject=candidate.table.qualified_name,
                model=candidate.model.name,
                detail=f"it stores {storage.entity.name} beside "
                + listed(
                    tables(other for other in storage.complete if other != candidate)
                ),
                source=candidate.table.source,
            )
            for candidate in storage.complete
        ),
        *facts,
    )


def declaration(entity: Entity) -> Evidence:
    """Return the declaration of the canonical model, as a fact."""
    canonical = entity.canonical
    return Evidence(
        kind=EvidenceKind.DECLARED,
        subject=f"entities.{entity.name}.canonical",
        model=canonical.model if canonical else None,
        detail=f"{canonical.model} ({canonical.reason})" if canonical else "",
    )


def canonical_model(entity: Entity) -> StorageModel:
    """Return the model that was declared canonical."""
    return next(
        model
        for model in entity.models
        if entity.canonical and model.name == entity.canonical.model
    )


def lacks(model: StorageModel, storage: Storage) -> str:
    """Return what the model lacks."""
    candidates = [
        candidate for candidate in storage.candidates if candidate.model == model
    ]
    if not candidates:
        names = (f"{s}.{t}" for s, t in places(model, storage.schemas))
        return f"there is no table {listed(names, 'or')}"
    return " and ".join(
        f"{holder.table.qualified_name} has no column "
        + " and no column ".join(listed(group, "or") for group in holder.missing)
        for holder in candidates
    )


def tables(candidates: cabc.Iterable[Candidate]) -> list[str]:
    """Return the qualified names of the candidates' tables, each once."""
    return list(
        dict.fromkeys(candidate.table.qualified_name for candidate in candidates)
    )


def labelled(candidates: cabc.Iterable[Candidate]) -> list[str]:
    """Return the candidates' tables, each with the model that it completes."""
    return [
        f"{candidate.table.qualified_name} ({candidate.model.name})"
        for candidate in candidates
    ]
