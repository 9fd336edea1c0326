"""Facts and words about storage: the evidence that decisions are built with."""

from __future__ import annotations

import collections.abc as cabc
import itertools

from pytest_userstate.domain.classification import Candidate, Storage, places
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.model import Entity, StorageModel
from pytest_userstate.domain.snapshot import Column, Source


def fact(  # noqa: PLR0913 - a field each
    kind: EvidenceKind,
    subject: str,
    *,
    model: StorageModel,
    detail: str = "",
    source: Source | None = None,
    changed_by: Source | None = None,
) -> Evidence:
    """Return a fact that was looked up for a storage model, not yet in a group."""
    return Evidence(
        kind=kind,
        subject=subject,
        model=model.name,
        detail=detail,
        source=source,
        changed_by=changed_by,
    )


def grouped(
    groups: cabc.Iterable[cabc.Iterable[Evidence]],
) -> tuple[Evidence, ...]:
    """Return the facts with the numbers of their groups, from 1."""
    return tuple(
        Evidence(
            kind=each.kind,
            group=number,
            subject=each.subject,
            model=each.model,
            detail=each.detail,
            source=each.source,
            changed_by=each.changed_by,
        )
        for number, group in enumerate(groups, 1)
        for each in group
    )


def column_fact(
    kind: EvidenceKind, candidate: Candidate, column: Column, detail: str = ""
) -> Evidence:
    """Return a fact about a column that is there."""
    return fact(
        kind,
        f"{candidate.table.qualified_name}.{column.name}",
        model=candidate.model,
        detail=detail or column.data_type,
        source=column.source or candidate.table.source,
        changed_by=column.changed_by,
    )


def present(candidate: Candidate) -> list[list[Evidence]]:
    """Return the fact groups that make the candidate complete."""
    table = fact(
        EvidenceKind.PRESENT,
        candidate.table.qualified_name,
        model=candidate.model,
        detail=candidate.table.kind.value,
        source=candidate.table.source,
        changed_by=candidate.table.changed_by,
    )
    return [
        [table],
        *(
            [column_fact(EvidenceKind.PRESENT, candidate, column) for column in columns]
            for columns in candidate.present()
        ),
    ]


def stored(candidates: cabc.Sequence[Candidate]) -> tuple[Evidence, ...]:
    """Return the facts that make the entity stored.

    Any of the complete candidates would do, and each needs all of its columns.
    Written as groups of which every one is needed: first the tables, then a
    column of each candidate, in every combination.
    """
    facts = [present(each) for each in candidates]
    tables_there = tuple(table for (table,), *_ in facts)
    combinations = itertools.product(*(groups[1:] or groups for groups in facts))
    return grouped(
        dict.fromkeys(
            (tables_there, *(tuple(itertools.chain(*each)) for each in combinations))
        )
    )


def absent(model: StorageModel, storage: Storage) -> list[list[Evidence]]:
    """Return the fact groups that an incomplete model lacks."""
    candidates = [each for each in storage.candidates if each.model == model]
    if not candidates:
        return [
            [
                fact(EvidenceKind.ABSENT, f"{schema}.{name}", model=model)
                for schema, name in places(model, storage.schemas)
            ]
        ]
    return [
        [
            fact(
                EvidenceKind.ABSENT,
                f"{candidate.table.qualified_name}.{name}",
                model=model,
            )
            for name in names
        ]
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
            fact(
                EvidenceKind.CONTRADICTION,
                each.table.qualified_name,
                model=each.model,
                detail=f"it stores {storage.entity.name} beside "
                + listed(tables(other for other in storage.complete if other != each)),
                source=each.table.source,
            )
            for each in storage.complete
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
        each
        for each in entity.models
        if entity.canonical and each.name == entity.canonical.model
    )


def lacks(model: StorageModel, storage: Storage) -> str:
    """Say what the model lacks."""
    candidates = [each for each in storage.candidates if each.model == model]
    if not candidates:
        names = (f"{s}.{t}" for s, t in places(model, storage.schemas))
        return f"there is no table {listed(names, 'or')}"
    return " and ".join(
        f"{each.table.qualified_name} has no column "
        + " and no column ".join(listed(group, "or") for group in each.missing)
        for each in candidates
    )


def tables(candidates: cabc.Iterable[Candidate]) -> list[str]:
    """Return the qualified names of the candidates' tables, each once."""
    return list(dict.fromkeys(each.table.qualified_name for each in candidates))


def labelled(candidates: cabc.Iterable[Candidate]) -> list[str]:
    """Return the candidates' tables, each with the model that it completes."""
    return [f"{each.table.qualified_name} ({each.model.name})" for each in candidates]


def listed(names: cabc.Iterable[str], conjunction: str = "and") -> str:
    """Join names as a sentence does, with the Oxford comma.

    >>> listed(["a", "b", "c"])
    'a, b, and c'
    """
    *most, last = [*names] or [""]
    if not most:
        return last
    comma = "," if len(most) > 1 else ""
    return f"{', '.join(most)}{comma} {conjunction} {last}"
