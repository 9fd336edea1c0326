"""Which decisions of architecture the audit finds made, and which are open.

They are read off the report: a decision of the repository's own (`canonical`)
counts first, then what the schema leaves no choice about; where there is a
choice, each option is named with what follows from it.
"""

from __future__ import annotations

import typing as typ

from pytest_userstate.domain.architecture import ArchitectureDecision, Facts
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.revision_options import (
    conflict_decision,
    revision_decision,
)
from pytest_userstate.domain.state_diagram import StateDiagram
from pytest_userstate.domain.storage_options import storage_decision

_ALWAYS: typ.Final = frozenset({"profile", "interests"})


def architecture(
    report: UserStateSchemaAuditReport, model: AuditModel, diagram: StateDiagram
) -> tuple[ArchitectureDecision, ...]:
    """Return the decisions: storage paths, revision models, stale writes.

    The storage paths of profile and interests are always among them; other
    entities are where they are expected to keep revisions.
    """
    facts = Facts(report, model, diagram)
    found = []
    for entity in model.entities:
        revises = entity.not_applicable(Axis.REVISION) is None
        if revises or entity.name in _ALWAYS:
            found.append(storage_decision(entity, facts))
        if revises:
            found += [
                revision_decision(entity, facts),
                conflict_decision(entity, facts),
            ]
    return tuple(found)
