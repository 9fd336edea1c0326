"""Audit where a backend keeps user state, as a pytest plugin.

Everything public is importable from here, and loaded when it is first used:
a pytest run that does not audit pays for none of it.

>>> from pytest_userstate import Column, SchemaSnapshot, Table
>>> from pytest_userstate import UserStateSchemaAuditReport
>>> users = Table("users", [Column("id", "uuid", is_primary_key=True)])
>>> report = UserStateSchemaAuditReport.evaluate(SchemaSnapshot([users]))
>>> report.users_coverage
<EntitySchemaCoverage.MISSING: 'missing'>
"""

from __future__ import annotations

import importlib
import typing as typ

if typ.TYPE_CHECKING:
    from pytest_userstate.application.schema_difference import (
        schema_difference,
    )
    from pytest_userstate.bootstrap import (
        read_snapshot,
    )
    from pytest_userstate.domain.access import (
        Access,
        DefaultPrivileges,
        Grant,
        ObjectAccess,
        Role,
        Securable,
    )
    from pytest_userstate.domain.advisories import (
        advise,
    )
    from pytest_userstate.domain.coverage import (
        Axis,
        ConflictCoverage,
        EntitySchemaCoverage,
        InterestsStorageCoverage,
        LoginSchemaCoverage,
        MigrationDecision,
        RevisionCoverage,
        RuntimeWiring,
    )
    from pytest_userstate.domain.difference import (
        Change,
        ChangeKind,
        Difference,
        FieldChange,
    )
    from pytest_userstate.domain.downstream import (
        WorkItem,
        WorkStatus,
    )
    from pytest_userstate.domain.errors import (
        ConfigurationError,
        InvalidModelError,
        InvalidSnapshotError,
        MigrationError,
        SchemaSnapshotRepositoryError,
        ServerError,
        ServerNotFoundError,
        SnapshotFileError,
        TargetNotFoundError,
        ToolError,
        UnjustifiedDecisionError,
        UsageError,
        UserStateError,
    )
    from pytest_userstate.domain.evidence import (
        Check,
        Evidence,
        EvidenceKind,
        Prerequisite,
    )
    from pytest_userstate.domain.gate import (
        Acceptance,
        GatePolicy,
        Outcome,
        Verdict,
        judge,
    )
    from pytest_userstate.domain.model import (
        DEFAULT_MODEL,
        AuditModel,
        Canonical,
        Entity,
        Revisions,
        Several,
        StorageModel,
    )
    from pytest_userstate.domain.ports import (
        RuntimeWiringRepository,
        SchemaSnapshotRepository,
    )
    from pytest_userstate.domain.readings import (
        Reading,
        Use,
    )
    from pytest_userstate.domain.recognition.recognizing import (
        recognize,
    )
    from pytest_userstate.domain.recognition.result import (
        Confidence,
        Reason,
        Recognition,
        RecognizedEntity,
        RecognizedRevision,
        RecognizedStorage,
        Shape,
    )
    from pytest_userstate.domain.report import (
        NotApplicable,
        UserStateSchemaAuditReport,
        audit_user_state_schema_coverage,
    )
    from pytest_userstate.domain.snapshot import (
        CheckConstraint,
        Column,
        CompositeType,
        Domain,
        DroppedObject,
        Enum,
        ExclusionConstraint,
        Extension,
        ForeignKey,
        Function,
        Generated,
        Identity,
        Index,
        KeyConstraint,
        Policy,
        RangeType,
        Rule,
        SchemaSnapshot,
        Sequence,
        Source,
        Table,
        TableKind,
        Trigger,
        View,
        ViewKind,
    )
    from pytest_userstate.domain.user_state import (
        Advisory,
    )
    from pytest_userstate.domain.wiring import (
        PortWiring,
        TableMention,
        TableMentions,
        Wiring,
        WiringOrigin,
    )

