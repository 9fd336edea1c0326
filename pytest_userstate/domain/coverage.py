"""What a check can find: one enumeration per question, values as in reports."""

from __future__ import annotations

import enum
import typing as typ


def in_words(value: str) -> str:
    """Return a word of the audit as a sentence has it: ``fixture-backed``."""
    return value.replace("_backed", "-backed").replace("_", " ")


class Axis(enum.StrEnum):
    """A column of the audit matrix: one question asked of every entity."""

    SCHEMA = "schema"
    WIRING = "wiring"
    REVISION = "revision"
    CONFLICT = "conflict"


class EntitySchemaCoverage(enum.StrEnum):
    """Whether the schema stores an entity."""

    COVERED = "covered"
    MISSING = "missing"
    AMBIGUOUS = "ambiguous"


class LoginSchemaCoverage(enum.StrEnum):
    """Whether the schema stores credentials to log in with."""

    CREDENTIALS_PERSISTED = "credentials_persisted"
    MISSING_CREDENTIAL_STORAGE = "missing_credential_storage"
    AMBIGUOUS = "ambiguous"


class InterestsStorageCoverage(enum.StrEnum):
    """Which of the ways to store interests the schema has."""

    MISSING = "missing"
    CANONICAL_PREFERENCES = "canonical_preferences"
    CANONICAL_JOIN_TABLE = "canonical_join_table"
    DUAL_MODEL = "dual_model"
    COVERED = "covered"
    AMBIGUOUS = "ambiguous"


class RevisionCoverage(enum.StrEnum):
    """Whether the storage of an entity keeps a revision."""

    TRACKED = "tracked"
    UNTRACKED = "untracked"


class ConflictCoverage(enum.StrEnum):
    """Whether a stale write differs from a fresh one, and the program looks."""

    DETECTABLE = "detectable"
    BYPASSED = "bypassed"
    UNRELIABLE = "unreliable"
    ABSENT = "absent"


class RuntimeWiring(enum.StrEnum):
    """What the running program puts behind an entity's port."""

    DATABASE_BACKED = "database_backed"
    FIXTURE_BACKED = "fixture_backed"
    CONDITIONAL = "conditional"
    UNWIRED = "unwired"
    NOT_PROBED = "not_probed"

    @property
    def words(self) -> str:
        """The state as a sentence has it: ``database-backed``, ``not probed``."""
        return in_words(self)

    @property
    def reaches_database(self) -> bool:
        """Whether the program can read and write the stored state."""
        return self in {RuntimeWiring.DATABASE_BACKED, RuntimeWiring.CONDITIONAL}


class MigrationDecision(enum.StrEnum):
    """What follows for migrations.

    Examples
    --------
    >>> MigrationDecision.DEFERRED.is_required
    False
    >>> MigrationDecision.DEFERRED.needs_migration
    True
    """

    REQUIRED = "required"
    NOT_REQUIRED = "not_required"
    DEFERRED = "deferred"

    @property
    def is_required(self) -> bool:
        """Whether a migration is due now."""
        return self is MigrationDecision.REQUIRED

    @property
    def needs_migration(self) -> bool:
        """Whether a migration is due, now or after its prerequisite."""
        return self is not MigrationDecision.NOT_REQUIRED


SchemaCoverage: typ.TypeAlias = (
    EntitySchemaCoverage | LoginSchemaCoverage | InterestsStorageCoverage
)
Coverage: typ.TypeAlias = (
    SchemaCoverage | RevisionCoverage | ConflictCoverage | RuntimeWiring
)


def coverage_type(entity: str, axis: Axis) -> type[Coverage]:
    """Return the enumeration that the check of an entity on an axis answers in."""
    match axis:
        case Axis.SCHEMA:
            named: dict[str, type[SchemaCoverage]] = {
                "login": LoginSchemaCoverage,
                "interests": InterestsStorageCoverage,
            }
            return named.get(entity, EntitySchemaCoverage)
        case Axis.REVISION:
            return RevisionCoverage
        case Axis.CONFLICT:
            return ConflictCoverage
        case Axis.WIRING:
            return RuntimeWiring
