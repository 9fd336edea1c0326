"""The JSON report: the stable interface for other programs.

Its JSON Schema is ``docs/report.schema.json``. Same input, same bytes: no
timestamps, no absolute paths, no host names.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import json
import typing as typ

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting import proofs
from pytest_userstate.application.reporting.findings import next_steps
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.schema_words import described
from pytest_userstate.domain.difference import Change
from pytest_userstate.domain.downstream import WorkStatus
from pytest_userstate.domain.evidence import Check, Evidence
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.readings import Reading
from pytest_userstate.domain.recognition.result import Recognition
from pytest_userstate.domain.report import (
    DECISIONS,
    UserStateSchemaAuditReport,
)
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.user_state import Advisory

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import Comparison
    from pytest_userstate.domain.state_diagram import (
        StateDiagram,
        StateRelation,
        StateTable,
    )

SCHEMA_VERSION: typ.Final = 1

Json: typ.TypeAlias = dict[str, typ.Any]


def render(record: RunRecord) -> str:
    """Return the report of a run as JSON text."""
    return dump(document(record))


def dump(value: Json) -> str:
    """Return the JSON text of a document: stable, and readable by people."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def document(record: RunRecord) -> Json:
    """Return the report of a run as plain values."""
    audit, failure = record.audit, record.error
    report = audit.report if audit else None
    return {
        "schema_version": SCHEMA_VERSION,
        "status": record.status.value,
        "complete": record.is_complete,
        "error": failure and {"kind": failure.kind, "message": failure.message},
        "target": audit and _target(audit),
        "stubs": list(audit.stubs if audit else ()),
        "warnings": list(audit.warnings if audit else ()),
        "diagram": audit and audit.diagram and diagram_document(audit.diagram),
        "checks": [
            _verdict(verdict, record.outcomes.get(verdict.check.id))
            for verdict in (audit.verdicts if audit else ())
        ],
        "not_applicable": _cells(report),
        "readings": [
            _reading(reading) for reading in (report.readings if report else ())
        ],
        "recognition": _recognition(audit.recognition if audit else None),
        "decisions": _decisions(report),
        "proof": proofs.json(audit.proof if audit else None),
        "advisories": [
            _advisory(advisory) for advisory in (audit.advisories if audit else ())
        ],
        "downstream": [_work(status) for status in (audit.downstream if audit else ())],
        "comparisons": [
            comparison_document(comparison, record.outcomes.get(comparison.name))
            for comparison in (audit.comparisons if audit else ())
        ],
        "vanished": list(record.vanished),
        "contradicted": list(record.contradicted),
        "documents": [
            {
                "path": document_check.path,
                "status": document_check.status.value,
                "message": document_check.message,
                "difference": list(document_check.difference),
            }
            for document_check in record.documents
        ],
    }


def _target(audit: Audit) -> Json:
    return {
        "kind": audit.target.kind,
        "path": audit.target.path,
        "layout": audit.target.layout,
        "applied": audit.applied,
        "server": audit.server,
        "digest": audit.target.digest,
    }


def report_document(report: UserStateSchemaAuditReport) -> Json:
    """Return what a report says about every cell, as plain values."""
    return {
        "checks": [_check(check) for check in report.checks],
        "not_applicable": _cells(report),
    }


def _cells(report: UserStateSchemaAuditReport | None) -> list[Json]:
    return [
        {
            "id": f"{cell.entity}.{cell.axis}",
            "entity": cell.entity,
            "axis": cell.axis.value,
            "reason": cell.reason,
        }
        for cell in (report.not_applicable if report else ())
    ]


def _decisions(report: UserStateSchemaAuditReport | None) -> Json | None:
    if report is None:
        return None
    decided = {name: report.decision(name) for name in DECISIONS}
    return {
        name: decision.value if decision else "not_applicable"
        for name, decision in decided.items()
    }


def _recognition(recognition: Recognition | None) -> list[Json]:
    return [
        {
            "entity": entity.name,
            "table": storage.table,
            "columns": list(storage.columns),
            "shape": storage.shape.value,
            "confidence": storage.confidence.value,
            "convention": storage.convention,
            "reasons": list(map(str, storage.reasons)),
            "used": storage in entity.used,
        }
        for entity in (recognition.entities if recognition else ())
        for storage in entity.storages
    ]


