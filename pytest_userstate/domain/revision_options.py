"""Which revision an entity has, and how stale writes are caught: or the options."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.architecture import (
    ArchitectureDecision,
    Facts,
    Option,
    Standing,
)
from pytest_userstate.domain.check import Check
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    MigrationDecision,
)
from pytest_userstate.domain.evidence import EvidenceKind
from pytest_userstate.domain.model import Entity

_INCREASES: typ.Final = "every write has to increase it"
_SPREAD: typ.Final = (
    "several rows may belong together there, and each has a revision of its own then: "
    "a change of the whole set is not caught by it"
)
_CATCHES: typ.Final = "where it can never be null, it catches stale writes as well"
_UNNOTICED: typ.Final = "of two writers the later one wins, and nobody notices"
_NOT_ASKED: typ.Final = 'the audit is not to ask: revisions = "not_expected"'
_COMPARED: typ.Final = (
    "a write names the revision that it was read at, and changes nothing where the row "
    "has another one by then; the writer reads again and decides"
)


def revision_decision(entity: Entity, facts: Facts) -> ArchitectureDecision:
    """Return how far the revision model of an entity is decided."""
    check = facts.report.check(f"{entity.name}.{Axis.REVISION}")
    options = [*map(_column, _poor(check, facts)), _none(entity)]
    return _decision("Revision model", entity, facts, check, options)


def conflict_decision(entity: Entity, facts: Facts) -> ArchitectureDecision:
    """Return how far it is decided what becomes of stale writes."""
    check = facts.report.check(f"{entity.name}.{Axis.CONFLICT}")
    if check.coverage is ConflictCoverage.UNRELIABLE:
        options = [*map(_mended, _unusable(check)), _another()]
    else:
        options = [_compare(entity), _last_wins(entity)]
    return _decision("Stale-write handling", entity, facts, check, options)


def _decision(
    title: str,
    entity: Entity,
    facts: Facts,
    check: Check,
    options: cabc.Sequence[Option],
) -> ArchitectureDecision:
    statement = check.rationale
    match check.decision:
        case MigrationDecision.NOT_REQUIRED:
            standing = Standing.SETTLED
            statement += _proviso(entity, facts, check)
        case MigrationDecision.DEFERRED:
            standing = Standing.WAITING
        case _:
            standing = Standing.OPEN
    return ArchitectureDecision(
        title=f"{title} of {entity.name.replace('_', ' ')}",
        check=check.id,
        standing=standing,
        statement=statement,
        options=options if standing is Standing.OPEN else (),
    )


def _proviso(entity: Entity, facts: Facts, check: Check) -> str:
    """Say for which model an answer holds while the storage is undecided."""
    storage = facts.report.check(f"{entity.name}.{Axis.SCHEMA}")
    if storage.decision is not MigrationDecision.REQUIRED or len(storage.models) < 2:
        return ""
    models = dict.fromkeys(fact.model for fact in check.evidence if fact.model)
    return f"; this holds where {' or '.join(models)} is kept"


def _poor(check: Check, facts: Facts) -> list[tuple[str, str, bool]]:
    """Return column, table, and whether several rows may stand for one owner."""
    found: dict[str, tuple[str, str, bool]] = {}
    for fact in check.evidence:
        if fact.kind is not EvidenceKind.ABSENT:
            continue
        table, _, column = fact.subject.rpartition(".")
        schema, _, name = table.partition(".")
        name = name.removeprefix('"').removesuffix('"').replace('""', '"')
        spread = any(
            not each.is_single for each in facts.diagram.relations_of(schema, name)
        )
        found.setdefault(table, (column, table, spread))
    return [*found.values()]


def _column(place: tuple[str, str, bool]) -> Option:
    column, table, is_spread = place
    return Option(
        name=f"a column {column} of {table}",
        consequences=[_INCREASES, *([_SPREAD] if is_spread else []), _CATCHES],
    )


def _none(entity: Entity) -> Option:
    return Option(
        name="no revisions",
        consequences=[_UNNOTICED, f"{_NOT_ASKED} under [entities.{entity.name}]"],
    )


def _unusable(check: Check) -> list[tuple[str, str]]:
    return [(fact.subject, fact.detail) for fact in check.evidence]


def _mended(column: tuple[str, str]) -> Option:
    subject, fault = column
    return Option(
        name=f"mend {subject}",
        consequences=[f"a migration has to change that {fault}"],
    )


def _another() -> Option:
    return Option(
        name="another revision column",
        consequences=["every writer has to learn of it; the old one is retired"],
    )


def _compare(entity: Entity) -> Option:
    return Option(
        name="compare a revision on write",
        consequences=[f"{entity.name}.{Axis.REVISION} comes first", _COMPARED],
    )


def _last_wins(entity: Entity) -> Option:
    return Option(
        name="the last write wins",
        consequences=[
            _UNNOTICED,
            f"accept {entity.name}.{Axis.CONFLICT} with this as its reason",
        ],
    )
