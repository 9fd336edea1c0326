"""From a snapshot to the checks of an entity."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.domain.check import Check
from pytest_userstate.domain.classification import classify
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.model import AuditModel, Entity
from pytest_userstate.domain.revision_decisions import conflict_check, revision_check
from pytest_userstate.domain.schema_decisions import schema_check
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.wiring import Wiring
from pytest_userstate.domain.wiring_decisions import wiring_check


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
