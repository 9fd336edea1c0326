"""From a snapshot to the checks of an entity."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.domain.check import Check
from pytest_userstate.domain.classification import classify
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.model import AuditModel, Entity
from pytest_userstate.domain.revision_decisions import conflict_check, revision_check
from pytest_userstate.domain.schema_decisions import schema_check
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.wiring import Wiring


def decide(
    entity: Entity, snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> tuple[Check, ...]:
    """Answer every check of an entity, in the order of the axes."""
    storage = classify(entity, snapshot, model)
    rules: dict[Axis, cabc.Callable[[], Check]] = {
        Axis.SCHEMA: lambda: schema_check(storage, snapshot, wiring),
        Axis.WIRING: lambda: wiring_check(entity, wiring),
        Axis.REVISION: lambda: revision_check(storage, snapshot),
        Axis.CONFLICT: lambda: conflict_check(storage, snapshot),
    }
    return tuple(rules[axis]() for axis in Axis if not entity.not_applicable(axis))


def wiring_check(entity: Entity, wiring: Wiring) -> Check:
    """Report how the entity's port is wired; no migration follows from it."""
    port = wiring.port_of(entity.name)
    evidence: tuple[Evidence, ...] = ()
    if port is None:
        rationale = f"no port of {entity.name} is known: declare it under "
        rationale += f"[wiring.ports.{entity.name}]"
    else:
        rationale = f"{port.port} is declared {port.state.words}"
        rationale += f": {port.reason}" if port.reason else ""
        evidence = tuple(
            Evidence(
                kind=EvidenceKind.DECLARED,
                group=1,
                subject=port.port,
                model=port.model,
                detail=port.state.value,
                source=source,
            )
            for source in port.sources or (None,)
        )
    return Check(
        entity=entity.name,
        axis=Axis.WIRING,
        coverage=wiring.state_of(entity.name),
        rationale=rationale,
        evidence=evidence,
    )
