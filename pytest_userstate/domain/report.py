"""The answer of the audit: checks by their ids, and the usual ones by name, too."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

import attrs

from pytest_userstate.domain.converters import strings
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    EntitySchemaCoverage,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    MigrationDecision,
    RevisionCoverage,
)
from pytest_userstate.domain.decisions import decide
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.model import DEFAULT_MODEL, AuditModel
from pytest_userstate.domain.ports import SchemaSnapshotRepository
from pytest_userstate.domain.readings import Reading, read_together
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.wiring import Wiring

DECISIONS: typ.Final = {
    "profile_storage": "profile.schema",
    "interests_storage": "interests.schema",
    "revision_tracking": "interests.revision",
    "conflict_handling": "interests.conflict",
}
"""The decisions that the audit is asked for, and the checks that hold them."""


@attrs.frozen(kw_only=True)
class NotApplicable:
    """A cell of the matrix that is no check, and why."""

    entity: str
    axis: Axis
    reason: str


def _checks(values: cabc.Iterable[Check]) -> tuple[Check, ...]:
    return tuple(values)


def _readings(values: cabc.Iterable[Reading]) -> tuple[Reading, ...]:
    return tuple(values)


def _cells(values: cabc.Iterable[NotApplicable]) -> tuple[NotApplicable, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class UserStateSchemaAuditReport:
    """What the audit says about every entity on every axis.

    Attributes
    ----------
    entities : tuple of str
        The rows of the matrix, in order.
    checks : tuple of Check
        The cells that are checks, row by row.
    not_applicable : tuple of NotApplicable
        The cells that are none.
    readings : tuple of Reading
        What the schema and the wiring of each entity say together.

    Examples
    --------
    >>> report = UserStateSchemaAuditReport.evaluate(SchemaSnapshot())
    >>> report.check("users.schema").decision
    <MigrationDecision.REQUIRED: 'required'>
    >>> report.interests_revision_tracking_migration.needs_migration
    True
    """

    entities: tuple[str, ...] = attrs.field(converter=strings)
    checks: tuple[Check, ...] = attrs.field(converter=_checks)
    not_applicable: tuple[NotApplicable, ...] = attrs.field(
        default=(), converter=_cells
    )
    readings: tuple[Reading, ...] = attrs.field(default=(), converter=_readings)

    @classmethod
    def evaluate(
        cls,
        snapshot: SchemaSnapshot,
        *,
        model: AuditModel = DEFAULT_MODEL,
        wiring: Wiring = Wiring(),  # noqa: B008 - frozen
    ) -> typ.Self:
        """Audit a snapshot.

        Parameters
        ----------
        snapshot : SchemaSnapshot
            The schema.
        model : AuditModel
            What to look for; the default model if none is given.
        wiring : Wiring
            What is behind the entities' ports; not probed by default.
        """
        checks = tuple(
            itertools.chain.from_iterable(
                decide(entity, snapshot, model, wiring) for entity in model.entities
            )
        )
        return cls(
            entities=(entity.name for entity in model.entities),
            checks=checks,
            not_applicable=(
                NotApplicable(entity=entity.name, axis=axis, reason=reason)
                for entity in model.entities
                for axis in Axis
                if (reason := entity.not_applicable(axis))
            ),
            readings=read_together(checks, wiring),
        )

    def check(self, check_id: str) -> Check:
        """Return the check of this id, such as ``interests.schema``.

        Raises
        ------
        LookupError
            When there is no such check; the message lists those that are.
        """
        for check in self.checks:
            if check.id == check_id:
                return check
        for cell in self.not_applicable:
            if f"{cell.entity}.{cell.axis}" == check_id:
                message = f"{check_id} is no check here: {cell.reason}"
                raise LookupError(message)
        known = ", ".join(check.id for check in self.checks)
        message = f"there is no check {check_id!r}; the checks are {known}"
        raise LookupError(message)

    def decision(self, name: str) -> MigrationDecision | None:
        """Return one of `DECISIONS`; None if its check is not applicable."""
        check = self._find(DECISIONS[name])
        return check.decision if check else None

    @property
    def login_coverage(self) -> LoginSchemaCoverage | None:
        """Whether credentials are stored; None if not applicable."""
        return typ.cast("LoginSchemaCoverage | None", self._coverage("login.schema"))

    @property
    def users_coverage(self) -> EntitySchemaCoverage | None:
        """Whether users are stored; None if not applicable."""
        return typ.cast("EntitySchemaCoverage | None", self._coverage("users.schema"))

    @property
    def profile_coverage(self) -> EntitySchemaCoverage | None:
        """Whether profiles are stored; None if not applicable."""
        return typ.cast("EntitySchemaCoverage | None", self._coverage("profile.schema"))

    @property
    def interests_storage_coverage(self) -> InterestsStorageCoverage | None:
        """How interests are stored; None if not applicable."""
        return typ.cast(
            "InterestsStorageCoverage | None", self._coverage("interests.schema")
        )

    @property
    def supports_interests_revision_tracking(self) -> bool:
        """Whether the storage of interests keeps a revision."""
        return self._coverage("interests.revision") is RevisionCoverage.TRACKED

    @property
    def supports_update_conflict_handling(self) -> bool:
        """Whether a stale write of interests differs from a fresh one."""
        return self._coverage("interests.conflict") is ConflictCoverage.DETECTABLE

    @property
    def profile_storage_migration(self) -> MigrationDecision | None:
        """Whether the storage of profiles needs a migration."""
        return self.decision("profile_storage")

    @property
    def interests_storage_migration(self) -> MigrationDecision | None:
        """Whether the storage of interests needs a migration."""
        return self.decision("interests_storage")

    @property
    def interests_revision_tracking_migration(self) -> MigrationDecision | None:
        """Whether revision tracking of interests needs a migration."""
        return self.decision("revision_tracking")

    @property
    def update_conflict_handling_migration(self) -> MigrationDecision | None:
        """Whether stale-write handling of interests needs a migration."""
        return self.decision("conflict_handling")

    def _find(self, check_id: str) -> Check | None:
        return next((check for check in self.checks if check.id == check_id), None)

    def _coverage(self, check_id: str) -> object:
        check = self._find(check_id)
        return check.coverage if check else None


def audit_user_state_schema_coverage(
    repository: SchemaSnapshotRepository,
) -> UserStateSchemaAuditReport:
    """Load a snapshot and audit it with the default model.

    Raises
    ------
    SchemaSnapshotRepositoryError
        When the repository could not connect or query.
    """
    return UserStateSchemaAuditReport.evaluate(repository.load())
