# The public names, each with the module that defines it: the one list of them.
# Type checkers read this file; `__init__.py` loads a name when it is first used.

__version__: str

from pytest_userstate.application.comparison import (
    schema_difference as schema_difference,
)
from pytest_userstate.bootstrap import read_snapshot as read_snapshot
from pytest_userstate.bootstrap import snapshot_of as snapshot_of
from pytest_userstate.domain.access import Access as Access
from pytest_userstate.domain.access import DefaultPrivileges as DefaultPrivileges
from pytest_userstate.domain.access import Grant as Grant
from pytest_userstate.domain.access import ObjectAccess as ObjectAccess
from pytest_userstate.domain.access import Role as Role
from pytest_userstate.domain.access import Securable as Securable
from pytest_userstate.domain.advisories import advise as advise
from pytest_userstate.domain.coverage import Axis as Axis
from pytest_userstate.domain.coverage import ConflictCoverage as ConflictCoverage
from pytest_userstate.domain.coverage import (
    EntitySchemaCoverage as EntitySchemaCoverage,
)
from pytest_userstate.domain.coverage import (
    InterestsStorageCoverage as InterestsStorageCoverage,
)
from pytest_userstate.domain.coverage import LoginSchemaCoverage as LoginSchemaCoverage
from pytest_userstate.domain.coverage import MigrationDecision as MigrationDecision
from pytest_userstate.domain.coverage import RevisionCoverage as RevisionCoverage
from pytest_userstate.domain.coverage import RuntimeWiring as RuntimeWiring
from pytest_userstate.domain.difference import Change as Change
from pytest_userstate.domain.difference import ChangeKind as ChangeKind
from pytest_userstate.domain.difference import Difference as Difference
from pytest_userstate.domain.difference import FieldChange as FieldChange
from pytest_userstate.domain.downstream import WorkItem as WorkItem
from pytest_userstate.domain.downstream import WorkStatus as WorkStatus
from pytest_userstate.domain.errors import ConfigurationError as ConfigurationError
from pytest_userstate.domain.errors import InvalidModelError as InvalidModelError
from pytest_userstate.domain.errors import InvalidSnapshotError as InvalidSnapshotError
from pytest_userstate.domain.errors import MigrationError as MigrationError
from pytest_userstate.domain.errors import (
    SchemaSnapshotRepositoryError as SchemaSnapshotRepositoryError,
)
from pytest_userstate.domain.errors import ServerError as ServerError
from pytest_userstate.domain.errors import ServerNotFoundError as ServerNotFoundError
from pytest_userstate.domain.errors import SnapshotFileError as SnapshotFileError
from pytest_userstate.domain.errors import TargetNotFoundError as TargetNotFoundError
from pytest_userstate.domain.errors import ToolError as ToolError
from pytest_userstate.domain.errors import (
    UnjustifiedDecisionError as UnjustifiedDecisionError,
)
from pytest_userstate.domain.errors import UsageError as UsageError
from pytest_userstate.domain.errors import UserStateError as UserStateError
from pytest_userstate.domain.evidence import Check as Check
from pytest_userstate.domain.evidence import Evidence as Evidence
from pytest_userstate.domain.evidence import EvidenceKind as EvidenceKind
from pytest_userstate.domain.evidence import Prerequisite as Prerequisite
from pytest_userstate.domain.evidence import SchemaObject as SchemaObject
from pytest_userstate.domain.gate import Acceptance as Acceptance
from pytest_userstate.domain.gate import GatePolicy as GatePolicy
from pytest_userstate.domain.gate import Outcome as Outcome
from pytest_userstate.domain.gate import Verdict as Verdict
from pytest_userstate.domain.gate import judge as judge
from pytest_userstate.domain.model import DEFAULT_MODEL as DEFAULT_MODEL
from pytest_userstate.domain.model import AuditModel as AuditModel
from pytest_userstate.domain.model import Canonical as Canonical
from pytest_userstate.domain.model import Entity as Entity
from pytest_userstate.domain.model import PerUser as PerUser
from pytest_userstate.domain.model import Revisions as Revisions
from pytest_userstate.domain.model import StorageModel as StorageModel
from pytest_userstate.domain.ports import (
    RuntimeWiringRepository as RuntimeWiringRepository,
)
from pytest_userstate.domain.ports import (
    SchemaSnapshotRepository as SchemaSnapshotRepository,
)
from pytest_userstate.domain.proof import Proof as Proof
from pytest_userstate.domain.readings import Reading as Reading
from pytest_userstate.domain.readings import Use as Use
from pytest_userstate.domain.recognition.recognizing import recognize as recognize
from pytest_userstate.domain.recognition.result import Confidence as Confidence
from pytest_userstate.domain.recognition.result import Reason as Reason
from pytest_userstate.domain.recognition.result import Recognition as Recognition
from pytest_userstate.domain.recognition.result import (
    RecognizedEntity as RecognizedEntity,
)
from pytest_userstate.domain.recognition.result import (
    RecognizedRevision as RecognizedRevision,
)
from pytest_userstate.domain.recognition.result import (
    RecognizedStorage as RecognizedStorage,
)
from pytest_userstate.domain.recognition.result import Shape as Shape
from pytest_userstate.domain.report import NotApplicable as NotApplicable
from pytest_userstate.domain.report import (
    UserStateSchemaAuditReport as UserStateSchemaAuditReport,
)
from pytest_userstate.domain.report import (
    audit_user_state_schema_coverage as audit_user_state_schema_coverage,
)
from pytest_userstate.domain.snapshot import CheckConstraint as CheckConstraint
from pytest_userstate.domain.snapshot import Column as Column
from pytest_userstate.domain.snapshot import CompositeType as CompositeType
from pytest_userstate.domain.snapshot import Domain as Domain
from pytest_userstate.domain.snapshot import DroppedObject as DroppedObject
from pytest_userstate.domain.snapshot import Enum as Enum
from pytest_userstate.domain.snapshot import ExclusionConstraint as ExclusionConstraint
from pytest_userstate.domain.snapshot import Extension as Extension
from pytest_userstate.domain.snapshot import ForeignKey as ForeignKey
from pytest_userstate.domain.snapshot import Function as Function
from pytest_userstate.domain.snapshot import Generated as Generated
from pytest_userstate.domain.snapshot import Identity as Identity
from pytest_userstate.domain.snapshot import Index as Index
from pytest_userstate.domain.snapshot import KeyConstraint as KeyConstraint
from pytest_userstate.domain.snapshot import Policy as Policy
from pytest_userstate.domain.snapshot import RangeType as RangeType
from pytest_userstate.domain.snapshot import Rule as Rule
from pytest_userstate.domain.snapshot import SchemaSnapshot as SchemaSnapshot
from pytest_userstate.domain.snapshot import Sequence as Sequence
from pytest_userstate.domain.snapshot import Source as Source
from pytest_userstate.domain.snapshot import Table as Table
from pytest_userstate.domain.snapshot import TableKind as TableKind
from pytest_userstate.domain.snapshot import Trigger as Trigger
from pytest_userstate.domain.snapshot import View as View
from pytest_userstate.domain.snapshot import ViewKind as ViewKind
from pytest_userstate.domain.stale_writes import History as History
from pytest_userstate.domain.stale_writes import Isolation as Isolation
from pytest_userstate.domain.stale_writes import ProgramWrite as ProgramWrite
from pytest_userstate.domain.stale_writes import RevisionToken as RevisionToken
from pytest_userstate.domain.stale_writes import StaleWriteProof as StaleWriteProof
from pytest_userstate.domain.stale_writes import StaleWriteResult as StaleWriteResult
from pytest_userstate.domain.user_state import Advisory as Advisory
from pytest_userstate.domain.wiring import PortWiring as PortWiring
from pytest_userstate.domain.wiring import TableMention as TableMention
from pytest_userstate.domain.wiring import TableMentions as TableMentions
from pytest_userstate.domain.wiring import Wiring as Wiring
from pytest_userstate.domain.wiring import WiringOrigin as WiringOrigin
from pytest_userstate.inbound.fixtures import UserStateAudit as UserStateAudit