__all__ = [
    "DEFAULT_MODEL",
    "Acceptance",
    "Access",
    "Advisory",
    "AuditModel",
    "Axis",
    "Canonical",
    "Change",
    "ChangeKind",
    "Check",
    "CheckConstraint",
    "Column",
    "CompositeType",
    "Confidence",
    "ConfigurationError",
    "ConflictCoverage",
    "DefaultPrivileges",
    "Difference",
    "Domain",
    "DroppedObject",
    "Entity",
    "EntitySchemaCoverage",
    "Enum",
    "Evidence",
    "EvidenceKind",
    "ExclusionConstraint",
    "Extension",
    "FieldChange",
    "ForeignKey",
    "Function",
    "GatePolicy",
    "Generated",
    "Grant",
    "Identity",
    "Index",
    "InterestsStorageCoverage",
    "InvalidModelError",
    "InvalidSnapshotError",
    "KeyConstraint",
    "LoginSchemaCoverage",
    "MigrationDecision",
    "MigrationError",
    "NotApplicable",
    "ObjectAccess",
    "Outcome",
    "Policy",
    "PortWiring",
    "Prerequisite",
    "RangeType",
    "Reading",
    "Reason",
    "Recognition",
    "RecognizedEntity",
    "RecognizedRevision",
    "RecognizedStorage",
    "RevisionCoverage",
    "Revisions",
    "Role",
    "Rule",
    "RuntimeWiring",
    "RuntimeWiringRepository",
    "SchemaSnapshot",
    "SchemaSnapshotRepository",
    "SchemaSnapshotRepositoryError",
    "Securable",
    "Sequence",
    "ServerError",
    "ServerNotFoundError",
    "Several",
    "Shape",
    "SnapshotFileError",
    "Source",
    "StorageModel",
    "Table",
    "TableKind",
    "TableMention",
    "TableMentions",
    "TargetNotFoundError",
    "ToolError",
    "Trigger",
    "UnjustifiedDecisionError",
    "UsageError",
    "Use",
    "UserStateError",
    "UserStateSchemaAuditReport",
    "Verdict",
    "View",
    "ViewKind",
    "Wiring",
    "WiringOrigin",
    "WorkItem",
    "WorkStatus",
    "advise",
    "audit_user_state_schema_coverage",
    "judge",
    "read_snapshot",
    "recognize",
    "schema_difference",
]

_HOMES: typ.Final = {
    "application.schema_difference": ("schema_difference",),
    "bootstrap": ("read_snapshot",),
    "domain.access": (
        "Access",
        "DefaultPrivileges",
        "Grant",
        "ObjectAccess",
        "Role",
        "Securable",
    ),
    "domain.advisories": ("advise",),
    "domain.coverage": (
        "Axis",
        "ConflictCoverage",
        "EntitySchemaCoverage",
        "InterestsStorageCoverage",
        "LoginSchemaCoverage",
        "MigrationDecision",
        "RevisionCoverage",
        "RuntimeWiring",
    ),
    "domain.difference": (
        "Change",
        "ChangeKind",
        "Difference",
        "FieldChange",
    ),
    "domain.downstream": (
        "WorkItem",
        "WorkStatus",
    ),
    "domain.errors": (
        "ConfigurationError",
        "InvalidModelError",
        "InvalidSnapshotError",
        "MigrationError",
        "SchemaSnapshotRepositoryError",
        "ServerError",
        "ServerNotFoundError",
        "SnapshotFileError",
        "TargetNotFoundError",
        "ToolError",
        "UnjustifiedDecisionError",
        "UsageError",
        "UserStateError",
    ),
    "domain.evidence": (
        "Check",
        "Evidence",
        "EvidenceKind",
        "Prerequisite",
    ),
    "domain.gate": (
        "Acceptance",
        "GatePolicy",
        "Outcome",
        "Verdict",
        "judge",
    ),
    "domain.model": (
        "AuditModel",
        "Canonical",
        "DEFAULT_MODEL",
        "Entity",
        "Revisions",
        "Several",
        "StorageModel",
    ),
    "domain.ports": (
        "RuntimeWiringRepository",
        "SchemaSnapshotRepository",
    ),
    "domain.readings": (
        "Reading",
        "Use",
    ),
    "domain.recognition.recognizing": ("recognize",),
    "domain.recognition.result": (
        "Confidence",
        "Reason",
        "Recognition",
        "RecognizedEntity",
        "RecognizedRevision",
        "RecognizedStorage",
        "Shape",
    ),
    "domain.report": (
        "NotApplicable",
        "UserStateSchemaAuditReport",
        "audit_user_state_schema_coverage",
    ),
    "domain.snapshot": (
        "CheckConstraint",
        "Column",
        "CompositeType",
        "Domain",
        "DroppedObject",
        "Enum",
        "ExclusionConstraint",
        "Extension",
        "ForeignKey",
        "Function",
        "Generated",
        "Identity",
        "Index",
        "KeyConstraint",
        "Policy",
        "RangeType",
        "Rule",
        "SchemaSnapshot",
        "Sequence",
        "Source",
        "Table",
        "TableKind",
        "Trigger",
        "View",
        "ViewKind",
    ),
    "domain.user_state": ("Advisory",),
    "domain.wiring": (
        "PortWiring",
        "TableMention",
        "TableMentions",
        "Wiring",
        "WiringOrigin",
    ),
}


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first asked for (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
