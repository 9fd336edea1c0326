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
from pytest_userstate.domain.recognition.people import Population, population
from pytest_userstate.domain.recognition.result import (
    Confidence,
    Reason,
    Recognition,
    RecognizedEntity,
    RecognizedStorage,
)
from pytest_userstate.domain.recognition.structure import Sketch, structure
from pytest_userstate.domain.snapshot import SchemaSnapshot

_ENTITIES: typ.Final[
    dict[str, cabc.Callable[[Population], cabc.Iterable[RecognizedStorage]]]
] = {
    "login": entities.login,
    "users": entities.users,
    "profile": entities.profile,
    "interests": entities.interests,
}


def recognize(snapshot: SchemaSnapshot) -> Recognition:
    """Find the tables that look as if they kept login, users, profile and interests.

    Parameters
    ----------
    snapshot : SchemaSnapshot
        The schema as it stands.

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
    people = population(structure(snapshot))
    known = _by_convention(people)
    return Recognition(
        entities=[
            _entity(name, _with_conventions(name, find(people), known))
            for name, find in _ENTITIES.items()
        ],
    )


def _by_convention(people: Population) -> list[tuple[Convention, Part, Sketch]]:
    """Return the tables that a framework generated, with what each of them is."""
    some = [person for person in people.people if not person.is_aside]
    persons = [person.sketch for person in some or people.people]
    return [
        (convention, part, sketch)
        for convention in CONVENTIONS
        for part, sketch in convention.find(people.structure, persons)
    ]


def _with_conventions(
    entity: str,
    storages: cabc.Iterable[RecognizedStorage],
    known: list[tuple[Convention, Part, Sketch]],
) -> cabc.Iterator[RecognizedStorage]:
    """Yield the storages, those of a convention as certain, and what rules missed."""
    parts: dict[str, tuple[Convention, Part, Sketch]] = {}
    for convention, part, sketch in known:
        if entity in part.entities:
            table = sketch.table.qualified_name
            parts.setdefault(table, (convention, part, sketch))
    for storage in storages:
        if (match := parts.pop(storage.table, None)) is None:
            yield storage
        else:
            convention, _, sketch = match
            yield _conventional(storage, convention, sketch)
    _, certain = weights.CONFIDENCE[entity]
    for table, (convention, part, sketch) in parts.items():
        storage = RecognizedStorage(
            entity=entity,
            table=table,
            columns=[column.name for column in part.shown(sketch)],
            weight=certain,
        )
        yield _conventional(storage, convention, sketch)


def _conventional(
    storage: RecognizedStorage, convention: Convention, sketch: Sketch
) -> RecognizedStorage:
    """Return a storage as one that a framework generated."""
    fact = f"its columns are those that {convention.name} generates"
    reason = Reason(subject=sketch.table.qualified_name, fact=fact)
    return attrs.evolve(
        storage,
        confidence=Confidence.CERTAIN,
        convention=convention.name,
        reasons=[reason, *storage.reasons],
    )


def _entity(name: str, storages: cabc.Iterable[RecognizedStorage]) -> RecognizedEntity:
    ordered = sorted(
        storages,
        key=lambda each: (
            not each.is_usable,
            -each.weight,
            each.table,
        ),
    )
    usable = [storage for storage in ordered if storage.is_usable]
    near = [
        storage
        for storage in usable
        if usable[0].weight - storage.weight <= weights.NEAR[name]
    ]
    return RecognizedEntity(
        name=name, storages=ordered, ambiguous=near if len(near) > 1 else ()
    )
