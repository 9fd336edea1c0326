"""Which tables store the same, so that one of them may not be used at all."""

from __future__ import annotations

from pytest_userstate.domain.classification import Situation, classify
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import SchemaSnapshot

_CONTESTED = {Situation.UNDECLARED, Situation.COPIES, Situation.DECLARED}


def contested_tables(snapshot: SchemaSnapshot, model: AuditModel) -> tuple[str, ...]:
    """Return the names of tables that store an entity beside another one."""
    storages = [classify(each, snapshot, model) for each in model.entities]
    return tuple(
        dict.fromkeys(
            candidate.table.name
            for storage in storages
            if storage.situation in _CONTESTED
            for candidate in storage.complete
        )
    )
