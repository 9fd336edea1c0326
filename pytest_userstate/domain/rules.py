"""The decision rules, as tables: what a situation means for migrations."""

from __future__ import annotations

import typing as typ

from pytest_userstate.domain.classification import RevisionColumns, Situation
from pytest_userstate.domain.coverage import ConflictCoverage, MigrationDecision

_REQUIRED = MigrationDecision.REQUIRED
_NOT_REQUIRED = MigrationDecision.NOT_REQUIRED
_DEFERRED = MigrationDecision.DEFERRED

SCHEMA_RULES: typ.Final[dict[Situation, MigrationDecision]] = {
    Situation.MISSING: _REQUIRED,
    Situation.SINGLE: _NOT_REQUIRED,
    Situation.SEVERAL_FINE: _NOT_REQUIRED,
    Situation.UNDECLARED: _REQUIRED,
    Situation.COPIES: _REQUIRED,
    Situation.DECLARED: _DEFERRED,
    Situation.DECLARED_INCOMPLETE: _REQUIRED,
}
"""What a situation means for the storage itself."""

UNTRACKED_RULES: typ.Final[dict[Situation, MigrationDecision]] = {
    Situation.MISSING: _DEFERRED,
    Situation.SINGLE: _REQUIRED,
    Situation.SEVERAL_FINE: _REQUIRED,
    Situation.UNDECLARED: _DEFERRED,
    Situation.COPIES: _DEFERRED,
    Situation.DECLARED: _REQUIRED,
    Situation.DECLARED_INCOMPLETE: _DEFERRED,
}
"""What follows where the storage that counts has no revision column."""

CONFLICT_RULES: typ.Final[
    dict[RevisionColumns, tuple[ConflictCoverage, MigrationDecision | None]]
] = {
    RevisionColumns.NONE: (ConflictCoverage.ABSENT, None),
    RevisionColumns.UNUSABLE: (ConflictCoverage.UNRELIABLE, _REQUIRED),
    RevisionColumns.USABLE: (ConflictCoverage.DETECTABLE, _NOT_REQUIRED),
}
"""What the revision columns mean for stale writes; None: as for revisions."""
