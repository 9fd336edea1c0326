"""Whether an entity's storage needs a migration: the words and the evidence."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.check import Check
from pytest_userstate.domain.classification import Candidate, Situation, Storage
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.declared_schema import agreements
from pytest_userstate.domain.evidence import Evidence, Prerequisite
from pytest_userstate.domain.facts import (
    absent,
    all_absent,
    canonical_model,
    declaration,
    grouped,
    labelled,
    lacks,
    listed,
    side_by_side,
    stored,
    tables,
)
from pytest_userstate.domain.near_misses import near_misses
from pytest_userstate.domain.recommendation import recommend
from pytest_userstate.domain.rules import SCHEMA_RULES
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.wiring import Wiring

_Argument: typ.TypeAlias = tuple[str, tuple[Evidence, ...]]


def schema_check(storage: Storage, snapshot: SchemaSnapshot, wiring: Wiring) -> Check:
    """Decide whether the entity's storage needs a migration."""
    situation = storage.situation
    recommendation = None
    prerequisite = None
    match situation:
        case Situation.MISSING:
            rationale, evidence = _missing(storage, snapshot)
        case Situation.SINGLE | Situation.SEVERAL_FINE:
            rationale = _stored_in(storage, tables(storage.complete))
            evidence = stored(storage.declared or storage.complete)
        case Situation.UNDECLARED:
            recommended = recommend(storage, wiring)
            recommendation = recommended.model
            rationale = (
                f"{_stored_in(storage, labelled(storage.complete))}, and nothing "
                f"says which of them is canonical. {recommended.words}"
            )
            evidence = side_by_side(storage)
        case Situation.COPIES:
            rationale, evidence = _copies(storage)
        case Situation.DECLARED:
            others = [c for c in storage.complete if c not in storage.declared]
            prerequisite = _retired(others)
            rationale, evidence = _declared(storage, others)
        case Situation.DECLARED_INCOMPLETE:
            rationale, evidence = _declared_incomplete(storage, snapshot)
    return Check(
        entity=storage.entity.name,
        axis=Axis.SCHEMA,
        coverage=storage.coverage,
        decision=SCHEMA_RULES[situation],
        models=storage.models,
        canonical=storage.canonical,
        recommendation=recommendation,
        prerequisite=prerequisite,
        rationale=rationale,
        evidence=(*evidence, *_agreements(storage, wiring)),
    )


def _missing(storage: Storage, snapshot: SchemaSnapshot) -> _Argument:
    reasons = "; ".join(lacks(model, storage) for model in storage.entity.models)
    return (
        f"no storage of {storage.entity.name} is complete: {reasons}",
        (*all_absent(storage), *near_misses(storage, snapshot)),
    )


def _copies(storage: Storage) -> _Argument:
    copies = tables(storage.declared or storage.complete)
    return (
        (
            f"{_stored_in(storage, copies)}, and nothing tells which copy counts. "
            f'Keep one, or let the model name only one: table = "{copies[0]}"'
        ),
        side_by_side(storage),
    )


def _declared(storage: Storage, others: list[Candidate]) -> _Argument:
    stand = "stands" if len(others) == 1 else "stand"
    return (
        (
            f"{listed(labelled(storage.declared))} is declared canonical, but "
            f"{listed(labelled(others))} still {stand} beside it"
        ),
        (declaration(storage.entity), *side_by_side(storage)),
    )


def _retired(others: list[Candidate]) -> Prerequisite:
    names = tables(others)
    are = "is" if len(names) == 1 else "are"
    return Prerequisite(condition=f"{listed(names)} {are} retired")


def _declared_incomplete(storage: Storage, snapshot: SchemaSnapshot) -> _Argument:
    model = canonical_model(storage.entity)
    rationale = (
        f"{model.name} is declared canonical, but {lacks(model, storage)}; "
        f"{_stored_in(storage, labelled(storage.complete))}"
    )
    facts = grouped([[declaration(storage.entity)], *absent(model, storage)])
    return rationale, (*facts, *near_misses(storage, snapshot))


def _agreements(storage: Storage, wiring: Wiring) -> cabc.Iterator[Evidence]:
    """Yield what the program declares of the tables that count, where it is right."""
    for table in dict.fromkeys(each.table for each in storage.complete):
        yield from agreements(table, wiring.declared_tables)


def _stored_in(storage: Storage, places: list[str]) -> str:
    return f"{storage.entity.name} is stored in {listed(places)}"
