"""Recognizing user state: from a snapshot to what its words and structure show."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.recognition import entities, weights
from pytest_userstate.domain.recognition.people import Population, population
from pytest_userstate.domain.recognition.result import (
    Confidence,
    Recognition,
    RecognizedEntity,
    RecognizedStorage,
)
from pytest_userstate.domain.recognition.structure import structure
from pytest_userstate.domain.snapshot import SchemaSnapshot

_ENTITIES: typ.Final[
    dict[str, cabc.Callable[[Population], cabc.Iterable[RecognizedStorage]]]
] = {
    "login": entities.login,
    "users": entities.users,
    "profile": entities.profile,
    "interests": entities.interests,
}
_SURENESS: typ.Final = list(Confidence)


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
    return Recognition(
        entities=[_entity(name, find(people)) for name, find in _ENTITIES.items()]
    )


def _entity(name: str, storages: cabc.Iterable[RecognizedStorage]) -> RecognizedEntity:
    ordered = sorted(
        storages,
        key=lambda each: (
            _SURENESS.index(each.confidence) == 2,
            -each.weight,
            each.table,
        ),
    )
    usable = [storage for storage in ordered if storage.is_usable]
    near = [
        storage
        for storage in usable
        if usable[0].weight - storage.weight <= weights.NEAR
    ]
    return RecognizedEntity(
        name=name, storages=ordered, ambiguous=near if len(near) > 1 else ()
    )