def _check(check: Check) -> Json:
    prerequisite = check.prerequisite
    return {
        "id": check.id,
        "entity": check.entity,
        "axis": check.axis.value,
        "coverage": check.coverage.value,
        "decision": check.decision and check.decision.value,
        "models": list(check.models),
        "canonical": check.canonical,
        "recommendation": check.recommendation,
        "prerequisite": prerequisite
        and (
            {"check": prerequisite.check}
            if prerequisite.check
            else {"condition": prerequisite.condition}
        ),
        "rationale": check.rationale,
        "evidence": [_evidence(fact) for fact in check.evidence],
    }


def _verdict(verdict: Verdict, outcome: Outcome | None) -> Json:
    acceptance = verdict.acceptance
    until = acceptance.until if acceptance else None
    check = _check(verdict.check)
    evidence = check.pop("evidence")
    return {
        **check,
        "gated": verdict.gated,
        "outcome": (outcome or Outcome.DESELECTED).value,
        "reason": verdict.reason,
        "next_steps": next_steps(verdict) if verdict.outcome is Outcome.FAILED else [],
        "acceptance": acceptance
        and {
            "reason": acceptance.reason,
            "until": until.isoformat() if until else None,
        },
        "evidence": evidence,
    }


def _advisory(advisory: Advisory) -> Json:
    return {
        "code": advisory.code,
        "subject": advisory.subject,
        "message": advisory.message,
        "source": _source(advisory.source),
        "silenced": advisory.silenced,
    }


def _reading(reading: Reading) -> Json:
    return {
        "entity": reading.entity,
        "use": reading.use.value,
        "detail": reading.detail,
        "probably_unused": list(reading.probably_unused),
    }


def _source(source: Source | None) -> Json | None:
    return {"path": source.path, "line": source.line} if source else None


def _evidence(fact: Evidence) -> Json:
    return {
        "kind": fact.kind.value,
        "group": fact.group,
        "alternative": fact.alternative,
        "subject": fact.subject,
        "model": fact.model,
        "detail": fact.detail,
        "source": _source(fact.source),
        "changed_by": _source(fact.changed_by),
    }


def _work(status: WorkStatus) -> Json:
    return {
        "id": status.item.id,
        "title": status.item.title,
        "needs": list(status.item.needs),
        "status": "ready" if status.is_ready else "blocked",
        "blocked_by": list(status.blocked_by),
        "reasons": [
            {
                "need": blocker.need,
                "reason": blocker.reason,
                "waits_for": list(blocker.waits_for),
            }
            for blocker in status.blockers
        ],
    }


def comparison_document(comparison: Comparison, outcome: Outcome | None) -> Json:
    """Return what the report says about a comparison."""
    return {
        "id": comparison.name,
        "reference": comparison.reference,
        "before": comparison.before,
        "after": comparison.after,
        "outcome": (outcome or Outcome.DESELECTED).value,
        "error": comparison.error or None,
        "accepted": comparison.is_accepted,
        "changes": [_change(change) for change in comparison.changes],
    }


def _change(change: Change) -> Json:
    return {
        "kind": change.kind.value,
        "what": change.what,
        "subject": change.subject,
        "detail": described(change),
        "facts": [
            {
                "field": fact.field,
                "before": _plain(fact.before),
                "after": _plain(fact.after),
            }
            for fact in change.fields
        ],
        "source": _source(change.source),
        "dropped_by": _source(change.dropped.source if change.dropped else None),
    }


def _plain(value: object) -> object:
    match value:
        case enum.Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case cabc.Iterable():
            return [_plain(part) for part in value]
        case _:
            return str(value)


def diagram_document(diagram: StateDiagram) -> Json:
    """Return the user-state tables and how they refer to each other."""
    return {
        "tables": [_table(table) for table in diagram.tables],
        "relations": [_relation(relation) for relation in diagram.relations],
    }


def _table(table: StateTable) -> Json:
    return {
        "schema": table.schema,
        "name": table.name,
        "holds_state": table.holds_state,
        "columns": [
            {
                "name": column.name,
                "type": column.data_type,
                "nullable": column.is_nullable,
                "keys": [role.value for role in column.roles],
                "unique_with": [list(names) for names in column.unique_with],
            }
            for column in table.columns
        ],
    }


def _relation(relation: StateRelation) -> Json:
    return {
        "name": relation.name,
        "schema": relation.schema,
        "table": relation.table,
        "columns": list(relation.columns),
        "target_schema": relation.target_schema,
        "target_table": relation.target_table,
        "optional": relation.is_optional,
        "single": relation.is_single,
        "identifying": relation.is_identifying,
        "certain": relation.is_certain,
    }
